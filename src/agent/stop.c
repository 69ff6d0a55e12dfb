/*
 * stop, start: `stop` outlasts a restart of the machine; data, images and the firewall stay.
 */
#include "agent/stop.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/maintenance.h"
#include "agent/storage.h"
#include "agent/swap.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/text.h"

#define FIREWALL "stead-firewall.service"
#define UNIT_DIR "/etc/systemd/system/"

enum { QUICK_S = 60, STOP_S = 15 * 60 };

/* The firewall, and the data's disk: what removes or starts it looks for it there. And the swap,
 * whose pages may not fit into the memory while containers still end. */
static bool stays(const char *unit)
{
	return str_equal(unit, FIREWALL) || str_equal(unit, STORAGE_UNIT) ||
	       str_equal(unit, SWAP_UNIT);
}

/* What is left of a node that was half destroyed has no unit file any more. */
static bool has_file(const struct agent *agent, const char *unit)
{
	cleanup_arena struct arena *scratch = arena_new();

	return faccessat(agent->root_fd,
	                 agent_below_root(arena_printf(scratch, UNIT_DIR "%s", unit)), F_OK,
	                 AT_SYMLINK_NOFOLLOW) == 0;
}

void stop_units_in(const struct agent *agent, struct arena *arena, enum plan_unit_state state,
                   struct strings *ret)
{
	const struct plan *plan = agent->plan;

	for (size_t i = 0; i < plan->units.count; i++)
		if (plan->units.items[i].state == state && !stays(plan->units.items[i].name) &&
		    has_file(agent, plan->units.items[i].name))
			*list_add(arena, ret) = plan->units.items[i].name;
}

/* Every unit that the plan brings, and the one a change runs in. */
static void all_units(const struct agent *agent, struct arena *arena, struct strings *ret)
{
	const struct plan *plan = agent->plan;

	*list_add(arena, ret) = "stead-apply.service";
	for (size_t i = 0; i < plan->files.count; i++) {
		const char *path = plan->files.items[i].path;

		if (str_starts(path, UNIT_DIR) && strchr(path + strlen(UNIT_DIR), '/') == NULL &&
		    !stays(path + strlen(UNIT_DIR)))
			*list_add(arena, ret) = path + strlen(UNIT_DIR);
	}
	for (size_t i = 0; i < plan->processes.count; i++)
		*list_add(arena, ret) = plan->processes.items[i].unit;
}

int stop_active(struct agent *agent, struct arena *arena, const struct strings *names)
{
	static const char *const stop[] = { "stop", NULL };
	struct strings active = { 0 };
	struct units units = { 0 };

	units_read(arena, names, &units);
	for (size_t i = 0; i < units.count; i++)
		if (units.items[i].queued || (!str_equal(units.items[i].active, "inactive") &&
		                              !str_equal(units.items[i].active, "failed") &&
		                              !str_equal(units.items[i].active, "unknown")))
			*list_add(arena, &active) = units.items[i].name;
	return active.count == 0 ? 0 : units_command(agent, stop, &active, STOP_S);
}

int stop_all(struct agent *agent, struct arena *arena)
{
	static const char *const disable[] = { "disable", "--quiet", NULL };
	struct strings enabled = { 0 }, all = { 0 }, top = { 0 };
	int r;

	stop_units_in(agent, arena, PLAN_UNIT_ENABLED, &enabled);
	if (enabled.count > 0 && (r = units_command(agent, disable, &enabled, QUICK_S)) < 0)
		return r;
	/* What upholds others goes first. */
	*list_add(arena, &top) = "stead-apply.service";
	*list_add(arena, &top) = "stead-resume.service";
	*list_add(arena, &top) = "stead.target";
	if ((r = stop_active(agent, arena, &top)) < 0)
		return r;
	all_units(agent, arena, &all);
	return stop_active(agent, arena, &all);
}

int agent_stop(struct agent *agent, char *const *args)
{
	(void)args;
	if (stop_all(agent, agent->arena) < 0) {
		agent_log("stop: %s", agent->why);
		return AGENT_FAILED;
	}
	(void)printf("stopped, also for the next boot; stead-node start\n");
	return AGENT_OK;
}

int agent_start(struct agent *agent, char *const *args)
{
	static const char *const enable[] = { "enable", "--quiet", NULL };
	static const char *const start[] = { "start", "--no-block", NULL };
	struct strings units = { 0 };
	struct maintenance maintenance;

	(void)args;
	stop_units_in(agent, agent->arena, PLAN_UNIT_ENABLED, &units);
	if (units.count == 0 || units_command(agent, enable, &units, QUICK_S) < 0 ||
	    units_command(agent, start, &units, QUICK_S) < 0) {
		agent_log("start: %s", units.count > 0 ? agent->why : "the plan enables nothing");
		return AGENT_FAILED;
	}
	maintenance_read(agent, agent->arena, &maintenance);
	(void)printf("started%s\n",
	             maintenance.on ? "; maintenance is on, so the application stays down" : "");
	return AGENT_OK;
}
