/* disk_remove(), see disk.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/file.h"
#include "base/text.h"

enum { MAX_ROUNDS = 100000 };

/* Removes NAME of DIR_FD unless it is a directory with something in it (-ENOTEMPTY). */
static int remove_one(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if (errno == EISDIR || errno == EPERM) { /* POSIX says EPERM for a directory */
		int error = errno;

		if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
			return 0;
		if (errno == ENOTDIR) /* something that may not be removed */
			return -error;
	}
	return errno == ENOENT ? 0 : errno == EEXIST ? -ENOTEMPTY : -errno;
}

/* Moves NAME of FROM_FD into TOP_FD under a name that is free. */
static int move_up(int from_fd, const char *name, int top_fd)
{
	static unsigned number; /* only ever grows, so no name is tried twice */
	char free_name[32];
	int r;

	do {
		(void)snprintf(free_name, sizeof(free_name), ".stead-gone-%u", number++);
		r = renameat(from_fd, name, top_fd, free_name) < 0 ? -errno : 0;
	} while (r == -ENOTEMPTY || r == -EEXIST || r == -ENOTDIR);
	return r;
}

static bool is_dot(const char *name)
{
	return str_equal(name, ".") || str_equal(name, "..");
}

/* Removes all of the directory FD but what is in the directories of its own, which are moved to
 * TOP_FD. TOP_FD itself: those are opened up in turn. Closes FD. */
static int empty(int fd, int top_fd);

static int open_up(int dir_fd, const char *name, int top_fd)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = empty(fd, top_fd);
	return r < 0 ? r : remove_one(dir_fd, name);
}

static int empty(int fd, int top_fd)
{
	DIR *dir = fdopendir(fd);
	bool is_top = fd == top_fd;
	struct dirent *entry;
	int r = 0;

	if (dir == NULL) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		if (is_dot(entry->d_name))
			continue;
		r = remove_one(fd, entry->d_name);
		if (r == -ENOTEMPTY)
			r = is_top ? open_up(fd, entry->d_name, top_fd)
			           : move_up(fd, entry->d_name, top_fd);
	}
	if (r == 0)
		r = -errno;
	(void)closedir(dir);
	return r;
}

/* What was moved up while the top was read may have been missed: read again until it can go. Every
 * round takes away a level at least; the limit is for somebody who keeps making new files. */
static int remove_tree(int parent, const char *name)
{
	int r = -ENOTEMPTY;

	for (unsigned round = 0; round < MAX_ROUNDS && r == -ENOTEMPTY; round++) {
		int top = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (top < 0)
			return errno == ENOENT ? 0 : -errno;
		r = empty(top, top);
		if (r == 0)
			r = remove_one(parent, name);
	}
	return r;
}

int disk_remove(int dir_fd, const char *path)
{
	const char *name;
	cleanup_fd int parent = disk_open_parent(dir_fd, path, &name);
	int r;

	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	r = remove_one(parent, name);
	return r == -ENOTEMPTY ? remove_tree(parent, name) : r;
}
