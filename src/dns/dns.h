/*
 * What a name's own zone says of it: no cache in between has an older answer.
 *
 * The system's resolver only says which name servers the zone has and where they are; these are
 * then asked directly, without recursion, and their referrals and CNAMEs are followed (RFC
 * 1034, 4.3.2 and 5.3.3). Everything ends at one deadline.
 */
#ifndef STEAD_DNS_DNS_H
#define STEAD_DNS_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct arena;

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_MX = 15,
	DNS_AAAA = 28,
	DNS_CAA = 257
};

/* Where to begin: a resolver that looks further itself. */
struct dns_source {
	const char *resolv_conf; /* resolv.conf(5) of the system; NULL: /etc/resolv.conf */
	const char *resolver;    /* instead of it: "192.0.2.1", "192.0.2.1:5353",
	                            "[2001:db8::1]:53"; NULL */
};

/* False when the text is none of those. */
bool dns_is_resolver(const char *text);

enum dns_answer {
	DNS_FOUND,     /* `values` holds at least one */
	DNS_MISSING,   /* the zone is there and says nothing of this kind about the name */
	DNS_NO_DOMAIN, /* nobody has registered it */
	DNS_UNKNOWN    /* who could say does not answer */
};

struct dns_result {
	enum dns_answer answer;
	struct strings values; /* as in dns_record; IPv4 before IPv6, in the order given */
	const char *name;      /* that has them: where CNAMEs lead; NULL unless found */
	const char *server;    /* the name server that answered; NULL: none */
	const char *why;       /* one sentence without a full stop; NULL when found */
};

/* DNS_A asks for IPv6 addresses as well. Results live in ARENA. Needs dns_init(). */
void dns_lookup(struct arena *arena, const struct dns_source *source, const char *name,
                enum dns_type type, unsigned deadline_ms, struct dns_result *ret);

/* Once, before any of this, and before there are threads. False: nothing here works. */
bool dns_init(void);

/* --- delegation.c: who is to answer for a domain, and do they? --- */

enum dns_server_state {
	DNS_SERVER_ANSWERS,
	DNS_SERVER_SILENT,
	DNS_SERVER_LAME,       /* it answers, and knows nothing of the zone */
	DNS_SERVER_NO_ADDRESS, /* its name leads nowhere */
};

struct dns_server {
	const char *name, *address; /* address NULL: it has none */
	enum dns_server_state state;
};

struct dns_delegation {
	enum dns_answer answer; /* DNS_FOUND, DNS_NO_DOMAIN, DNS_UNKNOWN */
	const char *zone;       /* that the domain lies in: itself, or one above it */
	struct {
		LIST_OF(struct dns_server);
	} servers;       /* as the zone above names them, one for each address that was asked */
	bool cut;        /* the deadline came before all were asked */
	const char *why; /* NULL when found */
};

void dns_delegation(struct arena *arena, const struct dns_source *source, const char *domain,
                    unsigned deadline_ms, struct dns_delegation *ret);

/* --- resolve.c: addresses as any program would get them --- */

/* By /etc/hosts and the resolver, in the order to try them; an address is its own. 0, -ENOENT when
 * there are none, -ETIMEDOUT, -EREMOTEIO. */
int dns_resolve(struct arena *arena, const struct dns_source *source, const char *host,
                unsigned deadline_ms, struct strings *ret);

/* Whether the resolver is there: it says something, if only that it cannot say. 0, -ETIMEDOUT, or
 * -EREMOTEIO when it reports a failure of its own. */
int dns_try_resolver(struct arena *arena, const struct dns_source *source, unsigned deadline_ms);

/* --- message.c: one message (RFC 1035, 4.1) --- */

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };
enum dns_rcode { DNS_NOERROR = 0, DNS_NXDOMAIN = 3 };

struct dns_record {
	enum dns_section section;
	enum dns_type type; /* records of other types are left out */
	const char *name;   /* without a dot at the end */
	const char *value; /* an address; a name; MX: "10 mx.example.org", "0 " for none (RFC 7505);
	                      CAA: "0 issue letsencrypt.org" (RFC 8659) */
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
