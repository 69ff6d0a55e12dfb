/*
 * How port 80 changes hands between the page and the process that is open to the world.
 *
 * The page listens only while /run/stead/port80 is not there, and holds a lock on
 * /run/stead/page.lock while it does. Who wants the port makes the file first and then waits for
 * the lock; the page takes the lock first and then looks for the file. So both never have it at
 * once.
 */
#ifndef STEAD_AGENT_PORT80_H
#define STEAD_AGENT_PORT80_H

#include "agent/agent.h"

#define PORT80_TAKEN AGENT_RUN "/port80"

/* For the process that starts now. Waits until the page has let go, at most 15 s: an agent that
 * hangs must not hold up the node, and the engine will say that the port is taken. */
int port80_take(struct agent *agent);

/* That process has ended. */
void port80_give_back(struct agent *agent);

bool port80_is_taken(const struct agent *agent);

/* The page's side: a socket that listens on port 80 of all addresses, IPv6 included where there is
 * any. -EBUSY when somebody else has the port. Close
 * the socket (in every process) before *ret_lock_fd. */
int port80_listen(struct agent *agent, int *ret_lock_fd);

#endif
