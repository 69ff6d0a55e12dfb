#include "cmd/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "settings/settings.h"

#define CODE "cli.set"

/* --- taking --- */

static struct answer *find(const struct answers *answers, const char *key)
{
	for (size_t i = 0; i < answers->count; i++)
		if (strcmp(answers->items[i].key, key) == 0)
			return &answers->items[i];
	return NULL;
}

const char *answers_get(const struct answers *answers, const char *key)
{
	const struct answer *answer = find(answers, key);

	return answer == NULL ? NULL : answer->values.items[0];
}

static bool is_below(const char *key, const char *above)
{
	size_t len = strlen(above);

	return strncmp(key, above, len) == 0 && key[len] == '.';
}

bool answers_has(const struct answers *answers, const char *key)
{
	for (size_t i = 0; i < answers->count; i++)
		if (strcmp(answers->items[i].key, key) == 0 || is_below(answers->items[i].key, key))
			return true;
	return false;
}

/* The place that reports show: the option as it was given. */
static struct span place(struct arena *arena, const char *key, const char *value)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	size_t columns = 0;

	*source = (struct source){ .name = arena_printf(arena, "--set %s", key),
		                   .data = value,
		                   .len = strlen(value) };
	for (const char *s = value; *s != '\0' && *s != '\n'; s++)
		columns += ((unsigned char)*s & 0xc0) != 0x80;
	return (struct span){ source, 1, 1, (uint32_t)columns + 1 };
}

/* Items are parted by commas; "\," is a comma. */
static void add_items(struct arena *arena, struct strings *values, const char *list)
{
	struct text item;

	text_init(&item, arena);
	for (;; list++) {
		if (*list == '\\' && list[1] == ',') {
			text_addc(&item, *++list);
		} else if (*list == ',' || *list == '\0') {
			*list_add(arena, values) = item.data;
			if (*list == '\0')
				return;
			text_init(&item, arena);
		} else {
			text_addc(&item, *list);
		}
	}
}

static bool key_ok(const char *key)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";
	size_t len = strlen(key);

	return len > 0 && len < 200 && strspn(key, allowed) == len && key[0] != '.' &&
	       key[len - 1] != '.' && strstr(key, "..") == NULL;
}

static bool add(struct answers *answers, const char *key, const char *value, struct span at,
                struct findings *findings)
{
	struct answer *answer = find(answers, key);
	const struct schema_row *row = schema_find(settings_rows, key);
	size_t bad;

	if (!utf8_valid(value, strlen(value), &bad)) {
		diag_error(findings, CODE, (struct span){ .source = at.source }, NULL,
		           "the value is not UTF-8 text (byte %zu)", bad + 1);
		return false;
	}
	if (*value == '\0') {
		diag_error(findings, CODE, (struct span){ .source = at.source },
		           "leave it out for the default", "there is no value for '%s'", key);
		return false;
	}
	if (answer != NULL && (row == NULL || row->type != SCHEMA_LIST)) {
		diag_error(findings, CODE, at, NULL, "'%s' was given twice", key);
		return false;
	}
	if (answer == NULL) {
		answer = list_add(answers->arena, answers);
		answer->key = arena_strdup(answers->arena, key);
		answer->at = at;
	}
	if (row != NULL && row->type == SCHEMA_LIST) {
		answer->is_list = true;
		add_items(answers->arena, &answer->values, value);
	} else {
		*list_add(answers->arena, &answer->values) = arena_strdup(answers->arena, value);
	}
	return true;
}

bool answers_add(struct answers *answers, const char *assignment, struct findings *findings)
{
	const char *equals = strchr(assignment, '=');
	struct source *source;
	char *key;

	if (equals != NULL) {
		key = arena_strndup(answers->arena, assignment, (size_t)(equals - assignment));
		if (key_ok(key))
			return add(answers, key, equals + 1, place(answers->arena, key, equals + 1),
			           findings);
	}
	source = arena_alloc(answers->arena, sizeof(*source));
	*source = (struct source){ .name = "--set", .data = assignment, .len = strlen(assignment) };
	diag_error(findings, CODE, (struct span){ source, 1, 1, (uint32_t)strlen(assignment) + 1 },
	           "like --set domain=example.org", "this is not KEY=VALUE");
	return false;
}

bool answers_take(struct answers *answers, const char *key, const char *value, struct span at,
                  struct findings *findings)
{
	for (size_t i = 0; i < answers->count; i++)
		if (strcmp(answers->items[i].key, key) == 0 ||
		    is_below(answers->items[i].key, key) || is_below(key, answers->items[i].key))
			return false;
	return add(answers, key, value, at, findings);
}

/* --- checking --- */

struct keys {
	struct arena *arena;
	struct strings all;
};

static bool can_be_set(const struct schema_row *row)
{
	return row->type != SCHEMA_PAIRS && row->type != SCHEMA_NAMED &&
	       (row->words != NULL || (row->type != SCHEMA_MAP && row->type != SCHEMA_MAPS));
}

