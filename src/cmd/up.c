/*
 * `stead up`: which machine is meant, and what both kinds of machine end with.
 */
#include "cmd/up.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/locking.h"
#include "cmd/mail.h"
#include "remote/json.h"

enum { CONSOLE_LINES = 20, DIFF_DEADLINE_S = 120 };

static volatile int interrupted;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

/* --- where --- */

static int set_destination(struct up *up, const char *text)
{
	const char *error;

	up->machine.kind = MACHINE_HOST;
	if (destination_parse(up->arena, text, &up->machine.to, &error) < 0)
		return fail(CLI_USAGE, "like root@social.example.org or root@192.0.2.1:2222", "%s",
		            error);
	return CLI_OK;
}

/* What can be known without the settings. *ret_known: whether it is. */
static int choose(struct up *up, bool *ret_known)
{
	struct cli *cli = up->cli;
	const char *on = cli_text(cli, "on"), *dir = cli_text(cli, "dir");
	struct machine before;
	int code;

	*ret_known = true;
	up->machine.kind = MACHINE_VM;
	if (on != NULL && strcmp(on, "vm") != 0 && strcmp(on, "host") != 0)
		return set_destination(up, on);
	if ((on != NULL && strcmp(on, "vm") == 0) ||
	    (on == NULL &&
	     (up->options.image != NULL || machine_exists(cli->arena, dir, MACHINE_VM))))
		return CLI_OK;
	if (on != NULL || machine_exists(cli->arena, dir, MACHINE_HOST)) {
		code = machine_open_kind(cli, MACHINE_HOST, &before);
		if (code == CLI_OK)
			up->machine.to = before.to;
		up->machine.kind = MACHINE_HOST;
		return code;
	}
	*ret_known = false;
	return CLI_OK;
}

static int choose_by_settings(struct up *up)
{
	const char *host = up->compile.settings.machine.host.v;

	if (host != NULL)
		return set_destination(up, host);
	return fail(CLI_USAGE,
	            "a machine that ssh reaches: stead up --on root@HOST; a virtual one on this "
	            "computer: stead up --on vm --image FILE; or write machine: {host: HOST}",
	            "'stead up' needs to know where: --on");
}

/* --- how it ends --- */

static void print_vm(const struct up *up)
{
	const struct machine *m = &up->machine;
	const char *ca = arena_printf(up->arena, "%s/" MACHINE_CA,
	                              machine_dir(up->arena, up->compile.dir, MACHINE_VM));

	(void)printf("%s is %s at https://%s/, here on 127.0.0.1:%u\n", m->handle,
	             up->ran_before ? "up" : "ready", m->web, m->vm.ports.https);
	if (strcmp(m->issuer, "internal") == 0)
		(void)printf("  try it:  curl --cacert %s --connect-to %s:443:127.0.0.1:%u "
		             "https://%s/\n",
		             cli_shell_quote(up->arena, ca), m->web, m->vm.ports.https, m->web);
}

static void print_next(const struct up *up)
{
	struct arena *arena = up->arena;
	const struct machine *m = &up->machine;
	const char *dir = up->compile.dir;
	const char *where = strcmp(dir, ".") == 0
	                            ? ""
	                            : arena_printf(arena, " --dir %s", cli_shell_quote(arena, dir));

	if (m->kind == MACHINE_VM)
		print_vm(up);
	else
		(void)printf("%s is ready at https://%s/\n", m->handle, m->web);
	(void)printf("  log in:  stead open --login%s\n"
	             "  look in: stead status%s, stead logs -f%s, stead ssh%s\n"
	             "  stop it: stead down%s\n",
	             where, where, where, where, where);
}

static int say_ready(const struct up *up, const char *done, bool rests)
{
	if (rests && done != NULL)
		(void)printf("%s; maintenance is on\n", done);
	else if (done != NULL)
		(void)printf("%s\n", done);
	if (!rests && (done == NULL || up->change.first))
		print_next(up);
	return flush_output(stdout);
}

