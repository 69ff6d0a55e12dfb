/*
 * Files of variables (`.env`, `.env.production`) -> located list.
 *
 * What the programs that read such files agree on: comments, `export`, quotes, values of several
 * lines. What they do not agree on (`$NAME` inside a value, the same name twice) is a warning, and
 * what only some can read is an error. Nothing is ever expanded or run.
 *
 *     # comment
 *     NAME=value            # a comment behind a blank
 *     export NAME="a \"b\"\nc"      escapes: \n \r \t \" \\ \$ \`; may have several lines
 *     NAME='nothing means anything in here'
 *     NAME=one \            a backslash at the end of a line joins it to the next
 *     two
 */
#ifndef STEAD_DOTENV_DOTENV_H
#define STEAD_DOTENV_DOTENV_H

#include "base/list.h"
#include "diag/diag.h"

enum {
	DOTENV_MAX_BYTES = 1024 * 1024,
	DOTENV_MAX_VARIABLES = 2000,
	DOTENV_MAX_NAME = 128,
	DOTENV_MAX_VALUE = 64 * 1024,
};

struct dotenv_variable {
	const char *name;
	const char *value; /* NUL-terminated, no NUL inside; may be empty */
	struct span at;    /* of the name; a value may be a secret, and is never shown */
};

struct dotenv {
	LIST_OF(struct dotenv_variable); /* each name once, in the order of the file */
};

/* Values live in ARENA, which should be a secret one. SOURCE should be marked as secret. False when
 * there were errors; then RET holds what could be read. */
bool dotenv_parse(struct arena *arena, const struct source *source, struct dotenv *ret,
                  struct findings *findings);

const struct dotenv_variable *dotenv_get(const struct dotenv *dotenv, const char *name);

#endif
