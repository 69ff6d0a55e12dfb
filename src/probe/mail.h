/*
 * Does mail get out of the node, or of this computer: connect, STARTTLS or TLS, login, and a
 * message. libcurl speaks SMTP here, through a connection that another program makes on the node
 * (probe/pipe.h), or that we make.
 *
 * That program's first line says how connecting went:
 *     connected ADDRESS
 *     failed refused|timed-out|unreachable|unknown-host|error TEXT
 * After `connected` its stdin and stdout are the connection.
 */
#ifndef STEAD_PROBE_MAIL_H
#define STEAD_PROBE_MAIL_H

#include <stdbool.h>

#include "dns/dns.h"
#include "provider/provider.h"

enum mail_tls { MAIL_TLS_NONE, MAIL_TLS_STARTTLS, MAIL_TLS_TLS };

struct mail_test {
	const char *const *connect; /* the program and its arguments, NULL-terminated; NULL: from
	                               this computer, by names as `dns` knows them */
	const struct dns_source *dns;
	const char *host;
	unsigned port;
	enum mail_tls tls;
	const char *user, *password;      /* user NULL: no login; the password stays where it is */
	const char *from;                 /* an address, or "Name <address>" */
	const char *to;                   /* NULL: no message */
	const char *domain, *app, *hello; /* of the node; HELLO is what it calls itself */
	const char *ca_file;              /* NULL: the system's authorities */
	const struct provider *provider;  /* NULL: unknown */
	unsigned deadline_ms;             /* for all of it */
};

enum mail_result {
	MAIL_OK,
	MAIL_NO_NODE, /* the program did not get there */
	MAIL_UNKNOWN_HOST,
	MAIL_REFUSED,
	MAIL_TIMED_OUT,
	MAIL_UNREACHABLE,
	MAIL_NOT_CONNECTED,
	MAIL_NOT_SMTP,
	MAIL_SILENT,
	MAIL_TOO_SLOW,
	MAIL_HUNG_UP,
	MAIL_LATER, /* 4xx: busy, greylisted */
	MAIL_NOT_WELCOME,
	MAIL_NO_STARTTLS,
	MAIL_TLS_FAILED,
	MAIL_CERT_EXPIRED,
	MAIL_CERT_NAME,
	MAIL_CERT_AUTHORITY,
	MAIL_CERT_OTHER,
	MAIL_LOGIN_REFUSED,
	MAIL_LOGIN_METHOD,
	MAIL_LOGIN_NOT_OFFERED,
	MAIL_SENDER_REFUSED,
	MAIL_RECIPIENT_REFUSED,
	MAIL_MESSAGE_REFUSED,
	MAIL_FAILED,
};

struct mail_report {
	enum mail_result result;
	const char *sentence; /* lower case, no full stop */
	const char *hint;     /* NULL: none */
};

/* Runs it. Both texts are in ARENA and never hold the password. */
void mail_test(struct arena *arena, const struct mail_test *test, struct mail_report *ret);

#endif
