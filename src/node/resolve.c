/* References and conditions of the definition, resolved against settings, secrets and sizes. */
#include "node/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static bool set_text(struct reference_value *ret, enum reference_kind kind, const char *text,
                     struct span at)
{
	*ret = (struct reference_value){ .kind = text != NULL ? kind : REFERENCE_UNSET,
		                         .text = text,
		                         .at = at };
	return true;
}

static bool set_number(struct build *b, struct reference_value *ret, const struct value_int *number)
{
	return set_text(ret, REFERENCE_NUMBER,
	                number->given ? arena_printf(b->arena, "%ld", number->v) : NULL,
	                number->at);
}

/* A decoded field by its row's type. */
static bool from_field(struct build *b, enum schema_type type, const void *field,
                       struct reference_value *ret)
{
	const struct value_text *text = field;
	const struct value_bool *truth = field;

	switch (type) {
	case SCHEMA_INT:
	case SCHEMA_PORT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
	case SCHEMA_MODE:
		return set_number(b, ret, field);
	case SCHEMA_BOOL:
		return set_text(ret, REFERENCE_TRUTH,
		                !truth->given ? NULL
		                : truth->v    ? "true"
		                              : "false",
		                truth->at);
	case SCHEMA_LIST:
		*ret = (struct reference_value){ .kind = REFERENCE_LIST, .list = field };
		ret->at = ret->list->at;
		return true;
	case SCHEMA_PAIRS:
		*ret = (struct reference_value){ .kind = REFERENCE_PAIRS, .pairs = field };
		ret->at = ret->pairs->at;
		return true;
	case SCHEMA_MAP: /* its bare word, as in `mail: none`; a map written out has none */
		set_text(ret, REFERENCE_TEXT, text->v != NULL ? text->v : "", text->at);
		return true;
	case SCHEMA_MAPS:
	case SCHEMA_NAMED:
	case SCHEMA_TREE:
		return false;
	default:
		return set_text(ret, REFERENCE_TEXT, text->v, text->at);
	}
}

/* "host" and the like of a service elsewhere; "direct_host" without the pooler before it. */
static bool lookup_place(struct build *b, const struct settings_service *service, const char *key,
                         struct reference_value *ret)
{
	const struct settings_place *place = &service->place;
	const struct value_text *text;

	if (str_starts(key, "direct_")) {
		place = &service->direct;
		key += strlen("direct_");
	}
	if (str_equal(key, "port"))
		return set_number(b, ret, &place->port);
	text = str_equal(key, "scheme")    ? &place->scheme
	       : str_equal(key, "user")    ? &place->user
	       : str_equal(key, "host")    ? &place->host
	       : str_equal(key, "name")    ? &place->name
	       : str_equal(key, "sslmode") ? &place->sslmode
	                                   : NULL;
	return text != NULL && set_text(ret, REFERENCE_TEXT, text->v, text->at);
}

/* "hello@example.org" of "Example <hello@example.org>"; NULL of NULL. */
static const char *bare_address(struct arena *arena, const char *from)
{
	const char *open = from != NULL ? strchr(from, '<') : NULL;

	return open != NULL ? arena_strndup(arena, open + 1, strcspn(open + 1, ">")) : from;
}

