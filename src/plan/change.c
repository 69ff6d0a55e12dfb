#include "plan/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const char *const change_kind_words[] = { "file", "link", "dir", NULL };
const char *const change_what_words[] = { "added", "changed", "removed", NULL };

const struct change_entry *change_find(const struct change *change, const char *path)
{
	for (size_t i = 0; i < change->count; i++)
		if (str_equal(change->items[i].path, path))
			return &change->items[i];
	return NULL;
}

const struct plan_file *plan_file_find(const struct plan *plan, const char *path)
{
	for (size_t i = 0; plan != NULL && i < plan->files.count; i++)
		if (str_equal(plan->files.items[i].path, path))
			return &plan->files.items[i];
	return NULL;
}

const struct plan_link *plan_link_find(const struct plan *plan, const char *path)
{
	for (size_t i = 0; plan != NULL && i < plan->links.count; i++)
		if (str_equal(plan->links.items[i].path, path))
			return &plan->links.items[i];
	return NULL;
}

const struct plan_dir *plan_dir_find(const struct plan *plan, const char *path)
{
	for (size_t i = 0; plan != NULL && i < plan->dirs.count; i++)
		if (str_equal(plan->dirs.items[i].path, path))
			return &plan->dirs.items[i];
	return NULL;
}

static int by_path(const void *a, const void *b)
{
	const struct change_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void change_sort(struct change *change)
{
	if (change->count > 1)
		qsort(change->items, change->count, sizeof(*change->items), by_path);
}

/* --- between two bundles --- */

static bool has_path(const struct plan *plan, const char *path)
{
	return plan_file_find(plan, path) != NULL || plan_link_find(plan, path) != NULL ||
	       plan_dir_find(plan, path) != NULL;
}

static void add(struct arena *arena, const struct bundle *old, struct change_entry entry,
                struct change *ret)
{
	entry.what = has_path(old->plan, entry.path) ? CHANGE_CHANGED : CHANGE_ADDED;
	*list_add(arena, ret) = entry;
}

static bool same_file(const struct bundle *old, const struct bundle *new,
                      const struct plan_file *before, const struct plan_file *file)
{
	const struct bundle_file *a, *b;

	if (before == NULL || before->mode != file->mode || before->uid != file->uid ||
	    before->gid != file->gid)
		return false;
	a = bundle_find(old, file->path);
	b = bundle_find(new, file->path);
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void compare_files(struct arena *arena, const struct bundle *old, const struct bundle *new,
                          struct change *ret)
{
	for (size_t i = 0; i < new->plan->files.count; i++) {
		const struct plan_file *file = &new->plan->files.items[i];
		const struct plan_file *before = plan_file_find(old->plan, file->path);
		struct change_entry entry = { .path = file->path,
			                      .kind = CHANGE_FILE,
			                      .mode = file->mode,
			                      .uid = file->uid,
			                      .gid = file->gid };

		entry.secret = file->secret || (before != NULL && before->secret);
		if (!same_file(old, new, before, file))
			add(arena, old, entry, ret);
	}
}

static void compare_links(struct arena *arena, const struct bundle *old, const struct bundle *new,
                          struct change *ret)
{
	for (size_t i = 0; i < new->plan->links.count; i++) {
		const struct plan_link *link = &new->plan->links.items[i];
		const struct plan_link *before = plan_link_find(old->plan, link->path);
		const struct plan_file *file = plan_file_find(old->plan, link->path);
		struct change_entry entry = { .path = link->path,
			                      .kind = CHANGE_LINK,
			                      .target = link->target,
			                      .secret = file != NULL && file->secret };

		if (before == NULL || !str_equal(before->target, link->target))
			add(arena, old, entry, ret);
	}
}

static void compare_dirs(struct arena *arena, const struct bundle *old, const struct bundle *new,
                         struct change *ret)
{
	for (size_t i = 0; i < new->plan->dirs.count; i++) {
		const struct plan_dir *dir = &new->plan->dirs.items[i];
		const struct plan_dir *before = plan_dir_find(old->plan, dir->path);
		struct change_entry entry = { .path = dir->path,
			                      .kind = CHANGE_DIR,
			                      .mode = dir->mode,
			                      .uid = dir->uid,
			                      .gid = dir->gid };

		if (before == NULL || before->mode != dir->mode || before->uid != dir->uid ||
		    before->gid != dir->gid)
			add(arena, old, entry, ret);
	}
}

static void add_removed(struct arena *arena, const struct plan *new, const char *path,
                        enum change_kind kind, bool secret, struct change *ret)
{
	if (!has_path(new, path))
		*list_add(arena, ret) = (struct change_entry){
			.path = path, .kind = kind, .what = CHANGE_REMOVED, .secret = secret
		};
}

void change_between(struct arena *arena, const struct bundle *old, const struct bundle *new,
                    struct change *ret)
{
	const struct plan *before = old->plan;

	*ret = (struct change){ 0 };
	compare_files(arena, old, new, ret);
	compare_links(arena, old, new, ret);
	compare_dirs(arena, old, new, ret);
	for (size_t i = 0; i < before->files.count; i++)
		add_removed(arena, new->plan, before->files.items[i].path, CHANGE_FILE,
		            before->files.items[i].secret, ret);
	for (size_t i = 0; i < before->links.count; i++)
		add_removed(arena, new->plan, before->links.items[i].path, CHANGE_LINK, false, ret);
	for (size_t i = 0; i < before->dirs.count; i++)
		add_removed(arena, new->plan, before->dirs.items[i].path, CHANGE_DIR, false, ret);
	change_sort(ret);
}
