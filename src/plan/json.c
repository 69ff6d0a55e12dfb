#include "plan/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/text.h"

enum {
	LINE_MAX_LEN = 100,
	SHORT_DIGITS = 15, /* always enough to keep a decimal number that was written with fewer */
	LONG_DIGITS = 17,  /* always enough to keep a double */
};

void json_cleanup(json_t **json)
{
	json_decref(*json);
	*json = NULL;
}

static char *dump(const json_t *value, size_t flags, int digits)
{
	char *text = json_dumps(value, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));

	if (text == NULL)
		abort(); /* memory: everything else was checked when VALUE was made */
	return text;
}

char *json_text(struct arena *arena, const json_t *value, size_t flags)
{
	char *text = dump(value, flags, SHORT_DIGITS);
	json_t *again = json_is_string(value)
	                        ? NULL
	                        : json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	char *copy;

	if (!json_is_string(value) && !json_equal(value, again)) {
		free(text);
		text = dump(value, flags, LONG_DIGITS);
	}
	json_decref(again);
	copy = arena_strdup(arena, text);
	free(text);
	return copy;
}

/* --- lines --- */

struct lines {
	struct arena *arena;
	struct strings items;
	size_t len;  /* of all items */
	bool broken; /* an item has lines of its own */
};

static void add_item(struct lines *lines, const char *key, const char *text)
{
	if (key != NULL)
		text = arena_printf(lines->arena, "%s:%s", key, text);
	lines->broken |= strchr(text, '\n') != NULL;
	lines->len += strlen(text) + 1;
	*list_add(lines->arena, &lines->items) = text;
}

static char *join(const struct lines *lines, char open, char close)
{
	const char *newline = lines->broken || lines->len > LINE_MAX_LEN ? "\n" : "";
	struct text text;

	text_init(&text, lines->arena);
	text_addf(&text, "%c%s", open, newline);
	for (size_t i = 0; i < lines->items.count; i++)
		text_addf(&text, "%s%s%s", lines->items.items[i],
		          i + 1 < lines->items.count ? "," : "", newline);
	text_addc(&text, close);
	return text.data;
}

char *json_lines(struct arena *arena, const json_t *value)
{
	struct lines lines = { .arena = arena };
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, item)
		{
			cleanup_json json_t *name = json_string(key);

			add_item(&lines, json_text(arena, name, 0), json_lines(arena, item));
		}
		return join(&lines, '{', '}');
	}
	if (json_is_array(value)) {
		json_array_foreach((json_t *)value, i, item)
			add_item(&lines, NULL, json_lines(arena, item));
		return join(&lines, '[', ']');
	}
	return json_text(arena, value, 0);
}

size_t json_depth(const json_t *value)
{
	size_t deepest = 0, i;
	const char *key;
	json_t *item;

	if (json_is_array(value)) {
		json_array_foreach((json_t *)value, i, item)
		{
			size_t depth = json_depth(item);

			deepest = depth > deepest ? depth : deepest;
		}
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, item)
		{
			size_t depth = json_depth(item);

			deepest = depth > deepest ? depth : deepest;
		}
	}
	return deepest + 1;
}
