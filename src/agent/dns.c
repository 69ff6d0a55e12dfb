#include "agent/dns.h"

#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	TRY_MS = 1500, /* the first try; the second one waits twice as long */
	TRIES = 2,
	MAX_STEPS = 16,                        /* referrals and CNAMEs */
	MAX_SERVERS = 13,                      /* of one zone that are asked */
	MAX_ADDRESSES = 16,                    /* of one name that are used */
	MAX_SOCKETS = ARES_GETSOCK_MAXNUM - 1, /* its macros shift the last one out of an int */
};

struct lookup {
	struct arena *arena;
	ares_channel system;
	int64_t end;
	const char *zone;
	struct strings servers;  /* names of the zone's name servers */
	struct dns_message from; /* where they were named: may hold their addresses */
	struct dns_result *result;
};

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

/* Moves the channel's sockets for as long as it wants to wait, or until END. */
static void drive(ares_channel channel, int64_t end)
{
	ares_socket_t sockets[MAX_SOCKETS];
	struct pollfd fds[MAX_SOCKETS];
	int wanted = ares_getsock(channel, sockets, MAX_SOCKETS);
	int64_t left = end - clock_ms();
	struct timeval most = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 }, wait;
	nfds_t count = 0;

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

static int ask(struct lookup *lookup, ares_channel channel, const char *name, enum dns_type type,
               struct dns_message *ret)
{
	struct question question = { .arena = lookup->arena };

	if (clock_ms() >= lookup->end)
		return -ETIMEDOUT;
	ares_query(channel, name, 1 /* IN */, (int)type, on_answer, &question);
	while (!question.done && clock_ms() < lookup->end)
		drive(channel, lookup->end);
	if (!question.done)
		ares_cancel(channel); /* calls on_answer */
	if (question.status == 0)
		*ret = question.message;
	return question.status;
}

/* A channel to one server by its address, or to the system's (NULL). */
static int open_channel(const char *resolv_conf, const char *address, ares_channel *ret)
{
	struct ares_options options = { .timeout = TRY_MS,
		                        .tries = TRIES,
		                        .resolvconf_path = (char *)resolv_conf };
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
	char server[64];

	options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
	if (address != NULL)
		options.flags |= ARES_FLAG_NORECURSE | ARES_FLAG_NOCHECKRESP;
	if (resolv_conf != NULL)
		mask |= ARES_OPT_RESOLVCONF;
	if (ares_init_options(ret, &options, mask) != ARES_SUCCESS)
		return -ENOMEM;
	if (address == NULL)
		return 0;
	(void)snprintf(server, sizeof(server), "%s%s%s", strchr(address, ':') != NULL ? "[" : "",
	               address, strchr(address, ':') != NULL ? "]:53" : "");
	if (ares_set_servers_ports_csv(*ret, server) == ARES_SUCCESS)
		return 0;
	ares_destroy(*ret);
	return -EINVAL;
}

/* --- what messages say --- */

