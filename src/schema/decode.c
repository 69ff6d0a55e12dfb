/* Maps, lists and defaults. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/internal.h"

/* Where a map is, and what a finding about something missing in it may say. */
struct place {
	const char *path;
	struct span span;
	bool report_missing; /* false: the map itself is absent, its needed keys are no news */
};

static bool decode_map(const struct decoder *decoder, const struct place *place,
                       const struct schema_row *rows, const struct yaml_node *map, void *ret);
static bool decode_value(const struct decoder *decoder, const char *path,
                         const struct schema_row *row, const struct yaml_node *node,
                         void *ret_field);

static const char *join(struct arena *arena, const char *path, const char *key)
{
	return *path == '\0' ? key : arena_printf(arena, "%s.%s", path, key);
}

static const char *code(const struct decoder *decoder, const char *rule)
{
	return arena_printf(decoder->arena, "%s.%s", decoder->area, rule);
}

static const struct schema_row *find_row(const struct schema_row *rows, const char *key, size_t len)
{
	for (; rows->key != NULL; rows++)
		if (strlen(rows->key) == len && memcmp(rows->key, key, len) == 0)
			return rows;
	return NULL;
}

/* -- maps -- */

static const char *unknown_key_hint(struct arena *arena, const struct schema_row *rows,
                                    const char *key)
{
	enum { LISTED = 12 };
	struct strings keys = { 0 };
	const char *hint;
	struct text out;

	for (; rows->key != NULL; rows++)
		*list_add(arena, &keys) = rows->key;
	*list_add(arena, &keys) = NULL;
	hint = hint_nearest(arena, key, keys.items);
	if (hint != NULL || keys.count > LISTED + 1 || keys.count == 1)
		return hint;
	text_init(&out, arena);
	text_add(&out, "known here: ");
	for (size_t i = 0; i + 1 < keys.count; i++)
		text_addf(&out, "%s%s", i > 0 ? ", " : "", keys.items[i]);
	return out.data;
}

static void report_unknown_keys(const struct decoder *decoder, const struct place *place,
                                const struct schema_row *rows, const struct yaml_node *map)
{
	bool top = *place->path == '\0';

	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->pairs[i].key;
		bool secret = key->span.source != NULL && key->span.source->secret;

		if (find_row(rows, key->text, key->len) != NULL)
			continue;
		diag_error(decoder->findings, code(decoder, "unknown-key"), key->span,
		           unknown_key_hint(decoder->arena, rows, key->text),
		           "unknown key '%s'%s%s%s", secret ? "(not shown)" : key->text,
		           top ? "" : " in '", place->path, top ? "" : "'");
	}
}

/* The pair of a row's key, or NULL. */
static const struct yaml_pair *find_pair(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && i < map->count; i++)
		if (str_equal(map->pairs[i].key->text, key))
			return &map->pairs[i];
	return NULL;
}

static void note_later(const struct decoder *decoder, const char *path,
                       const struct schema_row *row, const struct yaml_node *key)
{
	if ((row->flags & SCHEMA_LATER) != 0 && !decoder->is_default)
		diag_note(decoder->findings, code(decoder, "later"), key->span, NULL,
		          "'%s' has no effect yet in this version", path);
}

/* The fallback as a node without a place. Scalars, the many, need no parser. */
static const struct yaml_node *fallback_node(const struct decoder *decoder,
                                             const struct schema_row *row)
{
	struct source *source;
	struct yaml_node *node;

	if (row->fallback == NULL)
		return NULL;
	if (row->fallback[0] == '[' || row->fallback[0] == '{') {
		source = arena_alloc(decoder->arena, sizeof(*source));
		*source =
			(struct source){ "(default)", row->fallback, strlen(row->fallback), false };
		return yaml_parse(decoder->arena, source, decoder->findings);
	}
	node = arena_alloc(decoder->arena, sizeof(*node));
	node->kind = YAML_SCALAR;
	node->text = row->fallback;
	node->len = strlen(row->fallback);
	return node;
}

