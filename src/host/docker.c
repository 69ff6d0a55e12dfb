/*
 * docker, by plain units: a container is removed, created, connected to its networks and started
 * (docker-create(1); `docker create` takes one network until docker 25). From 20.10 on.
 *
 * It is started in the foreground and without a log of docker's own: what it prints goes to the
 * unit's journal, as on podman, and once.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <string.h>

#define DOCKER "/usr/bin/docker"
#define DAEMON_PATH "/etc/docker/daemon.json"
#define DAEMON_UNIT "docker.service"
#define UNIT_DIR "/etc/systemd/system"

static const char *container_path(struct arena *arena, const struct node_process *process)
{
	return arena_printf(arena, UNIT_DIR "/stead-%s.service", process->name);
}

/* One more option of the command line before: the line before must end in a backslash too. */
#define OPTION(file, origin, ...) output_line((file), (origin), "  " __VA_ARGS__)

/* --- docker create --- */

static void identity(struct output *file, const struct node_process *process)
{
	OPTION(file, origin_rule("host.unit"), "--hostname=%s \\", process->name);
	OPTION(file, origin_rule("host.image"), "--pull=never \\");
	OPTION(file, origin_rule("host.log"), "--log-driver=none \\");
	if (process->no_entrypoint)
		OPTION(file, process->origin, "--entrypoint= \\");
}

/* The network with a way out first, as on podman. */
static const struct node_network *first_network(const struct host_context *host,
                                                const struct node_process *process, size_t *ret)
{
	for (size_t i = NODE_NET_COUNT; i-- > 0;) {
		*ret = i;
		if (process->networks[i])
			return &host->node->networks[i];
	}
	return NULL;
}

static void networks(struct host_context *host, struct output *file,
                     const struct node_process *process)
{
	size_t index;
	const struct node_network *first = first_network(host, process, &index);

	OPTION(file, origin_rule("host.network"), "--network=%s \\",
	       first != NULL ? first->name : "none");
	if (first != NULL)
		OPTION(file, origin_rule("host.unit"), "--network-alias=%s \\", process->name);
	for (size_t i = 0; i < process->port_count; i++) {
		const struct node_port *port = &process->ports[i];

		OPTION(file, port->origin, "--publish=%u:%u%s \\", port->port, port->port,
		       port->udp ? "/udp" : "");
	}
}

static void hardening(struct output *file, const struct node_process *process)
{
	struct origin rule = origin_rule("host.hardening");

	OPTION(file, process->origin, "--user=%u:%u \\", process->uid, process->gid);
	OPTION(file, rule, "--security-opt=no-new-privileges \\");
	OPTION(file, rule, "--cap-drop=all \\");
	for (size_t i = 0; i < process->capabilities.count; i++)
		OPTION(file, process->origin, "--cap-add=%s \\", process->capabilities.items[i]);
	if (!process->writable_root)
		OPTION(file, rule, "--read-only \\");
	OPTION(file, origin_rule("host.limits"), "--pids-limit=%d \\", HOST_PIDS);
	if (process->memory_bytes > 0)
		OPTION(file, process->origin, "--memory=%lldb \\", process->memory_bytes);
}

static bool has_mount(const struct node_process *process, const char *target)
{
	for (size_t i = 0; i < process->tmpfs.count; i++)
		if (str_equal(process->tmpfs.items[i], target))
			return true;
	for (size_t i = 0; i < process->mounts.count; i++)
		if (str_equal(process->mounts.items[i].target, target))
			return true;
	return false;
}

/* As podman mounts them: for everybody, and three of its own in every container whose root is
 * read-only (podman-run(1), --read-only-tmpfs). What the application names is its user's besides: a
 * runc before 1.1.9, as in Debian 12, takes the mode of the image's folder instead. */
static void tmpfs(struct host_context *host, struct output *file,
                  const struct node_process *process)
{
	static const char *const own[] = { "/run", "/tmp", "/var/tmp" };

	for (size_t i = 0; i < process->tmpfs.count; i++)
		if (host_path_allowed(host, process->tmpfs.items[i], process->origin))
			OPTION(file, process->origin, "--tmpfs=%s:mode=1777,uid=%u,gid=%u \\",
			       process->tmpfs.items[i], process->uid, process->gid);
	for (size_t i = 0; !process->writable_root && i < sizeof(own) / sizeof(own[0]); i++)
		if (!has_mount(process, own[i]))
			OPTION(file, origin_rule("host.hardening"), "--tmpfs=%s:mode=1777,exec \\",
			       own[i]);
}

