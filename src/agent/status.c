/*
 * status: what the node is, what it waits for and since when; for people and, as JSON, for `stead`.
 */
#include "agent/agent.h"

#include <string.h>
#include <time.h>

#include "agent/health.h"
#include "agent/progress.h"
#include "agent/step.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/text.h"

static const char *const own_units[] = { "stead.target", "stead-firewall.service",
	                                 "stead-prepare.service", "stead-setup.service",
	                                 "stead-ready.service" };

struct status {
	struct arena *arena;
	struct agent *agent;
	json_t *steps; /* of the progress file */
	struct units units;
	bool *healthy; /* of each process */
	const char *state, *since, *waiting_for;
};

static const char *text_of(const json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

static const struct unit *unit_of(const struct status *status, const struct plan_process *process)
{
	return units_find(&status->units, process->unit);
}

/* The first step in STATE, or NULL. */
static const json_t *step_in(const struct status *status, const char *state)
{
	json_t *step;
	size_t i;

	json_array_foreach(status->steps, i,
	                   step) if (str_equal(text_of(step, "state"), state)) return step;
	return NULL;
}

static const char *sentence(struct arena *arena, const json_t *step)
{
	const char *note = text_of(step, "note");

	if (note == NULL)
		return arena_strdup(arena, text_of(step, "name"));
	return arena_printf(arena, "%s: %s", text_of(step, "name"), note);
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
		const struct unit *unit = unit_of(status, process);
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
		end = text_of(step, "ended");
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
	status->since = step != NULL ? text_of(step, "started") : last_end(status);
}

static void judge(struct status *status)
{
	const struct agent *agent = status->agent;
	const struct unit *target = units_find(&status->units, own_units[0]);
	const char *wrong = look_at_processes(status);
	const json_t *failed = step_in(status, "failed"), *next = step_in(status, "waiting");
	const struct unit *broken = failed_unit(status);

	if (next == NULL)
		next = step_in(status, "running");
	if (wrong == NULL && agent_is_stamped(agent, "ready"))
		set(status, "ready", NULL, NULL);
	else if (str_equal(target->active, "inactive") && !target->queued)
		set(status, "stopped", "systemctl start stead.target", NULL);
	else if (failed != NULL)
		set(status, "failed", NULL, failed);
	else if (broken != NULL)
		set(status, "failed", arena_printf(status->arena, "%s has failed", broken->name),
		    NULL);
	else if (!agent_is_stamped(agent, "prepare"))
		set(status, "preparing", next == NULL ? "stead-prepare.service" : NULL, next);
	else if (!agent_is_stamped(agent, "setup"))
		set(status, "setting-up", next == NULL ? "stead-setup.service" : NULL, next);
	else
		set(status, "starting", wrong != NULL ? wrong : "stead-ready.service", next);
}

static double seconds_of(const json_t *step)
{
	const json_t *start = json_object_get(step, "started_ms");
	const json_t *end = json_object_get(step, "ended_ms");
	struct timespec now;
	double end_ms;

	if (!json_is_integer(start))
		return 0;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	end_ms = json_is_integer(end) ? (double)json_integer_value(end)
	                              : (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
	return (end_ms - (double)json_integer_value(start)) / 1e3;
}

static bool login_is_stored(const struct agent *agent)
{
	const struct plan_step step = { .capture_secret = agent->plan->owner_login };

	return step.capture_secret != NULL && step_is_captured(agent, &step);
}

/* "@alice@example.org", or NULL without an owner. */
static const char *handle_of(const struct status *status)
{
	const struct plan *plan = status->agent->plan;

	if (plan->owner_name == NULL)
		return NULL;
	return arena_printf(status->arena, "@%s@%s", plan->owner_name, plan->domain);
}

static json_t *steps_json(const struct status *status)
{
	json_t *array = json_array(), *step;
	size_t i;

	json_array_foreach(status->steps, i, step)
	{
		double seconds = (double)(long long)(seconds_of(step) * 1000 + 0.5) / 1000;

		json_array_append_new(
			array,
			json_pack("{s:s?,s:s?,s:f,s:I,s:s?}", "name", text_of(step, "name"),
		                  "state", text_of(step, "state"), "seconds", seconds, "attempt",
		                  json_integer_value(json_object_get(step, "attempt")), "note",
		                  text_of(step, "note")));
	}
	return array;
}

static json_t *processes_json(const struct status *status)
{
	const struct plan *plan = status->agent->plan;
	json_t *array = json_array();

	for (size_t i = 0; i < plan->processes.count; i++) {
		const struct plan_process *process = &plan->processes.items[i];
		const struct unit *unit = unit_of(status, process);

		json_array_append_new(array,
		                      json_pack("{s:s,s:s,s:s,s:s,s:b}", "name", process->name,
		                                "unit", process->unit, "active", unit->active,
		                                "sub", unit->sub, "healthy", status->healthy[i]));
	}
	return array;
}

static void print_json(const struct status *status)
{
	const struct plan *plan = status->agent->plan;
	cleanup_json json_t *root = json_pack(
		"{s:i,s:s,s:s,s:s,s:s?,s:s,s:s?,s:s?,s:o,s:o,s:b}", "v", 1, "app", plan->app,
		"domain", plan->domain, "web", plan->web, "handle", handle_of(status), "state",
		status->state, "since", status->since, "waiting_for", status->waiting_for, "steps",
		steps_json(status), "processes", processes_json(status), "login_stored",
		login_is_stored(status->agent));

	(void)printf("%s\n", json_text(status->arena, root, JSON_INDENT(1)));
}

static void print_steps(const struct status *status)
{
	json_t *step;
	size_t i;

	json_array_foreach(status->steps, i, step)
	{
		const char *note = text_of(step, "note");
		json_int_t attempt = json_integer_value(json_object_get(step, "attempt"));

		(void)printf("  %-8s %7.1f s  %s", text_of(step, "state"), seconds_of(step),
		             text_of(step, "name"));
		if (attempt > 1)
			(void)printf(" (try %" JSON_INTEGER_FORMAT ")", attempt);
		(void)printf("%s%s\n", note != NULL ? ": " : "", note != NULL ? note : "");
	}
}

static void print_text(const struct status *status)
{
	const struct plan *plan = status->agent->plan;
	const char *handle = handle_of(status);

	(void)printf("%s at https://%s/", plan->app, plan->web);
	if (handle != NULL)
		(void)printf(", %s", handle);
	(void)printf("\n%s", status->state);
	if (status->since != NULL)
		(void)printf(" since %s", status->since);
	if (status->waiting_for != NULL)
		(void)printf("; waiting for %s", status->waiting_for);
	(void)printf("\n\nprocesses\n");
	for (size_t i = 0; i < plan->processes.count; i++) {
		const struct unit *unit = unit_of(status, &plan->processes.items[i]);

		(void)printf("  %-16s %-12s %-12s %s\n", plan->processes.items[i].name,
		             unit->active, unit->sub, status->healthy[i] ? "healthy" : "-");
	}
	(void)printf("\nsteps\n");
	print_steps(status);
}

int agent_status(struct agent *agent, char *const *args)
{
	cleanup_json json_t *steps = progress_read(agent);
	struct status status = { .arena = agent->arena, .agent = agent, .steps = steps };
	struct strings names = { 0 };
	bool json = str_equal(args[0], "--json");

	if (args[0] != NULL && !json) {
		agent_log("status: what is '%.60s'? (status [--json])", args[0]);
		return AGENT_USAGE;
	}
	for (size_t i = 0; i < sizeof(own_units) / sizeof(own_units[0]); i++)
		*list_add(agent->arena, &names) = own_units[i];
	for (size_t i = 0; i < agent->plan->processes.count; i++)
		*list_add(agent->arena, &names) = agent->plan->processes.items[i].unit;
	units_read(agent->arena, &names, &status.units);
	status.healthy = arena_array(agent->arena, agent->plan->processes.count + 1, sizeof(bool));
	judge(&status);
	if (json)
		print_json(&status);
	else
		print_text(&status);
	return str_equal(status.state, "ready") ? AGENT_OK : AGENT_FAILED;
}
