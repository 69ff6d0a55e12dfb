/*
 * Generators. The compiler only: everything comes from the kernel's random source, by libsodium.
 */
#include <sodium.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/text.h"
#include "secret/secret.h"
#include "secret/ssh.h"

static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

enum { ALNUM_COUNT = sizeof(alnum) - 1, ALNUM_LIMIT = 256 / ALNUM_COUNT * ALNUM_COUNT };

static unsigned char *random_bytes(struct arena *arena, size_t size)
{
	unsigned char *bytes = arena_alloc(arena, size);

	randombytes_buf(bytes, size);
	return bytes;
}

char *secret_random_hex(struct arena *arena, size_t bytes)
{
	unsigned char *data = random_bytes(arena, bytes);
	char *out = hash_hex(arena, data, bytes);

	sodium_memzero(data, bytes);
	return out;
}

static char *make_base64(struct arena *arena, size_t size)
{
	unsigned char *data = random_bytes(arena, size);
	char *out = base64_encode(arena, data, size);

	sodium_memzero(data, size);
	return out;
}

static char *make_urlsafe(struct arena *arena, size_t size)
{
	char *out = make_base64(arena, size);

	for (char *s = out; *s != '\0'; s++) {
		if (*s == '+')
			*s = '-';
		else if (*s == '/')
			*s = '_';
		else if (*s == '=')
			*s = '\0';
	}
	return out;
}

/* Bytes past the last whole multiple of 62 are thrown away: no letter is likelier than another. */
static char *make_alnum(struct arena *arena, size_t size)
{
	char *out = arena_alloc(arena, size + 1);

	for (size_t i = 0; i < size;) {
		unsigned char byte;

		randombytes_buf(&byte, 1);
		if (byte < ALNUM_LIMIT)
			out[i++] = alnum[byte % ALNUM_COUNT];
	}
	return out;
}

/* RFC 9562, 5.4: the version's and the variant's bits stand where other bits were random. */
static char *make_uuid(struct arena *arena)
{
	char *hex = secret_random_hex(arena, 16);

	hex[12] = '4';
	hex[16] = "89ab"[(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10) & 3];
	return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
	                    hex + 20);
}

char *secret_make(struct arena *arena, enum secret_kind kind, size_t size)
{
	if (size == 0)
		return NULL;
	switch (kind) {
	case SECRET_HEX:
		return secret_random_hex(arena, size);
	case SECRET_BASE64:
		return make_base64(arena, size);
	case SECRET_URLSAFE:
		return make_urlsafe(arena, size);
	case SECRET_ALNUM:
		return make_alnum(arena, size);
	case SECRET_UUID:
		return make_uuid(arena);
	case SECRET_VAPID:
		return secret_make_vapid(arena);
	case SECRET_ASKED:
	case SECRET_CAPTURED:
		break; /* nobody can make these */
	}
	return NULL;
}

void secret_make_ssh_key(struct arena *arena, const char *comment, char **ret_private,
                         char **ret_public)
{
	unsigned char both[crypto_sign_SECRETKEYBYTES];
	struct ssh_key key;

	randombytes_buf(key.check, sizeof(key.check));
	(void)crypto_sign_keypair(key.point, both);
	(void)crypto_sign_ed25519_sk_to_seed(key.seed, both);
	*ret_private = ssh_private_text(arena, &key, comment);
	*ret_public = ssh_public_line(arena, key.point, comment);
	sodium_memzero(both, sizeof(both));
	sodium_memzero(&key, sizeof(key));
}
