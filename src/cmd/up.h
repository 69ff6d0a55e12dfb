/*
 * `stead up`: where, and then either way. Private to the files up*.c, and to adopt.c, which
 * connects in the same way.
 */
#ifndef STEAD_CMD_UP_H
#define STEAD_CMD_UP_H

#include "cli/terminal.h"
#include "cmd/follow.h"
#include "cmd/machine.h"
#include "remote/difference.h"
#include "remote/inspect.h"

enum { EXIT_INTERRUPTED = 130 };

struct up_options {
	const char *image, *host_key;
	long deadline_s;
	bool live, self_contained, yes, dry_run;
};

struct up {
	struct cli *cli;
	struct arena *arena;
	struct up_options options;
	struct compile compile;
	struct host_agent agent;
	struct compile_config config; /* VM: what Ignition gets */
	struct machine machine;
	struct progress *progress;
	bool color, ran_before;
	bool by_ssh; /* VM: it needs more than its first boot made of it */
	/* a host: */
	const char *known_hosts, *arch;
	bool agent_is_there;
	long ssh_port; /* that ssh serves us at, there; 0: not known */
	struct inspect inspect;
	const char *engine, *bundle_id;
	struct difference change;
};

/* Each from the compiled node to the end; prints everything and returns the exit code. */
int up_vm(struct up *up);
int up_host(struct up *up);

/* `stead diff` against the machine: what `up` would change there. */
int up_diff(struct cli *cli);

/* A VM: until ssh answers. */
int up_boot(struct up *up);

/* up_host.c: from a machine that answers to the node that follows the settings. */
int up_change(struct up *up);

/* up_connect.c: its folder and its host key; who we are there; its agent. CLI_OK or all said. */
int up_connect(struct up *up);
int up_first_contact(struct up *up);
int up_agent(struct up *up);

/* up_inspect.c: what is there, whether it will do, and what it lacks; then up->engine is known. */
int up_inspect(struct up *up);

/* Follows until the node is ready; Ctrl-C ends only the following. Prints the result; DONE is the
 * line for it, or NULL. */
int up_follow(struct up *up, const char *change, const char *done);

/* Runs a verb of the agent as root, as a step of this name (NULL: none). CLI_OK, or all said: ssh's
 * failure, or the agent's refusal in its own words. The words begin with the verb and end with
 * NULL. */
int up_call(const struct up *up, const char *step, const struct machine_input *in,
            unsigned deadline_ms, struct process_result *ret, ...) __attribute__((sentinel));

#endif
