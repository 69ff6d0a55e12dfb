#include "diag/line.h"

#include <string.h>

#include "base/text.h"
#include "diag/diag.h"

struct range {
	uint32_t first, last;
};

/* Combining marks and joiners: no column of their own. */
static const struct range no_columns[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },   { 0x064b, 0x065f },
	{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200c, 0x200d },   { 0x20d0, 0x20ff },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0x1f3fb, 0x1f3ff }, { 0xe0100, 0xe01ef },
};

/* East Asian wide and emoji: two columns (Unicode TR 11, the ranges that matter in practice). */
static const struct range two_columns[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },   { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* Controls, and the invisible characters by which text can be made to look like other text. */
static const struct range unsafe[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c },
	{ 0x180e, 0x180e }, { 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

static bool is_in(uint32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

#define IS_IN(code, ranges) is_in((code), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

bool line_find(const struct source *source, uint32_t number, struct line *ret)
{
	const char *s = source->data, *end = s + source->len, *stop;

	if (number == 0)
		return false;
	if (source->len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	for (uint32_t n = 1; n < number; n++) {
		s = memchr(s, '\n', (size_t)(end - s));
		if (s == NULL)
			return false;
		s++;
	}
	stop = memchr(s, '\n', (size_t)(end - s));
	if (stop == NULL)
		stop = end;
	if (stop > s && stop[-1] == '\r')
		stop--;
	*ret = (struct line){ s, stop };
	return true;
}

size_t character_decode(const char *s, const char *end, struct character *ret)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;

	*ret = (struct character){ .code = 0xfffd, .columns = 1 };
	if (len > (size_t)(end - s) || !utf8_valid(s, len, NULL))
		return 1;
	ret->code = len == 1 ? u[0] : u[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++)
		ret->code = ret->code << 6 | (u[i] & 0x3f);
	ret->safe = !IS_IN(ret->code, unsafe);
	if (ret->safe && IS_IN(ret->code, no_columns))
		ret->columns = 0;
	else if (ret->safe && IS_IN(ret->code, two_columns))
		ret->columns = 2;
	return len;
}
