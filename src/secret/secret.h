/*
 * stead.secrets.yaml: what was generated or asked for, as one flat map of name to text.
 * Values live in a secret arena (locked, wiped) and are never shown by a report.
 */
#ifndef STEAD_SECRET_SECRET_H
#define STEAD_SECRET_SECRET_H

#include "base/list.h"
#include "yaml/yaml.h"

struct secret {
	const char *name;  /* "mail.password", "ssh_host_ed25519_key", "app.NAME" */
	const char *value; /* NUL-terminated; in the secret arena */
	size_t len;
};

struct secrets {
	struct arena *arena; /* the secret arena */
	const char *text;    /* the document as it was read; NULL: it was not read from a file */
	LIST_OF(struct secret);
};

/* Reads and decodes the file into ARENA, which must come from arena_new_secret(). A file that
 * others may read is an error (secret.mode, hint chmod 600); a missing file gives an empty set and
 * true. */
bool secrets_read(struct arena *arena, const char *path, struct secrets *ret,
                  struct findings *findings);

const struct secret *secrets_get(const struct secrets *secrets, const char *name);
void secrets_set(struct secrets *secrets, const char *name, const char *value);

/* The document, sorted by name, values double-quoted or as literal blocks. In the secret arena. */
char *secrets_write(const struct secrets *secrets, size_t *ret_len);

/* secret/make.c: generators; the compiler only. Results in ARENA. */
enum secret_kind {
	SECRET_ASKED,    /* given by the user */
	SECRET_HEX,      /* SIZE random bytes as hex */
	SECRET_BASE64,   /* SIZE random bytes as base64 */
	SECRET_URLSAFE,  /* SIZE random bytes, base64url without padding */
	SECRET_ALNUM,    /* SIZE letters and digits */
	SECRET_UUID,     /* a random one, RFC 9562 version 4; SIZE means nothing */
	SECRET_VAPID,    /* the private key of a pair, see below; SIZE means nothing */
	SECRET_CAPTURED, /* appears on the node, caught by a job's step */
};
char *secret_make(struct arena *arena, enum secret_kind kind, size_t size);

/* secret/vapid.c: the private half of a new pair, and the public half that belongs to one. Both
 * NULL when there is none. */
char *secret_make_vapid(struct arena *arena);
char *secret_vapid_public(struct arena *arena, const char *private_key);

/* An OpenSSH host key pair: private key in OpenSSH's own format (PROTOCOL.key), public line. */
void secret_make_ssh_key(struct arena *arena, const char *comment, char **ret_private,
                         char **ret_public);

/* The public line ("ssh-ed25519 AAAA…") of such a private key; NULL when it is not one. */
char *secret_ssh_public(struct arena *arena, const char *private_key);

/* N random bytes as lower-case hex. */
char *secret_random_hex(struct arena *arena, size_t bytes);

#endif
