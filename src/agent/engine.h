/*
 * The container engine, as the agent needs it. Nothing else here knows podman or docker.
 *
 * Functions return 0 or a negative errno with the reason in agent->why; results live in ARENA.
 */
#ifndef STEAD_AGENT_ENGINE_H
#define STEAD_AGENT_ENGINE_H

#include "agent/agent.h"
#include "base/process.h"

/* One run of a job: in a container of its own, made like PROCESS's, gone afterwards. */
struct engine_job {
	const char *container;
	const struct plan_process *process;
	const struct strings *run;
	const char *stdin_text; /* NULL: none */
	unsigned deadline_s;
};

enum engine_state { ENGINE_ABSENT, ENGINE_STOPPED, ENGINE_RUNNING };

struct engine {
	const char *name;
	int (*has_image)(struct agent *agent, struct arena *arena, const char *image, bool *ret);
	int (*pull)(struct agent *agent, struct arena *arena, const char *image);
	/* The program's output in RET; past the deadline the container is removed. */
	int (*run_job)(struct agent *agent, struct arena *arena, const struct engine_job *job,
	               struct process_result *ret);
	/* Inside the running container of a process. */
	int (*exec)(struct agent *agent, struct arena *arena, const struct plan_process *process,
	            const struct strings *run, const char *stdin_text, unsigned deadline_s,
	            struct process_result *ret);
	/* An address the host reaches the process's container at; -ENOENT when it does not run. */
	int (*address_of)(struct agent *agent, struct arena *arena,
	                  const struct plan_process *process, const char **ret);
	int (*state_of)(struct agent *agent, struct arena *arena,
	                const struct plan_process *process, enum engine_state *ret);
	/* Ends and removes a container; fine when there is none. */
	int (*remove)(struct agent *agent, struct arena *arena, const char *container);
};

extern const struct engine engine_podman;

const struct engine *engine_find(const char *name);

/* The container of a process: "stead-NAME". */
const char *engine_container(struct arena *arena, const struct plan_process *process);

/* The last line of some output that says something, cut at 200 bytes, without control characters.
 */
const char *engine_last_line(struct arena *arena, const char *output);

#endif