static bool same_name(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* True when NAME is ZONE or lies in it. */
static bool is_within(const char *name, const char *zone)
{
	size_t name_len = strlen(name), zone_len = strlen(zone);

	return name_len >= zone_len && same_name(name + name_len - zone_len, zone) &&
	       (name_len == zone_len || name[name_len - zone_len - 1] == '.');
}

/* The records of a name and type in a section. */
static void values_of(struct arena *arena, const struct dns_message *message,
                      enum dns_section section, enum dns_type type, const char *name,
                      struct strings *ret)
{
	for (size_t i = 0; i < message->records.count; i++) {
		const struct dns_record *record = &message->records.items[i];

		if (record->section == section && record->type == type &&
		    same_name(record->name, name) && ret->count < MAX_ADDRESSES)
			*list_add(arena, ret) = record->value;
	}
}

/* Where the message's CNAMEs lead from NAME. */
static const char *canonical(const struct dns_message *message, const char *name)
{
	for (unsigned steps = 0; steps < MAX_STEPS; steps++) {
		const char *next = NULL;

		for (size_t i = 0; i < message->records.count; i++) {
			const struct dns_record *record = &message->records.items[i];

			if (record->section == DNS_ANSWER && record->type == DNS_CNAME &&
			    same_name(record->name, name))
				next = record->value;
		}
		if (next == NULL)
			break;
		name = next;
	}
	return name;
}

/* The zone below ours that a message refers to, if NAME lies in it. */
static const char *referral(const struct lookup *lookup, const struct dns_message *message,
                            const char *name)
{
	for (size_t i = 0; i < message->records.count; i++) {
		const struct dns_record *record = &message->records.items[i];

		if (record->section == DNS_AUTHORITY && record->type == DNS_NS &&
		    is_within(name, record->name) && is_within(record->name, lookup->zone) &&
		    !same_name(record->name, lookup->zone))
			return record->name;
	}
	return NULL;
}

/* --- the way to the answer --- */

enum step { STEP_DONE, STEP_NEXT_SERVER, STEP_REFERRED, STEP_RENAMED };

static void __attribute__((format(printf, 3, 4)))
finish(struct lookup *lookup, enum dns_answer answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	lookup->result->why = arena_vprintf(lookup->arena, format, args);
	va_end(args);
	lookup->result->answer = answer;
}

/* The zone that NAME lies in, by the system's resolver: the nearest name above it (or itself) that
 * has name servers. A referral may lead further down. */
static bool find_zone(struct lookup *lookup, const char *name)
{
	int r = 0;

	lookup->servers.count = 0;
	for (const char *part = name; part != NULL && *part != '\0';) {
		struct dns_message message = { 0 };

		/* When its own servers are dead, even the system's cannot say; those above can. */
		r = ask(lookup, lookup->system, part, DNS_NS, &message);
		if (r == 0)
			values_of(lookup->arena, &message, DNS_ANSWER, DNS_NS, part,
			          &lookup->servers);
		if (lookup->servers.count > 0) {
			lookup->zone = part;
			lookup->from = message;
			return true;
		}
		part = strchr(part, '.');
		part += part != NULL;
	}
	if (r == 0)
		finish(lookup, DNS_UNKNOWN, "no name servers are found for %s", name);
	else
		finish(lookup, DNS_UNKNOWN,
		       "the name servers in this machine's /etc/resolv.conf do not answer");
	return false;
}

/* What a server said about NAME and type A; it knows all of it, so it is asked for AAAA as well. */
static enum step read_answer(struct lookup *lookup, ares_channel channel, const char **name,
                             const struct dns_message *a)
{
	struct strings *addresses = &lookup->result->addresses;
	struct dns_message aaaa = { 0 };
	const char *target = canonical(a, *name);

	if (ask(lookup, channel, *name, DNS_AAAA, &aaaa) < 0 || aaaa.rcode != a->rcode) {
		finish(lookup, DNS_UNKNOWN,
		       "a name server of %s says nothing about IPv6 addresses of %s", lookup->zone,
		       *name);
		return STEP_NEXT_SERVER;
	}
	values_of(lookup->arena, a, DNS_ANSWER, DNS_A, target, addresses);
	values_of(lookup->arena, &aaaa, DNS_ANSWER, DNS_AAAA, canonical(&aaaa, *name), addresses);
	if (addresses->count > 0) {
		lookup->result->answer = DNS_FOUND;
		lookup->result->why = NULL;
		return STEP_DONE;
	}
	if (!same_name(target, *name)) {
		*name = target;
		return STEP_RENAMED;
	}
	if (a->rcode == DNS_NXDOMAIN && strchr(lookup->zone, '.') == NULL)
		finish(lookup, DNS_NO_DOMAIN,
		       "there is no domain %s: the name servers of .%s do not know it", *name,
		       lookup->zone);
	else
		finish(lookup, DNS_MISSING, "%s has no address yet", *name);
	return STEP_DONE;
}

static enum step ask_server(struct lookup *lookup, const char *server, const char *address,
                            const char **name)
{
	struct dns_message message = { 0 };
	ares_channel channel;
	enum step step = STEP_NEXT_SERVER;
	const char *below;
	int r;

	if (open_channel(NULL, address, &channel) < 0)
		return STEP_NEXT_SERVER;
	r = ask(lookup, channel, *name, DNS_A, &message);
	below = r == 0 ? referral(lookup, &message, *name) : NULL;
	if (r < 0) {
		finish(lookup, DNS_UNKNOWN, "the name server %s (%s) of %s does not answer", server,
		       address, lookup->zone);
	} else if (message.authoritative &&
	           (message.rcode == DNS_NOERROR || message.rcode == DNS_NXDOMAIN)) {
		step = read_answer(lookup, channel, name, &message);
	} else if (message.rcode == DNS_NOERROR && below != NULL) {
		lookup->servers.count = 0;
		lookup->zone = below;
		lookup->from = message;
		values_of(lookup->arena, &message, DNS_AUTHORITY, DNS_NS, below, &lookup->servers);
		step = STEP_REFERRED;
	} else {
		finish(lookup, DNS_UNKNOWN, "the name server %s (%s) knows nothing about %s",
		       server, address, lookup->zone);
	}
	ares_destroy(channel);
	return step;
}

static void addresses_of(struct lookup *lookup, const char *server, struct strings *ret)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };

	for (size_t i = 0; i < 2; i++)
		values_of(lookup->arena, &lookup->from, DNS_ADDITIONAL, types[i], server, ret);
	for (size_t i = 0; ret->count == 0 && i < 2; i++) {
		struct dns_message message = { 0 };

		if (ask(lookup, lookup->system, server, types[i], &message) == 0)
			values_of(lookup->arena, &message, DNS_ANSWER, types[i],
			          canonical(&message, server), ret);
	}
}

