/*
 * `stead up` on a host: the first contact. Its key is known or confirmed, never skipped; then one
 * line of shell says who we are there and which agent it has.
 */
#include "cmd/up.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "remote/known.h"

enum { CONNECT_MS = 120000, LEARN_MS = 40000, UPLOAD_MS = 600000, KNOWN_MAX = 1024 * 1024 };

#define MARK "stead:"

/* --- its key --- */

static const char *read_known(const struct up *up, const char *path)
{
	char *text;
	size_t len;

	return file_read(up->arena, AT_FDCWD, path, KNOWN_MAX, &text, &len) == 0 ? text : "";
}

/* A file that is there and cannot be read is no empty one: what it knows would be asked for again,
 * and lost. */
static int check_known(const struct up *up)
{
	char *text;
	size_t len;
	int r = file_read(up->arena, AT_FDCWD, up->known_hosts, KNOWN_MAX, &text, &len);

	return r == 0 || r == -ENOENT ? CLI_OK
	                              : fail(CLI_ENVIRONMENT,
	                                     "it holds the host keys that are known: mend it, or "
	                                     "move it away and confirm them again",
	                                     "cannot read '%s': %s", up->known_hosts, strerror(-r));
}

/* One try for each type of key, since a server shows one at a time. No one logs in. Unlike
 * ssh-keyscan(1) this goes the way that the user's own configuration says. The step ends before
 * anything is said. */
static int learn(struct up *up, struct host_keys *ret)
{
	static const char *const types[] = {
		"HostKeyAlgorithms=ssh-ed25519",
		"HostKeyAlgorithms=ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
		"HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256",
	};
	const char *path = arena_printf(up->arena, "%s/known_hosts.learn", up->machine.dir);
	struct machine learner = up->machine;
	struct process_result result = { .exit_code = 0 };
	int step = progress_begin(up->progress, -1, "ask for the host key");
	int code = machine_write_ssh(&learner, &up->compile, path, true), r = 0;

	for (size_t i = 0; code == CLI_OK && i < 3; i++) {
		const char *const argv[] = {
			"ssh", "-F",     learner.ssh.config, "-o",   "BatchMode=yes",
			"-o",  types[i], learner.ssh.name,   "true", NULL
		};
		struct process_run run = { .argv = argv, .deadline_ms = LEARN_MS };

		/* A second key of a known host would be refused. */
		(void)unlink(path);
		r = process_run(up->arena, &run, &result);
		known_hosts_find(up->arena, read_known(up, path),
		                 destination_known_name(up->arena, &up->machine.to), ret);
		if (r < 0 || (ret->count == 0 && strstr(result.err, "no matching") == NULL))
			break; /* it cannot be reached at all */
	}
	(void)unlink(path);
	(void)unlink(learner.ssh.config);
	progress_end(up->progress, step, ret->count > 0, NULL);
	progress_finish(up->progress);
	if (code == CLI_OK && ret->count == 0)
		code = machine_unreachable(&up->machine, r, &result);
	return code;
}

static void print_keys(const struct host_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		(void)fprintf(stderr, "  %-20s %s\n", keys->items[i].type,
		              keys->items[i].fingerprint);
}

static int store(struct up *up, const struct host_keys *keys)
{
	const char *name = destination_known_name(up->arena, &up->machine.to);
	char *text = known_hosts_add(up->arena, read_known(up, up->known_hosts), name, keys);
	int r = file_write_atomic(AT_FDCWD, up->known_hosts, 0644, text, strlen(text));

	return r == 0 ? CLI_OK
	              : fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", up->known_hosts,
	                     strerror(-r));
}

static int other_key(const struct up *up, const char *given, const struct host_keys *keys)
{
	print_keys(keys);
	return fail(CLI_FINDINGS,
	            "compare with the provider's console, or on the machine: ssh-keygen -lf "
	            "/etc/ssh/ssh_host_ed25519_key.pub; a difference means another machine",
	            "the host key of %s is none with the fingerprint %s", up->machine.label, given);
}

