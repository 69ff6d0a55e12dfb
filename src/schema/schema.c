#include "schema/schema.h"

#include <string.h>

#include "base/arena.h"

const char *schema_type_name(enum schema_type type)
{
	static const char *const names[] = {
		[SCHEMA_TEXT] = "text",
		[SCHEMA_WORD] = "word",
		[SCHEMA_INT] = "number",
		[SCHEMA_BOOL] = "true or false",
		[SCHEMA_PORT] = "port",
		[SCHEMA_SIZE] = "size",
		[SCHEMA_DURATION] = "duration",
		[SCHEMA_MODE] = "file mode",
		[SCHEMA_DOMAIN] = "host name",
		[SCHEMA_EMAIL] = "mail address",
		[SCHEMA_PATH] = "path",
		[SCHEMA_NAME] = "name",
		[SCHEMA_ENV_NAME] = "variable name",
		[SCHEMA_LIST] = "list",
		[SCHEMA_PAIRS] = "names and values",
		[SCHEMA_MAP] = "map",
		[SCHEMA_MAPS] = "list of maps",
		[SCHEMA_NAMED] = "named maps",
		[SCHEMA_TREE] = "tree",
	};

	return names[type];
}

static bool has_rows(const struct schema_row *row)
{
	return (row->type == SCHEMA_MAP || row->type == SCHEMA_MAPS || row->type == SCHEMA_NAMED) &&
	       row->rows != NULL;
}

const struct schema_row *schema_find(const struct schema_row *rows, const char *dotted_key)
{
	while (rows != NULL && rows->key != NULL) {
		size_t part = strcspn(dotted_key, "."), key = strcspn(dotted_key, ".[");
		const char *rest = dotted_key + part;

		if (strlen(rows->key) != key || memcmp(rows->key, dotted_key, key) != 0 ||
		    (key < part && rows->type != SCHEMA_MAPS)) {
			rows++;
			continue;
		}
		if (*rest == '\0')
			return rows;
		if (!has_rows(rows))
			return NULL;
		rest++;
		if (rows->type == SCHEMA_NAMED) {
			rest += strcspn(rest, ".");
			if (*rest == '\0')
				return NULL; /* one element has no row of its own */
			rest++;
		}
		dotted_key = rest;
		rows = rows->rows;
	}
	return NULL;
}

static void walk(struct arena *arena, const struct schema_row *rows, const char *prefix,
                 void (*visit)(void *context, const char *dotted_key, const struct schema_row *row),
                 void *context)
{
	for (; rows->key != NULL; rows++) {
		char *key = arena_printf(arena, "%s%s", prefix, rows->key);
		const char *below = rows->type == SCHEMA_MAPS    ? "[]."
		                    : rows->type == SCHEMA_NAMED ? ".NAME."
		                                                 : ".";

		visit(context, key, rows);
		if (has_rows(rows))
			walk(arena, rows->rows, arena_printf(arena, "%s%s", key, below), visit,
			     context);
	}
}

void schema_walk(const struct schema_row *rows,
                 void (*visit)(void *context, const char *dotted_key, const struct schema_row *row),
                 void *context)
{
	cleanup_arena struct arena *arena = arena_new();

	walk(arena, rows, "", visit, context);
}
