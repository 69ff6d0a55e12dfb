/*
 * What is known of a change, below /var/lib/stead/state/apply/ and, while it runs, in
 * /run/stead/apply.json (docs/ARCHITECTURE.md, "receive and apply").
 */
#ifndef STEAD_AGENT_CHANGING_H
#define STEAD_AGENT_CHANGING_H

#include "agent/compare.h"

#define CHANGING_DIR AGENT_STATE "/apply"
#define CHANGING_INCOMING CHANGING_DIR "/incoming"

enum changing_state {
	CHANGING_NONE,
	CHANGING_PULLING,
	CHANGING_STAGING,   /* from here on there is a journal */
	CHANGING_SWITCHING, /* from here on it goes forward */
	CHANGING_SETTLING,
	CHANGING_RETURNING, /* from here on it goes back */
	CHANGING_CLOSING,   /* the result stands; only what was laid beside is still there */
	CHANGING_APPLIED,
	CHANGING_RETURNED,
	CHANGING_KEPT,
	CHANGING_REFUSED,
};

extern const char *const changing_words[]; /* by enum changing_state; ends with NULL */

/* Why a change was refused that nobody refused. */
extern const char changing_cut_short[];

/* Journal of a change. All it needs to be continued is in it. */
struct changing {
	const char *id, *base, *from, *at; /* from: "" when it was not said */
	enum changing_state state, result; /* result: while closing */
	bool was_ready;                    /* before it: there is something to return to */
	bool wait;                         /* for health */
	unsigned deadline_s;               /* of the health; 0: by the plan */
	const char *why;                   /* of what is not "applied"; may be NULL */
	struct change change;
	const char *old_text, *new_text; /* the plans; old_text NULL: there was none */
	const struct plan *old_plan, *new_plan;
};

/* The directories all this lives in. */
int changing_make_dirs(struct agent *agent);

/* 0, -ENOENT without a journal, or why it cannot be used. */
int changing_read(struct agent *agent, struct arena *arena, struct changing *ret);

/* STATE becomes the state, on the disk when this returns 0, and in what `status` says. */
int changing_set(struct agent *agent, struct changing *changing, enum changing_state state);

/* The end: the node follows its id (unless it was returned), last.json says how it went, and the
 * journal is gone. */
int changing_finish(struct agent *agent, const struct changing *changing);

/* The journal of a change that never began is dropped. */
int changing_drop(struct agent *agent);

/* Only last.json: when the result became a better one. */
int changing_record(struct agent *agent, const struct changing *changing);

/* The id the node follows, "" for none. */
const char *changing_current(struct agent *agent, struct arena *arena);

/* What `status` says meanwhile. WHY may be NULL. */
void changing_tell(struct agent *agent, const struct changing *changing, enum changing_state state,
                   const char *why);

/* Nothing runs any more: `status` says what last.json says. */
void changing_forget(struct agent *agent);

/* For `status`, which may run as anybody and at any time. Texts are never NULL but why and from. */
struct changing_view {
	const char *id, *why, *since, *from;
	enum changing_state state;
};
void changing_look(struct agent *agent, struct arena *arena, struct changing_view *ret);

/* One change at a time: a descriptor that holds the lock until it is closed, or -EWOULDBLOCK with
 * who holds it in agent->why. */
int changing_lock(struct agent *agent);

/* Held by the unit as long as it runs: `status` believes what it tells. */
int changing_live(struct agent *agent);

/* A change runs, or waits for health after it. */
bool changing_is_live(struct agent *agent);

#endif
