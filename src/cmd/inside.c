/*
 * Commands that run something on the node: status, space, ssh, logs, open, ca, maintenance, app.
 */
#include "cmd/commands.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/machine.h"

int cmd_status(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK && cli_flag(cli, "json"))
		(void)printf("{\"v\":1,\"state\":\"off\"}\n");
	if (code != CLI_OK)
		return code;
	machine_root(&machine, &words);
	machine_words(&machine, &words, machine.agent, "status",
	              cli_flag(cli, "json") ? "--json" : NULL, NULL);
	return machine_show(&machine, &words);
}

int cmd_space(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK)
		return code;
	machine_root(&machine, &words);
	machine_words(&machine, &words, machine.agent, "space",
	              cli_flag(cli, "json") ? "--json" : NULL, NULL);
	return machine_exec(&machine, &words, false);
}

int cmd_ssh(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK)
		return code;
	/* One word is a line for the node's shell; several are a program and its arguments. */
	if (cli->args.count == 1)
		machine_words(&machine, &words, "sh", "-c", NULL);
	for (size_t i = 0; i < cli->args.count; i++)
		machine_words(&machine, &words, cli->args.items[i], NULL);
	return machine_exec(&machine, &words, isatty(STDIN_FILENO) && cli->args.count == 0);
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
	machine_root(&machine, &words);
	machine_words(&machine, &words, "journalctl", "--no-pager",
	              process == NULL
	                      ? "--unit=stead-*"
	                      : arena_printf(cli->arena, "--unit=stead-%s.service", process),
	              cli_flag(cli, "follow") ? "--follow" : NULL, NULL);
	return machine_exec(&machine, &words, false);
}

static void print_address(const struct machine *machine)
{
	const char *ca = arena_printf(machine->arena, "%s/" MACHINE_CA, machine->dir);

	(void)printf("url       https://%s/\n", machine->web);
	if (machine->kind == MACHINE_VM)
		(void)printf("address   127.0.0.1:%u (http: 127.0.0.1:%u, ssh: 127.0.0.1:%u)\n",
		             machine->vm.ports.https, machine->vm.ports.http,
		             machine->vm.ports.ssh);
	else
		(void)printf("machine   %s\n", machine->label);
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
	print_address(&machine);
	code = flush_output(stdout);
	if (code != CLI_OK || !cli_flag(cli, "login"))
		return code;
	machine_root(&machine, &words);
	machine_words(&machine, &words, machine.agent, "login", NULL);
	return machine_show(&machine, &words);
}

int cmd_ca(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK)
		return code;
	machine_root(&machine, &words);
	machine_words(&machine, &words, machine.agent, "ca", NULL);
	return machine_show(&machine, &words);
}

int cmd_maintenance(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code;

	if (cli->args.count > 1 && strcmp(cli->args.items[0], "on") != 0)
		return fail(CLI_USAGE, "stead maintenance on 'moving to a larger disk'",
		            "only 'maintenance on' takes a reason");
	code = machine_open(cli, true, &machine);

	if (code != CLI_OK)
		return code;
	machine_root(&machine, &words);
	machine_words(&machine, &words, machine.agent, "maintenance", cli->args.items[0],
	              cli->args.count > 1 ? cli->args.items[1] : NULL, NULL);
	return machine_call(&machine, &words);
}

int cmd_app(struct cli *cli)
{
	struct strings words = { 0 };
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	if (code != CLI_OK)
		return code;
	machine_root(&machine, &words);
	machine_words(&machine, &words, machine.agent, "app", NULL);
	for (size_t i = 0; i < cli->args.count; i++)
		machine_words(&machine, &words, cli->args.items[i], NULL);
	return machine_exec(&machine, &words, isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}