/* Sets a field that was not written: to zero, then to the row's default, if it has one. */
static bool decode_default(const struct decoder *decoder, const char *path,
                           const struct schema_row *row, void *ret_field)
{
	static const size_t sizes[] = {
		[SCHEMA_LIST] = sizeof(struct value_list),
		[SCHEMA_PAIRS] = sizeof(struct value_pairs),
		[SCHEMA_MAPS] = sizeof(struct schema_array),
		[SCHEMA_NAMED] = sizeof(struct schema_array),
		[SCHEMA_TREE] = sizeof(struct value_tree),
		[SCHEMA_INT] = sizeof(struct value_int),
		[SCHEMA_PORT] = sizeof(struct value_int),
		[SCHEMA_SIZE] = sizeof(struct value_int),
		[SCHEMA_DURATION] = sizeof(struct value_int),
		[SCHEMA_MODE] = sizeof(struct value_int),
		[SCHEMA_BOOL] = sizeof(struct value_bool),
	};
	struct decoder defaults = *decoder;
	const struct yaml_node *node = fallback_node(decoder, row);

	defaults.is_default = true;
	if (row->type == SCHEMA_MAP) {
		struct place nowhere = { path, { 0 }, false };

		if (row->words != NULL)
			*(struct value_text *)ret_field = (struct value_text){ 0 };
		if (node == NULL || yaml_is_null(node))
			return decode_map(&defaults, &nowhere, row->rows, NULL, ret_field);
	} else {
		memset(ret_field, 0,
		       sizes[row->type] != 0 ? sizes[row->type] : sizeof(struct value_text));
	}
	if (node == NULL || yaml_is_null(node))
		return true;
	return decode_value(&defaults, path, row, node, ret_field);
}

static void report_missing(const struct decoder *decoder, const struct place *place,
                           const struct schema_row *row, const struct yaml_pair *pair)
{
	const char *path = join(decoder->arena, place->path, row->key);

	diag_error(decoder->findings, code(decoder, "missing"),
	           pair != NULL ? pair->key->span : place->span,
	           row->doc != NULL ? arena_printf(decoder->arena, "%s: %s", row->key, row->doc)
	                            : NULL,
	           "'%s' is missing", path);
}

static bool decode_row(const struct decoder *decoder, const struct place *place,
                       const struct schema_row *row, const struct yaml_node *map, void *ret)
{
	const struct yaml_pair *pair = find_pair(map, row->key);
	const char *path = join(decoder->arena, place->path, row->key);
	void *field = (char *)ret + row->offset;
	bool given = pair != NULL && (row->type == SCHEMA_TREE || !yaml_is_null(pair->value));

	if (!given) {
		bool ok = decode_default(decoder, path, row, field);

		if ((row->flags & SCHEMA_NEEDED) == 0 || !place->report_missing)
			return ok;
		report_missing(decoder, place, row, pair);
		return false;
	}
	note_later(decoder, path, row, pair->key);
	if (decode_value(decoder, path, row, pair->value, field))
		return true;
	(void)decode_default(decoder, path, row, field);
	return false;
}

/* MAP may be NULL: then every row gets its default. */
static bool decode_map(const struct decoder *decoder, const struct place *place,
                       const struct schema_row *rows, const struct yaml_node *map, void *ret)
{
	size_t errors = decoder->findings->errors;
	bool ok = true;

	if (map != NULL)
		report_unknown_keys(decoder, place, rows, map);
	for (; rows->key != NULL; rows++)
		ok = decode_row(decoder, place, rows, map, ret) && ok;
	return ok && decoder->findings->errors == errors;
}

/* -- values -- */

static bool decode_list(const struct decoder *decoder, const char *path,
                        const struct schema_row *row, const struct yaml_node *node,
                        struct value_list *ret)
{
	struct schema_row item = *row;
	bool ok = true;

	if (node->kind != YAML_LIST) {
		decoder_mismatch(decoder, "type", path, row, node,
		                 node->kind == YAML_SCALAR ? "a list of one is written '[value]'"
		                                           : NULL);
		return false;
	}
	*ret = (struct value_list){ .at = decoder_place(decoder, path, node) };
	item.type = row->item;
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *value = node->items[i];
		const char *item_path = arena_printf(decoder->arena, "%s[%zu]", path, i);
		union {
			struct value_text text;
			struct value_int number;
			struct value_bool truth;
		} ignored;

		/* Each must be of the type, but the text is what is kept. */
		if (!decode_scalar(decoder, item_path, &item, value, &ignored))
			ok = false;
		else
			*list_add(decoder->arena, ret) =
				(struct value_text){ value->text,
				                     decoder_place(decoder, item_path, value) };
	}
	return ok;
}

