#include "agent/settle.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/engine.h"
#include "agent/health.h"
#include "agent/progress.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/text.h"
#include "plan/order.h"

enum { QUICK_S = 60, DAEMON_S = 600, RELOAD_S = 120, STOP_SLACK_S = 60 };

static int systemctl(struct agent *agent, const char *verb, const char *option,
                     const struct strings *units, unsigned deadline_s)
{
	const char *const words[] = { verb, option, NULL };

	return units != NULL && units->count == 0 ? 0
	                                          : units_command(agent, words, units, deadline_s);
}

static void or_log(struct agent *agent, int r)
{
	if (r < 0)
		agent_log("%s", agent->why);
}

static unsigned stop_deadline_s(const struct plan *plan)
{
	unsigned longest = 0;

	for (size_t i = 0; plan != NULL && i < plan->processes.count; i++)
		if (plan->processes.items[i].stop_s > longest)
			longest = plan->processes.items[i].stop_s;
	return longest + STOP_SLACK_S;
}

static const struct plan_unit *find_unit(const struct plan *plan, const char *name)
{
	for (size_t i = 0; plan != NULL && i < plan->units.count; i++)
		if (str_equal(plan->units.items[i].name, name))
			return &plan->units.items[i];
	return NULL;
}

static bool is_masked(const struct plan *plan, const char *name)
{
	const struct plan_unit *unit = find_unit(plan, name);

	return unit != NULL && unit->state == PLAN_UNIT_MASKED;
}

/* The targets uphold their units: what is stopped is started again at once. Without the stamps it
 * waits in `wait --before`, before its container, until the new plan is prepared. */
static void hold_back(struct agent *agent)
{
	static const char *const stamps[] = { "prepare", "setup", "ready" };
	cleanup_arena struct arena *scratch = arena_new();

	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		const char *path = arena_printf(scratch, "%s/%s.done", AGENT_RUN, stamps[i]);

		(void)unlinkat(agent->root_fd, agent_below_root(path), 0);
	}
	progress_anew(agent);
}

/* --- before --- */

void settle_leave(struct agent *agent, const struct plan *from, const struct plan *to,
                  const struct effects *effects)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct strings disable = { 0 }, unmask = { 0 };

	for (size_t i = 0; from != NULL && i < from->units.count; i++) {
		const struct plan_unit *unit = &from->units.items[i];

		if (unit->state == PLAN_UNIT_MASKED && !is_masked(to, unit->name))
			*list_add(scratch, &unmask) = unit->name;
		if (unit->state == PLAN_UNIT_ENABLED && find_unit(to, unit->name) == NULL)
			*list_add(scratch, &disable) = unit->name;
	}
	hold_back(agent);
	/* While their files are there: without them systemd does not know what to undo. */
	or_log(agent, systemctl(agent, "stop", NULL, &effects->stops, stop_deadline_s(from)));
	or_log(agent, systemctl(agent, "disable", "--quiet", &disable, QUICK_S));
	or_log(agent, systemctl(agent, "unmask", "--quiet", &unmask, QUICK_S));
}

/* --- after --- */

int settle_enter(struct agent *agent, const struct plan *from, const struct plan *to,
                 const struct effects *effects)
{
	static const char *const verbs[] = { [PLAN_UNIT_ENABLED] = "enable",
		                             [PLAN_UNIT_DISABLED] = "disable",
		                             [PLAN_UNIT_MASKED] = "mask" };
	cleanup_arena struct arena *scratch = arena_new();
	struct strings units[3] = { { 0 } }, stop = { 0 };
	int r = systemctl(agent, "daemon-reload", NULL, NULL, RELOAD_S);

	/* Again: only now does nothing uphold them. What is not loaded any more is no trouble. */
	(void)systemctl(agent, "stop", NULL, &effects->stops, stop_deadline_s(from));

	for (size_t i = 0; to != NULL && i < to->units.count; i++) {
		const struct plan_unit *unit = &to->units.items[i];

		*list_add(scratch, &units[unit->state]) = unit->name;
		if (unit->state == PLAN_UNIT_MASKED && !is_masked(from, unit->name))
			*list_add(scratch, &stop) = unit->name;
	}
	for (size_t i = 0; r == 0 && i < 3; i++)
		r = systemctl(agent, verbs[i], "--quiet", &units[i], QUICK_S);
	if (r == 0)
		or_log(agent, systemctl(agent, "stop", NULL, &stop, QUICK_S));
	return r;
}

/* The engine that made what goes away. */
static const struct engine *engine_of(const struct agent *agent, const struct plan *plan)
{
	return plan != NULL ? engine_find(plan->engine) : agent->engine;
}

/* A network cannot be changed in place, and not be removed while somebody is on it. Its unit is not
 * stopped first: units that wait to start on it would start it again in between. */
