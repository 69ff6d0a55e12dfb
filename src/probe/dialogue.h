/*
 * What an SMTP server says, as curl hears it: from its replies alone (RFC 5321, 3207, 4954) follows
 * which command each one answers, so that a failure can be named by what was refused. The commands
 * themselves hold the password and are never looked at.
 */
#ifndef STEAD_PROBE_DIALOGUE_H
#define STEAD_PROBE_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum smtp_phase {
	SMTP_GREETING,
	SMTP_HELLO,
	SMTP_STARTTLS,
	SMTP_LOGIN,
	SMTP_SENDER,
	SMTP_RECIPIENT,
	SMTP_DATA,
	SMTP_BODY,
	SMTP_COMMAND, /* NOOP, where no message is sent */
	SMTP_END,
};

struct dialogue {
	bool want_starttls, want_login, want_message; /* set by the caller */
	enum smtp_phase phase;                        /* what the next reply answers */
	bool tls, login;                              /* STARTTLS, AUTH were accepted */
	bool offers_starttls, offers_login;           /* in the last answer to EHLO */
	bool not_smtp, no_login;                      /* why dialogue_line() returned false */
	int code;                                     /* of the last whole reply; 0: none */
	char text[240]; /* its text: printable ASCII; "" in SMTP_LOGIN, where a server may repeat
	                   what it got */
	size_t len;
	bool more; /* a line of a longer reply came */
};

/* Takes one line, with or without its line end. False when going on makes no sense. */
bool dialogue_line(struct dialogue *dialogue, const char *line, size_t len);

#endif
