/*
 * The unit a change runs in: apart from whoever asked for it, so that a lost connection ends
 * nothing.
 */
#ifndef STEAD_AGENT_START_H
#define STEAD_AGENT_START_H

#include "agent/agent.h"

#define START_UNIT "stead-apply.service"

/* What to do while another change is under way. */
extern const char start_busy_hint[];

/* Starts `stead-node apply ARGS` as the unit, and returns. ARGS ends with NULL. -EBUSY when it runs
 * already. */
int start_unit(struct agent *agent, const char *const *args);

#endif
