/*
 * What podman's and docker's command lines have in common. Private to the engines.
 *
 * Functions return 0 or a negative errno with the reason in agent->why; results live in ARENA.
 */
#ifndef STEAD_AGENT_CLIENT_H
#define STEAD_AGENT_CLIENT_H

#include "agent/engine.h"

enum {
	CLIENT_QUICK_MS = 60 * 1000, /* under emulation one call takes a second, and the disk may be
	                                busy */
	CLIENT_PULL_MS = 60 * 60 * 1000,
};

/* The program of agent->engine. */
const char *client_name(const struct agent *agent);

/* Appends words to an argv; the last argument is NULL. */
void client_add(struct arena *arena, struct strings *argv, ...) __attribute__((sentinel));
void client_add_all(struct arena *arena, struct strings *argv, const struct strings *words);

/* Runs an argv that is not terminated yet. STDIN_TEXT may be NULL. */
int client_run(struct agent *agent, struct arena *arena, struct strings *argv,
               const char *stdin_text, unsigned deadline_ms, struct process_result *ret);

/* For calls whose output is the engine's own: no program of a container speaks there. */
int client_fail(struct agent *agent, struct arena *arena, const struct strings *argv,
                const struct process_result *result);

/* A quick call that must succeed. */
int client_call(struct agent *agent, struct arena *arena, struct strings *argv,
                struct process_result *ret);

/* The options that make a container like the process's: user, hardening, mounts, environment. Not
 * its name, networks, tmpfs and image. */
void client_add_process(struct agent *agent, struct arena *arena, struct strings *argv,
                        const struct plan_process *process);

/* What `container inspect --format` says; -ENOENT when there is no such container. */
int client_inspect(struct agent *agent, struct arena *arena, const char *container,
                   const char *format, char **ret);

/* The word behind BEFORE ("podman version ") in what `CLIENT --version` says. */
int client_version(struct agent *agent, struct arena *arena, const char *client, const char *before,
                   const char **ret);

/* struct engine's own functions, where both are the same. */
int client_exec(struct agent *agent, struct arena *arena, const struct plan_process *process,
                const struct strings *run, const char *stdin_text, unsigned deadline_s,
                struct process_result *ret);
int client_exec_argv(struct agent *agent, struct arena *arena, const struct plan_process *process,
                     const struct strings *run, bool tty, struct strings *ret);
int client_address_of(struct agent *agent, struct arena *arena, const struct plan_process *process,
                      const char **ret);
int client_state_of(struct agent *agent, struct arena *arena, const struct plan_process *process,
                    enum engine_state *ret);
int client_list_containers(struct agent *agent, struct arena *arena, const char *prefix,
                           struct strings *ret);
int client_list_networks(struct agent *agent, struct arena *arena, const char *prefix,
                         struct strings *ret);
int client_list_images(struct agent *agent, struct arena *arena, struct engine_images *ret);
int client_image_remove(struct agent *agent, struct arena *arena, const char *image);

/* The same, for an engine that need not be agent->engine. */
int client_network_remove(struct agent *agent, struct arena *arena, const char *client,
                          const char *network);

#endif
