#include "agent/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

struct comparison {
	struct agent *agent;
	struct arena *arena;
	const struct plan *old; /* may be NULL */
	const struct bundle *bundle;
	struct change *change;
};

static int fail_at(const struct comparison *c, const char *path, int r)
{
	return agent_fail(c->agent, r, "%s cannot be looked at: %s", path,
	                  r == -ELOOP ? "a symbolic link is in its way" : strerror(-r));
}

/* What is at PATH: 1 and *ret, 0 for nothing. */
static int look(const struct comparison *c, const char *path, struct stat *ret)
{
	const char *name;
	cleanup_fd int parent = disk_open_parent(c->agent->root_fd, path, &name);

	if (parent == -ENOENT)
		return 0;
	if (parent < 0)
		return fail_at(c, path, parent);
	if (fstatat(parent, name, ret, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : fail_at(c, path, -errno);
}

static int refuse_foreign(const struct comparison *c, const char *path)
{
	return agent_fail(c->agent, -EEXIST,
	                  "%s is there already, is something else, and was not put there by stead",
	                  path);
}

/* Content, owner and mode. */
static int same_file(const struct comparison *c, const struct plan_file *file,
                     const struct stat *st, bool *ret)
{
	cleanup_arena struct arena *scratch = arena_new_secret();
	const struct bundle_file *wanted = bundle_find(c->bundle, file->path);
	char *data = NULL;
	size_t len = 0;
	int r;

	*ret = false;
	if (!S_ISREG(st->st_mode) || (st->st_mode & 07777) != file->mode ||
	    st->st_uid != file->uid || st->st_gid != file->gid ||
	    (size_t)st->st_size != wanted->len)
		return 0;
	r = disk_read(scratch, c->agent->root_fd, file->path, wanted->len, &data, &len, NULL);
	if (r < 0 && r != -EFBIG)
		return fail_at(c, file->path, r);
	*ret = r == 0 && len == wanted->len && memcmp(data, wanted->data, len) == 0;
	return 0;
}

static int same_link(const struct comparison *c, const struct plan_link *link,
                     const struct stat *st, bool *ret)
{
	char target[PATH_MAX];
	const char *name;
	ssize_t len;

	*ret = false;
	if (!S_ISLNK(st->st_mode))
		return 0;
	cleanup_fd int parent = disk_open_parent(c->agent->root_fd, link->path, &name);
	if (parent < 0)
		return fail_at(c, link->path, parent);
	len = readlinkat(parent, name, target, sizeof(target));
	if (len < 0)
		return fail_at(c, link->path, -errno);
	*ret = (size_t)len == strlen(link->target) &&
	       memcmp(target, link->target, (size_t)len) == 0;
	return 0;
}

/* Every system has one, and whoever writes a time zone into the settings wants it moved. */
static bool is_time_zone(const struct change_entry *entry, const struct stat *st)
{
	return entry->kind == CHANGE_LINK && S_ISLNK(st->st_mode) &&
	       str_equal(entry->path, "/etc/localtime");
}

/* Added or changed; refused when what is there is not stead's, or is a directory. */
static int add_entry(const struct comparison *c, struct change_entry entry, bool there,
                     const struct stat *st)
{
	bool ours = plan_file_find(c->old, entry.path) != NULL ||
	            plan_link_find(c->old, entry.path) != NULL ||
	            (there && is_time_zone(&entry, st));

	if (there && (!ours || !(S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))))
		return refuse_foreign(c, entry.path);
	entry.what = there ? CHANGE_CHANGED : CHANGE_ADDED;
	*list_add(c->arena, c->change) = entry;
	return 0;
}

static bool was_secret(const struct plan *plan, const char *path)
{
	const struct plan_file *file = plan_file_find(plan, path);

	return file != NULL && file->secret;
}

static int compare_file(const struct comparison *c, const struct plan_file *file)
{
	struct change_entry entry = { .path = file->path,
		                      .kind = CHANGE_FILE,
		                      .mode = file->mode,
		                      .uid = file->uid,
		                      .gid = file->gid };
	struct stat st = { 0 };
	int there = look(c, file->path, &st), r = 0;
	bool same = false;

	if (there < 0)
		return there;
	if (there)
		r = same_file(c, file, &st, &same);
	if (r < 0 || same)
		return r;
	entry.secret = file->secret || was_secret(c->old, file->path);
	return add_entry(c, entry, there, &st);
}

static int compare_link(const struct comparison *c, const struct plan_link *link)
{
	struct change_entry entry = { .path = link->path,
		                      .kind = CHANGE_LINK,
		                      .target = link->target,
		                      .secret = was_secret(c->old, link->path) };
	struct stat st = { 0 };
	int there = look(c, link->path, &st), r = 0;
	bool same = false;

	if (there < 0)
		return there;
	if (there)
		r = same_link(c, link, &st, &same);
	if (r < 0 || same)
		return r;
	return add_entry(c, entry, there, &st);
}

static int compare_dir(const struct comparison *c, const struct plan_dir *dir)
{
	struct change_entry entry = { .path = dir->path,
		                      .kind = CHANGE_DIR,
		                      .mode = dir->mode,
		                      .uid = dir->uid,
		                      .gid = dir->gid };
	struct stat st = { 0 };
	int there = look(c, dir->path, &st);

	if (there < 0)
		return there;
	if (there && S_ISDIR(st.st_mode) && (st.st_mode & 07777) == dir->mode &&
	    st.st_uid == dir->uid && st.st_gid == dir->gid)
		return 0;
	if (there && (!S_ISDIR(st.st_mode) || plan_dir_find(c->old, dir->path) == NULL))
		return refuse_foreign(c, dir->path);
	entry.what = there ? CHANGE_CHANGED : CHANGE_ADDED;
	entry.old_mode = st.st_mode & 07777;
	entry.old_uid = st.st_uid;
	entry.old_gid = st.st_gid;
	*list_add(c->arena, c->change) = entry;
	return 0;
}

/* What the machine lacks above PATH, as Ignition would make it. */
static int add_parents(const struct comparison *c, const char *path)
{
	for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
		const char *dir = arena_strndup(c->arena, path, (size_t)(slash - path));
		struct stat st;
		int there;

		if (change_find(c->change, dir) != NULL ||
		    plan_dir_find(c->bundle->plan, dir) != NULL)
			continue;
		there = look(c, dir, &st);
		if (there < 0)
			return there;
		if (there && !S_ISDIR(st.st_mode))
			return refuse_foreign(c, dir);
		if (!there)
			*list_add(c->arena, c->change) = (struct change_entry){
				.path = dir, .kind = CHANGE_DIR, .what = CHANGE_ADDED, .mode = 0755
			};
	}
	return 0;
}

