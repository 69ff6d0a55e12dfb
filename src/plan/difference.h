/*
 * The difference between two states of a node, as it is told: files with their texts, and what
 * happens to what runs. `stead-node receive` answers with it and `stead diff` prints it; the JSON
 * is described in docs/ARCHITECTURE.md.
 */
#ifndef STEAD_PLAN_DIFFERENCE_H
#define STEAD_PLAN_DIFFERENCE_H

#include "plan/order.h"

#include <jansson.h>

struct difference_file {
	const char *path;
	enum change_what what;
	bool secret;           /* then old and new are NULL */
	const char *old, *new; /* NULL: there is none, or it is not shown */
};

struct difference_process {
	const char *name;
	enum change_what what;
};

struct difference {
	const char *id, *base;
	bool first, same;
	struct {
		LIST_OF(struct difference_file);
	} files;
	struct {
		LIST_OF(struct difference_process);
	} processes;
	struct strings networks, restarts, stops, images;
	struct order order;
	struct strings untouched; /* units of processes that go on as they are */
};

/* All but id, base and the files' texts, which the caller fills in: files has one entry for each of
 * CHANGE, in its order. FROM may be NULL: there was no node. */
void difference_make(struct arena *arena, const struct plan *from, const struct plan *to,
                     const struct change *change, struct difference *ret);

/* DATA as it may be shown: text, cut where it is very long; NULL when it is no text. */
const char *difference_text_of(struct arena *arena, const char *data, size_t len);

/* With the texts of both bundles, the new one's id, and the old one's as base. */
void difference_between(struct arena *arena, const struct bundle *old, const struct bundle *new,
                        struct difference *ret);

/* The caller drops it. */
json_t *difference_json(const struct difference *difference);

#endif
