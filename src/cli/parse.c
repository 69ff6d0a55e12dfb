#include "cli/cli.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { NAMES_MAX = 128 };

struct parser {
	struct arena *arena;
	struct cli *cli;
	const char *error, *hint;
	bool want_help;
};

static int fail(struct parser *p, const char *hint, char *error)
{
	p->error = error;
	p->hint = hint;
	return -EINVAL;
}

void cli_each_option(const struct cli_program *program, const struct cli_command *command,
                     void (*visit)(void *context, const struct cli_option *option), void *context)
{
	if (command != NULL && command->options != NULL)
		for (size_t t = 0; command->options[t] != NULL; t++)
			for (const struct cli_option *o = command->options[t]; o->name != NULL; o++)
				visit(context, o);
	for (const struct cli_option *o = program->everywhere; o->name != NULL; o++)
		visit(context, o);
}

struct wanted {
	const char *name;
	size_t len;
	char letter;
	const struct cli_option *found;
};

static void match_option(void *context, const struct cli_option *option)
{
	struct wanted *w = context;

	if (w->letter != 0
	            ? option->letter == w->letter
	            : strlen(option->name) == w->len && strncmp(option->name, w->name, w->len) == 0)
		w->found = option;
}

static const struct cli_option *find_option(const struct cli *cli, const char *name, size_t len,
                                            char letter)
{
	struct wanted wanted = { .name = name, .len = len, .letter = letter };

	cli_each_option(cli->program, cli->command, match_option, &wanted);
	return wanted.found;
}

const struct cli_command *cli_command_find(const struct cli_program *program, const char *name)
{
	for (const struct cli_command *c = program->commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

struct names {
	const char *items[NAMES_MAX];
	size_t count;
};

static void collect_name(void *context, const struct cli_option *option)
{
	struct names *names = context;

	if (names->count < NAMES_MAX)
		names->items[names->count++] = option->name;
}

static const char *did_you_mean(struct parser *p, const char *dashes, const char *given,
                                const struct names *names)
{
	const char *near = str_nearest(given, names->items, names->count);

	return near == NULL ? NULL : arena_printf(p->arena, "did you mean '%s%s'?", dashes, near);
}

static char *program_and_command(struct parser *p)
{
	const struct cli *cli = p->cli;

	return cli->command == NULL
	               ? arena_strdup(p->arena, cli->program->name)
	               : arena_printf(p->arena, "%s %s", cli->program->name, cli->command->name);
}

static int unknown_option(struct parser *p, const char *dashes, const char *name)
{
	struct names names = { .count = 0 };
	const char *hint;

	cli_each_option(p->cli->program, p->cli->command, collect_name, &names);
	hint = did_you_mean(p, "--", name, &names);
	if (hint == NULL)
		hint = arena_printf(p->arena, "'%s --help' lists the options",
		                    program_and_command(p));
	return fail(p, hint,
	            arena_printf(p->arena, "'%s' has no option '%s%s'", program_and_command(p),
	                         dashes, name));
}

static int unknown_command(struct parser *p, const char *name)
{
	struct names names = { .count = 0 };
	const char *hint;

	for (const struct cli_command *c = p->cli->program->commands; c->name != NULL; c++)
		if (!(c->flags & CLI_HIDDEN) && names.count < NAMES_MAX)
			names.items[names.count++] = c->name;
	hint = did_you_mean(p, "", name, &names);
	if (hint == NULL)
		hint = arena_printf(p->arena, "'%s --help' lists the commands",
		                    p->cli->program->name);
	return fail(p, hint, arena_printf(p->arena, "no command '%s'", name));
}

static int check_word(struct parser *p, const char *what, const char *const *words,
                      const char *value)
{
	struct names names = { .count = 0 };
	struct text all;
	const char *hint;

	text_init(&all, p->arena);
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], value) == 0)
			return 0;
		text_addf(&all, "%s%s",
		          i == 0                 ? ""
		          : words[i + 1] == NULL ? " or "
		                                 : ", ",
		          words[i]);
		if (names.count < NAMES_MAX)
			names.items[names.count++] = words[i];
	}
	hint = did_you_mean(p, "", value, &names);
	return fail(p, hint != NULL ? hint : arena_printf(p->arena, "use %s", all.data),
	            arena_printf(p->arena, "'%s' is not a value for %s", value, what));
}

