#include "dns/internal.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

struct delegation {
	struct dns_walk walk;
	const char *domain;
	bool referred;
	struct dns_delegation *result;
};

static void finish(struct delegation *d, enum dns_answer answer, const char *why)
{
	d->result->answer = answer;
	d->result->why = why;
}

/* What one server of the zone above says of the domain. False: ask the next one. */
static bool ask_above(struct delegation *d, const char *address)
{
	struct dns_walk *walk = &d->walk;
	struct dns_message message = { 0 };
	ares_channel channel;
	struct strings own = { 0 };
	int r;

	if (dns_open(address, &channel) < 0)
		return false;
	r = dns_ask(walk, channel, d->domain, DNS_NS, &message);
	ares_destroy(channel);
	if (r < 0)
		return false;
	if (dns_follow(walk, &message, d->domain)) {
		d->referred = true;
		return true;
	}
	if (!message.authoritative)
		return false;
	/* It serves both zones: then its answer is that of the zone below. */
	dns_values(walk->arena, &message, DNS_ANSWER, DNS_NS, d->domain, &own);
	if (own.count > 0) {
		walk->zone = d->domain;
		walk->servers = own;
		walk->from = message;
	} else if (message.rcode == DNS_NXDOMAIN && strchr(walk->zone, '.') == NULL) {
		finish(d, DNS_NO_DOMAIN,
		       arena_printf(walk->arena,
		                    "there is no domain %s: the name servers of .%s do not know it",
		                    d->domain, walk->zone));
	}
	d->referred = false;
	return true;
}

/* Asks the servers of the zone at hand. False when none could say. */
static bool step_down(struct delegation *d)
{
	struct dns_walk *walk = &d->walk;
	struct strings servers = { 0 };

	for (size_t i = 0; i < walk->servers.count && i < DNS_MAX_SERVERS; i++)
		*list_add(walk->arena, &servers) = walk->servers.items[i];
	for (size_t i = 0; i < servers.count; i++) {
		struct strings addresses = { 0 };

		dns_server_addresses(walk, servers.items[i], &addresses);
		for (size_t k = 0; k < addresses.count; k++)
			if (ask_above(d, addresses.items[k]))
				return true;
	}
	return false;
}

static enum dns_server_state try_server(struct dns_walk *walk, const char *address)
{
	struct dns_message message = { 0 };
	ares_channel channel;
	int r = -ENOMEM;

	if (dns_open(address, &channel) == 0) {
		r = dns_ask(walk, channel, walk->zone, DNS_SOA, &message);
		ares_destroy(channel);
	}
	if (r == -EREMOTEIO)
		return DNS_SERVER_LAME;
	if (r < 0)
		return DNS_SERVER_SILENT;
	return message.authoritative && message.rcode == DNS_NOERROR ? DNS_SERVER_ANSWERS
	                                                             : DNS_SERVER_LAME;
}

/* Who was not asked is no server that does not answer. */
static bool is_over(struct delegation *d)
{
	d->result->cut |= clock_ms() >= d->walk.end;
	return d->result->cut;
}

static void try_servers(struct delegation *d)
{
	struct dns_walk *walk = &d->walk;

	for (size_t i = 0; i < walk->servers.count && i < DNS_MAX_SERVERS && !is_over(d); i++) {
		struct dns_server server = { .name = walk->servers.items[i],
			                     .state = DNS_SERVER_NO_ADDRESS };
		struct strings addresses = { 0 };

		dns_server_addresses(walk, server.name, &addresses);
		if (addresses.count == 0 && !is_over(d))
			*list_add(walk->arena, &d->result->servers) = server;
		for (size_t k = 0; k < addresses.count && !is_over(d); k++) {
			server.address = addresses.items[k];
			server.state = try_server(walk, server.address);
			*list_add(walk->arena, &d->result->servers) = server;
		}
	}
	d->result->zone = walk->zone;
	finish(d, DNS_FOUND, NULL);
}

/* The zone above the one that the domain lies in, where its delegation stands. */
static int find_above(struct delegation *d)
{
	int r = dns_find_zone(&d->walk, d->domain);
	const char *above;

	if (r < 0 || !dns_is_within(d->domain, d->walk.zone))
		return r;
	above = strchr(d->walk.zone, '.');
	/* Found is a zone like "org" when nobody answers for the domain itself. */
	return above == NULL ? 0 : dns_find_zone(&d->walk, above + 1);
}

static void look(struct delegation *d)
{
	int r = find_above(d);

	if (r < 0) {
		finish(d, DNS_UNKNOWN,
		       r == -ENOENT ? arena_printf(d->walk.arena,
		                                   "no name servers are found for %s", d->domain)
		                    : dns_resolver_why(&d->walk));
		return;
	}
	for (unsigned i = 0; i < DNS_MAX_STEPS; i++) {
		const char *asked = d->walk.zone;

		/* Whoever is referred to and cannot say is what try_servers() tells. */
		if (!step_down(d) && !d->referred) {
			finish(d, DNS_UNKNOWN,
			       arena_printf(d->walk.arena, "the name servers of %s do not answer",
			                    asked));
			return;
		}
		if (d->result->answer == DNS_NO_DOMAIN)
			return;
		if (!d->referred || d->walk.zone == asked || dns_same_name(d->walk.zone, d->domain))
			break;
	}
	try_servers(d);
}

void dns_delegation(struct arena *arena, const struct dns_source *source, const char *domain,
                    unsigned deadline_ms, struct dns_delegation *ret)
{
	struct delegation d = {
		.walk = { .arena = arena, .source = source, .end = clock_ms() + deadline_ms },
		.domain = domain,
		.result = ret,
	};

	*ret = (struct dns_delegation){ .answer = DNS_UNKNOWN, .why = "names cannot be looked up" };
	if (dns_init() && dns_open_resolver(source, &d.walk.system) == 0) {
		look(&d);
		ares_destroy(d.walk.system);
	}
}
