/*
 * What a new plan changes on the disk: its files, directories and links compared with what is
 * there.
 */
#ifndef STEAD_AGENT_COMPARE_H
#define STEAD_AGENT_COMPARE_H

#include "agent/agent.h"
#include "plan/change.h"

/* Compares BUNDLE with the disk: content, mode and owner. Adds the directories above its files that
 * are missing. OLD is the plan the node follows, NULL for none: what is in it and not in the bundle
 * is removed. -EEXIST when something stands in the way that is in no earlier plan (/etc/localtime
 * aside, which every system has). */
int change_compute(struct agent *agent, struct arena *arena, const struct plan *old,
                   const struct bundle *bundle, struct change *ret);

#endif
