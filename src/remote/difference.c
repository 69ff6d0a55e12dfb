#include "remote/difference.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "output/diff.h"
#include "remote/json.h"

#define SETTINGS_PATH "/etc/stead/stead.yaml"
#define PLAN_PATH "/etc/stead/node.json"

enum { CONTEXT_LINES = 2, SUBJECTS_MAX = 4 };

/* The index of a member's word; -1 when it is none of these. */
static int read_word(const json_t *object, const char *key, const char *const *words)
{
	const char *word = json_string_value(json_object_get(object, key));

	for (int i = 0; word != NULL && words[i] != NULL; i++)
		if (str_equal(words[i], word))
			return i;
	return -1;
}

static bool read_what(const json_t *object, enum change_what *ret)
{
	int word = read_word(object, "what", change_what_words);

	*ret = (enum change_what)word;
	return word >= 0;
}

static const char *whole_text(struct arena *arena, const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s == NULL ? NULL : arena_strdup(arena, s);
}

static bool read_files(struct arena *arena, const json_t *array, struct difference *ret)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		struct difference_file file = {
			.path = remote_member(arena, item, "path"),
			.secret = !json_is_false(json_object_get(item, "secret")),
		};

		if (file.path == NULL || !read_what(item, &file.what))
			return false;
		/* Nothing of a secret is shown, even if the agent were to send it. */
		if (!file.secret) {
			file.old = whole_text(arena, item, "old");
			file.new = whole_text(arena, item, "new");
		}
		*list_add(arena, &ret->files) = file;
	}
	return true;
}

static bool read_processes(struct arena *arena, const json_t *array, struct difference *ret)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		struct difference_process process = { .name = remote_member(arena, item, "name") };

		if (process.name == NULL || !read_what(item, &process.what))
			return false;
		*list_add(arena, &ret->processes) = process;
	}
	return true;
}

static bool read_order(struct arena *arena, const json_t *array, struct order *ret)
{
	for (size_t i = 0; i < json_array_size(array) && i < REMOTE_LIST_MAX; i++) {
		const json_t *item = json_array_get(array, i);
		struct order_step step = { .name = remote_member(arena, item, "name") };
		int what = read_word(item, "do", order_what_words);

		if (step.name == NULL || what < 0)
			return false;
		step.what = (enum order_what)what;
		remote_texts(arena, json_object_get(item, "after"), &step.after);
		*list_add(arena, ret) = step;
	}
	return true;
}

/* The bundle's id, or "": it goes on a command line. */
static bool is_id(const char *id)
{
	return id != NULL && strlen(id) <= 64 && id[strspn(id, "0123456789abcdef")] == '\0';
}

int difference_read(struct arena *arena, const char *json, size_t len, struct difference *ret,
                    const char **ret_error, const char **ret_hint)
{
	struct difference change = { 0 };
	json_t *root;
	int r = remote_answer(arena, "receive", json, len, DIFFERENCE_MAX_BYTES, &root, ret_error,
	                      ret_hint);

	if (r < 0)
		return r;
	change.id = remote_member(arena, root, "id");
	change.base = remote_member(arena, root, "base");
	if (change.base == NULL)
		change.base = "";
	change.first = json_is_true(json_object_get(root, "first"));
	change.same = json_is_true(json_object_get(root, "same"));
	remote_texts(arena, json_object_get(root, "networks"), &change.networks);
	remote_texts(arena, json_object_get(root, "restarts"), &change.restarts);
	remote_texts(arena, json_object_get(root, "stops"), &change.stops);
	remote_texts(arena, json_object_get(root, "images"), &change.images);
	remote_texts(arena, json_object_get(root, "untouched"), &change.untouched);
	if (!is_id(change.id) || *change.id == '\0' || !is_id(change.base) ||
	    !read_files(arena, json_object_get(root, "changes"), &change) ||
	    !read_processes(arena, json_object_get(root, "processes"), &change) ||
	    !read_order(arena, json_object_get(root, "order"), &change.order))
		r = -EINVAL;
	json_decref(root);
	if (r < 0)
		*ret_error = "the agent's answer to 'receive' is not as it should be";
	else
		*ret = change;
	return r;
}

/* --- the difference --- */

static void add_colored(struct text *text, const char *line, size_t len, bool color)
{
	const char *on = !color ? "" : *line == '+' ? "\033[32m" : *line == '-' ? "\033[31m" : "";

	text_add(text, "    ");
	text_add(text, on);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		text_addc(text, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
	}
	text_add(text, *on == '\0' ? "\n" : "\033[0m\n");
}

