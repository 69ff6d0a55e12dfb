#include "agent/switch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { MAX_NAME = 256 };

/* Where an entry is: its directory, its name there, and the names beside it. */
struct place {
	int dir_fd;
	const char *name;
	char fresh[MAX_NAME], old[MAX_NAME];
};

static int fail_at(struct agent *agent, const char *what, const char *path, int r)
{
	return agent_fail(agent, r, "%s cannot be %s: %s", path, what,
	                  r == -ELOOP ? "a symbolic link is in its way" : strerror(-r));
}

/* The caller closes dir_fd. */
static int open_place(struct agent *agent, const struct change_entry *entry, struct place *ret)
{
	ret->dir_fd = disk_open_parent(agent->root_fd, entry->path, &ret->name);
	if (ret->dir_fd < 0)
		return ret->dir_fd;
	(void)snprintf(ret->fresh, sizeof(ret->fresh), ".%s.stead-new", ret->name);
	(void)snprintf(ret->old, sizeof(ret->old), ".%s.stead-old", ret->name);
	return 0;
}

/* One sync for each directory that holds an entry. Gone ones are synced with their parents. */
static int sync_parents(struct agent *agent, const struct change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		const char *path = change->items[i].path, *name;
		size_t len = (size_t)(strrchr(path, '/') - path);
		bool synced = false;
		int r;

		for (size_t k = 0; k < i && !synced; k++) {
			const char *other = change->items[k].path;

			synced = (size_t)(strrchr(other, '/') - other) == len &&
			         memcmp(other, path, len) == 0;
		}
		if (synced)
			continue;
		cleanup_fd int parent = disk_open_parent(agent->root_fd, path, &name);
		if (parent == -ENOENT)
			continue;
		r = parent < 0 ? parent : failpoint_fsync(parent);
		if (r < 0)
			return fail_at(agent, "synced", path, r);
	}
	return 0;
}

/* --- staging --- */

