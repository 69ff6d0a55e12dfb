/*
 * stead import: an installation that stead did not make becomes a node.
 */
#ifndef STEAD_CMD_IMPORT_H
#define STEAD_CMD_IMPORT_H

#include "cmd/compile.h"

/* The settings folder from the variables of PATH; with an application that is not named, the one
 * whose definition knows how. */
int import_make(struct cli *cli, const char *path, bool dry_run);

/* Compares the variables of PATH with a settings folder that is there: another permanent secret is
 * an error. Changes nothing; COMPILE has its files. */
int import_compare(struct cli *cli, const char *path, struct compile *compile);

/* Sends --database and --media to the node of COMPILE, and follows until they are its own. */
int import_send(struct cli *cli, struct compile *compile);

/* "finish" or "drop" of one that was cut short. */
int import_continue(struct cli *cli, const char *what);

#endif
