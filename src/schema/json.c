/*
 * Source of the words: JSON Schema, draft 7 (json-schema.org/draft-07). Editors read YAML by its
 * core schema, so a text that looks like a number arrives as one: where stead takes a text, numbers
 * and truth values are fine too.
 */
#include "schema/json.h"

#include <stdlib.h>
#include <string.h>

#include "schema/internal.h"

static json_t *need(json_t *value)
{
	if (value == NULL)
		abort();
	return value;
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, need(value)) < 0)
		abort();
}

static void append(json_t *list, json_t *value)
{
	if (json_array_append_new(list, need(value)) < 0)
		abort();
}

static json_t *of_type(const char *type)
{
	json_t *schema = need(json_object());

	set(schema, "type", json_string(type));
	return schema;
}

static json_t *with_pattern(const char *pattern)
{
	json_t *schema = of_type("string");

	set(schema, "pattern", json_string(pattern));
	return schema;
}

/* A text of that form, or a number: a plain 0, or what an editor makes of 0644. */
static json_t *pattern_or_number(const char *pattern, long max)
{
	json_t *schema = need(json_object()), *both = need(json_array()), *number;

	append(both, with_pattern(pattern));
	number = of_type("integer");
	set(number, "minimum", json_integer(0));
	set(number, "maximum", json_integer(max));
	append(both, number);
	set(schema, "anyOf", both);
	return schema;
}

static json_t *any_scalar(void)
{
	json_t *schema = need(json_object()), *types = need(json_array());

	append(types, json_string("string"));
	append(types, json_string("number"));
	append(types, json_string("boolean"));
	set(schema, "type", types);
	return schema;
}

static json_t *one_of(const char *const *words)
{
	json_t *schema = need(json_object()), *list = need(json_array());

	for (size_t i = 0; words[i] != NULL; i++)
		append(list, json_string(words[i]));
	set(schema, "enum", list);
	return schema;
}

static json_t *integer(const struct schema_row *row)
{
	json_t *schema = of_type("integer");
	bool port = row->type == SCHEMA_PORT;

	if (port || row->min != 0 || row->max != 0)
		set(schema, "minimum", json_integer(port ? 1 : row->min));
	if (port || row->max > row->min)
		set(schema, "maximum", json_integer(port ? 65535 : row->max));
	return schema;
}

static json_t *domain(void)
{
	json_t *schema = with_pattern("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+"
	                              "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$");
	json_t *address = need(json_object());

	set(address, "pattern", json_string("\\.[0-9]+$"));
	set(schema, "not", address);
	set(schema, "maxLength", json_integer(253));
	return schema;
}

static json_t *scalar(const struct schema_row *row)
{
	switch (row->type) {
	case SCHEMA_WORD:
		return one_of(row->words);
	case SCHEMA_INT:
	case SCHEMA_PORT:
		return integer(row);
	case SCHEMA_BOOL:
		return of_type("boolean");
	case SCHEMA_SIZE:
		return pattern_or_number("^([0-9]+[kKmMgGtT]|0)$", 0);
	case SCHEMA_DURATION:
		return pattern_or_number("^([0-9]+[smhd]|0)$", 0);
	case SCHEMA_MODE:
		return pattern_or_number("^0[0-7]{3,4}$", 7777);
	case SCHEMA_DOMAIN:
		return domain();
	case SCHEMA_EMAIL:
		return with_pattern("^[^@\\s]{1,64}@[^@\\s]+\\.[^@\\s]+$");
	case SCHEMA_PATH:
		return with_pattern("^/");
	case SCHEMA_NAME:
		return with_pattern("^[a-z][a-z0-9-]{0,39}$");
	case SCHEMA_ENV_NAME:
		return with_pattern("^[A-Za-z_][A-Za-z0-9_]*$");
	default:
		return any_scalar();
	}
}

static json_t *item_of(const struct schema_row *row)
{
	struct schema_row item = *row;

	item.type = row->item;
	return scalar(&item);
}

static bool any_needed(const struct schema_row *rows)
{
	for (; rows->key != NULL; rows++)
		if (rows->flags & SCHEMA_NEEDED)
			return true;
	return false;
}

/* SCHEMA or null. */
static json_t *or_null(json_t *schema)
{
	json_t *outer = need(json_object()), *both = need(json_array());

	append(both, schema);
	append(both, of_type("null"));
	set(outer, "anyOf", both);
	return outer;
}

static json_t *named(const struct schema_row *row)
{
	json_t *schema = of_type("object"), *element = schema_json(row->rows);

	if (row->item != SCHEMA_TEXT)
		set(schema, "propertyNames", item_of(row));
	set(schema, "additionalProperties", any_needed(row->rows) ? element : or_null(element));
	return schema;
}

static json_t *pairs(const struct schema_row *row)
{
	json_t *schema = of_type("object"), *item = item_of(row);

	set(schema, "additionalProperties", row->flags & SCHEMA_NULL_OMITS ? or_null(item) : item);
	return schema;
}

static json_t *list(json_t *items)
{
	json_t *schema = of_type("array");

	set(schema, "items", items);
	return schema;
}

/* Without the bare words that may stand in its place. */
static json_t *structure(const struct schema_row *row)
{
	switch (row->type) {
	case SCHEMA_LIST:
		return list(item_of(row));
	case SCHEMA_PAIRS:
		return pairs(row);
	case SCHEMA_MAP:
		return schema_json(row->rows);
	case SCHEMA_MAPS:
		return list(schema_json(row->rows));
	case SCHEMA_NAMED:
		return named(row);
	default:
		return need(json_object()); /* SCHEMA_TREE: anything */
	}
}

static json_t *or_word(const struct schema_row *row, json_t *schema)
{
	json_t *outer = need(json_object()), *both = need(json_array());

	append(both, row->flags & SCHEMA_ALLOW_WORD_ANY ? any_scalar() : one_of(row->words));
	append(both, schema);
	set(outer, "anyOf", both);
	return outer;
}

static void add_default(json_t *schema, const struct schema_row *row)
{
	const char *s = row->fallback;

	if (s == NULL || s[0] == '[' || s[0] == '{' || strchr(s, '$') != NULL)
		return;
	if (row->type == SCHEMA_INT || row->type == SCHEMA_PORT)
		set(schema, "default", json_integer(strtol(s, NULL, 10)));
	else if (row->type == SCHEMA_BOOL)
		set(schema, "default", json_boolean(strcmp(s, "true") == 0));
	else
		set(schema, "default", json_string(s));
}

static json_t *property(const struct schema_row *row)
{
	json_t *schema = schema_is_scalar(row->type) ? scalar(row) : structure(row);

	if (!schema_is_scalar(row->type) && row->words != NULL)
		schema = or_word(row, schema);
	/* A key with nothing behind it is as good as not written. */
	if (!(row->flags & SCHEMA_NEEDED) && row->type != SCHEMA_TREE)
		schema = or_null(schema);
	if (row->doc != NULL)
		set(schema, "description",
		    row->flags & SCHEMA_LATER ? json_sprintf("%s (no effect yet)", row->doc)
		                              : json_string(row->doc));
	add_default(schema, row);
	return schema;
}

json_t *schema_json(const struct schema_row *rows)
{
	json_t *schema = of_type("object"), *properties = need(json_object()),
	       *required = need(json_array());

	for (; rows->key != NULL; rows++) {
		set(properties, rows->key, property(rows));
		if (rows->flags & SCHEMA_NEEDED)
			append(required, json_string(rows->key));
	}
	set(schema, "properties", properties);
	set(schema, "required", required);
	set(schema, "additionalProperties", json_false());
	return schema;
}
