/*
 * What one plan changes of another: files, directories and links. The agent computes it against the
 * disk (agent/compare.h), the compiler between two bundles.
 */
#ifndef STEAD_PLAN_CHANGE_H
#define STEAD_PLAN_CHANGE_H

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

/* What a machine that is wholly as OLD says would have to change to be as NEW says. Directories
 * that no plan names are left out: whether the machine has them is not known. */
void change_between(struct arena *arena, const struct bundle *old, const struct bundle *new,
                    struct change *ret);

const struct change_entry *change_find(const struct change *change, const char *path);
void change_sort(struct change *change);

/* The entry of PATH in a plan, or NULL; PLAN may be NULL. */
const struct plan_file *plan_file_find(const struct plan *plan, const char *path);
const struct plan_link *plan_link_find(const struct plan *plan, const char *path);
const struct plan_dir *plan_dir_find(const struct plan *plan, const char *path);

#endif
