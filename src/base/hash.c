#include "base/hash.h"

#include <sodium.h>

#include "base/arena.h"

char *hash_hex(struct arena *arena, const unsigned char *bytes, size_t len)
{
	char *text = arena_alloc(arena, 2 * len + 1);

	return sodium_bin2hex(text, 2 * len + 1, bytes, len);
}

char *hash_sha256(struct arena *arena, const void *data, size_t len)
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, data, len);
	return hash_hex(arena, digest, sizeof(digest));
}

char *hash_sha512(struct arena *arena, const void *data, size_t len)
{
	unsigned char digest[crypto_hash_sha512_BYTES];

	(void)crypto_hash_sha512(digest, data, len);
	return hash_hex(arena, digest, sizeof(digest));
}
