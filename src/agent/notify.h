/*
 * systemd's notification protocol, sd_notify(3): one line of status for `systemctl status`.
 */
#ifndef STEAD_AGENT_NOTIFY_H
#define STEAD_AGENT_NOTIFY_H

/* Takes NOTIFY_SOCKET out of the environment: the engine must not think it is meant for a
 * container. */
void notify_init(void);

/* STATUS=, and one more minute before the start counts as hung: whoever calls this is alive.
 * Without a socket, and when it fails, nothing happens. */
void notify_status(const char *status);

#endif
