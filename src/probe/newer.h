/*
 * Newer versions of a node's images, as their registries have them, within the channel of
 * `updates.app`. What the application's definition names with one version goes together.
 */
#ifndef STEAD_PROBE_NEWER_H
#define STEAD_PROBE_NEWER_H

#include "node/node.h"
#include "node/tag.h"
#include "probe/registry.h"

/* Images that go together; mostly it is one. */
struct newer {
	struct {
		LIST_OF(const struct node_process *);
	} processes; /* the first of each image */
	struct tag_wish wish;
	bool apart; /* they should go together, but are of different forms or fixed: none goes */
};

struct newers {
	LIST_OF(struct newer);
};

/* The images of NODE whose tags name a version that an update may go on from, in the order of the
 * processes. None for TAG_NONE. The node's data services go in their last of three numbers only:
 * with two it is a line (7.4), and what a new line makes of the data, nobody can take back. */
void newer_list(struct arena *arena, const struct node *node, enum tag_channel channel,
                struct newers *ret);

/* "web, streaming" */
char *newer_names(struct arena *arena, const struct newer *newer);

/* Asks their registries for tags; QUESTION says how, but for the image. False when one did not
 * answer: *ret_answer says why, and *ret_at which. */
bool newer_ask(struct arena *arena, const struct newer *newer,
               const struct registry_question *question, struct tag_choice *ret,
               struct registry_answer *ret_answer, const struct node_process **ret_at);

#endif
