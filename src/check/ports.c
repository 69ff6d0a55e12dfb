/* Ports of the machine. */
#include "check/families.h"

#include "base/text.h"

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

static bool holds(const struct node_open *open, bool udp, unsigned port)
{
	return open->udp == udp && open->first <= port && port <= open->last;
}

/* The port in OPEN that somebody has already, and who. */
static const char *taker(const struct node *node, const struct node_open *open, unsigned *ret_port)
{
	*ret_port = SSH_PORT;
	if (holds(open, false, SSH_PORT))
		return "ssh";
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		for (size_t n = 0; n < process->port_count; n++) {
			*ret_port = process->ports[n].port;
			if (holds(open, process->ports[n].udp, *ret_port))
				return process->name;
		}
	}
	return NULL;
}

/* One of the two says nothing that the other does not: the same ports for the same machines, or for
 * everybody. */
static bool overlap(const struct node_open *a, const struct node_open *b)
{
	return a->udp == b->udp && a->first <= b->last && b->first <= a->last &&
	       (a->from == NULL || b->from == NULL || str_equal(a->from, b->from));
}

static void check_open(const struct node *node, struct findings *findings)
{
	for (size_t i = 0; i < node->machine.open.count; i++) {
		const struct node_open *open = &node->machine.open.items[i];
		unsigned port;
		const char *by = taker(node, open, &port);

		if (by != NULL)
			diag_error(findings, "ports.open", open->origin.span,
			           "leave it out, it is open already", "port %s/%u belongs to %s",
			           protocol(open->udp), port, by);
		for (size_t n = 0; n < i; n++) {
			const struct node_open *before = &node->machine.open.items[n];

			if (!overlap(before, open))
				continue;
			diag_error(findings, "ports.twice", open->origin.span, NULL,
			           "port %s/%u is opened twice", protocol(open->udp),
			           before->first > open->first ? before->first : open->first);
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
