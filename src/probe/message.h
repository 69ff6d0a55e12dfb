/*
 * The test message: RFC 5322 and 2045, seven bits only, lines within the limits.
 */
#ifndef STEAD_PROBE_MESSAGE_H
#define STEAD_PROBE_MESSAGE_H

#include <time.h>

struct arena;

struct message {
	const char *from;   /* an address, or "Name <address>", UTF-8 */
	const char *to;     /* an address */
	const char *domain; /* of the node, for the Message-ID too */
	const char *app;    /* "snac" */
	const char *id;     /* unique; hex digits */
	time_t when;
};

/* The whole message with CRLF line ends. */
char *message_write(struct arena *arena, const struct message *message);

/* The address alone out of "Name <address>". */
const char *message_address(struct arena *arena, const char *from);

#endif
