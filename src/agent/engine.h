/*
 * The container engine, as the agent needs it. Nothing else here knows podman or docker.
 *
 * Functions return 0 or a negative errno with the reason in agent->why; results live in ARENA. They
 * are called with agent->engine set to their own engine. has_image, pull, remove, network_remove
 * and version need none: a change of engines has two.
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

/* CREATED: it has not run yet; ENDED: it has. */
enum engine_state { ENGINE_ABSENT, ENGINE_CREATED, ENGINE_RUNNING, ENGINE_ENDED };

struct engine_image {
	struct strings names; /* by tag and by digest, as it was pulled */
	long long bytes;
};

struct engine_images {
	LIST_OF(struct engine_image);
};

struct engine {
	const char *name;
	const char *config_dir; /* of its own configuration, which says where images come from */
	int (*has_image)(struct agent *agent, struct arena *arena, const char *image, bool *ret);
	int (*pull)(struct agent *agent, struct arena *arena, const char *image);
	/* Closes to others what the engine writes of containers; NULL when it does so itself. Fine
	 * when it has written nothing yet. */
	int (*keep_private)(struct agent *agent);
	/* The program's output in RET; past the deadline the container is removed. */
	int (*run_job)(struct agent *agent, struct arena *arena, const struct engine_job *job,
	               struct process_result *ret);
	/* Inside the running container of a process. */
	int (*exec)(struct agent *agent, struct arena *arena, const struct plan_process *process,
	            const struct strings *run, const char *stdin_text, unsigned deadline_s,
	            struct process_result *ret);
	/* An address the host reaches the process's container at; -ENOENT when there is none,
	 * -EAGAIN when it does not run yet, -ESRCH when it has ended. */
	int (*address_of)(struct agent *agent, struct arena *arena,
	                  const struct plan_process *process, const char **ret);
	int (*state_of)(struct agent *agent, struct arena *arena,
	                const struct plan_process *process, enum engine_state *ret);
	/* Ends and removes a container; fine when there is none. */
	int (*remove)(struct agent *agent, struct arena *arena, const char *container);

	/* What a person runs: appends the argv (NULL-terminated) to be put in our place by
	 * process_exec(). Standard input is passed on; TTY: it is a terminal.
	 * exec_argv: in the running container of a process; -ENOENT when it does not run.
	 * job_argv: in a container of its own, made like PROCESS's and gone afterwards. JOB's
	 * stdin_text and deadline_s mean nothing here. */
	int (*exec_argv)(struct agent *agent, struct arena *arena,
	                 const struct plan_process *process, const struct strings *run, bool tty,
	                 struct strings *ret);
	int (*job_argv)(struct agent *agent, struct arena *arena, const struct engine_job *job,
	                bool tty, struct strings *ret);

	/* Appends the names of all containers (running or not) and of all networks that begin with
	 * PREFIX. */
	int (*list_containers)(struct agent *agent, struct arena *arena, const char *prefix,
	                       struct strings *ret);
	int (*list_networks)(struct agent *agent, struct arena *arena, const char *prefix,
	                     struct strings *ret);
	/* All images that there are, also those that are not stead's. */
	int (*list_images)(struct agent *agent, struct arena *arena, struct engine_images *ret);
	/* Both are fine when there is none. A network or an image in use is not removed: -EIO. */
	int (*network_remove)(struct agent *agent, struct arena *arena, const char *network);
	int (*image_remove)(struct agent *agent, struct arena *arena, const char *image);
	/* "5.4.2"; -ENOENT when it is not installed. Needs no plan and no running daemon. */
	int (*version)(struct agent *agent, struct arena *arena, const char **ret);
};

extern const struct engine engine_podman, engine_docker;

/* All that there are, NULL-terminated, in the order of preference. */
extern const struct engine *const engines[];

const struct engine *engine_find(const char *name);

/* The container of a process: "stead-NAME". */
const char *engine_container(struct arena *arena, const struct plan_process *process);

/* The last line of some output that says something, without control characters. Of a long one the
 * middle is left out. */
const char *engine_last_line(struct arena *arena, const char *output);

#endif
