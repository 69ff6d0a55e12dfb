/*
 * The room on the file system of the data.
 */
#ifndef STEAD_AGENT_ROOM_H
#define STEAD_AGENT_ROOM_H

#include <stdbool.h>

#include "agent/agent.h"

struct room {
	/* Bytes. What only root may use is neither free nor used. */
	long long size, used, free;
};

/* A negative errno, told by agent->why, when it cannot be asked. */
int room_look(struct agent *agent, struct room *ret);

/* Less is free than a database takes at once. */
bool room_is_full(const struct room *room);

/* "1.5 GiB" */
const char *room_amount(struct arena *arena, long long bytes);

#endif
