/*
 * libcrypto, loaded when it is first needed. Loading it takes a third of the time in which a node
 * is compiled, and only keys on curve P-256 (vapid.c) need it; all else is libsodium's. These are
 * the functions of <openssl/bn.h> and <openssl/ec.h> that are called there, passed on to the
 * library. Without it there are no groups and no numbers, and whoever asks for one gets NULL.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

#define CRYPTO_LIBRARY "libcrypto.so.3"

/* The types of the library's functions, from their declarations. */
#define EACH_FUNCTION(X)                                                                           \
	X(BN_bin2bn)                                                                               \
	X(BN_bn2binpad)                                                                            \
	X(BN_clear_free)                                                                           \
	X(BN_cmp)                                                                                  \
	X(BN_is_zero)                                                                              \
	X(BN_priv_rand_range)                                                                      \
	X(BN_secure_new)                                                                           \
	X(EC_GROUP_free)                                                                           \
	X(EC_GROUP_get0_order)                                                                     \
	X(EC_GROUP_new_by_curve_name)                                                              \
	X(EC_POINT_free)                                                                           \
	X(EC_POINT_mul)                                                                            \
	X(EC_POINT_new)                                                                            \
	X(EC_POINT_point2oct)

#define DECLARE(name) __typeof__(name) *name##_;
static struct {
	EACH_FUNCTION(DECLARE)
	bool loaded;
} crypto;

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Never closed: it keeps threads' data. */
static void load(void)
{
	void *library = dlopen(CRYPTO_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool all = library != NULL;

	if (library == NULL)
		return;
		/* POSIX: what dlsym() returns may be kept as a function, though C has no such cast.
		 */
#define FIND(name) all &= (*(void **)&crypto.name##_ = dlsym(library, #name)) != NULL;
	EACH_FUNCTION(FIND)
	crypto.loaded = all;
}

static bool is_loaded(void)
{
	(void)pthread_once(&once, load);
	return crypto.loaded;
}

/* --- what everything begins with --- */

EC_GROUP *EC_GROUP_new_by_curve_name(int nid)
{
	return is_loaded() ? crypto.EC_GROUP_new_by_curve_name_(nid) : NULL;
}

BIGNUM *BN_secure_new(void)
{
	return is_loaded() ? crypto.BN_secure_new_() : NULL;
}

BIGNUM *BN_bin2bn(const unsigned char *bytes, int len, BIGNUM *ret)
{
	return is_loaded() ? crypto.BN_bin2bn_(bytes, len, ret) : NULL;
}

/* --- what is freed also when there is none --- */

void EC_GROUP_free(EC_GROUP *group)
{
	if (group != NULL)
		crypto.EC_GROUP_free_(group);
}

void EC_POINT_free(EC_POINT *point)
{
	if (point != NULL)
		crypto.EC_POINT_free_(point);
}

void BN_clear_free(BIGNUM *number)
{
	if (number != NULL)
		crypto.BN_clear_free_(number);
}

/* --- what needs a group or a number --- */

const BIGNUM *EC_GROUP_get0_order(const EC_GROUP *group)
{
	return crypto.EC_GROUP_get0_order_(group);
}

EC_POINT *EC_POINT_new(const EC_GROUP *group)
{
	return crypto.EC_POINT_new_(group);
}

int EC_POINT_mul(const EC_GROUP *group, EC_POINT *ret, const BIGNUM *n, const EC_POINT *q,
                 const BIGNUM *m, BN_CTX *ctx)
{
	return crypto.EC_POINT_mul_(group, ret, n, q, m, ctx);
}

size_t EC_POINT_point2oct(const EC_GROUP *group, const EC_POINT *point,
                          point_conversion_form_t form, unsigned char *ret, size_t size,
                          BN_CTX *ctx)
{
	return crypto.EC_POINT_point2oct_(group, point, form, ret, size, ctx);
}

int BN_priv_rand_range(BIGNUM *ret, const BIGNUM *range)
{
	return crypto.BN_priv_rand_range_(ret, range);
}

int BN_is_zero(const BIGNUM *number)
{
	return crypto.BN_is_zero_(number);
}

int BN_cmp(const BIGNUM *a, const BIGNUM *b)
{
	return crypto.BN_cmp_(a, b);
}

int BN_bn2binpad(const BIGNUM *number, unsigned char *ret, int size)
{
	return crypto.BN_bn2binpad_(number, ret, size);
}