static void collect(void *context, const char *dotted_key, const struct schema_row *row)
{
	struct keys *keys = context;

	if (can_be_set(row) && strstr(dotted_key, "[]") == NULL &&
	    strstr(dotted_key, "NAME") == NULL)
		*list_add(keys->arena, &keys->all) = arena_strdup(keys->arena, dotted_key);
}

void answers_keys(struct arena *arena, struct strings *ret_keys)
{
	struct keys keys = { .arena = arena };

	schema_walk(settings_rows, collect, &keys);
	*ret_keys = keys.all;
}

static bool refuse_key(const struct answers *answers, const struct answer *answer,
                       struct findings *findings)
{
	struct strings keys = { 0 };
	const char *near;

	answers_keys(answers->arena, &keys);
	near = str_nearest(answer->key, keys.items, keys.count);
	diag_error(findings, CODE, answer->at,
	           near != NULL ? arena_printf(answers->arena, "did you mean '%s'?", near)
	                        : "'man 5 stead.yaml' lists the keys",
	           "there is no setting '%s'", answer->key);
	return false;
}

/* The row above KEY that takes whatever stands below it: names and values, or a part that is read
 * later. */
static const struct schema_row *open_row(struct arena *arena, const char *key)
{
	char *above = arena_strdup(arena, key), *dot;

	while ((dot = strrchr(above, '.')) != NULL) {
		const struct schema_row *row;

		*dot = '\0';
		row = schema_find(settings_rows, above);
		if (row != NULL)
			return row->type == SCHEMA_PAIRS || row->type == SCHEMA_TREE ? row : NULL;
	}
	return NULL;
}

/* Decodes VALUE as the row says, into nothing: only its findings count. They get our code and
 * place. */
static bool check_value(const struct answers *answers, const struct answer *answer,
                        const struct schema_row *row, const char *value, struct findings *findings)
{
	union {
		struct value_text text;
		struct value_int number;
		struct value_bool truth;
	} ignored;
	struct yaml_node node = {
		.kind = YAML_SCALAR, .span = answer->at, .text = value, .len = strlen(value)
	};
	struct findings scratch;

	/* `--set snac.title=null` means the word, where texts are allowed. */
	if (answer->is_text)
		node.style = YAML_DOUBLE;
	memset(&ignored, 0, sizeof(ignored));
	findings_init(&scratch, answers->arena);
	if (schema_decode_value(answers->arena, "settings", answer->key, row, &node, &ignored,
	                        &scratch))
		return true;
	for (size_t i = 0; i < scratch.count; i++)
		diag_error(findings, CODE, answer->at, scratch.items[i].hint, "%s",
		           scratch.items[i].message);
	return false;
}

static bool is_text_type(enum schema_type type)
{
	switch (type) {
	case SCHEMA_INT:
	case SCHEMA_PORT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION:
	case SCHEMA_MODE:
	case SCHEMA_BOOL:
	case SCHEMA_WORD:
		return false;
	default:
		return true;
	}
}

/* A number or a truth value, in a part whose rows are not known here. */
static bool is_plain_value(const char *value)
{
	long number;

	return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ||
	       (str_to_long(value, &number) && (value[0] != '0' || value[1] == '\0'));
}

static bool check_open(struct answers *answers, struct answer *answer, const struct schema_row *row,
                       struct findings *findings)
{
	struct schema_row item = { .key = row->key, .type = row->item };

	if (row->type == SCHEMA_TREE) {
		answer->is_text = !is_plain_value(answer->values.items[0]);
		return true;
	}
	answer->is_text = is_text_type(row->item);
	return check_value(answers, answer, &item, answer->values.items[0], findings);
}

static bool check_one(struct answers *answers, struct answer *answer, struct findings *findings)
{
	const struct schema_row *row = schema_find(settings_rows, answer->key);
	struct schema_row item;
	bool ok = true;

	if (row == NULL) {
		row = open_row(answers->arena, answer->key);
		return row == NULL ? refuse_key(answers, answer, findings)
		                   : check_open(answers, answer, row, findings);
	}
	if (row->type == SCHEMA_TREE)
		return check_open(answers, answer, row, findings);
	item = *row;
	if (row->type == SCHEMA_LIST)
		item.type = row->item;
	else if ((row->type == SCHEMA_MAP || row->type == SCHEMA_MAPS) && row->words != NULL)
		item.type = SCHEMA_WORD;
	else if (!can_be_set(row)) {
		diag_error(
			findings, CODE, answer->at,
			row->type == SCHEMA_MAP || row->type == SCHEMA_PAIRS
				? arena_printf(answers->arena,
		                               "set the keys below it: --set %s.%s=…", answer->key,
		                               row->type == SCHEMA_MAP ? row->rows[0].key : "NAME")
				: "write it into stead.yaml afterwards",
			"'%s' is not one value", answer->key);
		return false;
	}
	answer->is_text = is_text_type(item.type);
	for (size_t i = 0; i < answer->values.count; i++)
		ok &= check_value(answers, answer, &item, answer->values.items[i], findings);
	return ok;
}

