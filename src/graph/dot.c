/*
 * The picture in graphviz's language. Who comes in stands on the left. Solid lines are connections
 * from outside, dashed ones networks, dotted ones volumes, and grey ones the order of starting.
 */
#include "graph/graph.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* A quoted string. Values never hold line breaks: output_line() would refuse them. */
static const char *quote(struct arena *arena, const char *s)
{
	struct text text;

	text_init(&text, arena);
	text_addc(&text, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			text_addc(&text, '\\');
		text_addc(&text, *s);
	}
	text_addc(&text, '"');
	return text.data;
}

static const char *id(struct arena *arena, const char *kind, const char *name)
{
	return quote(arena, arena_printf(arena, "%s %s", kind, name));
}

static void add_processes(const struct node *node, struct output *out)
{
	struct arena *arena = node->arena;

	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];
		const char *name = process->name;

		if (process->port != 0)
			name = arena_printf(arena, "%s:%u", name, process->port);
		output_line(out, process->origin, "  %s [label=%s, shape=box, style=%s];",
		            id(arena, "process", process->name), quote(arena, name),
		            process->group == NODE_GROUP_DATA ? "filled" : "rounded");
	}
}

static void add_networks(const struct node *node, struct output *out)
{
	struct arena *arena = node->arena;

	for (size_t n = 0; n < NODE_NET_COUNT; n++) {
		const struct node_network *network = &node->networks[n];
		const char *net = id(arena, "network", network->name);

		output_line(out, network->origin, "  %s [label=%s, shape=ellipse, style=dashed];",
		            net, quote(arena, network->name));
		for (size_t i = 0; i < node->processes.count; i++) {
			const struct node_process *process = node->processes.items[i];

			if (process->networks[n])
				output_line(out, process->origin,
				            "  %s -> %s [style=dashed, dir=none];",
				            id(arena, "process", process->name), net);
		}
		if (!network->internal && node->reach != NODE_REACH_QUARANTINED)
			output_line(out, network->origin, "  %s -> \"the world\" [style=dashed];",
			            net);
	}
}

static void add_volumes(const struct node *node, struct output *out)
{
	struct arena *arena = node->arena;

	for (size_t v = 0; v < node->volumes.count; v++) {
		const struct node_volume *volume = node->volumes.items[v];

		output_line(out, volume->origin, "  %s [label=%s, shape=cylinder];",
		            id(arena, "volume", volume->path), quote(arena, volume->name));
	}
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		for (size_t m = 0; m < process->mounts.count; m++) {
			const struct node_mount *mount = &process->mounts.items[m];

			if (mount->volume != NULL)
				output_line(out, mount->origin,
				            "  %s -> %s [label=%s, style=dotted%s];",
				            id(arena, "process", process->name),
				            id(arena, "volume", mount->volume->path),
				            quote(arena, mount->target),
				            mount->read_only ? ", dir=back" : "");
		}
	}
}

static void add_ports(const struct node *node, struct output *out)
{
	struct arena *arena = node->arena;

	output_line(out, origin_rule("graph.form"), "  \"the machine\" [shape=box];");
	output_line(out, origin_rule("firewall.ssh"),
	            "  \"the world\" -> \"the machine\" [label=\"tcp/22\"];");
	for (size_t i = 0; i < node->machine.open.count; i++) {
		const struct node_open *open = &node->machine.open.items[i];

		output_line(out, open->origin, "  \"the world\" -> \"the machine\" [label=%s];",
		            quote(arena, graph_open(arena, open)));
	}
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];
		const char *proxy = id(arena, "process", process->name);

		for (size_t p = 0; p < process->port_count; p++)
			output_line(out, process->ports[p].origin,
			            "  \"the world\" -> %s [label=%s];", proxy,
			            quote(arena, graph_port(arena, process->ports[p].port,
			                                    process->ports[p].udp)));
		for (size_t r = 0; process->port_count > 0 && r < node->routes.count; r++) {
			const struct node_route *route = &node->routes.items[r];

			if (route->bucket != NULL)
				output_line(out, route->origin, "  %s -> %s [label=%s];", proxy,
				            id(arena, "bucket", route->bucket->name),
				            quote(arena, route->host));
			if (route->process == NULL)
				continue; /* answered by the proxy itself */
			output_line(out, route->origin, "  %s -> %s [label=%s];", proxy,
			            id(arena, "process", route->process->name),
			            quote(arena,
			                  arena_printf(arena, "%s%s", route->host, route->path)));
		}
	}
}

/* Left to right is who calls whom; the order must not bend that, so it does not count for ranks. */
static void add_order(const struct node *node, struct output *out)
{
	struct arena *arena = node->arena;

	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		for (size_t a = 0; a < process->after.count; a++)
			output_line(out, process->origin,
			            "  %s -> %s [label=\"then\", color=grey, constraint=false];",
			            id(arena, "process", process->after.items[a]),
			            id(arena, "process", process->name));
	}
	for (size_t i = 0; i < node->jobs.count; i++) {
		const struct node_job *job = node->jobs.items[i];

		output_line(out, job->origin, "  %s [label=%s, shape=note];",
		            id(arena, "job", job->name), quote(arena, graph_job(arena, job)));
		if (job->process->group == NODE_GROUP_TOOL)
			continue; /* it has no box of its own */
		if (graph_is_before_start(job))
			output_line(out, job->origin, "  %s -> %s [label=\"then\", color=grey];",
			            id(arena, "job", job->name),
			            id(arena, "process", job->process->name));
		else
			output_line(out, job->origin, "  %s -> %s [label=\"then\", color=grey];",
			            id(arena, "process", job->process->name),
			            id(arena, "job", job->name));
	}
}

struct output *graph_dot(const struct node *node)
{
	struct output_set *set = output_set_new(node->arena, node->secret_arena);
	struct output *out = output_file(set, "/graph.dot", 0644, 0, origin_rule("graph.form"));

	assert(node->frozen);
	output_line(out, node->domain.origin, "digraph %s {", quote(node->arena, node->domain.v));
	output_line(out, origin_rule("graph.form"), "  rankdir=LR;");
	output_line(out, origin_rule("graph.form"), "  \"the world\" [shape=doublecircle];");
	add_processes(node, out);
	add_ports(node, out);
	add_networks(node, out);
	add_volumes(node, out);
	add_order(node, out);
	output_line(out, origin_rule("graph.form"), "}");
	return out;
}
