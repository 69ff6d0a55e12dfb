#include "cli/cli.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { WIDTH = 80, INDENT = 2, DOC_COLUMN = 26 };

/* Text from COLUMN on, broken at blanks. The cursor is at AT; each further line is indented. */
static void add_wrapped(struct text *out, const char *s, size_t at, size_t column)
{
	while (*s != '\0') {
		size_t len = strcspn(s, " \n");

		if (at > column && at + 1 + len > WIDTH) {
			text_addc(out, '\n');
			at = 0;
		} else if (at > column) {
			text_addc(out, ' ');
			at++;
		}
		for (; at < column; at++)
			text_addc(out, ' ');
		text_addn(out, s, len);
		at += len;
		s += len;
		s += strspn(s, " ");
		if (*s == '\n') {
			text_addc(out, '\n');
			at = 0;
			s++;
		}
	}
	text_addc(out, '\n');
}

/* "  LEFT      doc", the doc on its own line where LEFT is too long. */
static void add_row(struct text *out, const char *left, const char *doc)
{
	size_t at = INDENT + strlen(left);

	text_addf(out, "%*s%s", INDENT, "", left);
	if (at + 2 > DOC_COLUMN) {
		text_addc(out, '\n');
		at = 0;
	}
	for (; at < DOC_COLUMN; at++)
		text_addc(out, ' ');
	add_wrapped(out, doc, DOC_COLUMN, DOC_COLUMN);
}

static void add_option(void *context, const struct cli_option *option)
{
	struct text *out = context;
	struct text left, doc;

	text_init(&left, out->arena);
	text_init(&doc, out->arena);
	if (option->letter != 0)
		text_addf(&left, "-%c, ", option->letter);
	text_addf(&left, "--%s", option->name);
	if (option->type != CLI_FLAG)
		text_addf(&left, " %s", option->value);
	text_add(&doc, option->doc);
	if (option->fallback != NULL)
		text_addf(&doc, " (default: %s)", option->fallback);
	add_row(out, left.data, doc.data);
}

static void add_examples(struct text *out, const struct cli_example *example)
{
	text_add(out, "\nexamples:\n");
	for (; example->command != NULL; example++) {
		if (example->doc != NULL)
			text_addf(out, "  # %s\n", example->doc);
		text_addf(out, "  %s\n", example->command);
	}
}

static char *help_of(struct arena *arena, const struct cli_program *program,
                     const struct cli_command *command)
{
	struct text out;

	text_init(&out, arena);
	text_addf(&out, "usage: %s %s [options]%s%s\n\n", program->name, command->name,
	          command->args[0] == '\0' ? "" : " ", command->args);
	add_wrapped(&out, command->doc, 0, 0);
	text_add(&out, "\noptions:\n");
	cli_each_option(program, command, add_option, &out);
	if (command->examples != NULL)
		add_examples(&out, command->examples);
	return out.data;
}

static void add_group(struct text *out, const struct cli_program *program, const char *group)
{
	text_addf(out, "\n%s:\n", group);
	for (const struct cli_command *c = program->commands; c->name != NULL; c++)
		if (!(c->flags & CLI_HIDDEN) && strcmp(c->group, group) == 0)
			add_row(out,
			        arena_printf(out->arena, "%s%s%s", c->name,
			                     c->args[0] == '\0' ? "" : " ", c->args),
			        c->summary);
}

static bool group_is_new(const struct cli_program *program, const struct cli_command *command)
{
	if (command->flags & CLI_HIDDEN)
		return false;
	for (const struct cli_command *c = program->commands; c < command; c++)
		if (!(c->flags & CLI_HIDDEN) && strcmp(c->group, command->group) == 0)
			return false;
	return true;
}

char *cli_help(struct arena *arena, const struct cli_program *program,
               const struct cli_command *command)
{
	struct text out;

	if (command != NULL)
		return help_of(arena, program, command);
	text_init(&out, arena);
	text_addf(&out, "%s: %s\n\nusage: %s COMMAND [options]\n", program->name, program->summary,
	          program->name);
	for (const struct cli_command *c = program->commands; c->name != NULL; c++)
		if (group_is_new(program, c))
			add_group(&out, program, c->group);
	text_add(&out, "\noptions:\n");
	cli_each_option(program, NULL, add_option, &out);
	text_addf(&out,
	          "\n'%s COMMAND --help' says more. Exit codes: 0 fine, 1 problems found, 2 wrong\n"
	          "usage, 3 the system said no.\n",
	          program->name);
	return out.data;
}
