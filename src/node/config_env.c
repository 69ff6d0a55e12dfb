/* Files of variables that a program reads itself ("dotenv"). The forms used are those that a POSIX
 * shell, systemd's EnvironmentFile= and Ruby's dotenv understand alike. JavaScript's dotenv knows
 * no escapes, but a third kind of quote. */
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

static bool write_escaped(struct text *text, const char *s)
{
	write_quoted(text, s);
	return true;
}

/* Between double quotes it makes a line break of \n. False: there is no way to write it. */
static bool write_unescaped(struct text *text, const char *s)
{
	static const char quotes[] = "'`\"";

	for (const char *quote = quotes; *quote != '\0'; quote++) {
		if (strchr(s, *quote) != NULL || (*quote == '"' && strchr(s, '\\') != NULL))
			continue;
		text_addf(text, "%c%s%c", *quote, s, *quote);
		return true;
	}
	return false;
}

static void write_variables(struct config_writer *w, const struct config_value *root,
                            bool (*write)(struct text *text, const char *s))
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
			else if (!write(w->text, item->text))
				config_refuse(w, item, "it has all kinds of quotes");
		}
		text_addc(w->text, '\n');
	}
}

void config_write_env(struct config_writer *w, const struct config_value *root)
{
	write_variables(w, root, write_escaped);
}

void config_write_env_js(struct config_writer *w, const struct config_value *root)
{
	write_variables(w, root, write_unescaped);
}
