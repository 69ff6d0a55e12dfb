/*
 * The plan as rows: which JSON key goes to which field, of which kind, within which limits. One
 * table feeds writer and reader, so that they cannot differ. Private to plan.
 */
#ifndef STEAD_PLAN_FIELDS_H
#define STEAD_PLAN_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum field_kind {
	FIELD_TEXT,
	FIELD_NAME,     /* text: letters, digits, "_", ".", "-"; safe as the name of a file */
	FIELD_PATH,     /* text: absolute, no empty, "." or ".." part, no colon */
	FIELD_JSON,     /* text of a JSON object */
	FIELD_UNSIGNED, /* min..max */
	FIELD_BYTES,    /* long long, not negative */
	FIELD_BOOL,
	FIELD_WORD, /* an enum that counts from 0, by words */
	FIELD_STRINGS,
	FIELD_OBJECT,  /* a map whose fields lie in the same struct */
	FIELD_LIST,    /* list of structs */
	FIELD_IDS,     /* [uid, gid]: two unsigned, the second at the next offset */
	FIELD_PAIRS,   /* map of text to text: list of struct plan_pair */
	FIELD_EXITS,   /* map of code to word: list of struct plan_exit_rule */
	FIELD_RESTART, /* map of path to texts: list of struct plan_restart */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset; /* OBJECT: of a text that is NULL when the object is absent */
	bool optional;
	long long min, max; /* UNSIGNED */
	const char *const *words;
	const struct field *fields; /* OBJECT, LIST */
	size_t size;                /* LIST: of one struct */
	bool unique;                /* LIST: the first field, a text, differs in all */
};

extern const struct field plan_fields[]; /* all but "plan", the version */
extern const char *const plan_exit_words[];

enum {
	PLAN_MAX_ITEMS = 4096, /* of one list or map */
	PLAN_MAX_DEPTH = 32,   /* of merge values */
	PLAN_MAX_NAME = 100,
};

#endif
