/*
 * The files below apps/, built into the compiler (scripts/embed-apps.py writes the table).
 */
#ifndef STEAD_APP_BUILTIN_H
#define STEAD_APP_BUILTIN_H

#include <stddef.h>

struct builtin_file {
	const char *path; /* below apps/: "snac/app.yaml" */
	const char *data; /* with a NUL behind it that `len` does not count */
	size_t len;
};

/* Sorted by path, as strcmp does. */
extern const struct builtin_file builtin_files[];
extern const size_t builtin_file_count;

#endif
