/*
 * YAML text -> located tree.
 *
 * libyaml reads (events only), this file owns the policy: UTF-8 only, one document, string keys, no
 * duplicate keys, no merge keys (<<), no tags; anchors and aliases within a budget; limits on size
 * and depth. Scalars stay raw text with their style: what is a number or a truth value is decided
 * by the schema, so `no` and `1e3` hold no surprises.
 */
#ifndef STEAD_YAML_YAML_H
#define STEAD_YAML_YAML_H

#include "diag/diag.h"

enum {
	YAML_MAX_BYTES = 1024 * 1024,
	YAML_MAX_DEPTH = 32,
	YAML_MAX_NODES = 20000, /* after expanding aliases */
};

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };
enum yaml_style { YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE, YAML_LITERAL, YAML_FOLDED };

struct yaml_node;

struct yaml_pair {
	const struct yaml_node *key; /* always a scalar */
	const struct yaml_node *value;
};

struct yaml_node {
	enum yaml_kind kind;
	enum yaml_style style; /* scalars */
	struct span span;      /* a map's or list's span is its first line */
	const char *text;      /* scalars: decoded, NUL-terminated, no NUL inside */
	size_t len;
	const struct yaml_pair *pairs;        /* maps, in the order written */
	const struct yaml_node *const *items; /* lists */
	size_t count;
};

/* The tree, in the arena; NULL when there were errors. An empty document is an error. Aliases share
 * nodes, so a tree may be a DAG; it never has a cycle. */
const struct yaml_node *yaml_parse(struct arena *arena, const struct source *source,
                                   struct findings *findings);

/* The value under KEY of a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* True for an empty plain scalar, `null` and `~`. */
bool yaml_is_null(const struct yaml_node *node);

/* SOURCE read from a file within YAML_MAX_BYTES; a file that is too big, missing or unreadable
 * becomes a finding (false). The name is shown as given. */
bool yaml_read_source(struct arena *arena, const char *path, bool secret, struct source *ret_source,
                      struct findings *findings);

/* Writes a string (UTF-8) as a YAML scalar that any YAML reader reads back as the same string:
 * plain where that is safe, else double-quoted. What looks like a number, a date or a truth value
 * is quoted, so a number that is meant as one is written with text_addf(). */
struct text;
void yaml_write_scalar(struct text *text, const char *s);

#endif