static int remake_networks(struct agent *agent, const struct plan *from, const struct plan *to,
                           const struct effects *effects)
{
	cleanup_arena struct arena *scratch = arena_new();
	const struct engine *engine = engine_of(agent, from);
	struct strings users = { 0 }, units = { 0 };
	int r;

	if (effects->networks.count == 0 || engine == NULL)
		return 0;
	order_network_users(scratch, from, to, effects, &users);
	order_network_units(scratch, to, effects, &units);
	hold_back(agent);
	r = systemctl(agent, "stop", NULL, &users, stop_deadline_s(from));
	for (size_t i = 0; r == 0 && i < effects->networks.count; i++)
		r = engine->network_remove(agent, scratch, effects->networks.items[i]);
	return r == 0 ? systemctl(agent, "restart", NULL, &units, QUICK_S) : r;
}

static int remove_containers(struct agent *agent, const struct plan *from,
                             const struct effects *effects)
{
	cleanup_arena struct arena *scratch = arena_new();
	const struct engine *engine = engine_of(agent, from);
	int r = 0;

	for (size_t i = 0; engine != NULL && r == 0 && i < effects->containers.count; i++)
		r = engine->remove(agent, scratch, effects->containers.items[i]);
	return r;
}

/* In maintenance nothing of the application starts. */
static bool may_start(const struct agent *agent, const struct plan *plan, const char *unit)
{
	if (!agent_in_maintenance(agent))
		return true;
	if (str_equal(unit, "stead-app.target") || str_equal(unit, "stead-ready.service"))
		return false;
	for (size_t i = 0; i < plan->processes.count; i++)
		if (str_equal(plan->processes.items[i].unit, unit))
			return !str_equal(plan->processes.items[i].group, "app");
	return true;
}

/* The engine's own daemon, before anything that needs it. */
static int restart_others(struct agent *agent, const struct effects *effects)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct strings others = { 0 };

	order_daemons(scratch, effects, &others);
	return systemctl(agent, "restart", NULL, &others, DAEMON_S);
}

static void find_restarts(struct agent *agent, struct arena *arena, const struct plan *to,
                          const struct effects *effects, struct strings *ret)
{
	struct strings units = { 0 };

	order_again(arena, to, &units);
	order_restarts(arena, to, effects, &units);
	for (size_t i = 0; i < units.count; i++)
		if (may_start(agent, to, units.items[i]))
			*list_add(arena, ret) = units.items[i];
}

/* All that should run, whether it does or not. */
static void find_starts(struct agent *agent, struct arena *arena, const struct plan *to,
                        struct strings *ret)
{
	for (size_t i = 0; i < to->units.count; i++)
		if (to->units.items[i].state == PLAN_UNIT_ENABLED &&
		    str_starts(to->units.items[i].name, "stead") &&
		    !str_equal(to->units.items[i].name, "stead-resume.service"))
			*list_add(arena, ret) = to->units.items[i].name;
	for (size_t i = 0; i < to->processes.count; i++)
		if (may_start(agent, to, to->processes.items[i].unit))
			*list_add(arena, ret) = to->processes.items[i].unit;
}

/* What was found of these under the old plan says nothing of them under the new one. */
static void forget_health(struct agent *agent, const struct plan *to, const struct effects *effects)
{
	for (size_t i = 0; i < to->processes.count; i++)
		if (strings_have(&effects->restarts, to->processes.items[i].unit))
			health_forget(agent, &to->processes.items[i]);
}

static int load_firewall(struct agent *agent, const struct effects *effects)
{
	static const char *const words[] = { "reload-or-restart", NULL };

	return effects->firewall
	               ? units_command_one(agent, words, "stead-firewall.service", QUICK_S)
	               : 0;
}

/* In the order that order_of() tells. */
int settle_start(struct agent *agent, const struct plan *from, const struct plan *to,
                 const struct effects *effects)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct strings restarts = { 0 }, starts = { 0 };
	int r = to != NULL ? load_firewall(agent, effects) : 0;

	if (r == 0)
		r = restart_others(agent, effects);
	if (r == 0)
		r = remove_containers(agent, from, effects);
	if (r == 0)
		r = remake_networks(agent, from, to, effects);
	if (r < 0 || to == NULL)
		return r;
	forget_health(agent, to, effects);
	find_restarts(agent, scratch, to, effects, &restarts);
	find_starts(agent, scratch, to, &starts);
	/* They wait for each other, some for minutes: who starts them does not. */
	r = systemctl(agent, "restart", "--no-block", &restarts, QUICK_S);
	if (r == 0)
		r = systemctl(agent, "start", "--no-block", &starts, QUICK_S);
	return r;
}
