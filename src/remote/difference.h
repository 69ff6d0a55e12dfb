/*
 * What a change would do: the answer of `stead-node receive`, and how a difference is told to
 * people.
 */
#ifndef STEAD_REMOTE_DIFFERENCE_H
#define STEAD_REMOTE_DIFFERENCE_H

#include "plan/difference.h"

enum { DIFFERENCE_MAX_BYTES = 64 * 1024 * 1024 };

/* 0, or -EINVAL with one sentence at *ret_error; -EREMOTEIO with the agent's own sentence there and
 * its hint (or NULL) at *ret_hint. */
int difference_read(struct arena *arena, const char *json, size_t len, struct difference *ret,
                    const char **ret_error, const char **ret_hint);

/* The whole difference, for a terminal or a file: files with their changed lines, then processes,
 * images, and what happens to the units, in its order. Ends with a newline; "" when there is none.
 * With COLOR removed lines are red and added ones green. No control character of the node's gets
 * through. Files that go are only listed, and the first time all are: everything in them is new. */
char *difference_text(struct arena *arena, const struct difference *change, bool color);

/* What was done, in one line without a full stop: "changed the mail settings of snac, restarted
 * stead-snac". */
char *difference_summary(struct arena *arena, const struct difference *change);

#endif
