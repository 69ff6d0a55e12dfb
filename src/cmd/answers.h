/*
 * What init was told, by --set or on the terminal: settings by their dotted keys, checked by the
 * rows of stead.yaml, and written in the rows' order, whatever the order they came in.
 */
#ifndef STEAD_CMD_ANSWERS_H
#define STEAD_CMD_ANSWERS_H

#include "schema/schema.h"

struct answer {
	const char *key;       /* "machine.os", "images.snac", "snac.title" */
	struct strings values; /* one, but for lists */
	struct span at;        /* in a source that is named after the option */
	bool is_text;          /* a text: quoted where it could be read as something else */
	bool is_list;
};

struct answers {
	struct arena *arena;
	LIST_OF(struct answer);
};

/* Adds "KEY=VALUE". Only its form is checked here; false with findings cli.set. */
bool answers_add(struct answers *answers, const char *assignment, struct findings *findings);

/* Adds one that was found at AT, unless it, or one above or below it, is there already: false, also
 * after a finding. */
bool answers_take(struct answers *answers, const char *key, const char *value, struct span at,
                  struct findings *findings);

/* Adds one that was asked for and checks it at once. A wrong one is not kept. */
bool answers_set(struct answers *answers, const char *key, const char *value,
                 struct findings *findings);

/* Takes the last one back. */
void answers_drop(struct answers *answers);

/* Checks keys and values of all by the rows. A key that begins with APP belongs to the
 * application's own section and is left to the application's rows. */
bool answers_check(struct answers *answers, const char *app, struct findings *findings);

/* All keys of stead.yaml that can be given one by one. */
void answers_keys(struct arena *arena, struct strings *ret_keys);

/* The only value under KEY, or NULL. */
const char *answers_get(const struct answers *answers, const char *key);

/* True when KEY or any key below it was given. */
bool answers_has(const struct answers *answers, const char *key);

/* stead.yaml: COMMENT (lines with '#'), then the settings. */
char *answers_write(const struct answers *answers, const char *comment);

#endif
