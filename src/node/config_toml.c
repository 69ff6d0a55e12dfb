/* TOML 1.0. Plain values come first in each table, because a key after a [header] belongs to it. */
#include "node/value.h"

#include <string.h>

#include "base/arena.h"

static void write_key(struct text *text, const char *key)
{
	if (key[0] != '\0' && key[strspn(key, "abcdefghijklmnopqrstuvwxyz"
	                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0')
		text_add(text, key);
	else
		config_quote(text, key);
}

static void write_inline(struct config_writer *w, const struct config_value *value)
{
	bool map = value->kind == CONFIG_MAP;

	if (value->kind == CONFIG_NULL) {
		config_refuse(w, value, "TOML has no null");
		return;
	}
	if (value->kind == CONFIG_TEXT) {
		config_quote(w->text, value->text);
		return;
	}
	if (value->kind == CONFIG_TRUTH || value->kind == CONFIG_NUMBER) {
		text_add(w->text, value->text);
		return;
	}
	text_add(w->text, map ? "{" : "[");
	for (size_t i = 0; i < value->items.count; i++) {
		text_add(w->text, i > 0 ? ", " : map ? " " : "");
		if (map) {
			write_key(w->text, value->items.items[i]->key);
			text_add(w->text, " = ");
		}
		write_inline(w, value->items.items[i]);
	}
	text_add(w->text, map && value->items.count > 0 ? " }" : map ? "}" : "]");
}

/* NAME is the table's dotted name, empty at the top. */
static void write_table(struct config_writer *w, const struct config_value *table, const char *name)
{
	for (size_t i = 0; i < table->items.count; i++) {
		const struct config_value *item = table->items.items[i];

		if (item->kind == CONFIG_MAP)
			continue;
		write_key(w->text, item->key);
		text_add(w->text, " = ");
		write_inline(w, item);
		text_addc(w->text, '\n');
	}
	for (size_t i = 0; i < table->items.count; i++) {
		const struct config_value *item = table->items.items[i];
		struct text path;

		if (item->kind != CONFIG_MAP)
			continue;
		text_init(&path, w->text->arena);
		text_add(&path, name);
		if (*name != '\0')
			text_addc(&path, '.');
		write_key(&path, item->key);
		text_addf(w->text, "%s[%s]\n", w->text->len > 0 ? "\n" : "", path.data);
		write_table(w, item, path.data);
	}
}

void config_write_toml(struct config_writer *w, const struct config_value *root)
{
	write_table(w, root, "");
}
