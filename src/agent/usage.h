/*
 * What a folder takes of the disk.
 */
#ifndef STEAD_AGENT_USAGE_H
#define STEAD_AGENT_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/agent.h"

struct usage {
	long long bytes, files;
	bool partly; /* not all was seen: the time was up, or a part could not be read */
};

/* Everything below PATH, as blocks on the disk, without other file systems and without following
 * links. A file with several names counts once in all. A folder that is not there takes nothing.
 * Ends at UNTIL_MS, by clock_ms(). */
void usage_of(const struct agent *agent, struct arena *arena, const char *path, int64_t until_ms,
              struct usage *ret);

#endif
