#include "plan/plan.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "plan/fields.h"
#include "plan/json.h"

/* Where we are, for the one sentence of an error: a key, or an index when KEY is NULL. */
struct place {
	const struct place *up;
	const char *key;
	size_t index;
};

struct reader {
	struct arena *arena;
	const char *error; /* the first one */
};

struct any_list {
	char *items;
	size_t count, capacity;
};

static bool read_fields(struct reader *reader, const struct place *place,
                        const struct field *fields, const json_t *object, void *base);

static void add_place(struct text *text, const struct place *place)
{
	if (place == NULL)
		return;
	add_place(text, place->up);
	if (place->key == NULL)
		text_addf(text, "[%zu]", place->index);
	else
		text_addf(text, "%s%.60s", text->len > 0 ? "." : "", place->key);
}

static bool refuse(struct reader *reader, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse(struct reader *reader, const struct place *place, const char *format, ...)
{
	struct text text;
	va_list args;

	text_init(&text, reader->arena);
	add_place(&text, place);
	if (text.len > 0)
		text_add(&text, ": ");
	va_start(args, format);
	text_add(&text, arena_vprintf(reader->arena, format, args));
	va_end(args);
	if (reader->error == NULL)
		reader->error = text.data;
	return false;
}

static bool is_name(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= PLAN_MAX_NAME && s[0] != '.' && s[0] != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
	               len;
}

/* Absolute and plain: what is checked is what will be opened. A colon would end a mount's path. */
static bool is_path(const char *s)
{
	if (s[0] != '/' || s[1] == '\0' || strlen(s) >= 4096 || strpbrk(s, ":\n") != NULL)
		return false;
	for (const char *part = s; part != NULL; part = strchr(part, '/')) {
		size_t len = strcspn(++part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

static bool read_text(struct reader *reader, const struct place *place, const struct field *field,
                      const json_t *value, char *at)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return refuse(reader, place, "is not a text");
	if (field->kind == FIELD_NAME && !is_name(text))
		return refuse(reader, place, "is not a name");
	if (field->kind == FIELD_PATH && !is_path(text))
		return refuse(reader, place, "is not a plain absolute path");
	for (size_t i = 0; field->words != NULL && !str_equal(field->words[i], text); i++)
		if (field->words[i] == NULL)
			return refuse(reader, place, "'%.40s' is not a word known here", text);
	text = arena_strdup(reader->arena, text);
	memcpy(at, &text, sizeof(text));
	return true;
}

static bool read_number(struct reader *reader, const struct place *place, const json_t *value,
                        long long min, long long max, long long *ret)
{
	long long number = json_integer_value(value);

	if (!json_is_integer(value))
		return refuse(reader, place, "is not a whole number");
	if (number < min || number > max)
		return refuse(reader, place, "%lld is not between %lld and %lld", number, min, max);
	*ret = number;
	return true;
}

static bool read_unsigned(struct reader *reader, const struct place *place,
                          const struct field *field, const json_t *value, char *at)
{
	long long number;

	if (!read_number(reader, place, value, field->min, field->max, &number))
		return false;
	memcpy(at, &(unsigned){ (unsigned)number }, sizeof(unsigned));
	return true;
}

static bool read_ids(struct reader *reader, const struct place *place, const struct field *field,
                     const json_t *value, char *at)
{
	if (json_array_size(value) != 2)
		return refuse(reader, place, "is not [uid, gid]");
	return read_unsigned(reader, place, field, json_array_get(value, 0), at) &&
	       read_unsigned(reader, place, field, json_array_get(value, 1), at + sizeof(unsigned));
}

static bool read_word(struct reader *reader, const struct place *place, const struct field *field,
                      const json_t *value, char *at)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return refuse(reader, place, "is not a text");
	for (unsigned i = 0; field->words[i] != NULL; i++)
		if (str_equal(field->words[i], text)) {
			memcpy(at, &i, sizeof(i)); /* an enum of non-negative constants */
			return true;
		}
	return refuse(reader, place, "'%.40s' is not a word known here", text);
}

static bool read_strings(struct reader *reader, const struct place *place, const json_t *value,
                         struct strings *ret)
{
	if (!json_is_array(value))
		return refuse(reader, place, "is not a list of texts");
	if (json_array_size(value) > PLAN_MAX_ITEMS)
		return refuse(reader, place, "has more than %d items", PLAN_MAX_ITEMS);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));
		struct place item = { .up = place, .index = i };

		if (text == NULL)
			return refuse(reader, &item, "is not a text");
		*list_add(reader->arena, ret) = arena_strdup(reader->arena, text);
	}
	return true;
}

