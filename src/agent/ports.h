/*
 * Who listens on this machine: /proc/net/{tcp,tcp6,udp,udp6} and the open files of all processes.
 */
#ifndef STEAD_AGENT_PORTS_H
#define STEAD_AGENT_PORTS_H

#include "agent/agent.h"

struct port {
	const char *proto; /* "tcp" or "udp" */
	unsigned number;
	char address[46]; /* numeric */
	unsigned long long inode;
	const char *by; /* the process's name; NULL: not to be seen */
};

struct ports {
	LIST_OF(struct port);
};

/* Adds the sockets of one such file that wait for others: listening ones for "tcp", unconnected
 * ones for "udp" (proc_net_tcp(5)). Lines that are not of this format are skipped. */
void ports_parse(struct arena *arena, const char *text, const char *proto, struct ports *ret);

/* All of the machine, sorted, each socket once. 0 or a negative errno. Whose they are is only found
 * as far as we may look. */
int ports_read(const struct agent *agent, struct arena *arena, struct ports *ret);

#endif
