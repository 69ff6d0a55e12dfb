/*
 * References of container images, by the grammar of github.com/distribution/reference.
 */
#ifndef STEAD_NODE_IMAGE_H
#define STEAD_NODE_IMAGE_H

#include <stdbool.h>

struct arena;

struct image {
	const char *registry, *path; /* "docker.io", "library/caddy" */
	const char *tag, *digest;    /* NULL: not written */
};

/* False when S is no whole reference, which begins with its registry. */
bool image_parse(struct arena *arena, const char *s, struct image *ret);

/* The grammar of a tag alone. */
bool image_is_tag(const char *s);

/* "sha256:" and 64 hex digits; S may be NULL. */
bool image_is_digest(const char *s);

/* "docker.io/library/caddy:2": the name that stead.lock has it by. */
const char *image_lock_name(struct arena *arena, const struct image *image);

#endif
