/* JSON (RFC 8259): for files, with a line for each value; canonical, on one line. */
#include "node/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static int compare_keys(const void *left, const void *right)
{
	const struct config_value *a = *(struct config_value *const *)left;
	const struct config_value *b = *(struct config_value *const *)right;

	return strcmp(a->key, b->key);
}

static void new_line(struct text *text, int depth)
{
	if (depth < 0)
		return;
	text_addc(text, '\n');
	for (int i = 0; i < depth; i++)
		text_add(text, "  ");
}

/* DEPTH -1: on one line, keys sorted. */
static void write_value(struct text *text, const struct config_value *value, int depth)
{
	bool map = value->kind == CONFIG_MAP, canonical = depth < 0;
	struct config_value **items = value->items.items;

	if (value->kind == CONFIG_NULL) {
		text_add(text, "null");
		return;
	}
	if (value->kind == CONFIG_TEXT) {
		config_quote(text, value->text);
		return;
	}
	if (value->kind == CONFIG_TRUTH || value->kind == CONFIG_NUMBER) {
		text_add(text, value->text);
		return;
	}
	if (canonical && map && value->items.count > 1) {
		items = arena_memdup(text->arena, items, value->items.count * sizeof(*items));
		qsort(items, value->items.count, sizeof(*items), compare_keys);
	}
	text_addc(text, map ? '{' : '[');
	for (size_t i = 0; i < value->items.count; i++) {
		if (i > 0)
			text_addc(text, ',');
		new_line(text, canonical ? -1 : depth + 1);
		if (map) {
			config_quote(text, items[i]->key);
			text_add(text, canonical ? ":" : ": ");
		}
		write_value(text, items[i], canonical ? -1 : depth + 1);
	}
	if (value->items.count > 0)
		new_line(text, depth);
	text_addc(text, map ? '}' : ']');
}

void config_write_json(struct config_writer *w, const struct config_value *root)
{
	write_value(w->text, root, 0);
	text_addc(w->text, '\n');
}

void config_write_canonical_json(struct text *text, const struct config_value *value)
{
	write_value(text, value, -1);
}
