/*
 * What a new plan changes on the disk: its files, directories and links compared with what is
 * there.
 */
#ifndef STEAD_AGENT_CHANGE_H
#define STEAD_AGENT_CHANGE_H

#include "agent/agent.h"
#include "plan/bundle.h"

enum change_kind { CHANGE_FILE, CHANGE_LINK, CHANGE_DIR };
enum change_what { CHANGE_ADDED, CHANGE_CHANGED, CHANGE_REMOVED };

extern const char *const change_kind_words[], *const change_what_words[]; /* end with NULL */

struct change_entry {
	const char *path;
	enum change_kind kind; /* of what it becomes; of a removed one, of what it was */
	enum change_what what;
	bool secret;                         /* in the old plan or the new one */
	unsigned mode, uid, gid;             /* new; not of links */
	unsigned old_mode, old_uid, old_gid; /* of directories that change */
	const char *target;                  /* new, of links */
};

/* Sorted by path: a directory comes before what is in it. */
struct change {
	LIST_OF(struct change_entry);
};

/* Compares BUNDLE with the disk: content, mode and owner. Adds the directories above its files that
 * are missing. OLD is the plan the node follows, NULL for none: what is in it and not in the bundle
 * is removed. -EEXIST when something stands in the way that is in no earlier plan (/etc/localtime
 * aside, which every system has). */
int change_compute(struct agent *agent, struct arena *arena, const struct plan *old,
                   const struct bundle *bundle, struct change *ret);

const struct change_entry *change_find(const struct change *change, const char *path);

#endif