static void mounts(struct host_context *host, struct output *file,
                   const struct node_process *process)
{
	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct node_mount *mount = &process->mounts.items[i];
		const char *path = mount->volume != NULL ? mount->volume->path : mount->host_path;

		if (host_path_allowed(host, path, mount->origin) &&
		    host_path_allowed(host, mount->target, mount->origin))
			OPTION(file, mount->origin, "--volume=%s:%s%s \\", path, mount->target,
			       mount->read_only || mount->volume == NULL ? ":ro" : "");
	}
	tmpfs(host, file, process);
}

static void environment(struct host_context *host, struct output *file,
                        const struct node_process *process)
{
	struct arena *arena = host->set->arena;

	for (size_t i = 0; i < process->env.count; i++) {
		const struct node_env *env = &process->env.items[i];

		if (!host_env_allowed(host, env) || env->value.secret)
			continue;
		OPTION(file, env->value.origin, "%s \\",
		       host_quote(arena,
		                  arena_printf(arena, "--env=%s=%s", env->name, env->value.v)));
	}
	if (host_has_secret_env(process))
		OPTION(file, origin_rule("host.env"), "--env-file=%s \\",
		       host_env_path(arena, process));
}

static void stopping(struct output *file, const struct node_process *process)
{
	if (process->stop_signal != NULL)
		OPTION(file, process->origin, "--stop-signal=%s \\", process->stop_signal);
	OPTION(file, process->origin, "--stop-timeout=%u \\", process->stop_s);
}

/* The end of the command line. No word can start a line, where '#' would begin a comment. */
static void image_and_command(struct host_context *host, struct output *file,
                              const struct node_process *process)
{
	struct text text;

	OPTION(file, process->image_origin, "%s%s", process->image,
	       process->command.count > 0 ? " \\" : "");
	if (process->command.count == 0)
		return;
	text_init(&text, host->set->arena);
	for (size_t i = 0; i < process->command.count; i++) {
		const struct node_text *word = &process->command.items[i];

		if (!word->secret) /* a secret was refused by host_plan_check() */
			text_addf(&text, "%s%s", text.len > 0 ? " " : "",
			          host_quote(host->set->arena, word->v));
	}
	OPTION(file, process->command.items[0].origin, "%s", text.data);
}

static void create(struct host_context *host, struct output *file,
                   const struct node_process *process)
{
	output_line(file, origin_rule("host.unit"),
	            "ExecStartPre=" DOCKER " create --name=stead-%s \\", process->name);
	identity(file, process);
	networks(host, file, process);
	hardening(file, process);
	mounts(host, file, process);
	environment(host, file, process);
	stopping(file, process);
	image_and_command(host, file, process);
}

/* --- the unit --- */

static void connect_networks(struct host_context *host, struct output *file,
                             const struct node_process *process)
{
	size_t first = 0;

	if (first_network(host, process, &first) == NULL)
		return;
	for (size_t i = first; i-- > 0;) {
		if (process->networks[i])
			output_line(file, origin_rule("host.network"),
			            "ExecStartPre=" DOCKER
			            " network connect --alias=%s %s stead-%s",
			            process->name, host->node->networks[i].name, process->name);
	}
}

static void network_order(struct host_context *host, struct output *file,
                          const struct node_process *process)
{
	for (size_t i = 0; i < NODE_NET_COUNT; i++) {
		const char *name = host->node->networks[i].name;

		if (!process->networks[i])
			continue;
		output_line(file, origin_rule("host.network"), "Wants=%s-network.service", name);
		output_line(file, origin_rule("host.network"), "After=%s-network.service", name);
	}
	/* When docker itself is restarted, the process gets the time to stop that it needs. */
	output_line(file, origin_rule("host.order"), "PartOf=" DAEMON_UNIT);
}