/* What is no key of its own, but follows from one. */
static bool lookup_derived(struct build *b, const char *key, struct reference_value *ret)
{
	const struct settings *settings = b->settings;
	const struct value_text *web = settings_web(settings);
	const struct settings_place *bucket = &settings->media.store.s3.place;

	if (str_equal(key, "web"))
		return set_text(ret, REFERENCE_TEXT, web->v, web->at);
	if (str_equal(key, "mail.way"))
		return set_text(ret, REFERENCE_TEXT, settings_mail_way(settings),
		                settings->mail.tls.at);
	if (str_equal(key, "mail.address"))
		return set_text(ret, REFERENCE_TEXT, bare_address(b->arena, settings->mail.from.v),
		                settings->mail.from.at);
	if (str_equal(key, "media.store.s3.host"))
		return set_text(ret, REFERENCE_TEXT, bucket->host.v, bucket->host.at);
	if (str_equal(key, "media.store.s3.scheme"))
		return set_text(ret, REFERENCE_TEXT, bucket->scheme.v, bucket->scheme.at);
	if (str_equal(key, "media.store.s3.port"))
		return set_number(b, ret, &bucket->port);
	if (str_equal(key, "database.pooled"))
		return set_text(ret, REFERENCE_TRUTH,
		                settings->database.direct_url.v != NULL ? "true" : "false",
		                settings->database.direct_url.at);
	if (str_starts(key, "database."))
		return lookup_place(b, &settings->database, key + strlen("database."), ret);
	if (str_starts(key, "redis."))
		return lookup_place(b, &settings->redis, key + strlen("redis."), ret);
	return str_starts(key, "search.") &&
	       lookup_place(b, &settings->search, key + strlen("search."), ret);
}

static bool lookup_settings(struct build *b, const char *key, struct reference_value *ret)
{
	const struct schema_row *rows = settings_rows;
	const char *base = (const char *)b->settings;

	if (lookup_derived(b, key, ret))
		return true;
	for (;;) {
		size_t len = strcspn(key, ".");

		while (rows->key != NULL &&
		       (strlen(rows->key) != len || strncmp(rows->key, key, len) != 0))
			rows++;
		if (rows->key == NULL)
			return false;
		base += rows->offset;
		if (key[len] == '\0')
			break;
		if (rows->type != SCHEMA_MAP)
			return false;
		rows = rows->rows;
		key += len + 1;
	}
	if (rows->type == SCHEMA_MAP && rows->words == NULL)
		return false;
	return from_field(b, rows->type, base, ret);
}

static const struct app_secret *declared_secret(const struct app *app, const char *name)
{
	const struct app_secret *secrets = app->secrets.items;

	for (size_t i = 0; i < app->secrets.count; i++) {
		if (str_equal(secrets[i].name.v, name))
			return &secrets[i];
	}
	return NULL;
}

/* NAME.public; a private half that is none is a finding in check/secrets.c. */
static bool lookup_public_half(struct build *b, const char *name, struct reference_value *ret)
{
	const struct app_secret *declared = declared_secret(b->app, name);
	const struct secret *found;
	const char *half = NULL;

	if (declared == NULL || !str_equal(declared->kind.v, "vapid"))
		return false;
	found = secrets_get(b->in->secrets, arena_printf(b->arena, "app.%s", name));
	if (found != NULL)
		half = secret_vapid_public(b->arena, found->value);
	return set_text(ret, REFERENCE_TEXT, half != NULL ? half : "",
	                (struct span){ .key = arena_printf(b->arena, "secret.%s", name) });
}

/* What is missing becomes empty here, and a finding in check/secrets.c. One of a service is as
 * unset as the service may be. */
static bool lookup_secret(struct build *b, const char *name, struct reference_value *ret)
{
	const struct app_secret *declared = declared_secret(b->app, name);
	const struct secret *found;

	if (str_ends(name, ".public"))
		return lookup_public_half(
			b, arena_strndup(b->arena, name, strlen(name) - strlen(".public")), ret);
	if (declared != NULL) {
		if (str_equal(declared->kind.v, "captured"))
			return false;
		found = secrets_get(b->in->secrets, arena_printf(b->arena, "app.%s", name));
	} else if (settings_secret_find(name) != NULL) {
		found = secrets_get(b->in->secrets, name);
	} else {
		return false;
	}
	set_text(ret, REFERENCE_TEXT,
	         found != NULL                                                  ? found->value
	         : declared != NULL && !str_equal(declared->kind.v, "optional") ? ""
	                                                                        : NULL,
	         (struct span){ .key = arena_printf(b->arena, "secret.%s", name) });
	ret->secret = true;
	return true;
}

static bool is_number(const struct yaml_node *node)
{
	long value;

	return node->style == YAML_PLAIN && str_to_long(node->text, &value);
}

