/*
 * Host keys: the known_hosts file beside stead.yaml (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
 */
#ifndef STEAD_REMOTE_KNOWN_H
#define STEAD_REMOTE_KNOWN_H

#include "base/list.h"

#include <stdbool.h>

struct arena;

struct host_key {
	const char *type;        /* ssh-ed25519 */
	const char *base64;      /* the public key, as it stands in the file */
	const char *fingerprint; /* "SHA256:…", as ssh-keygen -l shows it */
};

struct host_keys {
	LIST_OF(struct host_key);
};

/* The keys of NAME (destination_known_name()). Lines with a marker (@revoked), hashed names and
 * patterns are not read: ssh itself minds them. Lines that are none are passed over. */
void known_hosts_find(struct arena *arena, const char *text, const char *name,
                      struct host_keys *ret);

/* TEXT with a line for each key behind it that is not there yet. */
char *known_hosts_add(struct arena *arena, const char *text, const char *name,
                      const struct host_keys *keys);

/* A key from "TYPE BASE64 COMMENT". False when it is none. */
bool host_key_parse(struct arena *arena, const char *line, struct host_key *ret);

/* The key with this fingerprint; NULL: none. "SHA256:" may be missing, and '=' stand behind. */
const struct host_key *host_keys_by_fingerprint(const struct host_keys *keys,
                                                const char *fingerprint);

/* Whether a key of both has the same type but another value: the host's key was changed. */
bool host_keys_conflict(const struct host_keys *known, const struct host_keys *found,
                        const struct host_key **ret_known, const struct host_key **ret_found);

#endif
