/*
 * One answer by HTTP, within a budget of bytes, redirects and time.
 */
#ifndef STEAD_PROBE_FETCH_H
#define STEAD_PROBE_FETCH_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct fetch {
	const char *url;
	bool head;                  /* HEAD instead of GET */
	bool plain;                 /* http:// is allowed too, also where it redirects to */
	const char *const *headers; /* "Accept: …"; NULL-terminated */
	const char *ca_file;        /* NULL: the system's authorities */
	const char *address;        /* connect there, whatever the URL's host; NULL: look it up */
	bool once;                  /* do not follow redirects: they are the answer */
	bool any_certificate;       /* whose server it is does not matter */
	size_t max_bytes;           /* of the body */
	int64_t until_ms;           /* by clock_ms() */
};

enum fetch_result {
	FETCH_OK, /* there is an answer, whatever its status */
	FETCH_NO_ADDRESS,
	FETCH_REFUSED,
	FETCH_TIMED_OUT,
	FETCH_CERTIFICATE,
	FETCH_TLS,
	FETCH_TOO_LARGE,
	FETCH_NOT_HTTP,
	FETCH_REDIRECTS, /* too many, or to where this must not go */
	FETCH_FAILED,
};

struct fetch_answer {
	enum fetch_result result;
	const char *error; /* curl's words, when not FETCH_OK */
	bool connected;    /* it timed out after it was connected */
	const char *url;   /* that answered last, behind all redirects */
	long status;
	long retry_after_s;     /* 0: not said */
	struct strings headers; /* "Name: value", of the last answer */
	const char *body;       /* NUL-terminated */
	size_t len;
};

/* What comes back lives in ARENA. */
void fetch(struct arena *arena, const struct fetch *fetch, struct fetch_answer *ret);

/* "host" or "host:port" of a URL, or of one without its scheme. */
const char *fetch_server(struct arena *arena, const char *url);

/* Whether both URLs have the scheme, the host and the port in common. */
bool fetch_same_server(const char *a, const char *b);

/* The value of a header, NUMBER counting those of one name from 0; NULL behind the last. */
const char *fetch_header(const struct fetch_answer *answer, const char *name, size_t number);

#endif
