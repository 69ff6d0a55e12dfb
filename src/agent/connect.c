/*
 * connect HOST PORT: a connection from this machine for somebody else: says on stdout how it went,
 *
 *     connected ADDRESS
 *     failed refused|timed-out|unreachable|unknown-host|error TEXT
 *
 * and relays it through stdin and stdout until the server has ended. `stead mail test` speaks
 * SMTP through it over ssh: what it tests is this machine's way to the server.
 */
#include "agent/agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/failpoint.h"
#include "agent/os.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum {
	DEADLINE_MS = 15 * 1000, /* for the name and the connection */
	STAGGER_MS = 300,        /* until the next address is tried beside the ones before */
	MAX_ADDRESSES = 8,
	MAX_HOST = 253,
	BUFFER_BYTES = 16 * 1024,
};

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to;
	socklen_t len;
	char text[INET6_ADDRSTRLEN];
	int fd;    /* -1: not begun, or over */
	int error; /* negative errno of a failed one */
	bool begun;
};

struct addresses {
	struct address items[MAX_ADDRESSES];
	size_t count;
};

/* --- the name --- */

static void add_address(struct addresses *all, const char *text, unsigned port)
{
	struct address *address = &all->items[all->count];

	if (all->count == MAX_ADDRESSES || strlen(text) >= sizeof(address->text))
		return;
	for (size_t i = 0; i < all->count; i++)
		if (str_equal(all->items[i].text, text))
			return;
	*address = (struct address){ .fd = -1 };
	(void)strcpy(address->text, text);
	if (inet_pton(AF_INET, text, &address->to.v4.sin_addr) == 1) {
		address->to.v4.sin_family = AF_INET;
		address->to.v4.sin_port = htons((uint16_t)port);
		address->len = sizeof(address->to.v4);
	} else if (inet_pton(AF_INET6, text, &address->to.v6.sin6_addr) == 1) {
		address->to.v6.sin6_family = AF_INET6;
		address->to.v6.sin6_port = htons((uint16_t)port);
		address->len = sizeof(address->to.v6);
	} else {
		return;
	}
	all->count++;
}

