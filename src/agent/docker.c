/*
 * docker. Its daemon must run; without it every call fails with -ECONNREFUSED.
 *
 * `docker run` takes one network until docker 25: a container is created, connected to its other
 * networks and then started. See docker-create(1), docker-start(1).
 */
#include "agent/client.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define DOCKER "docker"

enum { DOCKER_NO = 1 };

static int docker_has_image(struct agent *agent, struct arena *arena, const char *image, bool *ret)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, DOCKER, "image", "inspect", "--format", "{{.Id}}", image, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_QUICK_MS, &result);
	if (r < 0)
		return r;
	*ret = result.exit_code == 0;
	/* 1 is both "no" and "I do not know". */
	if (*ret || (result.exit_code == DOCKER_NO && strstr(result.err, "No such image") != NULL))
		return 0;
	return client_fail(agent, arena, &argv, &result);
}

static int docker_pull(struct agent *agent, struct arena *arena, const char *image)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, DOCKER, "pull", "--quiet", image, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_PULL_MS, &result);
	if (r == 0 && result.exit_code != 0)
		r = client_fail(agent, arena, &argv, &result);
	return r;
}

static int docker_remove(struct agent *agent, struct arena *arena, const char *container)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, DOCKER, "rm", "--force", "--volumes", container, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_QUICK_MS, &result);
	if (r == 0 && result.exit_code != 0 && strstr(result.err, "No such container") == NULL)
		r = client_fail(agent, arena, &argv, &result);
	return r;
}

static bool is_listed(const struct plan_process *process, const char *dir)
{
	for (size_t i = 0; i < process->tmpfs.count; i++)
		if (str_equal(process->tmpfs.items[i], dir))
			return true;
	for (size_t i = 0; i < process->mounts.count; i++)
		if (str_equal(process->mounts.items[i].target, dir))
			return true;
	return false;
}

/* As podman mounts them: for everybody, and three of its own in every container whose root is
 * read-only. What the application names is its user's besides: a runc before 1.1.9, as in Debian
 * 12, takes the mode of the image's folder instead. */
static void add_tmpfs(struct arena *arena, struct strings *argv, const struct plan_process *process)
{
	static const char *const own[] = { "/run", "/tmp", "/var/tmp" };

	for (size_t i = 0; i < process->tmpfs.count; i++)
		client_add(arena, argv,
		           arena_printf(arena, "--tmpfs=%s:mode=1777,uid=%u,gid=%u",
		                        process->tmpfs.items[i], process->uid, process->gid),
		           NULL);
	for (size_t i = 0; !process->writable_root && i < sizeof(own) / sizeof(own[0]); i++)
		if (!is_listed(process, own[i]))
			client_add(arena, argv,
			           arena_printf(arena, "--tmpfs=%s:mode=1777,exec", own[i]), NULL);
}

static int connect_network(struct agent *agent, struct arena *arena, const char *network,
                           const char *container)
{
	struct strings argv = { 0 };
	struct process_result result;

	client_add(arena, &argv, DOCKER, "network", "connect", network, container, NULL);
	return client_call(agent, arena, &argv, &result);
}

/* The container of a job, not started; OPTION may be NULL. One of the same name is removed. */
static int create(struct agent *agent, struct arena *arena, const struct engine_job *job,
                  bool interactive, const char *option, bool tty)
{
	const struct plan_process *process = job->process;
	struct strings argv = { 0 };
	struct process_result result;
	int r = docker_remove(agent, arena, job->container);

	if (r < 0)
		return r;
	client_add(arena, &argv, DOCKER, "create", arena_printf(arena, "--name=%s", job->container),
	           "--pull=never", "--log-driver=none", /* what it prints may be a secret */
	           NULL);
	client_add(arena, &argv, option, NULL);
	if (interactive)
		client_add(arena, &argv, "--interactive", tty ? "--tty" : NULL, NULL);
	client_add(arena, &argv,
	           arena_printf(arena, "--network=%s",
	                        process->networks.count > 0 ? process->networks.items[0] : "none"),
	           NULL);
	client_add_process(agent, arena, &argv, process);
	add_tmpfs(arena, &argv, process);
	client_add(arena, &argv, process->image, NULL);
	client_add_all(arena, &argv, job->run);
	r = client_call(agent, arena, &argv, &result);
	for (size_t i = 1; r == 0 && i < process->networks.count; i++)
		r = connect_network(agent, arena, process->networks.items[i], job->container);
	return r;
}

/* docker's own failure to start it and a program that exits with 1 look the same; but what never
 * ran is still "created". */
static int check_started(struct agent *agent, struct arena *arena, const struct engine_job *job,
                         const struct strings *argv, const struct process_result *result)
{
	char *status;
	int r;

	if (result->timed_out || result->exit_code == 0)
		return 0;
	r = client_inspect(agent, arena, job->container, "{{.State.Status}}", &status);
	if (r == 0 && str_starts(status, "created"))
		r = client_fail(agent, arena, argv, result);
	return r;
}

static int docker_run_job(struct agent *agent, struct arena *arena, const struct engine_job *job,
                          struct process_result *ret)
{
	struct strings argv = { 0 };
	char why[sizeof(agent->why)];
	int r = create(agent, arena, job, job->stdin_text != NULL, NULL, false), removed;

	if (r == 0) {
		client_add(arena, &argv, DOCKER, "start", "--attach", NULL);
		if (job->stdin_text != NULL)
			client_add(arena, &argv, "--interactive", NULL);
		client_add(arena, &argv, job->container, NULL);
		r = client_run(agent, arena, &argv, job->stdin_text, job->deadline_s * 1000, ret);
	}
	if (r == 0)
		r = check_started(agent, arena, job, &argv, ret);
	memcpy(why, agent->why, sizeof(why));
	removed = docker_remove(agent, arena, job->container);
	if (r < 0)
		memcpy(agent->why, why, sizeof(why));
	return r < 0 ? r : removed;
}

static int docker_job_argv(struct agent *agent, struct arena *arena, const struct engine_job *job,
                           bool tty, struct strings *ret)
{
	int r = create(agent, arena, job, true, "--rm", tty);

	if (r < 0)
		return r;
	client_add(arena, ret, DOCKER, "start", "--attach", "--interactive", job->container, NULL);
	*list_add(arena, ret) = NULL;
	return 0;
}

static int docker_network_remove(struct agent *agent, struct arena *arena, const char *network)
{
	return client_network_remove(agent, arena, DOCKER, network);
}

static int docker_version(struct agent *agent, struct arena *arena, const char **ret)
{
	return client_version(agent, arena, DOCKER, "Docker version ", ret);
}

const struct engine engine_docker = {
	.name = DOCKER,
	.config_dir = "/etc/docker/",
	.has_image = docker_has_image,
	.pull = docker_pull,
	.run_job = docker_run_job,
	.exec = client_exec,
	.address_of = client_address_of,
	.state_of = client_state_of,
	.remove = docker_remove,
	.exec_argv = client_exec_argv,
	.job_argv = docker_job_argv,
	.list_containers = client_list_containers,
	.list_networks = client_list_networks,
	.list_images = client_list_images,
	.network_remove = docker_network_remove,
	.image_remove = client_image_remove,
	.version = docker_version,
};
