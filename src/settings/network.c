/* machine.network: interfaces whose addresses do not come from DHCP. */
#include "settings/internal.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct wish { /* one entry, as far as it could be read */
	const struct settings_interface *from;
	bool has_address, has_gateway;
	struct settings_address address, gateway;
};

static void refuse(struct settings_checker *c, const struct value_text *value, const char *hint,
                   const char *problem)
{
	diag_error(c->findings, "settings.value", value->at, hint, "'%s' %s", value->v, problem);
}

bool settings_is_mac(const char *s)
{
	for (size_t i = 0; i < 17; i++) {
		bool hex = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f') ||
		           (s[i] >= 'A' && s[i] <= 'F');

		if (i % 3 == 2 ? s[i] != ':' : !hex)
			return false;
	}
	return s[17] == '\0';
}

/* The kernel takes 15 bytes and nearly any of them (dev_valid_name()); these are what drivers and
 * udev give. */
static bool is_interface_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";

	return s[0] != '\0' && s[0] != '.' && s[0] != '-' && strlen(s) <= 15 &&
	       s[strspn(s, allowed)] == '\0';
}

static void check_interface(struct settings_checker *c, const struct value_text *name)
{
	if (settings_is_mac(name->v))
		return;
	if (!is_interface_name(name->v))
		refuse(c, name,
		       "its name like ens3, or its hardware address like 52:54:00:12:34:56",
		       "is not a network interface");
	else if (str_equal(name->v, "lo") || str_starts(name->v, "stead-") ||
	         str_equal(name->v, "docker0") || str_starts(name->v, "podman"))
		refuse(c, name, NULL, "is not an interface to the outside");
}

/* The first or the last of a network, which no machine can have. */
static bool is_edge(const struct settings_address *a)
{
	bool zeros = true, ones = true;

	if (a->v6 || a->bits >= 31)
		return false;
	for (unsigned bit = a->bits; bit < 32; bit++) {
		bool set = (a->bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;

		zeros &= !set;
		ones &= set;
	}
	return zeros || ones;
}

/* Loopback, multicast, unspecified, link-local: nothing another machine reaches this one by. */
static bool is_special(const struct settings_address *a)
{
	static const unsigned char none[16];

	if (!a->v6)
		return a->bytes[0] == 0 || a->bytes[0] == 127 || a->bytes[0] >= 224 ||
		       (a->bytes[0] == 169 && a->bytes[1] == 254);
	return a->bytes[0] == 0xff || settings_address_is_link_local(a) ||
	       (memcmp(a->bytes, none, 15) == 0 && a->bytes[15] <= 1);
}

static void read_address(struct settings_checker *c, struct wish *w)
{
	const struct value_text *text = &w->from->address;

	if (!settings_address_parse(text->v, &w->address))
		refuse(c, text, "like 192.0.2.10/24 or 2001:db8::10/64", "is not an address");
	else if (!w->address.has_bits || w->address.bits == 0)
		refuse(c, text, "like 192.0.2.10/24 or 2001:db8::10/64",
		       "lacks the length of its network's prefix");
	else if (is_special(&w->address))
		refuse(c, text, NULL, "is an address that no interface is given");
	else if (is_edge(&w->address))
		refuse(c, text, "the machine's own address and the prefix length",
		       "is the network, not an address in it");
	else
		w->has_address = true;
}

/* An address that has its network for itself (/32, /128) is routed to by a gateway elsewhere, which
 * must then be on the same wire; clouds do so. */
static void read_gateway(struct settings_checker *c, struct wish *w)
{
	const struct value_text *text = &w->from->gateway;
	struct settings_address *gateway = &w->gateway;

	if (text->v == NULL)
		return;
	if (!settings_address_parse(text->v, gateway) || gateway->has_bits) {
		refuse(c, text, "an address alone, like 192.0.2.1",
		       "is not the address of a router");
		return;
	}
	if (!w->has_address)
		return;
	if (gateway->v6 != w->address.v6)
		refuse(c, text, "each entry is of one kind: write another entry for the other",
		       "and the address are not both IPv4 or both IPv6");
	else if (settings_address_equal(gateway, &w->address))
		refuse(c, text, NULL, "is the machine's own address");
	else if (!settings_address_in(gateway, &w->address) &&
	         w->address.bits < (w->address.v6 ? 128 : 32) &&
	         !settings_address_is_link_local(gateway))
		refuse(c, text,
		       arena_printf(c->findings->arena, "is the prefix length of '%s' right?",
		                    w->from->address.v),
		       "lies outside the network of the address");
	else
		w->has_gateway = true;
}

static void check_dns(struct settings_checker *c, const struct value_list *dns)
{
	for (size_t i = 0; i < dns->count; i++) {
		struct settings_address address;

		if (!settings_address_parse(dns->items[i].v, &address) || address.has_bits)
			refuse(c, &dns->items[i], "like 192.0.2.53",
			       "is not the address of a name server");
	}
}

/* Against those before it. */
static void check_twice(struct settings_checker *c, const struct wish *wishes, size_t index)
{
	const struct wish *w = &wishes[index];

	for (size_t i = 0; i < index; i++) {
		const struct wish *before = &wishes[i];

		if (w->has_address && before->has_address &&
		    settings_address_equal(&w->address, &before->address)) {
			refuse(c, &w->from->address, NULL, "is given twice");
			return;
		}
		if (w->has_gateway && before->has_gateway && w->gateway.v6 == before->gateway.v6) {
			bool same =
				settings_address_equal(&w->gateway, &before->gateway) &&
				strcasecmp(w->from->interface.v, before->from->interface.v) == 0;

			if (same)
				continue;
			refuse(c, &w->from->gateway, "one way out for IPv4, one for IPv6",
			       "is a second way out");
			return;
		}
	}
}

void settings_check_network(struct settings_checker *c, const struct schema_array *network)
{
	const struct settings_interface *items = network->items;
	struct wish *wishes = arena_array(c->arena, network->count + 1, sizeof(*wishes));

	for (size_t i = 0; i < network->count; i++) {
		wishes[i].from = &items[i];
		if (items[i].interface.v == NULL || items[i].address.v == NULL)
			continue; /* the schema has said so */
		check_interface(c, &items[i].interface);
		read_address(c, &wishes[i]);
		read_gateway(c, &wishes[i]);
		check_dns(c, &items[i].dns);
		check_twice(c, wishes, i);
	}
}