/* The system's own resolver, in the order it prefers: a static program cannot load its modules. */
static int resolve(struct arena *arena, const char *host, unsigned port, struct addresses *ret)
{
	const char *const argv[] = { "getent", "ahosts", host, NULL };
	struct process_run run = { .argv = argv, .deadline_ms = DEADLINE_MS };
	struct process_result result;
	char *rest;
	int r;

	add_address(ret, host, port);
	if (ret->count > 0)
		return 0;
	r = failpoint_run(arena, &run, &result);
	if (r < 0 || result.exit_code != 0)
		return r;
	for (char *line = strtok_r(result.out, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		line[strcspn(line, " \t")] = '\0';
		add_address(ret, line, port);
	}
	return 0;
}

/* What can be a name or an address, and never an option. */
static bool is_host(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:";
	size_t len = strlen(s);

	return len > 0 && len <= MAX_HOST && *s != '-' && strspn(s, allowed) == len;
}

/* --- the connection --- */

static void begin(struct address *address)
{
	address->begun = true;
	address->fd =
		socket(address->to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (address->fd >= 0 &&
	    (connect(address->fd, &address->to.any, address->len) == 0 || errno == EINPROGRESS))
		return;
	address->error = -errno;
	fd_cleanup(&address->fd);
}

/* After poll said something: true when it stands. */
static bool finish(struct address *address)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(address->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0)
		return true;
	address->error = -error;
	fd_cleanup(&address->fd);
	return false;
}

/* Begins the next address when it is its turn. Returns how many are under way. */
static size_t begin_next(struct addresses *all, int64_t *next_at)
{
	size_t open = 0;

	for (size_t i = 0; i < all->count; i++)
		open += all->items[i].fd >= 0;
	for (size_t i = 0; i < all->count && (open == 0 || clock_ms() >= *next_at); i++) {
		if (all->items[i].begun)
			continue;
		begin(&all->items[i]);
		open += all->items[i].fd >= 0;
		*next_at = clock_ms() + STAGGER_MS;
	}
	return open;
}

/* The first of all addresses that answers, or NULL. */
static struct address *connect_any(struct addresses *all, int64_t end)
{
	int64_t next_at = 0;

	while (begin_next(all, &next_at) > 0) {
		struct pollfd fds[MAX_ADDRESSES];
		int64_t now = clock_ms(), until = next_at > now && next_at < end ? next_at : end;

		if (now >= end)
			break;
		for (size_t i = 0; i < all->count; i++)
			fds[i] = (struct pollfd){ .fd = all->items[i].fd, .events = POLLOUT };
		if (poll(fds, all->count, (int)(until - now)) <= 0)
			continue;
		for (size_t i = 0; i < all->count; i++)
			if (fds[i].revents != 0 && finish(&all->items[i]))
				return &all->items[i];
	}
	return NULL;
}

/* --- how it went --- */

/* The word for an error; the lower the rank, the more it says about the server itself. */
static const char *word_of(int error, unsigned *ret_rank)
{
	switch (-error) {
	case ECONNREFUSED:
	case ECONNRESET:
		*ret_rank = 0;
		return "refused";
	case 0: /* still under way */
	case ETIMEDOUT:
		*ret_rank = 1;
		return "timed-out";
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case ENETDOWN:
	case EHOSTDOWN:
	case EACCES: /* a firewall that answers "prohibited" */
	case EPERM:
		*ret_rank = 2;
		return "unreachable";
	default:
		*ret_rank = 3;
		return "error";
	}
}

static void print_failure(const struct addresses *all, const char *host, int error)
{
	const struct address *best = NULL;
	unsigned best_rank = 0, rank;

	if (error < 0) {
		(void)printf("failed error getent cannot be run: %s\n", strerror(-error));
		return;
	}
	if (all->count == 0) {
		(void)printf("failed unknown-host %s\n", host);
		return;
	}
	for (size_t i = 0; i < all->count; i++) {
		(void)word_of(all->items[i].error, &rank);
		if (best == NULL || rank < best_rank) {
			best = &all->items[i];
			best_rank = rank;
		}
	}
	(void)printf("failed %s %s: %s\n", word_of(best->error, &rank), best->text,
	             strerror(best->error == 0 ? ETIMEDOUT : -best->error));
}

/* --- the relay --- */

struct stream {
	int from, to;
	bool to_is_socket;
	char data[BUFFER_BYTES];
	size_t start, len; /* what was read and not yet written */
	bool ended;        /* nothing more comes from FROM */
	bool closed;       /* the end was passed on */
};

static void pass_end(struct stream *stream)
{
	if (!stream->ended || stream->len > 0 || stream->closed)
		return;
	if (stream->to_is_socket)
		(void)shutdown(stream->to, SHUT_WR);
	else
		(void)close(stream->to);
	stream->closed = true;
}

static void take(struct stream *stream)
{
	ssize_t n = read(stream->from, stream->data, sizeof(stream->data));

	if (n > 0) {
		stream->start = 0;
		stream->len = (size_t)n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		stream->ended = true;
	}
}

static void give(struct stream *stream)
{
	/* What poll says fits into a pipe: more would block us, and the other direction with us. */
	size_t len = !stream->to_is_socket && stream->len > PIPE_BUF ? PIPE_BUF : stream->len;
	ssize_t n = write(stream->to, stream->data + stream->start, len);

	if (n > 0) {
		stream->start += (size_t)n;
		stream->len -= (size_t)n;
	} else if (n < 0 && errno != EINTR && errno != EAGAIN) {
		stream->len = 0; /* nobody reads it any more */
		stream->ended = true;
	}
}

/* The descriptor this direction waits for now; -1: none. */
static struct pollfd wish(const struct stream *stream)
{
	if (stream->len > 0)
		return (struct pollfd){ .fd = stream->to, .events = POLLOUT };
	return (struct pollfd){ .fd = stream->ended ? -1 : stream->from, .events = POLLIN };
}

static void abandon(struct stream *stream)
{
	stream->len = 0;
	stream->ended = true;
}

static void serve(struct stream *stream, short events)
{
	if (events == 0)
		return;
	if (stream->len > 0)
		give(stream);
	else
		take(stream);
}

/* Both ways. Our end may come first; the server's is the end of all, because who reads our stdout
 * need not see it close: sudo and a shell keep it open until we are gone. */
static void relay(int socket_fd)
{
	static struct stream up, down;

	up = (struct stream){ .from = STDIN_FILENO, .to = socket_fd, .to_is_socket = true };
	down = (struct stream){ .from = socket_fd, .to = STDOUT_FILENO };
	while (!down.closed) {
		/* The last one only tells when nobody reads our stdout any more. */
		struct pollfd fds[] = { wish(&up), wish(&down), { .fd = STDOUT_FILENO } };

		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0)
			continue;
		serve(&up, fds[0].revents);
		serve(&down, fds[1].revents);
		if ((fds[2].revents & (POLLERR | POLLNVAL)) != 0)
			abandon(&down);
		pass_end(&up);
		pass_end(&down);
	}
}

int agent_connect(struct agent *agent, char *const *args)
{
	int64_t end = clock_ms() + DEADLINE_MS;
	static struct addresses all;
	struct address *address;
	long port;
	int r;

	if (!is_host(args[0]) || !str_to_long(args[1], &port) || port < 1 || port > 65535) {
		agent_log("connect: needs the name of a host and a port from 1 to 65535");
		return AGENT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	r = resolve(agent->arena, args[0], (unsigned)port, &all);
	address = connect_any(&all, end);
	if (address == NULL) {
		print_failure(&all, args[0], r);
		return AGENT_FAILED;
	}
	for (size_t i = 0; i < all.count; i++)
		if (&all.items[i] != address)
			fd_cleanup(&all.items[i].fd);
	(void)printf("connected %s\n", address->text);
	if (fflush(stdout) != 0)
		return AGENT_FAILED;
	relay(address->fd);
	(void)close(address->fd);
	return AGENT_OK;
}
