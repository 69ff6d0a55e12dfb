/*
 * The files' half of an import: what comes over the connection is written beside its place.
 */
#include "agent/import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/failpoint.h"
#include "archive/tar.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { CHUNK = 256 * 1024 };

static long read_fd(void *context, void *data, size_t len)
{
	ssize_t n;

	do
		n = read(*(const int *)context, data, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int fail_at(struct import *import, int error, const char *path)
{
	return agent_fail(import->agent, error, "%.200s: %s", path,
	                  error == -ENOSPC ? "the disk is full" : strerror(-error));
}

/* --- one member --- */

/* The folder that holds PATH's last part, and all above it, made below DIR. */
static int open_folder(int dir, const char *path, const struct disk_owner *owner,
                       struct arena *arena, const char **ret_name)
{
	char *all = arena_strdup(arena, path), *slash = all;
	const char *last = strrchr(path, '/');

	while ((slash = strchr(slash, '/')) != NULL) {
		int r;

		*slash = '\0';
		r = disk_make_dir(dir, all, owner);
		if (r < 0)
			return r;
		*slash++ = '/';
	}
	*ret_name = last != NULL ? last + 1 : path;
	if (last == NULL)
		return fcntl(dir, F_DUPFD_CLOEXEC, 0);
	return disk_open_dir(dir, arena_strndup(arena, path, (size_t)(last - path)));
}

static int write_member(struct import *import, struct tar *tar, int dir, const char *path,
                        const struct disk_owner *owner)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *name;
	cleanup_fd int folder = open_folder(
		dir, path, &(struct disk_owner){ owner->uid, owner->gid, 0755 }, scratch, &name);
	cleanup_fd int fd = -1;
	static char chunk[CHUNK];
	long n;
	int r;

	if (folder < 0)
		return fail_at(import, folder, path);
	/* Twice the same name: the later one counts, as with tar itself. */
	(void)unlinkat(folder, name, 0);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_at(import, -errno, path);
	while ((n = tar_content(tar, chunk, sizeof(chunk))) > 0)
		if ((r = file_write_all(fd, chunk, (size_t)n)) < 0)
			return fail_at(import, r, path);
	if (n < 0)
		return agent_fail(import->agent, (int)n, "%s", tar->why);
	if (fchown(fd, owner->uid, owner->gid) < 0 || fchmod(fd, owner->mode) < 0)
		return fail_at(import, -errno, path);
	return 0;
}

/* What stands behind STRIP, wherever that stands: "live/public/system/a/b" is "a/b". */
static const char *stripped(const char *path, const char *strip)
{
	size_t len = strip != NULL ? strlen(strip) : 0;

	for (const char *s = path; len > 0 && s != NULL; s = strchr(s, '/')) {
		s += *s == '/';
		if (strncmp(s, strip, len) == 0 && (s[len] == '/' || s[len] == '\0'))
			return s[len] == '/' ? s + len + 1 : "";
	}
	return path;
}

/* Every file of the archive below DIR. */
static int unpack(struct import *import, int fd, int dir, const char *strip,
                  const struct disk_owner *owner, long long *ret_files)
{
	struct tar tar = { .read = read_fd, .context = &fd };
	struct tar_member member;
	int r;

	*ret_files = 0;
	while ((r = tar_next(&tar, &member)) > 0) {
		const char *path = stripped(member.path, strip);

		if (member.kind == TAR_OTHER)
			return agent_fail(import->agent, -EINVAL,
			                  "'%.200s' is a link or a device: only files and folders "
			                  "are imported",
			                  member.path);
		if (member.kind == TAR_FOLDER)
			continue; /* made when something is in it */
		if (*path == '\0')
			return agent_fail(import->agent, -EINVAL, "a file has no name");
		r = write_member(import, &tar, dir, path, owner);
		if (r < 0)
			return r;
		++*ret_files;
	}
	return r < 0 ? agent_fail(import->agent, r, "%s", tar.why) : 0;
}

/* --- the dump --- */

/* The folder is the database's own, so that its programs can read what is in it. */
static int open_dump_dir(struct import *import)
{
	const struct disk_owner owner = { import->process->uid, import->process->gid, 0700 };
	const char *folder =
		arena_strndup(import->arena, import->dump_host,
	                      (size_t)(strrchr(import->dump_host, '/') - import->dump_host));
	int r = disk_make_dir(import->agent->root_fd, folder, &owner);

	if (r == 0)
		r = disk_remove(import->agent->root_fd, import->dump_host);
	if (r == 0 && import->spec.kind == DUMP_DIRECTORY)
		r = disk_make_dir(import->agent->root_fd, import->dump_host, &owner);
	if (r < 0)
		return r;
	return disk_open_dir(import->agent->root_fd,
	                     import->spec.kind == DUMP_DIRECTORY ? import->dump_host : folder);
}

static int receive_file(struct import *import, int from, int dir)
{
	const char *name = strrchr(import->dump_host, '/') + 1;
	cleanup_fd int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	static char chunk[CHUNK];
	long long left = import->spec.database_bytes;
	long n = 0;
	int r;

	if (fd < 0)
		return fail_at(import, -errno, import->dump_host);
	for (; left > 0; left -= n) {
		n = read_fd(&from, chunk, left < CHUNK ? (size_t)left : CHUNK);
		if (n <= 0)
			return agent_fail(import->agent, n < 0 ? (int)n : -EPIPE,
			                  "the connection ended before all of the dump came");
		if ((r = file_write_all(fd, chunk, (size_t)n)) < 0)
			return fail_at(import, r, import->dump_host);
	}
	if (fchown(fd, import->process->uid, import->process->gid) < 0)
		return fail_at(import, -errno, import->dump_host);
	return 0;
}

int import_receive_dump(struct import *import, int fd)
{
	const struct disk_owner owner = { import->process->uid, import->process->gid, 0600 };
	cleanup_fd int dir = open_dump_dir(import);
	long long files;

	if (dir < 0)
		return fail_at(import, dir, import->dump_host);
	return import->spec.kind == DUMP_DIRECTORY ? unpack(import, fd, dir, NULL, &owner, &files)
	                                           : receive_file(import, fd, dir);
}

/* --- files --- */

static const char *staged(const struct import *import)
{
	return arena_printf(import->arena, "%s.import", import->volume->path);
}

static const char *before(const struct import *import)
{
	return arena_printf(import->arena, "%s.before", import->volume->path);
}

int import_receive_media(struct import *import, int fd)
{
	const struct plan_volume *volume = import->volume;
	const struct disk_owner top = { volume->uid, volume->gid, volume->mode };
	const struct disk_owner owner = { volume->uid, volume->gid, 0644 };
	int root = import->agent->root_fd, r = disk_remove(root, staged(import));
	cleanup_fd int dir = -1;

	if (r == 0)
		r = disk_make_dir(root, staged(import), &top);
	if (r == 0)
		r = dir = disk_open_dir(root, staged(import));
	if (r < 0)
		return fail_at(import, r, staged(import));
	r = unpack(import, fd, dir, import->spec.strip, &owner, &import->files);
	if (r == 0 && (r = failpoint_syncfs(dir)) < 0)
		return fail_at(import, r, staged(import));
	return r;
}

static bool is_there(const struct import *import, const char *path)
{
	return faccessat(import->agent->root_fd, agent_below_root(path), F_OK,
	                 AT_SYMLINK_NOFOLLOW) == 0;
}

/* Two renames; may be cut short between them and done again. A boot in between makes an empty
 * folder in the volume's place. */
int import_switch_media(struct import *import)
{
	const char *now = import->volume->path, *name_now, *name_new, *name_old;
	cleanup_fd int dir =
		disk_open_parent(import->agent->root_fd, agent_below_root(now), &name_now);
	int r = 0;

	if (dir < 0)
		return fail_at(import, dir, now);
	if (!is_there(import, staged(import)))
		return 0;
	name_new = strrchr(staged(import), '/') + 1;
	name_old = strrchr(before(import), '/') + 1;
	if (is_there(import, now) && is_there(import, before(import)))
		r = failpoint_unlink(dir, name_now, AT_REMOVEDIR);
	else if (is_there(import, now))
		r = failpoint_rename(dir, name_now, name_old);
	if (r == 0)
		r = failpoint_rename(dir, name_new, name_now);
	if (r == 0)
		r = failpoint_fsync(dir);
	return r < 0 ? fail_at(import, r, now) : 0;
}

static int remove_one(struct import *import, const char *path)
{
	int r = disk_remove(import->agent->root_fd, path);

	return r < 0 ? fail_at(import, r, path) : 0;
}

int import_remove_staged(struct import *import)
{
	int r = remove_one(import, arena_strndup(import->arena, import->dump_host,
	                                         (size_t)(strrchr(import->dump_host, '/') -
	                                                  import->dump_host)));

	return r == 0 && import->volume != NULL ? remove_one(import, staged(import)) : r;
}

int import_remove_old(struct import *import)
{
	return import->volume != NULL ? remove_one(import, before(import)) : 0;
}