static int say_died(const struct up *up)
{
	const char *console = vm_console_tail(up->arena, up->machine.dir, CONSOLE_LINES);

	(void)fprintf(stderr, "last lines of its console:\n%s\n", console);
	return fail(
		CLI_ENVIRONMENT,
		"an Ignition config that cannot be applied ends like this: the console says why",
		"the machine has switched itself off");
}

static int say_result(const struct up *up, const struct follow *follow, enum follow_result result,
                      const char *done)
{
	const char *label = up->machine.label;

	switch (result) {
	case FOLLOW_READY:
		return say_ready(up, done, follow->rests);
	case FOLLOW_INTERRUPTED:
		return follow->change != NULL
		               ? fail(EXIT_INTERRUPTED,
		                      "'stead up' follows it again, 'stead status' says how far it "
		                      "is",
		                      "interrupted; the change goes on on %s", label)
		               : fail(EXIT_INTERRUPTED,
		                      "'stead up' follows it again, 'stead down' stops it",
		                      "interrupted; %s keeps running", label);
	case FOLLOW_DIED:
		return say_died(up);
	case FOLLOW_TIMED_OUT:
		return fail(CLI_ENVIRONMENT,
		            "the machine keeps running and trying: 'stead up' follows it again",
		            "the node is not ready after %ld s: %s", up->options.deadline_s,
		            follow->why);
	case FOLLOW_RETURNED:
		return fail(CLI_FINDINGS,
		            "'stead logs' says more; correct the settings and run 'stead up' again",
		            "the change was taken back, the node is as it was before: %s",
		            follow->why);
	case FOLLOW_REFUSED:
		return fail(CLI_FINDINGS, "nothing was changed; run 'stead up' again",
		            "%s refuses the change: %s", label, follow->why);
	case FOLLOW_OVERTAKEN:
		return fail(CLI_FINDINGS,
		            "run 'stead up' again: it compares with what is there now", "%s: %s",
		            label, follow->why);
	case FOLLOW_FAILED:
		break;
	}
	return fail(CLI_ENVIRONMENT, "'stead logs' shows more; the machine keeps running",
	            "the node does not become ready: %s", follow->why);
}

/* A certificate from elsewhere cannot be had by a machine that nobody reaches, and one for trials
 * is trusted by nobody. */
static bool site_can_answer(const struct up *up)
{
	const struct node *node = up->compile.node;

	return str_equal(node->tls.issuer, "internal") ||
	       (up->machine.kind == MACHINE_HOST && str_equal(node->tls.issuer, "acme") &&
	        !node->tls.staging && node->reach != NODE_REACH_QUARANTINED);
}

static void follow_init(struct up *up, struct follow *ret)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	bool vm = up->machine.kind == MACHINE_VM;

	*ret = (struct follow){
		.machine = &up->machine,
		.arena = up->arena,
		.progress = up->progress,
		.deadline = clock_ms() + (int64_t)up->options.deadline_s * 1000,
		.interrupted = &interrupted,
		.port = vm ? up->machine.vm.ports.https : 443,
	};
	if (site_can_answer(up))
		ret->address = vm ? "127.0.0.1" : machine_address(&up->machine);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

int up_boot(struct up *up)
{
	struct follow follow;
	enum follow_result result;

	follow_init(up, &follow);
	result = follow_boot(&follow);
	if (result == FOLLOW_READY)
		return CLI_OK;
	progress_finish(up->progress);
	return say_result(up, &follow, result, NULL);
}

int up_follow(struct up *up, const char *change, const char *done)
{
	struct follow follow;
	enum follow_result result;

	follow_init(up, &follow);
	follow.change = change;
	follow.booted = up->by_ssh;
	result = follow_machine(&follow);
	if (result == FOLLOW_READY && !follow.rests)
		(void)mail_after_up(up->cli, &up->compile, &up->machine, up->progress);
	progress_finish(up->progress);
	return say_result(up, &follow, result, done);
}

