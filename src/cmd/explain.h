/*
 * What `stead explain` finds: answers, each about one thing that the argument may mean. Private to
 * explain*.c.
 */
#ifndef STEAD_CMD_EXPLAIN_H
#define STEAD_CMD_EXPLAIN_H

#include "cmd/compile.h"

struct explain_fact {
	const char *label, *value;
	struct origin origin; /* all zero: none */
};

struct explain_answer {
	const char *kind, *name; /* "setting", "mail.port" */
	const char *doc;         /* one sentence, or NULL */
	struct {
		LIST_OF(struct explain_fact);
	} facts;
};

struct explain {
	struct compile *compile;
	struct arena *arena;
	const struct node *node;
	const struct output_set *tree;
	const struct plan *plan;
	struct {
		LIST_OF(struct explain_answer);
	} answers;
	struct strings names; /* all that could have been asked for */
};

/* Adds an answer for each thing but a file that ARG names, and everything that has a name to
 * `names`. */
void explain_subjects(struct explain *explain, const char *arg);

#endif
