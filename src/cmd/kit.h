/*
 * The recovery kit: what is needed to make the node again when this computer and the machine are
 * gone. It is shown, never kept.
 */
#ifndef STEAD_CMD_KIT_H
#define STEAD_CMD_KIT_H

#include "cmd/compile.h"

/* The kit's text, in the secret arena. The compile has been built. */
char *kit_text(const struct compile *compile);

/* Prints the compiled node's kit on stdout. */
int kit_print(struct cli *cli, const struct compile *compile, bool codes);

#endif
