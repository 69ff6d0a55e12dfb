/*
 * status: what the node is, what it waits for and since when; for people and, as JSON, for `stead`.
 */
#include "agent/agent.h"

#include <string.h>
#include <time.h>

#include "agent/judge.h"
#include "agent/step.h"
#include "base/arena.h"
#include "base/text.h"

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
			json_pack("{s:s?,s:s?,s:f,s:I,s:s?}", "name", status_text(step, "name"),
		                  "state", status_text(step, "state"), "seconds", seconds,
		                  "attempt", json_integer_value(json_object_get(step, "attempt")),
		                  "note", status_text(step, "note")));
	}
	return array;
}

static json_t *processes_json(const struct status *status)
{
	const struct plan *plan = status->agent->plan;
	json_t *array = json_array();

	for (size_t i = 0; i < plan->processes.count; i++) {
		const struct plan_process *process = &plan->processes.items[i];
		const struct unit *unit = status_unit(status, process);

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
		const char *note = status_text(step, "note");
		json_int_t attempt = json_integer_value(json_object_get(step, "attempt"));

		(void)printf("  %-8s %7.1f s  %s", status_text(step, "state"), seconds_of(step),
		             status_text(step, "name"));
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
		const struct unit *unit = status_unit(status, &plan->processes.items[i]);

		(void)printf("  %-16s %-12s %-12s %s\n", plan->processes.items[i].name,
		             unit->active, unit->sub, status->healthy[i] ? "healthy" : "-");
	}
	(void)printf("\nsteps\n");
	print_steps(status);
}

int agent_status(struct agent *agent, char *const *args)
{
	bool json = str_equal(args[0], "--json");
	struct status status;
	bool ready;

	if (args[0] != NULL && !json) {
		agent_log("status: what is '%.60s'? (status [--json])", args[0]);
		return AGENT_USAGE;
	}
	status_read(agent, agent->arena, &status);
	if (json)
		print_json(&status);
	else
		print_text(&status);
	ready = str_equal(status.state, "ready");
	status_done(&status);
	return ready ? AGENT_OK : AGENT_FAILED;
}
