/*
 * The head of an HTTP request (RFC 9112), as much of it as a server of two files needs. It comes
 * from anybody.
 */
#ifndef STEAD_AGENT_REQUEST_H
#define STEAD_AGENT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_MAX_BYTES = 8 * 1024 };

struct request {
	bool head;        /* HEAD: no body */
	const char *path; /* in DATA, without the query; not NUL-terminated */
	size_t path_len;
};

/* 0: not whole yet; 200: `ret` is filled; else the status to answer with: 400 malformed, 405
 * neither GET nor HEAD, 431 larger than REQUEST_MAX_BYTES. */
unsigned request_parse(const char *data, size_t len, struct request *ret);

#endif
