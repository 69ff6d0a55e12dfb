#include "dns/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	TRY_MS = 1500, /* the first try; the second one waits twice as long */
	TRIES = 2,
	MAX_SOCKETS = ARES_GETSOCK_MAXNUM - 1, /* its macros shift the last one out of an int */
	CLASS_IN = 1,
};

bool dns_init(void)
{
	static bool ready;

	/* Never undone: it counts, and holds nothing. */
	if (!ready)
		ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
	return ready;
}

/* --- channels --- */

static int open_channel(const char *resolv_conf, const char *servers, int flags, ares_channel *ret)
{
	struct ares_options options = { .timeout = TRY_MS,
		                        .tries = TRIES,
		                        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | flags,
		                        .resolvconf_path = (char *)resolv_conf };
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;

	if (resolv_conf != NULL)
		mask |= ARES_OPT_RESOLVCONF;
	if (ares_init_options(ret, &options, mask) != ARES_SUCCESS)
		return -ENOMEM;
	if (servers == NULL || ares_set_servers_ports_csv(*ret, servers) == ARES_SUCCESS)
		return 0;
	ares_destroy(*ret);
	return -EINVAL;
}

/* "192.0.2.1", "[2001:db8::1]:53" */
static void server_text(const char *address, char *ret, size_t size)
{
	struct in6_addr v6;
	bool bare = inet_pton(AF_INET6, address, &v6) == 1;

	(void)snprintf(ret, size, "%s%s%s", bare ? "[" : "", address, bare ? "]:53" : "");
}

int dns_open(const char *address, ares_channel *ret)
{
	char server[64];

	server_text(address, server, sizeof(server));
	return open_channel(NULL, server, ARES_FLAG_NORECURSE | ARES_FLAG_NOCHECKRESP, ret);
}

int dns_open_resolver(const struct dns_source *source, ares_channel *ret)
{
	char server[64];

	if (source->resolver == NULL)
		return open_channel(source->resolv_conf, NULL, 0, ret);
	server_text(source->resolver, server, sizeof(server));
	return open_channel(NULL, server, 0, ret);
}

static bool is_port(const char *s)
{
	long port;

	return str_to_long(s, &port) && port >= 1 && port <= 65535;
}

bool dns_is_resolver(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr parsed;
	bool bracket = *text == '[';
	size_t len = bracket ? strcspn(++text, "]") : strcspn(text, ":");

	if (!bracket && inet_pton(AF_INET6, text, &parsed) == 1)
		return true;
	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(bracket ? AF_INET6 : AF_INET, address, &parsed) != 1)
		return false;
	text += len;
	if (bracket && *text++ != ']')
		return false;
	return *text == ':' ? is_port(text + 1) : *text == '\0' && !bracket;
}

/* --- one question --- */

struct question {
	struct arena *arena;
	bool done;
	int status; /* of dns_parse, or why there is nothing to parse */
	struct dns_message message;
};

static void on_answer(void *arg, int status, int timeouts, unsigned char *data, int len)
{
	struct question *question = arg;

	(void)timeouts;
	question->done = true;
	if (data != NULL && len > 0)
		question->status =
			dns_parse(question->arena, data, (size_t)len, &question->message);
	else
		question->status = status == ARES_ESERVFAIL || status == ARES_EREFUSED ? -EREMOTEIO
		                                                                       : -ETIMEDOUT;
}

void dns_drive(ares_channel channel, int64_t end)
{
	ares_socket_t sockets[MAX_SOCKETS];
	struct pollfd fds[MAX_SOCKETS];
	int wanted = ares_getsock(channel, sockets, MAX_SOCKETS);
	int64_t left = end - clock_ms();
	struct timeval most, wait;
	nfds_t count = 0;

	if (left < 0)
		left = 0;
	most = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	for (int i = 0; i < MAX_SOCKETS; i++) {
		short events = (short)((ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0) |
		                       (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0));

		if (events != 0)
			fds[count++] = (struct pollfd){ .fd = sockets[i], .events = events };
	}
	wait = *ares_timeout(channel, &most, &wait);
	(void)poll(fds, count, (int)(wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1));
	for (nfds_t i = 0; i < count; i++)
		ares_process_fd(channel, fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
		                fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* time-outs */
}

int dns_ask(struct dns_walk *walk, ares_channel channel, const char *name, enum dns_type type,
            struct dns_message *ret)
{
	struct question question = { .arena = walk->arena };

	if (clock_ms() >= walk->end)
		return -ETIMEDOUT;
	ares_query(channel, name, CLASS_IN, (int)type, on_answer, &question);
	while (!question.done && clock_ms() < walk->end)
		dns_drive(channel, walk->end);
	if (!question.done)
		ares_cancel(channel); /* calls on_answer */
	if (question.status == 0)
		*ret = question.message;
	return question.status;
}
