/*
 * The command line as data: rows of commands and options. The parser, the help texts, the manual
 * page and the shells' completions are all made from them, so they cannot disagree.
 *
 * Nothing here prints or exits; that belongs to cmd.
 */
#ifndef STEAD_CLI_CLI_H
#define STEAD_CLI_CLI_H

#include "base/list.h"

#include <stdbool.h>

struct arena;
struct cli;

enum cli_exit { CLI_OK = 0, CLI_FINDINGS = 1, CLI_USAGE = 2, CLI_ENVIRONMENT = 3 };

enum cli_type {
	CLI_FLAG,  /* --yes */
	CLI_TEXT,  /* --dir DIR; the last one counts */
	CLI_WORD,  /* one of `words` */
	CLI_COUNT, /* a number of at least 1 */
	CLI_LIST,  /* may be given several times */
};

/* What a value is, for the shells' completion. */
enum cli_complete { CLI_COMPLETE_NONE, CLI_COMPLETE_FILE, CLI_COMPLETE_DIR };

struct cli_option {
	const char *name; /* "format", without dashes */
	char letter;      /* 'o', 0: none */
	enum cli_type type;
	const char *value;        /* what help calls it: "FILE" */
	const char *doc;          /* one sentence, lower case, no full stop */
	const char *fallback;     /* when not given; shown by help; NULL: none */
	const char *const *words; /* CLI_WORD; ends with NULL */
	enum cli_complete complete;
	/* more words that may begin a value, sorted, e.g. the settings' keys with '=' */
	void (*suggest)(struct arena *arena, struct strings *ret_words);
};

struct cli_example {
	const char *command; /* "stead check --format=json" */
	const char *doc;
};

enum cli_flags {
	CLI_HIDDEN = 1 << 0, /* works, but is in no list */
	CLI_REST = 1 << 1,   /* after `--` or the first argument nothing is an option any more */
};

struct cli_command {
	const char *name;    /* "check"; "app list" is found before "app" takes arguments */
	const char *group;   /* heading in the list */
	const char *args;    /* "FILE[:LINE]"; "" for none */
	const char *summary; /* one line, lower case, no full stop */
	const char *doc;     /* paragraphs, parted by an empty line */
	/* tables, each ends with a row without name; NULL at the end */
	const struct cli_option *const *options;
	const struct cli_example *examples; /* ends with a row without command; NULL: none */
	unsigned min_args, max_args;
	unsigned flags;
	/* of the first argument, for completion and "did you mean"; NULL: any */
	const char *const *words;
	/* for completion: what arguments may be, besides others; the first one alone with CLI_REST
	 */
	void (*suggest)(struct arena *arena, struct strings *ret_words);
	enum cli_complete complete;  /* of the arguments */
	int (*run)(struct cli *cli); /* returns the exit code */
};

struct cli_program {
	const char *name, *version, *summary;
	const struct cli_command *commands;  /* ends with a row without name */
	const struct cli_option *everywhere; /* options every command has */
};

struct cli_given {
	const struct cli_option *option;
	const char *value;
};

struct cli {
	struct arena *arena;
	const struct cli_program *program;
	const struct cli_command *command; /* NULL: none was named */
	struct {
		LIST_OF(struct cli_given);
	} given;
	struct strings args;
};

/* Parses ARGV (with the program's name in front). 0, or -EINVAL with one sentence at *ret_error and
 * maybe one at *ret_hint (else NULL). With `--help` or `--version` arguments are not counted. */
int cli_parse(struct arena *arena, const struct cli_program *program, int argc,
              const char *const *argv, struct cli *ret, const char **ret_error,
              const char **ret_hint);

/* Values by name. The option must be one of the command's rows (asserted). */
bool cli_flag(const struct cli *cli, const char *name);
const char *cli_text(const struct cli *cli, const char *name); /* or the fallback, or NULL */
long cli_count(const struct cli *cli, const char *name);
void cli_list(const struct cli *cli, const char *name, struct strings *ret);

const struct cli_command *cli_command_find(const struct cli_program *program, const char *name);

/* Calls VISIT for each option of a command: its own, then those it has everywhere. */
void cli_each_option(const struct cli_program *program, const struct cli_command *command,
                     void (*visit)(void *context, const struct cli_option *option), void *context);

/* `stead --help` (COMMAND NULL) or `stead COMMAND --help`. */
char *cli_help(struct arena *arena, const struct cli_program *program,
               const struct cli_command *command);

/* The "COMMANDS" part of the manual page in scdoc's language. */
char *cli_manual(struct arena *arena, const struct cli_program *program);

/* A completion script for bash, zsh or fish; NULL for another shell. */
char *cli_completion(struct arena *arena, const struct cli_program *program, const char *shell);

/* A string for a POSIX shell: as it is where that is safe, else in single quotes. */
char *cli_shell_quote(struct arena *arena, const char *s);

#endif
