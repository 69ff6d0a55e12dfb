#include "yaml/scan.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "diag/diag.h"
#include "yaml/yaml.h"

static const char bom[] = "\xef\xbb\xbf";

static size_t skip_bom(const struct source *source)
{
	return source->len >= 3 && memcmp(source->data, bom, 3) == 0 ? 3 : 0;
}

static void collect_lines(struct arena *arena, const struct source *source,
                          struct scan_lines *ret_lines)
{
	size_t count = 1;

	for (size_t i = 0; i < source->len; i++)
		count += source->data[i] == '\n';
	ret_lines->starts = arena_array(arena, count, sizeof(*ret_lines->starts));
	ret_lines->starts[0] = (uint32_t)skip_bom(source);
	ret_lines->count = 1;
	for (size_t i = 0; i < source->len; i++)
		if (source->data[i] == '\n')
			ret_lines->starts[ret_lines->count++] = (uint32_t)(i + 1);
}

/* The place of the byte at OFFSET; everything before it is UTF-8. */
static struct span place_of(const struct source *source, const struct scan_lines *lines,
                            size_t offset)
{
	uint32_t line = 1, col = 1;

	while (line < lines->count && lines->starts[line] <= offset)
		line++;
	for (size_t i = lines->starts[line - 1]; i < offset; i++)
		col += (source->data[i] & 0xc0) != 0x80;
	return (struct span){ source, line, col, col + 1 };
}

static const char *encoding_hint(const struct source *source)
{
	static const char *const hints[] = {
		"save the file as UTF-8",
		"this looks like UTF-16: save the file as UTF-8",
	};
	bool utf16 = source->len >= 2 && (memcmp(source->data, "\xff\xfe", 2) == 0 ||
	                                  memcmp(source->data, "\xfe\xff", 2) == 0);

	return hints[utf16];
}

/* The code point of well-formed UTF-8 at S. */
static uint32_t decode(const unsigned char *s)
{
	if (s[0] < 0x80)
		return s[0];
	if (s[0] < 0xe0)
		return (uint32_t)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
	if (s[0] < 0xf0)
		return (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
	return 0x10000; /* none of those is refused, so which one does not matter */
}

/* What is refused: what YAML calls not printable (1.2.2, section 5.1), and the line breaks of YAML
 * 1.1 that no editor shows as such: U+0085, U+2028, U+2029 and a lone carriage return. */
static bool is_refused(const unsigned char *s, size_t left)
{
	uint32_t c = decode(s);

	if (c == '\r')
		return left < 2 || s[1] != '\n';
	if (c < 0x20)
		return c != '\n' && c != '\t';
	return (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

static bool check_characters(const struct source *source, const struct scan_lines *lines,
                             struct findings *findings)
{
	const unsigned char *data = (const unsigned char *)source->data;

	for (size_t i = skip_bom(source); i < source->len; i++) {
		bool starts_character = (data[i] & 0xc0) != 0x80;

		if (!starts_character || !is_refused(data + i, source->len - i))
			continue;
		if (data[i] == '\0')
			diag_error(findings, "yaml.control", place_of(source, lines, i),
			           encoding_hint(source), "the file contains a NUL byte");
		else
			diag_error(
				findings, "yaml.control", place_of(source, lines, i),
				"remove it, or write it as an escape in double quotes: \"\\u....\"",
				"control character U+%04X is not allowed", decode(data + i));
		return false;
	}
	return true;
}

bool scan_text(struct arena *arena, const struct source *source, struct scan_lines *ret_lines,
               struct findings *findings)
{
	size_t bad;

	if (source->len > YAML_MAX_BYTES) {
		diag_error(findings, "yaml.size", (struct span){ source, 0, 0, 0 }, NULL,
		           "the file is bigger than %d bytes", YAML_MAX_BYTES);
		return false;
	}
	collect_lines(arena, source, ret_lines);
	if (!utf8_valid(source->data, source->len, &bad)) {
		diag_error(findings, "yaml.utf8", place_of(source, ret_lines, bad),
		           encoding_hint(source), "byte 0x%02x is not UTF-8",
		           (unsigned char)source->data[bad]);
		return false;
	}
	return check_characters(source, ret_lines, findings);
}