static bool lookup_size(struct build *b, const char *key, struct reference_value *ret)
{
	const struct yaml_node *value = NULL;
	struct span at;

	if (b->size_column == NULL)
		return false;
	value = yaml_get(b->size_column, key);
	if (value == NULL || value->kind != YAML_SCALAR)
		return false;
	at = value->span;
	at.key = "machine.size"; /* which chose the column */
	if (yaml_is_null(value))
		return set_text(ret, REFERENCE_TEXT, NULL, at);
	return set_text(ret, is_number(value) ? REFERENCE_NUMBER : REFERENCE_TEXT, value->text, at);
}

/* NAME.host or NAME.port. */
static bool lookup_process(struct build *b, const char *key, struct reference_value *ret)
{
	const char *dot = strrchr(key, '.');
	const struct app_process *process;
	const char *name;

	if (dot == NULL)
		return false;
	name = arena_strndup(b->arena, key, (size_t)(dot - key));
	process = app_process_find(b->app, name);
	if (process == NULL ||
	    !b->process_on[process - (struct app_process *)b->app->processes.items])
		return false;
	if (str_equal(dot, ".host"))
		return set_text(ret, REFERENCE_TEXT, name, process->name.at);
	if (str_equal(dot, ".port"))
		return set_number(b, ret, &process->port);
	return false;
}

/* The image a process runs, before the mirror and the lock: for a second process of the same one.
 */
static bool lookup_image(struct build *b, const char *name, struct reference_value *ret)
{
	const struct app_process *process = app_process_find(b->app, name);
	const struct value_text *image;

	if (process == NULL)
		return false;
	image = &process->image;
	for (size_t i = 0; i < b->settings->images.count; i++) {
		const struct value_pair *pair = &b->settings->images.items[i];

		if (str_equal(pair->key, name) && pair->value.v != NULL)
			return set_text(ret, REFERENCE_TEXT, pair->value.v, pair->value.at);
	}
	if (image->v != NULL && strchr(image->v, '$') != NULL)
		return false; /* one step is enough, and no circles */
	return set_text(ret, REFERENCE_TEXT, image->v, image->at);
}

static bool lookup_own(struct build *b, const char *key, struct reference_value *ret)
{
	const struct own_slot *slot = own_find(b, key);

	return slot != NULL && from_field(b, slot->type, &slot->u, ret);
}

/* Finds what NAME stands for; what does not exist is a finding at AT. */
static bool lookup(struct build *b, const char *name, struct span at, struct reference_value *ret)
{
	static const struct {
		const char *prefix;
		bool (*lookup)(struct build *b, const char *key, struct reference_value *ret);
		bool early; /* known before the application's own settings are */
	} areas[] = {
		{ "settings.", lookup_settings, true }, { "secret.", lookup_secret, false },
		{ "size.", lookup_size, true },         { "process.", lookup_process, false },
		{ "own.", lookup_own, false },          { "image.", lookup_image, false },
	};

	*ret = (struct reference_value){ 0 };
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		if (b->early && !areas[i].early)
			continue;
		if (str_starts(name, areas[i].prefix) &&
		    areas[i].lookup(b, name + strlen(areas[i].prefix), ret))
			return true;
	}
	*ret = (struct reference_value){ 0 };
	diag_error(b->findings, "app.reference", at, NULL,
	           "'%s' does not exist, or has no value before the node runs", name);
	return false;
}

bool build_lookup(struct build *b, const char *name, struct reference_value *ret)
{
	if (str_starts(name, "own."))
		return lookup_own(b, name + strlen("own."), ret);
	return lookup_settings(b, name, ret);
}

static const char *filtered(struct build *b, const struct reference_part *part,
                            const struct reference_value *value)
{
	struct arena *arena = value->secret ? b->secret_arena : b->arena;
	const char *text = value->text;

	for (size_t i = 0; i < part->filters.count; i++)
		text = reference_filter(arena, part->filters.items[i], text);
	return text;
}

