/*
 * prepare: everything below /var/lib/stead that must be there before a container starts, and the
 * images. Refuses without the firewall: a node that cannot be closed stays down.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/failpoint.h"
#include "agent/label.h"
#include "agent/progress.h"
#include "agent/sentinel.h"
#include "agent/storage.h"
#include "agent/swap.h"
#include "base/arena.h"
#include "base/text.h"

#define DISK "prepare.disk"
#define DIRECTORIES "prepare.directories"
#define FIREWALL "prepare.firewall"
#define SWAP "prepare.swap"

enum { NFT_MS = 30 * 1000 };

static const struct disk_owner private_dir = { .uid = 0, .gid = 0, .mode = 0700 };
static const struct disk_owner public_dir = { .uid = 0, .gid = 0, .mode = 0755 };

static int check_firewall(struct agent *agent)
{
	static const char *const argv[] = { "nft", "list", "table", "inet", "stead", NULL };
	cleanup_arena struct arena *scratch = arena_new();
	struct process_run run = { .argv = argv, .deadline_ms = NFT_MS };
	struct process_result result;
	int r = failpoint_run(scratch, &run, &result);

	if (r < 0)
		return agent_fail(agent, r, "the firewall cannot be seen: nft: %s", strerror(-r));
	if (result.exit_code != 0)
		return agent_fail(agent, -EPERM,
		                  "the firewall is not loaded (no table inet stead): %s",
		                  engine_last_line(scratch, result.err));
	return 0;
}

static int make_dir(struct agent *agent, const char *path, const struct disk_owner *owner)
{
	int r = disk_make_dir(agent->root_fd, path, owner);

	if (r < 0)
		return agent_fail(agent, r, "%s cannot be made: %s", path,
		                  r == -ELOOP ? "it is a symbolic link" : strerror(-r));
	return 0;
}

/* The directory of a volume's path, and every one above it below /var/lib/stead. */
static int make_volume(struct agent *agent, const struct plan_volume *volume)
{
	static const struct disk_owner parent = { .uid = 0, .gid = 0, .mode = 0711 };
	cleanup_arena struct arena *scratch = arena_new();
	const struct disk_owner owner = { volume->uid, volume->gid, volume->mode };

	if (!str_starts(volume->path, AGENT_DATA "/data/"))
		return agent_fail(agent, -EINVAL, "the volume %s is not below %s/data",
		                  volume->path, AGENT_DATA);
	for (const char *slash = volume->path + strlen(AGENT_DATA "/data/");
	     (slash = strchr(slash, '/')) != NULL; slash++) {
		int r = make_dir(
			agent, arena_strndup(scratch, volume->path, (size_t)(slash - volume->path)),
			&parent);

		if (r < 0)
			return r;
	}
	return make_dir(agent, volume->path, &owner);
}

/* Whose data this is. Another node's is never touched, and never served under this name. */
static int take_data(struct agent *agent)
{
	bool unknown = false;
	int r = sentinel_check(agent, agent->plan, &unknown);

	return r == 0 && unknown ? sentinel_write(agent, agent->plan) : r;
}

static int make_directories(struct agent *agent)
{
	static const char *const dirs[] = { AGENT_DATA "/data", AGENT_STATE, AGENT_JOBS,
		                            AGENT_SECRETS };
	int r = make_dir(agent, AGENT_DATA, &private_dir);

	/* The sentinel comes first: data without one is another's. */
	if (r == 0)
		r = take_data(agent);
	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		r = make_dir(agent, dirs[i], &private_dir);
	for (size_t i = 0; r == 0 && i < agent->plan->volumes.count; i++)
		r = make_volume(agent, &agent->plan->volumes.items[i]);
	if (r == 0) /* the proxy has it mounted */
		r = make_dir(agent, AGENT_RUN "/page", &public_dir);
	if (r == 0)
		label_mounts(agent);
	return r;
}

static int get_image(struct agent *agent, const char *image)
{
	cleanup_arena struct arena *scratch = arena_new();
	bool there = false;
	int r = agent->engine->has_image(agent, scratch, image, &there);

	if (r == 0 && !there)
		r = agent->engine->pull(agent, scratch, image);
	return r;
}

/* Without end: the registry may be down, the network not up yet, the disk full. */
static void get_image_or_wait(struct agent *agent, const char *image)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *name = arena_printf(scratch, "prepare.image:%s", image);
	unsigned attempt = 0;

	progress_begin(agent, name);
	while (get_image(agent, image) < 0) {
		progress_tell(agent, name, PROGRESS_WAITING, agent->why);
		agent_pause(++attempt);
		progress_begin(agent, name);
	}
	progress_set(agent, name, PROGRESS_DONE, NULL);
}

static void get_images(struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct strings images = { 0 };

	plan_images(scratch, agent->plan, &images);
	for (size_t i = 0; i < images.count; i++)
		get_image_or_wait(agent, images.items[i]);
}

static int named(struct agent *agent, const char *name, int (*function)(struct agent *agent))
{
	int r;

	progress_begin(agent, name);
	r = function(agent);
	if (r < 0)
		progress_tell(agent, name, PROGRESS_FAILED, agent->why);
	else
		progress_set(agent, name, PROGRESS_DONE, NULL);
	return r;
}

/* A node without its swap is slower, not wrong: it goes on, and says why. */
static void follow_swap(struct agent *agent)
{
	int r;

	if (!swap_is_of_interest(agent))
		return;
	progress_begin(agent, SWAP);
	r = swap_follow(agent);
	if (r < 0)
		progress_tell(agent, SWAP, PROGRESS_DONE, agent->why);
	else
		progress_set(agent, SWAP, PROGRESS_DONE, NULL);
}

int agent_prepare(struct agent *agent, char *const *args)
{
	(void)args;
	if (agent_make_run(agent) < 0 || agent_lock(agent) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	if (named(agent, FIREWALL, check_firewall) < 0 ||
	    (agent->plan->data_device != NULL && named(agent, DISK, storage_find) < 0) ||
	    named(agent, DIRECTORIES, make_directories) < 0)
		return AGENT_FAILED;
	follow_swap(agent);
	get_images(agent);
	if ((agent->engine->keep_private != NULL && agent->engine->keep_private(agent) < 0) ||
	    agent_stamp(agent, "prepare") < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	agent_log("prepared");
	return AGENT_OK;
}
