/*
 * Rows describing keys. One table feeds decoding, "did you mean", init's --set, the reference page,
 * JSON Schema and completion.
 *
 * A row says where in a struct its value goes. Every decoded value remembers where it was written
 * (or, for a default, which key it is the default of), because outputs carry origins.
 */
#ifndef STEAD_SCHEMA_SCHEMA_H
#define STEAD_SCHEMA_SCHEMA_H

#include "base/list.h"
#include "diag/diag.h"
#include "yaml/yaml.h"

/* Decoded values. `at.source` is NULL for a default. */
struct value_text {
	const char *v; /* NULL: not given and no default */
	struct span at;
};
struct value_int {
	long v;
	bool given; /* or defaulted: false only without both */
	struct span at;
};
struct value_bool {
	bool v;
	bool given;
	struct span at;
};
struct value_list {
	LIST_OF(struct value_text);
	struct span at;
};
struct value_pair {
	const char *key;
	struct span key_at;
	struct value_text value;
};
struct value_pairs { /* `env: {A: b}`, in the order written */
	LIST_OF(struct value_pair);
	struct span at;
};
struct value_tree { /* a part decoded later, by someone who knows its rows */
	const struct yaml_node *node;
	struct span at;
};

enum schema_type {
	SCHEMA_TEXT,     /* value_text */
	SCHEMA_WORD,     /* value_text, one of row.words */
	SCHEMA_INT,      /* value_int within row.min..row.max */
	SCHEMA_BOOL,     /* value_bool: true | false, nothing else */
	SCHEMA_PORT,     /* value_int 1..65535 */
	SCHEMA_SIZE,     /* value_int in bytes: 512m, 4g, 1t (powers of 1024) */
	SCHEMA_DURATION, /* value_int in seconds: 30s, 5m, 12h, 14d */
	SCHEMA_MODE,     /* value_int: file mode, written in octal like 0644 */
	SCHEMA_DOMAIN, /* value_text: host name by RFC 1123 with at least one dot, lower case ASCII
	                  (punycode) */
	SCHEMA_EMAIL,  /* value_text: something@domain, one @, no blanks */
	SCHEMA_PATH,   /* value_text: absolute, no "." or ".." parts, no double slash */
	SCHEMA_NAME,   /* value_text: [a-z][a-z0-9-]*, at most 40 */
	SCHEMA_ENV_NAME, /* value_text: [A-Za-z_][A-Za-z0-9_]* */
	SCHEMA_LIST,     /* value_list of texts (row.item: the type each must have) */
	SCHEMA_PAIRS,    /* value_pairs: any keys (row.item: type of each value) */
	SCHEMA_MAP,   /* struct by row.rows; with row.words a bare word is allowed in its place, and
	                 the struct must begin with a `struct value_text word` */
	SCHEMA_MAPS,  /* list of maps: row.rows, row.size; field is a `struct schema_array` */
	SCHEMA_NAMED, /* map of NAME: map; like MAPS, elements must begin with a `struct value_text
	                 name` (row.item: the type each name must have; TEXT, the default: any) */
	SCHEMA_TREE,  /* value_tree, not looked into */
};

struct schema_array {
	void *items;
	size_t count;
	struct span at;
	const char *word; /* the bare word, where row.words allows one instead */
};

enum schema_flags {
	SCHEMA_NEEDED = 1 << 0, /* must be written */
	SCHEMA_LATER = 1 << 1,  /* understood, but has no effect in this version: a note says so */
	SCHEMA_ALLOW_WORD_ANY = 1 << 2, /* MAP with words: any other scalar goes to `word` too */
	SCHEMA_NULL_OMITS = 1 << 3,     /* PAIRS: `KEY: null` is the same as not writing it */
};

struct schema_row {
	const char *key;
	enum schema_type type;
	size_t offset;        /* of the field in its struct */
	const char *fallback; /* default, as it would be written; NULL: none */
	const char *doc;      /* one sentence for the reference page, no full stop needed */
	const char *since;    /* "0.1" */
	unsigned flags;
	enum schema_type item;         /* LIST, PAIRS */
	const char *const *words;      /* NULL-terminated */
	const struct schema_row *rows; /* MAP, MAPS, NAMED; ends with a row whose key is NULL */
	size_t size;                   /* MAPS, NAMED: of one element */
	long min, max; /* INT, SIZE, DURATION; both 0: no limit but the type's; max below
	                  min: no upper limit */
};

/* Decodes MAP into the struct at RET by ROWS; unknown keys, wrong types and missing needed keys
 * become findings with code "AREA.key" style codes: "AREA.unknown-key", "AREA.type",
 * "AREA.missing", "AREA.value". AREA is e.g. "settings" or "app". PATH is the dotted place of the
 * map for messages ("machine.firewall"; "" at the top). Returns false when it added an error.
 * Defaults are filled in also when MAP is NULL; needed keys are then missing without a place.
 * A key written with null is as good as not written. */
bool schema_decode(struct arena *arena, const char *area, const char *path,
                   const struct schema_row *rows, const struct yaml_node *map, void *ret,
                   struct findings *findings);

/* The row under a dotted key ("machine.firewall.lan"), or NULL. Below a NAMED row stands any name
 * ("processes.web.image"), below a MAPS row nothing or "[...]" ("machine.network[].address"). */
const struct schema_row *schema_find(const struct schema_row *rows, const char *dotted_key);

/* Decodes one scalar of a type, as schema_decode would; used for --set and by filters. The field's
 * struct is chosen by the row's type. */
bool schema_decode_value(struct arena *arena, const char *area, const char *path,
                         const struct schema_row *row, const struct yaml_node *node,
                         void *ret_field, struct findings *findings);

/* Walks all rows depth first, for help and completion. Elements appear as "processes.NAME.image"
 * and "machine.network[].address". */
void schema_walk(const struct schema_row *rows,
                 void (*visit)(void *context, const char *dotted_key, const struct schema_row *row),
                 void *context);

const char *schema_type_name(enum schema_type type);

/* Whether S is of a TYPE that a value_text holds; when not, why, or NULL, in *ret_hint (ARENA). */
bool schema_text_fits(struct arena *arena, enum schema_type type, const char *s,
                      const char **ret_hint);

/* --- names of other scripts (schema/idn.c, IDNA 2008 and UTS 46) --- */

/* "bücher.example" as DNS knows it, "xn--bcher-kva.example"; NULL when it cannot be one. */
char *domain_to_ascii(struct arena *arena, const char *unicode);

/* "xn--bcher-kva.example" as people read it; a name without such labels is returned as it is. NULL
 * when a label does not stand for any text, or for one that is written another way. */
char *domain_to_unicode(struct arena *arena, const char *ascii);

#endif
