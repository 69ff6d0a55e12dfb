/*
 * Text under construction, and small helpers for strings.
 */
#ifndef STEAD_BASE_TEXT_H
#define STEAD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Grows in its arena; `data` always ends in a NUL that `len` does not count. */
struct text {
	struct arena *arena;
	char *data;
	size_t len, capacity;
};

void text_init(struct text *text, struct arena *arena);
void text_add(struct text *text, const char *s);
void text_addn(struct text *text, const char *s, size_t len);
void text_addc(struct text *text, char c);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Edits (insert, delete, replace, swap of neighbours) that turn A into B; used for "did you mean".
 */
unsigned str_distance(const char *a, const char *b);

/* The candidate nearest to S, or NULL when none is near enough to be meant. */
const char *str_nearest(const char *s, const char *const *candidates, size_t count);

/* Strict decimal: the whole string, no sign but '-', no blanks. */
bool str_to_long(const char *s, long *ret_value);

/* True when the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing over U+10FFFF). On
 * false, *ret_offset is the first bad byte. */
bool utf8_valid(const char *s, size_t len, size_t *ret_offset);

/* Base64 (RFC 4648, with padding); the encoder's result lives in the arena. */
char *base64_encode(struct arena *arena, const void *data, size_t len);

#endif
