/*
 * How the disk fills: what was used of the data's file system, noted once a day.
 *
 *   /var/lib/stead/state/space.json: {"v":1,"samples":[{"at":SECONDS,"used":BYTES,"size":BYTES}]}
 *
 * The oldest comes first. A file that cannot be read is begun anew: nothing but an estimate is
 * lost.
 */
#ifndef STEAD_AGENT_GROWTH_H
#define STEAD_AGENT_GROWTH_H

#include <stdbool.h>

#include "agent/agent.h"

struct growth_sample {
	long long at_s; /* since 1970 */
	long long used, size;
};

struct growth {
	LIST_OF(struct growth_sample);
};

/* From the file's text; what is no sample is left out. False when it is no such file. */
bool growth_parse(struct arena *arena, const char *text, size_t len, struct growth *ret);

/* Adds NOW. The last sample is replaced when it is younger than most of a day; samples of a file
 * system of another size are forgotten, and the oldest when there are too many. */
void growth_add(struct arena *arena, struct growth *growth, const struct growth_sample *now);

/* Bytes per day over the last month, from samples at least a day apart. False: not known yet. */
bool growth_per_day(const struct growth *growth, long long *ret_bytes, long long *ret_since_s);

/* Reads the file, adds NOW, and writes it; what cannot be written is logged. */
void growth_note(struct agent *agent, struct arena *arena, const struct growth_sample *now,
                 struct growth *ret);

#endif
