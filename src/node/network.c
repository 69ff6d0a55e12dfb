/* Networks: addresses that are the same for the same domain. */
#include "node/build.h"

#include <sodium.h>
#include <string.h>

#include "base/arena.h"

/* RFC 4193 wants a pseudo-random global identifier; a hash of the domain gives one that two stead
 * nodes on one LAN do not share, and that does not change when the config is rendered again. */
static const char *ula_prefix(struct build *b, unsigned number)
{
	const char *domain = b->node->domain.v;
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, (const unsigned char *)domain, strlen(domain));
	return arena_printf(b->arena, "fd%02x:%x:%x:%x", digest[0],
	                    (unsigned)(digest[1] << 8 | digest[2]),
	                    (unsigned)(digest[3] << 8 | digest[4]), number);
}

static struct node_network network(struct build *b, const char *name, unsigned number,
                                   bool internal, const char *rule)
{
	const char *ula = ula_prefix(b, number);

	return (struct node_network){
		.name = name,
		.internal = internal,
		.subnet4 = arena_printf(b->arena, "10.217.%u.0/24", number),
		.gateway4 = arena_printf(b->arena, "10.217.%u.1", number),
		.subnet6 = arena_printf(b->arena, "%s::/64", ula),
		.gateway6 = arena_printf(b->arena, "%s::1", ula),
		.origin = origin_rule(rule),
	};
}

void build_networks(struct build *b)
{
	b->node->networks[NODE_NET_INT] = network(b, "stead-int", 1, true, "node.network-int");
	b->node->networks[NODE_NET_EXT] = network(b, "stead-ext", 2, false, "node.network-ext");
}