static void add_lines(struct text *text, const char *diff, bool color)
{
	while (*diff != '\0') {
		size_t len = strcspn(diff, "\n");

		add_colored(text, diff, len, color);
		diff += len + (diff[len] == '\n');
	}
}

static void add_file(struct text *text, const struct difference *change,
                     const struct difference_file *file, bool color)
{
	const char *diff;

	text_addf(text, "  %s %s", change_what_words[file->what], file->path);
	if (file->secret)
		text_add(text, "  (secret, not shown)");
	text_addc(text, '\n');
	if (change->first || file->secret || file->what == CHANGE_REMOVED ||
	    (file->old == NULL && file->new == NULL))
		return;
	diff = diff_unified(text->arena, file->old, file->new, CONTEXT_LINES);
	if (*diff == '\0')
		text_add(text, "    (its mode or owner)\n");
	add_lines(text, diff, color);
}

static void add_list(struct text *text, const char *heading, const struct strings *list)
{
	if (list->count == 0)
		return;
	text_addf(text, "%s:", heading);
	for (size_t i = 0; i < list->count; i++)
		text_addf(text, "%s %s", i == 0 ? "" : ",", list->items[i]);
	text_addc(text, '\n');
}

static void add_after(struct text *text, const struct strings *after)
{
	for (size_t i = 0; i < after->count; i++)
		text_addf(text, "%s%s", i == 0 ? ", when " : " and ", after->items[i]);
	if (after->count > 0)
		text_add(text, after->count == 1 ? " is healthy" : " are healthy");
}

/* Neighbours of one kind share a line, unless one waits for another. */
static void add_order(struct text *text, const struct order *order)
{
	if (order->count > 0)
		text_add(text, "in this order:\n");
	for (size_t i = 0; i < order->count; i++) {
		const struct order_step *step = &order->items[i];
		bool shared = i > 0 && step->after.count == 0 && step[-1].after.count == 0 &&
		              step[-1].what == step->what;

		if (shared)
			text_addf(text, ", %s", step->name);
		else
			text_addf(text, "%s  %s %s", i > 0 ? "\n" : "",
			          order_what_words[step->what], step->name);
		add_after(text, &step->after);
	}
	if (order->count > 0)
		text_addc(text, '\n');
}

char *difference_text(struct arena *arena, const struct difference *change, bool color)
{
	struct text text;

	text_init(&text, arena);
	if (change->files.count > 0)
		text_add(&text, "files:\n");
	/* The plan repeats for the agent what the other files say, so it is shown when it is all.
	 */
	for (size_t i = 0; i < change->files.count; i++)
		if (change->files.count == 1 || !str_equal(change->files.items[i].path, PLAN_PATH))
			add_file(&text, change, &change->files.items[i], color);
	for (size_t i = 0; i < change->processes.count; i++)
		text_addf(&text, "%s%s (%s)%s", i == 0 ? "processes: " : ", ",
		          change->processes.items[i].name,
		          change_what_words[change->processes.items[i].what],
		          i + 1 == change->processes.count ? "\n" : "");
	add_list(&text, "images to pull", &change->images);
	add_order(&text, &change->order);
	if (change->files.count > 0)
		add_list(&text, "untouched", &change->untouched);
	return text.data;
}

/* --- in one line --- */

/* What a file is about, for people. */
static const char *subject_of(struct arena *arena, const char *path)
{
	static const struct {
		const char *prefix, *subject;
	} known[] = {
		{ PLAN_PATH, NULL },
		{ SETTINGS_PATH, "the settings' text" },
		{ "/etc/stead/stead.lock", "the lock" },
		{ "/etc/stead/firewall", "the firewall" },
		{ "/etc/stead/secrets/", "secrets" },
		{ "/etc/stead/config/proxy/", "the proxy's configuration" },
		{ "/etc/containers/systemd/", "containers" },
		{ "/etc/containers/", "the engine's configuration" },
		{ "/etc/docker/", "the engine's configuration" },
		{ "/etc/systemd/", "units" },
		{ "/etc/hostname", "the host name" },
		{ "/etc/localtime", "the time zone" },
	};
	const char *name;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_starts(path, known[i].prefix))
			return known[i].subject;
	if (str_starts(path, "/etc/stead/config/")) {
		name = path + strlen("/etc/stead/config/");
		return arena_printf(arena, "the configuration of %.*s", (int)strcspn(name, "/"),
		                    name);
	}
	return path;
}

