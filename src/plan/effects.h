/*
 * What a change means for what runs: units that end or restart, networks that are made again,
 * containers that go away, images that are new. Computed from both plans and the changed paths, in
 * either direction.
 */
#ifndef STEAD_PLAN_EFFECTS_H
#define STEAD_PLAN_EFFECTS_H

#include "plan/change.h"

#define EFFECTS_FIREWALL "stead-firewall.service"
#define EFFECTS_DAEMON "docker.service" /* of an engine that has one: its containers go with it */

struct effects {
	struct strings stops;      /* units that are not there any more */
	struct strings restarts;   /* units that were there and must start anew */
	struct strings starts;     /* units of processes that were not there */
	struct strings networks;   /* changed ones, and those that went away */
	struct strings containers; /* of processes that went away */
	struct strings images;     /* that the old plan has not */
	bool firewall;             /* its rules changed */
};

/* BACK: CHANGE was made from TO to FROM, and is taken back. FROM or TO may be NULL: nothing. */
void effects_of(struct arena *arena, const struct plan *from, const struct plan *to,
                const struct change *change, bool back, struct effects *ret);

/* Whether anything happens to the process NAME, and what. */
bool effects_on(const struct effects *effects, const struct plan *from, const struct plan *to,
                const char *name, enum change_what *ret);

#endif