/* The settings that went into a text, each once. */
static const char *add_key(struct build *b, const char *keys, const char *key)
{
	if (key == NULL || span_has_key(&(struct span){ .key = keys }, key))
		return keys;
	return keys == NULL ? key : arena_printf(b->arena, "%s, %s", keys, key);
}

/* One part of a text as text. Without a value: a finding, unless UNSET_IS_EMPTY. */
static const char *part_text(struct build *b, const struct reference_part *part,
                             bool unset_is_empty, struct node_text *whole)
{
	struct reference_value value;
	const char *keys;

	if (!part->is_reference)
		return part->text;
	if (!lookup(b, part->text, part->at, &value))
		return "";
	if (value.kind == REFERENCE_LIST || value.kind == REFERENCE_PAIRS) {
		diag_error(b->findings, "app.reference", part->at, NULL,
		           "'%s' has several values, it cannot be a part of a text", part->text);
		return "";
	}
	if (value.kind == REFERENCE_UNSET) {
		if (!unset_is_empty && !value.secret)
			diag_error(b->findings, "app.reference", part->at, "write it in stead.yaml",
			           "'%s' is not set", part->text);
		return "";
	}
	whole->secret |= value.secret;
	keys = add_key(b, whole->origin.span.key, value.at.key);
	/* What the user wrote is a better answer to "where from" than the definition's template. */
	if (value.at.source != NULL && value.at.source == b->settings->source)
		whole->origin = origin_at(value.at);
	whole->origin.span.key = keys;
	return filtered(b, part, &value);
}

static struct node_text resolve(struct build *b, const struct value_text *text, bool unset_is_empty)
{
	struct node_text ret = { .v = text->v, .origin = origin_at(text->at) };
	struct reference_parts parts = { 0 };
	const char **texts;
	struct text joined;

	if (text->v == NULL || strchr(text->v, '$') == NULL)
		return ret;
	if (!reference_split(b->arena, text, &parts, b->findings))
		return ret;
	texts = arena_array(b->arena, parts.count, sizeof(*texts));
	for (size_t i = 0; i < parts.count; i++)
		texts[i] = part_text(b, &parts.items[i], unset_is_empty, &ret);
	text_init(&joined, ret.secret ? b->secret_arena : b->arena);
	for (size_t i = 0; i < parts.count; i++)
		text_add(&joined, texts[i]);
	ret.v = joined.data;
	return ret;
}

struct node_text build_text(struct build *b, const struct value_text *text)
{
	return resolve(b, text, false);
}

struct node_text build_public(struct build *b, const struct value_text *text, const char *what)
{
	struct node_text ret = resolve(b, text, false);

	if (ret.secret) {
		diag_error(b->findings, "secrets.place", text->at, NULL,
		           "a secret cannot be part of %s, which everybody may read", what);
		ret.v = "";
		ret.secret = false;
	}
	return ret;
}

void build_texts(struct build *b, const struct value_list *list, struct node_texts *ret)
{
	for (size_t i = 0; i < list->count; i++)
		*list_add(b->arena, ret) = build_text(b, &list->items[i]);
}

bool build_whole_reference(struct build *b, const struct value_text *text,
                           struct reference_value *ret)
{
	struct reference_parts parts = { 0 };

	if (text->v == NULL || !str_starts(text->v, "${") ||
	    !reference_split(b->arena, text, &parts, b->findings))
		return false;
	if (parts.count != 1 || !parts.items[0].is_reference || parts.items[0].filters.count > 0)
		return false;
	lookup(b, parts.items[0].text, parts.items[0].at, ret);
	return true;
}

/* One side of a comparison. A name of a value may stand there bare, as in `own.streaming == true`.
 */
static const char *side(struct build *b, const struct value_text *condition, const char *from,
                        const char *to)
{
	static const char *const bare[] = { "settings.", "own.", "size." };
	struct value_text text = { .at = condition->at };

	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	text.v = arena_strndup(b->arena, from, (size_t)(to - from));
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
		if (str_starts(text.v, bare[i])) {
			text.v = arena_printf(b->arena, "${%s}", text.v);
			break;
		}
	}
	return resolve(b, &text, true).v;
}

