/*
 * Applications as definitions, on this computer: app list, show, new, check.
 */
#ifndef STEAD_CMD_APPS_H
#define STEAD_CMD_APPS_H

#include "cli/cli.h"
#include "diag/diag.h"

/* What `app new` writes, with NAME in its places (app_skeleton.c). */
char *apps_skeleton(struct arena *arena, const char *name);

#endif
