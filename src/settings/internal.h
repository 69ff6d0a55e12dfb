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

/* settings.c; KEY names the list. */
void settings_check_keys(struct settings_checker *c, const struct value_list *keys,
                         const char *key);

/* open.c, network.c, users.c, sysctls.c, swap.c: fills `swap_bytes` */
void settings_check_open(struct settings_checker *c, const struct value_text *item);
void settings_check_network(struct settings_checker *c, const struct schema_array *network);
void settings_check_users(struct settings_checker *c, const struct schema_array *users);
void settings_check_sysctls(struct settings_checker *c, const struct value_pairs *sysctls);
void settings_check_swap(struct settings_checker *c, struct settings_machine *machine);

/* service.c: takes addresses apart, and gives words that were not written. */
void settings_check_services(struct settings_checker *c, struct settings *settings);

/* zones.c; the nearest may be NULL. */
bool settings_zone_known(const char *name);
const char *settings_zone_nearest(const char *name);

/* window.c: fills `when` from `window`. */
void settings_check_updates(struct settings_checker *c, struct settings_updates *updates);

#endif
