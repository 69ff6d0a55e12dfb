/*
 * The recovery kit: what is needed to make the node again when this computer and the machine are
 * gone. It is shown, never kept.
 */
#ifndef STEAD_CMD_KIT_H
#define STEAD_CMD_KIT_H

#include "cmd/compile.h"

/* The kit's text, in the secret arena. The compile has been built. */
char *kit_text(const struct compile *compile);

/* A text as QR codes for a terminal, each with a line that counts them; together they hold just
 * that text. In ARENA; NULL when it is too long for sixteen codes. COLOR: the codes are black on
 * white, whatever the terminal's colours are. */
char *kit_codes(struct arena *arena, const char *text, bool color);

/* Prints the compiled node's kit on stdout. */
int kit_print(struct cli *cli, const struct compile *compile, bool codes);

#endif
