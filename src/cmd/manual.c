/*
 * Hidden: the parts of the manual pages that come from rows. tests/cli/manual.sh compares them with
 * docs/man, and writes them there with --update.
 */
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

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

int cmd_manual(struct cli *cli)
{
	if (strcmp(cli->args.items[0], "commands") == 0)
		(void)fputs(cli_manual(cli->arena, cli->program), stdout);
	else
		schema_walk(settings_rows, put_row, NULL);
	return flush_output(stdout);
}
