/*
 * What systemd says of the node's units, in one call of systemctl.
 */
#ifndef STEAD_AGENT_UNITS_H
#define STEAD_AGENT_UNITS_H

#include "agent/agent.h"

struct unit {
	const char *name;
	const char *active, *sub; /* "active", "running"; "unknown" when systemd did not say */
	bool queued;              /* a job (start, stop) waits for it */
	unsigned restarts;        /* since it was last started by somebody */
};

struct units {
	LIST_OF(struct unit);
};

/* All of NAMES, in that order. */
void units_read(struct arena *arena, const struct strings *names, struct units *ret);

/* Runs `systemctl WORDS -- UNITS`; UNITS may be NULL. WORDS ends with NULL. */
int units_command(struct agent *agent, const char *const *words, const struct strings *units,
                  unsigned deadline_s);

/* The same for one unit. */
int units_command_one(struct agent *agent, const char *const *words, const char *unit,
                      unsigned deadline_s);

const struct unit *units_find(const struct units *units, const char *name);

#endif
