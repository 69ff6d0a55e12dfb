#include "agent/import.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "plan/json.h"

enum { MAX_TEXT = 16 * 1024, MAX_LIST = 64 };

struct reader {
	struct agent *agent;
	struct arena *arena;
	int error;
};

static const char *refuse(struct reader *r, const char *key, const char *problem)
{
	if (r->error == 0)
		r->error = agent_fail(r->agent, -EINVAL, "the import's '%.40s' %s", key, problem);
	return "";
}

static const char *text(struct reader *r, const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	if (s == NULL || *s == '\0' || strlen(s) > MAX_TEXT)
		return refuse(r, key, "is no text");
	return arena_strdup(r->arena, s);
}

/* What stands in SQL and in programs' arguments without quotes. */
static const char *name(struct reader *r, const json_t *object, const char *key)
{
	const char *s = text(r, object, key);

	if (strlen(s) > 40 || (*s >= '0' && *s <= '9') ||
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
		return refuse(r, key, "is no plain name");
	return s;
}

static void texts(struct reader *r, const json_t *object, const char *key, struct strings *ret)
{
	const json_t *list = json_object_get(object, key);

	if (!json_is_array(list) || json_array_size(list) > MAX_LIST)
		(void)refuse(r, key, "is no list");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		*list_add(r->arena, ret) =
			s != NULL ? arena_strdup(r->arena, s) : refuse(r, key, "has no texts");
	}
}

static void run(struct reader *r, const json_t *object, struct import_run *ret)
{
	ret->process = text(r, object, "process");
	texts(r, object, "run", &ret->run);
	if (r->error == 0 && plan_process_find(r->agent->plan, ret->process) == NULL)
		(void)refuse(r, "process", "is none of this node's");
	if (r->error == 0 && ret->run.count == 0)
		(void)refuse(r, "run", "is empty");
}

static long long number(struct reader *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < -1)
		(void)refuse(r, key, "is no number");
	return json_integer_value(value);
}

static void refusals(struct reader *r, const json_t *object, struct import_spec *ret)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		struct import_refusal *refusal = list_add(r->arena, &ret->refuse);

		refusal->why = arena_strdup(r->arena, key);
		refusal->sql = json_string_value(value) != NULL
		                       ? arena_strdup(r->arena, json_string_value(value))
		                       : refuse(r, "refuse", "has no SQL");
	}
}

static enum dump_kind kind(struct reader *r, const json_t *object)
{
	const char *word = text(r, object, "kind");

	for (int i = 0; i < DUMP_KIND_COUNT; i++)
		if (str_equal(dump_kind_words[i], word) && i != DUMP_UNKNOWN &&
		    i != DUMP_COMPRESSED)
			return (enum dump_kind)i;
	(void)refuse(r, "kind", "is no format of pg_dump");
	return DUMP_UNKNOWN;
}

static void tables(struct reader *r, const json_t *database, struct import_spec *ret)
{
	texts(r, database, "counts", &ret->counts);
	for (size_t i = 0; i < ret->counts.count; i++)
		if (ret->counts.items[i][0] == '\0' ||
		    ret->counts.items[i][strspn(ret->counts.items[i],
		                                "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
			(void)refuse(r, "counts", "has a name that is none");
}

int import_spec_read(struct agent *agent, struct arena *arena, const char *json,
                     struct import_spec *ret)
{
	struct reader r = { .agent = agent, .arena = arena };
	cleanup_json json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	const json_t *database = json_object_get(root, "database"), *item;
	const json_t *media = json_object_get(root, "media");
	const json_t *clear = json_object_get(root, "clear");

	*ret = (struct import_spec){ .media_bytes = -1 };
	if (json_integer_value(json_object_get(root, "v")) != 1 || !json_is_object(database))
		return agent_fail(agent, -EINVAL, "this is no import that is known here");
	ret->process = text(&r, database, "process");
	ret->user = name(&r, database, "user");
	ret->name = name(&r, database, "name");
	ret->owner = name(&r, database, "owner");
	ret->schema = name(&r, database, "schema");
	ret->empty = text(&r, database, "empty");
	ret->version = text(&r, database, "version");
	ret->kind = kind(&r, database);
	ret->database_bytes = number(&r, database, "bytes");
	ret->fork = json_is_true(json_object_get(root, "fork"));
	run(&r, json_object_get(database, "newest"), &ret->newest);
	refusals(&r, json_object_get(database, "refuse"), ret);
	tables(&r, database, ret);
	if (media != NULL && !json_is_null(media)) {
		ret->volume = text(&r, media, "volume");
		ret->strip = json_is_null(json_object_get(media, "strip"))
		                     ? NULL
		                     : text(&r, media, "strip");
		ret->media_bytes = number(&r, media, "bytes");
	}
	for (size_t i = 0; i < json_array_size(clear) && i < MAX_LIST; i++)
		if ((item = json_array_get(clear, i)) != NULL)
			run(&r, item, list_add(arena, &ret->clear));
	return r.error;
}
