/*
 * A step that merges values into a JSON file the application made: JSON Merge Patch, RFC 7396.
 */
#ifndef STEAD_AGENT_MERGE_H
#define STEAD_AGENT_MERGE_H

#include "agent/agent.h"
#include "plan/json.h"

/* The result of merging PATCH into TARGET, a new reference. TARGET (may be NULL) is changed. */
json_t *merge_patch(json_t *target, const json_t *patch);

/* Merges STEP's values into its file, found through PROCESS's mounts. Keeps the file's owner and
 * mode; writes nothing when nothing would change. The file must be there: whoever made the step
 * says which step makes it. Links are not followed, wherever they are. */
int merge_apply(struct agent *agent, struct arena *arena, const struct plan_process *process,
                const struct plan_step *step);

/* The path on the host of PATH inside the container, or NULL when no writable mount holds it. */
const char *merge_host_path(struct arena *arena, const struct plan_process *process,
                            const char *path);

#endif