/* The agent's own words, as they are. */
static int refused(const struct up *up, const char *verb, const struct process_result *result)
{
	const char *error = NULL, *hint = NULL, *last = ssh_last_line(up->arena, result->err);
	json_t *root = NULL;
	int r = remote_answer(up->arena, verb, result->out, result->out_len, DIFFERENCE_MAX_BYTES,
	                      &root, &error, &hint);

	if (r == 0)
		json_decref(root);
	if (r == -EREMOTEIO)
		return fail(CLI_FINDINGS, hint, "%s", error);
	return fail(CLI_ENVIRONMENT, "'stead logs' may say more",
	            "'stead-node %s' failed on %s: %s", verb, up->machine.label,
	            *last != '\0' ? last : "it does not say why");
}

int up_call(const struct up *up, const char *name, const struct machine_input *in,
            unsigned deadline_ms, struct process_result *ret, ...)
{
	struct strings words = { 0 };
	const char *word, *verb = NULL;
	bool arrived;
	int step = -1, r;
	va_list args;

	machine_root(&up->machine, &words);
	machine_words(&up->machine, &words, up->machine.agent, NULL);
	va_start(args, ret);
	while ((word = va_arg(args, const char *)) != NULL) {
		machine_words(&up->machine, &words, word, NULL);
		verb = verb != NULL ? verb : word;
	}
	va_end(args);
	if (name != NULL)
		step = progress_begin(up->progress, -1, name);
	r = machine_run(&up->machine, &words, in, deadline_ms, ret);
	arrived = r == 0 && ret->exit_code != SSH_FAILED && !ret->timed_out;
	if (name != NULL)
		progress_end(up->progress, step, arrived && ret->exit_code == 0, NULL);
	if (!arrived)
		return machine_unreachable(&up->machine, r, ret);
	return ret->exit_code == 0 ? CLI_OK : refused(up, verb, ret);
}

/* Nothing is made of an image that could be another one tomorrow, if its registry can be asked. */
static int lock_images(struct up *up)
{
	int code, report;

	if (locking_complete(&up->compile, !up->options.dry_run, &code))
		return CLI_OK;
	if (code != CLI_OK)
		return code;
	report = compile_report(&up->compile, up->cli, stderr);
	return report != CLI_OK ? report : CLI_FINDINGS;
}

static int up_run(struct cli *cli, const struct up_options *options)
{
	struct up up = { .cli = cli,
		         .arena = cli->arena,
		         .options = *options,
		         .machine = { .arena = cli->arena } };
	bool known;
	int code = choose(&up, &known), report;

	if (code != CLI_OK)
		return code;
	up.color = terminal_color(stderr, cli_text(cli, "color"));
	up.progress = progress_new(cli->arena, stderr, up.color);
	compile_init(&up.compile, cli);
	/* Another host than the one of before may be somebody else's. */
	if (cli_text(cli, "on") == NULL || str_equal(cli_text(cli, "on"), "host"))
		up.compile.provider = machine_provider(cli->arena, up.compile.dir);
	if (known && up.machine.kind == MACHINE_VM)
		up.compile.data_device = VM_DATA_DEVICE;
	up.compile.trial = known && up.machine.kind == MACHINE_VM && !up.options.live;
	if (!compile_files(&up.compile)) {
		report = compile_report(&up.compile, cli, stderr);
		code = report != CLI_OK ? report : CLI_FINDINGS;
	} else if (!known) {
		code = choose_by_settings(&up);
	}
	if (code == CLI_OK)
		code = lock_images(&up);
	if (code == CLI_OK)
		code = up.machine.kind == MACHINE_VM ? up_vm(&up) : up_host(&up);
	compile_done(&up.compile);
	return code;
}

int cmd_up(struct cli *cli)
{
	const struct up_options options = {
		.image = cli_text(cli, "image"),
		.host_key = cli_text(cli, "host-key"),
		.deadline_s = cli_count(cli, "deadline"),
		.live = cli_flag(cli, "live"),
		.self_contained = cli_flag(cli, "self-contained"),
		.yes = cli_flag(cli, "yes"),
		.dry_run = cli_flag(cli, "dry-run"),
	};

	return up_run(cli, &options);
}

int up_diff(struct cli *cli)
{
	const struct up_options options = {
		.host_key = cli_text(cli, "host-key"),
		.live = cli_flag(cli, "live"),
		.deadline_s = DIFF_DEADLINE_S,
		.dry_run = true,
	};

	return up_run(cli, &options);
}
