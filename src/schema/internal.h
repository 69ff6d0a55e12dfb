/*
 * What the files of schema share.
 */
#ifndef STEAD_SCHEMA_INTERNAL_H
#define STEAD_SCHEMA_INTERNAL_H

#include "schema/schema.h"

struct decoder {
	struct arena *arena;
	struct findings *findings;
	const char *area;
	bool is_default; /* decoding a row's fallback: values get no place */
};

/* Where the value of NODE at PATH was written; nowhere for a default, which is then known by its
 * key. */
struct span decoder_place(const struct decoder *decoder, const char *path,
                          const struct yaml_node *node);

/* The one message for a value that does not fit: "expected WHAT for 'PATH', got ...". RULE is
 * "type" or "value". */
void decoder_mismatch(const struct decoder *decoder, const char *rule, const char *path,
                      const struct schema_row *row, const struct yaml_node *node, const char *hint);

/* A scalar of a scalar type into its value_text, value_int or value_bool. */
bool decode_scalar(const struct decoder *decoder, const char *path, const struct schema_row *row,
                   const struct yaml_node *node, void *ret_field);

/* True for the types that one scalar can hold. */
bool schema_is_scalar(enum schema_type type);

/* "did you mean 'x'?" or NULL. */
const char *hint_nearest(struct arena *arena, const char *s, const char *const *words);

bool parse_size(const char *s, long *ret_bytes, const char **ret_hint);
bool parse_duration(const char *s, long *ret_s, const char **ret_hint);
bool parse_mode(const char *s, long *ret_mode, const char **ret_hint);

#endif
