#include "archive/dump.h"

#include <string.h>

const char *const dump_kind_words[] = { "unknown", "plain",      "custom", "directory",
	                                "tar",     "compressed", NULL };

static int begins(const char *head, size_t len, const char *with, size_t with_len)
{
	return len >= with_len && memcmp(head, with, with_len) == 0;
}

/* pg_dump's own tar: the table of contents is its first member. */
static int is_tar(const char *head, size_t len)
{
	enum { MAGIC_AT = 257 };

	return len >= MAGIC_AT + 5 && memcmp(head + MAGIC_AT, "ustar", 5) == 0 &&
	       strncmp(head, "toc.dat", 100) == 0;
}

enum dump_kind dump_kind_of(const char *head, size_t len)
{
	static const char said[] = "-- PostgreSQL database dump";

	if (begins(head, len, "PGDMP", 5))
		return DUMP_CUSTOM;
	if (is_tar(head, len))
		return DUMP_TAR;
	if (begins(head, len, "\x1f\x8b", 2) || begins(head, len, "\x28\xb5\x2f\xfd", 4) ||
	    begins(head, len,
	           "\xfd"
	           "7zXZ",
	           5) ||
	    begins(head, len, "BZh", 3))
		return DUMP_COMPRESSED;
	return memmem(head, len, said, strlen(said)) != NULL ? DUMP_PLAIN : DUMP_UNKNOWN;
}
