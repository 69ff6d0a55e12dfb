/*
 * Completion scripts, made from the rows. They hold everything themselves and start no program:
 * pressing Tab must be quick and safe in a folder one does not trust.
 */
#include "cli/cli.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct completion {
	struct text out;
	struct arena *arena;
	const struct cli_program *program;
	const struct cli_command *command;
};

static void add_joined(struct text *out, const struct strings *words)
{
	for (size_t i = 0; i < words->count; i++)
		text_addf(out, "%s%s", i == 0 ? "" : " ", words->items[i]);
}

/* The words a value may begin with; empty: none are known. */
static void value_words(struct arena *arena, const struct cli_option *option, struct strings *ret)
{
	for (size_t i = 0; option->words != NULL && option->words[i] != NULL; i++)
		*list_add(arena, ret) = option->words[i];
	if (option->suggest != NULL)
		option->suggest(arena, ret);
}

/* The second words of rows like "app list". */
static void second_words(struct arena *arena, const struct cli_program *program,
                         const struct cli_command *command, struct strings *ret)
{
	const char *first = arena_printf(arena, "%s ", command->name);

	for (const struct cli_command *c = program->commands; c->name != NULL; c++)
		if (!(c->flags & CLI_HIDDEN) && str_starts(c->name, first))
			*list_add(arena, ret) = c->name + strlen(first);
}

/* What the first argument may be; empty: nothing is known. */
static void first_arguments(struct arena *arena, const struct cli_program *program,
                            const struct cli_command *command, struct strings *ret)
{
	for (size_t i = 0; command->words != NULL && command->words[i] != NULL; i++)
		*list_add(arena, ret) = command->words[i];
	if (command->suggest != NULL)
		command->suggest(arena, ret);
	second_words(arena, program, command, ret);
}

/* The words of the first argument are those of the others, too. */
static bool repeats(const struct cli_command *command)
{
	return command->suggest != NULL && command->max_args > 1 && !(command->flags & CLI_REST);
}

/* "'app list' | 'app show'", for a case of bash or zsh; "''" when there are none. */
static void add_two_words(struct text *out, const struct cli_program *program)
{
	const char *bar = "";

	for (const struct cli_command *c = program->commands; c->name != NULL; c++)
		if (!(c->flags & CLI_HIDDEN) && strchr(c->name, ' ') != NULL) {
			text_addf(out, "%s'%s'", bar, c->name);
			bar = " | ";
		}
	if (*bar == '\0')
		text_add(out, "''");
}

static bool is_listed(const struct cli_command *command)
{
	return !(command->flags & CLI_HIDDEN) && strchr(command->name, ' ') == NULL;
}

static void add_option_names(void *context, const struct cli_option *option)
{
	struct completion *c = context;

	text_addf(&c->out, " --%s%s", option->name, option->type == CLI_FLAG ? "" : "=");
	if (option->letter != 0)
		text_addf(&c->out, " -%c", option->letter);
}

/* --- bash --- */

static void bash_value(void *context, const struct cli_option *option)
{
	struct completion *c = context;
	struct strings words = { 0 };

	if (option->type == CLI_FLAG)
		return;
	const char *command =
		c->command == NULL ? "*" : arena_printf(c->arena, "'%s'", c->command->name);

	text_addf(&c->out, "\t%s:--%s", command, option->name);
	if (option->letter != 0)
		text_addf(&c->out, "|%s:-%c", command, option->letter);
	text_add(&c->out, ") ");
	value_words(c->arena, option, &words);
	if (words.count > 0) {
		text_add(&c->out, "words='");
		add_joined(&c->out, &words);
		text_add(&c->out, "'");
	} else if (option->complete != CLI_COMPLETE_NONE) {
		text_addf(&c->out, "kind=%s",
		          option->complete == CLI_COMPLETE_DIR ? "dir" : "file");
	} else {
		text_add(&c->out, "kind=none");
	}
	text_add(&c->out, " ;;\n");
}

static void bash_command(struct completion *c)
{
	const struct cli_command *command = c->command;
	struct strings words = { 0 };

	text_addf(&c->out, "\t'%s')\n\t\topts='", command->name);
	cli_each_option(c->program, command, add_option_names, c);
	text_add(&c->out, "'\n");
	first_arguments(c->arena, c->program, command, &words);
	if (words.count > 0) {
		text_add(&c->out, "\t\targs='");
		add_joined(&c->out, &words);
		text_add(&c->out, "'\n");
	}
	if (command->complete != CLI_COMPLETE_NONE)
		text_addf(&c->out, "\t\tkind=%s\n",
		          command->complete == CLI_COMPLETE_DIR ? "dir" : "file");
	text_add(&c->out, "\t\t;;\n");
}

/* Own options only: those of every command stand once, under `*`. */
static void bash_own_values(struct completion *c)
{
	if (c->command->options == NULL)
		return;
	for (size_t t = 0; c->command->options[t] != NULL; t++)
		for (const struct cli_option *o = c->command->options[t]; o->name != NULL; o++)
			bash_value(c, o);
}

