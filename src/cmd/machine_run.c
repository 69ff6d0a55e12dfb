/*
 * Running programs of a machine.
 */
#include "cmd/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "remote/difference.h"

enum { QUICK_MS = 60000, LONG_MS = 20 * 60000, GREETING_MAX = 64 * 1024, NOT_FOUND = 127 };

#define BEGIN "stead:begin"

void machine_root(const struct machine *m, struct strings *words)
{
	if (m->sudo)
		machine_words(m, words, "sudo", "-n", NULL);
}

void machine_words(const struct machine *m, struct strings *words, ...)
{
	const char *word;
	va_list args;

	va_start(args, words);
	while ((word = va_arg(args, const char *)) != NULL)
		*list_add(m->arena, words) = word;
	va_end(args);
}

void machine_ssh(const struct machine *m, struct strings *words, struct strings *ret)
{
	*list_add(m->arena, words) = NULL;
	ssh_command(m->arena, &m->ssh, words->items, ret);
}

/* A shell's start-up file may print: what the program says begins behind a line of ours. */
static void skip_greeting(struct process_result *result)
{
	static const char mark[] = BEGIN "\n";
	char *found = result->out;
	size_t len;

	while ((found = strstr(found, mark)) != NULL && found > result->out && found[-1] != '\n')
		found += strlen(mark);
	if (found == NULL)
		return;
	len = (size_t)(found - result->out) + strlen(mark);
	result->out += len;
	result->out_len -= len;
}

int machine_run(const struct machine *m, struct strings *words, const struct machine_input *in,
                unsigned deadline_ms, struct process_result *ret)
{
	struct strings argv = { 0 }, marked = { 0 };
	struct process_run run = { .deadline_ms = deadline_ms,
		                   .foreground = m->ssh.ask,
		                   .max_output_bytes = DIFFERENCE_MAX_BYTES + GREETING_MAX,
		                   .stdin_data = in != NULL ? in->data : NULL,
		                   .stdin_len = in != NULL ? in->len : 0 };
	int r;

	/* A greeting may end without a newline. */
	machine_words(m, &marked, "sh", "-c", "echo; echo " BEGIN "; exec \"$@\"", "sh", NULL);
	for (size_t i = 0; i < words->count; i++)
		machine_words(m, &marked, words->items[i], NULL);
	machine_ssh(m, &marked, &argv);
	run.argv = argv.items;
	r = process_run(m->arena, &run, ret);
	if (r == 0)
		skip_greeting(ret);
	return r;
}

/* What a person can type to see the same. The files of a look that is not kept are gone by then. */
static const char *by_hand(const struct machine *m)
{
	if (m->ssh.config != NULL && str_ends(m->ssh.config, "/" MACHINE_SSH_CONFIG))
		return arena_printf(m->arena, "try it by hand: ssh -F %s stead",
		                    cli_shell_quote(m->arena, m->ssh.config));
	return arena_printf(m->arena,
	                    "is that its name, does it run, and is its ssh port open? by hand: ssh "
	                    "%s%s%s%s",
	                    m->to.port != 0 ? arena_printf(m->arena, "-p %u ", m->to.port) : "",
	                    m->to.user != NULL ? m->to.user : "", m->to.user != NULL ? "@" : "",
	                    m->to.host);
}

int machine_unreachable(const struct machine *m, int error, const struct process_result *result)
{
	const char *last = error < 0 ? "" : ssh_last_line(m->arena, result->err);

	if (error < 0)
		return fail(CLI_ENVIRONMENT, "install the package openssh-client",
		            "cannot run ssh: %s", strerror(-error));
	if (m->kind == MACHINE_VM)
		return fail(CLI_ENVIRONMENT, "'stead up' follows it until it does",
		            "the machine runs, but does not answer yet");
	if (result->timed_out)
		last = "it did not answer in time";
	return fail(CLI_ENVIRONMENT,
	            strstr(last, "Permission denied") != NULL
	                    ? "the key must be in ~/.ssh/authorized_keys there; 'machine.ssh_keys' "
	                      "and ~/.ssh/config say which one is offered"
	                    : by_hand(m),
	            "cannot reach %s%s%s", m->label, *last != '\0' ? ": " : "", last);
}

const char *machine_address(const struct machine *m)
{
	const char *const argv[] = { "ssh", "-G", "-F", m->ssh.config, m->ssh.name, NULL };
	struct process_run run = { .argv = argv, .deadline_ms = QUICK_MS };
	struct process_result result;
	const char *line;

	if (process_run(m->arena, &run, &result) == 0 && result.exit_code == 0)
		for (line = result.out; *line != '\0'; line += *line == '\n') {
			size_t len = strcspn(line, "\n");

			if (str_starts(line, "hostname "))
				return arena_strndup(m->arena, line + 9, len - 9);
			line += len;
		}
	return m->to.host;
}

/* A shell's word for a program that is not there. */
static int no_agent(const struct machine *m)
{
	return fail(CLI_ENVIRONMENT, "'stead up' brings it", "%s has no agent: '%s' is not there",
	            m->label, m->agent);
}

int machine_show(const struct machine *m, struct strings *words)
{
	cleanup_arena struct arena *secret_arena = arena_new_secret();
	struct machine quiet = *m;
	struct process_result result;
	int r;

	quiet.arena = secret_arena;
	r = machine_run(&quiet, words, NULL, QUICK_MS, &result);
	if (r < 0 || result.timed_out || result.exit_code == SSH_FAILED)
		return machine_unreachable(&quiet, r, &result);
	if (result.exit_code == NOT_FOUND)
		return no_agent(m);
	(void)fwrite(result.err, 1, result.err_len, stderr);
	(void)fwrite(result.out, 1, result.out_len, stdout);
	r = flush_output(stdout);
	return r != CLI_OK ? r : result.exit_code;
}

int machine_call(const struct machine *m, struct strings *words)
{
	struct strings argv = { 0 };
	struct process_run run = { .inherit_stdout = true,
		                   .inherit_stderr = true,
		                   .foreground = m->ssh.ask,
		                   .deadline_ms = LONG_MS };
	struct process_result result;
	int r;

	machine_ssh(m, words, &argv);
	run.argv = argv.items;
	(void)fflush(stdout);
	r = process_run(m->arena, &run, &result);
	if (r < 0 || result.timed_out || result.exit_code == SSH_FAILED)
		return machine_unreachable(m, r, &result);
	return result.exit_code == NOT_FOUND ? no_agent(m) : result.exit_code;
}

int machine_exec(const struct machine *m, struct strings *words, bool tty)
{
	struct strings command = { 0 }, argv = { 0 };
	int r;

	machine_ssh(m, words, &command);
	*list_add(m->arena, &argv) = command.items[0];
	if (tty)
		*list_add(m->arena, &argv) = "-t";
	for (size_t i = 1; i < command.count; i++)
		*list_add(m->arena, &argv) = command.items[i];
	(void)fflush(stdout);
	r = process_exec(argv.items);
	return machine_unreachable(m, r, NULL);
}
