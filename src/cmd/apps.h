/*
 * Applications as definitions, on this computer: app list, show, new, check.
 */
#ifndef STEAD_CMD_APPS_H
#define STEAD_CMD_APPS_H

#include "cli/cli.h"
#include "diag/diag.h"

/* Prints FINDINGS to OUT, in the form of --format where the command has one, and returns the exit
 * code they call for. */
int apps_report(struct cli *cli, struct findings *findings, FILE *out);

/* What `app new` writes, with NAME in its places (app_skeleton.c). */
char *apps_skeleton(struct arena *arena, const char *name);

#endif
