/*
 * Units, networks and containers around a switch of files: what must end before it, what must begin
 * after it, and the wait for health.
 *
 * FROM is the plan that goes and TO the one that comes; either may be NULL: nothing.
 */
#ifndef STEAD_AGENT_SETTLE_H
#define STEAD_AGENT_SETTLE_H

#include "agent/agent.h"
#include "plan/effects.h"

/* Before the files move: units that go away are stopped and disabled. A failure is only logged. */
void settle_leave(struct agent *agent, const struct plan *from, const struct plan *to,
                  const struct effects *effects);

/* After the files moved: systemd reads them, and units are enabled, disabled and masked as TO says.
 */
int settle_enter(struct agent *agent, const struct plan *from, const struct plan *to,
                 const struct effects *effects);

/* The firewall, the networks, and all units that must start (anew). agent->plan is TO. In
 * maintenance the application stays stopped. Returns before they are up. */
int settle_start(struct agent *agent, const struct plan *from, const struct plan *to,
                 const struct effects *effects);

/* How long health may take with TO, in seconds: two minutes, the start_s of each process, and the
 * deadline of each step of a job that FROM did not have. */
unsigned settle_deadline_s(const struct plan *from, const struct plan *to);

/* Waits until the node is ready, at most DEADLINE_S. 0; or -ETIME with the reason in agent->why:
 * the time is over, or it is sure that it never will be (a process that ended again and again since
 * its start, a step of prepare, set-up or migration that failed three times). */
int settle_wait(struct agent *agent, const struct effects *effects, unsigned deadline_s);

/* The node is ready as it is; in maintenance: all but the application. */
bool settle_is_ready(struct agent *agent);

#endif