static int write_fresh(const struct place *place, const struct change_entry *entry,
                       const struct bundle_file *file)
{
	cleanup_fd int fd = openat(place->dir_fd, place->fresh,
	                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = file_write_all(fd, file->data, file->len);
	/* The owner first: chown takes set-user-ID bits away. */
	if (r == 0 && fchown(fd, entry->uid, entry->gid) < 0)
		r = -errno;
	if (r == 0 && fchmod(fd, entry->mode) < 0)
		r = -errno;
	return r == 0 ? failpoint_fsync(fd) : r;
}

static int stage_beside(const struct place *place, const struct change_entry *entry,
                        const struct bundle *bundle)
{
	int r = failpoint_unlink(place->dir_fd, place->fresh, 0);

	if (r == 0)
		r = failpoint_unlink(place->dir_fd, place->old, 0);
	if (r == 0 && entry->what != CHANGE_REMOVED) {
		if (entry->kind == CHANGE_FILE)
			r = write_fresh(place, entry, bundle_find(bundle, entry->path));
		else if (symlinkat(entry->target, place->dir_fd, place->fresh) < 0)
			r = -errno;
	}
	if (r == 0 && entry->what != CHANGE_ADDED)
		r = failpoint_link(place->dir_fd, place->name, place->old);
	return r;
}

static int stage(struct agent *agent, const struct change_entry *entry, const struct bundle *bundle)
{
	const struct disk_owner owner = { entry->uid, entry->gid, entry->mode };
	struct place place = { .dir_fd = -1 };
	int r;

	if (entry->kind == CHANGE_DIR)
		r = entry->what == CHANGE_ADDED ? disk_make_dir(agent->root_fd, entry->path, &owner)
		                                : 0;
	else
		r = open_place(agent, entry, &place);
	if (r == 0 && entry->kind != CHANGE_DIR) {
		r = stage_beside(&place, entry, bundle);
		(void)close(place.dir_fd);
	}
	return r < 0 ? fail_at(agent, "prepared", entry->path, r) : 0;
}

int switch_stage(struct agent *agent, const struct change *change, const struct bundle *bundle)
{
	for (size_t i = 0; i < change->count; i++) {
		int r = stage(agent, &change->items[i], bundle);

		if (r < 0)
			return r;
	}
	return sync_parents(agent, change);
}

/* --- forward and back --- */

static int set_dir(struct agent *agent, const char *path, unsigned mode, unsigned uid, unsigned gid)
{
	cleanup_fd int fd = disk_open_dir(agent->root_fd, path);

	if (fd < 0)
		return fd;
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return -errno;
	return failpoint_fsync(fd);
}

static bool is_there(const struct place *place, const char *name, struct stat *ret)
{
	return fstatat(place->dir_fd, name, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The new file is gone when it has its name already. */
static int forward_file(const struct place *place, const struct change_entry *entry)
{
	struct stat st;

	if (entry->what == CHANGE_REMOVED)
		return failpoint_unlink(place->dir_fd, place->name, 0);
	if (!is_there(place, place->fresh, &st))
		return 0;
	return failpoint_rename(place->dir_fd, place->fresh, place->name);
}

/* The old file has one of its names, the other, or both. With both rename(2) would do nothing and
 * leave both. */
static int back_file(const struct place *place, const struct change_entry *entry)
{
	struct stat old, here;
	int r;

	if (entry->what == CHANGE_ADDED)
		r = failpoint_unlink(place->dir_fd, place->name, 0);
	else if (!is_there(place, place->old, &old))
		r = 0;
	else if (is_there(place, place->name, &here) && here.st_ino == old.st_ino &&
	         here.st_dev == old.st_dev)
		r = failpoint_unlink(place->dir_fd, place->old, 0);
	else
		r = failpoint_rename(place->dir_fd, place->old, place->name);
	return r == 0 ? failpoint_unlink(place->dir_fd, place->fresh, 0) : r;
}

static int move(struct agent *agent, const struct change_entry *entry, bool forward)
{
	struct place place;
	int r;

	if (entry->kind == CHANGE_DIR) {
		if (entry->what != CHANGE_CHANGED)
			return 0;
		return forward ? set_dir(agent, entry->path, entry->mode, entry->uid, entry->gid)
		               : set_dir(agent, entry->path, entry->old_mode, entry->old_uid,
		                         entry->old_gid);
	}
	r = open_place(agent, entry, &place);
	/* On the way back the directory may be gone already: it held nothing old. */
	if (r == -ENOENT && !forward && entry->what == CHANGE_ADDED)
		return 0;
	if (r < 0)
		return r;
	r = forward ? forward_file(&place, entry) : back_file(&place, entry);
	(void)close(place.dir_fd);
	return r;
}

static int move_all(struct agent *agent, const struct change *change, bool forward)
{
	for (size_t i = 0; i < change->count; i++) {
		int r = move(agent, &change->items[i], forward);

		if (r < 0)
			return fail_at(agent, forward ? "put in place" : "put back",
			               change->items[i].path, r);
	}
	return sync_parents(agent, change);
}

int switch_forward(struct agent *agent, const struct change *change)
{
	return move_all(agent, change, true);
}

int switch_back(struct agent *agent, const struct change *change)
{
	return move_all(agent, change, false);
}

/* --- the end --- */

static int close_file(struct agent *agent, const struct change_entry *entry)
{
	struct place place;
	int r = open_place(agent, entry, &place);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = failpoint_unlink(place.dir_fd, place.fresh, 0);
	if (r == 0)
		r = failpoint_unlink(place.dir_fd, place.old, 0);
	(void)close(place.dir_fd);
	return r;
}

/* What others put into it is theirs, and stays with it. */
static int close_dir(struct agent *agent, const struct change_entry *entry)
{
	const char *name;
	cleanup_fd int parent = disk_open_parent(agent->root_fd, entry->path, &name);
	int r;

	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	r = failpoint_unlink(parent, name, AT_REMOVEDIR);
	return r == -ENOTEMPTY || r == -EEXIST || r == -ENOTDIR || r == -EBUSY ? 0 : r;
}

int switch_close(struct agent *agent, const struct change *change, bool forward)
{
	enum change_what gone = forward ? CHANGE_REMOVED : CHANGE_ADDED;

	/* From the end: what is in a directory goes before it. */
	for (size_t i = change->count; i-- > 0;) {
		const struct change_entry *entry = &change->items[i];
		int r = 0;

		if (entry->kind != CHANGE_DIR)
			r = close_file(agent, entry);
		else if (entry->what == gone)
			r = close_dir(agent, entry);
		if (r < 0)
			return fail_at(agent, "cleaned up", entry->path, r);
	}
	return sync_parents(agent, change);
}
