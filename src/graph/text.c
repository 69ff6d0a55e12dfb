/* The tree for a terminal. */
#include "graph/graph.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct item {
	unsigned depth; /* 0: a heading */
	const char *text;
	struct origin origin;
};

struct tree {
	struct arena *arena;
	const struct node *node;
	LIST_OF(struct item);
};

__attribute__((format(printf, 4, 5))) static void add(struct tree *tree, unsigned depth,
                                                      struct origin origin, const char *format, ...)
{
	struct item *item = list_add(tree->arena, tree);
	va_list args;

	va_start(args, format);
	*item = (struct item){ depth, arena_vprintf(tree->arena, format, args), origin };
	va_end(args);
}

/* -- what comes in -- */

static const char *published(struct arena *arena, const struct node_process *process)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < process->port_count; i++)
		text_addf(&text, "%s%s", i == 0 ? "" : ", ",
		          graph_port(arena, process->ports[i].port, process->ports[i].udp));
	return text.data;
}

static const char *without_process(struct arena *arena, const struct node_route *route)
{
	if (route->bucket != NULL)
		return arena_printf(arena, "the bucket '%s' at %s", route->bucket->name,
		                    route->bucket->url);
	return route->redirect != NULL ? route->redirect : "nothing";
}

static void add_ports(struct tree *tree)
{
	const struct node *node = tree->node;

	add(tree, 0, origin_rule("graph.form"), "ports");
	add(tree, 1, origin_rule("firewall.ssh"), "tcp/22 to the machine: ssh");
	for (size_t i = 0; i < node->machine.open.count; i++) {
		const struct node_open *open = &node->machine.open.items[i];

		add(tree, 1, open->origin, "%s to the machine", graph_open(tree->arena, open));
	}
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		if (process->port_count == 0)
			continue;
		add(tree, 1, process->ports[0].origin, "%s to %s", published(tree->arena, process),
		    process->name);
		for (size_t r = 0; r < node->routes.count; r++) {
			const struct node_route *route = &node->routes.items[r];

			if (route->process == NULL)
				add(tree, 2, route->origin, "%s%s to %s", route->host, route->path,
				    without_process(tree->arena, route));
			else
				add(tree, 2, route->origin, "%s%s to %s:%u", route->host,
				    route->path, route->process->name, route->process->port);
		}
	}
}

/* -- who meets whom -- */

static const char *way_out(const struct node *node, const struct node_network *network)
{
	if (network->internal)
		return "no way out";
	if (node->reach == NODE_REACH_QUARANTINED)
		return "no way out: quarantined";
	return node->machine.lan_allowed ? "to the world and the LAN" : "to the world";
}

static void add_networks(struct tree *tree)
{
	const struct node *node = tree->node;

	add(tree, 0, origin_rule("graph.form"), "networks");
	for (size_t n = 0; n < NODE_NET_COUNT; n++) {
		const struct node_network *network = &node->networks[n];

		add(tree, 1, network->origin, "%s (%s) %s %s", network->name,
		    way_out(node, network), network->subnet4, network->subnet6);
		for (size_t i = 0; i < node->processes.count; i++) {
			const struct node_process *process = node->processes.items[i];

			if (!process->networks[n])
				continue;
			if (process->port != 0)
				add(tree, 2, process->origin, "%s:%u", process->name,
				    process->port);
			else
				add(tree, 2, process->origin, "%s", process->name);
		}
	}
}

/* -- what lasts -- */