/* Adds one zeroed element of SIZE bytes to a list of any type. */
static void *add_any(struct arena *arena, void *at, size_t size)
{
	struct any_list list;

	memcpy(&list, at, sizeof(list));
	list.items = list_grow(arena, list.items, list.count, &list.capacity, size);
	list.count++;
	memcpy(at, &list, sizeof(list));
	return list.items + (list.count - 1) * size;
}

static bool is_twice(const struct any_list *list, size_t size, const char *name)
{
	for (size_t i = 0; i + 1 < list->count; i++) {
		const char *other;

		memcpy(&other, list->items + i * size, sizeof(other));
		if (str_equal(other, name))
			return true;
	}
	return false;
}

static bool read_list(struct reader *reader, const struct place *place, const struct field *field,
                      const json_t *value, char *at)
{
	if (!json_is_array(value))
		return refuse(reader, place, "is not a list");
	if (json_array_size(value) > PLAN_MAX_ITEMS)
		return refuse(reader, place, "has more than %d items", PLAN_MAX_ITEMS);
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct place item = { .up = place, .index = i };
		void *element = add_any(reader->arena, at, field->size);
		struct any_list list;
		const char *name;

		if (!read_fields(reader, &item, field->fields, json_array_get(value, i), element))
			return false;
		memcpy(&list, at, sizeof(list));
		memcpy(&name, element, sizeof(name));
		if (field->unique && is_twice(&list, field->size, name))
			return refuse(reader, &item, "'%s' is there twice", name);
	}
	return true;
}

/* Common to all maps with free keys: an object, not too large. */
static bool is_map(struct reader *reader, const struct place *place, const json_t *value)
{
	if (!json_is_object(value))
		return refuse(reader, place, "is not a map");
	if (json_object_size(value) > PLAN_MAX_ITEMS)
		return refuse(reader, place, "has more than %d items", PLAN_MAX_ITEMS);
	return true;
}

static bool read_pairs(struct reader *reader, const struct place *place, const json_t *value,
                       char *at)
{
	const char *key;
	json_t *item;

	if (!is_map(reader, place, value))
		return false;
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		struct place here = { .up = place, .key = key };
		struct plan_pair *pair = add_any(reader->arena, at, sizeof(*pair));

		if (*key == '\0' || strchr(key, '=') != NULL)
			return refuse(reader, &here, "is not the name of a variable");
		if (!json_is_string(item))
			return refuse(reader, &here, "is not a text");
		pair->name = arena_strdup(reader->arena, key);
		pair->value = arena_strdup(reader->arena, json_string_value(item));
	}
	return true;
}

static bool read_exits(struct reader *reader, const struct place *place, const json_t *value,
                       char *at)
{
	static const struct field word = { .kind = FIELD_WORD, .words = plan_exit_words };
	const char *key;
	json_t *item;

	if (!is_map(reader, place, value))
		return false;
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		struct place here = { .up = place, .key = key };
		struct plan_exit_rule *rule = add_any(reader->arena, at, sizeof(*rule));
		unsigned meaning;
		long code;

		if (!str_to_long(key, &code) || code < 0 || code > 255 ||
		    (key[0] == '0' && key[1] != '\0') || key[0] == '-')
			return refuse(reader, &here, "is not an exit code");
		if (!read_word(reader, &here, &word, item, (char *)&meaning))
			return false;
		*rule = (struct plan_exit_rule){ (unsigned)code, (enum plan_exit)meaning };
	}
	return true;
}

static bool read_restart(struct reader *reader, const struct place *place, const json_t *value,
                         char *at)
{
	const char *key;
	json_t *item;

	if (!is_map(reader, place, value))
		return false;
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		struct place here = { .up = place, .key = key };
		struct plan_restart *restart = add_any(reader->arena, at, sizeof(*restart));

		if (!is_path(key))
			return refuse(reader, &here, "is not a plain absolute path");
		restart->path = arena_strdup(reader->arena, key);
		if (!read_strings(reader, &here, item, &restart->units))
			return false;
	}
	return true;
}

static bool read_json(struct reader *reader, const struct place *place, const json_t *value,
                      char *at)
{
	const char *text;

	if (!json_is_object(value))
		return refuse(reader, place, "is not a map");
	if (json_depth(value) > PLAN_MAX_DEPTH)
		return refuse(reader, place, "is nested deeper than %d", PLAN_MAX_DEPTH);
	text = json_text(reader->arena, value, JSON_COMPACT);
	memcpy(at, &text, sizeof(text));
	return true;
}