/* Nobody knows it yet: a person, or --host-key, vouches for it. */
static int confirm_key(struct up *up)
{
	const char *given = up->options.host_key;
	struct host_keys keys = { 0 }, one = { 0 };
	const struct host_key *match;
	int code = learn(up, &keys);

	if (code != CLI_OK)
		return code;
	if (given != NULL) {
		match = host_keys_by_fingerprint(&keys, given);
		if (match == NULL)
			return other_key(up, given, &keys);
		*list_add(up->arena, &one) = *match;
		return store(up, &one);
	}
	(void)fprintf(stderr, "the host key of %s is not known yet:\n", up->machine.label);
	print_keys(&keys);
	if (!terminal_can_ask())
		return fail(CLI_FINDINGS, "if it is the right one: --host-key SHA256:…",
		            "nobody can be asked whether this is the key of %s", up->machine.label);
	(void)fprintf(stderr, "The provider's console shows it, or on the machine: ssh-keygen -lf "
	                      "/etc/ssh/ssh_host_ed25519_key.pub\n");
	if (!terminal_confirm("Is it the right one?", false))
		return fail(CLI_FINDINGS, NULL, "the key was not confirmed, so nothing was done");
	return store(up, &keys);
}

/* The key that init made and Ignition puts there needs nobody's word. */
static int know_own_key(struct up *up, struct host_keys *ret)
{
	const struct node *node = up->compile.node; /* NULL: it is to be adopted */
	const char *line = node != NULL ? node->machine.ssh_host_key_public.v : NULL;
	struct host_key key;

	if (line == NULL || str_equal(up->compile.settings.machine.os.v, "as-is") ||
	    !host_key_parse(up->arena, line, &key))
		return CLI_OK;
	*list_add(up->arena, ret) = key;
	return store(up, ret);
}

static int know_key(struct up *up)
{
	const char *given = up->options.host_key;
	struct host_keys keys = { 0 };
	int code = check_known(up);

	if (code != CLI_OK)
		return code;
	known_hosts_find(up->arena, read_known(up, up->known_hosts),
	                 destination_known_name(up->arena, &up->machine.to), &keys);
	if (keys.count == 0)
		code = know_own_key(up, &keys);
	if (code == CLI_OK && keys.count == 0)
		return confirm_key(up);
	if (code == CLI_OK && given != NULL && host_keys_by_fingerprint(&keys, given) == NULL) {
		print_keys(&keys);
		code = fail(
			CLI_FINDINGS,
			arena_printf(up->arena,
		                     "leave --host-key out; if the machine was made anew, remove "
		                     "its lines from %s first",
		                     up->known_hosts),
			"the key that is known for %s is none with the fingerprint %s",
			up->machine.label, given);
	}
	return code;
}

static int key_changed(struct up *up)
{
	const struct host_key *known = NULL, *found = NULL;
	struct host_keys before = { 0 }, now = { 0 };
	int code = learn(up, &now);

	if (code != CLI_OK)
		return code;
	known_hosts_find(up->arena, read_known(up, up->known_hosts),
	                 destination_known_name(up->arena, &up->machine.to), &before);
	if (!host_keys_conflict(&before, &now, &known, &found)) {
		print_keys(&now);
		return fail(
			CLI_FINDINGS,
			arena_printf(up->arena,
		                     "if this is right, remove its lines from %s and run 'stead "
		                     "up' again",
		                     up->known_hosts),
			"the host key of %s is of another type than the known one",
			up->machine.label);
	}
	return fail(CLI_FINDINGS,
	            arena_printf(up->arena,
	                         "was the machine made anew? then remove its lines from %s and run "
	                         "'stead up' again; if not, somebody may stand between",
	                         up->known_hosts),
	            "the host key of %s has changed: known is %s, it shows %s", up->machine.label,
	            known->fingerprint, found->fingerprint);
}

/* --- the first line --- */

static const char *const first_line =
	"echo " MARK "arch=$(uname -m); echo " MARK "port=${SSH_CONNECTION##* }; "
	"if [ $(id -u) = 0 ]; then echo " MARK "root=yes; "
	"elif sudo -n true 2>/dev/null; then echo " MARK "root=sudo; else echo " MARK
	"root=no; fi; "
	"echo " MARK "agent=$(sha512sum \"$1\" 2>/dev/null | cut -d' ' -f1)";

/* What stands behind KEY; a login may print more before. */
static const char *said(struct arena *arena, const char *out, const char *key)
{
	const char *mark = arena_printf(arena, MARK "%s=", key);
	const char *found = strstr(out, mark);

	if (found == NULL)
		return NULL;
	found += strlen(mark);
	return arena_strndup(arena, found, strcspn(found, "\r\n"));
}

