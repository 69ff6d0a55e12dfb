/*
 * node -> plan. The plan is readable by all: nothing made from a secret may enter it.
 */
#include "base/arena.h"
#include "base/hash.h"
#include "base/text.h"
#include "host/writers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void copy_texts(struct arena *arena, const struct node_texts *from, struct strings *to)
{
	for (size_t i = 0; i < from->count; i++)
		*list_add(arena, to) = from->items[i].v;
}

static void copy_strings(struct arena *arena, const struct strings *from, struct strings *to)
{
	for (size_t i = 0; i < from->count; i++)
		*list_add(arena, to) = from->items[i];
}

/* --- processes --- */

static void process_env(struct arena *arena, const struct node_process *from,
                        struct plan_process *to)
{
	for (size_t i = 0; i < from->env.count; i++) {
		const struct node_env *env = &from->env.items[i];

		if (!env->value.secret)
			*list_add(arena, &to->env) =
				(struct plan_pair){ .name = env->name, .value = env->value.v };
	}
	if (host_has_secret_env(from))
		*list_add(arena, &to->env_files) = host_env_path(arena, from);
}

static void process_health(struct arena *arena, const struct node_process *from,
                           struct plan_process *to)
{
	static const enum plan_health kinds[] = {
		[NODE_HEALTH_NONE] = PLAN_HEALTH_NONE,
		[NODE_HEALTH_HTTP] = PLAN_HEALTH_HTTP,
		[NODE_HEALTH_TCP] = PLAN_HEALTH_TCP,
		[NODE_HEALTH_EXEC] = PLAN_HEALTH_EXEC,
	};

	to->health = kinds[from->health.kind];
	to->health_port = from->health.port;
	to->health_status = from->health.status;
	to->health_start_s = from->health.start_s;
	to->health_path = from->health.path;
	copy_texts(arena, &from->health.exec, &to->health_exec);
}

/* What containers like it are made of. */
static void container(struct arena *arena, const struct node *node, const struct node_process *from,
                      struct plan_process *to)
{
	to->name = from->name;
	to->image = from->image;
	to->uid = from->uid;
	to->gid = from->gid;
	to->writable_root = from->writable_root;
	to->no_entrypoint = from->no_entrypoint;
	to->memory_bytes = from->memory_bytes;
	copy_strings(arena, &from->tmpfs, &to->tmpfs);
	copy_strings(arena, &from->capabilities, &to->capabilities);
	copy_strings(arena, &from->after, &to->after);
	for (size_t i = 0; i < NODE_NET_COUNT; i++) {
		if (from->networks[i])
			*list_add(arena, &to->networks) = node->networks[i].name;
	}
	for (size_t i = 0; i < from->mounts.count; i++) {
		const struct node_mount *mount = &from->mounts.items[i];

		*list_add(arena, &to->mounts) = (struct plan_mount){
			.host = mount->volume != NULL ? mount->volume->path : mount->host_path,
			.target = mount->target,
			.read_only = mount->read_only || mount->volume == NULL,
		};
	}
	process_env(arena, from, to);
}

static void add_process(struct arena *arena, struct plan *plan, const struct node *node,
                        const struct node_process *from)
{
	struct plan_process *to = list_add(arena, &plan->processes);

	container(arena, node, from, to);
	to->unit = host_unit_name(arena, from);
	to->group = from->group == NODE_GROUP_DATA ? "data" : "app";
	to->stop_s = from->stop_s;
	to->public = from->port_count > 0;
	copy_texts(arena, &from->command, &to->command);
	process_health(arena, from, to);
}

/* --- jobs --- */

/* Parts are told apart by their lengths: ("ab", "c") is not ("a", "bc"). */
static void hash_text(crypto_hash_sha256_state *state, const char *s)
{
	char length[32];
	int len = s != NULL ? snprintf(length, sizeof(length), "%zu:", strlen(s))
	                    : snprintf(length, sizeof(length), "-:");

	(void)crypto_hash_sha256_update(state, (const unsigned char *)length, (size_t)len);
	if (s != NULL)
		(void)crypto_hash_sha256_update(state, (const unsigned char *)s, strlen(s));
}

/* Half of it tells as much apart, and a first-boot config has little room. */
static const char *hash_done(struct arena *arena, crypto_hash_sha256_state *state)
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_final(state, digest);
	return hash_hex(arena, digest, sizeof(digest) / 2);
}

