/*
 * destroy --domain NAME [--keep-data]: nothing of stead stays on this machine. It may be cut short
 * anywhere and run again: what says what there is to remove, the plan, goes last, and only the
 * agent itself after it.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "agent/changing.h"
#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/failpoint.h"
#include "agent/stop.h"
#include "agent/storage.h"
#include "agent/swap.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#define ETC_DIR "/etc/stead"
#define FIREWALL_TABLE "inet", "stead"
#define PREFIX "stead-" /* of all containers and networks */

enum { QUICK_S = 60 };

struct destroy {
	struct agent *agent;
	struct arena *arena;
	const char *domain;
	bool keep_data;
};

static void say(const char *what, const char *name)
{
	(void)printf("%s %s\n", what, name);
	(void)fflush(stdout);
}

/* Removes PATH and says so, when it was there. */
static int remove_path(const struct destroy *destroy, const char *path)
{
	struct agent *agent = destroy->agent;
	bool there =
		faccessat(agent->root_fd, agent_below_root(path), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	int r = disk_remove(agent->root_fd, path);

	if (r == -EBUSY)
		return agent_fail(agent, r, "something is mounted at or below %s: unmount it",
		                  path);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be removed: %s", path, strerror(-r));
	if (there)
		say("removed", path);
	return 0;
}

/* --- what runs --- */

/* Those that made the networks stay active, as a memory of it. */
static int stop_networks(const struct destroy *destroy)
{
	const struct plan *plan = destroy->agent->plan;
	struct strings units = { 0 };

	for (size_t i = 0; i < plan->networks.count; i++)
		*list_add(destroy->arena, &units) = plan->networks.items[i].unit;
	return stop_active(destroy->agent, destroy->arena, &units);
}

static int remove_containers(const struct destroy *destroy)
{
	struct agent *agent = destroy->agent;
	struct strings names = { 0 };
	int r = agent->engine->list_containers(agent, destroy->arena, PREFIX, &names);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		r = agent->engine->remove(agent, destroy->arena, names.items[i]);
		if (r == 0)
			say("removed container", names.items[i]);
	}
	return r;
}

static int remove_networks(const struct destroy *destroy)
{
	struct agent *agent = destroy->agent;
	struct strings names = { 0 };
	int r = agent->engine->list_networks(agent, destroy->arena, PREFIX, &names);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		r = agent->engine->network_remove(agent, destroy->arena, names.items[i]);
		if (r == 0)
			say("removed network", names.items[i]);
	}
	return r;
}

/* An image that another container uses is not ours alone. */
static int remove_images(const struct destroy *destroy)
{
	struct agent *agent = destroy->agent;
	struct strings images = { 0 };

	plan_images(destroy->arena, agent->plan, &images);
	for (size_t i = 0; i < images.count; i++) {
		const char *image = images.items[i];
		bool there = false;
		int r = agent->engine->has_image(agent, destroy->arena, image, &there);

		if (r < 0)
			return r;
		if (!there)
			continue;
		if (agent->engine->image_remove(agent, destroy->arena, image) == 0)
			say("removed image", image);
		else
			(void)printf("kept image %s: %s\n", image, agent->why);
	}
	return 0;
}

/* A machine whose engine was removed before has no containers either. */
static int remove_from_engine(const struct destroy *destroy)
{
	const char *version;
	int r = destroy->agent->engine->version(destroy->agent, destroy->arena, &version);

	if (r == -ENOENT)
		return 0;
	if (r < 0 || (r = remove_containers(destroy)) < 0 || (r = remove_networks(destroy)) < 0)
		return r;
	return remove_images(destroy);
}

/* --- the firewall --- */

static int run_nft(const struct destroy *destroy, const char *verb, struct process_result *ret)
{
	const char *const argv[] = { "nft", verb, "table", FIREWALL_TABLE, NULL };

	return failpoint_run(destroy->arena,
	                     &(struct process_run){ .argv = argv, .deadline_ms = QUICK_S * 1000 },
	                     ret);
}

static int remove_firewall(const struct destroy *destroy)
{
	static const char *const words[] = { "disable", "--quiet", "--now", NULL };
	struct agent *agent = destroy->agent;
	struct strings names = { 0 };
	struct process_result result;
	int r;

	/* Its unit is a file of the plan: without it there is nothing to disable. */
	*list_add(destroy->arena, &names) = "stead-firewall.service";
	if (faccessat(agent->root_fd, "etc/systemd/system/stead-firewall.service", F_OK, 0) == 0 &&
	    (r = units_command(agent, words, &names, QUICK_S)) < 0)
		return r;
	r = run_nft(destroy, "list", &result);
	if (r == -ENOENT || (r == 0 && result.exit_code != 0))
		return 0; /* no such table, or no nft that could have made one */
	if (r == 0)
		r = run_nft(destroy, "delete", &result);
	if (r < 0)
		return agent_fail(agent, r, "nft cannot be run: %s", strerror(-r));
	if (result.exit_code != 0)
		return agent_fail(agent, -EIO, "nft delete table: %s",
		                  engine_last_line(destroy->arena, result.err));
	say("removed", "the firewall's table");
	return 0;
}

