/*
 * Hidden: the parts of the manual pages that come from rows, and the examples of all commands.
 * tests/cli/manual.sh compares the pages with docs/man, and writes them there with --update;
 * tests/cli/examples.sh runs the examples.
 */
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "cmd/compile.h"
#include "settings/settings.h"

/* Escapes what scdoc(5) takes for markup. */
static void put(const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("\\*_#[]|", *s) != NULL)
			(void)putchar('\\');
		(void)putchar(*s);
	}
}

static void put_type(const struct schema_row *row)
{
	if (row->type == SCHEMA_WORD || row->words != NULL) {
		for (size_t i = 0; row->words[i] != NULL; i++) {
			if (i > 0)
				(void)fputs(row->words[i + 1] == NULL ? " or " : ", ", stdout);
			put(row->words[i]);
		}
		if (row->type != SCHEMA_WORD)
			(void)printf(", or a %s", schema_type_name(row->type));
	} else if (row->type == SCHEMA_LIST) {
		(void)printf("list, each a %s", schema_type_name(row->item));
	} else {
		(void)fputs(schema_type_name(row->type), stdout);
	}
}

static void put_row(void *context, const char *dotted_key, const struct schema_row *row)
{
	(void)context;
	(void)fputs("*", stdout);
	put(dotted_key);
	(void)fputs("* (", stdout);
	put_type(row);
	if (row->fallback != NULL) {
		(void)fputs("; default: ", stdout);
		put(row->fallback);
	}
	if (row->flags & SCHEMA_NEEDED)
		(void)fputs("; needed", stdout);
	if (row->flags & SCHEMA_LATER)
		(void)fputs("; no effect yet", stdout);
	(void)fputs(")\n\t", stdout);
	put(row->doc);
	(void)fputs("\n\n", stdout);
}

static void put_examples(const struct cli_program *program)
{
	for (const struct cli_command *c = program->commands; c->name != NULL; c++)
		for (const struct cli_example *e = c->examples; e != NULL && e->command != NULL;
		     e++)
			(void)printf("%s\t%s\n", c->group, e->command);
}

int cmd_manual(struct cli *cli)
{
	const char *part = cli->args.items[0];

	if (str_equal(part, "commands"))
		(void)fputs(cli_manual(cli->arena, cli->program), stdout);
	else if (str_equal(part, "examples"))
		put_examples(cli->program);
	else
		schema_walk(str_equal(part, "app") ? app_rows : settings_rows, put_row, NULL);
	return flush_output(stdout);
}
