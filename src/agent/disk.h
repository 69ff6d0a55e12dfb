/*
 * Files of the node, where others may have put links in the way: a container's user writes to its
 * volume, and root must not follow what it planted there. Paths are relative to a directory, and no
 * part of them is ever followed when it is a symbolic link (what openat2's RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS do, part by part, for any kernel). A leading slash is skipped.
 *
 * Functions return 0 (or a descriptor) or a negative errno; -ELOOP: a link is in the way.
 */
#ifndef STEAD_AGENT_DISK_H
#define STEAD_AGENT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct arena;

/* The directory PATH; the caller closes it. */
int disk_open_dir(int dir_fd, const char *path);

/* The directory that holds PATH; *ret_name points to the last part in PATH. */
int disk_open_parent(int dir_fd, const char *path, const char **ret_name);

/* A regular file, for reading; -ENOENT also for what is not a regular file. */
int disk_open_file(int dir_fd, const char *path, struct stat *ret_stat);

/* Whole content, NUL-terminated; -EFBIG beyond MAX_BYTES. RET_STAT may be NULL. */
int disk_read(struct arena *arena, int dir_fd, const char *path, size_t max_bytes, char **ret_data,
              size_t *ret_len, struct stat *ret_stat);

struct disk_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* Writes PATH so that a reader, or a power cut, sees the old content or the new one: temporary file
 * beside it (of a fixed name, so that the next write removes what a crash left), fsync, rename,
 * fsync of the directory. OWNER NULL: our own, 0600. */
int disk_write(int dir_fd, const char *path, const struct disk_owner *owner, const void *data,
               size_t len);

/* The same without fsync, for /run: it does not outlive a power cut anyway. */
int disk_write_volatile(int dir_fd, const char *path, mode_t mode, const void *data, size_t len);

/* The directory PATH with this owner and mode, made when it is missing (its parents must be there)
 * and then synced. What lies in it is never touched. */
int disk_make_dir(int dir_fd, const char *path, const struct disk_owner *owner);

/* All that was written to the file system under PATH is on the disk. */
int disk_sync_all(int dir_fd, const char *path);

/* Removes PATH, whatever it is; fine when it is not there. Links are removed, never followed, and
 * however deep directories are nested, it takes two descriptors. -EBUSY: it is a mount point (and
 * empty now), or one is in it. */
int disk_remove(int dir_fd, const char *path);

/* True when PATH is a regular file that is not empty. */
int disk_has_content(int dir_fd, const char *path, bool *ret);

#endif
