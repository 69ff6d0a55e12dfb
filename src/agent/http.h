/*
 * As much of a network client as health needs: does it listen, and with which status does it
 * answer.
 */
#ifndef STEAD_AGENT_HTTP_H
#define STEAD_AGENT_HTTP_H

#include <stddef.h>

struct arena;

/* Connects to a numeric address. 0 or a negative errno (-ETIMEDOUT past the deadline). */
int http_connect(const char *address, unsigned port, unsigned deadline_ms);

/* GET PATH with HTTP/1.1 as a proxy in front would ask (Host, X-Forwarded-Proto: https). The body
 * is not read. -EPROTO when the answer is not HTTP. */
int http_status(const char *address, unsigned port, const char *host, const char *path,
                unsigned deadline_ms, unsigned *ret_status);

struct http_answer {
	unsigned status;
	const char *location, *server; /* values of these headers; NULL without */
	const char *body;              /* as far as it fits into 8 KiB with the head */
};

/* The same as plain HTTP/1.0, without following anything: what is there, whole. */
int http_get(struct arena *arena, const char *address, unsigned port, const char *host,
             const char *path, unsigned deadline_ms, struct http_answer *ret);

/* Reads an answer that was received whole, or cut. -EPROTO when it is not HTTP. */
int http_parse_answer(struct arena *arena, const char *data, size_t len, struct http_answer *ret);

/* The status in the first line of an answer ("HTTP/1.1 200 OK\r\n…"), or 0. */
unsigned http_parse_status(const char *answer, size_t len);

#endif
