/* Two writers of one thing. */
#include "output/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum kind { KIND_DIR, KIND_FILE, KIND_LINK };

static const char *const kind_names[] = { "a directory", "a file", "a link" };

struct entry {
	const char *path;
	enum kind kind;
	size_t order;
	struct origin origin;
};

struct entries {
	LIST_OF(struct entry);
};

struct pass {
	struct arena *arena;
	struct findings *findings;
	bool ok;
};

static void report(struct pass *pass, const char *path, struct origin first, struct origin second,
                   const char *why)
{
	struct span at = second.span.source != NULL ? second.span : first.span;

	diag_error(pass->findings, "output.conflict", at, NULL, "'%s': %s (%s; %s)", path, why,
	           output_origin_text(pass->arena, first), output_origin_text(pass->arena, second));
	pass->ok = false;
}

static void add_entry(struct arena *arena, struct entries *entries, const char *path,
                      enum kind kind, struct origin origin)
{
	size_t order = entries->count;

	*list_add(arena, entries) =
		(struct entry){ .path = path, .kind = kind, .order = order, .origin = origin };
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int by_path = strcmp(a->path, b->path);

	return by_path != 0 ? by_path : (a->order > b->order) - (a->order < b->order);
}

static void collect(struct arena *arena, const struct output_set *set, struct entries *ret)
{
	for (size_t i = 0; i < set->dirs.count; i++)
		add_entry(arena, ret, set->dirs.items[i].path, KIND_DIR, set->dirs.items[i].origin);
	for (size_t i = 0; i < set->files.count; i++)
		add_entry(arena, ret, set->files.items[i]->path, KIND_FILE,
		          set->files.items[i]->origin);
	for (size_t i = 0; i < set->links.count; i++)
		add_entry(arena, ret, set->links.items[i].path, KIND_LINK,
		          set->links.items[i].origin);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_entries);
}

/* Absolute, no empty, "." or ".." part: only then is comparing texts comparing places. */
static bool is_plain_path(const char *path)
{
	if (path[0] != '/' || path[1] == '\0')
		return false;
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	}
	return true;
}

static int compare_key(const void *key, const void *member)
{
	return strcmp(key, ((const struct entry *)member)->path);
}

/* The nearest parent that is no directory: nothing can be below it. */
static const struct entry *solid_parent(struct arena *arena, const struct entries *entries,
                                        const char *path)
{
	char *parent = arena_strdup(arena, path), *slash;

	while ((slash = strrchr(parent, '/')) != NULL && slash != parent) {
		const struct entry *found;

		*slash = '\0';
		found = bsearch(parent, entries->items, entries->count, sizeof(*entries->items),
		                compare_key);
		if (found != NULL && found->kind != KIND_DIR)
			return found;
	}
	return NULL;
}

static void check_paths(struct pass *pass, const struct output_set *set)
{
	struct entries entries = { 0 };

	collect(pass->arena, set, &entries);
	for (size_t i = 0; i < entries.count; i++) {
		const struct entry *e = &entries.items[i], *before = i > 0 ? e - 1 : NULL;
		const struct entry *parent;

		if (!is_plain_path(e->path)) {
			diag_error(pass->findings, "output.path", e->origin.span, NULL,
			           "'%s' is not a plain absolute path", e->path);
			pass->ok = false;
			continue;
		}
		if (before != NULL && str_equal(before->path, e->path)) {
			const char *why = "two writers of one file";

			if (before->kind != e->kind)
				why = arena_printf(pass->arena, "%s and %s at one place",
				                   kind_names[before->kind], kind_names[e->kind]);
			else if (e->kind == KIND_DIR)
				why = "two modes or owners for one directory";
			else if (e->kind == KIND_LINK)
				why = "two targets for one link";
			report(pass, e->path, before->origin, e->origin, why);
			continue;
		}
		parent = solid_parent(pass->arena, &entries, e->path);
		if (parent != NULL)
			report(pass, e->path, parent->origin, e->origin,
			       arena_printf(pass->arena, "it would be below '%s', which is %s",
			                    parent->path, kind_names[parent->kind]));
	}
}

/* Few entries: comparing each with each is the shortest way. */
static void check_names(struct pass *pass, const struct output_set *set)
{
	for (size_t i = 0; i < set->units.count; i++) {
		for (size_t j = i + 1; j < set->units.count; j++) {
			const struct output_unit *a = &set->units.items[i],
						 *b = &set->units.items[j];

			if (str_equal(a->name, b->name))
				report(pass, a->name, a->origin, b->origin,
				       "a unit that is to be in two states");
		}
	}
	for (size_t i = 0; i < set->users.count; i++) {
		for (size_t j = i + 1; j < set->users.count; j++) {
			const struct output_user *a = &set->users.items[i],
						 *b = &set->users.items[j];

			if (str_equal(a->name, b->name))
				report(pass, a->name, a->origin, b->origin,
				       "two users of one name");
		}
	}
}

static void check_lines(struct pass *pass, const struct output_set *set)
{
	for (size_t i = 0; i < set->files.count; i++) {
		const struct output *file = set->files.items[i];

		if (!file->broken)
			continue;
		diag_error(pass->findings, "output.line-break", file->broken_origin.span, NULL,
		           "a value with a line break cannot stand in '%s'", file->path);
		pass->ok = false;
	}
}

bool output_conflicts(const struct output_set *set, struct findings *findings)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct pass pass = { .arena = scratch, .findings = findings, .ok = true };

	check_paths(&pass, set);
	check_names(&pass, set);
	check_lines(&pass, set);
	return pass.ok;
}
