#include "cli/cli.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

char *cli_shell_quote(struct arena *arena, const char *s)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "@%+=:,./_-";
	struct text text;

	if (*s != '\0' && s[strspn(s, safe)] == '\0')
		return arena_strdup(arena, s);
	text_init(&text, arena);
	text_addc(&text, '\'');
	for (; *s != '\0'; s++)
		if (*s == '\'')
			text_add(&text, "'\\''");
		else
			text_addc(&text, *s);
	text_addc(&text, '\'');
	return text.data;
}
