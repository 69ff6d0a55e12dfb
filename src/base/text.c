#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum {
	FIRST_ROOM = 64,
	DISTANCE_MAX_LEN = 64, /* longer strings are not meant to be mistyped keys */
};

void text_init(struct text *text, struct arena *arena)
{
	*text = (struct text){ .arena = arena,
		               .data = arena_alloc(arena, FIRST_ROOM),
		               .capacity = FIRST_ROOM };
}

/* Makes room for EXTRA more bytes and the NUL. */
static void reserve(struct text *text, size_t extra)
{
	size_t wanted = text->capacity;
	char *moved;

	if (extra < text->capacity - text->len)
		return;
	while (wanted - text->len <= extra) {
		if (wanted > SIZE_MAX / 4)
			abort();
		wanted *= 2;
	}
	moved = arena_alloc(text->arena, wanted);
	memcpy(moved, text->data, text->len);
	text->data = moved;
	text->capacity = wanted;
}

void text_addn(struct text *text, const char *s, size_t len)
{
	reserve(text, len);
	if (len > 0)
		memcpy(text->data + text->len, s, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_add(struct text *text, const char *s)
{
	text_addn(text, s, strlen(s));
}

void text_addc(struct text *text, char c)
{
	text_addn(text, &c, 1);
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		abort();
	reserve(text, (size_t)len);
	va_start(args, format);
	(void)vsnprintf(text->data + text->len, (size_t)len + 1, format, args);
	va_end(args);
	text->len += (size_t)len;
}

bool str_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), suffix_len = strlen(suffix);

	return len >= suffix_len && memcmp(s + len - suffix_len, suffix, suffix_len) == 0;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment. Three rows are enough: a swap looks back two. */
unsigned str_distance(const char *a, const char *b)
{
	unsigned rows[3][DISTANCE_MAX_LEN + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > DISTANCE_MAX_LEN || b_len > DISTANCE_MAX_LEN)
		return str_equal(a, b) ? 0 : (unsigned)(a_len > b_len ? a_len : b_len);
	for (unsigned j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned other = a[i - 1] != b[j - 1];

			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + other);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

/* One edit in a short word, two from five letters on, three from nine: more is another word. */
static unsigned tolerance(size_t len)
{
	if (len < 3)
		return len < 2 ? 0 : 1;
	return len < 5 ? 1 : len < 9 ? 2 : 3;
}

const char *str_nearest(const char *s, const char *const *candidates, size_t count)
{
	unsigned best = tolerance(strlen(s)) + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned distance = str_distance(s, candidates[i]);

		/* Replacing every letter is no typing error, however short the word. */
		if (distance < best && distance < strlen(candidates[i])) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}

bool str_to_long(const char *s, long *ret_value)
{
	const char *digits = *s == '-' ? s + 1 : s;
	long value;

	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return false;
	errno = 0;
	value = strtol(s, NULL, 10);
	if (errno != 0)
		return false;
	*ret_value = value;
	return true;
}

/* Length of the sequence at S, 0 when it is malformed (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	size_t len;
	unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (left < len || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool utf8_valid(const char *s, size_t len, size_t *ret_offset)
{
	for (size_t i = 0; i < len;) {
		size_t sequence = utf8_sequence((const unsigned char *)s + i, len - i);

		if (sequence == 0) {
			if (ret_offset != NULL)
				*ret_offset = i;
			return false;
		}
		i += sequence;
	}
	return true;
}

char *base64_encode(struct arena *arena, const void *data, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = data;
	char *result, *out;

	result = out = arena_array(arena, len / 3 + 2, 4);
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
		                (left > 2 ? in[i + 2] : 0);

		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		*out++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? alphabet[bits & 63] : '=';
	}
	*out = '\0';
	return result;
}