static bool condition_holds(struct build *b, const struct value_text *condition,
                            const struct app_process *process)
{
	const char *equal = strstr(condition->v, "=="), *differs = strstr(condition->v, "!=");
	const char *sign = equal != NULL && (differs == NULL || equal < differs) ? equal : differs;
	bool same;

	if (version_is_condition(condition->v)) {
		(void)version_test(condition->v, build_version(b, process), &same);
		return same;
	}
	if (sign == NULL) {
		diag_error(b->findings, "app.condition", condition->at,
		           "like '${own.streaming} == true'", "'%s' compares nothing",
		           condition->v);
		return false;
	}
	same = str_equal(side(b, condition, condition->v, sign),
	                 side(b, condition, sign + 2, condition->v + strlen(condition->v)));
	return same == (sign == equal);
}

bool build_conditions(struct build *b, const struct value_list *when,
                      const struct app_process *process)
{
	bool all = true;

	if (process == NULL)
		process = b->app->processes.items;
	for (size_t i = 0; i < when->count; i++)
		all &= condition_holds(b, &when->items[i], process);
	return all;
}

static bool parse_bytes(struct build *b, const char *path, const char *text, struct span at,
                        struct value_int *ret)
{
	static const struct schema_row row = { .key = "size", .type = SCHEMA_SIZE };
	struct yaml_node node = { .kind = YAML_SCALAR,
		                  .style = YAML_PLAIN,
		                  .span = at,
		                  .text = text,
		                  .len = strlen(text) };

	*ret = (struct value_int){ 0 };
	return schema_decode_value(b->arena, "app", path, &row, &node, ret, b->findings) &&
	       ret->given;
}

long long build_bytes(struct build *b, const struct value_text *text, const char *path)
{
	struct node_text resolved = resolve(b, text, true);
	struct value_int bytes;

	if (resolved.v == NULL || resolved.v[0] == '\0' || resolved.secret)
		return 0;
	return parse_bytes(b, path, resolved.v, text->at, &bytes) ? bytes.v : 0;
}

long build_count(struct build *b, const struct value_text *text, const char *path)
{
	static const struct schema_row row = { .key = "count", .type = SCHEMA_INT, .max = 1000000 };
	struct node_text resolved = resolve(b, text, true);
	struct yaml_node node = { .kind = YAML_SCALAR, .span = text->at, .text = resolved.v };
	struct value_int number = { 0 };

	if (resolved.v == NULL || resolved.v[0] == '\0' || resolved.secret)
		return 0;
	node.len = strlen(resolved.v);
	return schema_decode_value(b->arena, "app", path, &row, &node, &number, b->findings)
	               ? number.v
	               : 0;
}

void build_size(struct build *b)
{
	const struct yaml_node *sizes = b->app->sizes.node;
	const struct value_int *memory = &b->settings->machine.size;
	long best = -1, least = -1;
	const char *least_name = NULL;

	if (sizes == NULL || sizes->kind != YAML_MAP || sizes->count == 0 || !memory->given)
		return;
	for (size_t i = 0; i < sizes->count; i++) {
		const struct yaml_node *key = sizes->pairs[i].key;
		struct value_int bytes;

		if (!parse_bytes(b, "sizes", key->text, key->span, &bytes))
			continue;
		if (least < 0 || bytes.v < least) {
			least = bytes.v;
			least_name = key->text;
		}
		if (bytes.v <= memory->v && bytes.v > best) {
			best = bytes.v;
			b->size_column = sizes->pairs[i].value;
		}
	}
	if (b->size_column == NULL && least_name != NULL) {
		diag_error(b->findings, "memory.size", memory->at,
		           arena_printf(b->arena, "'machine.size: %s' is the least that fits",
		                        least_name),
		           "%ld MiB are too little for %s", memory->v >> 20, b->settings->app.v);
		b->size_column = sizes->pairs[0].value; /* no follow-on findings */
	}
}
