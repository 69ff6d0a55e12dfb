/*
 * init's files: all of them or none, whatever ends it.
 *
 * A journal in .stead/ names what is about to be made, with a hash of each. It goes when all is
 * there; the next init undoes what a journal names, but only files that still are what it says.
 */
#ifndef STEAD_CMD_FILES_H
#define STEAD_CMD_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct new_file {
	const char *name;
	unsigned mode;
	const char *data;
	size_t len;
};

/* Begins: makes DIR when it is missing, locks it, and undoes what an init that was killed left.
 * A descriptor of the folder, or a negative errno (-EBUSY: another init is at work there). */
int files_begin(struct arena *arena, const char *dir, bool *ret_made_dir);

/* Makes the files (none may exist: -EEXIST) and adds IGNORED lines to .gitignore when DIR is inside
 * a git work tree. On failure everything this call made is removed and *ret_name says which it was.
 */
int files_make(struct arena *arena, int dir_fd, const struct new_file *files, size_t count,
               const char *const *ignored, const char **ret_name);

#endif
