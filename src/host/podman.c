/*
 * Podman with Quadlet. Keys: podman-systemd.unit(5) of podman 5.0, the floor; what is newer there
 * (NetworkAlias, StopSignal: 5.2, Memory: 5.5, InterfaceName: 5.6) goes through PodmanArgs. Mounts
 * have no :z or :Z: the agent labels directories once.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <string.h>

#define QUADLET_DIR "/etc/containers/systemd"

static const char *container_path(struct arena *arena, const struct node_process *process)
{
	return arena_printf(arena, QUADLET_DIR "/stead-%s.container", process->name);
}

/* --- what the generator cannot carry --- */

/* The one control character Quadlet's escaping breaks (it writes U+0080 as a single byte). */
static bool has_u0080(const char *s)
{
	return strstr(s, "\xc2\x80") != NULL;
}

static bool word_allowed(struct host_context *host, const char *what, const char *word,
                         struct origin origin)
{
	if (word[0] == '\0')
		host_error(host, "host.argument", origin, NULL,
		           "an empty argument in the %s is lost by podman's unit generator", what);
	else if (str_equal(word, ";"))
		host_error(host, "host.argument", origin, "put it into a longer argument",
		           "an argument ';' in the %s would end the command", what);
	else if (has_u0080(word))
		host_error(host, "host.argument", origin, NULL,
		           "the character U+0080 in the %s cannot be passed on", what);
	else
		return true;
	return false;
}

/* Secret ones are in a file, which the generator does not read. */
static bool env_allowed(struct host_context *host, const struct node_env *env)
{
	if (!host_env_allowed(host, env))
		return false;
	if (env->value.secret || !has_u0080(env->value.v))
		return true;
	host_error(host, "env.character", env->value.origin, NULL,
	           "the character U+0080 in '%s' cannot be passed on", env->name);
	return false;
}

/* A name with one of these ends is that of a unit. */
static bool image_allowed(struct host_context *host, const struct node_process *process)
{
	if (!str_ends(process->image, ".image") && !str_ends(process->image, ".build"))
		return host_image_allowed(host, process);
	host_error(host, "host.image", process->image_origin,
	           "write it like registry.example.org/name:tag",
	           "'%s' is not the name of an image", process->image);
	return false;
}

/* --- [Container] --- */

static void identity(struct output *file, const struct node_process *process)
{
	output_line(file, process->image_origin, "Image=%s", process->image);
	output_line(file, origin_rule("host.unit"), "ContainerName=stead-%s", process->name);
	output_line(file, origin_rule("host.unit"), "HostName=%s", process->name);
	output_line(file, origin_rule("host.image"), "Pull=never");
	output_line(file, origin_rule("host.log"), "LogDriver=journald");
	/* Quadlet's own key cannot be empty. */
	if (process->no_entrypoint)
		output_line(file, process->origin, "PodmanArgs=--entrypoint=");
}

static void networks(struct host_context *host, struct output *file,
                     const struct node_process *process)
{
	/* The one with a way out first: its gateway becomes the default route. */
	for (size_t i = NODE_NET_COUNT; i-- > 0;) {
		if (process->networks[i])
			output_line(file, origin_rule("host.network"), "Network=%s.network",
			            host->node->networks[i].name);
	}
	output_line(file, origin_rule("host.unit"), "PodmanArgs=--network-alias=%s", process->name);
	for (size_t i = 0; i < process->port_count; i++) {
		const struct node_port *port = &process->ports[i];

		output_line(file, port->origin, "PublishPort=%u:%u%s", port->port, port->port,
		            port->udp ? "/udp" : "");
	}
}

static void hardening(struct output *file, const struct node_process *process)
{
	struct origin rule = origin_rule("host.hardening");

	output_line(file, process->origin, "User=%u", process->uid);
	output_line(file, process->origin, "Group=%u", process->gid);
	output_line(file, rule, "NoNewPrivileges=true");
	output_line(file, rule, "DropCapability=all");
	for (size_t i = 0; i < process->capabilities.count; i++)
		output_line(file, process->origin, "AddCapability=%s",
		            process->capabilities.items[i]);
	if (process->writable_root)
		output_line(file, process->origin, "ReadOnly=false");
	else
		output_line(file, rule, "ReadOnly=true");
	output_line(file, origin_rule("host.limits"), "PidsLimit=%d", HOST_PIDS);
	if (process->memory_bytes > 0)
		output_line(file, process->origin, "PodmanArgs=--memory=%lldb",
		            process->memory_bytes);
}

static void mounts(struct host_context *host, struct output *file,
                   const struct node_process *process)
{
	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct node_mount *mount = &process->mounts.items[i];
		const char *path = mount->volume != NULL ? mount->volume->path : mount->host_path;

		if (host_path_allowed(host, path, mount->origin) &&
		    host_path_allowed(host, mount->target, mount->origin))
			output_line(file, mount->origin, "Volume=%s:%s%s", path, mount->target,
			            mount->read_only || mount->volume == NULL ? ":ro" : "");
	}
	for (size_t i = 0; i < process->tmpfs.count; i++) {
		if (host_path_allowed(host, process->tmpfs.items[i], process->origin))
			output_line(file, process->origin, "Tmpfs=%s:mode=1777",
			            process->tmpfs.items[i]);
	}
}

