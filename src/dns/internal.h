/*
 * Questions to name servers, and the way from zone to zone. Private to dns.
 */
#ifndef STEAD_DNS_INTERNAL_H
#define STEAD_DNS_INTERNAL_H

#include <ares.h>
#include <stdint.h>

#include "dns/dns.h"

enum {
	DNS_MAX_STEPS = 16,     /* referrals and CNAMEs */
	DNS_MAX_SERVERS = 13,   /* of one zone that are asked */
	DNS_MAX_ADDRESSES = 16, /* of one name that are used */
};

struct dns_walk {
	struct arena *arena;
	const struct dns_source *source;
	ares_channel system;
	int64_t end;
	const char *zone;
	struct strings servers;  /* names of the zone's name servers */
	struct dns_message from; /* where they were named: may hold their addresses */
};

/* --- query.c --- */

/* A channel to one name server by its address; the caller destroys it. 0 or a negative errno. */
int dns_open(const char *address, ares_channel *ret);
/* The same to the resolver. */
int dns_open_resolver(const struct dns_source *source, ares_channel *ret);

/* One question and its answer. -ETIMEDOUT, -EREMOTEIO (the server says that it failed), -EBADMSG.
 */
int dns_ask(struct dns_walk *walk, ares_channel channel, const char *name, enum dns_type type,
            struct dns_message *ret);

/* Moves a channel's sockets for as long as it wants to wait, or until END. */
void dns_drive(ares_channel channel, int64_t end);

/* --- walk.c --- */

bool dns_same_name(const char *a, const char *b);

/* True when NAME is ZONE or lies in it. */
bool dns_is_within(const char *name, const char *zone);

/* Adds the values of a name and type in a section. */
void dns_values(struct arena *arena, const struct dns_message *message, enum dns_section section,
                enum dns_type type, const char *name, struct strings *ret);

/* Where the message's CNAMEs lead from NAME. */
const char *dns_canonical(const struct dns_message *message, const char *name);

/* The zone that NAME lies in, as the resolver knows it. 0, -ENOENT (none), or what it answered. */
int dns_find_zone(struct dns_walk *walk, const char *name);

/* Goes on to the zone below that MESSAGE refers to for NAME. False: it refers to none. */
bool dns_follow(struct dns_walk *walk, const struct dns_message *message, const char *name);

/* Where a name server of the zone is. */
void dns_server_addresses(struct dns_walk *walk, const char *server, struct strings *ret);

/* Why a walk could not begin, for people. */
const char *dns_resolver_why(struct dns_walk *walk);

#endif
