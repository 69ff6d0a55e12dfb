/* Configuration files made of typed values. */
#include "node/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static const struct {
	const char *syntax;
	void (*write)(struct config_writer *w, const struct config_value *root);
} writers[] = {
	{ "env", config_write_env },   { "ini", config_write_ini },   { "json", config_write_json },
	{ "toml", config_write_toml }, { "yaml", config_write_yaml },
};

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

/* One directory of a process is one mount. */
static void mount_config(struct build *b, struct node_process *process,
                         const struct app_config *from)
{
	const char *dir = arena_printf(b->arena, "/etc/stead/config/%s", process->name);

	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct node_mount *mount = &process->mounts.items[i];

		if (mount->volume != NULL || !str_equal(mount->host_path, dir))
			continue;
		if (!str_equal(mount->target, from->path.v))
			diag_error(b->findings, "app.config", from->path.at,
			           arena_printf(b->arena, "the others are in '%s'", mount->target),
			           "all configuration files of '%s' must be in one directory",
			           process->name);
		return;
	}
	*list_add(b->arena, &process->mounts) = (struct node_mount){
		.host_path = dir,
		.target = from->path.v,
		.read_only = true,
		.origin = origin_at(from->path.at),
	};
}

static bool write_config(struct build *b, const struct app_config *from, struct node_text *ret)
{
	struct config_value *root = config_read(b, from->values.node, false);
	struct config_writer writer = { .build = b, .name = from->name.v };
	struct text text;

	if (root == NULL)
		return false;
	if (root->kind != CONFIG_MAP) {
		diag_error(b->findings, "app.value", from->values.at, NULL,
		           "'values' of '%s' is not a map", from->name.v);
		return false;
	}
	ret->secret = config_has_secret(root);
	text_init(&text, ret->secret ? b->secret_arena : b->arena);
	writer.text = &text;
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		if (str_equal(writers[i].syntax, from->syntax.v)) {
			writers[i].write(&writer, root);
			ret->v = text.data;
		}
	}
	return ret->v != NULL && !writer.failed;
}

static bool is_file_name(const char *s)
{
	return s[0] != '\0' && !str_equal(s, ".") && !str_equal(s, "..") &&
	       strpbrk(s, "/\n\r") == NULL;
}

void build_configs(struct build *b)
{
	const struct app_config *configs = b->app->configs.items;

	for (size_t i = 0; i < b->app->configs.count; i++) {
		struct node_process *process = node_process_find(b->node, configs[i].process.v);
		struct node_text content = { .origin = origin_at(configs[i].values.at) };
		struct node_config *config;

		if (app_process_find(b->app, configs[i].process.v) == NULL) {
			diag_error(b->findings, "app.reference", configs[i].process.at, NULL,
			           "there is no process '%s'", configs[i].process.v);
			continue;
		}
		if (process == NULL)
			continue; /* switched off */
		if (!is_file_name(configs[i].name.v)) {
			diag_error(b->findings, "app.value", configs[i].name.at, NULL,
			           "'%s' is not the name of a file", configs[i].name.v);
			continue;
		}
		mount_config(b, process, &configs[i]);
		if (!write_config(b, &configs[i], &content))
			continue;
		config = arena_alloc(b->arena, sizeof(*config));
		*config = (struct node_config){
			.process = process,
			.name = configs[i].name.v,
			.target_dir = configs[i].path.v,
			.content = content,
			.origin = origin_at(configs[i].name.at),
		};
		*list_add(b->arena, &b->node->configs) = config;
	}
}
