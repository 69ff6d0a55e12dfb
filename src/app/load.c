/* Where definitions come from: a folder the user names, else those built into the compiler. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "app/builtin.h"
#include "base/arena.h"
#include "base/text.h"

#define FILE_NAME "app.yaml"

enum { NAMES_MAX = 1000 };

/* The NAME of "NAME/app.yaml", or NULL. */
static const char *builtin_name(struct arena *arena, const struct builtin_file *file)
{
	const char *slash = strchr(file->path, '/');

	if (slash == NULL || strcmp(slash + 1, FILE_NAME) != 0)
		return NULL;
	return arena_strndup(arena, file->path, (size_t)(slash - file->path));
}

static bool is_name(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= 40 && s[0] >= 'a' && s[0] <= 'z' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static void add_name(struct arena *arena, struct strings *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return;
	*list_add(arena, names) = name;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void app_names(struct arena *arena, const char *apps_dir, struct strings *ret_names)
{
	DIR *dir = apps_dir != NULL ? opendir(apps_dir) : NULL;
	const struct dirent *entry;

	*ret_names = (struct strings){ 0 };
	for (size_t i = 0; i < builtin_file_count; i++) {
		const char *name = builtin_name(arena, &builtin_files[i]);

		if (name != NULL)
			add_name(arena, ret_names, name);
	}
	while (dir != NULL && ret_names->count < NAMES_MAX && (entry = readdir(dir)) != NULL) {
		const char *path = arena_printf(arena, "%s/%s/" FILE_NAME, apps_dir, entry->d_name);

		if (is_name(entry->d_name) && access(path, R_OK) == 0)
			add_name(arena, ret_names, arena_strdup(arena, entry->d_name));
	}
	if (dir != NULL)
		closedir(dir);
	if (ret_names->count > 0)
		qsort(ret_names->items, ret_names->count, sizeof(*ret_names->items), compare);
}

static void report_unknown(struct arena *arena, const char *apps_dir, const char *name,
                           struct span at, struct findings *findings)
{
	struct strings names;
	const char *nearest;
	struct text hint;

	app_names(arena, apps_dir, &names);
	nearest = str_nearest(name, names.items, names.count);
	text_init(&hint, arena);
	if (nearest != NULL) {
		text_addf(&hint, "did you mean '%s'?", nearest);
	} else {
		text_add(&hint, "known are: ");
		for (size_t i = 0; i < names.count && i < 20; i++)
			text_addf(&hint, "%s%s", i > 0 ? ", " : "", names.items[i]);
	}
	diag_error(findings, "app.unknown", at, names.count > 0 ? hint.data : NULL,
	           "there is no application '%s'", name);
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool read_builtin(struct arena *arena, const char *name, struct source *ret)
{
	const char *path = arena_printf(arena, "%s/" FILE_NAME, name);

	for (size_t i = 0; i < builtin_file_count; i++)
		if (strcmp(builtin_files[i].path, path) == 0) {
			*ret = (struct source){ .name = arena_printf(arena, "apps/%s", path),
				                .data = builtin_files[i].data,
				                .len = builtin_files[i].len };
			return true;
		}
	return false;
}

bool app_load(struct arena *arena, const char *apps_dir, const char *name, struct span at,
              struct app *ret, struct findings *findings)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	const struct yaml_node *root;
	const char *path = apps_dir != NULL && is_name(name)
	                           ? arena_printf(arena, "%s/%s/" FILE_NAME, apps_dir, name)
	                           : NULL;

	/* Else a misspelt folder would quietly give the built-in definitions. */
	if (apps_dir != NULL && !is_folder(apps_dir)) {
		diag_error(findings, "app.folder", (struct span){ 0 }, NULL,
		           "there is no folder '%s' with application definitions", apps_dir);
		return false;
	}
	if (path != NULL && (access(path, F_OK) == 0 || errno != ENOENT)) {
		if (!yaml_read_source(arena, path, false, source, findings))
			return false;
	} else if (!read_builtin(arena, name, source)) {
		report_unknown(arena, apps_dir, name, at, findings);
		return false;
	}
	root = yaml_parse(arena, source, findings);
	if (root == NULL || !app_decode(arena, root, source, ret, findings))
		return false;
	if (!str_equal(ret->name.v, name)) {
		diag_error(findings, "app.name", ret->name.at, NULL,
		           "this definition is of '%s', but its folder is '%s'", ret->name.v, name);
		return false;
	}
	return true;
}
