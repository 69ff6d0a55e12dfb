/*
 * Waiting for others: stamps and processes. What is missing is said in the progress file, on stderr
 * when it changes, and to systemd.
 */
#ifndef STEAD_AGENT_WAIT_H
#define STEAD_AGENT_WAIT_H

#include "agent/agent.h"

/* Until the stamp NAME of this plan is there. STEP is the progress step to tell it under. */
void wait_for_stamp(struct agent *agent, const char *step, const char *name);

/* Until the process was found healthy by its unit, and answers. */
void wait_for_process(struct agent *agent, const char *step, const struct plan_process *process);

#endif
