#include "cli/cli.h"

#include <errno.h>

#include "base/arena.h"
#include "cli/terminal.h"
#include "tap.h"

static int nothing(struct cli *cli)
{
	(void)cli;
	return 0;
}

static const char *const words[] = { "text", "json", NULL };
static const struct cli_option own[] = {
	{ .name = "format",
	  .type = CLI_WORD,
	  .value = "F",
	  .doc = "d",
	  .words = words,
	  .fallback = "text" },
	{ .name = "set", .type = CLI_LIST, .value = "K=V", .doc = "d" },
	{ .name = "output",
	  .letter = 'o',
	  .type = CLI_TEXT,
	  .value = "FILE",
	  .doc = "it's [a] file" },
	{ .name = "count", .type = CLI_COUNT, .value = "N", .doc = "d", .fallback = "3" },
	{ .name = "yes", .letter = 'y', .type = CLI_FLAG, .doc = "d" },
	{ .name = NULL },
};
static const struct cli_option everywhere[] = {
	{ .name = "help", .letter = 'h', .type = CLI_FLAG, .doc = "d" },
	{ .name = "version", .type = CLI_FLAG, .doc = "d" },
	{ .name = NULL },
};
static const struct cli_option *const tables[] = { own, NULL };
static const struct cli_command commands[] = {
	{ .name = "make",
	  .group = "g",
	  .args = "A [B]",
	  .summary = "it's made",
	  .doc = "Makes.",
	  .options = tables,
	  .min_args = 1,
	  .max_args = 2,
	  .run = nothing },
	{ .name = "run",
	  .group = "g",
	  .args = "[-- C...]",
	  .summary = "s",
	  .doc = "d",
	  .options = tables,
	  .max_args = 99,
	  .flags = CLI_REST,
	  .run = nothing },
	{ .name = "secret",
	  .group = "g",
	  .args = "",
	  .summary = "s",
	  .doc = "d",
	  .flags = CLI_HIDDEN,
	  .run = nothing },
	{ .name = NULL },
};
static const struct cli_program program = {
	.name = "prog",
	.version = "1",
	.summary = "s",
	.commands = commands,
	.everywhere = everywhere,
};

static struct arena *arena;
static struct cli cli;
static const char *error, *hint;

/* The arguments behind the program's name. */
static int parse(const char *const *args)
{
	const char *argv[32] = { "prog" };
	int argc = 1;

	for (; *args != NULL; args++)
		argv[argc++] = *args;
	error = hint = NULL;
	return cli_parse(arena, &program, argc, argv, &cli, &error, &hint);
}
#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static void test_values(void)
{
	struct strings list = { 0 };

	is_int(PARSE("make", "x", "--format=json", "-o", "f", "--set", "a=b=c", "--set=d=e", "-y"),
	       0, "options in all forms");
	is_str(cli_text(&cli, "format"), "json", "--name=value");
	is_str(cli_text(&cli, "output"), "f", "-o value");
	ok(cli_flag(&cli, "yes"), "-y");
	cli_list(&cli, "set", &list);
	is_int((long long)list.count, 2, "a list has both");
	is_str(list.items[0], "a=b=c", "only the first = parts");
	is_int(cli_count(&cli, "count"), 3, "a fallback");
	is_int(PARSE("make", "x", "-of", "--format", "text", "--format", "json"), 0, "-oVALUE");
	is_str(cli_text(&cli, "output"), "f", "-oVALUE's value");
	is_str(cli_text(&cli, "format"), "json", "the last one counts");
	is_int(PARSE("make", "x", "--output="), -EINVAL, "an empty value is none");
	is_int(PARSE("make", "-"), 0, "a lone dash is an argument");
	is_int(PARSE("--help", "make"), 0, "help before the command");
	is_str(cli.command->name, "make", "finds the command");
}

static void test_rest(void)
{
	is_int(PARSE("run", "--yes", "ls", "--format", "-o"), 0,
	       "after an argument all are arguments");
	is_int((long long)cli.args.count, 3, "all three");
	ok(cli_flag(&cli, "yes"), "an option before is one");
	is_int(PARSE("run", "--", "--yes"), 0, "behind --");
	is_str(cli.args.items[0], "--yes", "nothing is an option");
	ok(!cli_flag(&cli, "yes"), "really not");
	is_int(PARSE("make", "--", "--", "x"), 0, "only the first -- parts");
	is_str(cli.args.items[0], "--", "the second is an argument");
}