static void environment(struct host_context *host, struct output *file,
                        const struct node_process *process)
{
	struct arena *arena = host->set->arena;

	for (size_t i = 0; i < process->env.count; i++) {
		const struct node_env *env = &process->env.items[i];

		if (!env_allowed(host, env) || env->value.secret)
			continue;
		output_line(
			file, env->value.origin, "Environment=%s",
			host_quote(arena, arena_printf(arena, "%s=%s", env->name, env->value.v)));
	}
	if (host_has_secret_env(process))
		output_line(file, origin_rule("host.env"), "EnvironmentFile=%s",
		            host_env_path(arena, process));
}

static void command(struct host_context *host, struct output *file,
                    const struct node_process *process)
{
	struct text text;

	if (process->command.count == 0)
		return;
	text_init(&text, host->set->arena);
	for (size_t i = 0; i < process->command.count; i++) {
		const struct node_text *word = &process->command.items[i];

		if (word->secret || !word_allowed(host, "command", word->v, word->origin))
			continue; /* a secret was refused by host_plan_check() */
		text_addf(&text, "%s%s", text.len > 0 ? " " : "",
		          host_quote(host->set->arena, word->v));
	}
	output_line(file, process->command.items[0].origin, "Exec=%s", text.data);
}

static void stopping(struct output *file, const struct node_process *process)
{
	if (process->stop_signal != NULL)
		output_line(file, process->origin, "PodmanArgs=--stop-signal=%s",
		            process->stop_signal);
	output_line(file, process->origin, "StopTimeout=%u", process->stop_s);
}

static void container(struct host_context *host, const struct node_process *process)
{
	struct output *file = output_file(host->set, container_path(host->set->arena, process),
	                                  0644, 0, process->origin);

	if (!image_allowed(host, process))
		return;
	host_banner(file, "#");
	host_unit_section(host, file, process);
	output_line(file, process->origin, "%s", "");
	output_line(file, process->origin, "[Container]");
	identity(file, process);
	networks(host, file, process);
	hardening(file, process);
	mounts(host, file, process);
	environment(host, file, process);
	command(host, file, process);
	stopping(file, process);
	output_line(file, origin_rule("host.restart"), "%s", "");
	output_line(file, origin_rule("host.restart"), "[Service]");
	host_wait_before(host, file, process);
	host_service_lines(host, file, process);
}

/* --- networks and the rest --- */

static void network(struct host_context *host, const struct node_network *network)
{
	char *path = arena_printf(host->set->arena, QUADLET_DIR "/%s.network", network->name);
	struct origin origin = network->origin, rule = origin_rule("host.network");
	struct output *file = output_file(host->set, path, 0644, 0, origin);

	host_banner(file, "#");
	output_line(file, rule, "[Unit]");
	output_line(file, rule, "Description=stead: network %s", network->name);
	output_line(file, rule, "After=stead-firewall.service");
	output_line(file, origin_rule("host.restart"), "StartLimitIntervalSec=0");
	output_line(file, rule, "%s", "");
	output_line(file, rule, "[Network]");
	output_line(file, rule, "NetworkName=%s", network->name);
	output_line(file, rule, "PodmanArgs=--interface-name=%s", network->name);
	if (network->internal)
		output_line(file, origin, "Internal=true");
	output_line(file, rule, "IPv6=true");
	output_line(file, origin, "Subnet=%s", network->subnet4);
	output_line(file, origin, "Gateway=%s", network->gateway4);
	output_line(file, origin, "Subnet=%s", network->subnet6);
	output_line(file, origin, "Gateway=%s", network->gateway6);
	output_line(file, rule, "%s", "");
	output_line(file, origin_rule("host.restart"), "[Service]");
	output_line(file, origin_rule("host.restart"), "Restart=on-failure");
	output_line(file, origin_rule("host.restart"), "RestartSec=5");
}

/* containers-registries.conf(5): a mirror written with http:// answers without TLS. */
static void base(struct host_context *host)
{
	const struct node *node = host->node;
	struct output *file;

	if (node->mirror == NULL || !node->mirror_insecure)
		return;
	if (!host_mirror_allowed(host))
		return;
	file = output_file(host->set, "/etc/containers/registries.conf.d/50-stead.conf", 0644, 0,
	                   node->mirror_origin);
	host_banner(file, "#");
	output_line(file, node->mirror_origin, "[[registry]]");
	output_line(file, node->mirror_origin, "location = \"%s\"", node->mirror);
	output_line(file, node->mirror_origin, "insecure = true");
}

const struct host_engine host_podman = {
	.name = "podman",
	.network = network,
	.container = container,
	.base = base,
	.container_path = container_path,
};
