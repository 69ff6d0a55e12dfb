/*
 * Testing mail from the node: `stead mail test`, and after `up`.
 */
#ifndef STEAD_CMD_MAIL_H
#define STEAD_CMD_MAIL_H

#include "cli/terminal.h"
#include "cmd/machine.h"

/* After an `up` that went well: tests mail with a message to the admin, unless the same mail
 * settings passed before (.stead/mail.json). Mail that does not work is a warning, so the exit code
 * is CLI_OK whatever comes out. Says why when nothing is tested because the node is quarantined. */
int mail_after_up(struct cli *cli, const struct compile *compile, struct machine *machine,
                  struct progress *progress);

/* What to test, when there is a mail.host; MACHINE NULL: from this computer, with the caller's
 * `dns`. */
struct mail_test;
void mail_describe(struct arena *arena, const struct compile *compile,
                   const struct machine *machine, struct mail_test *ret);

#endif
