/*
 * SELinux: what containers may reach carries the type container_file_t. Set once, by xattr, instead
 * of the engine's :z, which would relabel whole volumes at every start.
 */
#ifndef STEAD_AGENT_LABEL_H
#define STEAD_AGENT_LABEL_H

#include "agent/agent.h"

/* Labels all volumes (their top directories: what is made below inherits it) and all else that
 * processes mount (with what is in it, /etc/stead/config: small). Nothing when SELinux is off; what
 * cannot be labelled is logged, and the engine will say what it cannot read. */
void label_mounts(struct agent *agent);

/* The same for the swap file, which has a type of its own (swapfile_t). */
void label_swap(struct agent *agent, const char *path);

#endif
