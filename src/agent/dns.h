/*
 * The addresses of a name as its own zone gives them: no cache in between has an older answer.
 *
 * The system's resolver only says which name servers the zone has and where they are; these are
 * then asked directly, without recursion, and their referrals and CNAMEs are followed (RFC
 * 1034, 4.3.2 and 5.3.3). Everything ends at one deadline.
 */
#ifndef STEAD_AGENT_DNS_H
#define STEAD_AGENT_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct arena;

enum dns_answer {
	DNS_FOUND,     /* `addresses` holds at least one */
	DNS_MISSING,   /* the zone is there and has no address of this name */
	DNS_NO_DOMAIN, /* nobody has registered it */
	DNS_UNKNOWN    /* who could say does not answer */
};

struct dns_result {
	enum dns_answer answer;
	struct strings addresses; /* "192.0.2.1", "2001:db8::1"; IPv4 first, in the order given */
	const char *why;          /* one sentence without a full stop; NULL when found */
};

/* RESOLV_CONF: resolv.conf(5) of the system. Results live in ARENA. */
void dns_lookup(struct arena *arena, const char *resolv_conf, const char *name,
                unsigned deadline_ms, struct dns_result *ret);

/* --- one message (RFC 1035, 4.1), for dns.c and its tests --- */

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };
enum dns_type { DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_AAAA = 28 };
enum dns_rcode { DNS_NOERROR = 0, DNS_NXDOMAIN = 3 };

struct dns_record {
	enum dns_section section;
	enum dns_type type; /* records of other types are left out */
	const char *name;   /* without a dot at the end */
	const char *value;  /* an address, or a name */
};

struct dns_message {
	unsigned rcode;
	bool authoritative;
	struct {
		LIST_OF(struct dns_record);
	} records;
};

/* Reads what a server sent. -EBADMSG when it is not a well-formed answer. */
int dns_parse(struct arena *arena, const unsigned char *data, size_t len, struct dns_message *ret);

#endif
