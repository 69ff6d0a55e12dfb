/*
 * In which order a change is made on what runs. The agent goes by it (agent/settle.c), and people
 * are told by it what will happen.
 */
#ifndef STEAD_PLAN_ORDER_H
#define STEAD_PLAN_ORDER_H

#include "plan/effects.h"

enum order_what {
	ORDER_STOP,    /* a unit that goes away, or that is in the way of its network */
	ORDER_RELOAD,  /* the firewall */
	ORDER_REMAKE,  /* a network */
	ORDER_AGAIN,   /* stead's own units, which run again for each plan */
	ORDER_RESTART, /* a unit that was there */
	ORDER_START,   /* a process that is new */
};

extern const char *const order_what_words[]; /* ends with NULL */

struct order_step {
	enum order_what what;
	const char *name;     /* of the unit, or of the network */
	struct strings after; /* processes of this same change that it waits for */
};

struct order {
	LIST_OF(struct order_step);
};

void order_of(struct arena *arena, const struct plan *from, const struct plan *to,
              const struct effects *effects, struct order *ret);

/* The processes of both plans that nothing happens to, in the plan's order. */
void order_untouched(struct arena *arena, const struct plan *from, const struct plan *to,
                     const struct effects *effects, struct strings *ret);

/* --- parts of it, for the agent --- */

/* The engine's own daemon, which restarts before anything that needs it. */
void order_daemons(struct arena *arena, const struct effects *effects, struct strings *ret);

/* Units on networks that are made anew: they stop first. Then the units that make these. */
void order_network_users(struct arena *arena, const struct plan *from, const struct plan *to,
                         const struct effects *effects, struct strings *ret);
void order_network_units(struct arena *arena, const struct plan *to, const struct effects *effects,
                         struct strings *ret);

/* stead's own units that run again for each plan: their stamps hold its hash. */
void order_again(struct arena *arena, const struct plan *to, struct strings *ret);

/* All other units of stead that restart; a process behind those it waits for. */
void order_restarts(struct arena *arena, const struct plan *to, const struct effects *effects,
                    struct strings *ret);

#endif
