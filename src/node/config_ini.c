/* INI has no standard and no common way to quote: only what every reader takes for the same text is
 * written, everything else is refused. */
#include "node/value.h"

#include <string.h>

static bool is_name(const char *s)
{
	return *s != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                 "0123456789_.-")] == '\0';
}

static bool is_safe(const char *s)
{
	size_t len = strlen(s);

	if (len > 0 && (strchr(" \t", s[0]) != NULL || strchr(" \t", s[len - 1]) != NULL))
		return false;
	return strpbrk(s, ";#\"'`\\%$") == NULL && (len == 0 || s[0] != '[');
}

static void write_pair(struct config_writer *w, const struct config_value *item)
{
	if (item->kind == CONFIG_LIST || item->kind == CONFIG_MAP) {
		config_refuse(w, item, "INI has no lists, and sections only at the top");
	} else if (!is_name(item->key)) {
		config_refuse(w, item, "not a key that every reader of INI accepts");
	} else if (item->kind == CONFIG_NULL) {
		text_addf(w->text, "%s =\n", item->key);
	} else if (!is_safe(item->text)) {
		config_refuse(w, item, "readers of INI do not agree on how to quote this value");
	} else {
		text_addf(w->text, "%s = %s\n", item->key, item->text);
	}
}

void config_write_ini(struct config_writer *w, const struct config_value *root)
{
	for (size_t i = 0; i < root->items.count; i++) {
		if (root->items.items[i]->kind != CONFIG_MAP)
			write_pair(w, root->items.items[i]);
	}
	for (size_t i = 0; i < root->items.count; i++) {
		const struct config_value *section = root->items.items[i];

		if (section->kind != CONFIG_MAP)
			continue;
		if (!is_name(section->key)) {
			config_refuse(w, section, "not a section that every reader of INI accepts");
			continue;
		}
		text_addf(w->text, "%s[%s]\n", w->text->len > 0 ? "\n" : "", section->key);
		for (size_t n = 0; n < section->items.count; n++)
			write_pair(w, section->items.items[n]);
	}
}
