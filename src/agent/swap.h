/*
 * The swap file beside the data, when the plan wants one. The kernel takes it only without holes,
 * so it is whole before it has its name. Swap that a machine has by itself is never touched.
 */
#ifndef STEAD_AGENT_SWAP_H
#define STEAD_AGENT_SWAP_H

#include "agent/agent.h"

#define SWAP_UNIT "var-lib-stead-swap.swap" /* which takes it into use at the next boots */

/* Whether the plan wants one, or one is left of an earlier plan. */
bool swap_is_of_interest(const struct agent *agent);

/* The file has the size of the plan and is in use, or it is gone. On failure what was there before
 * is there still, where that is possible. */
int swap_follow(struct agent *agent);

/* It is out of use and gone; fine when there was none. */
int swap_remove(struct agent *agent);

#endif