static char *bash(struct completion *c)
{
	const char *name = c->program->name;
	const struct cli_command *commands = c->program->commands;

	text_addf(&c->out,
	          "# bash completion for %s, made by '%s completion bash'\n"
	          "_%s()\n{\n"
	          "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	          "\tlocal command= opts= args= words= kind= i\n"
	          "\t# bash parts words at '=': put \"--name = value\" together again\n"
	          "\tif [ \"$cur\" = = ]; then cur=; elif [ \"$prev\" = = ]; then "
	          "prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
	          "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	          "\t\tcase ${COMP_WORDS[i]} in -* | =) continue ;; esac\n"
	          "\t\t[ -n \"$command\" ] || { command=${COMP_WORDS[i]}; continue; }\n"
	          "\t\tcase \"$command ${COMP_WORDS[i]}\" in ",
	          name, name, name);
	add_two_words(&c->out, c->program);
	text_add(&c->out, ") command+=\" ${COMP_WORDS[i]}\" ;; esac\n"
	                  "\t\tbreak\n"
	                  "\tdone\n"
	                  "\tCOMPREPLY=()\n"
	                  "\tcase $command in\n");
	for (c->command = commands; c->command->name != NULL; c->command++)
		if (!(c->command->flags & CLI_HIDDEN))
			bash_command(c);
	text_add(&c->out, "\t'')\n\t\topts='");
	cli_each_option(c->program, NULL, add_option_names, c);
	text_add(&c->out, "'\n\t\targs='");
	for (const struct cli_command *command = commands; command->name != NULL; command++)
		if (is_listed(command))
			text_addf(&c->out, "%s%s", command == commands ? "" : " ", command->name);
	text_add(&c->out, "'\n\t\t;;\n\tesac\n\tcase $command:$prev in\n");
	for (c->command = commands; c->command->name != NULL; c->command++)
		if (!(c->command->flags & CLI_HIDDEN))
			bash_own_values(c);
	c->command = NULL;
	cli_each_option(c->program, NULL, bash_value, c);
	text_addf(&c->out,
	          "\t*)\n"
	          "\t\tcase $cur in -*) words=$opts; kind= ;; *) words=$args ;; esac\n"
	          "\t\t;;\n"
	          "\tesac\n"
	          "\t[ -z \"$words\" ] || COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	          "\tcase $kind in\n"
	          "\tfile) COMPREPLY+=($(compgen -f -- \"$cur\")) ;;\n"
	          "\tdir) COMPREPLY+=($(compgen -d -- \"$cur\")) ;;\n"
	          "\tesac\n"
	          "\tcase ${COMPREPLY-} in *=) compopt -o nospace 2>/dev/null ;; esac\n"
	          "\treturn 0\n"
	          "}\n"
	          "complete -F _%s %s\n",
	          name, name);
	return c->out.data;
}

/* --- zsh --- */

/* Inside an _arguments spec within single quotes. */
static void add_zsh(struct text *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("[]:\\", *s) != NULL)
			text_addc(out, '\\');
		if (*s == '\'')
			text_add(out, "'\\''");
		else
			text_addc(out, *s);
	}
}

static void zsh_option(void *context, const struct cli_option *option)
{
	struct completion *c = context;
	struct strings words = { 0 };

	text_addf(&c->out, "\t\t\t'%s--%s%s[", option->type == CLI_LIST ? "*" : "", option->name,
	          option->type == CLI_FLAG ? "" : "=");
	add_zsh(&c->out, option->doc);
	text_addc(&c->out, ']');
	if (option->type != CLI_FLAG) {
		text_addc(&c->out, ':');
		add_zsh(&c->out, option->value);
		text_addc(&c->out, ':');
		value_words(c->arena, option, &words);
		if (words.count > 0) {
			text_addc(&c->out, '(');
			add_joined(&c->out, &words);
			text_addc(&c->out, ')');
		} else if (option->complete == CLI_COMPLETE_DIR) {
			text_add(&c->out, "_files -/");
		} else if (option->complete == CLI_COMPLETE_FILE) {
			text_add(&c->out, "_files");
		}
	}
	text_add(&c->out, "' \\\n");
}

static void zsh_command(struct completion *c)
{
	const struct cli_command *command = c->command;
	struct strings words = { 0 };

	text_addf(&c->out, "\t'%s')\n\t\t_arguments \\\n", command->name);
	cli_each_option(c->program, command, zsh_option, c);
	first_arguments(c->arena, c->program, command, &words);
	if (words.count > 0) {
		text_addf(&c->out, "\t\t\t'%s:what:(", repeats(command) ? "*" : "1");
		add_joined(&c->out, &words);
		text_add(&c->out, repeats(command) ? ")'\n\t\t;;\n" : ")' \\\n");
	}
	if (repeats(command))
		return;
	text_addf(&c->out, "\t\t\t'*:argument:%s'\n\t\t;;\n",
	          command->complete == CLI_COMPLETE_DIR    ? "_files -/"
	          : command->complete == CLI_COMPLETE_FILE ? "_files"
	                                                   : "");
}

