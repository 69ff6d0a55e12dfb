#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/clock.h"
#include "dns/internal.h"

struct resolution {
	struct arena *arena;
	struct strings *addresses;
	bool done;
	int status;
};

static void on_addresses(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
	struct resolution *resolution = context;

	(void)timeouts;
	resolution->done = true;
	resolution->status = status;
	if (status != ARES_SUCCESS)
		return;
	for (struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next) {
		char text[INET6_ADDRSTRLEN];
		const void *address =
			node->ai_family == AF_INET
				? (const void *)&((struct sockaddr_in *)(void *)node->ai_addr)
					  ->sin_addr
				: &((struct sockaddr_in6 *)(void *)node->ai_addr)->sin6_addr;

		if (resolution->addresses->count < DNS_MAX_ADDRESSES &&
		    inet_ntop(node->ai_family, address, text, sizeof(text)) != NULL)
			*list_add(resolution->arena, resolution->addresses) =
				arena_strdup(resolution->arena, text);
	}
	ares_freeaddrinfo(info);
}

int dns_resolve(struct arena *arena, const struct dns_source *source, const char *host,
                unsigned deadline_ms, struct strings *ret)
{
	static const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
		                                          .ai_socktype = SOCK_STREAM };
	struct resolution resolution = { .arena = arena, .addresses = ret };
	int64_t end = clock_ms() + deadline_ms;
	ares_channel channel;

	ret->count = 0;
	if (!dns_init() || dns_open_resolver(source, &channel) < 0)
		return -ENOMEM;
	ares_getaddrinfo(channel, host, NULL, &hints, on_addresses, &resolution);
	while (!resolution.done && clock_ms() < end)
		dns_drive(channel, end);
	ares_destroy(channel); /* calls on_addresses, if nobody has */
	if (ret->count > 0)
		return 0;
	if (resolution.status == ARES_ENOTFOUND || resolution.status == ARES_ENODATA ||
	    resolution.status == ARES_EBADNAME || resolution.status == ARES_SUCCESS)
		return -ENOENT;
	return resolution.status == ARES_ESERVFAIL || resolution.status == ARES_EREFUSED
	               ? -EREMOTEIO
	               : -ETIMEDOUT;
}

int dns_try_resolver(struct arena *arena, const struct dns_source *source, unsigned deadline_ms)
{
	struct dns_walk walk = { .arena = arena,
		                 .source = source,
		                 .end = clock_ms() + deadline_ms };
	struct dns_message message = { 0 };
	int r;

	if (!dns_init() || dns_open_resolver(source, &walk.system) < 0)
		return -ENOMEM;
	r = dns_ask(&walk, walk.system, ".", DNS_NS, &message);
	ares_destroy(walk.system);
	return r;
}