static bool decode_pairs(const struct decoder *decoder, const char *path,
                         const struct schema_row *row, const struct yaml_node *node,
                         struct value_pairs *ret)
{
	struct schema_row item = *row;
	bool ok = true;

	if (node->kind != YAML_MAP) {
		decoder_mismatch(decoder, "type", path, row, node, NULL);
		return false;
	}
	*ret = (struct value_pairs){ .at = decoder_place(decoder, path, node) };
	item.type = row->item;
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		const char *item_path = join(decoder->arena, path, pair->key->text);
		union {
			struct value_text text;
			struct value_int number;
			struct value_bool truth;
		} ignored;

		if (pair->value->kind == YAML_SCALAR && yaml_is_null(pair->value)) {
			if ((row->flags & SCHEMA_NULL_OMITS) != 0)
				continue;
			decoder_mismatch(decoder, "type", item_path, &item, pair->value,
			                 "for an empty text write \"\"");
			ok = false;
		} else if (!decode_scalar(decoder, item_path, &item, pair->value, &ignored)) {
			ok = false;
		} else {
			*list_add(decoder->arena, ret) = (struct value_pair){
				.key = pair->key->text,
				.key_at = decoder_place(decoder, item_path, pair->key),
				.value = { pair->value->text,
				           decoder_place(decoder, item_path, pair->value) },
			};
		}
	}
	return ok;
}

/* A bare word in the place of a map or list. True when NODE is one and was taken. */
static bool take_word(const struct schema_row *row, const struct yaml_node *node,
                      const char **ret_word)
{
	if (row->words == NULL || node->kind != YAML_SCALAR)
		return false;
	for (size_t i = 0; row->words[i] != NULL; i++)
		if (str_equal(node->text, row->words[i])) {
			*ret_word = row->words[i];
			return true;
		}
	if ((row->flags & SCHEMA_ALLOW_WORD_ANY) == 0)
		return false;
	*ret_word = node->text;
	return true;
}

static void report_no_word(const struct decoder *decoder, const char *path,
                           const struct schema_row *row, const struct yaml_node *node)
{
	bool scalar = node->kind == YAML_SCALAR;

	decoder_mismatch(decoder, scalar && row->words != NULL ? "value" : "type", path, row, node,
	                 scalar && row->words != NULL
	                         ? hint_nearest(decoder->arena, node->text, row->words)
	                         : NULL);
}

static bool decode_map_or_word(const struct decoder *decoder, const char *path,
                               const struct schema_row *row, const struct yaml_node *node,
                               void *ret)
{
	struct place place = { path, node->span, true };
	struct value_text word = { 0 };
	bool is_word = take_word(row, node, &word.v);

	if (!is_word && node->kind != YAML_MAP) {
		report_no_word(decoder, path, row, node);
		return false;
	}
	if (is_word)
		word.at = decoder_place(decoder, path, node);
	place.report_missing = !is_word;
	if (!decode_map(decoder, &place, row->rows, is_word ? NULL : node, ret))
		return false;
	if (row->words != NULL)
		*(struct value_text *)ret = word;
	return true;
}

static void *new_elements(const struct decoder *decoder, const char *path,
                          const struct schema_row *row, const struct yaml_node *node,
                          struct schema_array *ret)
{
	*ret = (struct schema_array){
		.items = arena_array(decoder->arena, node->count, row->size),
		.count = node->count,
		.at = decoder_place(decoder, path, node),
	};
	return ret->items;
}

static bool decode_maps(const struct decoder *decoder, const char *path,
                        const struct schema_row *row, const struct yaml_node *node,
                        struct schema_array *ret)
{
	struct schema_row item = *row;
	char *element;
	bool ok = true;

	item.type = SCHEMA_MAP;
	item.words = NULL;
	element = new_elements(decoder, path, row, node, ret);
	for (size_t i = 0; i < node->count; i++, element += row->size) {
		const char *item_path = arena_printf(decoder->arena, "%s[%zu]", path, i);

		ok = decode_map_or_word(decoder, item_path, &item, node->items[i], element) && ok;
	}
	return ok;
}

