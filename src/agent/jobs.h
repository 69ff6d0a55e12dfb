/*
 * The jobs of a phase, journaled: an interruption at any instant leaves nothing half done for ever.
 */
#ifndef STEAD_AGENT_JOBS_H
#define STEAD_AGENT_JOBS_H

#include "agent/agent.h"

/* Runs the jobs of the set-up (phases setup and migrate), or, RUNNING, those of phase post-start,
 * in the order of the plan. RUNNING: the processes run, steps are executed in their containers.
 * Before a migration that has not been done, the application is stopped. A step that fails is tried
 * again with a growing pause, without end; so this returns only when all is done. The lock is held
 * by the caller. */
void jobs_run(struct agent *agent, bool running);

#endif