/* APP.env.NAME: a text, whatever it looks like. */
static bool is_variable(const char *key, const char *app)
{
	return str_starts(key + strlen(app), ".env.");
}

bool answers_check(struct answers *answers, const char *app, struct findings *findings)
{
	size_t errors = findings->errors;

	for (size_t i = 0; i < answers->count; i++) {
		struct answer *answer = &answers->items[i];

		if (app != NULL && is_below(answer->key, app))
			answer->is_text = is_variable(answer->key, app) ||
			                  !is_plain_value(answer->values.items[0]);
		else
			(void)check_one(answers, answer, findings);
		for (size_t k = 0; k < answers->count; k++)
			if (is_below(answers->items[k].key, answer->key))
				diag_error(findings, CODE, answers->items[k].at, NULL,
				           "'%s' cannot be set: '%s' is '%s'",
				           answers->items[k].key, answer->key,
				           answer->values.items[0]);
	}
	return findings->errors == errors;
}

bool answers_set(struct answers *answers, const char *key, const char *value,
                 struct findings *findings)
{
	size_t errors = findings->errors;

	if (add(answers, key, value, place(answers->arena, key, value), findings) &&
	    !check_one(answers, &answers->items[answers->count - 1], findings))
		answers_drop(answers);
	return findings->errors == errors;
}

void answers_drop(struct answers *answers)
{
	answers->items[--answers->count] = (struct answer){ 0 }; /* its place will be used again */
}

/* --- writing --- */

struct writer {
	const struct answers *answers;
	struct text out;
};

static void add_key(struct writer *w, unsigned depth, const char *key, size_t len)
{
	text_addf(&w->out, "%*s%.*s:", (int)(2 * depth), "", (int)len, key);
}

static void add_value(struct writer *w, const struct answer *answer, const char *value)
{
	if (answer->is_text)
		yaml_write_scalar(&w->out, value);
	else
		text_add(&w->out, value);
	text_addc(&w->out, '\n');
}

static void add_answer(struct writer *w, unsigned depth, const char *key, size_t len,
                       const struct answer *answer)
{
	add_key(w, depth, key, len);
	if (!answer->is_list) {
		text_addc(&w->out, ' ');
		add_value(w, answer, answer->values.items[0]);
		return;
	}
	text_addc(&w->out, '\n');
	for (size_t i = 0; i < answer->values.count; i++) {
		text_addf(&w->out, "%*s- ", (int)(2 * depth + 2), "");
		add_value(w, answer, answer->values.items[i]);
	}
}

static int compare_answers(const void *a, const void *b)
{
	const struct answer *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* Parts without rows: sorted by key, dots become maps when NESTED (a part that is read later), else
 * stay part of the name (`images`). */
static void add_open(struct writer *w, const char *prefix, unsigned depth, bool nested)
{
	const struct answers *answers = w->answers;
	const struct answer **below =
		arena_array(answers->arena, answers->count + 1, sizeof(const struct answer *));
	size_t count = 0, skip = strlen(prefix) + 1;

	for (size_t i = 0; i < answers->count; i++)
		if (is_below(answers->items[i].key, prefix))
			below[count++] = &answers->items[i];
	if (count > 0)
		qsort(below, count, sizeof(*below), compare_answers);
	for (size_t i = 0; i < count; i++) {
		const char *key = below[i]->key + skip;
		size_t len = nested ? strcspn(key, ".") : strlen(key);
		char *above = arena_strndup(answers->arena, below[i]->key, skip + len);

		if (key[len] == '\0') {
			add_answer(w, depth, key, len, below[i]);
			continue;
		}
		add_key(w, depth, key, len);
		text_addc(&w->out, '\n');
		add_open(w, above, depth + 1, nested);
		while (i + 1 < count && is_below(below[i + 1]->key, above))
			i++;
	}
}

static void add_rows(struct writer *w, const struct schema_row *rows, const char *prefix,
                     unsigned depth)
{
	for (; rows->key != NULL; rows++) {
		char *key = arena_printf(w->answers->arena, "%s%s", prefix, rows->key);
		const struct answer *answer = find(w->answers, key);

		if (answer != NULL) {
			add_answer(w, depth, rows->key, strlen(rows->key), answer);
		} else if (answers_has(w->answers, key)) {
			add_key(w, depth, rows->key, strlen(rows->key));
			text_addc(&w->out, '\n');
			if (rows->type == SCHEMA_MAP)
				add_rows(w, rows->rows, arena_printf(w->answers->arena, "%s.", key),
				         depth + 1);
			else
				add_open(w, key, depth + 1, rows->type == SCHEMA_TREE);
		}
	}
}

char *answers_write(const struct answers *answers, const char *comment)
{
	struct writer w = { .answers = answers };
	const char *app = answers_get(answers, "app");

	text_init(&w.out, answers->arena);
	text_add(&w.out, comment);
	add_rows(&w, settings_rows, "", 0);
	if (app != NULL && answers_has(answers, app)) {
		add_key(&w, 0, app, strlen(app));
		text_addc(&w.out, '\n');
		add_open(&w, app, 1, true);
	}
	return w.out.data;
}
