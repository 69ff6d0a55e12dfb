#include "agent/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct found {
	const char *public4, *public6, *private4;
};

static bool is_private4(uint32_t a)
{
	return a >> 24 == 10 || a >> 24 == 127 || a >> 20 == 0xac1 /* 172.16/12 */ ||
	       a >> 16 == 0xc0a8 /* 192.168/16 */ || a >> 16 == 0xa9fe /* 169.254/16 */ ||
	       a >> 22 == 0x191 /* 100.64/10 */;
}

static bool is_of_containers(const char *name)
{
	static const char *const prefixes[] = {
		"stead-", "docker", "podman", "cni-", "br-", "veth"
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_starts(name, prefixes[i]))
			return true;
	return false;
}

static void note(struct arena *arena, const struct ifaddrs *one, struct found *found)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (one->ifa_addr->sa_family == AF_INET) {
		memcpy(&v4, one->ifa_addr, sizeof(v4));
		const char **place =
			is_private4(ntohl(v4.sin_addr.s_addr)) ? &found->private4 : &found->public4;

		if (*place == NULL && inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text)) != NULL)
			*place = arena_strdup(arena, text);
	} else if (one->ifa_addr->sa_family == AF_INET6) {
		memcpy(&v6, one->ifa_addr, sizeof(v6));
		/* 2000::/3 is all that is routed (RFC 4291, 2.4). */
		if (found->public6 == NULL && v6.sin6_addr.s6_addr[0] >> 5 == 1 &&
		    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text)) != NULL)
			found->public6 = arena_strdup(arena, text);
	}
}

struct own_addresses addresses_own(struct arena *arena)
{
	struct found found = { 0 };
	struct ifaddrs *all = NULL;
	struct text text, records;

	if (getifaddrs(&all) == 0) {
		for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
			if (one->ifa_addr != NULL && (one->ifa_flags & IFF_LOOPBACK) == 0 &&
			    !is_of_containers(one->ifa_name))
				note(arena, one, &found);
		freeifaddrs(all);
	}
	text_init(&text, arena);
	text_init(&records, arena);
	if (found.public4 != NULL) {
		text_addf(&text, "%s", found.public4);
		text_addf(&records, "an A record with %s", found.public4);
	} else if (found.public6 == NULL) {
		text_addf(&text, "this machine's public address");
		text_addf(&records, "an A record with this machine's public address");
		if (found.private4 != NULL) {
			text_addf(&text, " (the machine itself knows only %s)", found.private4);
			text_addf(&records, " (the machine itself knows only %s)", found.private4);
		}
	}
	if (found.public6 != NULL) {
		text_addf(&text, "%s%s", text.len > 0 ? " and " : "", found.public6);
		text_addf(&records, "%san AAAA record with %s", records.len > 0 ? " and " : "",
		          found.public6);
	}
	return (struct own_addresses){ text.data, records.data };
}
