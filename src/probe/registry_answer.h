/*
 * What a registry says, as data: manifests, tokens, challenges, errors. Nothing here connects to
 * anything, and all of it may come from anybody.
 */
#ifndef STEAD_PROBE_REGISTRY_ANSWER_H
#define STEAD_PROBE_REGISTRY_ANSWER_H

#include "base/list.h"

#include <stdbool.h>

struct arena;

/* How to log in: RFC 9110, section 11.6.1, and distribution's "Token Authentication". */
struct registry_challenge {
	bool bearer, basic;                  /* which of the two is asked for */
	const char *realm, *service, *scope; /* of Bearer; NULL: not said */
};

/* Reads one WWW-Authenticate header, which may hold several challenges, and adds what it asks for.
 * Parts that are not understood are passed over. */
void registry_challenge_parse(struct arena *arena, const char *header,
                              struct registry_challenge *ret);

/* What a tag stands for. OCI image spec 1.1, "index" and "manifest"; Docker's schema 2 and its
 * manifest list have the same members. */
struct registry_manifest {
	bool index;            /* of several; else one image */
	struct strings arches; /* index: those of Linux, as machine.arch has them, sorted */
	const char *config;    /* one image: the digest of its configuration, which says its arch */
};

/* False with a sentence's end at *ret_why: "what it sends is …". */
bool registry_manifest_parse(struct arena *arena, const char *data, size_t len,
                             struct registry_manifest *ret, const char **ret_why);

/* The architecture of one image, from its configuration; none when it is not Linux. */
bool registry_config_parse(struct arena *arena, const char *data, size_t len, struct strings *ret,
                           const char **ret_why);

/* Adds a page of tags. What cannot be one is passed over; false when it is no list of tags at all.
 */
bool registry_tags_parse(struct arena *arena, const char *data, size_t len, struct strings *tags);

/* Reads a Link header (RFC 8288): the URL of the next page, which must be of the same server as
 * URL, that of this page. NULL: it names none, or one that is elsewhere or makes no sense;
 * *ret_more says whether it names one at all. */
const char *registry_next_parse(struct arena *arena, const char *header, const char *url,
                                bool *ret_more);

/* The token of an answer, in ARENA; NULL when there is none that can be used in a header. */
const char *registry_token_parse(struct arena *arena, const char *data, size_t len);

/* The first message of an error's body, without what could surprise a terminal; NULL: none. */
const char *registry_error_parse(struct arena *arena, const char *data, size_t len);

#endif
