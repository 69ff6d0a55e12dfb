#include "host/host.h"

#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *host_agent_path(const struct node *node)
{
	/* Flatcar's /usr is read-only as a whole; /opt/bin is in its PATH. */
	return str_equal(node->machine.os, "flatcar") ? "/opt/bin/stead-node"
	                                              : "/usr/local/bin/stead-node";
}

const char *host_unit_name(struct arena *arena, const struct node_process *process)
{
	return arena_printf(arena, "stead-%s.service", process->name);
}

void host_banner(struct output *file, const char *comment)
{
	output_line(file, origin_rule("host.banner"),
	            "%s Written by stead: a change made here is lost with the next `stead up`.",
	            comment);
}

void host_error(struct host_context *host, const char *code, struct origin origin, const char *hint,
                const char *format, ...)
{
	char *message;
	va_list args;

	va_start(args, format);
	message = arena_vprintf(host->findings->arena, format, args);
	va_end(args);
	diag_error(host->findings, code, origin.span, hint, "%s", message);
}

static void base_dirs(struct host_context *host)
{
	output_dir(host->set, "/etc/stead", 0755, 0, 0, origin_rule("host.config"));
	output_dir(host->set, HOST_CONFIG_DIR, 0755, 0, 0, origin_rule("host.config"));
	output_dir(host->set, HOST_SECRETS_DIR, 0700, 0, 0, origin_rule("host.secrets"));
}

/* For `stead adopt`: an owner whose computer is lost gets them back from the node. */
static void kept_files(struct host_context *host)
{
	const struct node_kept *kept = &host->node->kept;
	struct origin rule = origin_rule("host.kept");

	if (kept->settings != NULL)
		output_text(output_file(host->set, "/etc/stead/stead.yaml", 0644, 0, rule), rule,
		            kept->settings);
	if (kept->lock != NULL)
		output_text(output_file(host->set, "/etc/stead/stead.lock", 0644, 0, rule), rule,
		            kept->lock);
	if (kept->secrets != NULL)
		output_text(output_file(host->set, HOST_SECRETS_DIR "/stead.secrets.yaml", 0600,
		                        OUTPUT_SECRET, rule),
		            rule, kept->secrets);
}

/* /opt/bin is not there on a new Flatcar. */
static void agent_dir(struct host_context *host)
{
	const char *path = host_agent_path(host->node);

	if (!str_starts(path, "/usr/"))
		output_dir(
			host->set,
			arena_strndup(host->set->arena, path, (size_t)(strrchr(path, '/') - path)),
			0755, 0, 0, origin_rule("host.agent"));
}

static void agent_program(struct host_context *host, const struct host_agent *agent)
{
	struct output *file;

	if (agent == NULL || agent->len == 0)
		return;
	file = output_file(host->set, host_agent_path(host->node), 0755,
	                   OUTPUT_EXEC | OUTPUT_BINARY, origin_rule("host.agent"));
	output_bytes(file, origin_rule("host.agent"), agent->data, agent->len);
}

typedef struct plan *plan_fn(struct arena *arena, const struct node *node,
                             const struct output_set *set);

static void plan_file(struct host_context *host, plan_fn *make)
{
	struct arena *arena = host->set->arena;
	struct output *file =
		output_file(host->set, HOST_PLAN_PATH, 0644, 0, origin_rule("agent.plan"));

	output_sort(host->set);
	output_text(file, origin_rule("agent.plan"),
	            plan_write(arena, make(arena, host->node, host->set)));
}

static void containers(struct host_context *host)
{
	const struct node *node = host->node;

	host->engine->base(host);
	for (size_t i = 0; i < NODE_NET_COUNT; i++)
		host->engine->network(host, &node->networks[i]);
	for (size_t i = 0; i < node->processes.count; i++)
		host->engine->container(host, node->processes.items[i]);
}

const struct host_engine *host_engine_find(const char *name)
{
	static const struct host_engine *const engines[] = { &host_podman, &host_docker };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (str_equal(engines[i]->name, name))
			return engines[i];
	return NULL;
}

/* Makes the set, for a node that nothing may change any more. */
static struct output_set *set_new(const struct node *node)
{
	if (!node->frozen)
		abort(); /* a programming error */
	return output_set_new(node->arena, node->secret_arena);
}

/* The last findings; NULL when there were any since ERRORS were counted. */
static struct output_set *finish(struct host_context *host, size_t errors)
{
	if (host->findings->errors == errors)
		output_conflicts(host->set, host->findings);
	output_sort(host->set);
	return host->findings->errors == errors ? host->set : NULL;
}

struct output_set *host_render_base(const struct node *node, struct findings *findings)
{
	size_t errors = findings->errors;
	struct host_context host = { .node = node, .findings = findings, .set = set_new(node) };

	output_dir(host.set, "/etc/stead", 0755, 0, 0, origin_rule("host.config"));
	agent_dir(&host);
	host_system(&host);
	host_disk(&host);
	host_firewall_service(&host);
	host_firewall(&host);
	if (findings->errors == errors)
		plan_file(&host, host_plan_base);
	return finish(&host, errors);
}

struct output_set *host_render(const struct node *node, const struct host_agent *agent,
                               struct findings *findings)
{
	size_t errors = findings->errors;
	struct host_context host = {
		.node = node,
		.engine = host_engine_find(node->machine.engine),
		.findings = findings,
	};

	if (host.engine == NULL) {
		diag_error(findings, "host.engine",
		           node->settings != NULL ? node->settings->machine.engine.at
		                                  : (struct span){ 0 },
		           "podman and docker are", "'%s' is no engine that stead knows",
		           node->machine.engine);
		return NULL;
	}
	host.set = set_new(node);
	host_plan_check(&host);
	base_dirs(&host);
	agent_dir(&host);
	kept_files(&host);
	host_system(&host);
	host_disk(&host);
	host_swap(&host);
	host_units(&host);
	host_firewall_service(&host);
	host_firewall(&host);
	host_proxy(&host);
	host_configs(&host);
	containers(&host);
	if (findings->errors == errors) /* else it might hold what was refused */
		plan_file(&host, host_plan);
	agent_program(&host, agent);
	return finish(&host, errors);
}
