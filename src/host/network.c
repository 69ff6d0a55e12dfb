/*
 * machine.network: NetworkManager's keyfiles on fcos, networkd's files on flatcar. Machines that
 * were there before keep the network they are reached by.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#define NETWORKD_DIR "/etc/systemd/network/"
#define NM_DIR "/etc/NetworkManager/system-connections/"

static bool has_address(const struct node_interface *interface, bool v6)
{
	for (size_t i = 0; i < interface->addresses.count; i++)
		if (interface->addresses.items[i].v6 == v6)
			return true;
	return false;
}

/* A name for files: hardware addresses without colons. */
static const char *file_name(struct arena *arena, const struct node_interface *interface)
{
	char *name = arena_strdup(arena, interface->name);

	for (char *p = name; *p != '\0'; p++)
		if (*p == ':')
			*p = '-';
	return name;
}

/* --- networkd: systemd.network(5) --- */

static void networkd_match(struct output *file, const struct node_interface *interface)
{
	output_line(file, interface->origin, "[Match]");
	if (!interface->is_mac) {
		output_line(file, interface->origin, "Name=%s", interface->name);
		return;
	}
	output_line(file, interface->origin, "MACAddress=%s", interface->name);
	/* A bridge or a VLAN on it has the same. */
	output_line(file, origin_rule("network.automatic"), "Type=ether");
	output_line(file, origin_rule("network.automatic"), "Kind=!*");
}

static void networkd_file(struct host_context *host, const struct node_interface *interface)
{
	/* The first file that fits decides; flatcar's own begin with yy- and zz-. */
	const char *path = arena_printf(host->set->arena, NETWORKD_DIR "00-stead-%s.network",
	                                file_name(host->set->arena, interface));
	struct output *file = output_file(host->set, path, 0644, 0, interface->origin);
	struct origin rule = origin_rule("network.automatic");

	host_banner(file, "#");
	networkd_match(file, interface);
	output_line(file, interface->origin, "[Network]");
	for (size_t i = 0; i < interface->addresses.count; i++)
		output_line(file, interface->addresses.items[i].origin, "Address=%s",
		            interface->addresses.items[i].v);
	for (size_t i = 0; i < interface->dns.count; i++)
		output_line(file, interface->dns.items[i].origin, "DNS=%s",
		            interface->dns.items[i].v);
	output_line(file, rule, "DHCP=%s", has_address(interface, false) ? "no" : "ipv4");
	output_line(file, rule, "IPv6AcceptRA=%s", has_address(interface, true) ? "no" : "yes");
	for (size_t i = 0; i < interface->gateways.count; i++) {
		const struct node_gateway *gateway = &interface->gateways.items[i];

		output_line(file, gateway->origin, "[Route]");
		output_line(file, gateway->origin, "Gateway=%s", gateway->v);
		if (gateway->on_link)
			output_line(file, gateway->origin, "GatewayOnLink=yes");
	}
}

/* --- NetworkManager: nm-settings-keyfile(5) --- */

static void keyfile_kind(struct output *file, const struct node_interface *interface, bool v6)
{
	size_t count = 0;

	output_line(file, interface->origin, "[%s]", v6 ? "ipv6" : "ipv4");
	output_line(file, origin_rule("network.automatic"), "method=%s",
	            has_address(interface, v6) ? "manual" : "auto");
	for (size_t i = 0; i < interface->addresses.count; i++) {
		const struct node_address *address = &interface->addresses.items[i];

		if (address->v6 == v6)
			output_line(file, address->origin, "address%zu=%s", ++count, address->v);
	}
	for (size_t i = 0; i < interface->gateways.count; i++) {
		const struct node_gateway *gateway = &interface->gateways.items[i];

		/* One that is outside the network is taken to be on the wire. */
		if (gateway->v6 == v6)
			output_line(file, gateway->origin, "gateway=%s", gateway->v);
	}
}

static void keyfile_dns(struct host_context *host, struct output *file,
                        const struct node_interface *interface, bool v6)
{
	struct origin origin = { 0 };
	struct text list;

	text_init(&list, host->set->arena);
	for (size_t i = 0; i < interface->dns.count; i++) {
		if (interface->dns.items[i].v6 != v6)
			continue;
		origin = interface->dns.items[i].origin;
		text_addf(&list, "%s;", interface->dns.items[i].v);
	}
	if (list.len > 0)
		output_line(file, origin, "dns=%s", list.data);
}

/* NetworkManager does not read a keyfile that others can. */
static void keyfile(struct host_context *host, const struct node_interface *interface)
{
	const char *name = file_name(host->set->arena, interface);
	const char *path = arena_printf(host->set->arena, NM_DIR "stead-%s.nmconnection", name);
	struct output *file = output_file(host->set, path, 0600, 0, interface->origin);

	host_banner(file, "#");
	output_line(file, interface->origin, "[connection]");
	output_line(file, interface->origin, "id=stead-%s", name);
	output_line(file, interface->origin, "type=ethernet");
	if (!interface->is_mac)
		output_line(file, interface->origin, "interface-name=%s", interface->name);
	output_line(file, interface->origin, "[ethernet]");
	if (interface->is_mac)
		output_line(file, interface->origin, "mac-address=%s", interface->name);
	for (int v6 = 0; v6 < 2; v6++) {
		keyfile_kind(file, interface, v6 != 0);
		keyfile_dns(host, file, interface, v6 != 0);
	}
}

void host_network(struct host_context *host)
{
	const struct node_machine *machine = &host->node->machine;

	for (size_t i = 0; i < machine->interfaces.count; i++) {
		if (str_equal(machine->os, "flatcar"))
			networkd_file(host, &machine->interfaces.items[i]);
		else if (str_equal(machine->os, "fcos"))
			keyfile(host, &machine->interfaces.items[i]);
	}
}
