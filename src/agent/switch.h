/*
 * The files of a change: laid beside their places, and then only renamed and unlinked, forward or
 * back. Each function may be repeated after it was cut short anywhere.
 *
 * `.NAME.stead-new` is the new file, `.NAME.stead-old` a second name of the old one. After
 * switch_stage() the disk holds all of both, so a full disk is found while nothing has changed.
 */
#ifndef STEAD_AGENT_SWITCH_H
#define STEAD_AGENT_SWITCH_H

#include "agent/compare.h"

/* Makes the directories, the new files and the names of the old ones, all synced. When it fails the
 * caller undoes it with switch_close(…, false). */
int switch_stage(struct agent *agent, const struct change *change, const struct bundle *bundle);

/* Everything new. */
int switch_forward(struct agent *agent, const struct change *change);

/* Everything old, whatever part of the way forward was gone. */
int switch_back(struct agent *agent, const struct change *change);

/* Removes what was laid beside, and the directories that went away (FORWARD) or were made for
 * nothing, when they are empty. */
int switch_close(struct agent *agent, const struct change *change, bool forward);

#endif
