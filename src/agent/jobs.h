/*
 * The jobs of a phase, journaled: an interruption at any instant leaves nothing half done for ever.
 */
#ifndef STEAD_AGENT_JOBS_H
#define STEAD_AGENT_JOBS_H

#include "agent/agent.h"

/* Runs all jobs of PHASE in the order of the plan. RUNNING: the processes run, steps are executed
 * in their containers. A step that fails is tried again with a growing pause, without end; so this
 * returns only when all is done. The lock is held by the caller. */
void jobs_run(struct agent *agent, const char *phase, bool running);

#endif