static int take_value(struct parser *p, const struct cli_option *option, const char *value)
{
	struct cli_given *given;
	long n;
	int r = 0;

	/* What "--dir $UNSET" gives; an empty folder's name would be read as the root folder. */
	if (option->type == CLI_TEXT && *value == '\0')
		r = fail(p, NULL,
		         arena_printf(p->arena, "'--%s' needs a value: --%s=%s", option->name,
		                      option->name, option->value));
	if (option->type == CLI_WORD)
		r = check_word(p, arena_printf(p->arena, "'--%s'", option->name), option->words,
		               value);
	if (option->type == CLI_COUNT && (!str_to_long(value, &n) || n < 1 || n > 1000000))
		r = fail(p, NULL,
		         arena_printf(p->arena, "'--%s' needs a whole number from 1, not '%s'",
		                      option->name, value));
	if (r < 0)
		return r;
	given = list_add(p->arena, &p->cli->given);
	given->option = option;
	given->value = value;
	if (strcmp(option->name, "help") == 0 || strcmp(option->name, "version") == 0)
		p->want_help = true;
	return 0;
}

/* One option at argv[*at], which begins with a dash; moves *at past a value of its own. */
static int take_option(struct parser *p, int argc, const char *const *argv, int *at)
{
	const char *arg = argv[*at], *value = NULL;
	bool is_long = arg[1] == '-';
	const char *name = arg + (is_long ? 2 : 1);
	const struct cli_option *option;
	size_t len;

	if (is_long) {
		len = strcspn(name, "=");
		option = find_option(p->cli, name, len, 0);
		if (name[len] == '=')
			value = name + len + 1;
	} else {
		len = 1;
		option = find_option(p->cli, NULL, 0, name[0]);
		if (option != NULL && option->type != CLI_FLAG && name[1] != '\0')
			value = name + 1;
		else if (name[1] != '\0') /* joined letters would hide mistakes: "-of" */
			option = NULL;
	}
	if (option == NULL)
		return unknown_option(p, is_long ? "--" : "-",
		                      is_long ? arena_strndup(p->arena, name, len) : name);
	if (option->type == CLI_FLAG) {
		if (value != NULL)
			return fail(p, NULL,
			            arena_printf(p->arena, "'--%s' takes no value", option->name));
		return take_value(p, option, "");
	}
	if (value == NULL) {
		if (*at + 1 >= argc)
			return fail(p, NULL,
			            arena_printf(p->arena, "'--%s' needs a value: --%s=%s",
			                         option->name, option->name, option->value));
		value = argv[++*at];
	}
	return take_value(p, option, value);
}

static int take_arg(struct parser *p, const char *arg)
{
	struct cli *cli = p->cli;

	if (cli->command == NULL) {
		cli->command = cli_command_find(cli->program, arg);
		return cli->command == NULL ? unknown_command(p, arg) : 0;
	}
	if (cli->args.count == cli->command->max_args)
		return fail(p, NULL,
		            cli->command->max_args == 0
		                    ? arena_printf(p->arena, "'%s' takes no argument, but got '%s'",
		                                   program_and_command(p), arg)
		                    : arena_printf(p->arena, "one argument too many for '%s': '%s'",
		                                   program_and_command(p), arg));
	*list_add(p->arena, &cli->args) = arg;
	return 0;
}

/* "app list" instead of "app" with the argument "list". The options so far must be its own too. */
static bool take_second_word(struct parser *p, const char *arg)
{
	struct cli *cli = p->cli;
	const struct cli_command *command;

	if (cli->command == NULL || cli->args.count > 0)
		return false;
	command = cli_command_find(cli->program,
	                           arena_printf(p->arena, "%s %s", cli->command->name, arg));
	if (command != NULL)
		cli->command = command;
	return command != NULL;
}

