#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

enum {
	READ_CHUNK_BYTES = 16 * 1024,
	TEMP_NAME_ATTEMPTS = 100,
};

void fd_cleanup(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

void file_cleanup(FILE **file)
{
	int saved = errno;

	if (*file != NULL)
		(void)fclose(*file);
	*file = NULL;
	errno = saved;
}

static int open_retry(int dir_fd, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dir_fd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static ssize_t read_retry(int fd, void *buffer, size_t len)
{
	ssize_t n;

	do
		n = read(fd, buffer, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int file_read(struct arena *arena, int dir_fd, const char *path, size_t max_bytes, char **ret_data,
              size_t *ret_len)
{
	cleanup_fd int fd = open_retry(dir_fd, path, O_RDONLY, 0);
	size_t room, len = 0;
	struct stat st;
	char *data;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size > max_bytes)
		return -EFBIG;
	/* The size is only a first guess: /proc says 0, a pipe nothing, and a file may grow. */
	room = (S_ISREG(st.st_mode) && st.st_size > 0) ? (size_t)st.st_size + 1 : READ_CHUNK_BYTES;
	data = arena_alloc(arena, room + 1);
	for (;;) {
		ssize_t n = read_retry(fd, data + len, room - len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max_bytes)
			return -EFBIG;
		if (len == room) {
			char *larger = arena_alloc(arena, room * 2 + 1);

			memcpy(larger, data, len);
			data = larger;
			room *= 2;
		}
	}
	data[len] = '\0';
	*ret_data = data;
	*ret_len = len;
	return 0;
}

int file_write_all(int fd, const void *data, size_t len)
{
	const char *rest = data;

	while (len > 0) {
		ssize_t n = write(fd, rest, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		rest += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Splits PATH into its directory ("." when there is none) and its last part. */
static int split_path(const char *path, char dir[static 4096], const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t len;

	if (*name == '\0' || strlen(name) > 200)
		return *name == '\0' ? -EINVAL : -ENAMETOOLONG;
	len = slash == NULL ? 0 : (size_t)(slash - path);
	if (len >= 4096)
		return -ENAMETOOLONG;
	memcpy(dir, path, len);
	dir[len] = '\0';
	if (len == 0) {
		dir[0] = slash == NULL ? '.' : '/';
		dir[1] = '\0';
	}
	*ret_name = name;
	return 0;
}

int dir_sync(int dir_fd, const char *path)
{
	cleanup_fd int fd = open_retry(dir_fd, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	return fsync(fd) < 0 ? -errno : 0;
}

/* A new file ".NAME.XXXXXXXX" beside NAME: only a rename within one directory is atomic. */
static int open_temp(int dir_fd, const char *name, char temp[static 256])
{
	static const char digits[] = "0123456789abcdef";
	int fd = -EEXIST;

	for (int i = 0; i < TEMP_NAME_ATTEMPTS && fd == -EEXIST; i++) {
		unsigned char random[8];
		char suffix[17] = "";

		if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return -EIO;
		for (size_t k = 0; k < sizeof(random); k++) {
			suffix[2 * k] = digits[random[k] >> 4];
			suffix[2 * k + 1] = digits[random[k] & 15];
		}
		(void)snprintf(temp, 256, ".%s.%s", name, suffix);
		fd = open_retry(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	}
	return fd;
}

/* Content, mode (whatever the umask says) and all of it on the disk. */
static int fill(int fd, mode_t mode, const void *data, size_t len)
{
	int r = file_write_all(fd, data, len);

	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* Writes a temporary file and gives it its name: by rename over what is there, or by link, which
 * fails when anything is there. Either way nobody ever sees a part. */
static int write_and_name(int dir_fd, const char *path, mode_t mode, const void *data, size_t len,
                          bool replace)
{
	char dir_path[4096], temp[256];
	const char *name = NULL;
	int r = split_path(path, dir_path, &name);

	if (r < 0)
		return r;
	cleanup_fd int dir = open_retry(dir_fd, dir_path, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	cleanup_fd int fd = open_temp(dir, name, temp);
	if (fd < 0)
		return fd;
	r = fill(fd, mode, data, len);
	if (r == 0 && replace && renameat(dir, temp, dir, name) < 0)
		r = -errno;
	if (r == 0 && !replace && linkat(dir, temp, dir, name, 0) < 0)
		r = -errno;
	if (r < 0 || !replace)
		(void)unlinkat(dir, temp, 0);
	if (r < 0)
		return r;
	return fsync(dir) < 0 ? -errno : 0;
}

int file_write_atomic(int dir_fd, const char *path, mode_t mode, const void *data, size_t len)
{
	return write_and_name(dir_fd, path, mode, data, len, true);
}

int file_create(int dir_fd, const char *path, mode_t mode, const void *data, size_t len)
{
	return write_and_name(dir_fd, path, mode, data, len, false);
}

static int make_one(int dir_fd, const char *path, mode_t mode)
{
	struct stat st;

	if (mkdirat(dir_fd, path, mode) == 0)
		/* The umask must not narrow what was asked for. */
		return fchmodat(dir_fd, path, mode, 0) < 0 ? -errno : 0;
	if (errno != EEXIST)
		return -errno;
	if (fstatat(dir_fd, path, &st, 0) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int dir_make(int dir_fd, const char *path, mode_t mode)
{
	char part[4096];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i < len; i++) {
		int r;

		if (path[i] != '/' || path[i - 1] == '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		r = make_one(dir_fd, part, 0755);
		if (r < 0)
			return r;
	}
	memcpy(part, path, len);
	part[len] = '\0';
	return make_one(dir_fd, part, mode);
}
