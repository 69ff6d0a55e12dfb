#include "remote/change.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "output/diff.h"
#include "remote/json.h"

#define SETTINGS_PATH "/etc/stead/stead.yaml"
#define PLAN_PATH "/etc/stead/node.json"

enum { CONTEXT_LINES = 2, SUBJECTS_MAX = 4 };

static const char *const words[] = {
	[CHANGE_ADDED] = "added",
	[CHANGE_CHANGED] = "changed",
	[CHANGE_REMOVED] = "removed",
};

static bool read_what(const json_t *object, enum change_what *ret)
{
	const char *word = json_string_value(json_object_get(object, "what"));

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word != NULL && strcmp(word, words[i]) == 0) {
			*ret = (enum change_what)i;
			return true;
		}
	return false;
}

static const char *whole_text(struct arena *arena, const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s == NULL ? NULL : arena_strdup(arena, s);
}

static bool read_files(struct arena *arena, const json_t *array, struct change *ret)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		struct change_file file = {
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

static bool read_processes(struct arena *arena, const json_t *array, struct change *ret)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		struct change_process process = { .name = remote_member(arena, item, "name") };

		if (process.name == NULL || !read_what(item, &process.what))
			return false;
		*list_add(arena, &ret->processes) = process;
	}
	return true;
}

/* The bundle's id, or "": it goes on a command line. */
static bool is_id(const char *id)
{
	return id != NULL && strlen(id) <= 64 && id[strspn(id, "0123456789abcdef")] == '\0';
}

int change_read(struct arena *arena, const char *json, size_t len, struct change *ret,
                const char **ret_error, const char **ret_hint)
{
	struct change change = { 0 };
	json_t *root;
	int r = remote_answer(arena, "receive", json, len, CHANGE_MAX_BYTES, &root, ret_error,
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
	if (!is_id(change.id) || *change.id == '\0' || !is_id(change.base) ||
	    !read_files(arena, json_object_get(root, "changes"), &change) ||
	    !read_processes(arena, json_object_get(root, "processes"), &change))
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

static void add_file(struct text *text, const struct change *change, const struct change_file *file,
                     bool color)
{
	const char *diff;

	text_addf(text, "  %s %s", words[file->what], file->path);
	if (file->secret)
		text_add(text, "  (secret, not shown)");
	text_addc(text, '\n');
	if (change->first || file->secret || (file->old == NULL && file->new == NULL))
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

char *change_text(struct arena *arena, const struct change *change, bool color)
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
		          change->processes.items[i].name, words[change->processes.items[i].what],
		          i + 1 == change->processes.count ? "\n" : "");
	add_list(&text, "networks made anew", &change->networks);
	add_list(&text, "restarts", &change->restarts);
	add_list(&text, "stops", &change->stops);
	add_list(&text, "images to pull", &change->images);
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
static void add_subjects(struct arena *arena, const struct change *change, struct strings *ret)
{
	for (size_t i = 0; i < change->files.count; i++) {
		const struct change_file *file = &change->files.items[i];

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

char *change_summary(struct arena *arena, const struct change *change)
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
