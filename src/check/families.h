/*
 * One function for each family of checks; check.c has the table. Private to check/.
 */
#ifndef STEAD_CHECK_FAMILIES_H
#define STEAD_CHECK_FAMILIES_H

#include "check/check.h"

#define CHECK_FAMILY(name)                                                                         \
	void check_##name(const struct node *node, const struct node_inputs *inputs,               \
	                  struct findings *findings)

CHECK_FAMILY(database);
CHECK_FAMILY(disk);
CHECK_FAMILY(identity);
CHECK_FAMILY(ignition);
CHECK_FAMILY(images);
CHECK_FAMILY(isolation);
CHECK_FAMILY(machine);
CHECK_FAMILY(memory);
CHECK_FAMILY(names);
CHECK_FAMILY(notes);
CHECK_FAMILY(order);
CHECK_FAMILY(ports);
CHECK_FAMILY(provider);
CHECK_FAMILY(schedule);
CHECK_FAMILY(secrets);
CHECK_FAMILY(volumes);
CHECK_FAMILY(writers);

#endif
