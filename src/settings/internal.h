/*
 * Finds what no single row can say: one function for each part of the settings. Private to
 * settings/.
 */
#ifndef STEAD_SETTINGS_INTERNAL_H
#define STEAD_SETTINGS_INTERNAL_H

#include "settings/settings.h"

struct settings_checker {
	struct arena *arena;
	struct findings *findings;
};

/* window.c: fills `when` from `window`. */
void settings_check_updates(struct settings_checker *c, struct settings_updates *updates);

#endif