/* --- files --- */

/* The host name, ssh's keys, the time zone belong to the machine: it would not be the better for
 * losing them. */
static bool is_ours(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return str_starts(path, ETC_DIR "/") || str_equal(path, ETC_DIR) ||
	       strstr(name, "stead") != NULL;
}

static int remove_links(const struct destroy *destroy)
{
	const struct plan *plan = destroy->agent->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->links.count; i++) {
		if (is_ours(plan->links.items[i].path))
			r = remove_path(destroy, plan->links.items[i].path);
		else
			say("kept", plan->links.items[i].path);
	}
	return r;
}

/* All files of the plan but those in /etc/stead, the plan among them. */
static int remove_files(const struct destroy *destroy)
{
	const struct plan *plan = destroy->agent->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->files.count; i++) {
		const char *path = plan->files.items[i].path;

		if (str_starts(path, ETC_DIR "/"))
			continue;
		if (is_ours(path))
			r = remove_path(destroy, path);
		else
			say("kept", path);
	}
	return r < 0 ? r : remove_links(destroy);
}

/* A change that was cut short: files of two plans, and what was laid beside them. */
static int remove_change(const struct destroy *destroy)
{
	cleanup_arena struct arena *secret = arena_new_secret();
	struct changing changing = { 0 };
	int r = 0;

	/* One that cannot be read is no reason to stay for ever. */
	if (changing_read(destroy->agent, secret, &changing) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < changing.change.count; i++) {
		const struct change_entry *entry = &changing.change.items[i];
		const char *path = entry->path, *name = strrchr(path, '/') + 1;
		int dir_len = (int)(name - path);

		/* /etc/stead goes as a whole, and the plan in it last. */
		if (entry->kind == CHANGE_DIR || str_starts(path, ETC_DIR "/"))
			continue;
		if (is_ours(path))
			r = remove_path(destroy, path);
		if (r == 0)
			r = remove_path(destroy, arena_printf(destroy->arena, "%.*s.%s.stead-new",
			                                      dir_len, path, name));
		if (r == 0)
			r = remove_path(destroy, arena_printf(destroy->arena, "%.*s.%s.stead-old",
			                                      dir_len, path, name));
	}
	return r;
}

static int unmask(const struct destroy *destroy)
{
	static const char *const words[] = { "unmask", "--quiet", NULL };
	struct strings masked = { 0 };

	stop_units_in(destroy->agent, destroy->arena, PLAN_UNIT_MASKED, &masked);
	return masked.count == 0 ? 0 : units_command(destroy->agent, words, &masked, QUICK_S);
}

static int reload(const struct destroy *destroy)
{
	static const char *const words[] = { "daemon-reload", NULL };

	return units_command(destroy->agent, words, NULL, QUICK_S);
}

/* --- the data's disk, and the swap beside the data --- */

static int disable(const struct destroy *destroy, const char *unit)
{
	static const char *const words[] = { "disable", "--quiet", NULL };
	struct agent *agent = destroy->agent;
	const char *path = arena_printf(destroy->arena, "/etc/systemd/system/%s", unit);

	if (faccessat(agent->root_fd, agent_below_root(path), F_OK, 0) < 0)
		return 0;
	return units_command_one(agent, words, unit, QUICK_S);
}

static int free_disk(const struct destroy *destroy)
{
	int r = disable(destroy, STORAGE_UNIT);

	if (r == 0)
		r = disable(destroy, SWAP_UNIT);
	return r < 0 ? r : swap_remove(destroy->agent);
}

/* Removes what is in PATH and has PART in its name ("" all) but SPARED; fine without PATH. */
static int remove_in(const struct destroy *destroy, const char *path, const char *part,
                     const char *spared)
{
	struct agent *agent = destroy->agent;
	int fd = disk_open_dir(agent->root_fd, path), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct strings names = { 0 };
	struct dirent *entry;

	if (dir == NULL) {
		fd_cleanup(&fd);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL)
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
		    !str_equal(entry->d_name, spared) && strstr(entry->d_name, part) != NULL)
			*list_add(destroy->arena, &names) =
				arena_printf(destroy->arena, "%s/%s", path, entry->d_name);
	(void)closedir(dir);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = remove_path(destroy, names.items[i]);
	return r;
}

