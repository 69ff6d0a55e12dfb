/*
 * What the variables of another installation become. The definition says it; nothing here knows any
 * application.
 */
#include <string.h>

#include "app/internal.h"
#include "base/arena.h"
#include "base/text.h"

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* --- a condition: "VARIABLE == text" --- */

struct condition {
	const char *variable, *text;
	bool equal;
};

static bool split_condition(struct arena *arena, const char *s, struct condition *ret)
{
	size_t len = strspn(s, name_bytes);
	const char *sign = s + len + strspn(s + len, " ");
	size_t end;

	if (len == 0 || (*sign != '=' && *sign != '!') || sign[1] != '=')
		return false;
	ret->equal = *sign == '=';
	ret->variable = arena_strndup(arena, s, len);
	sign += 2;
	sign += strspn(sign, " ");
	for (end = strlen(sign); end > 0 && sign[end - 1] == ' ';)
		end--;
	ret->text = arena_strndup(arena, sign, end);
	return true;
}

/* --- checks of a definition --- */

static bool is_variable_name(const char *s, size_t len)
{
	return len > 0 && (*s < '0' || *s > '9') && strspn(s, name_bytes) >= len;
}

static void check_name(struct checker *c, const char *name, struct span at, bool pattern)
{
	size_t len = strlen(name);

	if (pattern && len > 1 && name[len - 1] == '*')
		len--;
	if (!is_variable_name(name, len))
		report(c, "app.import", at,
		       pattern ? "like SMTP_PORT, or SMTP_* for all that begin so" : NULL,
		       "'%s' is not the name of a variable", name);
}

/* What a value is made of: variables, with or without filters. */
static void check_template(struct checker *c, const struct value_text *text)
{
	struct reference_parts parts;

	if (!reference_split(c->arena, text, &parts, c->findings))
		return;
	for (size_t i = 0; i < parts.count; i++)
		if (parts.items[i].is_reference)
			check_name(c, parts.items[i].text, text->at, false);
}

static void check_secret(struct checker *c, const struct value_pair *pair)
{
	const char *bare = str_starts(pair->key, "app.") ? pair->key + 4 : NULL;
	const struct app_secret *secret = bare != NULL ? find_secret(c->app, bare) : NULL;

	if (bare == NULL ? !is_service_secret(pair->key)
	                 : secret == NULL || str_equal(secret->kind.v, "captured"))
		report(c, "app.import", pair->key_at,
		       bare != NULL
		               ? hint_of_names(c, bare, &c->app->secrets, sizeof(struct app_secret))
		               : "app.NAME, or one of a service like mail.password",
		       "there is no secret '%s' that could be given", pair->key);
	check_template(c, &pair->value);
}

static void check_rule(struct checker *c, const struct app_import_rule *rule)
{
	bool makes = rule->settings.count > 0 || rule->secrets.count > 0;

	for (size_t i = 0; i < rule->when.count; i++) {
		struct condition ignored;

		if (!split_condition(c->arena, rule->when.items[i].v, &ignored))
			report(c, "app.import", rule->when.items[i].at, "like 'S3_ENABLED == true'",
			       "'%s' does not compare a variable with a text",
			       rule->when.items[i].v);
	}
	for (size_t i = 0; i < rule->settings.count; i++)
		check_template(c, &rule->settings.items[i].value);
	for (size_t i = 0; i < rule->secrets.count; i++)
		check_secret(c, &rule->secrets.items[i]);
	if (rule->drop.v != NULL && makes)
		report(c, "app.import", rule->drop.at, NULL,
		       "a rule that makes something drops nothing");
	if (!makes && rule->when.count == 0)
		report(c, "app.import",
		       rule->drop.v != NULL ? rule->drop.at : c->app->import.env.rules.at, NULL,
		       "a rule has neither 'settings' nor 'secrets' nor 'when'");
}

/* All of it, or none: half a description would be found out on the node. */
static void check_database(struct checker *c)
{
	const struct app_import_database *database = &c->app->import.database;
	const struct value_text *needed[] = { &database->name, &database->owner, &database->empty,
		                              &database->version, &database->newest.process };
	const struct app_process *process = need_process(c, &database->process);
	const struct app_import_run *clear = c->app->import.clear.items;

	if (process != NULL && !str_equal(process->group.v, "data"))
		report(c, "app.import", database->process.at, "group: data",
		       "process '%s' holds no data", process->name.v);
	for (size_t i = 0; database->process.v != NULL && i < sizeof(needed) / sizeof(needed[0]);
	     i++)
		if (needed[i]->v == NULL) {
			report(c, "app.import", database->process.at,
			       "name, owner, empty, version and newest",
			       "not all is said of the database that is imported");
			break;
		}
	(void)need_process(c, &database->newest.process);
	for (size_t i = 0; i < c->app->import.clear.count; i++)
		(void)need_process(c, &clear[i].process);
	if (c->app->import.media.volume.v != NULL &&
	    find_volume(c->app, c->app->import.media.volume.v) == NULL)
		report(c, "app.name", c->app->import.media.volume.at,
		       hint_of_names(c, c->app->import.media.volume.v, &c->app->volumes,
		                     sizeof(struct app_volume)),
		       "there is no volume '%s'", c->app->import.media.volume.v);
}

