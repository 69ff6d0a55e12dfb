/*
 * `stead up --on vm`: a virtual machine on this computer.
 */
#include "cmd/up.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/text.h"

enum { CPUS_MAX = 4, MIB = 1024 * 1024 };

/* In the machine's folder: the node follows a change, no longer what Ignition made. */
#define CHANGED "changed"

/* What a VM here cannot do, said before anything starts. */
static void check_target(struct up *up)
{
	const struct settings *s = &up->compile.settings;
	struct span file = { .source = s->source };

	if (!str_equal(s->machine.arch.v, "x86_64"))
		diag_error(&up->compile.findings, "up.arch", s->machine.arch.at,
		           "leave it out, or write x86_64",
		           "a local VM cannot be of architecture '%s'", s->machine.arch.v);
	if (s->machine.ssh_keys.count == 0)
		diag_error(&up->compile.findings, "up.ssh_keys", file,
		           "write your public key's file: machine: {ssh_keys: "
		           "[~/.ssh/id_ed25519.pub]}",
		           "'machine.ssh_keys' is empty, so nobody could look into the machine");
	if (str_equal(s->tls.issuer.v, "acme"))
		diag_warning(
			&up->compile.findings, "up.tls",
			s->tls.issuer.at.source != NULL ? s->tls.issuer.at : file,
			"write tls: internal for a trial",
			"a local VM gets no certificate by ACME, nobody reaches it from outside");
}

static unsigned cpus(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	return online < 1 ? 1 : online > CPUS_MAX ? CPUS_MAX : (unsigned)online;
}

static bool confirmed(const struct up *up, const char *image)
{
	if (!terminal_can_ask() || up->options.yes)
		return true;
	(void)fprintf(stderr, "%s for %s, in a local VM of %lld MiB from %s\n",
	              up->compile.settings.app.v, up->compile.node->web.v,
	              up->compile.node->machine.size_bytes / MIB, image);
	return terminal_confirm("Start it?", true);
}

static int start_failed(int r, const char *error)
{
	const char *hint = NULL;

	if (r == -EEXIST)
		hint = "'stead down --remove' deletes it with all its data, then 'stead up' makes "
		       "it anew";
	else if (r == -ENODATA)
		hint = "name one: --image FILE";
	return fail(r == -EEXIST ? CLI_FINDINGS : CLI_ENVIRONMENT, hint, "%s", error);
}

/* One that runs already is followed, if it is the one that is wanted. */
static int already_running(struct up *up)
{
	const char *image = up->options.image;
	char absolute[4096];

	up->ran_before = true;
	if (image != NULL &&
	    (realpath(image, absolute) == NULL || strcmp(absolute, up->machine.vm.image) != 0))
		return fail(CLI_FINDINGS, "leave --image out, or remove it: 'stead down --remove'",
		            "the machine runs, but from another image, '%s'", up->machine.vm.image);
	(void)fprintf(stderr, "the machine runs already\n");
	return CLI_OK;
}

/* What Ignition has not done at the first boot comes over ssh: all of it with `delivery: ssh`, else
 * what the settings say now and did not say then. */
static bool needs_change(const struct up *up, bool exists)
{
	const char *changed = arena_printf(up->arena, "%s/" CHANGED,
	                                   machine_dir(up->arena, up->compile.dir, MACHINE_VM));

	if (str_equal(up->compile.settings.delivery.v, "ssh"))
		return true;
	return exists && (access(changed, F_OK) == 0 ||
	                  strcmp(up->machine.vm.ignition_sha256,
	                         hash_sha256(up->arena, up->config.text, up->config.len)) != 0);
}

