/*
 * /var/lib/stead/sentinel.json: whose data this is.
 *
 *   {"v":1,"domain":"example.org","lineage":"…"}
 */
#ifndef STEAD_AGENT_SENTINEL_H
#define STEAD_AGENT_SENTINEL_H

#include "agent/agent.h"

/* 0 when the data belongs to PLAN's node, or is nobody's and nothing is there (*ret_fresh); else
 * agent->why says whose it is. */
int sentinel_check(struct agent *agent, const struct plan *plan, bool *ret_fresh);

/* On the disk when it returns 0. /var/lib/stead must be there. */
int sentinel_write(struct agent *agent, const struct plan *plan);

#endif
