#include "agent/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/text.h"

const char *client_name(const struct agent *agent)
{
	return agent->engine->name;
}

void client_add(struct arena *arena, struct strings *argv, ...)
{
	const char *word;
	va_list words;

	va_start(words, argv);
	while ((word = va_arg(words, const char *)) != NULL)
		*list_add(arena, argv) = word;
	va_end(words);
}

void client_add_all(struct arena *arena, struct strings *argv, const struct strings *words)
{
	for (size_t i = 0; i < words->count; i++)
		*list_add(arena, argv) = words->items[i];
}

int client_run(struct agent *agent, struct arena *arena, struct strings *argv,
               const char *stdin_text, unsigned deadline_ms, struct process_result *ret)
{
	struct process_run run = {
		.stdin_data = stdin_text,
		.stdin_len = stdin_text != NULL ? strlen(stdin_text) : 0,
		.deadline_ms = deadline_ms,
	};
	int r;

	*list_add(arena, argv) = NULL;
	run.argv = argv->items;
	r = failpoint_run(arena, &run, ret);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be run: %s", argv->items[0], strerror(-r));
	return 0;
}

/* docker is a client of a daemon, which may be the one that is missing. */
static bool is_daemon_away(const struct process_result *result)
{
	return strstr(result->err, "Cannot connect to the Docker daemon") != NULL ||
	       strstr(result->err, "docker daemon running?") != NULL;
}

int client_fail(struct agent *agent, struct arena *arena, const struct strings *argv,
                const struct process_result *result)
{
	const char *client = argv->items[0], *verb = argv->items[1];

	if (result->timed_out)
		return agent_fail(agent, -ETIMEDOUT, "%s %s took too long", client, verb);
	if (is_daemon_away(result))
		return agent_fail(
			agent, -ECONNREFUSED,
			"docker's daemon does not answer (see systemctl status docker.service)");
	return agent_fail(agent, -EIO, "%s %s: %s", client, verb,
	                  engine_last_line(arena, result->err));
}

int client_call(struct agent *agent, struct arena *arena, struct strings *argv,
                struct process_result *ret)
{
	int r = client_run(agent, arena, argv, NULL, CLIENT_QUICK_MS, ret);

	if (r == 0 && ret->exit_code != 0)
		r = client_fail(agent, arena, argv, ret);
	return r;
}

void client_add_process(struct agent *agent, struct arena *arena, struct strings *argv,
                        const struct plan_process *process)
{
	client_add(arena, argv, arena_printf(arena, "--user=%u:%u", process->uid, process->gid),
	           "--cap-drop=all", "--security-opt=no-new-privileges", NULL);
	if (!process->writable_root)
		client_add(arena, argv, "--read-only", NULL);
	if (process->no_entrypoint)
		client_add(arena, argv, "--entrypoint=", NULL);
	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct plan_mount *mount = &process->mounts.items[i];

		client_add(arena, argv,
		           arena_printf(arena, "--volume=%s:%s%s",
		                        agent_host_path(agent, arena, mount->host), mount->target,
		                        mount->read_only ? ":ro" : ""),
		           NULL);
	}
	for (size_t i = 0; i < process->env_files.count; i++)
		client_add(arena, argv,
		           arena_printf(arena, "--env-file=%s",
		                        agent_host_path(agent, arena, process->env_files.items[i])),
		           NULL);
	for (size_t i = 0; i < process->env.count; i++)
		client_add(arena, argv,
		           arena_printf(arena, "--env=%s=%s", process->env.items[i].name,
		                        process->env.items[i].value),
		           NULL);
}

int client_exec(struct agent *agent, struct arena *arena, const struct plan_process *process,
                const struct strings *run, const char *stdin_text, unsigned deadline_s,
                struct process_result *ret)
{
	struct strings argv = { 0 };

	client_add(arena, &argv, client_name(agent), "exec", NULL);
	if (stdin_text != NULL)
		client_add(arena, &argv, "--interactive", NULL);
	client_add(arena, &argv, engine_container(arena, process), NULL);
	client_add_all(arena, &argv, run);
	return client_run(agent, arena, &argv, stdin_text, deadline_s * 1000, ret);
}

