#include "plan/json.h"

#include <stdlib.h>

#include "base/arena.h"

enum {
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
	json_t *again = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	char *copy;

	if (!json_equal(value, again)) {
		free(text);
		text = dump(value, flags, LONG_DIGITS);
	}
	json_decref(again);
	copy = arena_strdup(arena, text);
	free(text);
	return copy;
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
