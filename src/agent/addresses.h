/*
 * The addresses of this machine that others may know it by, in words.
 */
#ifndef STEAD_AGENT_ADDRESSES_H
#define STEAD_AGENT_ADDRESSES_H

struct arena;

struct own_addresses {
	const char *text; /* "203.0.113.5 and 2001:db8::5"; "this machine's public address …" */
	const char
		*records; /* "an A record with 203.0.113.5 and an AAAA record with 2001:db8::5" */
};

struct own_addresses addresses_own(struct arena *arena);

#endif
