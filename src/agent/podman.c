#include "agent/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/text.h"

/* Exit codes of podman itself, podman-run(1). */
enum { PODMAN_FAILED = 125, PODMAN_NO = 1 };

enum {
	QUICK_MS =
		60 * 1000, /* under emulation one call takes a second, and the disk may be busy */
	PULL_MS = 60 * 60 * 1000,
	SPARE_S = 10, /* podman's own time around a deadline */
};

static void add(struct arena *arena, struct strings *argv, const char *arg)
{
	*list_add(arena, argv) = arg;
}

static void add_all(struct arena *arena, struct strings *argv, const struct strings *args)
{
	for (size_t i = 0; i < args->count; i++)
		add(arena, argv, args->items[i]);
}

static int run_podman(struct agent *agent, struct arena *arena, struct strings *argv,
                      const char *stdin_text, unsigned deadline_ms, struct process_result *ret)
{
	struct process_run run = {
		.stdin_data = stdin_text,
		.stdin_len = stdin_text != NULL ? strlen(stdin_text) : 0,
		.deadline_ms = deadline_ms,
	};
	int r;

	add(arena, argv, NULL);
	run.argv = argv->items;
	r = failpoint_run(arena, &run, ret);
	if (r < 0)
		return agent_fail(agent, r, "podman cannot be run: %s", strerror(-r));
	return 0;
}

/* For calls whose output is podman's own: no program of a container speaks here. */
static int fail_by(struct agent *agent, struct arena *arena, const char *what,
                   const struct process_result *result)
{
	if (result->timed_out)
		return agent_fail(agent, -ETIMEDOUT, "%s took too long", what);
	return agent_fail(agent, -EIO, "%s: %s", what, engine_last_line(arena, result->err));
}

static int podman_has_image(struct agent *agent, struct arena *arena, const char *image, bool *ret)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	add(arena, &argv, "podman");
	add(arena, &argv, "image");
	add(arena, &argv, "exists");
	add(arena, &argv, image);
	r = run_podman(agent, arena, &argv, NULL, QUICK_MS, &result);
	if (r < 0)
		return r;
	if (result.exit_code != 0 && result.exit_code != PODMAN_NO)
		return fail_by(agent, arena, "podman image exists", &result);
	*ret = result.exit_code == 0;
	return 0;
}

static int podman_pull(struct agent *agent, struct arena *arena, const char *image)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	add(arena, &argv, "podman");
	add(arena, &argv, "pull");
	add(arena, &argv, "--quiet");
	add(arena, &argv, image);
	r = run_podman(agent, arena, &argv, NULL, PULL_MS, &result);
	if (r < 0)
		return r;
	if (result.exit_code != 0)
		return fail_by(agent, arena, "podman pull", &result);
	return 0;
}

static int podman_remove(struct agent *agent, struct arena *arena, const char *container)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	add(arena, &argv, "podman");
	add(arena, &argv, "rm");
	add(arena, &argv, "--force");
	add(arena, &argv, "--ignore");
	add(arena, &argv, "--time=0");
	add(arena, &argv, container);
	r = run_podman(agent, arena, &argv, NULL, QUICK_MS, &result);
	if (r < 0)
		return r;
	if (result.exit_code != 0)
		return fail_by(agent, arena, "podman rm", &result);
	return 0;
}

/* Everything but --name and --rm comes from the process, so that a job sees what the process sees.
 */
static void add_process(struct agent *agent, struct arena *arena, struct strings *argv,
                        const struct plan_process *process)
{
	add(arena, argv, arena_printf(arena, "--user=%u:%u", process->uid, process->gid));
	add(arena, argv, "--cap-drop=all");
	add(arena, argv, "--security-opt=no-new-privileges");
	if (!process->writable_root)
		add(arena, argv, "--read-only");
	if (process->networks.count == 0)
		add(arena, argv, "--network=none");
	for (size_t i = 0; i < process->networks.count; i++)
		add(arena, argv, arena_printf(arena, "--network=%s", process->networks.items[i]));
	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct plan_mount *mount = &process->mounts.items[i];

		add(arena, argv,
		    arena_printf(arena, "--volume=%s:%s%s",
		                 agent_host_path(agent, arena, mount->host), mount->target,
		                 mount->read_only ? ":ro" : ""));
	}
	for (size_t i = 0; i < process->tmpfs.count; i++)
		add(arena, argv, arena_printf(arena, "--tmpfs=%s", process->tmpfs.items[i]));
	for (size_t i = 0; i < process->env_files.count; i++)
		add(arena, argv,
		    arena_printf(arena, "--env-file=%s",
		                 agent_host_path(agent, arena, process->env_files.items[i])));
	for (size_t i = 0; i < process->env.count; i++)
		add(arena, argv,
		    arena_printf(arena, "--env=%s=%s", process->env.items[i].name,
		                 process->env.items[i].value));
}