static int compare_new(const struct comparison *c)
{
	const struct plan *plan = c->bundle->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->dirs.count; i++) {
		r = add_parents(c, plan->dirs.items[i].path);
		if (r == 0)
			r = compare_dir(c, &plan->dirs.items[i]);
	}
	for (size_t i = 0; r == 0 && i < plan->files.count; i++) {
		r = add_parents(c, plan->files.items[i].path);
		if (r == 0)
			r = compare_file(c, &plan->files.items[i]);
	}
	for (size_t i = 0; r == 0 && i < plan->links.count; i++) {
		r = add_parents(c, plan->links.items[i].path);
		if (r == 0)
			r = compare_link(c, &plan->links.items[i]);
	}
	return r;
}

/* A directory somebody put in the place of a file of ours is theirs, and the other way round. */
static int compare_removed(const struct comparison *c, const char *path, enum change_kind kind,
                           bool secret)
{
	struct stat st;
	int there;

	if (plan_file_find(c->bundle->plan, path) != NULL ||
	    plan_link_find(c->bundle->plan, path) != NULL ||
	    plan_dir_find(c->bundle->plan, path) != NULL)
		return 0;
	there = look(c, path, &st);
	if (there <= 0)
		return there;
	if (kind == CHANGE_DIR ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
		*list_add(c->arena, c->change) = (struct change_entry){
			.path = path, .kind = kind, .what = CHANGE_REMOVED, .secret = secret
		};
	return 0;
}

static int compare_old(const struct comparison *c)
{
	const struct plan *old = c->old;
	int r = 0;

	for (size_t i = 0; old != NULL && r == 0 && i < old->files.count; i++)
		r = compare_removed(c, old->files.items[i].path, CHANGE_FILE,
		                    old->files.items[i].secret);
	for (size_t i = 0; old != NULL && r == 0 && i < old->links.count; i++)
		r = compare_removed(c, old->links.items[i].path, CHANGE_LINK, false);
	for (size_t i = 0; old != NULL && r == 0 && i < old->dirs.count; i++)
		r = compare_removed(c, old->dirs.items[i].path, CHANGE_DIR, false);
	return r;
}

int change_compute(struct agent *agent, struct arena *arena, const struct plan *old,
                   const struct bundle *bundle, struct change *ret)
{
	const struct comparison c = { agent, arena, old, bundle, ret };
	int r;

	*ret = (struct change){ 0 };
	r = compare_new(&c);
	if (r == 0)
		r = compare_old(&c);
	if (r == 0)
		change_sort(ret);
	return r;
}
