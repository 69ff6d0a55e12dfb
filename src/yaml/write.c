#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "yaml/yaml.h"

/* What some YAML reader (1.1 or 1.2) takes for something else than text. */
static bool is_special_word(const char *s)
{
	static const char *const words[] = { "y",   "n",    "yes",   "no",  "on",
		                             "off", "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

/* Numbers, dates, times and what looks like one: 1_000, 0x1f, 1e3, 12:30, 2026-01-31. */
static bool is_like_number(const char *s)
{
	return isdigit((unsigned char)s[0]) &&
	       s[strspn(s, "0123456789abcdefABCDEFxXoO_.:+-TZ ")] == '\0';
}

static bool is_plain_character(const char *s)
{
	if (isalnum((unsigned char)*s) || strchr("_./@+-=~%", *s) != NULL)
		return true;
	if (*s == ':')
		return s[1] != '\0' && s[1] != ' ';
	return *s == ' ' && s[1] != '\0' && s[1] != ' ';
}

static bool is_plain(const char *s)
{
	if (!isalnum((unsigned char)s[0]) && s[0] != '/' && s[0] != '_')
		return false;
	if (is_special_word(s) || is_like_number(s))
		return false;
	for (; *s != '\0'; s++)
		if (!is_plain_character(s))
			return false;
	return true;
}

/* The length of a character that must be written as an escape though it is not ASCII; 0: none. */
static size_t invisible(const unsigned char *s)
{
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0xa0)
		return 2;
	if (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0x8b && s[2] <= 0xaf)
		return 3;
	if (s[0] == 0xef && ((s[1] == 0xbb && s[2] == 0xbf) || (s[1] == 0xbf && s[2] >= 0xbe)))
		return 3;
	return 0;
}

static void add_escaped(struct text *text, const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len = invisible(u);

	if (*s == '"' || *s == '\\')
		text_addf(text, "\\%c", *s);
	else if (*s == '\n')
		text_add(text, "\\n");
	else if (*s == '\t')
		text_add(text, "\\t");
	else if (*u < 0x20 || *u == 0x7f)
		text_addf(text, "\\x%02x", *u);
	else if (len == 2)
		text_addf(text, "\\u%04x", (unsigned)((u[0] & 0x1f) << 6 | (u[1] & 0x3f)));
	else if (len == 3)
		text_addf(text, "\\u%04x",
		          (unsigned)((u[0] & 0x0f) << 12 | (u[1] & 0x3f) << 6 | (u[2] & 0x3f)));
	else
		text_addc(text, *s);
}

void yaml_write_scalar(struct text *text, const char *s)
{
	if (is_plain(s)) {
		text_add(text, s);
		return;
	}
	text_addc(text, '"');
	while (*s != '\0') {
		size_t len = invisible((const unsigned char *)s);

		add_escaped(text, s);
		s += len > 0 ? len : 1;
	}
	text_addc(text, '"');
}
