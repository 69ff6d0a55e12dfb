/*
 * Making the files of a settings folder, by init and by whoever has answers for it.
 */
#ifndef STEAD_CMD_INIT_H
#define STEAD_CMD_INIT_H

#include "cmd/answers.h"
#include "cmd/compile.h"

/* Where answers and secrets come from that neither an option nor a person gave. */
struct init_source {
	/* Adds them behind those of the options, which win; findings go into the compile's. CLI_OK,
	 * or another code after a message of its own. */
	int (*take)(void *context, struct compile *compile, struct answers *answers,
	            struct secrets *secrets);
	void *context;
	bool dry_run; /* show what would be made, and make nothing */
};

/* What `stead init` does. Returns the exit code. SOURCE may be NULL. */
int init_make(struct cli *cli, const struct init_source *source);

#endif
