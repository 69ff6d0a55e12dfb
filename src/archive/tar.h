/*
 * Reading tar (POSIX.1-2001 pax and ustar, and GNU's long names and large sizes), as a stream.
 *
 * The archive is anybody's: every name is checked here, so that none leads out of the folder it is
 * unpacked into.
 */
#ifndef STEAD_ARCHIVE_TAR_H
#define STEAD_ARCHIVE_TAR_H

#include <stdbool.h>
#include <stddef.h>

enum { TAR_BLOCK = 512, TAR_MAX_PATH = 1024, TAR_MAX_HEADER = 64 * 1024 };

enum tar_kind { TAR_FILE, TAR_FOLDER, TAR_OTHER /* links, devices and all else */ };

struct tar {
	/* Reads up to LEN bytes: their number, 0 at the end, or a negative errno. */
	long (*read)(void *context, void *data, size_t len);
	void *context;
	char why[256];           /* the last failure */
	long long left, padding; /* of the member under way */
	char path[TAR_MAX_PATH];
};

struct tar_member {
	enum tar_kind kind;
	const char *path; /* plain: "a/b", no "." or ".." parts; "" is the folder itself */
	long long size;
};

/* The next member: 1, 0 behind the last, -EINVAL for what is no tar, is cut short or has a name
 * that leads elsewhere, or what read said. RET's path lasts until the next call. */
int tar_next(struct tar *tar, struct tar_member *ret);

/* The next bytes of the member's content: their number, 0 behind the last, or as above. */
long tar_content(struct tar *tar, void *data, size_t len);

#endif