int client_exec_argv(struct agent *agent, struct arena *arena, const struct plan_process *process,
                     const struct strings *run, bool tty, struct strings *ret)
{
	enum engine_state state = ENGINE_ABSENT;
	int r = agent->engine->state_of(agent, arena, process, &state);

	if (r < 0)
		return r;
	if (state != ENGINE_RUNNING)
		return agent_fail(agent, -ENOENT, "the container of %s does not run",
		                  process->name);
	client_add(arena, ret, client_name(agent), "exec", "--interactive", NULL);
	if (tty)
		client_add(arena, ret, "--tty", NULL);
	client_add(arena, ret, engine_container(arena, process), NULL);
	client_add_all(arena, ret, run);
	*list_add(arena, ret) = NULL;
	return 0;
}

int client_inspect(struct agent *agent, struct arena *arena, const char *container,
                   const char *format, char **ret)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, client_name(agent), "container", "inspect", "--format", format,
	           container, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_QUICK_MS, &result);
	if (r < 0)
		return r;
	if (result.timed_out || is_daemon_away(&result))
		return client_fail(agent, arena, &argv, &result);
	if (result.exit_code != 0)
		return agent_fail(agent, -ENOENT, "there is no container %s", container);
	*ret = result.out;
	return 0;
}

static int inspect_process(struct agent *agent, struct arena *arena,
                           const struct plan_process *process, const char *format, char **ret)
{
	int r = client_inspect(agent, arena, engine_container(arena, process), format, ret);

	return r == -ENOENT ? agent_fail(agent, r, "%s has no container", process->name) : r;
}

static bool is_address(const char *s)
{
	unsigned char raw[16];

	return inet_pton(AF_INET, s, raw) == 1 || inet_pton(AF_INET6, s, raw) == 1;
}

/* The words of both engines: podman's initialized and configured are docker's created. */
static enum engine_state state_by_word(const char *word)
{
	static const char *const before[] = { "created", "initialized", "configured" };

	if (str_equal(word, "running") || str_equal(word, "paused"))
		return ENGINE_RUNNING;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (str_equal(word, before[i]))
			return ENGINE_CREATED;
	return ENGINE_ENDED;
}

int client_address_of(struct agent *agent, struct arena *arena, const struct plan_process *process,
                      const char **ret)
{
	static const char format[] = "{{.State.Status}}{{range .NetworkSettings.Networks}} "
				     "{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}";
	enum engine_state state;
	char *out, *rest, *word;
	int r = inspect_process(agent, arena, process, format, &out);

	if (r < 0)
		return r;
	word = strtok_r(out, " \n", &rest);
	state = state_by_word(word);
	if (state == ENGINE_CREATED)
		return agent_fail(agent, -EAGAIN, "the container of %s does not run yet",
		                  process->name);
	if (state != ENGINE_RUNNING)
		return agent_fail(agent, -ESRCH, "the container of %s has ended", process->name);
	while ((word = strtok_r(NULL, " \n", &rest)) != NULL)
		if (is_address(word)) {
			*ret = arena_strdup(arena, word);
			return 0;
		}
	return agent_fail(agent, -ENOENT, "the container of %s has no address", process->name);
}

int client_state_of(struct agent *agent, struct arena *arena, const struct plan_process *process,
                    enum engine_state *ret)
{
	char *out;
	int r = inspect_process(agent, arena, process, "{{.State.Status}}", &out);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0)
		out[strcspn(out, " \n")] = '\0';
	*ret = r == -ENOENT ? ENGINE_ABSENT : state_by_word(out);
	return 0;
}

static int list(struct agent *agent, struct arena *arena, struct strings *argv, const char *prefix,
                struct strings *ret)
{
	struct process_result result;
	char *rest;
	int r = client_call(agent, arena, argv, &result);

