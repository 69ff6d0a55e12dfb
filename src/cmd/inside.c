/*
 * Commands that run something on the node: status, ssh, logs, open.
 */
#include "cmd/commands.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/machine.h"

static int call_words(const struct machine *machine, struct strings *words)
{
	*list_add(machine->arena, words) = NULL;
	return machine_call(machine, words->items);
}

static int exec_words(const struct machine *machine, struct strings *words, bool tty)
{
	*list_add(machine->arena, words) = NULL;
	return machine_exec(machine, words->items, tty);
}

static void add(const struct machine *machine, struct strings *words, const char *word)
{
	*list_add(machine->arena, words) = word;
}

int cmd_status(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK && cli_flag(cli, "json"))
		(void)printf("{\"v\":1,\"state\":\"off\"}\n");
	if (code != CLI_OK)
		return code;
	add(&machine, &words, "sudo");
	add(&machine, &words, "-n");
	add(&machine, &words, machine.agent);
	add(&machine, &words, "status");
	if (cli_flag(cli, "json"))
		add(&machine, &words, "--json");
	return call_words(&machine, &words);
}

int cmd_ssh(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK)
		return code;
	/* One word is a line for the node's shell; several are a program and its arguments. */
	if (cli->args.count == 1) {
		add(&machine, &words, "sh");
		add(&machine, &words, "-c");
	}
	for (size_t i = 0; i < cli->args.count; i++)
		add(&machine, &words, cli->args.items[i]);
	return exec_words(&machine, &words, isatty(STDIN_FILENO) && cli->args.count == 0);
}

static bool is_process_name(const char *s)
{
	return *s != '\0' && *s != '-' && strlen(s) < 64 &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

int cmd_logs(struct cli *cli)
{
	const char *process = cli->args.count > 0 ? cli->args.items[0] : NULL;
	struct strings words = { 0 };
	struct machine machine;
	int code;

	if (process != NULL && !is_process_name(process))
		return fail(CLI_USAGE, "'stead status' lists the processes",
		            "'%s' is not the name of a process", process);
	code = machine_open(cli, true, &machine);
	if (code != CLI_OK)
		return code;
	add(&machine, &words, "sudo");
	add(&machine, &words, "-n");
	add(&machine, &words, "journalctl");
	add(&machine, &words, "--no-pager");
	add(&machine, &words,
	    process == NULL ? "--unit=stead-*"
	                    : arena_printf(cli->arena, "--unit=stead-%s.service", process));
	if (cli_flag(cli, "follow"))
		add(&machine, &words, "--follow");
	return exec_words(&machine, &words, false);
}

static void print_address(struct cli *cli, const struct machine *machine)
{
	const char *dir = machine_dir(cli->arena, cli_text(cli, "dir"));
	const char *ca = arena_printf(cli->arena, "%s/" MACHINE_CA, dir);

	(void)printf("url       https://%s/\n"
	             "address   127.0.0.1:%u (http: 127.0.0.1:%u, ssh: 127.0.0.1:%u)\n",
	             machine->web, machine->vm.ports.https, machine->vm.ports.http,
	             machine->vm.ports.ssh);
	if (access(ca, R_OK) == 0)
		(void)printf("ca        %s\n", ca);
	(void)printf("owner     %s\n", machine->handle);
}

int cmd_open(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK)
		return code;
	print_address(cli, &machine);
	code = flush_output(stdout);
	if (code != CLI_OK || !cli_flag(cli, "login"))
		return code;
	add(&machine, &words, "sudo");
	add(&machine, &words, "-n");
	add(&machine, &words, machine.agent);
	add(&machine, &words, "login");
	return call_words(&machine, &words);
}
