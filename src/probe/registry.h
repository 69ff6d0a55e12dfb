/*
 * What an image reference stands for, asked from its registry (OCI distribution spec 1.1): a tag
 * becomes the digest of the index it names now, and the machines that index is for. What comes is
 * believed only when it is what its digest says.
 */
#ifndef STEAD_PROBE_REGISTRY_H
#define STEAD_PROBE_REGISTRY_H

#include "base/list.h"

#include <stdbool.h>

struct registry_question {
	const char *image;   /* as it is pulled: "mirror.example:5000/docker.io/library/caddy:2", or
	                        "…@sha256:…"; without both it is the tag latest */
	bool plain;          /* this registry speaks http:// */
	const char *known;   /* when it still is this digest, the answer is it, without its arches;
	                        NULL: nothing is known */
	const char *ca_file; /* NULL: the system's authorities */
	unsigned deadline_ms;       /* for all of it */
	struct arena *secret_arena; /* of logins and tokens */
};

enum registry_result {
	REGISTRY_OK,
	/* it could not be asked, here and now: */
	REGISTRY_NO_ADDRESS,
	REGISTRY_REFUSED,
	REGISTRY_TIMED_OUT,
	REGISTRY_BUSY,    /* 429: asked too often */
	REGISTRY_TROUBLE, /* 5xx */
	REGISTRY_FAILED,
	/* it has answered, and this cannot be used: */
	REGISTRY_CERTIFICATE,
	REGISTRY_TLS,
	REGISTRY_NONE,    /* what answers is no registry */
	REGISTRY_MISSING, /* no such image or tag */
	REGISTRY_DENIED,
	REGISTRY_WRONG_DIGEST,
	REGISTRY_FORMAT, /* what it sends is no image for containers */
};

struct registry_answer {
	enum registry_result result;
	const char *server;    /* that was asked, "registry-1.docker.io"; NULL: no reference */
	const char *digest;    /* "sha256:…" */
	struct strings arches; /* as machine.arch has them; sorted */
	struct strings tags;   /* of registry_ask_tags() alone */
	const char *sentence;  /* unless OK; lower case, no full stop */
	const char *hint;      /* NULL: none */
};

/* What comes back lives in ARENA and holds no secret. A login is looked for where docker and podman
 * keep theirs (probe/login.h). */
void registry_ask(struct arena *arena, const struct registry_question *question,
                  struct registry_answer *ret);

/* All tags of the image's repository, in the registry's order, page by page ("Listing tags" of the
 * same spec). More than can be sensibly compared are an error. */
void registry_ask_tags(struct arena *arena, const struct registry_question *question,
                       struct registry_answer *ret);

/* Whether it was not asked at all: another time, or from another place, it may answer. */
bool registry_unasked(enum registry_result result);

#endif
