/*
 * Shared by the files that validate. Private to ignition.
 */
#ifndef STEAD_IGNITION_INTERNAL_H
#define STEAD_IGNITION_INTERNAL_H

#include "ignition/ignition.h"

struct check {
	const struct ignition_config *config;
	struct findings *findings;
};

void ignition_error(struct check *check, const char *code, struct origin origin, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

/* As Go's path.Clean leaves it; PATH is absolute. */
bool ignition_path_simplified(const char *path);

void ignition_check_disks(struct check *check); /* disks, partitions, file systems */

#endif
