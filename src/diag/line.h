/*
 * One line of a source, character by character, for excerpts. Private to diag.
 */
#ifndef STEAD_DIAG_LINE_H
#define STEAD_DIAG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;

/* Without its line break and without a byte order mark. */
struct line {
	const char *text, *end;
};

/* False when the source has no such line. */
bool line_find(const struct source *source, uint32_t number, struct line *ret);

struct character {
	uint32_t code;    /* U+FFFD for a byte that is not UTF-8 */
	unsigned columns; /* on a terminal: 0, 1 or 2 */
	bool safe;        /* false: would move the cursor, hide text or turn its direction */
};

/* Reads the character at S (before END) and returns its length in bytes. */
size_t character_decode(const char *s, const char *end, struct character *ret);

#endif
