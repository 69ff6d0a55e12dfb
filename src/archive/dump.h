/*
 * What pg_dump makes, told by its first bytes.
 */
#ifndef STEAD_ARCHIVE_DUMP_H
#define STEAD_ARCHIVE_DUMP_H

#include <stddef.h>

enum dump_kind {
	DUMP_UNKNOWN,
	DUMP_PLAIN,
	DUMP_CUSTOM,
	DUMP_DIRECTORY, /* never told by bytes: who has a folder knows it */
	DUMP_TAR,
	DUMP_COMPRESSED, /* a file that was packed afterwards: gzip, zstd, xz, bzip2 */
	DUMP_KIND_COUNT
};

extern const char *const dump_kind_words[]; /* by enum dump_kind; ends with NULL */

enum { DUMP_HEAD_BYTES = 4096 }; /* as many of them as there are are enough */

enum dump_kind dump_kind_of(const char *head, size_t len);

#endif
