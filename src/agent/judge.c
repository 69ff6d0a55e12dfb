#include "agent/judge.h"

#include <string.h>

#include "agent/health.h"
#include "agent/maintenance.h"
#include "agent/progress.h"
#include "agent/room.h"
#include "base/arena.h"
#include "base/text.h"

static const char *const own_units[] = { "stead.target", "stead-firewall.service",
	                                 "stead-prepare.service", "stead-setup.service",
	                                 "stead-ready.service" };

const char *status_text(const json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

const struct unit *status_unit(const struct status *status, const struct plan_process *process)
{
	return units_find(&status->units, process->unit);
}

/* The first step in STATE, or NULL. */
static const json_t *step_in(const struct status *status, const char *state)
{
	json_t *step;
	size_t i;

	json_array_foreach(status->steps, i,
	                   step) if (str_equal(status_text(step, "state"), state)) return step;
	return NULL;
}

static const char *sentence(struct arena *arena, const json_t *step)
{
	const char *note = status_text(step, "note");

	if (note == NULL)
		return arena_strdup(arena, status_text(step, "name"));
	return arena_printf(arena, "%s: %s", status_text(step, "name"), note);
}

/* A unit that gave up: by design none does, so something is broken. */
static const struct unit *failed_unit(const struct status *status)
{
	for (size_t i = 0; i < status->units.count; i++)
		if (str_equal(status->units.items[i].active, "failed"))
			return &status->units.items[i];
	return NULL;
}

/* Probes what runs. Returns what is wrong with the first process that is not well, or NULL. */
static const char *look_at_processes(struct status *status)
{
	const struct plan *plan = status->agent->plan;
	const char *wrong = NULL;

	for (size_t i = 0; i < plan->processes.count; i++) {
		const struct plan_process *process = &plan->processes.items[i];
		const struct unit *unit = status_unit(status, process);
		bool active = str_equal(unit->active, "active");

		status->healthy[i] = active && health_known(status->agent, process);
		if (wrong == NULL && !status->healthy[i])
			wrong = active ? arena_strdup(status->arena, status->agent->why)
			               : arena_printf(status->arena, "%s is %s", unit->name,
			                              unit->active);
	}
	return wrong;
}

/* When the last of the steps ended. */
static const char *last_end(const struct status *status)
{
	const char *last = NULL, *end;
	json_t *step;
	size_t i;

	json_array_foreach(status->steps, i, step)
	{
		end = status_text(step, "ended");
		if (end != NULL && (last == NULL || strcmp(end, last) > 0))
			last = end;
	}
	return last;
}

static void set(struct status *status, const char *state, const char *waiting_for,
                const json_t *step)
{
	status->state = state;
	status->waiting_for = waiting_for;
	if (step != NULL && waiting_for == NULL)
		status->waiting_for = sentence(status->arena, step);
	status->since = step != NULL ? status_text(step, "started") : last_end(status);
}

/* The application is meant to be down. */
static void set_maintenance(struct status *status)
{
	const struct maintenance *maintenance = &status->maintenance;

	set(status, "maintenance",
	    maintenance->why != NULL
	            ? arena_printf(status->arena, "stead-node maintenance off (%s)",
	                           maintenance->why)
	            : "stead-node maintenance off",
	    NULL);
	status->since = maintenance->since;
}

/* Why the rest fails too, and what nothing else would say: who only reads goes on. NULL: there is
 * room. */
static const char *full_disk(const struct status *status)
{
	struct room room;

	if (room_look(status->agent, &room) < 0 || !room_is_full(&room))
		return NULL;
	return arena_printf(status->arena,
	                    "room on the disk: it is full, %s of %s are free at " AGENT_DATA
	                    " ('stead space' says what takes it)",
	                    room_amount(status->arena, room.free),
	                    room_amount(status->arena, room.size));
}

static void judge(struct status *status)
{
	const struct agent *agent = status->agent;
	const struct unit *target = units_find(&status->units, own_units[0]);
	const char *wrong = look_at_processes(status);
	const json_t *failed = step_in(status, "failed"), *next = step_in(status, "waiting");
	const struct unit *broken = failed_unit(status);
	const char *full = full_disk(status);

	status->serves =
		!status->maintenance.on && wrong == NULL && agent_is_stamped(agent, "ready");
	if (next == NULL)
		next = step_in(status, "running");
	if (str_equal(target->active, "inactive") && !target->queued && wrong != NULL)
		set(status, "stopped", "'stead up' (there: stead-node start)", NULL);
	else if (status->maintenance.on)
		set_maintenance(status);
	else if (full != NULL)
		set(status, "failed", full, NULL);
	else if (status->serves)
		set(status, "ready", NULL, NULL);
	else if (failed != NULL)
		set(status, "failed", NULL, failed);
	else if (broken != NULL)
		set(status, "failed", arena_printf(status->arena, "%s has failed", broken->name),
		    NULL);
	else if (!agent_is_stamped(agent, "prepare"))
		set(status, "preparing", next == NULL ? "stead-prepare.service" : NULL, next);
	else if (!agent_is_stamped(agent, "setup"))
		set(status, "setting-up", next == NULL ? "stead-setup.service" : NULL, next);
	else if (str_equal(status_text(next, "name"), "meet.domain"))
		set(status, "starting", NULL, next); /* what the proxy waits for */
	else
		set(status, "starting", wrong != NULL ? wrong : "stead-ready.service", next);
}

void status_read(struct agent *agent, struct arena *arena, struct status *ret)
{
	struct strings names = { 0 };

	*ret = (struct status){ .arena = arena, .agent = agent, .steps = progress_read(agent) };
	for (size_t i = 0; i < sizeof(own_units) / sizeof(own_units[0]); i++)
		*list_add(arena, &names) = own_units[i];
	for (size_t i = 0; i < agent->plan->processes.count; i++)
		*list_add(arena, &names) = agent->plan->processes.items[i].unit;
	units_read(arena, &names, &ret->units);
	ret->healthy = arena_array(arena, agent->plan->processes.count + 1, sizeof(bool));
	maintenance_read(agent, arena, &ret->maintenance);
	judge(ret);
}

bool status_is_settled(const struct status *status)
{
	const struct plan *plan = status->agent->plan;

	if (status->serves)
		return true;
	if (!agent_in_maintenance(status->agent) || !agent_is_stamped(status->agent, "prepare") ||
	    !agent_is_stamped(status->agent, "setup"))
		return false;
	for (size_t i = 0; i < plan->processes.count; i++)
		if (!str_equal(plan->processes.items[i].group, "app") && !status->healthy[i])
			return false;
	return true;
}

void status_done(struct status *status)
{
	json_decref(status->steps);
	status->steps = NULL;
}
