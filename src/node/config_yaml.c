/* YAML 1.1 and 1.2 alike: every text is double-quoted, so nothing is ever taken for a truth value,
 * a number or a date. */
#include "node/value.h"

#include <string.h>

static void write_value(struct text *text, const struct config_value *value, int depth);

static void indent(struct text *text, int depth)
{
	for (int i = 0; i < depth; i++)
		text_add(text, "  ");
}

/* Plain keys for reading; words that YAML 1.1 takes for truth values are not plain. */
static void write_key(struct text *text, const char *key)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on",
		                             "off",  "null",  "y",   "n" };
	bool plain = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") > 0 &&
	             key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	                             "0123456789")] == '\0';

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		plain &= strcasecmp(key, words[i]) != 0;
	if (plain)
		text_add(text, key);
	else
		config_quote(text, key);
	text_addc(text, ':');
}

static void write_items(struct text *text, const struct config_value *value, int depth)
{
	for (size_t i = 0; i < value->items.count; i++) {
		indent(text, depth);
		if (value->kind == CONFIG_MAP)
			write_key(text, value->items.items[i]->key);
		else
			text_addc(text, '-');
		write_value(text, value->items.items[i], depth + 1);
	}
}

static void write_value(struct text *text, const struct config_value *value, int depth)
{
	switch (value->kind) {
	case CONFIG_NULL:
		text_add(text, " null\n");
		return;
	case CONFIG_TEXT:
		text_addc(text, ' ');
		config_quote(text, value->text);
		text_addc(text, '\n');
		return;
	case CONFIG_TRUTH:
	case CONFIG_NUMBER:
		text_addf(text, " %s\n", value->text);
		return;
	case CONFIG_LIST:
	case CONFIG_MAP:
		break;
	}
	if (value->items.count == 0) {
		text_add(text, value->kind == CONFIG_MAP ? " {}\n" : " []\n");
		return;
	}
	text_addc(text, '\n');
	write_items(text, value, depth);
}

void config_write_yaml(struct config_writer *w, const struct config_value *root)
{
	if (root->items.count == 0)
		text_add(w->text, "{}\n");
	else
		write_items(w->text, root, 0);
}
