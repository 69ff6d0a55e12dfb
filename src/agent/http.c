#include "agent/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"

enum { STATUS_LINE_LEN = 12 /* "HTTP/1.1 200" */, ANSWER_BYTES = 8192 };

static socklen_t make_address(const char *address, unsigned port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		return sizeof(*v6);
	}
	return 0;
}

/* Waits for EVENT until the clock shows END. */
static int wait_for(int fd, short event, int64_t end)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = event };
		int64_t left = end - clock_ms();
		int r = poll(&poll_fd, 1, left > 0 ? (int)left : 0);

		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* A connected socket, or a negative errno. */
static int open_connection(const char *address, unsigned port, int64_t end)
{
	struct sockaddr_storage to;
	socklen_t len = make_address(address, port, &to), error_len = sizeof(int);
	int fd, r, error = 0;

	if (len == 0)
		return -EINVAL;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (struct sockaddr *)&to, len) < 0 ? -errno : 0;
	if (r == -EINPROGRESS) {
		r = wait_for(fd, POLLOUT, end);
		if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
			r = -errno;
		if (r == 0)
			r = -error;
	}
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}

int http_connect(const char *address, unsigned port, unsigned deadline_ms)
{
	cleanup_fd int fd = open_connection(address, port, clock_ms() + deadline_ms);

	return fd < 0 ? fd : 0;
}

static int send_all(int fd, const char *data, size_t len, int64_t end)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			int r = wait_for(fd, POLLOUT, end);

			if (r < 0)
				return r;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

unsigned http_parse_status(const char *answer, size_t len)
{
	unsigned status = 0;

	if (len < STATUS_LINE_LEN || memcmp(answer, "HTTP/1.", 7) != 0 || answer[7] < '0' ||
	    answer[7] > '9' || answer[8] != ' ')
		return 0;
	for (size_t i = 9; i < STATUS_LINE_LEN; i++) {
		if (answer[i] < '0' || answer[i] > '9')
			return 0;
		status = status * 10 + (unsigned)(answer[i] - '0');
	}
	if (len > STATUS_LINE_LEN && strchr(" \r\n", answer[STATUS_LINE_LEN]) == NULL)
		return 0;
	return status;
}

/* At most SIZE bytes, until the other side ends. */
static int receive(int fd, int64_t end, char *data, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = recv(fd, data + len, size - len, 0);

		if (n < 0 && errno == EAGAIN) {
			int r = wait_for(fd, POLLIN, end);

			if (r < 0)
				return r;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

static int receive_status(int fd, int64_t end, unsigned *ret_status)
{
	char answer[STATUS_LINE_LEN + 1];
	size_t len = 0;
	int r = receive(fd, end, answer, sizeof(answer), &len);

	if (r < 0)
		return r;
	*ret_status = http_parse_status(answer, len);
	return *ret_status == 0 ? -EPROTO : 0;
}

int http_status(const char *address, unsigned port, const char *host, const char *path,
                unsigned deadline_ms, unsigned *ret_status)
{
	cleanup_arena struct arena *scratch = arena_new();
	int64_t end = clock_ms() + deadline_ms;
	cleanup_fd int fd = open_connection(address, port, end);
	const char *request;
	int r;

	if (fd < 0)
		return fd;
	request = arena_printf(scratch,
	                       "GET %s HTTP/1.1\r\n"
	                       "Host: %s\r\n"
	                       "User-Agent: stead-node/%s\r\n"
	                       "Accept: */*\r\n"
	                       "X-Forwarded-Proto: https\r\n"
	                       "Connection: close\r\n"
	                       "\r\n",
	                       path, host, STEAD_VERSION);
	r = send_all(fd, request, strlen(request), end);
	return r < 0 ? r : receive_status(fd, end, ret_status);
}

/* The value of a header line, or NULL when it is another header's. */
static const char *header_value(struct arena *arena, const char *line, size_t len, const char *name)
{
	size_t name_len = strlen(name), from = name_len + 1;

	if (len < from || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
		return NULL;
	while (from < len && (line[from] == ' ' || line[from] == '\t'))
		from++;
	return arena_strndup(arena, line + from, len - from);
}

int http_parse_answer(struct arena *arena, const char *data, size_t len, struct http_answer *ret)
{
	struct http_answer answer = { .status = http_parse_status(data, len), .body = "" };
	const char *text = arena_strndup(arena, data, len);

	if (answer.status == 0)
		return -EPROTO;
	for (const char *line = text; line != NULL;) {
		const char *next = strchr(line, '\n'), *value;
		size_t line_len = next != NULL ? (size_t)(next - line) : strlen(line);

		if (line_len > 0 && line[line_len - 1] == '\r')
			line_len--;
		if (line_len == 0) {
			answer.body = next != NULL ? next + 1 : "";
			break;
		}
		if ((value = header_value(arena, line, line_len, "Location")) != NULL)
			answer.location = value;
		if ((value = header_value(arena, line, line_len, "Server")) != NULL)
			answer.server = value;
		line = next != NULL ? next + 1 : NULL;
	}
	*ret = answer;
	return 0;
}

int http_get(struct arena *arena, const char *address, unsigned port, const char *host,
             const char *path, unsigned deadline_ms, struct http_answer *ret)
{
	int64_t end = clock_ms() + deadline_ms;
	cleanup_fd int fd = open_connection(address, port, end);
	char *answer = arena_alloc(arena, ANSWER_BYTES);
	const char *request;
	size_t len = 0;
	int r;

	if (fd < 0)
		return fd;
	request = arena_printf(arena,
	                       "GET %s HTTP/1.0\r\n"
	                       "Host: %s\r\n"
	                       "User-Agent: stead-node/%s\r\n"
	                       "\r\n",
	                       path, host, STEAD_VERSION);
	r = send_all(fd, request, strlen(request), end);
	if (r == 0)
		r = receive(fd, end, answer, ANSWER_BYTES, &len);
	return r < 0 ? r : http_parse_answer(arena, answer, len, ret);
}
