#include "agent/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/request.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"

enum {
	CONNECTIONS = 64,
	CONNECTION_MS = 10 * 1000,
	ANSWER_BYTES = 64 * 1024,
	NOBODY = 65534,
};

struct connection {
	int fd; /* -1: free */
	int64_t end;
	struct arena *arena;
	char *data; /* the request, then the answer */
	size_t len, sent;
	bool answering, closing; /* closing: all is sent, the other side has not ended yet */
};

static const char fallback[] =
	"<!doctype html>\n<title>starting</title>\n<p>This site is starting.\n";

static const char *reason(unsigned status)
{
	return status == 200   ? "OK"
	       : status == 400 ? "Bad Request"
	       : status == 405 ? "Method Not Allowed"
	       : status == 431 ? "Request Header Fields Too Large"
	                       : "Service Unavailable";
}

/* The answer to a request whose reading gave STATUS, in place of it. */
static void answer(struct connection *connection, unsigned status, const struct request *request,
                   int dir_fd)
{
	cleanup_arena struct arena *scratch = arena_new();
	bool is_nonce = status == 200 && request->path_len == strlen("/" SERVER_NONCE) &&
	                memcmp(request->path, "/" SERVER_NONCE, request->path_len) == 0;
	bool head = status == 200 && request->head;
	char *body = NULL;
	size_t body_len = 0;
	int r = -ENOENT, len;

	if (status == 200)
		r = file_read(scratch, dir_fd, is_nonce ? SERVER_NONCE : SERVER_PAGE,
		              ANSWER_BYTES / 2, &body, &body_len);
	if (status == 200 && (!is_nonce || r < 0))
		status = 503;
	if (r < 0) {
		is_nonce = false;
		body = arena_strdup(scratch, fallback);
		body_len = strlen(fallback);
	}
	len = snprintf(connection->data, ANSWER_BYTES,
	               "HTTP/1.1 %u %s\r\n"
	               "Content-Type: %s; charset=utf-8\r\n"
	               "Content-Length: %zu\r\n"
	               "Cache-Control: no-store\r\n"
	               "X-Content-Type-Options: nosniff\r\n"
	               "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
	               "%s%s"
	               "Connection: close\r\n"
	               "\r\n",
	               status, reason(status), is_nonce ? "text/plain" : "text/html", body_len,
	               status == 503 ? "Retry-After: 10\r\n" : "",
	               status == 405 ? "Allow: GET, HEAD\r\n" : "");
	connection->len = (size_t)len;
	if (!head) {
		memcpy(connection->data + len, body, body_len);
		connection->len += body_len;
	}
	connection->answering = true;
}

static void end(struct connection *connection)
{
	(void)close(connection->fd);
	arena_free(connection->arena);
	*connection = (struct connection){ .fd = -1 };
}

/* Takes a waiting client when a place is free; the others wait in the backlog. */
static void accept_one(struct connection *connections, int listen_fd)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct connection *connection = &connections[i];

		if (connection->fd >= 0)
			continue;
		connection->fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (connection->fd < 0)
			return;
		connection->end = clock_ms() + CONNECTION_MS;
		connection->arena = arena_new();
		connection->data = arena_alloc(connection->arena, ANSWER_BYTES);
		return;
	}
}

/* False when the connection is over. */
static bool receive(struct connection *connection, int dir_fd)
{
	struct request request = { 0 };
	ssize_t n = recv(connection->fd, connection->data + connection->len,
	                 REQUEST_MAX_BYTES - connection->len, 0);
	unsigned status;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	connection->len += (size_t)n;
	status = request_parse(connection->data, connection->len, &request);
	if (status != 0)
		answer(connection, status, &request, dir_fd);
	return true;
}

static bool send_more(struct connection *connection)
{
	ssize_t n = send(connection->fd, connection->data + connection->sent,
	                 connection->len - connection->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	connection->sent += (size_t)n;
	/* Closing with bytes of a request unread would reset the connection, and take the answer
	 * away before it is read (RFC 9112, 9.6). */
	if (connection->sent == connection->len) {
		connection->closing = true;
		return shutdown(connection->fd, SHUT_WR) == 0;
	}
	return true;
}

static bool drop_rest(struct connection *connection)
{
	ssize_t n = recv(connection->fd, connection->data, ANSWER_BYTES, 0);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool step(struct connection *connection, int dir_fd)
{
	if (connection->closing)
		return drop_rest(connection);
	if (connection->answering)
		return send_more(connection);
	return receive(connection, dir_fd);
}

/* When the first connection's time is over; -1: there is none. */
static int next_timeout(const struct connection *connections)
{
	int64_t now = clock_ms(), first = -1;

	for (size_t i = 0; i < CONNECTIONS; i++)
		if (connections[i].fd >= 0 && (first < 0 || connections[i].end < first))
			first = connections[i].end;
	return first < 0 ? -1 : first > now ? (int)(first - now) : 0;
}

_Noreturn void server_run(int listen_fd, int dir_fd)
{
	static struct connection connections[CONNECTIONS];
	struct pollfd fds[CONNECTIONS + 1];

	for (size_t i = 0; i < CONNECTIONS; i++)
		connections[i].fd = -1;
	for (;;) {
		bool full = true;

		for (size_t i = 0; i < CONNECTIONS; i++) {
			const struct connection *c = &connections[i];

			full &= c->fd >= 0;
			fds[i] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
			if (c->answering && !c->closing)
				fds[i].events = POLLOUT;
		}
		fds[CONNECTIONS] = (struct pollfd){ .fd = full ? -1 : listen_fd, .events = POLLIN };
		if (poll(fds, CONNECTIONS + 1, next_timeout(connections)) < 0)
			continue; /* EINTR */
		for (size_t i = 0; i < CONNECTIONS; i++) {
			struct connection *c = &connections[i];

			if (c->fd >= 0 &&
			    ((fds[i].revents != 0 && !step(c, dir_fd)) || clock_ms() >= c->end))
				end(c);
		}
		if (fds[CONNECTIONS].revents != 0)
			accept_one(connections, listen_fd);
	}
}

/* What anybody may talk to is nobody, and sees nothing. */
static bool drop_privileges(int dir_fd)
{
	return fchdir(dir_fd) == 0 && chroot(".") == 0 && setgroups(0, NULL) == 0 &&
	       setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int server_start(int listen_fd, int dir_fd, int close_fd)
{
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child < 0 ? -errno : child;
	(void)close(close_fd);
	/* The signal of a dead parent is lost with a change of user, so it comes after that; a
	 * parent that died before it is not ours any more. */
	if (!drop_privileges(dir_fd) || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
	    getppid() != parent)
		_exit(1);
	server_run(listen_fd, dir_fd);
}
