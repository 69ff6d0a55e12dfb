#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cmd/check_online.h"
#include "cmd/fleet.h"
#include "cmd/machine.h"
#include "dns/dns.h"
#include "provider/provider.h"

static void print_summary(struct cli *cli, const struct findings *f)
{
	(void)printf("%s\n",
	             compile_summary(cli->arena, &(struct findings_count){ .errors = f->errors,
	                                                                   .warnings = f->warnings,
	                                                                   .notes = f->notes }));
}

/* False when there is no such provider. */
static bool ask_provider(struct cli *cli, struct compile *compile, int *ret_code)
{
	struct providers providers;

	compile->asked_provider = cli_text(cli, "for");
	if (compile->asked_provider == NULL)
		return true;
	provider_builtin(cli->arena, &providers);
	if (provider_find(&providers, compile->asked_provider) != NULL)
		return true;
	*ret_code = fail(CLI_USAGE, provider_hint(cli->arena, &providers, compile->asked_provider),
	                 "there is no provider '%s' in the table", compile->asked_provider);
	return false;
}

static void print_memory_line(const char *what, long long bytes)
{
	enum { MIB = 1 << 20 };

	if (bytes > 0)
		(void)printf("  %-20s %6lld MiB\n", what, bytes / MIB);
	else
		(void)printf("  %-20s   no limit\n", what);
}

/* What may be used at most, process by process; then what other sizes would need. */
static void print_memory(struct arena *arena, const struct node *node)
{
	long long together = NODE_RESERVE_BYTES;

	(void)printf("memory:\n");
	for (size_t i = 0; i < node->processes.count; i++) {
		print_memory_line(node->processes.items[i]->name,
		                  node->processes.items[i]->memory_bytes);
		together += node->processes.items[i]->memory_bytes;
	}
	print_memory_line("the system", NODE_RESERVE_BYTES);
	print_memory_line("together", together);
	print_memory_line("machine.size", node->machine.size_bytes);
	for (size_t i = 0; i < node->sizes.count && node->sizes.count > 1; i++) {
		const struct node_size *size = &node->sizes.items[i];

		print_memory_line(arena_printf(arena, "a machine of %lldm", size->from_bytes >> 20),
		                  size->limits_bytes + NODE_RESERVE_BYTES);
	}
}

/* Rendering finds what only the writers see: two files of one name, a line break in a unit. */
static void check_outputs(struct compile *compile)
{
	if (compile_tree(compile, NULL) != NULL)
		compile_note_delivery(compile);
}

static int check_node_of(struct fleet *fleet, struct cli *cli, struct compile *compile,
                         const char *name, const char **ret_line)
{
	(void)name;
	(void)ret_line;
	compile->provider = machine_provider(cli->arena, compile->dir);
	compile->asked_provider = cli_text(cli, "for");
	if (fleet_compile(fleet, compile))
		check_outputs(compile);
	return CLI_OK;
}

static int check_fleet(struct cli *cli, const char *dir)
{
	struct fleet fleet = { .dir = dir, .work = check_node_of, .findings_out = stdout };
	struct compile asked;
	int code = CLI_OK;

	if (cli_flag(cli, "online") || cli_flag(cli, "memory"))
		return fail(CLI_USAGE, "name it with --dir",
		            "'--online' and '--memory' look at one node");
	compile_init(&asked, cli);
	if (ask_provider(cli, &asked, &code))
		code = fleet_run(&fleet, cli);
	compile_done(&asked);
	return code;
}

int cmd_check(struct cli *cli)
{
	struct compile compile;
	int code, online = CLI_OK;
	const char *all = fleet_dir(cli, &code);

	if (code != CLI_OK)
		return code;
	if (all != NULL)
		return check_fleet(cli, all);
	if (cli_text(cli, "resolver") != NULL && !dns_is_resolver(cli_text(cli, "resolver")))
		return fail(CLI_USAGE, "like 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53",
		            "--resolver wants an address, not '%s'", cli_text(cli, "resolver"));
	if (cli_text(cli, "resolver") != NULL && !cli_flag(cli, "online"))
		return fail(CLI_USAGE, "add --online", "without --online no name server is asked");
	compile_init(&compile, cli);
	compile.provider = machine_provider(cli->arena, compile.dir);
	if (!ask_provider(cli, &compile, &code)) {
		compile_done(&compile);
		return code;
	}
	if (compile_files(&compile))
		check_outputs(&compile);
	/* Who is asked about what is wrong already gives answers to other questions. */
	if (cli_flag(cli, "online") && compile.findings.errors == 0)
		online = check_online(cli, &compile);
	code = compile_report(&compile, cli, stdout);
	if (code != CLI_ENVIRONMENT && strcmp(cli_text(cli, "format"), "json") != 0) {
		if (cli_flag(cli, "memory") && compile.built != NULL)
			print_memory(cli->arena, compile.built);
		print_summary(cli, &compile.findings);
		if (flush_output(stdout) != CLI_OK)
			code = CLI_ENVIRONMENT;
	}
	compile_done(&compile);
	return online != CLI_OK ? online : code;
}
