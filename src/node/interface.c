/* machine.network: entries of one interface become one. */
#include "node/build.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* As the kernel prints it: hardware addresses are the same in either case. */
static const char *plain_name(struct arena *arena, const char *s)
{
	char *name = arena_strdup(arena, s);

	if (!settings_is_mac(s))
		return s;
	for (char *p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return name;
}

static struct node_interface *interface_of(struct build *b, const struct value_text *given)
{
	const char *name = plain_name(b->arena, given->v);
	struct node_interface *interface;

	for (size_t i = 0; i < b->node->machine.interfaces.count; i++)
		if (str_equal(b->node->machine.interfaces.items[i].name, name))
			return &b->node->machine.interfaces.items[i];
	interface = list_add(b->arena, &b->node->machine.interfaces);
	interface->name = name;
	interface->is_mac = settings_is_mac(name);
	interface->origin = origin_at(given->at);
	return interface;
}

static void add_gateway(struct build *b, struct node_interface *interface,
                        const struct value_text *given, const struct settings_address *address)
{
	struct settings_address gateway;

	if (given->v == NULL || !settings_address_parse(given->v, &gateway))
		return;
	for (size_t i = 0; i < interface->gateways.count; i++)
		if (interface->gateways.items[i].v6 == gateway.v6)
			return; /* the same again */
	*list_add(b->arena, &interface->gateways) = (struct node_gateway){
		.v = given->v,
		.v6 = gateway.v6,
		.on_link = !settings_address_in(&gateway, address) &&
		           !settings_address_is_link_local(&gateway),
		.origin = origin_at(given->at),
	};
}

static void add_dns(struct build *b, struct node_interface *interface,
                    const struct value_text *given)
{
	struct settings_address address;

	if (!settings_address_parse(given->v, &address))
		return;
	for (size_t i = 0; i < interface->dns.count; i++)
		if (str_equal(interface->dns.items[i].v, given->v))
			return;
	*list_add(b->arena, &interface->dns) = (struct node_address){
		.v = given->v, .v6 = address.v6, .origin = origin_at(given->at)
	};
}

/* What cannot be read has been reported with the settings. */
void build_interfaces(struct build *b)
{
	const struct schema_array *network = &b->settings->machine.network;
	const struct settings_interface *items = network->items;

	for (size_t i = 0; i < network->count; i++) {
		const struct settings_interface *from = &items[i];
		struct settings_address address;
		struct node_interface *to;

		if (from->interface.v == NULL || from->address.v == NULL ||
		    !settings_address_parse(from->address.v, &address))
			continue;
		to = interface_of(b, &from->interface);
		*list_add(b->arena, &to->addresses) = (struct node_address){
			.v = from->address.v,
			.v6 = address.v6,
			.origin = origin_at(from->address.at),
		};
		add_gateway(b, to, &from->gateway, &address);
		for (size_t k = 0; k < from->dns.count; k++)
			add_dns(b, to, &from->dns.items[k]);
	}
}