static void add_subject(struct arena *arena, struct strings *list, const char *subject)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], subject))
			return;
	*list_add(arena, list) = subject;
}

static void add_some(struct text *text, const struct strings *list)
{
	size_t shown = list->count > SUBJECTS_MAX ? SUBJECTS_MAX - 1 : list->count;

	for (size_t i = 0; i < shown; i++) {
		const char *name = list->items[i];
		int len = (int)strlen(name);

		if (str_ends(name, ".service"))
			len -= (int)strlen(".service");
		text_addf(text, "%s%.*s",
		          i == 0                 ? ""
		          : i + 1 == list->count ? " and "
		                                 : ", ",
		          len, name);
	}
	if (shown < list->count)
		text_addf(text, " and %zu more", list->count - shown);
}

/* The block of a top-level key in a settings file: its line and all that is indented below it. NULL
 * at the end of the text. Comments and empty lines belong to what stands before them. */
static const char *next_block(const char **text, size_t *ret_key, size_t *ret_len)
{
	const char *start = *text, *end;

	while (*start != '\0' && strchr(" \t#-\n", *start) != NULL)
		start += strcspn(start, "\n") + (start[strcspn(start, "\n")] == '\n');
	if (*start == '\0')
		return NULL;
	end = start;
	do
		end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
	while (*end != '\0' && strchr(" \t#-\n", *end) != NULL);
	*ret_key = strcspn(start, ": \t\n");
	*ret_len = (size_t)(end - start);
	*text = end;
	return start;
}

static bool has_block(const char *text, const char *block, size_t key, size_t len)
{
	size_t other_key, other_len;
	const char *other;

	while ((other = next_block(&text, &other_key, &other_len)) != NULL)
		if (other_key == key && strncmp(other, block, key) == 0)
			return other_len == len && memcmp(other, block, len) == 0;
	return false;
}

/* "mail settings", for each key of A that B does not have as it is. */
static void add_settings(struct arena *arena, struct strings *list, const char *a, const char *b)
{
	const char *block;
	size_t key, len;

	while ((block = next_block(&a, &key, &len)) != NULL)
		if (!has_block(b, block, key, len)) {
			char *name = arena_strndup(arena, block, key);

			for (char *c = name; *c != '\0'; c++)
				if ((unsigned char)*c < 0x20 || *c == 0x7f)
					*c = '?';
			add_subject(arena, list, arena_printf(arena, "%s settings", name));
		}
}

/* What was done by a person: the settings say it best, the files are what follows from them. */
static void add_subjects(struct arena *arena, const struct difference *change, struct strings *ret)
{
	for (size_t i = 0; i < change->files.count; i++) {
		const struct difference_file *file = &change->files.items[i];

		if (str_equal(file->path, SETTINGS_PATH) && file->old != NULL &&
		    file->new != NULL) {
			add_settings(arena, ret, file->old, file->new);
			add_settings(arena, ret, file->new, file->old);
		}
	}
	for (size_t i = 0; i < change->processes.count; i++)
		if (change->processes.items[i].what != CHANGE_CHANGED)
			add_subject(arena, ret,
			            arena_printf(arena, "the process %s",
			                         change->processes.items[i].name));
	if (ret->count > 0)
		return;
	for (size_t i = 0; i < change->files.count; i++) {
		const char *subject = subject_of(arena, change->files.items[i].path);

		if (subject != NULL)
			add_subject(arena, ret, subject);
	}
}

char *difference_summary(struct arena *arena, const struct difference *change)
{
	struct strings subjects = { 0 };
	struct text text;

	text_init(&text, arena);
	if (change->first) {
		text_addf(&text, "made the node: %zu files, %zu processes", change->files.count,
		          change->processes.count);
		return text.data;
	}
	add_subjects(arena, change, &subjects);
	if (subjects.count == 0)
		add_subject(arena, &subjects, "the plan");
	text_add(&text, "changed ");
	add_some(&text, &subjects);
	text_add(&text, change->restarts.count > 0 ? ": restarted " : ": nothing restarted");
	add_some(&text, &change->restarts);
	if (change->stops.count > 0) {
		text_add(&text, ", stopped ");
		add_some(&text, &change->stops);
	}
	return text.data;
}
