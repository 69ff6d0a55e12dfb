/*
 * The data's own file system: what is mounted at /var/lib/stead when the plan names a device.
 *
 * A disk is only ever formatted when nothing is on it. What tells an empty mount point from the
 * data is, first, that something is mounted there, and then the sentinel (sentinel.h).
 */
#ifndef STEAD_AGENT_STORAGE_H
#define STEAD_AGENT_STORAGE_H

#include "agent/agent.h"

#define STORAGE_UNIT "var-lib-stead.mount"

/* Whether anything is mounted at /var/lib/stead. */
bool storage_is_mounted(const struct agent *agent);

/* For `prepare`: 0 when the data's file system is mounted. Else mounts it, as the unit says, and
 * formats it before when nothing is on it; the failure says what is missing. */
int storage_find(struct agent *agent);

/* May the node follow PLAN, after HERE (NULL: none)? The place of the data cannot change while
 * there are data, and nothing is said of data that cannot be seen. */
int storage_check(struct agent *agent, const struct plan *here, const struct plan *plan);

/* For a change: the device of PLAN is formatted, when nothing is on it, and mounted. Fine when it
 * is mounted, or when the plan names none. A disk that holds anything but an XFS labelled
 * `stead-data` is refused. *RET_MOUNTED: it was mounted just now. */
int storage_open(struct agent *agent, const struct plan *plan, bool *ret_mounted);

/* Gives back what storage_open() mounted. */
void storage_close(struct agent *agent);

#endif