static const char *fingerprint(struct arena *arena, const char *name, const char *value)
{
	crypto_hash_sha256_state state;

	(void)crypto_hash_sha256_init(&state);
	hash_text(&state, name);
	hash_text(&state, value);
	return hash_done(arena, &state);
}

/* What makes a step stale: the image and what it does with it. How its success is told, or how long
 * it may take, does not. */
static const char *step_key(struct arena *arena, const struct node_process *process,
                            const struct node_step *step)
{
	crypto_hash_sha256_state state;

	(void)crypto_hash_sha256_init(&state);
	hash_text(&state, process->image);
	hash_text(&state, step->id);
	for (size_t i = 0; i < step->run.count; i++)
		hash_text(&state, step->run.items[i].v);
	hash_text(&state, step->stdin_text.v);
	hash_text(&state, step->merge_file);
	hash_text(&state, step->merge_json);
	if (process->no_entrypoint)
		hash_text(&state, "no entry point");
	return hash_done(arena, &state);
}

static void add_step(struct arena *arena, struct plan_job *job, const struct node_process *process,
                     const struct node_step *from)
{
	static const enum plan_done dones[] = {
		[NODE_DONE_JOURNAL] = PLAN_DONE_JOURNAL,
		[NODE_DONE_FILE] = PLAN_DONE_FILE,
		[NODE_DONE_EXEC] = PLAN_DONE_EXEC,
		[NODE_DONE_HTTP] = PLAN_DONE_HTTP,
	};
	static const enum plan_exit exits[] = {
		[NODE_EXIT_FAIL] = PLAN_EXIT_FAIL,
		[NODE_EXIT_OK] = PLAN_EXIT_OK,
		[NODE_EXIT_RETRY] = PLAN_EXIT_RETRY,
	};
	struct plan_step *to = list_add(arena, &job->steps);

	to->id = from->id;
	to->key = step_key(arena, process, from);
	to->stdin_text = from->stdin_text.v;
	to->merge_file = from->merge_file;
	to->merge_values = from->merge_json;
	to->done = dones[from->done];
	to->done_path = from->done_path;
	to->done_process = from->done_process != NULL ? from->done_process->name : NULL;
	to->done_expect = from->done_expect;
	to->guard = from->guard;
	to->capture_pattern = from->capture_pattern;
	to->capture_secret = from->capture_secret;
	to->deadline_s = from->deadline_s;
	copy_texts(arena, &from->run, &to->run);
	copy_texts(arena, &from->done_exec, &to->done_exec);
	copy_texts(arena, &from->done_stdin, &to->done_stdin);
	copy_texts(arena, &from->repair, &to->repair);
	copy_strings(arena, &from->restart, &to->restart);
	for (size_t i = 0; i < from->exit_count; i++)
		*list_add(arena, &to->exits) =
			(struct plan_exit_rule){ .code = from->exits[i].code,
			                         .meaning = exits[from->exits[i].meaning] };
}

static void add_job(struct arena *arena, struct plan *plan, const struct node_job *from)
{
	struct plan_job *to = list_add(arena, &plan->jobs);

	to->name = from->name;
	to->phase = from->phase;
	to->process = from->process->name;
	for (size_t i = 0; i < from->steps.count; i++)
		add_step(arena, to, from->process, &from->steps.items[i]);
}

/* --- the rest --- */

static void add_volume(struct arena *arena, struct plan *plan, const struct node_volume *from)
{
	static const char *const classes[] = {
		[NODE_PRECIOUS] = "precious",
		[NODE_REBUILDABLE] = "rebuildable",
		[NODE_CACHE] = "cache",
	};

	*list_add(arena, &plan->volumes) = (struct plan_volume){
		.name = from->name,
		.path = from->path,
		.class = classes[from->class],
		.uid = from->uid,
		.gid = from->gid,
		.mode = from->mode,
	};
}

static void add_command(struct arena *arena, struct plan *plan, const struct node_command *from)
{
	struct plan_command *to = list_add(arena, &plan->commands);

	to->name = from->name;
	to->process = from->process->name;
	to->doc = from->doc;
	copy_texts(arena, &from->run, &to->run);
}

static void add_restart(struct arena *arena, struct plan *plan, const char *path, const char *unit)
{
	struct plan_restart *restart = list_add(arena, &plan->restart);

	restart->path = path;
	*list_add(arena, &restart->units) = unit;
}

