/* Addresses and networks, IPv4 and IPv6. */
#include "settings/internal.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

enum { LONGEST = 49 }; /* "xxxx:…:255.255.255.255/128" */

bool settings_address_parse(const char *s, struct settings_address *ret)
{
	const char *slash = strchr(s, '/');
	size_t len = slash != NULL ? (size_t)(slash - s) : strlen(s);
	char host[LONGEST + 1];
	long bits;

	*ret = (struct settings_address){ .has_bits = slash != NULL };
	if (len > LONGEST)
		return false;
	memcpy(host, s, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, ret->bytes) == 1)
		ret->bits = 32;
	else if (inet_pton(AF_INET6, host, ret->bytes) == 1)
		ret->v6 = true, ret->bits = 128;
	else
		return false;
	if (slash == NULL)
		return true;
	/* "024" is twenty to networkd. */
	if ((slash[1] == '0' && slash[2] != '\0') || !str_to_long(slash + 1, &bits) || bits < 0 ||
	    bits > (long)ret->bits)
		return false;
	ret->bits = (unsigned)bits;
	return true;
}

bool settings_address_in(const struct settings_address *address,
                         const struct settings_address *network)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (address->v6 != network->v6 || memcmp(address->bytes, network->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (address->bytes[whole] >> (8 - rest)) == (network->bytes[whole] >> (8 - rest));
}

bool settings_address_equal(const struct settings_address *a, const struct settings_address *b)
{
	return a->v6 == b->v6 && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* RFC 4291, 2.5.6: fe80::/10. */
bool settings_address_is_link_local(const struct settings_address *a)
{
	return a->v6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}
