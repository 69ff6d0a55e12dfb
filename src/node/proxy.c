/* The proxy: the one process that is not the application's, and the only one with ports. */
#include "node/build.h"

#include "base/arena.h"
#include "base/text.h"

enum { PROXY_USER = 10080 };

static struct node_text text_of_rule(const char *v)
{
	return (struct node_text){ .v = v, .origin = origin_rule("proxy.process") };
}

static void add_env(struct build *b, struct node_process *proxy, const char *name,
                    const char *value)
{
	*list_add(b->arena, &proxy->env) =
		(struct node_env){ .name = name, .value = text_of_rule(value) };
}

/* Certificates and, with the internal issuer, the CA's key: losing them breaks every client that
 * trusts the CA, so the volume is precious. */
static void add_data(struct build *b, struct node_process *proxy)
{
	struct node_volume *volume = arena_alloc(b->arena, sizeof(*volume));

	*volume = (struct node_volume){
		.name = "data",
		.path = "/var/lib/stead/data/caddy/data",
		.class = NODE_PRECIOUS,
		.uid = PROXY_USER,
		.gid = PROXY_USER,
		.mode = 0700,
		.origin = origin_rule("proxy.data"),
	};
	*list_add(b->arena, &b->node->volumes) = volume;
	*list_add(b->arena, &proxy->mounts) = (struct node_mount){
		.volume = volume,
		.target = "/data",
		.origin = origin_rule("proxy.data"),
	};
}

/* Behind somebody else's TLS there is plain HTTP, and nothing else. */
static void add_ports(struct build *b, struct node_process *proxy)
{
	struct origin origin = origin_rule("proxy.ports");

	proxy->ports[proxy->port_count++] = (struct node_port){ .port = 80, .origin = origin };
	proxy->port = 80;
	if (str_equal(b->node->tls.issuer, "upstream"))
		return;
	proxy->ports[proxy->port_count++] = (struct node_port){ .port = 443, .origin = origin };
	proxy->ports[proxy->port_count++] =
		(struct node_port){ .port = 443, .udp = true, .origin = origin };
	proxy->port = 443;
}

void build_proxy(struct build *b)
{
	static const char *const command[] = { "caddy",     "run",
		                               "--config",  "/etc/caddy/Caddyfile",
		                               "--adapter", "caddyfile" };
	static const char *const tmpfs[] = { "/config", "/tmp", "/run/caddy" };
	struct node_text image = text_of_rule("docker.io/library/caddy:2");
	struct node_process *proxy = arena_alloc(b->arena, sizeof(*proxy));

	*list_add(b->arena, &b->node->processes) = proxy;
	proxy->name = "caddy";
	proxy->origin = origin_rule("proxy.process");
	build_image(b, proxy, NULL, &image);
	for (size_t i = 0; i < sizeof(command) / sizeof(command[0]); i++)
		*list_add(b->arena, &proxy->command) = text_of_rule(command[i]);
	proxy->uid = proxy->gid = PROXY_USER;
	proxy->group = NODE_GROUP_APP;
	proxy->networks[NODE_NET_INT] = proxy->networks[NODE_NET_EXT] = true;
	add_env(b, proxy, "XDG_CONFIG_HOME", "/config");
	add_env(b, proxy, "XDG_DATA_HOME", "/data");
	add_data(b, proxy);
	*list_add(b->arena, &proxy->mounts) = (struct node_mount){
		.host_path = "/etc/stead/config/caddy",
		.target = "/etc/caddy",
		.read_only = true,
		.origin = origin_rule("proxy.config"),
	};
	*list_add(b->arena, &proxy->mounts) = (struct node_mount){
		.host_path = NODE_PAGE_DIR,
		.target = NODE_PAGE_DIR,
		.read_only = true,
		.origin = origin_rule("proxy.page"),
	};
	for (size_t i = 0; i < sizeof(tmpfs) / sizeof(tmpfs[0]); i++)
		*list_add(b->arena, &proxy->tmpfs) = tmpfs[i];
	*list_add(b->arena, &proxy->capabilities) = "NET_BIND_SERVICE";
	add_ports(b, proxy);
	/* Caddy has no health page, and its admin endpoint is a socket nobody else may use. */
	proxy->health = (struct node_health){ .kind = NODE_HEALTH_TCP,
		                              .port = proxy->port,
		                              .start_s = 60,
		                              .origin = origin_rule("proxy.health") };
	proxy->stop_s = 20;
}