static void add_volumes(struct tree *tree)
{
	static const char *const classes[] = {
		[NODE_PRECIOUS] = "precious",
		[NODE_REBUILDABLE] = "rebuildable",
		[NODE_CACHE] = "cache",
	};
	const struct node *node = tree->node;

	add(tree, 0, origin_rule("graph.form"), "volumes");
	for (size_t v = 0; v < node->volumes.count; v++) {
		const struct node_volume *volume = node->volumes.items[v];

		add(tree, 1, volume->origin, "%s (%s, %u:%u) %s", volume->name,
		    classes[volume->class], volume->uid, volume->gid, volume->path);
		for (size_t i = 0; i < node->processes.count; i++) {
			const struct node_process *process = node->processes.items[i];

			for (size_t m = 0; m < process->mounts.count; m++) {
				const struct node_mount *mount = &process->mounts.items[m];

				if (mount->volume == volume)
					add(tree, 2, mount->origin, "%s at %s%s", process->name,
					    mount->target, mount->read_only ? ", read-only" : "");
			}
		}
	}
}

/* -- what comes after what -- */

static void add_jobs(struct tree *tree, bool before_start)
{
	const struct node *node = tree->node;

	for (size_t i = 0; i < node->jobs.count; i++) {
		const struct node_job *job = node->jobs.items[i];

		if (graph_is_before_start(job) == before_start)
			add(tree, 2, job->origin, "%s (as %s)", graph_job(tree->arena, job),
			    job->process->name);
	}
}

static void add_processes(struct tree *tree, enum node_group group)
{
	struct graph_processes ordered = graph_order(tree->node, group);

	for (size_t i = 0; i < ordered.count; i++) {
		const struct node_process *process = ordered.items[i];
		struct text after;

		text_init(&after, tree->arena);
		for (size_t a = 0; a < process->after.count; a++)
			text_addf(&after, "%s%s", a == 0 ? ", after " : ", ",
			          process->after.items[a]);
		add(tree, 2, process->origin, "%s%s", process->name,
		    after.len > 0 ? after.data : "");
	}
}

static void add_order(struct tree *tree)
{
	bool data = graph_order(tree->node, NODE_GROUP_DATA).count > 0;

	add(tree, 0, origin_rule("graph.form"), "order");
	add(tree, 1, origin_rule("firewall.service"), "firewall");
	add(tree, 1, origin_rule("agent.prepare"), "prepare: directories, owners, images");
	if (data)
		add(tree, 1, origin_rule("host.order"), "data");
	add_processes(tree, NODE_GROUP_DATA);
	add(tree, 1, origin_rule("agent.setup"), "set-up");
	add_jobs(tree, true);
	add(tree, 1, origin_rule("host.order"), "application");
	add_processes(tree, NODE_GROUP_APP);
	add(tree, 1, origin_rule("agent.ready"), "ready");
	add_jobs(tree, false);
}

/* -- drawing -- */

/* Whether something at DEPTH follows before what is above it ends. */
static bool goes_on(const struct tree *tree, size_t at, unsigned depth)
{
	for (size_t i = at + 1; i < tree->count && tree->items[i].depth >= depth; i++)
		if (tree->items[i].depth == depth)
			return true;
	return false;
}

static void draw(const struct tree *tree, struct output *out)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct item *item = &tree->items[i];
		struct text line;

		text_init(&line, tree->arena);
		for (unsigned depth = 1; depth < item->depth; depth++)
			text_add(&line, goes_on(tree, i, depth) ? "│   " : "    ");
		if (item->depth > 0)
			text_add(&line, goes_on(tree, i, item->depth) ? "├── " : "└── ");
		text_add(&line, item->text);
		output_line(out, item->origin, "%s", line.data);
	}
}

struct output *graph_text(const struct node *node)
{
	struct output_set *set = output_set_new(node->arena, node->secret_arena);
	struct output *out = output_file(set, "/graph.txt", 0644, 0, origin_rule("graph.form"));
	struct tree tree = { .arena = node->arena, .node = node };

	assert(node->frozen);
	add(&tree, 0, node->domain.origin, "%s at %s (%s)", node->app, node->web.v,
	    node->machine.engine);
	add_ports(&tree);
	add_networks(&tree);
	add_volumes(&tree);
	add_order(&tree);
	draw(&tree, out);
	return out;
}
