/*
 * SHA-2 as text: lower-case hexadecimal, in the arena.
 */
#ifndef STEAD_BASE_HASH_H
#define STEAD_BASE_HASH_H

#include <stddef.h>

struct arena;

char *hash_hex(struct arena *arena, const unsigned char *bytes, size_t len);
char *hash_sha256(struct arena *arena, const void *data, size_t len);
char *hash_sha512(struct arena *arena, const void *data, size_t len);

#endif
