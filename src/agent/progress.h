/*
 * /run/stead/progress.json: what the node is doing, for `status` and for people who wait.
 *
 *   {"v":1,"steps":[{"name":"setup.owner.create","state":"running|done|waiting|failed","attempt":1,
 *     "started":"…Z","ended":"…Z"|null,"started_ms":…,"ended_ms":…|null,"note":"…"|null}]}
 *
 * In the order in which the steps first appeared. The _ms are of the clock since boot. Notes never
 * hold what a step with a capture printed. Several agents write it at once (every process's wait),
 * so a change is made under a lock of its own. A change that cannot be written is only logged:
 * progress is for looking at, nothing depends on it.
 */
#ifndef STEAD_AGENT_PROGRESS_H
#define STEAD_AGENT_PROGRESS_H

#include "agent/agent.h"
#include "plan/json.h"

enum progress_state { PROGRESS_RUNNING, PROGRESS_DONE, PROGRESS_WAITING, PROGRESS_FAILED };

/* A step begins (or begins again: attempt counts up until it was done). */
void progress_begin(struct agent *agent, const char *name);

/* NOTE may be NULL. */
void progress_set(struct agent *agent, const char *name, enum progress_state state,
                  const char *note);

/* Sets a step, and says it on stderr and to systemd: "NAME: NOTE". */
void progress_tell(struct agent *agent, const char *name, enum progress_state state,
                   const char *note);

/* Another plan is to be followed: the attempts of what is not done are counted anew. */
void progress_anew(struct agent *agent);

/* The steps as an array; a new, empty one when there is no such file. Owned by the caller. */
json_t *progress_read(const struct agent *agent);

#endif
