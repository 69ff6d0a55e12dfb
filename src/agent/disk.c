#include "agent/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/file.h"

enum { MAX_PART = 255 };

/* Opens one part. A link gives ENOTDIR with O_DIRECTORY and ELOOP without: tell it apart. */
static int open_part(int dir_fd, const char *name, int flags)
{
	int fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0)
		return fd;
	int error = errno;
	if ((error == ENOTDIR || error == ELOOP) &&
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return -ELOOP;
	return -error;
}

/* Walks the first LEN bytes of PATH. */
static int walk(int dir_fd, const char *path, size_t len)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < len;) {
		char name[MAX_PART + 1];
		size_t part = strcspn(path + i, "/");
		int next;

		if (part > len - i)
			part = len - i;
		if (part == 0) {
			i++;
			continue;
		}
		if (part > MAX_PART || (part == 2 && memcmp(path + i, "..", 2) == 0)) {
			(void)close(fd);
			return -EINVAL;
		}
		memcpy(name, path + i, part);
		name[part] = '\0';
		next = open_part(fd, name, O_RDONLY | O_DIRECTORY);
		(void)close(fd);
		if (next < 0)
			return next;
		fd = next;
		i += part;
	}
	return fd;
}

int disk_open_dir(int dir_fd, const char *path)
{
	return walk(dir_fd, path, strlen(path));
}

int disk_open_parent(int dir_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	/* Room for the name of the temporary file. */
	if (*name == '\0' || strlen(name) > MAX_PART - 16 || strcmp(name, "..") == 0)
		return -EINVAL;
	*ret_name = name;
	return walk(dir_fd, path, (size_t)(name - path));
}

int disk_open_file(int dir_fd, const char *path, struct stat *ret_stat)
{
	const char *name;
	cleanup_fd int parent = disk_open_parent(dir_fd, path, &name);
	int fd;

	if (parent < 0)
		return parent;
	/* Without O_NONBLOCK a fifo put in its place would hold us for ever. */
	fd = open_part(parent, name, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	if (fstat(fd, ret_stat) < 0 || !S_ISREG(ret_stat->st_mode)) {
		(void)close(fd);
		return -ENOENT;
	}
	return fd;
}

int disk_read(struct arena *arena, int dir_fd, const char *path, size_t max_bytes, char **ret_data,
              size_t *ret_len, struct stat *ret_stat)
{
	struct stat st;
	cleanup_fd int fd = disk_open_file(dir_fd, path, &st);
	size_t len = 0, size;
	char *data;

	if (fd < 0)
		return fd;
	if ((uintmax_t)st.st_size > max_bytes)
		return -EFBIG;
	size = (size_t)st.st_size;
	data = arena_alloc(arena, size + 1);
	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	data[len] = '\0';
	*ret_data = data;
	*ret_len = len;
	if (ret_stat != NULL)
		*ret_stat = st;
	return 0;
}

static int fill(int fd, const struct disk_owner *owner, const void *data, size_t len, bool durable)
{
	int r = file_write_all(fd, data, len);

	if (r < 0)
		return r;
	if (owner->uid != (uid_t)-1 && fchown(fd, owner->uid, owner->gid) < 0)
		return -errno;
	if (fchmod(fd, owner->mode & 0777) < 0)
		return -errno;
	return durable ? failpoint_fsync(fd) : 0;
}

static int write_file(int dir_fd, const char *path, const struct disk_owner *owner,
                      const void *data, size_t len, bool durable)
{
	const char *name;
	char temp[MAX_PART + 1];
	cleanup_fd int parent = disk_open_parent(dir_fd, path, &name);
	int r;

	if (parent < 0)
		return parent;
	(void)snprintf(temp, sizeof(temp), ".%s.stead-new", name);
	if (unlinkat(parent, temp, 0) < 0 && errno != ENOENT)
		return -errno;
	cleanup_fd int fd =
		openat(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, owner, data, len, durable);
	if (r == 0)
		r = failpoint_rename(parent, temp, name);
	if (r < 0) {
		(void)unlinkat(parent, temp, 0);
		return r;
	}
	return durable ? failpoint_fsync(parent) : 0;
}

int disk_write(int dir_fd, const char *path, const struct disk_owner *owner, const void *data,
               size_t len)
{
	static const struct disk_owner own = { .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = 0600 };

	return write_file(dir_fd, path, owner != NULL ? owner : &own, data, len, true);
}

int disk_write_volatile(int dir_fd, const char *path, mode_t mode, const void *data, size_t len)
{
	struct disk_owner owner = { .uid = (uid_t)-1, .gid = (gid_t)-1, .mode = mode };

	return write_file(dir_fd, path, &owner, data, len, false);
}

int disk_make_dir(int dir_fd, const char *path, const struct disk_owner *owner)
{
	const char *name;
	cleanup_fd int parent = disk_open_parent(dir_fd, path, &name);
	struct stat st;

	if (parent < 0)
		return parent;
	bool made = mkdirat(parent, name, 0700) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	cleanup_fd int fd = open_part(parent, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_uid != owner->uid || st.st_gid != owner->gid) &&
	    fchown(fd, owner->uid, owner->gid) < 0)
		return -errno;
	if ((st.st_mode & 07777) != owner->mode && fchmod(fd, owner->mode) < 0)
		return -errno;
	return made ? failpoint_fsync(parent) : 0;
}

int disk_sync_all(int dir_fd, const char *path)
{
	cleanup_fd int fd = disk_open_dir(dir_fd, path);

	return fd < 0 ? fd : failpoint_syncfs(fd);
}

int disk_has_content(int dir_fd, const char *path, bool *ret)
{
	struct stat st;
	cleanup_fd int fd = disk_open_file(dir_fd, path, &st);

	if (fd == -ENOENT || fd == -ENOTDIR) {
		*ret = false;
		return 0;
	}
	if (fd < 0)
		return fd;
	*ret = st.st_size > 0;
	return 0;
}
