/* One scalar. */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/internal.h"

struct limits {
	long min, max;
};

bool schema_is_scalar(enum schema_type type)
{
	return type <= SCHEMA_ENV_NAME;
}

static struct limits limits_of(const struct schema_row *row)
{
	struct limits limits = { row->min, row->max };

	if (row->type == SCHEMA_PORT)
		return (struct limits){ 1, 65535 };
	if (row->min == 0 && row->max == 0)
		return (struct limits){ row->type == SCHEMA_INT ? LONG_MIN : 0, LONG_MAX };
	if (limits.max < limits.min) /* only the lower one was given */
		limits.max = LONG_MAX;
	return limits;
}

/* -- what was expected -- */

static void add_words(struct text *out, const char *const *words)
{
	if (words[1] != NULL)
		text_add(out, "one of ");
	for (size_t i = 0; words[i] != NULL; i++)
		text_addf(out, "%s%s", i > 0 ? ", " : "", words[i]);
}

/* With the largest unit that needs no fraction, as a user would write it. */
static void add_size(struct text *out, long bytes)
{
	static const char letters[] = "tgmk";

	for (int i = 0; i < 4; i++) {
		long factor = 1L << (10 * (4 - i));

		if (bytes != 0 && bytes % factor == 0) {
			text_addf(out, "%ld%c", bytes / factor, letters[i]);
			return;
		}
	}
	text_addf(out, "%ld", bytes);
}

