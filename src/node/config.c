/* Typed values of configuration files and of merges. */
#include "node/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static const char *skip_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* JSON's grammar (RFC 8259, 6), within what every reader can hold. */
static bool is_number(const char *s)
{
	const char *digits = s + (*s == '-'), *end = skip_digits(digits);
	bool whole = true;
	double value;

	if (end == digits || (*digits == '0' && end != digits + 1))
		return false;
	if (*end == '.') {
		whole = false;
		digits = end + 1;
		end = skip_digits(digits);
		if (end == digits)
			return false;
	}
	if (*end == 'e' || *end == 'E') {
		whole = false;
		digits = end + 1 + (end[1] == '+' || end[1] == '-');
		end = skip_digits(digits);
		if (end == digits)
			return false;
	}
	if (*end != '\0' || strlen(s) > 40)
		return false;
	errno = 0;
	if (whole) {
		(void)strtoll(s, NULL, 10);
		return errno == 0;
	}
	value = strtod(s, NULL);
	return isfinite(value);
}

static struct config_value *new_value(struct build *b, enum config_kind kind, const char *text,
                                      struct span at)
{
	struct config_value *value = arena_alloc(b->arena, sizeof(*value));

	value->kind = kind;
	value->text = text;
	value->at = at;
	return value;
}

static void add_text_item(struct build *b, struct config_value *parent, const char *key,
                          const struct value_text *text)
{
	struct config_value *item = new_value(b, CONFIG_TEXT, text->v, text->at);

	item->key = key;
	if (text->v == NULL)
		item->kind = CONFIG_NULL;
	*list_add(b->arena, &parent->items) = item;
}

/* A whole reference keeps the type of what it stands for. NULL: not set. */
static struct config_value *from_reference(struct build *b, const struct reference_value *from,
                                           struct span at)
{
	struct config_value *value;

	switch (from->kind) {
	case REFERENCE_UNSET:
		return NULL;
	case REFERENCE_NUMBER:
		return new_value(b, CONFIG_NUMBER, from->text, at);
	case REFERENCE_TRUTH:
		return new_value(b, CONFIG_TRUTH, from->text, at);
	case REFERENCE_LIST:
		value = new_value(b, CONFIG_LIST, NULL, at);
		for (size_t i = 0; i < from->list->count; i++)
			add_text_item(b, value, NULL, &from->list->items[i]);
		return value;
	case REFERENCE_PAIRS:
		value = new_value(b, CONFIG_MAP, NULL, at);
		for (size_t i = 0; i < from->pairs->count; i++)
			add_text_item(b, value, from->pairs->items[i].key,
			              &from->pairs->items[i].value);
		return value;
	case REFERENCE_TEXT:
		break;
	}
	value = new_value(b, CONFIG_TEXT, from->text, at);
	value->secret = from->secret;
	return value;
}

static struct config_value *read_scalar(struct build *b, const struct yaml_node *node)
{
	struct value_text text = { .v = node->text, .at = node->span };
	struct reference_value reference;
	struct config_value *value;
	struct node_text resolved;

	if (yaml_is_null(node))
		return new_value(b, CONFIG_NULL, NULL, node->span);
	if (node->style == YAML_PLAIN &&
	    (str_equal(node->text, "true") || str_equal(node->text, "false")))
		return new_value(b, CONFIG_TRUTH, node->text, node->span);
	if (node->style == YAML_PLAIN && is_number(node->text))
		return new_value(b, CONFIG_NUMBER, node->text, node->span);
	if (build_whole_reference(b, &text, &reference))
		return from_reference(b, &reference, node->span);
	resolved = build_text(b, &text);
	value = new_value(b, CONFIG_TEXT, resolved.v, node->span);
	value->secret = resolved.secret;
	return value;
}

/* NULL: an unset reference, to be left out. The tree's depth is limited by its reader. */
static struct config_value *read_value(struct build *b, const struct yaml_node *node)
{
	struct config_value *value, *item;

	if (node->kind == YAML_SCALAR)
		return read_scalar(b, node);
	value = new_value(b, node->kind == YAML_MAP ? CONFIG_MAP : CONFIG_LIST, NULL, node->span);
	for (size_t i = 0; i < node->count; i++) {
		item = read_value(b,
		                  node->kind == YAML_MAP ? node->pairs[i].value : node->items[i]);
		if (item == NULL)
			continue;
		if (node->kind == YAML_MAP)
			item->key = node->pairs[i].key->text;
		*list_add(b->arena, &value->items) = item;
	}
	return value;
}