static int start(struct up *up)
{
	const char *image = up->options.image, *error = NULL;
	struct vm_start options = {
		.dir = machine_dir(up->arena, up->compile.dir, MACHINE_VM),
		.image = image,
		.ignition = up->config.text,
		.ignition_len = up->config.len,
		.file_data = up->options.self_contained ? NULL : up->agent.data,
		.file_len = up->agent.len,
		.memory_mib = (long)(up->compile.node->machine.size_bytes / MIB),
		.cpus = cpus(),
		.data_disk = up->compile.node->machine.data_device.v != NULL,
	};
	bool first = !machine_exists(up->arena, up->compile.dir, MACHINE_VM);
	int r, step;

	r = vm_read(up->arena, options.dir, &up->machine.vm);
	up->by_ssh = needs_change(up, r == 0);
	if (r == 0 && up->machine.vm.pid != 0)
		return already_running(up);
	if (up->options.dry_run)
		return fail(CLI_FINDINGS, "without --dry-run 'stead up' starts it",
		            "a machine that does not run cannot be compared");
	if (r == 0) /* Ignition has run, or will with what the machine was made with */
		options.ignition = NULL, options.file_data = NULL;
	if (!confirmed(up, image != NULL ? image : r == 0 ? up->machine.vm.image : "no image"))
		return fail(CLI_FINDINGS, NULL, "nothing was started");
	step = progress_begin(up->progress, -1, "start the machine");
	r = vm_start(up->arena, &options, &up->machine.vm, &error);
	progress_end(up->progress, step, r == 0,
	             r == 0 ? arena_printf(up->arena, "%s, %ld MiB, %u CPUs",
	                                   strcmp(up->machine.vm.accel, "kvm") == 0
	                                           ? "KVM"
	                                           : "emulated: KVM does not work here",
	                                   options.memory_mib, options.cpus)
	                    : NULL);
	if (r == -EALREADY)
		return already_running(up);
	/* One that never began would be taken for the machine of before. */
	if (r < 0 && first)
		(void)vm_remove(up->arena, options.dir, true);
	return r < 0 ? start_failed(r, error) : CLI_OK;
}

/* As on any machine that ssh reaches. */
static int change(struct up *up)
{
	int code = up_boot(up);

	if (code == CLI_OK && !up->options.dry_run)
		code = machine_write(&up->machine, CHANGED, "");
	return code != CLI_OK ? code : up_change(up);
}

static int run(struct up *up)
{
	char *dir;
	int code;

	code = start(up);
	if (code != CLI_OK)
		return code;
	dir = realpath(machine_dir(up->arena, up->compile.dir, MACHINE_VM), NULL);
	if (dir == NULL)
		return fail(CLI_ENVIRONMENT, NULL, "cannot find the machine's folder: %s",
		            strerror(errno));
	up->machine.dir = arena_strdup(up->arena, dir);
	free(dir);
	code = machine_describe(&up->machine, &up->compile);
	if (code != CLI_OK || (!up->by_ssh && !up->options.dry_run))
		return code != CLI_OK ? code : up_follow(up, NULL, NULL);
	return change(up);
}

/* Options that say something of a host alone would be passed over in silence. */
static int check_options(const struct up *up)
{
	if (up->options.host_key != NULL)
		return fail(CLI_USAGE, "it is for a machine that ssh reaches: --on root@HOST",
		            "the host key of a VM is known, --host-key says nothing of it");
	return CLI_OK;
}

static void make_config(struct up *up)
{
	if (str_equal(up->compile.settings.delivery.v, "ssh"))
		(void)compile_ignition_base(&up->compile, &up->config);
	else
		(void)compile_ignition(&up->compile, &up->agent,
		                       up->options.self_contained ? NULL : VM_FILE_URL,
		                       &up->config);
}

int up_vm(struct up *up)
{
	int code = check_options(up), report;

	if (code != CLI_OK)
		return code;
	check_target(up);
	code = compile_agent(up->compile.arena, &up->agent);
	if (code == CLI_OK)
		make_config(up);
	report = compile_report(&up->compile, up->cli, stderr);
	if (report != CLI_OK || code != CLI_OK)
		return report != CLI_OK ? report : code;
	return run(up);
}
