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
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

#define SENTINEL AGENT_DATA "/sentinel.json"
#define DIRECTORIES "prepare.directories"
#define FIREWALL "prepare.firewall"

enum { SENTINEL_VERSION = 1, SENTINEL_MAX_BYTES = 4096, NFT_MS = 30 * 1000 };

static const struct disk_owner private_dir = { .uid = 0, .gid = 0, .mode = 0700 };

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

/* True when the data directory holds nothing of a node. */
static bool is_fresh(const struct agent *agent)
{
	cleanup_fd int data = disk_open_dir(agent->root_fd, AGENT_DATA);

	return faccessat(data, "data", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       faccessat(data, "state", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

static int write_sentinel(struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = json_pack("{s:i,s:s,s:s}", "v", SENTINEL_VERSION, "domain",
	                                      agent->plan->domain, "lineage", agent->plan->lineage);
	const char *text = arena_printf(scratch, "%s\n", json_text(scratch, root, JSON_INDENT(1)));
	int r = disk_write(agent->root_fd, SENTINEL, NULL, text, strlen(text));

	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", SENTINEL, strerror(-r));
	return 0;
}

/* Whose data this is. Another node's is never touched, and never served under this name. */
static int check_sentinel(struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = NULL;
	const char *domain, *lineage;
	char *data = NULL;
	size_t len = 0;
	int r = disk_read(scratch, agent->root_fd, SENTINEL, SENTINEL_MAX_BYTES, &data, &len, NULL);

	if (r == -ENOENT && is_fresh(agent))
		return write_sentinel(agent);
	if (r == -ENOENT)
		return agent_fail(agent, -EPERM, "%s holds data, but no sentinel.json says whose",
		                  AGENT_DATA);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be read: %s", SENTINEL, strerror(-r));
	root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	domain = json_string_value(json_object_get(root, "domain"));
	lineage = json_string_value(json_object_get(root, "lineage"));
	if (json_integer_value(json_object_get(root, "v")) != SENTINEL_VERSION || domain == NULL ||
	    lineage == NULL)
		return agent_fail(agent, -EPERM, "%s cannot be understood", SENTINEL);
	if (!str_equal(domain, agent->plan->domain))
		return agent_fail(agent, -EPERM, "the data here belongs to %.100s, not to %s",
		                  domain, agent->plan->domain);
	if (!str_equal(lineage, agent->plan->lineage))
		return agent_fail(agent, -EPERM,
		                  "the data here belongs to another node of %s (lineage %.40s)",
		                  domain, lineage);
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

static int make_directories(struct agent *agent)
{
	static const char *const dirs[] = { AGENT_DATA "/data", AGENT_STATE, AGENT_JOBS,
		                            AGENT_SECRETS };
	int r = make_dir(agent, AGENT_DATA, &private_dir);

	/* The sentinel comes first: data without one is another's. */
	if (r == 0)
		r = check_sentinel(agent);
	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		r = make_dir(agent, dirs[i], &private_dir);
	for (size_t i = 0; r == 0 && i < agent->plan->volumes.count; i++)
		r = make_volume(agent, &agent->plan->volumes.items[i]);
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
	const struct plan *plan = agent->plan;

	for (size_t i = 0; i < plan->processes.count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= str_equal(plan->processes.items[k].image,
			                  plan->processes.items[i].image);
		if (!seen)
			get_image_or_wait(agent, plan->processes.items[i].image);
	}
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

int agent_prepare(struct agent *agent, char *const *args)
{
	(void)args;
	if (agent_make_run(agent) < 0 || agent_lock(agent) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	if (named(agent, FIREWALL, check_firewall) < 0 ||
	    named(agent, DIRECTORIES, make_directories) < 0)
		return AGENT_FAILED;
	get_images(agent);
	if (agent_stamp(agent, "prepare") < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	agent_log("prepared");
	return AGENT_OK;
}
