/* The application's own section of stead.yaml, decoded by rows made from its definition. */
#include "node/build.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static const struct {
	const char *name;
	enum schema_type type;
} types[] = {
	{ "text", SCHEMA_TEXT },     { "word", SCHEMA_WORD },   { "int", SCHEMA_INT },
	{ "bool", SCHEMA_BOOL },     { "size", SCHEMA_SIZE },   { "duration", SCHEMA_DURATION },
	{ "domain", SCHEMA_DOMAIN }, { "email", SCHEMA_EMAIL }, { "list", SCHEMA_LIST },
	{ "pairs", SCHEMA_PAIRS },   { "options", SCHEMA_MAP },
};

static enum schema_type type_of(const struct app_setting *setting)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_equal(types[i].name, setting->type.v))
			return types[i].type;
	}
	return SCHEMA_TEXT;
}

static const char *const *words_of(struct arena *arena, const struct value_list *list)
{
	const char **words = arena_array(arena, list->count + 1, sizeof(*words));

	for (size_t i = 0; i < list->count; i++)
		words[i] = list->items[i].v;
	return words;
}

static struct schema_row row_of(struct build *b, size_t index)
{
	struct own_slot *slot = &b->own[index];
	const struct app_setting *s = slot->setting;
	struct schema_row row = {
		.key = s->name.v,
		.type = slot->type,
		.offset = index * sizeof(*slot) + offsetof(struct own_slot, u),
		.fallback = s->fallback.v,
		.doc = s->doc.v != NULL ? s->doc.v : "",
		.since = "0.1",
		.item = SCHEMA_TEXT,
		.min = s->min.given ? s->min.v : 0,
		.max = s->max.given ? s->max.v : 0,
	};

	if (slot->type == SCHEMA_WORD)
		row.words = words_of(b->arena, &s->words);
	if (slot->type == SCHEMA_MAP) {
		row.rows = app_option_rows(b->arena, s, sizeof(*slot));
		row.offset = (size_t)((char *)&slot->options->u - (char *)b->own);
		for (size_t i = 0; i < s->options.count; i++)
			slot->options[i].type = row.rows[i].type;
	}
	return row;
}

/* The default of a text may hold references to settings and sizes. */
static void resolve_default(struct build *b, struct own_slot *slot)
{
	struct value_text *text = &slot->u.text;

	if (slot->type != SCHEMA_TEXT || text->v == NULL || text->at.source != NULL ||
	    strchr(text->v, '$') == NULL)
		return;
	text->v = build_text(b, &slot->setting->fallback).v;
}

/* Slots of the options stand behind those of the settings, in one block. */
static void add_slots(struct build *b)
{
	const struct app_setting *settings = b->app->settings.items;
	size_t count = b->app->settings.count, total = count + 1;

	for (size_t i = 0; i < count; i++)
		total += settings[i].options.count;
	b->own = arena_array(b->arena, total, sizeof(*b->own));
	total = count + 1;
	for (size_t i = 0; i < count; i++) {
		b->own[i].setting = &settings[i];
		b->own[i].type = type_of(&settings[i]);
		b->own[i].options = &b->own[total];
		total += settings[i].options.count;
	}
}

void build_own(struct build *b)
{
	size_t count = b->app->settings.count;
	const struct app_setting *settings = b->app->settings.items;
	struct schema_row *rows = arena_array(b->arena, count + 2, sizeof(*rows));
	const struct yaml_node *section = b->settings->section.node;
	const char *name = b->settings->app.v;
	bool env_declared = false;

	/* One slot more than declared: `env:` is there for every application. */
	add_slots(b);
	for (size_t i = 0; i < count; i++) {
		rows[i] = row_of(b, i);
		env_declared |= str_equal(settings[i].name.v, "env");
	}
	if (!env_declared)
		rows[count] = (struct schema_row){
			.key = "env",
			.type = SCHEMA_PAIRS,
			.offset = count * sizeof(*b->own) + offsetof(struct own_slot, u),
			.doc = "more environment variables for the application's processes",
			.since = "0.1",
			.item = SCHEMA_TEXT,
		};
	if (section != NULL && yaml_is_null(section))
		section = NULL;
	schema_decode(b->arena, "settings", name, rows, section, b->own, b->findings);
	if (!env_declared)
		b->own_env = b->own[count].u.pairs;
	b->early = true;
	for (size_t i = 0; i < count; i++)
		resolve_default(b, &b->own[i]);
	b->early = false;
}

const struct own_slot *own_find(const struct build *b, const char *key)
{
	for (size_t i = 0; i < b->app->settings.count; i++) {
		if (str_equal(b->own[i].setting->name.v, key))
			return &b->own[i];
	}
	return NULL;
}
