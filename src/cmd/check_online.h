/*
 * `stead check --online`: what the settings name, looked at from this computer.
 */
#ifndef STEAD_CMD_CHECK_ONLINE_H
#define STEAD_CMD_CHECK_ONLINE_H

#include "cmd/compile.h"

/* Adds what is found to the compile's findings, and prints a line for each probe unless it is to be
 * JSON. CLI_ENVIRONMENT, with the reason among the findings, when nothing can be asked. */
int check_online(struct cli *cli, struct compile *compile);

#endif
