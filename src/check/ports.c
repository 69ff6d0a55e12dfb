/* Ports of the machine. */
#include "check/families.h"

enum { SSH_PORT = 22 };

static const char *protocol(bool udp)
{
	return udp ? "udp" : "tcp";
}

/* The process before (INDEX, PORT_INDEX) that publishes the same port, or NULL. */
static const struct node_process *earlier_publisher(const struct node *node, size_t index,
                                                    size_t port_index)
{
	const struct node_port *port = &node->processes.items[index]->ports[port_index];

	for (size_t i = 0; i <= index; i++) {
		const struct node_process *other = node->processes.items[i];
		size_t count = i == index ? port_index : other->port_count;

		for (size_t n = 0; n < count; n++) {
			if (other->ports[n].port == port->port && other->ports[n].udp == port->udp)
				return other;
		}
	}
	return NULL;
}

static void check_publishers(const struct node *node, struct findings *findings)
{
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		for (size_t n = 0; n < process->port_count; n++) {
			const struct node_port *port = &process->ports[n];
			const struct node_process *other = earlier_publisher(node, i, n);

			if (other != NULL)
				diag_error(findings, "ports.publisher", port->origin.span, NULL,
				           "processes '%s' and '%s' both publish port %s/%u",
				           other->name, process->name, protocol(port->udp),
				           port->port);
			if (!port->udp && port->port == SSH_PORT)
				diag_error(findings, "ports.publisher", port->origin.span, NULL,
				           "process '%s' publishes port 22, which is ssh's",
				           process->name);
		}
	}
}

static const char *taker(const struct node *node, const struct node_open *open)
{
	if (!open->udp && open->port == SSH_PORT)
		return "ssh";
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		for (size_t n = 0; n < process->port_count; n++) {
			if (process->ports[n].port == open->port &&
			    process->ports[n].udp == open->udp)
				return process->name;
		}
	}
	return NULL;
}

static void check_open(const struct node *node, struct findings *findings)
{
	for (size_t i = 0; i < node->machine.open.count; i++) {
		const struct node_open *open = &node->machine.open.items[i];
		const char *by = taker(node, open);

		if (by != NULL)
			diag_error(findings, "ports.open", open->origin.span,
			           "leave it out, it is open already", "port %s/%u belongs to %s",
			           protocol(open->udp), open->port, by);
		for (size_t n = 0; n < i; n++) {
			const struct node_open *before = &node->machine.open.items[n];

			if (before->port != open->port || before->udp != open->udp)
				continue;
			diag_error(findings, "ports.twice", open->origin.span, NULL,
			           "port %s/%u is opened twice", protocol(open->udp), open->port);
			break;
		}
	}
}

CHECK_FAMILY(ports)
{
	(void)inputs;
	check_publishers(node, findings);
	check_open(node, findings);
}