static int podman_run_job(struct agent *agent, struct arena *arena, const struct engine_job *job,
                          struct process_result *ret)
{
	struct strings argv = { 0 };
	int r;

	add(arena, &argv, "podman");
	add(arena, &argv, "run");
	add(arena, &argv, "--rm");
	add(arena, &argv, "--replace");
	add(arena, &argv, arena_printf(arena, "--name=%s", job->container));
	add(arena, &argv, "--pull=never");
	add(arena, &argv, "--log-driver=none"); /* what it prints may be a secret */
	add(arena, &argv, "--sdnotify=ignore");
	/* Ends it also when we are gone by then. */
	add(arena, &argv, arena_printf(arena, "--timeout=%u", job->deadline_s + SPARE_S));
	if (job->stdin_text != NULL)
		add(arena, &argv, "--interactive");
	add_process(agent, arena, &argv, job->process);
	add(arena, &argv, job->process->image);
	add_all(arena, &argv, job->run);
	r = run_podman(agent, arena, &argv, job->stdin_text, job->deadline_s * 1000, ret);
	if (r < 0)
		return r;
	if (ret->timed_out) /* the client is gone, its container may not be */
		return podman_remove(agent, arena, job->container);
	return 0;
}

static int podman_exec(struct agent *agent, struct arena *arena, const struct plan_process *process,
                       const struct strings *run, const char *stdin_text, unsigned deadline_s,
                       struct process_result *ret)
{
	struct strings argv = { 0 };

	add(arena, &argv, "podman");
	add(arena, &argv, "exec");
	if (stdin_text != NULL)
		add(arena, &argv, "--interactive");
	add(arena, &argv, engine_container(arena, process));
	add_all(arena, &argv, run);
	return run_podman(agent, arena, &argv, stdin_text, deadline_s * 1000, ret);
}

static int inspect(struct agent *agent, struct arena *arena, const struct plan_process *process,
                   const char *format, char **ret)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	add(arena, &argv, "podman");
	add(arena, &argv, "container");
	add(arena, &argv, "inspect");
	add(arena, &argv, "--format");
	add(arena, &argv, format);
	add(arena, &argv, engine_container(arena, process));
	r = run_podman(agent, arena, &argv, NULL, QUICK_MS, &result);
	if (r < 0)
		return r;
	if (result.timed_out)
		return fail_by(agent, arena, "podman inspect", &result);
	if (result.exit_code != 0)
		return agent_fail(agent, -ENOENT, "%s has no container", process->name);
	*ret = result.out;
	return 0;
}

static bool is_address(const char *s)
{
	unsigned char raw[16];

	return inet_pton(AF_INET, s, raw) == 1 || inet_pton(AF_INET6, s, raw) == 1;
}

static int podman_address_of(struct agent *agent, struct arena *arena,
                             const struct plan_process *process, const char **ret)
{
	static const char format[] = "{{.State.Running}}{{range .NetworkSettings.Networks}} "
				     "{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}";
	char *out, *rest, *word;
	int r = inspect(agent, arena, process, format, &out);

	if (r < 0)
		return r;
	word = strtok_r(out, " \n", &rest);
	if (!str_equal(word, "true"))
		return agent_fail(agent, -ENOENT, "the container of %s does not run",
		                  process->name);
	while ((word = strtok_r(NULL, " \n", &rest)) != NULL)
		if (is_address(word)) {
			*ret = arena_strdup(arena, word);
			return 0;
		}
	return agent_fail(agent, -ENOENT, "the container of %s has no address", process->name);
}

static int podman_state_of(struct agent *agent, struct arena *arena,
                           const struct plan_process *process, enum engine_state *ret)
{
	char *out;
	int r = inspect(agent, arena, process, "{{.State.Running}}", &out);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT)
		*ret = ENGINE_ABSENT;
	else
		*ret = str_starts(out, "true") ? ENGINE_RUNNING : ENGINE_STOPPED;
	return 0;
}

const struct engine engine_podman = {
	.name = "podman",
	.has_image = podman_has_image,
	.pull = podman_pull,
	.run_job = podman_run_job,
	.exec = podman_exec,
	.address_of = podman_address_of,
	.state_of = podman_state_of,
	.remove = podman_remove,
};
