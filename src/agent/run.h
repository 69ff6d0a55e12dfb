/*
 * A change from its journal to its end, in whatever direction and from whatever state.
 */
#ifndef STEAD_AGENT_RUN_H
#define STEAD_AGENT_RUN_H

#include "agent/changing.h"

struct run {
	struct agent *agent;
	struct arena *arena; /* a secret one */
	int lock_fd;         /* changing_lock(); -1 once it was given up */
	struct changing changing;
};

/* Refuses bundles of other nodes; `receive` and `apply` both ask. agent->why says whose it is. */
int run_check_owner(struct agent *agent, const struct plan *plan);

/* The images of PLAN that are not here, three tries each. */
int run_pull(struct agent *agent, const struct plan *plan);

/* Lays the files beside and begins: afterwards the change goes on by its journal. When it fails
 * nothing was changed. */
int run_begin(struct run *run, const struct bundle *bundle);

/* Goes on from changing.state to the end. FILES_ONLY: no further than the files and what systemd
 * knows of them; -EINPROGRESS when the rest is still to be done. 0: it ended, changing.result says
 * how. Otherwise agent->why, and the journal stays. */
int run_continue(struct run *run, bool files_only);

#endif
