/*
 * Files that containers read: configuration below /etc/stead/config, secret environment values
 * below /etc/stead/secrets.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <string.h>

bool host_has_secret_env(const struct node_process *process)
{
	for (size_t i = 0; i < process->env.count; i++) {
		if (process->env.items[i].value.secret)
			return true;
	}
	return false;
}

const char *host_env_path(struct arena *arena, const struct node_process *process)
{
	return arena_printf(arena, HOST_SECRETS_DIR "/%s.env", process->name);
}

const char *host_config_path(struct arena *arena, const struct node_config *config)
{
	return arena_printf(arena, HOST_CONFIG_DIR "/%s/%s", config->process->name, config->name);
}

/* One line NAME=VALUE each, the value as it is to the end of the line: neither podman nor docker
 * knows quotes in such a file (podman: pkg/env/env.go). Line breaks were refused by the engine. */
static void env_file(struct host_context *host, const struct node_process *process)
{
	struct output *file;

	if (!host_has_secret_env(process))
		return;
	file = output_file(host->set, host_env_path(host->set->arena, process), 0600, OUTPUT_SECRET,
	                   origin_rule("host.env"));
	for (size_t i = 0; i < process->env.count; i++) {
		const struct node_env *env = &process->env.items[i];

		if (env->value.secret && strpbrk(env->value.v, "\r\n") == NULL)
			output_line(file, env->value.origin, "%s=%s", env->name, env->value.v);
	}
}

static void config_file(struct host_context *host, const struct node_config *config)
{
	const char *path = host_config_path(host->set->arena, config);
	bool secret = config->content.secret;
	struct output *file = output_file(host->set, path, secret ? 0600 : 0644,
	                                  secret ? OUTPUT_SECRET : 0, config->origin);

	if (secret) {
		file->uid = config->process->uid;
		file->gid = config->process->gid;
	}
	output_text(file, config->content.origin, config->content.v);
}

/* One directory for each process that has something mounted from there. A single file that is
 * mounted keeps its old content in a container when it is replaced: its process is restarted, as
 * for every other one. */
static void config_dirs(struct host_context *host)
{
	const struct node *node = host->node;
	const struct node_process *process;

	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		for (size_t j = 0; j < process->mounts.count; j++) {
			const struct node_mount *mount = &process->mounts.items[j];

			if (mount->volume == NULL &&
			    str_starts(mount->host_path, HOST_CONFIG_DIR "/"))
				output_dir(host->set,
				           arena_printf(host->set->arena, HOST_CONFIG_DIR "/%s",
				                        process->name),
				           0755, 0, 0, mount->origin);
		}
	}
}

void host_configs(struct host_context *host)
{
	const struct node *node = host->node;
	const struct node_process *process;

	config_dirs(host);
	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++)
		env_file(host, process);
	for (size_t i = 0; i < node->configs.count; i++)
		config_file(host, node->configs.items[i]);
}
