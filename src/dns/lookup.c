#include "dns/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

struct lookup {
	struct dns_walk walk;
	enum dns_type type;
	struct dns_result *result;
};

enum step { STEP_DONE, STEP_NEXT_SERVER, STEP_REFERRED, STEP_RENAMED };

static void __attribute__((format(printf, 3, 4)))
finish(struct lookup *lookup, enum dns_answer answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	lookup->result->why = arena_vprintf(lookup->walk.arena, format, args);
	va_end(args);
	lookup->result->answer = answer;
}

static bool find_zone(struct lookup *lookup, const char *name)
{
	int r = dns_find_zone(&lookup->walk, name);

	if (r == -ENOENT)
		finish(lookup, DNS_UNKNOWN, "no name servers are found for %s", name);
	else if (r < 0)
		finish(lookup, DNS_UNKNOWN, "%s", dns_resolver_why(&lookup->walk));
	return r == 0;
}

/* Who has addresses may have those of IPv6 as well, or only. */
static bool add_ipv6(struct lookup *lookup, ares_channel channel, const char *name, unsigned rcode)
{
	struct dns_message aaaa = { 0 };

	if (dns_ask(&lookup->walk, channel, name, DNS_AAAA, &aaaa) < 0 || aaaa.rcode != rcode) {
		finish(lookup, DNS_UNKNOWN,
		       "a name server of %s says nothing about IPv6 addresses of %s",
		       lookup->walk.zone, name);
		return false;
	}
	dns_values(lookup->walk.arena, &aaaa, DNS_ANSWER, DNS_AAAA, dns_canonical(&aaaa, name),
	           &lookup->result->values);
	return true;
}

static const char *type_name(enum dns_type type)
{
	return type == DNS_A ? "address yet" : type == DNS_MX ? "MX record" : "such record";
}

/* What a server said about NAME; it knows all of it. */
static enum step read_answer(struct lookup *lookup, ares_channel channel, const char **name,
                             const struct dns_message *message)
{
	struct dns_result *result = lookup->result;
	const char *target = dns_canonical(message, *name), *zone = lookup->walk.zone;

	dns_values(lookup->walk.arena, message, DNS_ANSWER, lookup->type, target, &result->values);
	if (lookup->type == DNS_A && !add_ipv6(lookup, channel, *name, message->rcode)) {
		result->values.count = 0;
		return STEP_NEXT_SERVER;
	}
	if (result->values.count > 0) {
		result->answer = DNS_FOUND;
		result->why = NULL;
		result->name = target;
		return STEP_DONE;
	}
	if (!dns_same_name(target, *name)) {
		*name = target;
		return STEP_RENAMED;
	}
	if (message->rcode == DNS_NXDOMAIN && strchr(zone, '.') == NULL)
		finish(lookup, DNS_NO_DOMAIN,
		       "there is no domain %s: the name servers of .%s do not know it", *name,
		       zone);
	else
		finish(lookup, DNS_MISSING, "%s has no %s", *name, type_name(lookup->type));
	return STEP_DONE;
}

static enum step ask_server(struct lookup *lookup, const char *server, const char *address,
                            const char **name)
{
	struct dns_walk *walk = &lookup->walk;
	struct dns_message message = { 0 };
	ares_channel channel;
	enum step step = STEP_NEXT_SERVER;
	int r;

	if (dns_open(address, &channel) < 0)
		return STEP_NEXT_SERVER;
	r = dns_ask(walk, channel, *name, lookup->type, &message);
	if (r < 0) {
		finish(lookup, DNS_UNKNOWN, "the name server %s (%s) of %s does not answer", server,
		       address, walk->zone);
	} else if (message.authoritative &&
	           (message.rcode == DNS_NOERROR || message.rcode == DNS_NXDOMAIN)) {
		lookup->result->server = server;
		step = read_answer(lookup, channel, name, &message);
	} else if (dns_follow(walk, &message, *name)) {
		step = STEP_REFERRED;
	} else {
		finish(lookup, DNS_UNKNOWN, "the name server %s (%s) knows nothing about %s",
		       server, address, walk->zone);
	}
	ares_destroy(channel);
	return step;
}

static enum step ask_zone(struct lookup *lookup, const char **name)
{
	struct dns_walk *walk = &lookup->walk;
	struct strings servers = { 0 };
	enum step step = STEP_NEXT_SERVER;

	for (size_t i = 0; i < walk->servers.count; i++)
		*list_add(walk->arena, &servers) = walk->servers.items[i];
	finish(lookup, DNS_UNKNOWN, "the name servers of %s (%s%s) have no address", walk->zone,
	       servers.items[0], servers.count > 1 ? ", …" : "");
	for (size_t i = 0; step == STEP_NEXT_SERVER && i < servers.count && i < DNS_MAX_SERVERS;
	     i++) {
		struct strings addresses = { 0 };

		dns_server_addresses(walk, servers.items[i], &addresses);
		for (size_t k = 0; step == STEP_NEXT_SERVER && k < addresses.count; k++)
			step = ask_server(lookup, servers.items[i], addresses.items[k], name);
	}
	return step;
}

/* From zone to zone and from name to name. */
static void follow(struct lookup *lookup, const char *name)
{
	enum step step = STEP_RENAMED;

	for (unsigned i = 0; i < DNS_MAX_STEPS; i++) {
		if (step == STEP_RENAMED && !find_zone(lookup, name))
			return;
		step = ask_zone(lookup, &name);
		if (step == STEP_DONE || step == STEP_NEXT_SERVER)
			return;
	}
	finish(lookup, DNS_UNKNOWN, "the name servers refer to others without end");
}

void dns_lookup(struct arena *arena, const struct dns_source *source, const char *name,
                enum dns_type type, unsigned deadline_ms, struct dns_result *ret)
{
	struct lookup lookup = {
		.walk = { .arena = arena, .source = source, .end = clock_ms() + deadline_ms },
		.type = type,
		.result = ret,
	};

	*ret = (struct dns_result){ .answer = DNS_UNKNOWN, .why = "names cannot be looked up" };
	if (dns_init() && dns_open_resolver(source, &lookup.walk.system) == 0) {
		follow(&lookup, name);
		ares_destroy(lookup.walk.system);
	}
}