/* Options before the second word were found among those of the first. */
static int check_early_options(struct parser *p)
{
	const struct cli *cli = p->cli;

	for (size_t i = 0; i < cli->given.count; i++) {
		const char *name = cli->given.items[i].option->name;
		const struct cli_option *option = find_option(cli, name, strlen(name), 0);

		if (option == NULL)
			return unknown_option(p, "--", name);
		cli->given.items[i].option = option;
	}
	return 0;
}

static int check_args(struct parser *p)
{
	const struct cli *cli = p->cli;
	const struct cli_command *command = cli->command;

	if (p->want_help)
		return 0;
	if (command == NULL)
		return fail(p,
		            arena_printf(p->arena, "'%s --help' lists the commands",
		                         cli->program->name),
		            arena_strdup(p->arena, "no command was given"));
	if (cli->args.count < command->min_args)
		return fail(p, NULL,
		            arena_printf(p->arena, "an argument is missing: %s %s %s",
		                         cli->program->name, command->name, command->args));
	if (command->words != NULL && cli->args.count > 0)
		return check_word(p, arena_printf(p->arena, "'%s'", program_and_command(p)),
		                  command->words, cli->args.items[0]);
	return 0;
}

static int parse_all(struct parser *p, int argc, const char *const *argv)
{
	const struct cli *cli = p->cli;
	bool rest = false;
	int r = 0;

	for (int i = 1; i < argc && r == 0; i++) {
		if (!rest && strcmp(argv[i], "--") == 0) {
			rest = true;
		} else if (!rest && argv[i][0] == '-' && argv[i][1] != '\0') {
			r = take_option(p, argc, argv, &i);
		} else if (!rest && take_second_word(p, argv[i])) {
			r = check_early_options(p);
		} else {
			r = take_arg(p, argv[i]);
			if (cli->args.count > 0 && (cli->command->flags & CLI_REST))
				rest = true;
		}
	}
	return r < 0 ? r : check_args(p);
}

int cli_parse(struct arena *arena, const struct cli_program *program, int argc,
              const char *const *argv, struct cli *ret, const char **ret_error,
              const char **ret_hint)
{
	struct parser p = { .arena = arena, .cli = ret };
	int r;

	*ret = (struct cli){ .arena = arena, .program = program };
	r = parse_all(&p, argc, argv);
	if (r < 0) {
		*ret_error = p.error;
		*ret_hint = p.hint;
	}
	return r;
}

static const struct cli_given *last_given(const struct cli *cli, const char *name,
                                          const struct cli_option **ret_option)
{
	*ret_option = find_option(cli, name, strlen(name), 0);
	for (size_t i = cli->given.count; i > 0; i--)
		if (cli->given.items[i - 1].option == *ret_option)
			return &cli->given.items[i - 1];
	return NULL;
}

bool cli_flag(const struct cli *cli, const char *name)
{
	const struct cli_option *option;
	const struct cli_given *given = last_given(cli, name, &option);

	assert(option != NULL && option->type == CLI_FLAG);
	return given != NULL;
}

const char *cli_text(const struct cli *cli, const char *name)
{
	const struct cli_option *option;
	const struct cli_given *given = last_given(cli, name, &option);

	assert(option != NULL && option->type != CLI_FLAG);
	return given != NULL ? given->value : option->fallback;
}

long cli_count(const struct cli *cli, const char *name)
{
	const char *text = cli_text(cli, name);
	long n = 0;

	(void)str_to_long(text, &n);
	return n;
}

void cli_list(const struct cli *cli, const char *name, struct strings *ret)
{
	for (size_t i = 0; i < cli->given.count; i++)
		if (strcmp(cli->given.items[i].option->name, name) == 0)
			*list_add(cli->arena, ret) = cli->given.items[i].value;
}