void check_import(struct checker *c)
{
	const struct app_import_env *env = &c->app->import.env;
	const struct app_import_rule *rules = env->rules.items;

	check_database(c);
	for (size_t i = 0; i < env->defaults.count; i++)
		check_name(c, env->defaults.items[i].key, env->defaults.items[i].key_at, false);
	for (size_t i = 0; i < env->rules.count; i++)
		check_rule(c, &rules[i]);
	for (size_t i = 0; i < env->halves.count; i++) {
		const struct value_pair *pair = &env->halves.items[i];
		const struct app_secret *secret = find_secret(c->app, pair->value.v);

		check_name(c, pair->key, pair->key_at, false);
		if (secret == NULL || !str_equal(secret->kind.v, "vapid"))
			report(c, "app.import", pair->value.at, "name one of kind vapid",
			       "'%s' is no secret with a public half", pair->value.v);
	}
	for (size_t i = 0; i < env->pass.count; i++)
		check_name(c, env->pass.items[i].v, env->pass.items[i].at, true);
	for (size_t i = 0; i < env->drop.count; i++)
		check_name(c, env->drop.items[i].key, env->drop.items[i].key_at, true);
}

/* --- applying --- */

struct importer {
	struct arena *arena;
	const struct app_import_env *env;
	const struct dotenv *variables;
	bool *used; /* of each variable */
	struct app_imports *ret;
};

bool app_can_import(const struct app *app)
{
	return app->import.env.rules.count > 0;
}

static const char *value_of(const struct importer *m, const char *name)
{
	const struct dotenv_variable *variable = dotenv_get(m->variables, name);

	if (variable != NULL)
		return variable->value;
	for (size_t i = 0; i < m->env->defaults.count; i++)
		if (strcmp(m->env->defaults.items[i].key, name) == 0)
			return m->env->defaults.items[i].value.v;
	return "";
}

static void add_name(struct arena *arena, struct strings *names, const char *name)
{
	if (!strings_have(names, name))
		*list_add(arena, names) = name;
}

/* The definition was checked: a text that cannot be split has no parts here. */
static void split(struct arena *arena, const struct value_text *text, struct reference_parts *ret)
{
	struct findings ignored;

	findings_init(&ignored, arena);
	if (!reference_split(arena, text, ret, &ignored))
		*ret = (struct reference_parts){ 0 };
}

/* False when a variable that TEXT is made of is empty. */
static bool fill(struct importer *m, const struct value_text *text, struct strings *names,
                 const char **ret)
{
	struct reference_parts parts;
	struct text out;

	split(m->arena, text, &parts);
	text_init(&out, m->arena);
	text_add(&out, "");
	for (size_t i = 0; i < parts.count; i++) {
		const struct reference_part *part = &parts.items[i];
		const char *value = part->text;

		if (part->is_reference) {
			add_name(m->arena, names, part->text);
			value = value_of(m, part->text);
			if (*value == '\0')
				return false;
			for (size_t k = 0; k < part->filters.count; k++)
				value = reference_filter(m->arena, part->filters.items[k], value);
		}
		text_add(&out, value);
	}
	*ret = out.data;
	return true;
}

/* Those of NAMES that the file has, as one text and as used; NULL when it has none. */
static const char *take(struct importer *m, const struct strings *names, struct span *ret_at)
{
	struct strings found = { 0 };

	for (size_t i = 0; i < names->count; i++)
		for (size_t k = 0; k < m->variables->count; k++)
			if (strcmp(m->variables->items[k].name, names->items[i]) == 0) {
				if (found.count == 0)
					*ret_at = m->variables->items[k].at;
				m->used[k] = true;
				*list_add(m->arena, &found) = names->items[i];
			}
	return found.count == 0 ? NULL : strings_join(m->arena, &found, ", ");
}

static bool has_any(const struct importer *m, const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (dotenv_get(m->variables, names->items[i]) != NULL)
			return true;
	return false;
}

static bool is_made(const struct importer *m, enum app_imported_kind kind, const char *key)
{
	for (size_t i = 0; i < m->ret->count; i++)
		if (m->ret->items[i].kind == kind && strcmp(m->ret->items[i].key, key) == 0)
			return true;
	return false;
}

/* A container's variables have one line. */
static void refuse_lines(struct app_imported *item)
{
	if (item->value == NULL || strpbrk(item->value, "\n\r") == NULL)
		return;
	item->kind = APP_IMPORT_DROPPED;
	item->why = "it has several lines, which a variable of a container cannot have";
}

