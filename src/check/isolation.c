/* Who can reach whom. */
#include "check/families.h"

#include "base/text.h"

static void check_networks(const struct node_process *process, struct findings *findings)
{
	if (process->group == NODE_GROUP_DATA && process->networks[NODE_NET_EXT])
		diag_error(findings, "isolation.data", process->origin.span,
		           "networks: [int], or group: app",
		           "data process '%s' is on the network with a way out", process->name);
}

/* The proxy has to bind the ports below 1024; nothing else that runs here needs more than this. */
static void check_capabilities(const struct node_process *process, struct findings *findings)
{
	static const char *const allowed[] = { "CHOWN", "DAC_OVERRIDE",     "FOWNER",
		                               "KILL",  "NET_BIND_SERVICE", "SETGID",
		                               "SETUID" };

	for (size_t i = 0; i < process->capabilities.count; i++) {
		bool known = false;

		for (size_t n = 0; n < sizeof(allowed) / sizeof(allowed[0]); n++)
			known |= str_equal(process->capabilities.items[i], allowed[n]);
		if (!known)
			diag_error(findings, "isolation.capability", process->origin.span, NULL,
			           "process '%s' cannot have capability '%s'", process->name,
			           process->capabilities.items[i]);
	}
	if (process->uid == 0)
		diag_error(findings, "isolation.root", process->origin.span, NULL,
		           "process '%s' would run as root", process->name);
}

/* The proxy is on every network, so a process without any is the one it cannot reach. */
static void check_route(const struct node_route *route, struct findings *findings)
{
	const struct node_process *process = route->process;

	if (process == NULL)
		return; /* a redirect */
	if (process->port == 0)
		diag_error(findings, "isolation.port", route->origin.span,
		           "say 'port' in the process",
		           "route '%s' leads to '%s', which listens on no port", route->path,
		           process->name);
	if (!process->networks[NODE_NET_INT] && !process->networks[NODE_NET_EXT])
		diag_error(findings, "isolation.route", route->origin.span,
		           "put the process on a network",
		           "route '%s' leads to '%s', which is on no network", route->path,
		           process->name);
}

CHECK_FAMILY(isolation)
{
	const struct node_process *process;

	(void)inputs;
	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		check_networks(process, findings);
		check_capabilities(process, findings);
	}
	for (size_t i = 0; i < node->routes.count; i++)
		check_route(&node->routes.items[i], findings);
}