static int compare_restart(const void *a, const void *b)
{
	const struct plan_restart *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* What of the machine itself takes effect without a restart of it. Its network does not: who
 * follows a change does so over the network. */
static void add_system_restarts(struct arena *arena, struct plan *plan,
                                const struct output_set *set)
{
	static const struct {
		const char *path, *unit;
	} rows[] = {
		{ HOST_FIREWALL_PATH, "stead-firewall.service" },
		{ HOST_SYSCTL_PATH, "systemd-sysctl.service" },
		{ HOST_UPDATE_CONF_PATH, "locksmithd.service" },
		{ HOST_ZINCATI_PATH, "zincati.service" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (output_find(set, rows[i].path) != NULL)
			add_restart(arena, plan, rows[i].path, rows[i].unit);
}

static void sort_restarts(struct plan *plan)
{
	if (plan->restart.count > 1)
		qsort(plan->restart.items, plan->restart.count, sizeof(*plan->restart.items),
		      compare_restart);
}

static void add_restarts(struct arena *arena, struct plan *plan, const struct node *node,
                         const struct output_set *set)
{
	const struct host_engine *engine = host_engine_find(node->machine.engine);
	const char *proxy_path = host_proxy_path(arena, node);

	if (engine != NULL && engine->daemon_path != NULL)
		add_restart(arena, plan, engine->daemon_path, engine->daemon_unit);
	add_system_restarts(arena, plan, set);
	if (proxy_path != NULL)
		add_restart(arena, plan, proxy_path,
		            host_unit_name(arena, host_proxy_process(node)));
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];
		const char *unit = host_unit_name(arena, process);

		if (engine != NULL)
			add_restart(arena, plan, engine->container_path(arena, process), unit);
		if (host_has_secret_env(process))
			add_restart(arena, plan, host_env_path(arena, process), unit);
	}
	for (size_t i = 0; i < node->configs.count; i++) {
		const struct node_config *config = node->configs.items[i];

		if (config->process->group != NODE_GROUP_TOOL) /* it has no unit */
			add_restart(arena, plan, host_config_path(arena, config),
			            host_unit_name(arena, config->process));
	}
	sort_restarts(plan);
}

/* Where Caddy keeps the root certificate of its own CA, below its data volume. */
static const char *internal_ca(struct arena *arena, const struct node *node)
{
	const struct node_process *proxy = host_proxy_process(node);

	if (proxy == NULL || !str_equal(node->tls.issuer, "internal"))
		return NULL;
	for (size_t i = 0; i < proxy->mounts.count; i++)
		if (proxy->mounts.items[i].volume != NULL)
			return arena_printf(arena, "%s/caddy/pki/authorities/local/root.crt",
			                    proxy->mounts.items[i].volume->path);
	return NULL;
}

/* All that this render puts on the machine, but for the agent's own program, which has ways of its
 * own to get there. */
static void add_outputs(struct arena *arena, struct plan *plan, const struct output_set *set)
{
	for (size_t i = 0; i < set->files.count; i++) {
		const struct output *file = set->files.items[i];

		if ((file->flags & OUTPUT_BINARY) == 0)
			*list_add(arena, &plan->files) =
				(struct plan_file){ .path = file->path,
				                    .mode = file->mode,
				                    .uid = file->uid,
				                    .gid = file->gid,
				                    .secret = (file->flags & OUTPUT_SECRET) != 0 };
	}
	for (size_t i = 0; i < set->dirs.count; i++) {
		const struct output_dir *dir = &set->dirs.items[i];

		*list_add(arena, &plan->dirs) = (struct plan_dir){
			.path = dir->path, .mode = dir->mode, .uid = dir->uid, .gid = dir->gid
		};
	}
	for (size_t i = 0; i < set->links.count; i++)
		*list_add(arena, &plan->links) =
			(struct plan_link){ .path = set->links.items[i].path,
			                    .target = set->links.items[i].target };
	for (size_t i = 0; i < set->units.count; i++) {
		const struct output_unit *unit = &set->units.items[i];

		*list_add(arena, &plan->units) = (struct plan_unit){
			.name = unit->name,
			.state = unit->masked    ? PLAN_UNIT_MASKED
			         : unit->enabled ? PLAN_UNIT_ENABLED
			                         : PLAN_UNIT_DISABLED,
		};
	}
}

/* By these the node knows its permanent secrets again. They are long and random, so that nobody
 * finds one by its hash; what a user asked for may be neither. */
static void add_permanent(struct arena *arena, struct plan *plan, const struct node *node)
{
	for (size_t i = 0; i < node->permanent.count; i++)
		*list_add(arena, &plan->permanent) = (struct plan_pair){
			.name = node->permanent.items[i].name,
			.value = fingerprint(arena, node->permanent.items[i].name,
			                     node->permanent.items[i].value.v),
		};
}

static enum plan_reach reach_of(const struct node *node)
{
	return node->reach == NODE_REACH_CHECKED     ? PLAN_REACH_CHECKED
	       : node->reach == NODE_REACH_UNCHECKED ? PLAN_REACH_UNCHECKED
	                                             : PLAN_REACH_QUARANTINED;
}

static struct plan *plan_new(struct arena *arena, const struct node *node)
{
	struct plan *plan = arena_alloc(arena, sizeof(*plan));

	plan->stead = STEAD_VERSION;
	plan->app = node->app;
	plan->domain = node->domain.v;
	plan->web = node->web.v;
	plan->lineage = node->lineage;
	plan->engine = node->machine.engine;
	plan->owner_name = node->owner_name;
	plan->owner_login = node->owner_login;
	plan->ca = internal_ca(arena, node);
	plan->reach = reach_of(node);
	plan->tls_issuer = node->tls.issuer;
	plan->tls_staging = node->tls.staging;
	plan->data_device = node->machine.data_device.v;
	return plan;
}

struct plan *host_plan_base(struct arena *arena, const struct node *node,
                            const struct output_set *set)
{
	struct plan *plan = plan_new(arena, node);

	add_outputs(arena, plan, set);
	add_system_restarts(arena, plan, set);
	sort_restarts(plan);
	return plan;
}

struct plan *host_plan(struct arena *arena, const struct node *node, const struct output_set *set)
{
	struct plan *plan = plan_new(arena, node);

	for (size_t i = 0; i < node->processes.count; i++)
		add_process(arena, plan, node, node->processes.items[i]);
	for (size_t i = 0; i < node->tools.count; i++)
		container(arena, node, node->tools.items[i], list_add(arena, &plan->tools));
	for (size_t i = 0; i < node->volumes.count; i++)
		add_volume(arena, plan, node->volumes.items[i]);
	for (size_t i = 0; i < node->jobs.count; i++)
		add_job(arena, plan, node->jobs.items[i]);
	for (size_t i = 0; i < NODE_NET_COUNT; i++)
		*list_add(arena, &plan->networks) =
			(struct plan_network){ .name = node->networks[i].name,
			                       .internal = node->networks[i].internal,
			                       .unit = arena_printf(arena, "%s-network.service",
			                                            node->networks[i].name) };
	for (size_t i = 0; i < node->commands.count; i++)
		add_command(arena, plan, &node->commands.items[i]);
	plan->swap_bytes = node->machine.swap_bytes;
	add_permanent(arena, plan, node);
	add_outputs(arena, plan, set);
	add_restarts(arena, plan, node, set);
	return plan;
}

/* --- no secrets --- */

static void no_secret(struct host_context *host, const char *what, const struct node_text *text)
{
	if (text->secret)
		host_error(host, "host.secret", text->origin,
		           "put it into the environment or into a configuration file",
		           "a secret in %s would be readable by all", what);
}

static void no_secrets(struct host_context *host, const char *what, const struct node_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		no_secret(host, what, &texts->items[i]);
}

void host_plan_check(struct host_context *host)
{
	const struct node *node = host->node;

	for (size_t i = 0; i < node->processes.count; i++) {
		no_secrets(host, "a command", &node->processes.items[i]->command);
		no_secrets(host, "a health test", &node->processes.items[i]->health.exec);
	}
	for (size_t i = 0; i < node->commands.count; i++)
		no_secrets(host, "a command", &node->commands.items[i].run);
	for (size_t i = 0; i < node->jobs.count; i++) {
		for (size_t j = 0; j < node->jobs.items[i]->steps.count; j++) {
			const struct node_step *step = &node->jobs.items[i]->steps.items[j];

			no_secrets(host, "a job's command", &step->run);
			no_secrets(host, "a job's command", &step->done_exec);
			no_secrets(host, "a job's command", &step->done_stdin);
			no_secrets(host, "a job's command", &step->repair);
			no_secret(host, "a job's input", &step->stdin_text);
		}
	}
}
