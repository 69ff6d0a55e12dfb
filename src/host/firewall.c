/*
 * /etc/stead/firewall.nft: a table of its own, replaced in one transaction. Others' tables (the
 * engine's, the distribution's) are left alone; a packet must pass all of them, so a drop here
 * holds whatever they allow.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <arpa/inet.h>
#include <string.h>

/* Where clouds answer any process with the machine's credentials. */
static const char *const metadata4[] = {
	"169.254.0.0/16",  /* nearly all: 169.254.169.254 */
	"100.100.100.200", /* Alibaba Cloud */
	"192.0.0.192",     /* Oracle Cloud */
};
static const char *const metadata6[] = {
	"fd00:ec2::254", /* AWS */
};

/* RFC 1918, RFC 6598, RFC 6890, RFC 2544; RFC 4193 and RFC 4291. */
static const char *const private4[] = {
	"0.0.0.0/8",     "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",
	"172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",
};
static const char *const private6[] = { "::1", "fc00::/7", "fe80::/10" };

#define LINE(file, rule, ...) output_line((file), origin_rule(rule), __VA_ARGS__)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void address_set(struct host_context *host, struct output *file, const char *name,
                        const char *type, const char *const *items, size_t count)
{
	struct text text;

	text_init(&text, host->set->arena);
	for (size_t i = 0; i < count; i++)
		text_addf(&text, "%s%s", i > 0 ? ", " : "", items[i]);
	LINE(file, "firewall.addresses", "\tset %s {", name);
	LINE(file, "firewall.addresses", "\t\ttype %s", type);
	LINE(file, "firewall.addresses", "\t\tflags interval");
	LINE(file, "firewall.addresses", "\t\tauto-merge");
	LINE(file, "firewall.addresses", "\t\telements = { %s }", text.data);
	LINE(file, "firewall.addresses", "\t}");
}

/* The mail server, when the settings name it by address: containers may reach it wherever it is. */
static void allow_settings(struct host_context *host, struct output *file)
{
	const struct settings *settings = host->node->settings;
	const struct settings_mail *mail = settings != NULL ? &settings->mail : NULL;
	unsigned char address[16];
	struct origin origin;

	if (mail == NULL || mail->host.v == NULL || !mail->port.given)
		return;
	origin = origin_at(mail->host.at);
	if (inet_pton(AF_INET, mail->host.v, address) == 1)
		output_line(file, origin,
		            "\t\tiifname \"stead-*\" ip daddr %s tcp dport %ld accept",
		            mail->host.v, mail->port.v);
	else if (inet_pton(AF_INET6, mail->host.v, address) == 1)
		output_line(file, origin,
		            "\t\tiifname \"stead-*\" ip6 daddr %s tcp dport %ld accept",
		            mail->host.v, mail->port.v);
}

/* The machine's own name servers are often private ones: a router's, a provider's. docker asks them
 * from inside a container's network (moby, libnetwork/resolver.go), podman from the machine. */
static void name_servers(struct host_context *host, struct output *file)
{
	if (host->engine == NULL || !host->engine->guests_ask_names) /* NULL: only the base */
		return;
	LINE(file, "firewall.names",
	     "\t\tiifname \"stead-*\" ip daddr @private4 meta l4proto { tcp, udp } th dport 53 "
	     "accept");
	LINE(file, "firewall.names",
	     "\t\tiifname \"stead-*\" ip6 daddr @private6 meta l4proto { tcp, udp } th dport 53 "
	     "accept");
}

/* Only answers leave the machine: no mail, no federation, no name server but the engine's. */
static void quarantine(struct host_context *host, struct output *file)
{
	struct origin origin = host->node->reach_origin;

	if (origin.rule == NULL)
		origin.rule = "firewall.quarantine";
	output_line(file, origin, "\t\tiifname \"stead-*\" drop");
}

/* What containers may reach, and be reached by. */
static void forward_chain(struct host_context *host, struct output *file)
{
	const struct node *node = host->node;
	static const char *const guests = "iifname \"stead-*\"";

	LINE(file, "firewall.forward", "\tchain forward {");
	LINE(file, "firewall.forward", "\t\ttype filter hook forward priority -10; policy accept;");
	LINE(file, "firewall.forward", "\t\tct state established,related accept");
	for (size_t i = 0; i < NODE_NET_COUNT; i++)
		LINE(file, "firewall.same-network", "\t\tiifname \"%s\" oifname \"%s\" accept",
		     node->networks[i].name, node->networks[i].name);
	LINE(file, "firewall.between", "\t\t%s oifname \"stead-*\" drop", guests);
	/* A neighbour on the LAN can route packets for a container's address to this machine. */
	LINE(file, "firewall.direct", "\t\toifname \"stead-*\" ct status dnat accept");
	LINE(file, "firewall.direct", "\t\toifname \"stead-*\" drop");
	if (node->reach == NODE_REACH_QUARANTINED) {
		quarantine(host, file);
		LINE(file, "firewall.forward", "\t}");
		return;
	}
	LINE(file, "firewall.metadata",
	     "\t\t%s ip daddr @metadata4 meta l4proto { tcp, udp } th dport 53 accept", guests);
	LINE(file, "firewall.metadata", "\t\t%s ip daddr @metadata4 drop", guests);
	LINE(file, "firewall.metadata",
	     "\t\t%s ip6 daddr @metadata6 meta l4proto { tcp, udp } th dport 53 accept", guests);
	LINE(file, "firewall.metadata", "\t\t%s ip6 daddr @metadata6 drop", guests);
	LINE(file, "firewall.metadata",
	     "\t\t%s ip daddr 168.63.129.16 tcp dport { 80, 32526 } drop", guests);
	if (node->machine.lan_allowed) {
		output_line(file, node->machine.lan_origin, "\t\t# private addresses: allowed");
	} else {
		allow_settings(host, file);
		name_servers(host, file);
		output_line(file, node->machine.lan_origin, "\t\t%s ip daddr @private4 drop",
		            guests);
		output_line(file, node->machine.lan_origin, "\t\t%s ip6 daddr @private6 drop",
		            guests);
	}
	LINE(file, "firewall.forward", "\t}");
}