/* Its variables are those that the values are made of; where there are none, those compared. */
static void make(struct importer *m, enum app_imported_kind kind, const struct value_pairs *pairs,
                 const struct strings *compared)
{
	for (size_t i = 0; i < pairs->count; i++) {
		struct app_imported item = { .kind = kind, .key = pairs->items[i].key };
		struct strings names = { 0 };

		(void)fill(m, &pairs->items[i].value, &names, &item.value);
		if (!has_any(m, &names))
			names = *compared;
		item.variables = take(m, &names, &item.at);
		if (kind == APP_IMPORT_SECRET)
			refuse_lines(&item);
		if (item.variables != NULL && !is_made(m, kind, item.key))
			*list_add(m->arena, m->ret) = item;
	}
}

static bool can_fill(struct importer *m, const struct value_pairs *pairs, struct strings *names)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const char *ignored;

		if (!fill(m, &pairs->items[i].value, names, &ignored))
			return false;
	}
	return true;
}

static void apply(struct importer *m, const struct app_import_rule *rule)
{
	struct strings compared = { 0 }, names = { 0 };
	struct app_imported item = { .kind = APP_IMPORT_SAME };

	for (size_t i = 0; i < rule->when.count; i++) {
		struct condition condition;

		if (!split_condition(m->arena, rule->when.items[i].v, &condition) ||
		    str_equal(value_of(m, condition.variable), condition.text) != condition.equal)
			return;
		add_name(m->arena, &compared, condition.variable);
	}
	if (!can_fill(m, &rule->settings, &names) || !can_fill(m, &rule->secrets, &names))
		return;
	/* Defaults alone say nothing about this file. */
	if (!has_any(m, &compared) && !has_any(m, &names))
		return;
	make(m, APP_IMPORT_SETTING, &rule->settings, &compared);
	make(m, APP_IMPORT_SECRET, &rule->secrets, &compared);
	item.variables = take(m, &compared, &item.at);
	if (rule->settings.count > 0 || rule->secrets.count > 0 || item.variables == NULL)
		return;
	if (rule->drop.v != NULL) {
		item.kind = APP_IMPORT_DROPPED;
		item.why = rule->drop.v;
	}
	*list_add(m->arena, m->ret) = item;
}

static bool matches(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	return pattern[len - 1] == '*' ? strncmp(pattern, name, len - 1) == 0
	                               : strcmp(pattern, name) == 0;
}

static void add_rest(struct importer *m, const struct dotenv_variable *variable)
{
	struct app_imported *item = list_add(m->arena, m->ret);

	*item = (struct app_imported){ .kind = APP_IMPORT_UNKNOWN,
		                       .variables = variable->name,
		                       .key = variable->name,
		                       .value = variable->value,
		                       .at = variable->at };
	if (*variable->value == '\0') {
		item->kind = APP_IMPORT_DROPPED;
		item->why = "it is empty";
		return;
	}
	for (size_t i = 0; i < m->env->pass.count; i++)
		if (matches(m->env->pass.items[i].v, variable->name)) {
			item->kind = APP_IMPORT_ENV;
			refuse_lines(item);
			return;
		}
	for (size_t i = 0; i < m->env->drop.count; i++)
		if (matches(m->env->drop.items[i].key, variable->name)) {
			item->kind = APP_IMPORT_DROPPED;
			item->why = m->env->drop.items[i].value.v;
			return;
		}
}

/* Sorted by kind; within one in the order they came in. */
static void sort(struct arena *arena, struct app_imports *imports)
{
	struct app_imports sorted = { 0 };

	for (int kind = APP_IMPORT_SETTING; kind <= APP_IMPORT_UNKNOWN; kind++)
		for (size_t i = 0; i < imports->count; i++)
			if ((int)imports->items[i].kind == kind)
				*list_add(arena, &sorted) = imports->items[i];
	*imports = sorted;
}

void app_import_env(struct arena *arena, const struct app *app, const struct dotenv *variables,
                    struct app_imports *ret)
{
	const struct app_import_rule *rules = app->import.env.rules.items;
	struct importer m = { .arena = arena,
		              .env = &app->import.env,
		              .variables = variables,
		              .used = arena_array(arena, variables->count + 1, sizeof(bool)),
		              .ret = ret };

	*ret = (struct app_imports){ 0 };
	for (size_t i = 0; i < m.env->rules.count; i++)
		apply(&m, &rules[i]);
	for (size_t i = 0; i < variables->count; i++) {
		for (size_t k = 0; k < m.env->halves.count; k++)
			m.used[i] |=
				strcmp(m.env->halves.items[k].key, variables->items[i].name) == 0;
		if (!m.used[i])
			add_rest(&m, &variables->items[i]);
	}
	sort(arena, ret);
}

const char *app_import_variable(struct arena *arena, const struct app *app, const char *secret)
{
	const struct app_import_rule *rules = app->import.env.rules.items;

	for (size_t i = 0; i < app->import.env.rules.count; i++)
		for (size_t k = 0; k < rules[i].secrets.count; k++) {
			struct reference_parts parts;

			if (strcmp(rules[i].secrets.items[k].key, secret) != 0)
				continue;
			split(arena, &rules[i].secrets.items[k].value, &parts);
			for (size_t n = 0; n < parts.count; n++)
				if (parts.items[n].is_reference)
					return parts.items[n].text;
		}
	return NULL;
}
