/*
 * How a difference is printed, by `stead diff` and by `stead up --dry-run`.
 */
#ifndef STEAD_CMD_DIFF_H
#define STEAD_CMD_DIFF_H

#include "cli/cli.h"
#include "remote/difference.h"

enum { EXIT_DIFFERS = 4 };

/* To stdout, as --format says. CLI_OK when there is no difference, EXIT_DIFFERS when there is one.
 */
int diff_print(struct cli *cli, const struct difference *difference);

#endif