static int judge_first(struct up *up, const char *out)
{
	const char *arch = said(up->arena, out, "arch"), *root = said(up->arena, out, "root");
	const char *agent = said(up->arena, out, "agent"), *port = said(up->arena, out, "port");

	if (arch == NULL || root == NULL || agent == NULL)
		return fail(CLI_ENVIRONMENT, "an ordinary account with a POSIX shell is needed",
		            "%s does not answer as a machine with a shell does", up->machine.label);
	if (str_equal(root, "no"))
		return fail(CLI_FINDINGS,
		            "sign in as root, or let the account use sudo without a password",
		            "on %s we are not root, and 'sudo -n' does not work",
		            up->machine.label);
	up->machine.sudo = str_equal(root, "sudo");
	up->arch = arch;
	/* Not always the port that was written: it may be forwarded on the way. */
	if (port == NULL || !str_to_long(port, &up->ssh_port))
		up->ssh_port = 0;
	up->agent_is_there =
		str_equal(agent, hash_sha512(up->arena, up->agent.data, up->agent.len));
	return CLI_OK;
}

int up_first_contact(struct up *up)
{
	int step = progress_begin(up->progress, -1, "connect"), r;
	bool arrived;
	struct process_result result;
	struct strings words = { 0 };

	machine_words(&up->machine, &words, "sh", "-c", first_line, "sh", up->machine.agent, NULL);
	r = machine_run(&up->machine, &words, NULL, CONNECT_MS, &result);
	arrived = r == 0 && result.exit_code != SSH_FAILED && !result.timed_out;
	progress_end(up->progress, step, arrived, up->machine.label);
	if (arrived)
		return judge_first(up, result.out);
	if (r == 0 && strstr(result.err, "Host key verification failed") != NULL)
		return key_changed(up);
	return machine_unreachable(&up->machine, r, &result);
}

int up_connect(struct up *up)
{
	const char *dir = machine_dir(up->arena, up->compile.dir, MACHINE_HOST);
	char absolute[4096];
	int r = dir_make(AT_FDCWD, dir, 0700), code;

	if (r == 0 && realpath(dir, absolute) == NULL)
		r = -errno;
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot make '%s': %s", dir, strerror(-r));
	up->machine.dir = arena_strdup(up->arena, absolute);
	up->machine.label = destination_text(up->arena, &up->machine.to);
	up->machine.agent = up->compile.node != NULL ? host_agent_path(up->compile.node)
	                                             : "/usr/local/bin/stead-node";
	up->known_hosts = machine_known_hosts(&up->machine, up->compile.dir);
	code = know_key(up);
	if (code == CLI_OK)
		code = machine_write_ssh(&up->machine, &up->compile, up->known_hosts, false);
	if (code == CLI_OK)
		up->machine.ssh.ask = terminal_can_ask();
	return code;
}

/* --- the agent --- */

/* Beside the old one, whole, then renamed into its place: what runs is not disturbed. */
static const char *const upload =
	"set -e; umask 022; dir=${1%/*}; new=$dir/.stead-node.new.$$; mkdir -p \"$dir\"; "
	"trap 'rm -f \"$new\"' EXIT; cat >\"$new\"; chmod 755 \"$new\"; "
	"[ \"$(sha512sum \"$new\" | cut -d' ' -f1)\" = \"$2\" ] || "
	"{ echo 'it did not arrive whole' >&2; exit 1; }; "
	"sync \"$new\" 2>/dev/null || sync; mv -f \"$new\" \"$1\"; sync \"$dir\" 2>/dev/null || "
	"sync";

int up_agent(struct up *up)
{
	const struct machine_input in = { .data = up->agent.data, .len = up->agent.len };
	struct process_result result;
	struct strings words = { 0 };
	bool arrived;
	int step, r;

	if (!str_equal(up->arch, compile_agent_arch()))
		return fail(
			CLI_FINDINGS, "build stead for it, or take another machine",
			"%s has the architecture '%.20s', and there is no agent for it here, only "
			"for '%s'",
			up->machine.label, up->arch, compile_agent_arch());
	if (up->agent_is_there)
		return CLI_OK;
	step = progress_begin(up->progress, -1, "bring the agent");
	machine_root(&up->machine, &words);
	machine_words(&up->machine, &words, "sh", "-c", upload, "sh", up->machine.agent,
	              hash_sha512(up->arena, up->agent.data, up->agent.len), NULL);
	r = machine_run(&up->machine, &words, &in, UPLOAD_MS, &result);
	arrived = r == 0 && result.exit_code != SSH_FAILED && !result.timed_out;
	progress_end(up->progress, step, arrived && result.exit_code == 0, NULL);
	if (!arrived)
		return machine_unreachable(&up->machine, r, &result);
	if (result.exit_code == 0)
		return CLI_OK;
	return fail(CLI_ENVIRONMENT,
	            "on Flatcar write machine: {os: flatcar}; a full or read-only disk must be "
	            "repaired first",
	            "cannot write %s on %s: %s", up->machine.agent, up->machine.label,
	            ssh_last_line(up->arena, result.err));
}
