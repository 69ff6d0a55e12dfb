#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "dns/dns.h"
#include "probe/pipe.h"

/* Starts a connection to one address: its socket, or a negative errno. */
static int begin(const char *address, unsigned port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	const struct sockaddr *to = is_v4 ? (void *)&v4 : (void *)&v6;
	int fd, error;

	if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return -EINVAL;
	fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, to, is_v4 ? sizeof(v4) : sizeof(v6)) == 0 || errno == EINPROGRESS)
		return fd;
	error = -errno;
	fd_cleanup(&fd);
	return error;
}

/* Waits until it stands. 0 or a negative errno. */
static int finish(int fd, int64_t until)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int64_t left;
	int error = 0, n;

	do {
		left = until - clock_ms();
		n = left <= 0 ? 0 : poll(&ready, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0 && fcntl(fd, F_SETFL, 0) < 0)
		error = errno;
	return -error;
}

static int try_address(const char *address, unsigned port, int64_t until, struct probe_pipe *ret)
{
	int fd = begin(address, port);
	int r = fd < 0 ? fd : finish(fd, until);

	if (r == 0)
		ret->out_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (r == 0 && ret->out_fd < 0)
		r = -errno;
	if (r == 0)
		ret->in_fd = fd;
	else
		fd_cleanup(&fd);
	return r;
}

int probe_pipe_here(struct arena *arena, const struct probe_here *here, struct probe_pipe *ret,
                    const char **ret_address)
{
	int64_t end = clock_ms() + here->deadline_ms;
	struct strings addresses = { 0 };
	int r = dns_resolve(arena, here->dns, here->host, here->deadline_ms, &addresses);

	*ret = (struct probe_pipe){ .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	if (r < 0)
		return r == -EREMOTEIO ? -ENOENT : r;
	for (size_t i = 0; i < addresses.count; i++) {
		/* The time is shared among those that are left. */
		int64_t now = clock_ms(), left = end - now;
		int64_t until = now + left / (int64_t)(addresses.count - i);

		r = try_address(addresses.items[i], here->port, until, ret);
		if (r == 0) {
			*ret_address = addresses.items[i];
			return 0;
		}
	}
	return r;
}