/* What reaches the machine itself from its containers: names, and what IPv6 cannot live without. */
static void guests_chain(struct output *file)
{
	LINE(file, "firewall.guests", "\tchain guests {");
	LINE(file, "firewall.guests", "\t\tmeta l4proto { tcp, udp } th dport 53 accept");
	LINE(file, "firewall.guests",
	     "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, "
	     "mld-listener-report, mld2-listener-report } accept");
	LINE(file, "firewall.guests", "\t\tdrop");
	LINE(file, "firewall.guests", "\t}");
}

static void open_ports(struct output *file, const struct node_open *open)
{
	const char *protocol = open->udp ? "udp" : "tcp";

	if (open->from != NULL && open->first == open->last)
		output_line(file, open->origin, "\t\t%s saddr %s %s dport %u accept",
		            open->from_v6 ? "ip6" : "ip", open->from, protocol, open->first);
	else if (open->from != NULL)
		output_line(file, open->origin, "\t\t%s saddr %s %s dport %u-%u accept",
		            open->from_v6 ? "ip6" : "ip", open->from, protocol, open->first,
		            open->last);
	else if (open->first == open->last)
		output_line(file, open->origin, "\t\t%s dport %u accept", protocol, open->first);
	else
		output_line(file, open->origin, "\t\t%s dport %u-%u accept", protocol, open->first,
		            open->last);
}

static void published_ports(struct host_context *host, struct output *file)
{
	const struct node *node = host->node;

	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		for (size_t j = 0; j < process->port_count; j++)
			output_line(file, process->ports[j].origin, "\t\t%s dport %u accept",
			            process->ports[j].udp ? "udp" : "tcp", process->ports[j].port);
	}
	for (size_t i = 0; i < node->machine.open.count; i++)
		open_ports(file, &node->machine.open.items[i]);
}

/* What may reach the machine itself. Established first: a reload never cuts an ssh session. */
static void input_chain(struct host_context *host, struct output *file)
{
	LINE(file, "firewall.input", "\tchain input {");
	LINE(file, "firewall.input", "\t\ttype filter hook input priority filter; policy drop;");
	LINE(file, "firewall.input", "\t\tct state established,related accept");
	LINE(file, "firewall.input", "\t\tct state invalid drop");
	LINE(file, "firewall.input", "\t\tiifname \"lo\" accept");
	LINE(file, "firewall.guests", "\t\tiifname \"stead-*\" jump guests");
	LINE(file, "firewall.input", "\t\tmeta l4proto { icmp, icmpv6 } accept");
	LINE(file, "firewall.dhcp", "\t\tudp sport 67 udp dport 68 accept");
	LINE(file, "firewall.dhcp", "\t\tip6 saddr fe80::/10 udp sport 547 udp dport 546 accept");
	LINE(file, "firewall.ssh", "\t\ttcp dport 22 accept");
	published_ports(host, file);
	LINE(file, "firewall.input", "\t}");
}

void host_firewall(struct host_context *host)
{
	struct output *file =
		output_file(host->set, HOST_FIREWALL_PATH, 0644, 0, origin_rule("firewall.table"));

	host_banner(file, "#");
	/* First of all there must be a table to delete; nft applies a file as a whole. */
	LINE(file, "firewall.table", "table inet stead");
	LINE(file, "firewall.table", "delete table inet stead");
	LINE(file, "firewall.table", "table inet stead {");
	address_set(host, file, "metadata4", "ipv4_addr", metadata4, COUNT(metadata4));
	address_set(host, file, "metadata6", "ipv6_addr", metadata6, COUNT(metadata6));
	address_set(host, file, "private4", "ipv4_addr", private4, COUNT(private4));
	address_set(host, file, "private6", "ipv6_addr", private6, COUNT(private6));
	forward_chain(host, file);
	guests_chain(file);
	input_chain(host, file);
	LINE(file, "firewall.table", "}");
}
