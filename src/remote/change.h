/*
 * What a change would do: the answer of `stead-node receive` (docs/ARCHITECTURE.md), and how it is
 * told to people.
 */
#ifndef STEAD_REMOTE_CHANGE_H
#define STEAD_REMOTE_CHANGE_H

#include "base/list.h"

#include <stdbool.h>

struct arena;

enum { CHANGE_MAX_BYTES = 64 * 1024 * 1024 };

enum change_what { CHANGE_ADDED, CHANGE_CHANGED, CHANGE_REMOVED };

struct change_file {
	const char *path;
	enum change_what what;
	bool secret;           /* then old and new are NULL */
	const char *old, *new; /* NULL: there is none, or it is not shown */
};

struct change_process {
	const char *name;
	enum change_what what;
};

struct change {
	const char *id, *base;
	bool first, same;
	struct {
		LIST_OF(struct change_file);
	} files;
	struct {
		LIST_OF(struct change_process);
	} processes;
	struct strings networks, restarts, stops, images;
};

/* 0, or -EINVAL with one sentence at *ret_error; -EREMOTEIO with the agent's own sentence there and
 * its hint (or NULL) at *ret_hint. */
int change_read(struct arena *arena, const char *json, size_t len, struct change *ret,
                const char **ret_error, const char **ret_hint);

/* The whole difference, for a terminal or a file: files with their changed lines, then processes,
 * networks, units that restart or stop, images. Ends with a newline; "" when there is none. With
 * COLOR removed lines are red and added ones green. No control character of the node's gets
 * through. The first time files are only listed: everything in them is new. */
char *change_text(struct arena *arena, const struct change *change, bool color);

/* What was done, in one line without a full stop: "changed the mail settings of snac, restarted
 * stead-snac". */
char *change_summary(struct arena *arena, const struct change *change);

#endif
