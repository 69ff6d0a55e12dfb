/*
 * The checks: one file per rule family, each a function that reads the model and adds findings.
 * check.c holds the table of families; a new family is a file and a row.
 */
#ifndef STEAD_CHECK_CHECK_H
#define STEAD_CHECK_CHECK_H

#include "node/node.h"

struct check_family {
	const char *name; /* "ports" */
	const char *doc;
	void (*run)(const struct node *node, const struct node_inputs *inputs,
	            struct findings *findings);
};

extern const struct check_family check_families[]; /* ends with name NULL */

/* Runs all families. False when there are errors. */
bool check_node(const struct node *node, const struct node_inputs *inputs,
                struct findings *findings);

/* The application's rules for its owner's name alone, for init. False when NAME breaks one. */
bool check_owner_name(const struct app *app, const char *name, struct span at,
                      struct findings *findings);

#endif
