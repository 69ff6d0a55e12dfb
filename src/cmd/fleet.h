/*
 * A fleet, for --all: a folder with one folder per node, each as --dir names one. The nodes are
 * taken by the order of their names, one after the other, each with arenas of its own; one that is
 * broken does not stop the others. What is wrong between two of them is a finding of the later one.
 */
#ifndef STEAD_CMD_FLEET_H
#define STEAD_CMD_FLEET_H

#include "cmd/compile.h"

struct fleet {
	const char *dir;
	/* What to do with a node: compiles it by fleet_compile() and returns an exit code. What it
	 * leaves at *ret_line is said of the node, else its findings are counted there. */
	int (*work)(struct fleet *fleet, struct cli *cli, struct compile *compile, const char *name,
	            const char **ret_line);
	void *context;
	FILE *findings_out;     /* where findings go; the lines go to stdout */
	const char *output_dir; /* below the fleet's folder it is no node; NULL: none */

	struct arena *arena; /* of what is kept from node to node; fleet_run() sets it */
	struct {
		LIST_OF(struct fleet_claim);
	} claims;
};

/* The option rows: --all. */
extern const struct cli_option fleet_options[];

/* The folder that --all names, or NULL. *ret_code is CLI_USAGE when --dir is there too. */
const char *fleet_dir(struct cli *cli, int *ret_code);

/* Does the work for each node, prints findings and lines, and a last line that counts (or all of it
 * as one JSON document). The exit code: CLI_ENVIRONMENT before CLI_FINDINGS before CLI_OK. */
int fleet_run(struct fleet *fleet, struct cli *cli);

/* compile_files(), and compares with the nodes before. */
bool fleet_compile(struct fleet *fleet, struct compile *compile);

#endif
