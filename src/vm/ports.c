#include "vm/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

/* Binds to PORT of 127.0.0.1 (0: any) and leaves the socket open at *ret_fd. */
static int bind_port(unsigned port, int *ret_fd, unsigned *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons((uint16_t)port),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r, on = 1;

	if (fd < 0)
		return -errno;
	/* As QEMU does: the last connections of a machine that just stopped are no hindrance. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	*ret_port = ntohs(address.sin_port);
	return 0;
}

/* All are held until all are chosen, so that they differ. */
int ports_choose(struct vm_ports *ports)
{
	unsigned *wanted[] = { &ports->ssh, &ports->http, &ports->https };
	int fds[] = { -1, -1, -1 }, r = 0;

	for (size_t i = 0; i < 3 && r == 0; i++)
		if (*wanted[i] == 0 || bind_port(*wanted[i], &fds[i], wanted[i]) < 0)
			r = bind_port(0, &fds[i], wanted[i]);
	for (size_t i = 0; i < 3; i++)
		fd_cleanup(&fds[i]);
	return r;
}
