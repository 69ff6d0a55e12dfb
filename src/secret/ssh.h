/*
 * OpenSSH's own format for private keys (OpenSSH PROTOCOL.key), Ed25519 and unencrypted only.
 * Private to secret.
 */
#ifndef STEAD_SECRET_SSH_H
#define STEAD_SECRET_SSH_H

struct arena;

enum { SSH_ED25519_LEN = 32 };

struct ssh_key {
	unsigned char seed[SSH_ED25519_LEN];
	unsigned char point[SSH_ED25519_LEN]; /* the public half */
	unsigned char check[4]; /* random; tells a wrong passphrase, where there is one */
};

/* The private key file's text, in ARENA. */
char *ssh_private_text(struct arena *arena, const struct ssh_key *key, const char *comment);

/* The public line, without a newline. COMMENT may be NULL or empty. */
char *ssh_public_line(struct arena *arena, const unsigned char point[SSH_ED25519_LEN],
                      const char *comment);

#endif