static void test_errors(void)
{
	is_int(PARSE("maek"), -EINVAL, "a wrong command");
	is_str(hint, "did you mean 'make'?", "is guessed");
	is_int(PARSE("secrte"), -EINVAL, "a hidden command mistyped");
	ok(hint == NULL || strstr(hint, "secret") == NULL, "is not guessed");
	is_int(PARSE("make", "x", "--fromat=json"), -EINVAL, "a wrong option");
	is_str(hint, "did you mean '--format'?", "is guessed, without its value");
	is_int(PARSE("make", "x", "--format=jsn"), -EINVAL, "a wrong word");
	is_int(PARSE("make", "x", "--output"), -EINVAL, "no value");
	is_int(PARSE("make", "x", "--yes=1"), -EINVAL, "a value for a flag");
	is_int(PARSE("make", "x", "-yo"), -EINVAL, "joined letters");
	is_int(PARSE("make", "x", "--count=0"), -EINVAL, "zero");
	is_int(PARSE("make", "x", "--count=1x"), -EINVAL, "no number");
	is_int(PARSE("make"), -EINVAL, "an argument missing");
	is_int(PARSE("make", "1", "2", "3"), -EINVAL, "one too many");
	is_int(PARSE("--yes", "make", "x"), -EINVAL, "a command's option before it");
	is_int(parse((const char *const[]){ NULL }), -EINVAL, "nothing at all");
	is_int(PARSE("make", ""), 0, "an empty argument is one");
	is_int(PARSE(""), -EINVAL, "an empty command is none");
	is_int(PARSE("make", "x", "--="), -EINVAL, "an empty name");
}

static void test_texts(void)
{
	char *all = cli_help(arena, &program, NULL);

	ok(strstr(all, "make A [B]") != NULL, "help lists a command");
	ok(strstr(all, "secret") == NULL, "and not a hidden one");
	ok(strstr(cli_help(arena, &program, &commands[0]), "-o, --output FILE") != NULL,
	   "a command's help lists its options");
	ok(strstr(cli_manual(arena, &program), "it's \\[a\\] file") != NULL, "the manual escapes");
	ok(cli_completion(arena, &program, "ksh") == NULL, "no such shell");
	ok(strstr(cli_completion(arena, &program, "zsh"), "it'\\''s \\[a\\] file") != NULL,
	   "zsh: quotes are escaped");
	ok(strstr(cli_completion(arena, &program, "fish"), "'it\\'s made'") != NULL,
	   "fish: quotes are escaped");
	is_str(cli_shell_quote(arena, "a b'c"), "'a b'\\''c'", "a word for the shell");
	is_str(cli_shell_quote(arena, ""), "''", "an empty one");
	is_str(cli_shell_quote(arena, "/usr/bin/x-1"), "/usr/bin/x-1", "a harmless one");
	is_str(cli_shell_quote(arena, "~x"), "'~x'", "one the shell would change");
}

/* Not on a terminal: lines that say what happened, and nothing that moves a cursor. */
static void test_progress(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = tmpfile();
	struct progress *progress = progress_new(arena, out, false);
	int first = progress_begin(progress, -1, "first"), inner, open;

	inner = progress_begin(progress, first, "inner");
	progress_note(progress, inner, "waits\033[2Jfor\nit");
	progress_set(progress, inner, PROGRESS_DONE, 1.5);
	progress_set(progress, inner, PROGRESS_FAILED, 9);
	is_int((long long)(progress_seconds(progress, inner) * 10), 15, "an end is an end");
	progress_end(progress, first, false, "why");
	open = progress_begin(progress, -1, "open");
	progress_tick(progress);
	progress_finish(progress);
	ok(progress_seconds(progress, open) >= 0, "an open step has a time");
	len = (size_t)ftell(out);
	rewind(out);
	text = arena_alloc(arena, len + 1);
	ok(fread(text, 1, len, out) == len, "it can be read");
	(void)fclose(out);
	ok(strchr(text, '\033') == NULL, "no control characters");
	ok(strstr(text, "inner: waits [2Jfor it\n") != NULL, "a note is one line");
	ok(strstr(text, "FAIL first") != NULL && strstr(text, "why") != NULL, "a failure says why");
	ok(strstr(text, "  ok   inner") != NULL, "inner steps are indented");
}

int main(void)
{
	arena = arena_new();
	test_values();
	test_rest();
	test_errors();
	test_texts();
	test_progress();
	arena_free(arena);
	return tap_done();
}
