#include "agent/maintenance.h"

#include <errno.h>
#include <string.h>

#include "agent/disk.h"
#include "agent/failpoint.h"
#include "agent/import.h"
#include "agent/os.h"
#include "agent/stop.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

enum { MAX_BYTES = 4096, MAX_WHY = 200, START_S = 60 };

void maintenance_read(const struct agent *agent, struct arena *arena, struct maintenance *ret)
{
	cleanup_json json_t *root = NULL;
	char *data = NULL;
	size_t len = 0;
	const char *text;

	*ret = (struct maintenance){ .on = agent_in_maintenance(agent) };
	if (!ret->on ||
	    disk_read(arena, agent->root_fd, AGENT_MAINTENANCE, MAX_BYTES, &data, &len, NULL) < 0)
		return;
	root = json_loadb(data, len, 0, NULL);
	if ((text = json_string_value(json_object_get(root, "since"))) != NULL)
		ret->since = arena_strdup(arena, text);
	if ((text = json_string_value(json_object_get(root, "why"))) != NULL)
		ret->why = arena_strdup(arena, text);
}

static int write_flag(struct agent *agent, const char *why)
{
	struct arena *arena = agent->arena;
	struct maintenance before;
	cleanup_json json_t *root = NULL;
	const char *text;
	int r;

	maintenance_read(agent, arena, &before);
	if (why != NULL)
		why = os_clean(arena, why, strnlen(why, MAX_WHY));
	root = json_pack("{s:i,s:s,s:s?}", "v", 1, "since",
	                 before.since != NULL ? before.since : clock_now_utc(arena), "why",
	                 why != NULL ? why : before.why);
	text = json_text(arena, root, JSON_INDENT(1));
	r = disk_write(agent->root_fd, AGENT_MAINTENANCE, NULL, text, strlen(text));
	if (r == -ENOENT)
		return agent_fail(agent, r, "this node has no data yet: nothing to maintain");
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", AGENT_MAINTENANCE,
		                  strerror(-r));
	return 0;
}

static int remove_flag(struct agent *agent)
{
	cleanup_fd int dir = disk_open_dir(agent->root_fd, AGENT_STATE);
	int r = disk_remove(agent->root_fd, AGENT_MAINTENANCE);

	if (r == 0 && dir >= 0)
		r = failpoint_fsync(dir);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be removed: %s", AGENT_MAINTENANCE,
		                  strerror(-r));
	return 0;
}

/* The flag first: whatever happens then, a boot finds it. */
int maintenance_on(struct agent *agent, const char *why)
{
	struct strings target = { 0 }, rest = { 0 };
	int r = write_flag(agent, why);

	*list_add(agent->arena, &target) = "stead-app.target";
	*list_add(agent->arena, &rest) = "stead-ready.service";
	for (size_t i = 0; i < agent->plan->processes.count; i++)
		if (str_equal(agent->plan->processes.items[i].group, "app"))
			*list_add(agent->arena, &rest) = agent->plan->processes.items[i].unit;
	if (r < 0 || (r = stop_active(agent, agent->arena, &target)) < 0)
		return r;
	return stop_active(agent, agent->arena, &rest);
}

/* A node that is stopped as a whole stays so. */
int maintenance_off(struct agent *agent)
{
	static const char *const start[] = { "start", "--no-block", "stead-app.target", NULL };
	struct strings names = { 0 };
	struct units units = { 0 };
	int r = remove_flag(agent);

	*list_add(agent->arena, &names) = "stead.target";
	units_read(agent->arena, &names, &units);
	if (r < 0 || !str_equal(units.items[0].active, "active"))
		return r;
	return units_command(agent, start, NULL, START_S);
}

static void print(const struct agent *agent)
{
	struct maintenance maintenance;

	maintenance_read(agent, agent->arena, &maintenance);
	(void)printf("%s", maintenance.on ? "on" : "off");
	if (maintenance.since != NULL)
		(void)printf(" since %s", maintenance.since);
	if (maintenance.why != NULL)
		(void)printf(": %s", maintenance.why);
	(void)printf("\n");
}

int agent_maintenance(struct agent *agent, char *const *args)
{
	int r = 0;

	if (str_equal(args[0], "on"))
		r = maintenance_on(agent, args[1]);
	else if (str_equal(args[0], "off") && args[1] == NULL)
		r = import_is_switching(agent)
		            ? agent_fail(agent, -EBUSY,
		                         "an import was cut short when it was nearly done: 'stead "
		                         "import --finish' comes first")
		            : maintenance_off(agent);
	else if (!str_equal(args[0], "status") || args[1] != NULL) {
		agent_log("usage: stead-node maintenance on [WHY]|off|status");
		return AGENT_USAGE;
	}
	if (r < 0) {
		agent_log("maintenance: %s", agent->why);
		return AGENT_FAILED;
	}
	print(agent);
	return AGENT_OK;
}
