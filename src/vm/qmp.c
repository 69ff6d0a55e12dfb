#include "vm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { ANSWER_MAX = 16 * 1024 };

/* A socket's path may have 107 bytes only, a state folder's more: go through its descriptor. */
static int connect_to(const char *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (folder < 0)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder,
	               VM_QMP);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	return fd;
}

/* Reads lines until one has KEY (or says "error"); events in between are passed over. */
static int wait_for(int fd, const char *key, int64_t until)
{
	char line[ANSWER_MAX];
	size_t len = 0;

	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int64_t left = until - clock_ms();
		char c;

		if (left <= 0 || poll(&ready, 1, (int)left) != 1)
			return -ETIMEDOUT;
		if (read(fd, &c, 1) != 1)
			return -EPIPE;
		if (c != '\n') {
			if (len + 1 < sizeof(line))
				line[len++] = c;
			continue;
		}
		line[len] = '\0';
		len = 0;
		if (strstr(line, "\"error\"") != NULL)
			return -EPROTO;
		if (strstr(line, key) != NULL)
			return 0;
	}
}

static int say(int fd, const char *command)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "{\"execute\":\"%s\"}\n", command);

	return send(fd, line, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -EPIPE;
}

int qmp_command(const char *dir, const char *command, unsigned deadline_ms)
{
	int64_t until = clock_ms() + deadline_ms;
	cleanup_fd int fd = connect_to(dir);
	int r;

	if (fd < 0)
		return fd;
	if ((r = wait_for(fd, "\"QMP\"", until)) < 0 || (r = say(fd, "qmp_capabilities")) < 0 ||
	    (r = wait_for(fd, "\"return\"", until)) < 0 || (r = say(fd, command)) < 0)
		return r;
	return wait_for(fd, "\"return\"", until);
}
