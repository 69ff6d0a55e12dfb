/*
 * How the node is, in one word, from its units, its stamps, its progress file and a probe of each
 * process. `status` prints it, `apply` waits for it.
 */
#ifndef STEAD_AGENT_JUDGE_H
#define STEAD_AGENT_JUDGE_H

#include "agent/agent.h"
#include "agent/maintenance.h"
#include "agent/units.h"
#include "plan/json.h"

struct status {
	struct arena *arena;
	struct agent *agent;
	json_t *steps; /* of the progress file */
	struct units units;
	bool *healthy; /* of each process of the plan */
	struct maintenance maintenance;
	/* "ready", "stopped", "maintenance", "failed", "preparing", "setting-up" or "starting" */
	const char *state;
	const char *since, *waiting_for; /* may be NULL */
	bool serves; /* all is up and healthy, be there room on the disk or not */
};

/* Looks at everything; takes no longer than the probes. The caller calls status_done(). */
void status_read(struct agent *agent, struct arena *arena, struct status *ret);
void status_done(struct status *status);

/* All is up; or, in maintenance, all that is not stopped by it. A full disk is no change's fault,
 * and no reason to take one back. */
bool status_is_settled(const struct status *status);

/* A text of a step of the progress file, or NULL. */
const char *status_text(const json_t *step, const char *key);

/* What systemd says of a process's unit. */
const struct unit *status_unit(const struct status *status, const struct plan_process *process);

#endif
