#include "dns/internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

bool dns_same_name(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool dns_is_within(const char *name, const char *zone)
{
	size_t name_len = strlen(name), zone_len = strlen(zone);

	return name_len >= zone_len && dns_same_name(name + name_len - zone_len, zone) &&
	       (name_len == zone_len || zone_len == 0 || name[name_len - zone_len - 1] == '.');
}

void dns_values(struct arena *arena, const struct dns_message *message, enum dns_section section,
                enum dns_type type, const char *name, struct strings *ret)
{
	for (size_t i = 0; i < message->records.count; i++) {
		const struct dns_record *record = &message->records.items[i];

		if (record->section == section && record->type == type &&
		    dns_same_name(record->name, name) && ret->count < DNS_MAX_ADDRESSES)
			*list_add(arena, ret) = record->value;
	}
}

const char *dns_canonical(const struct dns_message *message, const char *name)
{
	for (unsigned steps = 0; steps < DNS_MAX_STEPS; steps++) {
		const char *next = NULL;

		for (size_t i = 0; i < message->records.count; i++) {
			const struct dns_record *record = &message->records.items[i];

			if (record->section == DNS_ANSWER && record->type == DNS_CNAME &&
			    dns_same_name(record->name, name))
				next = record->value;
		}
		if (next == NULL)
			break;
		name = next;
	}
	return name;
}

/* The nearest name above NAME (or itself) that has name servers. A referral may lead further
 * down. */
int dns_find_zone(struct dns_walk *walk, const char *name)
{
	int r = 0;

	walk->servers.count = 0;
	for (const char *part = name; part != NULL && *part != '\0';) {
		struct dns_message message = { 0 };

		/* When its own servers are dead, even the system's cannot say; those above can. */
		r = dns_ask(walk, walk->system, part, DNS_NS, &message);
		if (r == 0)
			dns_values(walk->arena, &message, DNS_ANSWER, DNS_NS, part, &walk->servers);
		if (walk->servers.count > 0) {
			walk->zone = part;
			walk->from = message;
			return 0;
		}
		part = strchr(part, '.');
		part += part != NULL;
	}
	return r == 0 ? -ENOENT : r;
}

const char *dns_resolver_why(struct dns_walk *walk)
{
	if (walk->source->resolver != NULL)
		return arena_printf(walk->arena, "the name server %s does not answer",
		                    walk->source->resolver);
	return "the name servers in this machine's /etc/resolv.conf do not answer";
}

/* The zone below ours that a message refers to, if NAME lies in it. */
static const char *referral(const struct dns_walk *walk, const struct dns_message *message,
                            const char *name)
{
	for (size_t i = 0; i < message->records.count; i++) {
		const struct dns_record *record = &message->records.items[i];

		if (record->section == DNS_AUTHORITY && record->type == DNS_NS &&
		    dns_is_within(name, record->name) && dns_is_within(record->name, walk->zone) &&
		    !dns_same_name(record->name, walk->zone))
			return record->name;
	}
	return NULL;
}

bool dns_follow(struct dns_walk *walk, const struct dns_message *message, const char *name)
{
	const char *below = referral(walk, message, name);

	if (message->rcode != DNS_NOERROR || below == NULL)
		return false;
	walk->servers.count = 0;
	walk->zone = below;
	walk->from = *message;
	dns_values(walk->arena, message, DNS_AUTHORITY, DNS_NS, below, &walk->servers);
	return true;
}

void dns_server_addresses(struct dns_walk *walk, const char *server, struct strings *ret)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };

	for (size_t i = 0; i < 2; i++)
		dns_values(walk->arena, &walk->from, DNS_ADDITIONAL, types[i], server, ret);
	for (size_t i = 0; ret->count == 0 && i < 2; i++) {
		struct dns_message message = { 0 };

		if (dns_ask(walk, walk->system, server, types[i], &message) == 0)
			dns_values(walk->arena, &message, DNS_ANSWER, types[i],
			           dns_canonical(&message, server), ret);
	}
}
