#include "output/output.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct output_set *output_set_new(struct arena *arena, struct arena *secret_arena)
{
	struct output_set *set = arena_alloc(arena, sizeof(*set));

	set->arena = arena;
	set->secret_arena = secret_arena;
	return set;
}

static struct arena *arena_of(const struct output *file)
{
	return (file->flags & OUTPUT_SECRET) != 0 ? file->set->secret_arena : file->set->arena;
}

struct output *output_file(struct output_set *set, const char *path, unsigned mode, unsigned flags,
                           struct origin origin)
{
	struct output *file = arena_alloc(set->arena, sizeof(*file));

	file->path = arena_strdup(set->arena, path);
	file->mode = mode;
	file->flags = flags;
	file->origin = origin;
	file->set = set;
	file->order = set->files.count;
	*list_add(set->arena, &set->files) = file;
	return file;
}

static void add_line(struct output *file, struct origin origin, const char *data, size_t len)
{
	*list_add(file->set->arena, &file->lines) =
		(struct output_line){ .data = data, .len = len, .origin = origin };
}

void output_line(struct output *file, struct origin origin, const char *format, ...)
{
	va_list args;
	char *line;

	assert((file->flags & OUTPUT_BINARY) == 0);
	va_start(args, format);
	line = arena_vprintf(arena_of(file), format, args);
	va_end(args);
	if (strpbrk(line, "\n\r") != NULL) {
		file->broken = true;
		file->broken_origin = origin;
		return;
	}
	add_line(file, origin, line, strlen(line));
}

void output_text(struct output *file, struct origin origin, const char *text)
{
	assert((file->flags & OUTPUT_BINARY) == 0);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		add_line(file, origin, arena_strndup(arena_of(file), text, len), len);
		text += len + (text[len] == '\n');
	}
}

void output_bytes(struct output *file, struct origin origin, const void *data, size_t len)
{
	assert((file->flags & OUTPUT_BINARY) != 0 && file->lines.count == 0);
	add_line(file, origin, arena_strndup(arena_of(file), data, len), len);
}

void output_dir(struct output_set *set, const char *path, unsigned mode, unsigned uid, unsigned gid,
                struct origin origin)
{
	for (size_t i = 0; i < set->dirs.count; i++) {
		const struct output_dir *d = &set->dirs.items[i];

		if (d->mode == mode && d->uid == uid && d->gid == gid && str_equal(d->path, path))
			return;
	}
	*list_add(set->arena, &set->dirs) = (struct output_dir){
		.path = arena_strdup(set->arena, path),
		.mode = mode,
		.uid = uid,
		.gid = gid,
		.origin = origin,
	};
}

void output_link(struct output_set *set, const char *path, const char *target, struct origin origin)
{
	for (size_t i = 0; i < set->links.count; i++) {
		const struct output_link *l = &set->links.items[i];

		if (str_equal(l->path, path) && str_equal(l->target, target))
			return;
	}
	*list_add(set->arena, &set->links) = (struct output_link){
		.path = arena_strdup(set->arena, path),
		.target = arena_strdup(set->arena, target),
		.origin = origin,
	};
}

void output_unit(struct output_set *set, const char *name, bool enabled, bool masked,
                 struct origin origin)
{
	for (size_t i = 0; i < set->units.count; i++) {
		const struct output_unit *u = &set->units.items[i];

		if (u->enabled == enabled && u->masked == masked && str_equal(u->name, name))
			return;
	}
	*list_add(set->arena, &set->units) = (struct output_unit){
		.name = arena_strdup(set->arena, name),
		.enabled = enabled,
		.masked = masked,
		.origin = origin,
	};
}

char *output_join(const struct output *file, size_t *ret_len)
{
	bool binary = (file->flags & OUTPUT_BINARY) != 0;
	size_t len = 0;
	char *data, *end;

	for (size_t i = 0; i < file->lines.count; i++)
		len += file->lines.items[i].len + !binary;
	data = end = arena_alloc(arena_of(file), len + 1);
	for (size_t i = 0; i < file->lines.count; i++) {
		memcpy(end, file->lines.items[i].data, file->lines.items[i].len);
		end += file->lines.items[i].len;
		if (!binary)
			*end++ = '\n';
	}
	*ret_len = len;
	return data;
}

static int compare_files(const void *left, const void *right)
{
	const struct output *a = *(struct output *const *)left, *b = *(struct output *const *)right;
	int by_path = strcmp(a->path, b->path);

	return by_path != 0 ? by_path : (a->order > b->order) - (a->order < b->order);
}

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int compare_dirs(const void *left, const void *right)
{
	const struct output_dir *a = left, *b = right;
	int by = strcmp(a->path, b->path);

	if (by == 0)
		by = compare_numbers(a->mode, b->mode);
	if (by == 0)
		by = compare_numbers(a->uid, b->uid);
	return by != 0 ? by : compare_numbers(a->gid, b->gid);
}

static int compare_links(const void *left, const void *right)
{
	const struct output_link *a = left, *b = right;
	int by_path = strcmp(a->path, b->path);

	return by_path != 0 ? by_path : strcmp(a->target, b->target);
}

static int compare_units(const void *left, const void *right)
{
	const struct output_unit *a = left, *b = right;
	int by = strcmp(a->name, b->name);

	if (by == 0)
		by = compare_numbers(a->enabled, b->enabled);
	return by != 0 ? by : compare_numbers(a->masked, b->masked);
}

static int compare_users(const void *left, const void *right)
{
	return strcmp(((const struct output_user *)left)->name,
	              ((const struct output_user *)right)->name);
}

/* Users have no two entries of one name (output_conflicts), the others compare in every field: the
 * order never depends on the sort's stability. */
void output_sort(struct output_set *set)
{
	if (set->files.count > 1)
		qsort(set->files.items, set->files.count, sizeof(*set->files.items), compare_files);
	if (set->dirs.count > 1)
		qsort(set->dirs.items, set->dirs.count, sizeof(*set->dirs.items), compare_dirs);
	if (set->links.count > 1)
		qsort(set->links.items, set->links.count, sizeof(*set->links.items), compare_links);
	if (set->units.count > 1)
		qsort(set->units.items, set->units.count, sizeof(*set->units.items), compare_units);
	if (set->users.count > 1)
		qsort(set->users.items, set->users.count, sizeof(*set->users.items), compare_users);
}

struct output *output_find(const struct output_set *set, const char *path)
{
	for (size_t i = 0; i < set->files.count; i++) {
		if (str_equal(set->files.items[i]->path, path))
			return set->files.items[i];
	}
	return NULL;
}
