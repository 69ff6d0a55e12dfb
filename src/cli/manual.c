/*
 * The part of the manual page that comes from the rows. Source of the markup: scdoc(5).
 */
#include "cli/cli.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* Escapes what scdoc takes for markup. */
static void add_escaped(struct text *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("\\*_#[]|", *s) != NULL)
			text_addc(out, '\\');
		text_addc(out, *s);
	}
}

static void add_option(void *context, const struct cli_option *option)
{
	struct text *out = context;

	text_add(out, "*");
	if (option->letter != 0)
		text_addf(out, "-%c*, *", option->letter);
	text_addf(out, "--%s*", option->name);
	if (option->type != CLI_FLAG)
		text_addf(out, " _%s_", option->value);
	text_add(out, "\n\t");
	add_escaped(out, option->doc);
	if (option->fallback != NULL) {
		text_add(out, " (default: ");
		add_escaped(out, option->fallback);
		text_addc(out, ')');
	}
	text_add(out, "\n\n");
}

static void add_command(struct text *out, const struct cli_program *program,
                        const struct cli_command *command)
{
	text_addf(out, "## %s %s", program->name, command->name);
	if (command->args[0] != '\0') {
		text_addc(out, ' ');
		add_escaped(out, command->args);
	}
	text_add(out, "\n\n");
	add_escaped(out, command->doc);
	text_add(out, "\n\n");
	if (command->options != NULL)
		for (size_t t = 0; command->options[t] != NULL; t++)
			for (const struct cli_option *o = command->options[t]; o->name != NULL; o++)
				add_option(out, o);
	if (command->examples == NULL)
		return;
	text_add(out, "```\n");
	for (const struct cli_example *e = command->examples; e->command != NULL; e++)
		text_addf(out, "# %s\n%s\n", e->doc, e->command);
	text_add(out, "```\n\n");
}

char *cli_manual(struct arena *arena, const struct cli_program *program)
{
	struct text out;

	text_init(&out, arena);
	text_add(&out, "# COMMANDS\n\n");
	for (const struct cli_command *c = program->commands; c->name != NULL; c++)
		if (!(c->flags & CLI_HIDDEN))
			add_command(&out, program, c);
	text_add(&out, "# OPTIONS OF EVERY COMMAND\n\n");
	cli_each_option(program, NULL, add_option, &out);
	return out.data;
}
