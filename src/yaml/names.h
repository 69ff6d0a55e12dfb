/*
 * Names seen so far, with where; finds duplicates and anchors without comparing all with all.
 * Private to yaml.
 */
#ifndef STEAD_YAML_NAMES_H
#define STEAD_YAML_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct arena;

struct name {
	const char *text; /* NULL: a free place */
	void *value;
};

struct names {
	struct name *table;
	size_t count, capacity; /* capacity: a power of two, or 0 */
};

/* What is kept under TEXT, for reading and changing; when there was nothing, it is NULL. The place
 * is good until the next call. TEXT must outlive NAMES. */
void **names_place(struct names *names, struct arena *arena, const char *text);

#endif
