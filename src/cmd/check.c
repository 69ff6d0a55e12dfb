#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

#include "cmd/machine.h"

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

int cmd_check(struct cli *cli)
{
	struct compile compile;
	int code;

	compile_init(&compile, cli);
	compile.provider = machine_provider(cli->arena, compile.dir);
	/* Rendering finds what only the writers see: two files of one name, a line break in a unit.
	 */
	if (compile_files(&compile) && compile_tree(&compile, NULL) != NULL)
		compile_note_delivery(&compile);
	code = compile_report(&compile, cli, stdout);
	if (code != CLI_ENVIRONMENT && strcmp(cli_text(cli, "format"), "json") != 0) {
		print_summary(&compile.findings);
		if (flush_output(stdout) != CLI_OK)
			code = CLI_ENVIRONMENT;
	}
	compile_done(&compile);
	return code;
}
