/*
 * /var/lib/stead/sentinel.json: whose data this is.
 *
 *   {"v":1,"domain":"example.org","lineage":"…","permanent":{"NAME":"fingerprint"}}
 *
 * `permanent`: the secrets without which it is worthless, once they were seen (plan.h).
 */
#ifndef STEAD_AGENT_SENTINEL_H
#define STEAD_AGENT_SENTINEL_H

#include "agent/agent.h"

/* 0 when the data belongs to PLAN's node and its permanent secrets are those it was made with, or
 * is nobody's and nothing is there; else agent->why says whose it is. *RET_WRITE: the sentinel is
 * not there yet, or does not know all of the secrets. */
int sentinel_check(struct agent *agent, const struct plan *plan, bool *ret_write);

/* On the disk when it returns 0. /var/lib/stead must be there. */
int sentinel_write(struct agent *agent, const struct plan *plan);

#endif
