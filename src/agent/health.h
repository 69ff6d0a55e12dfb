/*
 * Is a process healthy, by the test its plan names.
 *
 * Asking the engine takes a second of CPU on a small machine, so only a process's own unit does:
 * its `wait PROCESS` asks for the address, probes, and leaves /run/stead/healthy/PROCESS behind
 * with the address. All others (units that come after, `ready`, `status`) look for that file and
 * probe there. `wait --before PROCESS` removes it, so it is never from an earlier start.
 */
#ifndef STEAD_AGENT_HEALTH_H
#define STEAD_AGENT_HEALTH_H

#include "agent/agent.h"

struct health {
	const struct plan_process *process;
	char address[64]; /* "" while unknown */
	unsigned probes;
	/* the container: it was seen running; it does not any more; the engine still makes it */
	bool ran, ended, comes;
};

/* One test of a process whose container was started. True when it is healthy; else agent->why says
 * why not. */
bool health_probe(struct agent *agent, struct health *health);

/* Leaves the file, and removes it. */
int health_note(struct agent *agent, const struct health *health);
void health_forget(struct agent *agent, const struct plan_process *process);

/* Was found healthy by its unit, and still answers (HTTP and TCP tests; the others are not
 * repeated). */
bool health_known(struct agent *agent, const struct plan_process *process);

/* The pause before the next test, in ms: 0.5 s, growing to 2 s. */
unsigned health_pause_ms(unsigned probes);

#endif
