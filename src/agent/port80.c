#include "agent/port80.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/failpoint.h"
#include "base/clock.h"
#include "base/file.h"

#define PAGE_LOCK AGENT_RUN "/page.lock"

enum { HTTP_PORT = 80, BACKLOG = 64, LET_GO_MS = 15 * 1000, POLL_MS = 50 };

static int open_lock(const struct agent *agent)
{
	int fd = openat(agent->root_fd, agent_below_root(PAGE_LOCK),
	                O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int port80_take(struct agent *agent)
{
	int64_t end = clock_ms() + LET_GO_MS;
	cleanup_fd int lock = open_lock(agent);
	int r = lock < 0 ? lock
	                 : disk_write_volatile(agent->root_fd, PORT80_TAKEN, 0600, "taken\n", 6);

	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", PORT80_TAKEN, strerror(-r));
	while (flock(lock, LOCK_SH | LOCK_NB) < 0) {
		if (clock_ms() >= end)
			return agent_fail(agent, -EBUSY,
			                  "stead-page.service does not let go of port 80");
		clock_sleep_ms(failpoint_pause_ms(POLL_MS));
	}
	return 0;
}

void port80_give_back(struct agent *agent)
{
	(void)unlinkat(agent->root_fd, agent_below_root(PORT80_TAKEN), 0);
}

bool port80_is_taken(const struct agent *agent)
{
	return faccessat(agent->root_fd, agent_below_root(PORT80_TAKEN), F_OK,
	                 AT_SYMLINK_NOFOLLOW) == 0;
}

static int listen_at(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0, error;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (address->sa_family != AF_INET6 ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
	    bind(fd, address, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	return -error;
}

static int listen_everywhere(void)
{
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(HTTP_PORT) };
	const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(HTTP_PORT) };
	int fd = listen_at((const struct sockaddr *)&v6, sizeof(v6));

	/* A kernel without IPv6, or where it is switched off. */
	if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
		fd = listen_at((const struct sockaddr *)&v4, sizeof(v4));
	return fd;
}

int port80_listen(struct agent *agent, int *ret_lock_fd)
{
	int lock = open_lock(agent), fd = -EBUSY;

	if (lock < 0)
		return agent_fail(agent, lock, "%s: %s", PAGE_LOCK, strerror(-lock));
	if (flock(lock, LOCK_EX | LOCK_NB) == 0 && !port80_is_taken(agent))
		fd = listen_everywhere();
	if (fd >= 0) {
		*ret_lock_fd = lock;
		return fd;
	}
	(void)close(lock);
	return agent_fail(agent, fd == -EADDRINUSE ? -EBUSY : fd, "port 80: %s", strerror(-fd));
}