static enum step ask_zone(struct lookup *lookup, const char **name)
{
	const struct strings servers = lookup->servers;
	enum step step = STEP_NEXT_SERVER;

	finish(lookup, DNS_UNKNOWN, "the name servers of %s (%s%s) have no address", lookup->zone,
	       servers.items[0], servers.count > 1 ? ", …" : "");
	for (size_t i = 0; step == STEP_NEXT_SERVER && i < servers.count && i < MAX_SERVERS; i++) {
		struct strings addresses = { 0 };

		addresses_of(lookup, servers.items[i], &addresses);
		for (size_t k = 0; step == STEP_NEXT_SERVER && k < addresses.count; k++)
			step = ask_server(lookup, servers.items[i], addresses.items[k], name);
	}
	return step;
}

/* From zone to zone and from name to name. */
static void follow(struct lookup *lookup, const char *name)
{
	enum step step = STEP_RENAMED;

	for (unsigned i = 0; i < MAX_STEPS; i++) {
		if (step == STEP_RENAMED && !find_zone(lookup, name))
			return;
		step = ask_zone(lookup, &name);
		if (step == STEP_DONE || step == STEP_NEXT_SERVER)
			return;
	}
	finish(lookup, DNS_UNKNOWN, "the name servers refer to others without end");
}

void dns_lookup(struct arena *arena, const char *resolv_conf, const char *name,
                unsigned deadline_ms, struct dns_result *ret)
{
	struct lookup lookup = { .arena = arena, .end = clock_ms() + deadline_ms, .result = ret };

	*ret = (struct dns_result){ .answer = DNS_UNKNOWN, .why = "names cannot be looked up" };
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return;
	if (open_channel(resolv_conf, NULL, &lookup.system) == 0) {
		follow(&lookup, name);
		ares_destroy(lookup.system);
	}
	ares_library_cleanup();
}