static char *zsh(struct completion *c)
{
	const char *name = c->program->name;

	text_addf(&c->out,
	          "#compdef %s\n"
	          "# zsh completion for %s, made by '%s completion zsh'\n"
	          "local -a commands\n"
	          "commands=(\n",
	          name, name, name);
	for (const struct cli_command *command = c->program->commands; command->name != NULL;
	     command++) {
		if (!is_listed(command))
			continue;
		text_addf(&c->out, "\t'%s:", command->name);
		add_zsh(&c->out, command->summary);
		text_add(&c->out, "'\n");
	}
	text_addf(&c->out, ")\n"
	                   "if ((CURRENT == 2)); then\n"
	                   "\t_describe command commands\n"
	                   "\treturn\n"
	                   "fi\n"
	                   "local command=$words[2]\n"
	                   "shift words\n"
	                   "((CURRENT--))\n"
	                   "if ((CURRENT > 2)); then\n"
	                   "\tcase \"$command $words[2]\" in\n"
	                   "\t");
	add_two_words(&c->out, c->program);
	text_add(&c->out, ") command+=\" $words[2]\"; shift words; ((CURRENT--)) ;;\n"
	                  "\tesac\n"
	                  "fi\n"
	                  "case $command in\n");
	for (c->command = c->program->commands; c->command->name != NULL; c->command++)
		if (!(c->command->flags & CLI_HIDDEN))
			zsh_command(c);
	text_add(&c->out, "esac\n");
	return c->out.data;
}

/* --- fish --- */

static void add_fish(struct text *out, const char *s)
{
	text_addc(out, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			text_addc(out, '\\');
		text_addc(out, *s);
	}
	text_addc(out, '\'');
}

/* True on a line of that command. */
static const char *fish_condition(struct arena *arena, const struct cli_command *command)
{
	const char *blank = strchr(command->name, ' ');

	if (blank == NULL)
		return arena_printf(arena, "__fish_seen_subcommand_from %s", command->name);
	return arena_printf(arena,
	                    "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s",
	                    (int)(blank - command->name), command->name, blank + 1);
}

static void fish_option(void *context, const struct cli_option *option)
{
	struct completion *c = context;
	struct strings words = { 0 };

	text_addf(&c->out, "complete -c %s", c->program->name);
	if (c->command != NULL)
		text_addf(&c->out, " -n '%s'", fish_condition(c->arena, c->command));
	text_addf(&c->out, " -l %s", option->name);
	if (option->letter != 0)
		text_addf(&c->out, " -s %c", option->letter);
	if (option->type != CLI_FLAG) {
		value_words(c->arena, option, &words);
		if (words.count > 0) {
			text_add(&c->out, " -x -a '");
			add_joined(&c->out, &words);
			text_addc(&c->out, '\'');
		} else if (option->complete == CLI_COMPLETE_DIR) {
			text_add(&c->out, " -x -a '(__fish_complete_directories)'");
		} else {
			text_add(&c->out, option->complete == CLI_COMPLETE_FILE ? " -r -F" : " -x");
		}
	}
	text_add(&c->out, " -d ");
	add_fish(&c->out, option->doc);
	text_addc(&c->out, '\n');
}

static void fish_command(struct completion *c)
{
	const struct cli_command *command = c->command;

	const char *condition = fish_condition(c->arena, command);
	struct strings words = { 0 };

	if (is_listed(command)) {
		text_addf(&c->out, "complete -c %s -n __fish_use_subcommand -a %s -d ",
		          c->program->name, command->name);
		add_fish(&c->out, command->summary);
		text_addc(&c->out, '\n');
	}
	first_arguments(c->arena, c->program, command, &words);
	if (words.count > 0) {
		text_addf(&c->out, "complete -c %s -n '%s' -a '", c->program->name, condition);
		add_joined(&c->out, &words);
		text_add(&c->out, "'\n");
	}
	if (command->complete != CLI_COMPLETE_NONE)
		text_addf(&c->out, "complete -c %s -n '%s' -F\n", c->program->name, condition);
	if (command->options == NULL)
		return;
	for (size_t t = 0; command->options[t] != NULL; t++)
		for (const struct cli_option *o = command->options[t]; o->name != NULL; o++)
			fish_option(c, o);
}

static char *fish(struct completion *c)
{
	const char *name = c->program->name;

	text_addf(&c->out,
	          "# fish completion for %s, made by '%s completion fish'\ncomplete -c %s -f\n",
	          name, name, name);
	for (c->command = c->program->commands; c->command->name != NULL; c->command++)
		if (!(c->command->flags & CLI_HIDDEN))
			fish_command(c);
	c->command = NULL;
	cli_each_option(c->program, NULL, fish_option, c);
	return c->out.data;
}

char *cli_completion(struct arena *arena, const struct cli_program *program, const char *shell)
{
	struct completion c = { .arena = arena, .program = program };

	text_init(&c.out, arena);
	if (strcmp(shell, "bash") == 0)
		return bash(&c);
	if (strcmp(shell, "zsh") == 0)
		return zsh(&c);
	if (strcmp(shell, "fish") == 0)
		return fish(&c);
	return NULL;
}
