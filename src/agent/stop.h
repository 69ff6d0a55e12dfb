/*
 * All of stead on this machine, down and up again.
 */
#ifndef STEAD_AGENT_STOP_H
#define STEAD_AGENT_STOP_H

#include "agent/agent.h"

/* Disables what the plan enables and stops every unit of it, a change that is under way too; all
 * but the firewall and the mount of the data's disk. Fine when it is down already. */
int stop_all(struct agent *agent, struct arena *arena);

/* Stops those of UNITS that are doing something, and waits for it. systemctl refuses to stop what
 * does not exist, and of what goes with a target it waits for the target alone: so they are named.
 */
int stop_active(struct agent *agent, struct arena *arena, const struct strings *units);

/* The units that the plan wants in this state and that lie in /etc/systemd/system (a mask is a link
 * there), without the two that stay. */
void stop_units_in(const struct agent *agent, struct arena *arena, enum plan_unit_state state,
                   struct strings *ret);

#endif
