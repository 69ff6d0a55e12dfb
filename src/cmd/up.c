#include "cmd/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "cmd/compile.h"
#include "cmd/follow.h"
#include "cmd/machine.h"

enum { CPUS_MAX = 4, EXIT_INTERRUPTED = 130, CONSOLE_LINES = 20, MIB = 1024 * 1024 };

struct up {
	struct cli *cli;
	struct arena *arena;
	struct compile compile;
	struct host_agent agent;
	struct compile_config config;
	struct machine machine;
	struct progress *progress;
	bool ran_before;
};

static volatile int interrupted;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

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
	if (!terminal_can_ask() || cli_flag(up->cli, "yes"))
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
	const char *sha256 = vm_sha256(up->arena, up->config.text, up->config.len);
	const char *image = cli_text(up->cli, "image");
	char absolute[4096];

	up->ran_before = true;
	if (image != NULL &&
	    (realpath(image, absolute) == NULL || strcmp(absolute, up->machine.vm.image) != 0))
		return fail(CLI_FINDINGS, "leave --image out, or remove it: 'stead down --remove'",
		            "the machine runs, but from another image, '%s'", up->machine.vm.image);
	if (strcmp(up->machine.vm.ignition_sha256, sha256) != 0)
		return fail(CLI_FINDINGS,
		            "a VM takes its configuration at its first boot only: 'stead down "
		            "--remove' deletes it with all its data, then 'stead up' makes it anew",
		            "the machine runs, but with another configuration");
	(void)fprintf(stderr, "the machine runs with this configuration\n");
	return CLI_OK;
}

static int start(struct up *up)
{
	const char *image = cli_text(up->cli, "image"), *error = NULL;
	struct vm_start options = {
		.dir = machine_dir(up->arena, up->compile.dir),
		.image = image,
		.ignition = up->config.text,
		.ignition_len = up->config.len,
		.file_data = cli_flag(up->cli, "self-contained") ? NULL : up->agent.data,
		.file_len = up->agent.len,
		.memory_mib = (long)(up->compile.node->machine.size_bytes / MIB),
		.cpus = cpus(),
	};
	int r, step;

	r = vm_read(up->arena, options.dir, &up->machine.vm);
	if (r == 0 && up->machine.vm.pid != 0)
		return already_running(up);
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
	return r < 0 ? start_failed(r, error) : CLI_OK;
}

static void print_next(const struct up *up)
{
	struct arena *arena = up->arena;
	const struct machine *m = &up->machine;
	const char *dir = up->compile.dir, *web = m->web;
	const char *where = strcmp(dir, ".") == 0
	                            ? ""
	                            : arena_printf(arena, " --dir %s", cli_shell_quote(arena, dir));

	(void)printf("%s is %s at https://%s/, here on 127.0.0.1:%u\n", m->handle,
	             up->ran_before ? "up" : "ready", web, m->vm.ports.https);
	if (strcmp(m->issuer, "internal") == 0)
		(void)printf("  try it:  curl --cacert %s --connect-to %s:443:127.0.0.1:%u "
		             "https://%s/\n",
		             cli_shell_quote(arena,
		                             compile_path(arena, dir, STATE_DIR "/vm/" MACHINE_CA)),
		             web, m->vm.ports.https, web);
	(void)printf("  log in:  stead open --login%s\n"
	             "  look in: stead status%s, stead logs -f%s, stead ssh%s\n"
	             "  stop it: stead down%s\n",
	             where, where, where, where, where);
}

static int say_result(const struct up *up, const struct follow *follow, enum follow_result result)
{
	const char *console;

	switch (result) {
	case FOLLOW_READY:
		print_next(up);
		return flush_output(stdout);
	case FOLLOW_INTERRUPTED:
		(void)fail(EXIT_INTERRUPTED, "'stead up' follows it again, 'stead down' stops it",
		           "interrupted; the machine keeps running");
		return EXIT_INTERRUPTED;
	case FOLLOW_DIED:
		console = vm_console_tail(up->arena, up->machine.dir, CONSOLE_LINES);
		(void)fprintf(stderr, "last lines of its console:\n%s\n", console);
		return fail(CLI_ENVIRONMENT,
		            "an Ignition config that cannot be applied ends like this: the console "
		            "says why",
		            "the machine has switched itself off");
	case FOLLOW_TIMED_OUT:
		return fail(CLI_ENVIRONMENT,
		            "the machine keeps running and trying: 'stead up' follows it again",
		            "the node is not ready after %ld s: %s", cli_count(up->cli, "deadline"),
		            follow->why);
	case FOLLOW_FAILED:
		break;
	}
	return fail(CLI_ENVIRONMENT, "'stead logs' shows more; the machine keeps running",
	            "the node does not become ready: %s", follow->why);
}

static int follow(struct up *up)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	struct follow follow = {
		.machine = &up->machine,
		.arena = up->arena,
		.progress = up->progress,
		.deadline = clock_ms() + (int64_t)cli_count(up->cli, "deadline") * 1000,
		.interrupted = &interrupted,
	};
	int code = machine_describe(&up->machine, &up->compile);

	if (code != CLI_OK)
		return code;
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	return say_result(up, &follow, follow_machine(&follow));
}

static int run(struct up *up)
{
	char *dir;
	int code;

	code = start(up);
	if (code != CLI_OK)
		return code;
	dir = realpath(machine_dir(up->arena, up->compile.dir), NULL);
	if (dir == NULL)
		return fail(CLI_ENVIRONMENT, NULL, "cannot find the machine's folder: %s",
		            strerror(errno));
	up->machine.dir = arena_strdup(up->arena, dir);
	free(dir);
	return follow(up);
}

int cmd_up(struct cli *cli)
{
	struct up up = { .cli = cli, .arena = cli->arena, .machine = { .arena = cli->arena } };
	bool color = terminal_color(stderr, cli_text(cli, "color"));
	int code = CLI_OK, report;

	if (cli_text(cli, "on") == NULL && cli_text(cli, "image") == NULL &&
	    access(machine_dir(cli->arena, cli_text(cli, "dir")), F_OK) < 0)
		return fail(CLI_USAGE,
		            "this version knows a local machine: stead up --on vm --image FILE",
		            "'stead up' needs to know where: --on");
	compile_init(&up.compile, cli);
	if (compile_files(&up.compile)) {
		check_target(&up);
		code = compile_agent(&up.compile, &up.agent);
		if (code == CLI_OK)
			(void)compile_ignition(&up.compile, &up.agent,
			                       cli_flag(cli, "self-contained") ? NULL : VM_FILE_URL,
			                       &up.config);
	}
	report = compile_report(&up.compile, cli, stderr);
	if (report == CLI_OK && code == CLI_OK) {
		up.progress = progress_new(cli->arena, stderr, color);
		code = run(&up);
	}
	compile_done(&up.compile);
	return report != CLI_OK ? report : code;
}
