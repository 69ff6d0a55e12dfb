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
};

struct units {
	LIST_OF(struct unit);
};

/* All of NAMES, in that order. */
void units_read(struct arena *arena, const struct strings *names, struct units *ret);

const struct unit *units_find(const struct units *units, const char *name);

#endif
