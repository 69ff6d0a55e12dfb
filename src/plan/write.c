#include "plan/plan.h"

#include <string.h>

#include "base/arena.h"
#include "plan/fields.h"
#include "plan/json.h"

static json_t *write_fields(const struct field *fields, const void *base);

/* Every LIST_OF has this layout. */
struct any_list {
	const char *items;
	size_t count, capacity;
};

static struct any_list list_at(const void *at)
{
	struct any_list list;

	memcpy(&list, at, sizeof(list));
	return list;
}

static const char *text_at(const void *at)
{
	const char *text;

	memcpy(&text, at, sizeof(text));
	return text;
}

static json_t *write_strings(const struct strings *strings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < strings->count; i++)
		if (json_array_append_new(array, json_string(strings->items[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *write_list(const struct field *field, struct any_list list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list.count; i++)
		if (json_array_append_new(
			    array, write_fields(field->fields, list.items + i * field->size)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *write_pairs(struct any_list list)
{
	const struct plan_pair *pairs = (const void *)list.items;
	json_t *object = json_object();

	for (size_t i = 0; i < list.count; i++)
		if (json_object_set_new(object, pairs[i].name, json_string(pairs[i].value)) < 0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *write_exits(struct any_list list)
{
	const struct plan_exit_rule *rules = (const void *)list.items;
	json_t *object = json_object();

	for (size_t i = 0; i < list.count; i++) {
		char code[16];

		(void)snprintf(code, sizeof(code), "%u", rules[i].code);
		json_object_set_new(object, code, json_string(plan_exit_words[rules[i].meaning]));
	}
	return object;
}

static json_t *write_restart(struct any_list list)
{
	const struct plan_restart *restarts = (const void *)list.items;
	json_t *object = json_object();

	for (size_t i = 0; i < list.count; i++)
		if (json_object_set_new(object, restarts[i].path,
		                        write_strings(&restarts[i].units)) < 0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *write_json(const char *text)
{
	json_t *value = text == NULL ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (value != NULL && !json_is_object(value)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

/* A field that may be left out, and has nothing to say. */
static bool is_absent(const struct field *field, const char *at)
{
	unsigned number;
	long long bytes;
	bool truth;

	if (!field->optional)
		return false;
	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_NAME:
	case FIELD_PATH:
	case FIELD_JSON:
	case FIELD_OBJECT:
		return text_at(at) == NULL;
	case FIELD_UNSIGNED:
		memcpy(&number, at, sizeof(number));
		return number == 0;
	case FIELD_BYTES:
		memcpy(&bytes, at, sizeof(bytes));
		return bytes == 0;
	case FIELD_STRINGS:
	case FIELD_LIST:
	case FIELD_PAIRS:
	case FIELD_EXITS:
	case FIELD_RESTART:
		return list_at(at).count == 0;
	case FIELD_BOOL:
		memcpy(&truth, at, sizeof(truth));
		return !truth;
	case FIELD_WORD:
	case FIELD_IDS:
		break;
	}
	return false;
}

static json_t *write_field(const struct field *field, const char *at, const void *base)
{
	unsigned numbers[2];
	long long bytes;
	bool truth;

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_NAME:
	case FIELD_PATH:
		return json_string(text_at(at));
	case FIELD_JSON:
		return write_json(text_at(at));
	case FIELD_UNSIGNED:
		memcpy(numbers, at, sizeof(numbers[0]));
		return json_integer(numbers[0]);
	case FIELD_BYTES:
		memcpy(&bytes, at, sizeof(bytes));
		return json_integer(bytes);
	case FIELD_BOOL:
		memcpy(&truth, at, sizeof(truth));
		return json_boolean(truth);
	case FIELD_WORD:
		memcpy(numbers, at, sizeof(numbers[0]));
		return json_string(field->words[numbers[0]]);
	case FIELD_STRINGS:
		return write_strings((const void *)at);
	case FIELD_OBJECT:
		return write_fields(field->fields, base);
	case FIELD_LIST:
		return write_list(field, list_at(at));
	case FIELD_IDS:
		memcpy(numbers, at, sizeof(numbers));
		return json_pack("[I,I]", (json_int_t)numbers[0], (json_int_t)numbers[1]);
	case FIELD_PAIRS:
		return write_pairs(list_at(at));
	case FIELD_EXITS:
		return write_exits(list_at(at));
	case FIELD_RESTART:
		return write_restart(list_at(at));
	}
	return NULL;
}

static json_t *write_fields(const struct field *fields, const void *base)
{
	json_t *object = json_object();

	for (const struct field *field = fields; field->key != NULL; field++) {
		const char *at = (const char *)base + field->offset;

		if (is_absent(field, at))
			continue;
		if (json_object_set_new(object, field->key, write_field(field, at, base)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

char *plan_write(struct arena *arena, const struct plan *plan)
{
	cleanup_json json_t *fields = write_fields(plan_fields, plan);
	cleanup_json json_t *whole = json_pack("{s:i}", "plan", PLAN_VERSION);

	if (fields == NULL || json_object_update(whole, fields) < 0)
		return NULL;
	return arena_printf(arena, "%s\n", json_lines(arena, whole));
}
