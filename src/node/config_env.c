/* Files of variables that a program reads itself ("dotenv"). The forms used are those that a POSIX
 * shell, systemd's EnvironmentFile= and the dotenv libraries understand alike. */
#include "node/value.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

static bool is_name(const char *s)
{
	return *s != '\0' && strchr("0123456789", *s) == NULL &&
	       s[strspn(s, LETTERS "0123456789")] == '\0';
}

static bool is_plain(const char *s)
{
	return s[strspn(s, LETTERS "0123456789./:@%+,-")] == '\0';
}

static void write_quoted(struct text *text, const char *s)
{
	size_t len = strlen(s);

	/* Between single quotes all is as it is, but not all agree on a backslash at the end. */
	if (strchr(s, '\'') == NULL && (len == 0 || s[len - 1] != '\\')) {
		text_addf(text, "'%s'", s);
		return;
	}
	text_addc(text, '"');
	for (; *s != '\0'; s++) {
		if (strchr("\"\\$`", *s) != NULL)
			text_addc(text, '\\');
		text_addc(text, *s);
	}
	text_addc(text, '"');
}

void config_write_env(struct config_writer *w, const struct config_value *root)
{
	for (size_t i = 0; i < root->items.count; i++) {
		const struct config_value *item = root->items.items[i];

		if (!is_name(item->key)) {
			config_refuse(w, item, "not the name of a variable");
			continue;
		}
		if (item->kind == CONFIG_LIST || item->kind == CONFIG_MAP) {
			config_refuse(w, item, "a variable holds one text");
			continue;
		}
		text_addf(w->text, "%s=", item->key);
		if (item->kind != CONFIG_NULL) {
			if (is_plain(item->text))
				text_add(w->text, item->text);
			else
				write_quoted(w->text, item->text);
		}
		text_addc(w->text, '\n');
	}
}
