/*
 * Following a machine from its start until the node on it is ready, with steps and times.
 */
#ifndef STEAD_CMD_FOLLOW_H
#define STEAD_CMD_FOLLOW_H

#include "cli/terminal.h"
#include "cmd/machine.h"

struct follow {
	struct machine *machine;
	struct arena *arena;
	struct progress *progress;
	bool booted;         /* a VM that has answered already */
	const char *change;  /* id of the change it makes; NULL: none is under way */
	const char *address; /* where the site is asked; NULL: it is not */
	unsigned port;
	int64_t deadline;                /* clock_ms */
	volatile const int *interrupted; /* set by a signal */
	bool rests;                      /* maintenance is on */
	const char *why;                 /* what was waited for last */
};

enum follow_result {
	FOLLOW_READY,
	FOLLOW_DIED, /* QEMU has ended */
	FOLLOW_TIMED_OUT,
	FOLLOW_FAILED, /* `why` says it */
	FOLLOW_INTERRUPTED,
	FOLLOW_RETURNED,  /* the change did not work out, and what was before is there again */
	FOLLOW_REFUSED,   /* the agent did not begin the change */
	FOLLOW_OVERTAKEN, /* another change came in between; `why` says so, and from where */
};

/* A VM: until ssh answers, and no more. */
enum follow_result follow_boot(struct follow *follow);

/* A VM: until ssh answers. Then the node's own steps until the change is made and it is ready; then
 * its CA (when it has one of its own) is fetched and the site is asked over HTTPS. Each shows its
 * steps. */
enum follow_result follow_machine(struct follow *follow);

/* Whether a change in this state (of the agent's status; may be NULL) still goes on. */
bool follow_is_under_way(const char *state);

#endif
