/*
 * Generators. The compiler only: everything comes from OpenSSL's random source.
 */
#include <errno.h>
#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/arena.h"
#include "base/text.h"
#include "secret/secret.h"
#include "secret/ssh.h"

static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

enum { ALNUM_COUNT = sizeof(alnum) - 1, ALNUM_LIMIT = 256 / ALNUM_COUNT * ALNUM_COUNT };

static unsigned char *random_bytes(struct arena *arena, size_t size)
{
	unsigned char *bytes;

	if (size == 0 || size > INT_MAX)
		return NULL;
	bytes = arena_alloc(arena, size);
	return RAND_bytes(bytes, (int)size) == 1 ? bytes : NULL;
}

char *secret_random_hex(struct arena *arena, size_t bytes)
{
	unsigned char *data = random_bytes(arena, bytes);
	char *out;

	if (data == NULL)
		return NULL;
	out = arena_alloc(arena, 2 * bytes + 1);
	for (size_t i = 0; i < bytes; i++) {
		out[2 * i] = "0123456789abcdef"[data[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[data[i] & 15];
	}
	OPENSSL_cleanse(data, bytes);
	return out;
}

static char *make_base64(struct arena *arena, size_t size)
{
	unsigned char *data = random_bytes(arena, size);
	char *out;

	if (data == NULL)
		return NULL;
	out = base64_encode(arena, data, size);
	OPENSSL_cleanse(data, size);
	return out;
}

static char *make_urlsafe(struct arena *arena, size_t size)
{
	char *out = make_base64(arena, size);

	for (char *s = out; s != NULL && *s != '\0'; s++) {
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

		if (RAND_bytes(&byte, 1) != 1)
			return NULL;
		if (byte < ALNUM_LIMIT)
			out[i++] = alnum[byte % ALNUM_COUNT];
	}
	return out;
}

/* RFC 9562, 5.4: the version's and the variant's bits stand where other bits were random. */
static char *make_uuid(struct arena *arena)
{
	char *hex = secret_random_hex(arena, 16);

	if (hex == NULL)
		return NULL;
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

static int make_key(struct ssh_key *key)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	size_t seed_len = sizeof(key->seed), point_len = sizeof(key->point);
	int r = -EIO;

	if (pkey == NULL)
		return r;
	if (EVP_PKEY_get_raw_private_key(pkey, key->seed, &seed_len) == 1 &&
	    EVP_PKEY_get_raw_public_key(pkey, key->point, &point_len) == 1 &&
	    seed_len == sizeof(key->seed) && point_len == sizeof(key->point) &&
	    RAND_bytes(key->check, sizeof(key->check)) == 1)
		r = 0;
	EVP_PKEY_free(pkey);
	return r;
}

int secret_make_ssh_key(struct arena *arena, const char *comment, char **ret_private,
                        char **ret_public)
{
	struct ssh_key key;
	int r = make_key(&key);

	if (r == 0) {
		*ret_private = ssh_private_text(arena, &key, comment);
		*ret_public = ssh_public_line(arena, key.point, comment);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return r;
}
