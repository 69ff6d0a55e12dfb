/*
 * VAPID (RFC 8292, 2 and 3.2): by its key pair a server that sends push messages is known. The
 * curve is P-256. Both halves are base64url with padding: the private one is the number itself in
 * 32 bytes, the public one the point in 65, uncompressed.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <sodium.h>

#include "base/arena.h"
#include "base/text.h"
#include "secret/secret.h"

enum { PRIVATE_BYTES = 32, PUBLIC_BYTES = 65, PRIVATE_LEN = 44, PLAIN_LEN = 43 };

static char *encode(struct arena *arena, const unsigned char *data, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE);

	return sodium_bin2base64(arena_alloc(arena, size), size, data, len,
	                         sodium_base64_VARIANT_URLSAFE);
}

/* With or without its padding: both are in use. */
static bool decode(const char *text, unsigned char ret[PRIVATE_BYTES])
{
	size_t len = strlen(text), n;

	if (len == PRIVATE_LEN && text[PLAIN_LEN] == '=')
		len = PLAIN_LEN;
	return len == PLAIN_LEN &&
	       sodium_base642bin(ret, PRIVATE_BYTES, text, len, NULL, &n, NULL,
	                         sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       n == PRIVATE_BYTES;
}

/* The point that belongs to NUMBER, which must be one of the group's. */
static char *public_of(struct arena *arena, const EC_GROUP *group, const BIGNUM *number)
{
	unsigned char bytes[PUBLIC_BYTES];
	EC_POINT *point = EC_POINT_new(group);
	char *text = NULL;

	if (point != NULL && !BN_is_zero(number) &&
	    BN_cmp(number, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1 &&
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes),
	                       NULL) == sizeof(bytes))
		text = encode(arena, bytes, sizeof(bytes));
	EC_POINT_free(point);
	return text;
}

char *secret_vapid_public(struct arena *arena, const char *private_key)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	unsigned char bytes[PRIVATE_BYTES];
	BIGNUM *number = NULL;
	char *text = NULL;

	if (group != NULL && decode(private_key, bytes))
		number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	if (number != NULL)
		text = public_of(arena, group, number);
	sodium_memzero(bytes, sizeof(bytes));
	BN_clear_free(number);
	EC_GROUP_free(group);
	return text;
}

char *secret_make_vapid(struct arena *arena)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	unsigned char bytes[PRIVATE_BYTES];
	BIGNUM *number = BN_secure_new();
	char *text = NULL;

	/* From 0 to below the order; 0 will not come, but it is no key. */
	if (group != NULL && number != NULL &&
	    BN_priv_rand_range(number, EC_GROUP_get0_order(group)) == 1 && !BN_is_zero(number) &&
	    BN_bn2binpad(number, bytes, sizeof(bytes)) == sizeof(bytes))
		text = encode(arena, bytes, sizeof(bytes));
	sodium_memzero(bytes, sizeof(bytes));
	BN_clear_free(number);
	EC_GROUP_free(group);
	return text;
}