static bool read_field(struct reader *reader, const struct place *place, const struct field *field,
                       const json_t *value, char *at, void *base)
{
	long long bytes;

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_NAME:
	case FIELD_PATH:
		return read_text(reader, place, field, value, at);
	case FIELD_JSON:
		return read_json(reader, place, value, at);
	case FIELD_UNSIGNED:
		return read_unsigned(reader, place, field, value, at);
	case FIELD_BYTES:
		if (!read_number(reader, place, value, 0, INT64_MAX, &bytes))
			return false;
		memcpy(at, &bytes, sizeof(bytes));
		return true;
	case FIELD_BOOL:
		if (!json_is_boolean(value))
			return refuse(reader, place, "is not true or false");
		memcpy(at, &(bool){ json_is_true(value) }, sizeof(bool));
		return true;
	case FIELD_WORD:
		return read_word(reader, place, field, value, at);
	case FIELD_STRINGS:
		return read_strings(reader, place, value, (struct strings *)(void *)at);
	case FIELD_OBJECT:
		return read_fields(reader, place, field->fields, value, base);
	case FIELD_LIST:
		return read_list(reader, place, field, value, at);
	case FIELD_IDS:
		return read_ids(reader, place, field, value, at);
	case FIELD_PAIRS:
		return read_pairs(reader, place, value, at);
	case FIELD_EXITS:
		return read_exits(reader, place, value, at);
	case FIELD_RESTART:
		return read_restart(reader, place, value, at);
	}
	return false;
}

static bool is_known(const struct field *fields, const char *key)
{
	for (; fields->key != NULL; fields++)
		if (str_equal(fields->key, key))
			return true;
	return false;
}

static bool read_fields(struct reader *reader, const struct place *place,
                        const struct field *fields, const json_t *object, void *base)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return refuse(reader, place, "is not a map");
	json_object_foreach((json_t *)(uintptr_t)object, key,
	                    value) if (!is_known(fields, key) &&
	                               !(place == NULL && str_equal(key, "plan")))
	{
		struct place here = { .up = place, .key = key };

		return refuse(reader, &here, "is not a key known here");
	}
	for (const struct field *field = fields; field->key != NULL; field++) {
		struct place here = { .up = place, .key = field->key };

		value = json_object_get(object, field->key);
		if (value == NULL && field->optional)
			continue;
		if (value == NULL)
			return refuse(reader, &here, "is missing");
		if (!read_field(reader, &here, field, value, (char *)base + field->offset, base))
			return false;
	}
	return true;
}

/* A request's target, by which nothing else can get into the request. */
static bool is_http_path(const char *s)
{
	if (s == NULL || s[0] != '/')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static bool check_health(struct reader *reader, const struct place *place,
                         const struct plan_process *process)
{
	bool network = process->health == PLAN_HEALTH_HTTP || process->health == PLAN_HEALTH_TCP;

	if (network && process->health_port == 0)
		return refuse(reader, place, "health needs a port");
	if (process->health == PLAN_HEALTH_HTTP && !is_http_path(process->health_path))
		return refuse(reader, place, "health needs a path");
	if (process->health == PLAN_HEALTH_EXEC && process->health_exec.count == 0)
		return refuse(reader, place, "health needs something to execute");
	return true;
}

static bool check_step(struct reader *reader, const struct place *place,
                       const struct plan_step *step)
{
	if ((step->run.count > 0) + (step->merge_file != NULL) + (step->guard != NULL) != 1)
		return refuse(reader, place, "needs one of run, merge and guard");
	if ((step->done == PLAN_DONE_FILE &&
	     (step->done_path == NULL || !is_path(step->done_path))) ||
	    (step->done == PLAN_DONE_HTTP && !is_http_path(step->done_path)))
		return refuse(reader, place, "its done test needs a path");
	if (step->done == PLAN_DONE_EXEC && step->done_exec.count == 0)
		return refuse(reader, place, "its done test needs something to execute");
	if (step->merge_file != NULL && step->capture_pattern != NULL)
		return refuse(reader, place, "a merge has nothing to capture");
	return true;
}

static bool is_network(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->networks.count; i++)
		if (str_equal(plan->networks.items[i].name, name))
			return true;
	return false;
}

/* One that runs. */
static bool is_process(const struct plan *plan, const char *name)
{
	const struct plan_process *process = plan_process_find(plan, name);

	return process != NULL && !plan_is_tool(process);
}

static bool check_process(struct reader *reader, const struct plan *plan, const struct place *place,
                          const struct plan_process *process)
{
	for (size_t i = 0; i < process->after.count; i++)
		if (!is_process(plan, process->after.items[i]))
			return refuse(reader, place, "comes after '%.60s', which is no process",
			              process->after.items[i]);
	for (size_t i = 0; i < process->networks.count; i++)
		if (!is_network(plan, process->networks.items[i]))
			return refuse(reader, place, "'%.60s' is no network of this plan",
			              process->networks.items[i]);
	return check_health(reader, place, process);
}

