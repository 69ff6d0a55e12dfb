#include "agent/client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#define PODMAN "podman"
#define STORE "/var/lib/containers/storage/db.sql"

enum {
	PODMAN_NO = 1, /* podman-image-exists(1) */
	SPARE_S = 10,  /* podman's own time around a deadline */
};

static int podman_has_image(struct agent *agent, struct arena *arena, const char *image, bool *ret)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, PODMAN, "image", "exists", image, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_QUICK_MS, &result);
	if (r < 0)
		return r;
	if (result.exit_code != 0 && result.exit_code != PODMAN_NO)
		return client_fail(agent, arena, &argv, &result);
	*ret = result.exit_code == 0;
	return 0;
}

/* The variables of each container stand there, secrets too, and podman 5 makes it 0644 in a folder
 * that all may enter. */
static int podman_keep_private(struct agent *agent)
{
	cleanup_fd int fd = openat(agent->root_fd, agent_below_root(STORE),
	                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fchmod(fd, 0600) < 0)
		return agent_fail(agent, -errno, "%s: %s", STORE, strerror(errno));
	return 0;
}

static int podman_pull(struct agent *agent, struct arena *arena, const char *image)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	client_add(arena, &argv, PODMAN, "pull", "--quiet", image, NULL);
	r = client_run(agent, arena, &argv, NULL, CLIENT_PULL_MS, &result);
	if (r < 0)
		return r;
	if (result.exit_code != 0)
		return client_fail(agent, arena, &argv, &result);
	return 0;
}

static int podman_remove(struct agent *agent, struct arena *arena, const char *container)
{
	struct strings argv = { 0 };
	struct process_result result;

	client_add(arena, &argv, PODMAN, "rm", "--force", "--ignore", "--time=0", container, NULL);
	return client_call(agent, arena, &argv, &result);
}

/* "podman run" up to the options of its own that a caller adds before add_job(). */
static void begin_job(struct arena *arena, struct strings *argv, const struct engine_job *job)
{
	client_add(arena, argv, PODMAN, "run", "--rm", "--replace",
	           arena_printf(arena, "--name=%s", job->container), "--pull=never",
	           "--log-driver=none", /* what it prints may be a secret */
	           "--sdnotify=ignore", NULL);
}

/* Everything else comes from the process, so that a job sees what the process sees. */
static void add_job(struct agent *agent, struct arena *arena, struct strings *argv,
                    const struct engine_job *job)
{
	const struct plan_process *process = job->process;

	client_add_process(agent, arena, argv, process);
	for (size_t i = 0; i < process->tmpfs.count; i++)
		client_add(arena, argv,
		           arena_printf(arena, "--tmpfs=%s:mode=1777", process->tmpfs.items[i]),
		           NULL);
	if (process->networks.count == 0)
		client_add(arena, argv, "--network=none", NULL);
	for (size_t i = 0; i < process->networks.count; i++)
		client_add(arena, argv,
		           arena_printf(arena, "--network=%s", process->networks.items[i]), NULL);
	client_add(arena, argv, process->image, NULL);
	client_add_all(arena, argv, job->run);
}

static int podman_run_job(struct agent *agent, struct arena *arena, const struct engine_job *job,
                          struct process_result *ret)
{
	struct strings argv = { 0 };
	int r;

	begin_job(arena, &argv, job);
	/* Ends it also when we are gone by then. */
	client_add(arena, &argv, arena_printf(arena, "--timeout=%u", job->deadline_s + SPARE_S),
	           NULL);
	if (job->stdin_text != NULL)
		client_add(arena, &argv, "--interactive", NULL);
	add_job(agent, arena, &argv, job);
	r = client_run(agent, arena, &argv, job->stdin_text, job->deadline_s * 1000, ret);
	if (r < 0)
		return r;
	if (ret->timed_out) /* the client is gone, its container may not be */
		return podman_remove(agent, arena, job->container);
	return 0;
}

static int podman_job_argv(struct agent *agent, struct arena *arena, const struct engine_job *job,
                           bool tty, struct strings *ret)
{
	begin_job(arena, ret, job);
	client_add(arena, ret, "--interactive", tty ? "--tty" : NULL, NULL);
	add_job(agent, arena, ret, job);
	*list_add(arena, ret) = NULL;
	return 0;
}

static int podman_network_remove(struct agent *agent, struct arena *arena, const char *network)
{
	return client_network_remove(agent, arena, PODMAN, network);
}

static int podman_version(struct agent *agent, struct arena *arena, const char **ret)
{
	return client_version(agent, arena, PODMAN, "podman version ", ret);
}

const struct engine engine_podman = {
	.name = PODMAN,
	.config_dir = "/etc/containers/registries.conf.d/",
	.has_image = podman_has_image,
	.pull = podman_pull,
	.keep_private = podman_keep_private,
	.run_job = podman_run_job,
	.exec = client_exec,
	.address_of = client_address_of,
	.state_of = client_state_of,
	.remove = podman_remove,
	.exec_argv = client_exec_argv,
	.job_argv = podman_job_argv,
	.list_containers = client_list_containers,
	.list_networks = client_list_networks,
	.list_images = client_list_images,
	.network_remove = podman_network_remove,
	.image_remove = client_image_remove,
	.version = podman_version,
};
