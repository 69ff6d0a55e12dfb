#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <string.h>

static bool plain(const char *s)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_./:@=,+-";

	return s[0] != '\0' && s[strspn(s, safe)] == '\0';
}

const char *host_quote(struct arena *arena, const char *s)
{
	struct text text;

	if (plain(s))
		return arena_strdup(arena, s);
	text_init(&text, arena);
	text_addc(&text, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			text_addf(&text, "\\%c", c);
		else if (c == '%' || c == '$')
			text_addf(&text, "%c%c", c, c);
		else if (c == '\t')
			text_add(&text, "\\t");
		else if (c < 0x20 || c == 0x7f)
			text_addf(&text, "\\x%02x", c);
		else
			text_addc(&text, (char)c); /* \x for UTF-8 would be read as Latin-1 */
	}
	text_addc(&text, '"');
	return text.data;
}
