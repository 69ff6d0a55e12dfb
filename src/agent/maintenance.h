/*
 * Maintenance: the application is stopped, and stays so over a restart, while data services run.
 * /var/lib/stead/state/maintenance is a condition of the target and of each of its units:
 *
 *   {"v":1,"since":"…Z","why":"…"|null}
 */
#ifndef STEAD_AGENT_MAINTENANCE_H
#define STEAD_AGENT_MAINTENANCE_H

#include "agent/agent.h"

struct maintenance {
	bool on; /* the file is there, whatever it holds: that is what systemd looks at */
	const char *since, *why; /* NULL: not said */
};

void maintenance_read(const struct agent *agent, struct arena *arena, struct maintenance *ret);

/* What the verb does: the flag, then the units. */
int maintenance_on(struct agent *agent, const char *why);
int maintenance_off(struct agent *agent);

#endif
