#include "agent/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len; /* 0: there is none */

void notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);

	if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, len);
	address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	(void)unsetenv("NOTIFY_SOCKET");
}

void notify_status(const char *status)
{
	char message[512];
	int fd, len;

	if (address_len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	len = snprintf(message, sizeof(message), "STATUS=%.400s\nEXTEND_TIMEOUT_USEC=60000000\n",
	               status);
	(void)sendto(fd, message, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT,
	             (const struct sockaddr *)&address, address_len);
	(void)close(fd);
}
