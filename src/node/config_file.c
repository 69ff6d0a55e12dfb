/* Configuration files made of typed values: what stands in them, and who reads them. */
#include "node/value.h"

#include <string.h>

#include "base/arena.h"

static const struct {
	const char *syntax;
	void (*write)(struct config_writer *w, const struct config_value *root);
} writers[] = {
	{ "env", config_write_env },   { "env-js", config_write_env_js },
	{ "ini", config_write_ini },   { "json", config_write_json },
	{ "text", config_write_text }, { "toml", config_write_toml },
	{ "yaml", config_write_yaml },
};

static void mount_file(struct build *b, struct node_process *process, const struct app_config *from)
{
	*list_add(b->arena, &process->mounts) = (struct node_mount){
		.host_path = arena_printf(b->arena, "/etc/stead/config/%s/%s", process->name,
		                          from->name.v),
		.target = from->file.v,
		.read_only = true,
		.origin = origin_at(from->file.at),
	};
}

/* One directory of a process is one mount. */
static void mount_dir(struct build *b, struct node_process *process, const struct app_config *from)
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

static const struct own_slot *find_options(const struct build *b, const struct app_config *from)
{
	const struct own_slot *slot =
		from->options.setting.v != NULL ? own_find(b, from->options.setting.v) : NULL;

	return slot != NULL && slot->type == SCHEMA_MAP ? slot : NULL;
}

/* "settings.captcha.enable" becomes maps in maps. */
static void put_dotted(struct build *b, struct config_value *map, const char *name,
                       struct config_value *value)
{
	size_t len = strcspn(name, ".");

	if (name[len] == '\0') {
		value->key = name;
		config_put(b, map, value);
		return;
	}
	map = config_need_map(b, map, arena_strndup(b->arena, name, len), value->at);
	put_dotted(b, map, name + len + 1, value);
}

/* The syntaxes without quotes cannot. */
static bool can_hold(struct build *b, const struct app_config *from,
                     const struct config_value *value)
{
	bool bare = str_starts(from->syntax.v, "env") || str_equal(from->syntax.v, "ini");

	if (!bare || value->text == NULL || strpbrk(value->text, "\n\r") == NULL)
		return true;
	diag_error(b->findings, "config.value", value->at, NULL,
	           "a value with a line break cannot stand in a configuration file");
	return false;
}

static void put_options(struct build *b, const struct app_config *from, struct config_value *root)
{
	const struct own_slot *slot = find_options(b, from);

	if (slot == NULL)
		return;
	if (from->options.below.v != NULL)
		root = config_need_map(b, root, from->options.below.v, from->options.below.at);
	for (size_t i = 0; i < slot->setting->options.count; i++) {
		struct config_value *value = config_from_slot(b, &slot->options[i]);

		if (value != NULL && can_hold(b, from, value))
			put_dotted(b, root, slot->setting->options.items[i].key, value);
	}
}

/* NULL after findings. */
static struct config_value *read_map(struct build *b, const struct app_config *from,
                                     const struct value_tree *values)
{
	bool text = str_equal(from->syntax.v, "text");
	struct config_value *root = config_read(b, values->node, text);

	if (root == NULL || root->kind == CONFIG_MAP)
		return root;
	diag_error(b->findings, "app.value", values->at, NULL, "'values' of '%s' is not a map",
	           from->name.v);
	return NULL;
}

static struct config_value *read_config(struct build *b, const struct app_config *from)
{
	const struct app_part *parts = from->parts.items;
	struct config_value *root = read_map(b, from, &from->values);

	for (size_t i = 0; root != NULL && i < from->parts.count; i++) {
		struct config_value *part;

		if (!build_conditions(b, &parts[i].when, NULL))
			continue;
		part = read_map(b, from, &parts[i].values);
		for (size_t k = 0; part != NULL && k < part->items.count; k++)
			config_put(b, root, part->items.items[k]);
	}
	if (root != NULL)
		put_options(b, from, root);
	return root;
}

static bool write_config(struct build *b, const struct app_config *from, struct node_text *ret)
{
	struct config_value *root = read_config(b, from);
	struct config_writer writer = { .build = b, .name = from->name.v };
	struct text text;

	if (root == NULL)
		return false;
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

/* A process that does not exist is a finding, one that is switched off reads nothing. */
static struct node_process *find_reader(struct build *b, const struct value_text *name)
{
	if (app_process_find(b->app, name->v) == NULL)
		diag_error(b->findings, "app.reference", name->at, NULL, "there is no process '%s'",
		           name->v);
	return node_process_find(b->node, name->v);
}

static void add_config(struct build *b, const struct app_config *from,
                       const struct value_text *name, const struct node_text *content)
{
	struct node_process *process = find_reader(b, name);
	struct node_config *config;

	if (process == NULL)
		return;
	if (from->file.v != NULL)
		mount_file(b, process, from);
	else
		mount_dir(b, process, from);
	config = arena_alloc(b->arena, sizeof(*config));
	*config = (struct node_config){
		.process = process,
		.name = from->name.v,
		.content = *content,
		.origin = origin_at(from->name.at),
	};
	*list_add(b->arena, &b->node->configs) = config;
}

static bool is_read(const struct build *b, const struct app_config *from)
{
	for (size_t i = 0; i < from->processes.count; i++)
		if (node_process_find(b->node, from->processes.items[i].v) != NULL)
			return true;
	return from->process.v != NULL && (node_process_find(b->node, from->process.v) != NULL ||
	                                   app_process_find(b->app, from->process.v) == NULL);
}

void build_configs(struct build *b)
{
	const struct app_config *configs = b->app->configs.items;

	for (size_t i = 0; i < b->app->configs.count; i++) {
		const struct app_config *from = &configs[i];
		struct node_text content = { .origin = origin_at(from->values.at) };

		if (!is_read(b, from))
			continue;
		if (!is_file_name(from->name.v)) {
			diag_error(b->findings, "app.value", from->name.at, NULL,
			           "'%s' is not the name of a file", from->name.v);
			continue;
		}
		if (!write_config(b, from, &content))
			continue;
		if (from->process.v != NULL)
			add_config(b, from, &from->process, &content);
		for (size_t k = 0; k < from->processes.count; k++)
			add_config(b, from, &from->processes.items[k], &content);
	}
}