	if (r < 0)
		return r;
	for (char *line = strtok_r(result.out, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (str_starts(line, prefix))
			*list_add(arena, ret) = line;
	return 0;
}

int client_list_containers(struct agent *agent, struct arena *arena, const char *prefix,
                           struct strings *ret)
{
	struct strings argv = { 0 };

	client_add(arena, &argv, client_name(agent), "ps", "--all", "--format", "{{.Names}}", NULL);
	return list(agent, arena, &argv, prefix, ret);
}

static int list_networks(struct agent *agent, struct arena *arena, const char *client,
                         const char *prefix, struct strings *ret)
{
	struct strings argv = { 0 };

	client_add(arena, &argv, client, "network", "ls", "--format", "{{.Name}}", NULL);
	return list(agent, arena, &argv, prefix, ret);
}

int client_list_networks(struct agent *agent, struct arena *arena, const char *prefix,
                         struct strings *ret)
{
	return list_networks(agent, arena, client_name(agent), prefix, ret);
}

/* "BYTES NAME NAME…", one image a line. */
static void add_image(struct arena *arena, char *line, struct engine_images *ret)
{
	char *rest, *word = strtok_r(line, " ", &rest);
	struct engine_image image = { 0 };

	if (word == NULL)
		return;
	image.bytes = strtoll(word, NULL, 10);
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
		*list_add(arena, &image.names) = word;
	*list_add(arena, ret) = image;
}

int client_list_images(struct agent *agent, struct arena *arena, struct engine_images *ret)
{
	static const char format[] =
		"{{.Size}}{{range .RepoTags}} {{.}}{{end}}{{range .RepoDigests}} {{.}}{{end}}";
	struct strings argv = { 0 }, ids = { 0 };
	struct process_result result;
	char *rest;
	int r;

	client_add(arena, &argv, client_name(agent), "image", "ls", "--quiet", "--no-trunc", NULL);
	r = list(agent, arena, &argv, "", &ids);
	if (r < 0 || ids.count == 0)
		return r;
	argv = (struct strings){ 0 };
	client_add(arena, &argv, client_name(agent), "image", "inspect", "--format", format, NULL);
	/* One with two tags is listed twice. */
	for (size_t i = 0; i < ids.count; i++)
		if (!strings_have(&argv, ids.items[i]))
			*list_add(arena, &argv) = ids.items[i];
	r = client_call(agent, arena, &argv, &result);
	if (r < 0)
		return r;
	for (char *line = strtok_r(result.out, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		add_image(arena, line, ret);
	return 0;
}

/* What is there is asked only after a failure: somebody else may have removed it in between. */
int client_network_remove(struct agent *agent, struct arena *arena, const char *client,
                          const char *network)
{
	struct strings argv = { 0 }, left = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, client, "network", "rm", network, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_QUICK_MS, &result);
	if (r < 0 || result.exit_code == 0)
		return r;
	r = list_networks(agent, arena, client, network, &left);
	if (r < 0)
		return r;
	for (size_t i = 0; i < left.count; i++)
		if (str_equal(left.items[i], network))
			return client_fail(agent, arena, &argv, &result);
	return 0;
}

int client_image_remove(struct agent *agent, struct arena *arena, const char *image)
{
	struct strings argv = { 0 };
	struct process_result result;
	bool there = false;
	int r;

	client_add(arena, &argv, client_name(agent), "image", "rm", image, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_QUICK_MS, &result);
	if (r < 0 || result.exit_code == 0)
		return r;
	r = agent->engine->has_image(agent, arena, image, &there);
	if (r == 0 && there)
		r = client_fail(agent, arena, &argv, &result);
	return r;
}

int client_version(struct agent *agent, struct arena *arena, const char *client, const char *before,
                   const char **ret)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, client, "--version", NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_QUICK_MS, &result);
	if (r < 0)
		return r;
	if (result.exit_code != 0)
		return client_fail(agent, arena, &argv, &result);
	/* What calls itself docker may be podman with another name. */
	if (!str_starts(result.out, before))
		return agent_fail(agent, -ENOENT, "%s is not %s", client, client);
	result.out += strlen(before);
	*ret = arena_strndup(arena, result.out, strcspn(result.out, " ,\n"));
	return 0;
}
