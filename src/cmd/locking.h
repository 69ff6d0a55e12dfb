/*
 * What `stead lock` and `stead up` share: asking registries what images are, and stead.lock.
 */
#ifndef STEAD_CMD_LOCKING_H
#define STEAD_CMD_LOCKING_H

#include "cmd/compile.h"

/* A newer tag that is taken for an image. */
struct locking_move {
	const char *from, *to; /* as stead.lock names images */
};

struct locking {
	struct compile *compile;    /* with its node built and its lock read */
	const struct strings *only; /* processes or images; empty: all */
	bool again;                 /* also what the lock has already */
	bool must;                  /* a registry that cannot be asked is an error, not a warning */
	bool show;                  /* say on stdout what each image is */
	unsigned deadline_ms;       /* for each image */
	/* what comes of it: */
	const char *read; /* stead.lock as it was read */
	struct lock lock; /* as it should be now */
	struct {
		LIST_OF(struct locking_move);
	} moves;
	struct strings newer;    /* sentences about what is newer and not taken */
	size_t changed, missing; /* images; missing: that the lock had not at all */
};

/* Asks for newer tags of the images that are wanted, within the channel of `updates.app`, and
 * compiles the node again with what there is: it may have other processes then. What belongs to a
 * wanted image is wanted as well. False when there were errors, which are findings; otherwise the
 * compile's findings are those of the new node. */
bool locking_update(struct locking *locking);

/* Asks for each image that is wanted, in the order of the processes. What cannot be locked is a
 * finding of the compile. False when there were errors. */
bool locking_ask(struct locking *locking);

/* Writes stead.lock anew, unless somebody else has changed it since it was read. CLI_OK, or all
 * said. */
int locking_write(const struct locking *locking);

/* Takes stead.lock as it was read to work on; the other functions do it themselves. */
void locking_begin(struct locking *locking);

/* The name by which stead.lock has a process's image. */
const char *locking_name(struct arena *arena, const struct node_process *process);

/* Whether `only` means this process. */
bool locking_wants(const struct locking *locking, const struct node_process *process);

/* Before a node is made: every image that is not locked yet is, as far as its registry can be asked
 * from here, and COMPILE is compiled again with that. WRITE: stead.lock too. False when there were
 * errors, which are findings, or *ret_code says what has been told already. */
bool locking_complete(struct compile *compile, bool write, int *ret_code);

#endif