static bool check_names(struct reader *reader, const struct plan *plan, const struct place *place,
                        const struct plan_step *step)
{
	if (step->done_process != NULL && plan_process_find(plan, step->done_process) == NULL)
		return refuse(reader, place, "'%s' is no process", step->done_process);
	for (size_t i = 0; i < step->restart.count; i++)
		if (!is_process(plan, step->restart.items[i]))
			return refuse(reader, place, "'%.60s' is no process that restarts",
			              step->restart.items[i]);
	return true;
}

/* What the rows cannot say: parts that name each other. */
static bool check(struct reader *reader, const struct plan *plan)
{
	for (size_t i = 0; i < plan->processes.count; i++) {
		struct place list = { .key = "processes" }, here = { .up = &list, .index = i };

		if (!check_process(reader, plan, &here, &plan->processes.items[i]))
			return false;
	}
	for (size_t i = 0; i < plan->tools.count; i++) {
		struct place list = { .key = "tools" }, here = { .up = &list, .index = i };

		if (!check_process(reader, plan, &here, &plan->tools.items[i]))
			return false;
	}
	for (size_t i = 0; i < plan->jobs.count; i++) {
		struct place list = { .key = "jobs" }, here = { .up = &list, .index = i };
		struct place steps = { .up = &here, .key = "steps" };
		const struct plan_job *job = &plan->jobs.items[i];

		if (plan_process_find(plan, job->process) == NULL)
			return refuse(reader, &here, "'%s' is no process", job->process);
		for (size_t k = 0; k < job->steps.count; k++) {
			struct place step = { .up = &steps, .index = k };

			if (!check_step(reader, &step, &job->steps.items[k]) ||
			    !check_names(reader, plan, &step, &job->steps.items[k]))
				return false;
		}
	}
	for (size_t i = 0; i < plan->commands.count; i++) {
		struct place list = { .key = "commands" }, here = { .up = &list, .index = i };

		if (plan_process_find(plan, plan->commands.items[i].process) == NULL)
			return refuse(reader, &here, "'%s' is no process",
			              plan->commands.items[i].process);
	}
	return true;
}

/* First of all: what another version wrote may mean anything. */
static bool check_version(struct reader *reader, const json_t *root)
{
	const json_t *version = json_object_get(root, "plan");

	if (!json_is_object(root))
		return refuse(reader, NULL, "a plan is a map");
	if (!json_is_integer(version))
		return refuse(reader, NULL, "plan: the version is missing");
	if (json_integer_value(version) != PLAN_VERSION)
		return refuse(reader, NULL, "plan: version %lld is not known here, only %d",
		              (long long)json_integer_value(version), PLAN_VERSION);
	return true;
}

struct plan *plan_read(struct arena *arena, const char *json, size_t len, const char **ret_error)
{
	struct reader reader = { .arena = arena };
	cleanup_json json_t *root = NULL;
	struct plan *plan = arena_alloc(arena, sizeof(*plan));
	json_error_t error;

	if (len > PLAN_MAX_BYTES) {
		*ret_error = arena_printf(arena, "is larger than %d bytes", PLAN_MAX_BYTES);
		return NULL;
	}
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		*ret_error = arena_printf(arena, "line %d: %.100s", error.line > 0 ? error.line : 1,
		                          error.text);
		return NULL;
	}
	if (check_version(&reader, root) && read_fields(&reader, NULL, plan_fields, root, plan) &&
	    check(&reader, plan))
		return plan;
	*ret_error = reader.error;
	return NULL;
}

const struct plan_process *plan_process_find(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->processes.count; i++)
		if (str_equal(plan->processes.items[i].name, name))
			return &plan->processes.items[i];
	for (size_t i = 0; i < plan->tools.count; i++)
		if (str_equal(plan->tools.items[i].name, name))
			return &plan->tools.items[i];
	return NULL;
}

bool plan_is_tool(const struct plan_process *process)
{
	return process->group == NULL;
}

static void add_image(struct arena *arena, const char *image, struct strings *ret)
{
	for (size_t i = 0; i < ret->count; i++)
		if (str_equal(ret->items[i], image))
			return;
	*list_add(arena, ret) = image;
}

void plan_images(struct arena *arena, const struct plan *plan, struct strings *ret)
{
	for (size_t i = 0; i < plan->processes.count; i++)
		add_image(arena, plan->processes.items[i].image, ret);
	for (size_t i = 0; i < plan->tools.count; i++)
		add_image(arena, plan->tools.items[i].image, ret);
}

bool plan_is_clean_up(const struct plan_job *job)
{
	return str_equal(job->phase, "clean");
}

bool plan_is_setup(const struct plan_job *job)
{
	return str_equal(job->phase, "setup") || str_equal(job->phase, "migrate");
}