static bool check_name(const struct decoder *decoder, const char *path,
                       const struct schema_row *row, const struct yaml_node *key)
{
	struct schema_row name = { .type = row->item };
	struct value_text ignored;

	if (row->item == SCHEMA_TEXT)
		return true;
	return decode_scalar(decoder, path, &name, key, &ignored);
}

static bool decode_named(const struct decoder *decoder, const char *path,
                         const struct schema_row *row, const struct yaml_node *node,
                         struct schema_array *ret)
{
	struct schema_row item = *row;
	char *element;
	bool ok = true;

	item.type = SCHEMA_MAP;
	item.words = NULL;
	element = new_elements(decoder, path, row, node, ret);
	for (size_t i = 0; i < node->count; i++, element += row->size) {
		const struct yaml_node *key = node->pairs[i].key, *value = node->pairs[i].value;
		const char *item_path = join(decoder->arena, path, key->text);
		struct place place = { item_path, key->span, true };

		ok = check_name(decoder, path, row, key) && ok;
		/* `data:` with nothing behind it is one with all defaults. */
		if (value->kind == YAML_SCALAR && yaml_is_null(value))
			ok = decode_map(decoder, &place, row->rows, NULL, element) && ok;
		else
			ok = decode_map_or_word(decoder, item_path, &item, value, element) && ok;
		*(struct value_text *)(void *)element =
			(struct value_text){ key->text, decoder_place(decoder, item_path, key) };
	}
	return ok;
}

static bool decode_array(const struct decoder *decoder, const char *path,
                         const struct schema_row *row, const struct yaml_node *node,
                         struct schema_array *ret)
{
	enum yaml_kind wanted = row->type == SCHEMA_MAPS ? YAML_LIST : YAML_MAP;
	const char *word = NULL;

	if (take_word(row, node, &word)) {
		*ret = (struct schema_array){ .at = decoder_place(decoder, path, node),
			                      .word = word };
		return true;
	}
	if (node->kind != wanted) {
		report_no_word(decoder, path, row, node);
		return false;
	}
	return row->type == SCHEMA_MAPS ? decode_maps(decoder, path, row, node, ret)
	                                : decode_named(decoder, path, row, node, ret);
}

static bool decode_value(const struct decoder *decoder, const char *path,
                         const struct schema_row *row, const struct yaml_node *node,
                         void *ret_field)
{
	switch (row->type) {
	case SCHEMA_LIST:
		return decode_list(decoder, path, row, node, ret_field);
	case SCHEMA_PAIRS:
		return decode_pairs(decoder, path, row, node, ret_field);
	case SCHEMA_MAP:
		return decode_map_or_word(decoder, path, row, node, ret_field);
	case SCHEMA_MAPS:
	case SCHEMA_NAMED:
		return decode_array(decoder, path, row, node, ret_field);
	case SCHEMA_TREE:
		*(struct value_tree *)ret_field =
			(struct value_tree){ node, decoder_place(decoder, path, node) };
		return true;
	default:
		return decode_scalar(decoder, path, row, node, ret_field);
	}
}

bool schema_decode(struct arena *arena, const char *area, const char *path,
                   const struct schema_row *rows, const struct yaml_node *map, void *ret,
                   struct findings *findings)
{
	struct decoder decoder = { .arena = arena, .findings = findings, .area = area };
	struct place place = { .path = path, .report_missing = true };

	if (map == NULL)
		return decode_map(&decoder, &place, rows, NULL, ret);
	if (map->kind != YAML_MAP) {
		struct schema_row self = { .type = SCHEMA_MAP };

		if (*path != '\0')
			decoder_mismatch(&decoder, "type", path, &self, map, NULL);
		else
			diag_error(findings, code(&decoder, "type"), map->span, NULL,
			           "expected keys and values at the top of the file");
		place.report_missing = false;
		(void)decode_map(&decoder, &place, rows, NULL, ret);
		return false;
	}
	place.span = map->span;
	/* What is missing at the top is missing in the file, not in its first line. */
	if (*path == '\0')
		place.span = (struct span){ .source = map->span.source };
	return decode_map(&decoder, &place, rows, map, ret);
}

bool schema_decode_value(struct arena *arena, const char *area, const char *path,
                         const struct schema_row *row, const struct yaml_node *node,
                         void *ret_field, struct findings *findings)
{
	struct decoder decoder = { .arena = arena, .findings = findings, .area = area };

	return decode_value(&decoder, path, row, node, ret_field);
}