static bool refuse_line_breaks(struct build *b, const struct config_value *value)
{
	bool ok = true;

	if ((value->key != NULL && strpbrk(value->key, "\n\r") != NULL) ||
	    (value->text != NULL && strpbrk(value->text, "\n\r") != NULL)) {
		diag_error(b->findings, "config.value", value->at, NULL,
		           "a value with a line break cannot stand in a configuration file");
		ok = false;
	}
	for (size_t i = 0; i < value->items.count; i++)
		ok &= refuse_line_breaks(b, value->items.items[i]);
	return ok;
}

struct config_value *config_read(struct build *b, const struct yaml_node *node, bool line_breaks)
{
	size_t errors = b->findings->errors;
	struct config_value *value = read_value(b, node);

	if (value != NULL && !line_breaks)
		refuse_line_breaks(b, value);
	return b->findings->errors == errors ? value : NULL;
}

static struct config_value *find_item(const struct config_value *map, const char *key)
{
	for (size_t i = 0; i < map->items.count; i++)
		if (str_equal(map->items.items[i]->key, key))
			return map->items.items[i];
	return NULL;
}

void config_put(struct build *b, struct config_value *map, struct config_value *item)
{
	struct config_value *old = find_item(map, item->key);

	if (old == NULL) {
		*list_add(b->arena, &map->items) = item;
	} else if (old->kind == CONFIG_MAP && item->kind == CONFIG_MAP) {
		for (size_t i = 0; i < item->items.count; i++)
			config_put(b, old, item->items.items[i]);
	} else {
		*old = *item;
	}
}

struct config_value *config_need_map(struct build *b, struct config_value *map, const char *key,
                                     struct span at)
{
	struct config_value *found = find_item(map, key);

	if (found == NULL || found->kind != CONFIG_MAP) {
		found = new_value(b, CONFIG_MAP, NULL, at);
		found->key = key;
		config_put(b, map, found);
		found = find_item(map, key);
	}
	return found;
}

/* What the user wrote is no reference, whatever it looks like. */
struct config_value *config_from_slot(struct build *b, const struct own_slot *slot)
{
	struct config_value *value;

	switch (slot->type) {
	case SCHEMA_LIST:
		value = new_value(b, CONFIG_LIST, NULL, slot->u.list.at);
		for (size_t i = 0; i < slot->u.list.count; i++)
			add_text_item(b, value, NULL, &slot->u.list.items[i]);
		return slot->u.list.at.source != NULL ? value : NULL;
	case SCHEMA_BOOL:
		return slot->u.truth.given
		               ? new_value(b, CONFIG_TRUTH, slot->u.truth.v ? "true" : "false",
		                           slot->u.truth.at)
		               : NULL;
	case SCHEMA_INT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
		return slot->u.number.given
		               ? new_value(b, CONFIG_NUMBER,
		                           arena_printf(b->arena, "%ld", slot->u.number.v),
		                           slot->u.number.at)
		               : NULL;
	default:
		return slot->u.text.v != NULL
		               ? new_value(b, CONFIG_TEXT, slot->u.text.v, slot->u.text.at)
		               : NULL;
	}
}

bool config_has_secret(const struct config_value *value)
{
	bool secret = value->secret;

	for (size_t i = 0; i < value->items.count; i++)
		secret |= config_has_secret(value->items.items[i]);
	return secret;
}

void config_refuse(struct config_writer *w, const struct config_value *value, const char *why)
{
	diag_error(w->build->findings, "config.value", value->at, NULL, "'%s%s%s': %s", w->name,
	           value->key != NULL ? "', key '" : "", value->key != NULL ? value->key : "", why);
	w->failed = true;
}

/* Characters that a reader of YAML or TOML may not see raw: controls, line separators, and the byte
 * order mark. All are below U+10000, so one \uXXXX does. */
static size_t hidden_character(const unsigned char *s, unsigned *ret_code)
{
	if (*s < 0x20 || *s == 0x7f) {
		*ret_code = *s;
		return 1;
	}
	if (*s == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f) {
		*ret_code = s[1];
		return 2;
	}
	if (*s == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9)) {
		*ret_code = 0x2000 | (s[2] - 0x80u);
		return 3;
	}
	if (*s == 0xef && s[1] == 0xbb && s[2] == 0xbf) {
		*ret_code = 0xfeff;
		return 3;
	}
	return 0;
}

void config_quote(struct text *text, const char *s)
{
	static const char named[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";

	text_addc(text, '"');
	while (*s != '\0') {
		const char *name = strchr(named, *s);
		unsigned code;
		size_t len = hidden_character((const unsigned char *)s, &code);

		if (name != NULL) {
			text_addc(text, '\\');
			text_addc(text, letters[name - named]);
			s++;
		} else if (len > 0) {
			text_addf(text, "\\u%04x", code);
			s += len;
		} else {
			text_addc(text, *s++);
		}
	}
	text_addc(text, '"');
}