static void service_section(struct host_context *host, struct output *file,
                            const struct node_process *process)
{
	struct origin rule = origin_rule("host.unit");
	const char *name = process->name;

	output_line(file, rule, "[Service]");
	/* So that `stead-node wait` can say what it waits for, as in a unit made by Quadlet. */
	output_line(file, origin_rule("agent.wait"), "NotifyAccess=all");
	output_line(file, origin_rule("host.log"), "SyslogIdentifier=stead-%s", name);
	host_wait_before(host, file, process);
	/* One may be left over from a power cut; that there is none is no news. */
	output_line(file, rule,
	            "ExecStartPre=-/bin/sh -c '" DOCKER " rm --force --volumes stead-%s "
	            ">/dev/null 2>&1'",
	            name);
	create(host, file, process);
	connect_networks(host, file, process);
	output_line(file, rule, "ExecStart=" DOCKER " start --attach stead-%s", name);
	output_line(file, process->origin, "ExecStop=-" DOCKER " stop --time=%u stead-%s",
	            process->stop_s, name);
	output_line(file, rule, "ExecStopPost=-" DOCKER " rm --force --volumes stead-%s", name);
	host_service_lines(host, file, process);
}

static void container(struct host_context *host, const struct node_process *process)
{
	struct output *file;

	if (!host_image_allowed(host, process))
		return;
	file = output_file(host->set, container_path(host->set->arena, process), 0644, OUTPUT_UNIT,
	                   process->origin);
	host_banner(file, "#");
	host_unit_section(host, file, process);
	network_order(host, file, process);
	output_line(file, origin_rule("host.unit"), "%s", "");
	service_section(host, file, process);
}

/* --- networks and the daemon --- */

static void network(struct host_context *host, const struct node_network *network)
{
	char *path = arena_printf(host->set->arena, UNIT_DIR "/%s-network.service", network->name);
	struct origin origin = network->origin, rule = origin_rule("host.network");
	struct output *file = output_file(host->set, path, 0644, OUTPUT_UNIT, origin);

	host_banner(file, "#");
	output_line(file, rule, "[Unit]");
	output_line(file, rule, "Description=stead: network %s", network->name);
	output_line(file, rule, "After=stead-firewall.service");
	host_after_daemon(host, file);
	output_line(file, origin_rule("host.restart"), "StartLimitIntervalSec=0");
	output_line(file, rule, "%s", "");
	output_line(file, rule, "[Service]");
	output_line(file, rule, "Type=oneshot");
	output_line(file, rule, "RemainAfterExit=yes");
	/* Networks outlast a reboot, and docker has no --ignore. */
	output_line(file, rule,
	            "ExecStart=/bin/sh -c '" DOCKER " network inspect %s >/dev/null 2>&1 || "
	            "exec " DOCKER " network create \\",
	            network->name);
	OPTION(file, rule, "--driver=bridge --opt=com.docker.network.bridge.name=%s \\",
	       network->name);
	if (network->internal)
		OPTION(file, origin, "--internal \\");
	OPTION(file, rule, "--ipv6 \\");
	OPTION(file, origin, "--subnet=%s --gateway=%s \\", network->subnet4, network->gateway4);
	OPTION(file, origin, "--subnet=%s --gateway=%s \\", network->subnet6, network->gateway6);
	OPTION(file, rule, "%s'", network->name);
	output_line(file, origin_rule("host.restart"), "Restart=on-failure");
	output_line(file, origin_rule("host.restart"), "RestartSec=5");
}

/*
 * Until docker 27 the rules for IPv6 are an experiment: without them a proxy of docker's takes the
 * connections and the client's address is lost. That proxy is off altogether: with it, a container
 * that connects to the node's own address would talk to the host, which the firewall does not let
 * it (dockerd(8), "userland-proxy", "ip6tables").
 */
static void base(struct host_context *host)
{
	const struct node *node = host->node;
	struct origin rule = origin_rule("host.docker");
	struct output *file = output_file(host->set, DAEMON_PATH, 0644, 0, rule);

	output_line(file, rule, "{");
	output_line(file, rule, "  \"experimental\": true,");
	output_line(file, rule, "  \"ip6tables\": true,");
	if (node->mirror != NULL && node->mirror_insecure && host_mirror_allowed(host))
		output_line(file, node->mirror_origin, "  \"insecure-registries\": [\"%s\"],",
		            node->mirror);
	output_line(file, rule, "  \"userland-proxy\": false");
	output_line(file, rule, "}");
}

const struct host_engine host_docker = {
	.name = "docker",
	.network = network,
	.container = container,
	.base = base,
	.container_path = container_path,
	.daemon_unit = DAEMON_UNIT,
	.daemon_path = DAEMON_PATH,
	.guests_ask_names = true,
};
