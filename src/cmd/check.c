#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cmd/check_online.h"
#include "cmd/machine.h"
#include "dns/dns.h"
#include "provider/provider.h"

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* "no problems", or "1 error, 2 notes". */
static void print_summary(const struct findings *f)
{
	const char *comma = "";

	if (f->errors + f->warnings + f->notes == 0)
		(void)printf("no problems");
	if (f->errors > 0) {
		(void)printf("%zu error%s", f->errors, plural(f->errors));
		comma = ", ";
	}
	if (f->warnings > 0) {
		(void)printf("%s%zu warning%s", comma, f->warnings, plural(f->warnings));
		comma = ", ";
	}
	if (f->notes > 0)
		(void)printf("%s%zu note%s", comma, f->notes, plural(f->notes));
	(void)printf("\n");
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

int cmd_check(struct cli *cli)
{
	struct compile compile;
	int code = CLI_OK, online = CLI_OK;

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
	/* Rendering finds what only the writers see: two files of one name, a line break in a unit.
	 */
	if (compile_files(&compile) && compile_tree(&compile, NULL) != NULL)
		compile_note_delivery(&compile);
	/* Who is asked about what is wrong already gives answers to other questions. */
	if (cli_flag(cli, "online") && compile.findings.errors == 0)
		online = check_online(cli, &compile);
	code = compile_report(&compile, cli, stdout);
	if (code != CLI_ENVIRONMENT && strcmp(cli_text(cli, "format"), "json") != 0) {
		if (cli_flag(cli, "memory") && compile.built != NULL)
			print_memory(cli->arena, compile.built);
		print_summary(&compile.findings);
		if (flush_output(stdout) != CLI_OK)
			code = CLI_ENVIRONMENT;
	}
	compile_done(&compile);
	return online != CLI_OK ? online : code;
}
