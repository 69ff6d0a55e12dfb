/*
 * Files: bounded reads, atomic writes, scope cleanup.
 * Functions return 0 or a negative errno, and never touch their outputs on failure.
 */
#ifndef STEAD_BASE_FILE_H
#define STEAD_BASE_FILE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct arena;

/* Reads a whole file of at most MAX_BYTES (-EFBIG beyond). The result is NUL-terminated, in the
 * arena; the NUL is not counted. Works on pipes and on files that say they are empty (/proc). */
int file_read(struct arena *arena, int dir_fd, const char *path, size_t max_bytes, char **ret_data,
              size_t *ret_len);

/* Writes all of DATA to an open file, whatever interrupts it. */
int file_write_all(int fd, const void *data, size_t len);

/* Writes PATH so that a reader, or a power cut, sees the old content or the new one, never a part:
 * temporary file in the same directory, fsync, rename, fsync of the directory. */
int file_write_atomic(int dir_fd, const char *path, mode_t mode, const void *data, size_t len);

/* Creates PATH; -EEXIST when it is there already, however it got there. Synced like the above. */
int file_create(int dir_fd, const char *path, mode_t mode, const void *data, size_t len);

/* mkdir -p; the last part gets MODE, missing parents 0755. */
int dir_make(int dir_fd, const char *path, mode_t mode);

/* fsync of a directory. */
int dir_sync(int dir_fd, const char *path);

void fd_cleanup(int *fd);
void file_cleanup(FILE **file);
#define cleanup_fd __attribute__((cleanup(fd_cleanup)))
#define cleanup_file __attribute__((cleanup(file_cleanup)))

#endif