static void add_duration(struct text *out, long seconds)
{
	static const struct {
		long factor;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (seconds % units[i].factor != 0 || (seconds == 0 && i < 3))
		i++;
	text_addf(out, "%ld%c", seconds / units[i].factor, units[i].letter);
}

static void add_limit(struct text *out, enum schema_type type, long value)
{
	if (type == SCHEMA_SIZE)
		add_size(out, value);
	else if (type == SCHEMA_DURATION)
		add_duration(out, value);
	else
		text_addf(out, "%ld", value);
}

static void add_limits(struct text *out, const struct schema_row *row)
{
	struct limits limits = limits_of(row);

	if (row->type != SCHEMA_PORT && row->min == 0 && row->max == 0)
		return;
	text_add(out, limits.max == LONG_MAX ? " of at least " : " from ");
	add_limit(out, row->type, limits.min);
	if (limits.max == LONG_MAX)
		return;
	text_add(out, " to ");
	add_limit(out, row->type, limits.max);
}

static const char *item_plural(enum schema_type type)
{
	static const char *const names[] = {
		[SCHEMA_TEXT] = "texts",
		[SCHEMA_WORD] = "words",
		[SCHEMA_INT] = "numbers",
		[SCHEMA_BOOL] = "truth values",
		[SCHEMA_PORT] = "port numbers",
		[SCHEMA_SIZE] = "sizes",
		[SCHEMA_DURATION] = "durations",
		[SCHEMA_MODE] = "file modes",
		[SCHEMA_DOMAIN] = "host names",
		[SCHEMA_EMAIL] = "mail addresses",
		[SCHEMA_PATH] = "paths",
		[SCHEMA_NAME] = "names",
		[SCHEMA_ENV_NAME] = "variable names",
	};

	return schema_is_scalar(type) ? names[type] : "values";
}

static const char *expected(struct arena *arena, const struct schema_row *row)
{
	static const char *const names[] = {
		[SCHEMA_TEXT] = "text",
		[SCHEMA_INT] = "a number",
		[SCHEMA_BOOL] = "true or false",
		[SCHEMA_PORT] = "a number",
		[SCHEMA_SIZE] = "a size like 512m or 4g",
		[SCHEMA_DURATION] = "a duration like 30s, 5m, 12h or 14d",
		[SCHEMA_MODE] = "a file mode like 0644",
		[SCHEMA_DOMAIN] = "a host name like example.org",
		[SCHEMA_EMAIL] = "a mail address like alice@example.org",
		[SCHEMA_PATH] = "an absolute path",
		[SCHEMA_NAME] = "a name like web-1",
		[SCHEMA_ENV_NAME] = "a variable name like HTTP_PROXY",
		[SCHEMA_PAIRS] = "a map of names and values",
		[SCHEMA_MAP] = "a map",
		[SCHEMA_MAPS] = "a list of maps",
		[SCHEMA_NAMED] = "a map of named maps",
		[SCHEMA_TREE] = "a value",
	};
	struct text out;

	text_init(&out, arena);
	if (row->type == SCHEMA_LIST) {
		text_addf(&out, "a list of %s", item_plural(row->item));
		return out.data;
	}
	if (row->type != SCHEMA_WORD)
		text_add(&out, names[row->type]);
	if (schema_is_scalar(row->type))
		add_limits(&out, row);
	if (row->words != NULL) {
		if (out.len > 0)
			text_add(&out, " or ");
		add_words(&out, row->words);
	}
	return out.data;
}

/* -- what was found -- */

static bool is_number(const struct yaml_node *node)
{
	const char *s = node->text + (node->text[0] == '-');

	return node->style == YAML_PLAIN && *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static const char *got(struct arena *arena, const struct yaml_node *node)
{
	enum { SHOWN = 40 };
	const char *kind;
	size_t cut = node->len;

	if (node->kind != YAML_SCALAR)
		return node->kind == YAML_MAP ? "a map" : "a list";
	if (yaml_is_null(node))
		return "nothing";
	kind = is_number(node) ? "number" : "text";
	if (node->span.source != NULL && node->span.source->secret)
		return kind;
	if (cut > SHOWN)
		for (cut = SHOWN; cut > 0 && (node->text[cut] & 0xc0) == 0x80;)
			cut--;
	return arena_printf(arena, is_number(node) ? "%s %.*s%s" : "%s '%.*s%s'", kind, (int)cut,
	                    node->text, cut < node->len ? "…" : "");
}

struct span decoder_place(const struct decoder *decoder, const char *path,
                          const struct yaml_node *node)
{
	struct span span = decoder->is_default ? (struct span){ 0 } : node->span;

	if (str_equal(decoder->area, "settings"))
		span.key = path;
	return span;
}

void decoder_mismatch(const struct decoder *decoder, const char *rule, const char *path,
                      const struct schema_row *row, const struct yaml_node *node, const char *hint)
{
	struct arena *arena = decoder->arena;
	const char *code = arena_printf(arena, "%s.%s", decoder->area, rule);

	diag_error(decoder->findings, code, node->span, hint, "expected %s for '%s', got %s",
	           expected(arena, row), path, got(arena, node));
}

const char *hint_nearest(struct arena *arena, const char *s, const char *const *words)
{
	size_t count = 0;
	const char *nearest;

	while (words[count] != NULL)
		count++;
	nearest = str_nearest(s, words, count);
	return nearest == NULL ? NULL : arena_printf(arena, "did you mean '%s'?", nearest);
}

/* -- decoding -- */

static bool decode_text(const struct decoder *decoder, const char *path,
                        const struct schema_row *row, const struct yaml_node *node,
                        struct value_text *ret)
{
	const char *hint = NULL;

	if (!schema_text_fits(decoder->arena, row->type, node->text, &hint)) {
		decoder_mismatch(decoder, "value", path, row, node, hint);
		return false;
	}
	*ret = (struct value_text){ node->text, decoder_place(decoder, path, node) };
	return true;
}

static bool decode_word(const struct decoder *decoder, const char *path,
                        const struct schema_row *row, const struct yaml_node *node,
                        struct value_text *ret)
{
	for (size_t i = 0; row->words[i] != NULL; i++)
		if (str_equal(node->text, row->words[i])) {
			*ret = (struct value_text){ row->words[i],
				                    decoder_place(decoder, path, node) };
			return true;
		}
	decoder_mismatch(decoder, "value", path, row, node,
	                 hint_nearest(decoder->arena, node->text, row->words));
	return false;
}

static bool decode_bool(const struct decoder *decoder, const char *path,
                        const struct schema_row *row, const struct yaml_node *node,
                        struct value_bool *ret)
{
	static const char *const meant[][2] = {
		{ "yes", "write true" },    { "on", "write true" },  { "y", "write true" },
		{ "1", "write true" },      { "no", "write false" }, { "off", "write false" },
		{ "n", "write false" },     { "0", "write false" },  { "true", "write true" },
		{ "false", "write false" },
	};
	bool is_true = str_equal(node->text, "true");
	const char *hint = NULL;

	if (node->style == YAML_PLAIN && (is_true || str_equal(node->text, "false"))) {
		*ret = (struct value_bool){ is_true, true, decoder_place(decoder, path, node) };
		return true;
	}
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
		if (strcasecmp(node->text, meant[i][0]) == 0)
			hint = meant[i][1];
	if (is_true || str_equal(node->text, "false"))
		hint = "remove the quotes";
	decoder_mismatch(decoder, "type", path, row, node, hint);
	return false;
}

static bool parse_int(const struct yaml_node *node, long *ret, const char **ret_hint)
{
	const char *s = node->text + (node->text[0] == '-');

	*ret_hint = NULL;
	if (node->style != YAML_PLAIN) {
		if (str_to_long(node->text, ret))
			*ret_hint = "remove the quotes";
		return false;
	}
	if (s[0] == '0' && s[1] != '\0') {
		/* Octal for some readers, decimal for others. */
		if (is_number(node))
			*ret_hint = "write it without leading zeros";
		return false;
	}
	return str_to_long(node->text, ret);
}

static bool decode_int(const struct decoder *decoder, const char *path,
                       const struct schema_row *row, const struct yaml_node *node,
                       struct value_int *ret)
{
	struct limits limits = limits_of(row);
	const char *rule = "value", *hint = NULL;
	long value = 0;
	bool ok;

	switch (row->type) {
	case SCHEMA_SIZE:
		ok = parse_size(node->text, &value, &hint);
		break;
	case SCHEMA_DURATION:
		ok = parse_duration(node->text, &value, &hint);
		break;
	case SCHEMA_MODE:
		ok = parse_mode(node->text, &value, &hint);
		break;
	default:
		ok = parse_int(node, &value, &hint);
		rule = is_number(node) ? "value" : "type";
		break;
	}
	if (ok && (value < limits.min || value > limits.max)) {
		ok = false;
		hint = NULL;
	}
	if (!ok) {
		decoder_mismatch(decoder, rule, path, row, node, hint);
		return false;
	}
	*ret = (struct value_int){ value, true, decoder_place(decoder, path, node) };
	return true;
}

bool decode_scalar(const struct decoder *decoder, const char *path, const struct schema_row *row,
                   const struct yaml_node *node, void *ret_field)
{
	if (node->kind != YAML_SCALAR || yaml_is_null(node)) {
		decoder_mismatch(decoder, "type", path, row, node, NULL);
		return false;
	}
	switch (row->type) {
	case SCHEMA_BOOL:
		return decode_bool(decoder, path, row, node, ret_field);
	case SCHEMA_INT:
	case SCHEMA_PORT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
	case SCHEMA_MODE:
		return decode_int(decoder, path, row, node, ret_field);
	case SCHEMA_WORD:
		return decode_word(decoder, path, row, node, ret_field);
	default:
		return decode_text(decoder, path, row, node, ret_field);
	}
}
