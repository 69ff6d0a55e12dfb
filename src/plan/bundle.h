/*
 * A bundle: a plan and the contents of all files it names, as they travel from the compiler to the
 * agent (over ssh, into `stead-node receive`).
 *
 *   {"bundle":1,"id":"9f86d0…","files":{"/etc/stead/node.json":"…","/etc/…":"…"}}
 *
 * Modes, owners, links and units stand in the plan, which is the file /etc/stead/node.json. All
 * files are UTF-8 text without NUL. `id` is the SHA-256 over path, NUL, length as decimal digits,
 * NUL and content of each file in the order of their paths: the same node has the same id.
 *
 * A bundle holds secrets: its text and its contents live in the arena the caller gives, which
 * should be a secret one.
 */
#ifndef STEAD_PLAN_BUNDLE_H
#define STEAD_PLAN_BUNDLE_H

#include "plan/plan.h"

enum { BUNDLE_VERSION = 1, BUNDLE_MAX_BYTES = 32 * 1024 * 1024 };

#define BUNDLE_PLAN "/etc/stead/node.json"

struct bundle_file {
	const char *path, *data;
	size_t len;
};

struct bundle {
	char id[65];
	const struct plan *plan; /* reader only; its texts are in the arena too */
	char plan_sha256[65];    /* reader only: of the plan's text, in hex */
	struct {
		LIST_OF(struct bundle_file);
	} files; /* sorted by path */
};

/* The JSON text of `files`, which it sorts; fills `id`. NULL when a file is not UTF-8 text or two
 * have one path: *ret_error says which. */
char *bundle_write(struct arena *arena, struct bundle *bundle, size_t *ret_len,
                   const char **ret_error);

/* Reads and checks: the version, the id, that the plan is there and names just these files. NULL
 * with one sentence at *ret_error otherwise. */
struct bundle *bundle_read(struct arena *arena, const char *json, size_t len,
                           const char **ret_error);

const struct bundle_file *bundle_find(const struct bundle *bundle, const char *path);

#endif
