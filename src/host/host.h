/*
 * node -> host tree: the files, units, directories and users of one machine, and the plan for the
 * agent. Independent of how they get there (Ignition, ssh).
 *
 * The engine's part (quadlets, networks) stands behind struct host_engine; nothing else here knows
 * podman or docker.
 */
#ifndef STEAD_HOST_HOST_H
#define STEAD_HOST_HOST_H

#include "node/node.h"
#include "output/output.h"
#include "plan/plan.h"

/* What the writers of one render share. */
struct host_context {
	const struct node *node;
	const struct host_engine *engine;
	struct output_set *set;
	struct findings *findings;
};

struct host_engine {
	const char *name; /* podman, docker */
	void (*network)(struct host_context *host, const struct node_network *network);
	void (*container)(struct host_context *host, const struct node_process *process);
	/* what the engine itself needs: registries.conf for a mirror, units switched on or off */
	void (*base)(struct host_context *host);
	/* the file that defines a process's unit: a change of it means a restart */
	const char *(*container_path)(struct arena *arena, const struct node_process *process);
	/* the daemon that all else needs, and its settings; NULL: there is none */
	const char *daemon_unit, *daemon_path;
	/* names are asked for from inside the containers, not by a server on the machine */
	bool guests_ask_names;
};

extern const struct host_engine host_podman, host_docker;

/* NULL when there is no such engine. */
const struct host_engine *host_engine_find(const char *name);

struct host_agent { /* the agent's program, put on the machine as a file (inline delivery) */
	const void *data;
	size_t len; /* 0: not part of the tree */
};

/* Renders a frozen node; AGENT may be NULL. Findings: output.conflict and what writers refuse (a
 * line break in an environment value, …). The set is sorted. NULL when there were errors. */
struct output_set *host_render(const struct node *node, const struct host_agent *agent,
                               struct findings *findings);

/* What a new machine needs before `stead up` reaches it over ssh: name, keys, users, time zone, and
 * the firewall, so that it is closed from its first second. No application, and no secret but its
 * host key. Its plan names these files, so that `up` knows them as its own. Otherwise as
 * host_render(). */
struct output_set *host_render_base(const struct node *node, struct findings *findings);

/* The plan, as it stands in /etc/stead/node.json; SET is all that is rendered, sorted. The other
 * one is that of host_render_base(): the node, and nothing that runs on it. */
struct plan *host_plan(struct arena *arena, const struct node *node, const struct output_set *set);
struct plan *host_plan_base(struct arena *arena, const struct node *node,
                            const struct output_set *set);

/* Where the agent lives on this machine's OS. */
const char *host_agent_path(const struct node *node);

#endif
