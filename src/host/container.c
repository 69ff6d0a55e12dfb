/*
 * What the unit of a process has in common on both engines: what is refused, and the parts of the
 * unit that are not the engine's.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <string.h>

enum {
	START_S = 900, /* waiting inside the agent has deadlines of its own */
	STOP_SLACK_S = 10,
	ENV_FILE_LINE_MAX = 60000, /* both engines read env files by lines of at most 64 KiB */
};

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool text_in(const char *s, const char *allowed)
{
	return s[0] != '\0' && s[strspn(s, allowed)] == '\0';
}

bool host_env_allowed(struct host_context *host, const struct node_env *env)
{
	const char *v = env->value.v;

	if (strpbrk(v, "\r\n") != NULL)
		host_error(host, "env.newline", env->value.origin,
		           "give it in a file, or in a form without line breaks",
		           "the value of '%s' has a line break, which no container engine's "
		           "environment "
		           "file can hold",
		           env->name);
	else if (strlen(v) > ENV_FILE_LINE_MAX)
		host_error(host, "env.length", env->value.origin, NULL,
		           "the value of '%s' is longer than %d bytes", env->name,
		           ENV_FILE_LINE_MAX);
	else
		return true;
	return false;
}

/* A colon, blank or comma in a path would mean something else to podman. */
bool host_path_allowed(struct host_context *host, const char *path, struct origin origin)
{
	if (path[0] == '/' && text_in(path, LETTERS DIGITS "/._+@-"))
		return true;
	host_error(host, "host.path", origin, "letters, digits and ./_+@- are fine",
	           "path '%s' cannot be mounted: it holds characters that mean something to the "
	           "engine",
	           path);
	return false;
}

bool host_image_allowed(struct host_context *host, const struct node_process *process)
{
	const char *image = process->image;

	if (text_in(image, LETTERS DIGITS "/._:@-") && image[0] != '-')
		return true;
	host_error(host, "host.image", process->image_origin,
	           "write it like registry.example.org/name:tag",
	           "'%s' is not the name of an image", image);
	return false;
}

bool host_mirror_allowed(struct host_context *host)
{
	const struct node *node = host->node;

	if (text_in(node->mirror, LETTERS DIGITS "/._:[]-"))
		return true;
	host_error(host, "host.mirror", node->mirror_origin, "write it like http://10.0.0.2:5000",
	           "'%s' is not the address of a registry", node->mirror);
	return false;
}

void host_after_daemon(struct host_context *host, struct output *file)
{
	const char *unit = host->engine->daemon_unit;

	if (unit == NULL)
		return;
	output_line(file, origin_rule("host.order"), "Wants=%s", unit);
	output_line(file, origin_rule("host.order"), "After=%s", unit);
}

void host_unit_section(struct host_context *host, struct output *file,
                       const struct node_process *process)
{
	bool app = process->group == NODE_GROUP_APP;

	output_line(file, process->origin, "[Unit]");
	output_line(file, process->origin, "Description=stead: %s", process->name);
	output_line(file, origin_rule("host.order"), "Wants=network-online.target");
	output_line(file, origin_rule("host.order"),
	            "After=network-online.target stead-firewall.service stead-prepare.service%s",
	            app ? " stead-setup.service" : "");
	host_after_daemon(host, file);
	for (size_t i = 0; i < process->after.count; i++)
		output_line(file, process->origin, "After=stead-%s.service",
		            process->after.items[i]);
	output_line(file, origin_rule("host.target"), "PartOf=%s",
	            app ? "stead-app.target" : "stead-data.target");
	if (app)
		output_line(file, origin_rule("host.maintenance"), HOST_MAINTENANCE);
	output_line(file, origin_rule("host.restart"), "StartLimitIntervalSec=0");
}

void host_wait_before(struct host_context *host, struct output *file,
                      const struct node_process *process)
{
	output_line(file, origin_rule("agent.wait"), "ExecStartPre=%s wait --before %s",
	            host_agent_path(host->node), process->name);
}

void host_service_lines(struct host_context *host, struct output *file,
                        const struct node_process *process)
{
	struct origin never = origin_rule("host.restart");

	output_line(file, origin_rule("agent.wait"), "ExecStartPost=%s wait %s",
	            host_agent_path(host->node), process->name);
	if (process->port_count > 0)
		output_line(file, origin_rule("agent.page"), "ExecStopPost=-%s wait --after %s",
		            host_agent_path(host->node), process->name);
	output_line(file, never, "Restart=always");
	output_line(file, never, "RestartSec=5");
	output_line(file, process->health.origin, "TimeoutStartSec=%u",
	            START_S + process->health.start_s);
	output_line(file, process->origin, "TimeoutStopSec=%u", process->stop_s + STOP_SLACK_S);
}