static int remove_data(const struct destroy *destroy)
{
	int r;

	if (destroy->keep_data) {
		/* What a later `up` must not take for its own past. */
		r = remove_path(destroy, AGENT_STATE "/apply");
		if (r == 0)
			say("kept", AGENT_DATA);
		return r;
	}
	r = remove_path(destroy, AGENT_DATA);
	if (r != -EBUSY)
		return r;
	/* A disk of its own: empty, it is the machine's again. */
	r = remove_in(destroy, AGENT_DATA, "", NULL);
	if (r == 0 && destroy->agent->plan->data_device != NULL) {
		storage_close(destroy->agent);
		return remove_path(destroy, AGENT_DATA);
	}
	if (r == 0)
		say("kept", AGENT_DATA ", which is a mount point, and empty");
	return r;
}

/* What was removed so far is gone for good before its list is. */
static int sync_removed(const struct destroy *destroy)
{
	struct agent *agent = destroy->agent;
	int r = disk_sync_all(agent->root_fd, "/var/lib");

	if (r == 0)
		r = disk_sync_all(agent->root_fd, "/etc");
	return r < 0 ? agent_fail(agent, r, "the disk: %s", strerror(-r)) : 0;
}

static int remove_rest(const struct destroy *destroy)
{
	static const char *const agents[] = { "/usr/local/bin", "/opt/bin" };
	int r = remove_path(destroy, ETC_DIR);

	for (size_t i = 0; r == 0 && i < sizeof(agents) / sizeof(agents[0]); i++)
		r = remove_in(destroy, agents[i], "stead-node", NULL);
	return r;
}

static int destroy_all(const struct destroy *destroy)
{
	struct agent *agent = destroy->agent;
	const char *plan_name = strrchr(AGENT_PLAN, '/') + 1;
	int r;

	if ((r = stop_all(agent, destroy->arena)) < 0 || (r = stop_networks(destroy)) < 0)
		return r;
	say("stopped", "all units");
	if ((r = agent_make_run(agent)) < 0 || (r = agent_lock(agent)) < 0 ||
	    (r = remove_from_engine(destroy)) < 0 || (r = unmask(destroy)) < 0 ||
	    (r = remove_firewall(destroy)) < 0 || (r = free_disk(destroy)) < 0 ||
	    (r = remove_files(destroy)) < 0 || (r = remove_change(destroy)) < 0 ||
	    (r = reload(destroy)) < 0 || (r = remove_data(destroy)) < 0 ||
	    (r = remove_in(destroy, "/run/issue.d", "stead", NULL)) < 0 ||
	    (r = remove_path(destroy, AGENT_RUN)) < 0 ||
	    (r = remove_in(destroy, ETC_DIR, "", plan_name)) < 0 || (r = sync_removed(destroy)) < 0)
		return r;
	return remove_rest(destroy);
}

/* Without a plan there is only the rest of an earlier try. */
static int check(struct destroy *destroy)
{
	struct agent *agent = destroy->agent;

	if (geteuid() != 0)
		return agent_fail(agent, -EPERM, "only root can do that");
	if (destroy->domain == NULL)
		return agent_fail(agent, -EINVAL, "--domain NAME says that this node is meant");
	if (agent->plan == NULL && agent->plan_error != -ENOENT)
		return agent->plan_error; /* agent->why says it */
	if (agent->plan != NULL && !str_equal(agent->plan->domain, destroy->domain))
		return agent_fail(agent, -EINVAL, "this node is %s, not %.255s",
		                  agent->plan->domain, destroy->domain);
	if (agent->plan == NULL && !destroy->keep_data &&
	    faccessat(agent->root_fd, agent_below_root(AGENT_DATA "/sentinel.json"), F_OK, 0) == 0)
		return agent_fail(agent, -ENOENT,
		                  "there is data and no plan that says whose: look at %s yourself",
		                  AGENT_DATA);
	return 0;
}

int agent_destroy(struct agent *agent, char *const *args)
{
	struct destroy destroy = { .agent = agent, .arena = agent->arena };
	int r;

	for (; *args != NULL; args++) {
		if (str_equal(*args, "--keep-data"))
			destroy.keep_data = true;
		else if (str_equal(*args, "--domain") && args[1] != NULL)
			destroy.domain = *++args;
		else {
			agent_log("usage: stead-node destroy --domain NAME [--keep-data]");
			return AGENT_USAGE;
		}
	}
	r = check(&destroy);
	if (r == 0)
		r = agent->plan != NULL ? destroy_all(&destroy) : remove_rest(&destroy);
	if (r < 0) {
		agent_log("destroy: %s", agent->why);
		return AGENT_FAILED;
	}
	return AGENT_OK;
}
