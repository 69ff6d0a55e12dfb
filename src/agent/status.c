/*
 * status: what the node is, what it waits for and since when; for people and, as JSON, for `stead`.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "agent/changing.h"
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

/* The change under way, or the last one. */
static json_t *apply_json(struct agent *agent)
{
	struct changing_view view;

	changing_look(agent, agent->arena, &view);
	return json_pack("{s:s,s:s,s:s?,s:s,s:s?}", "id", view.id, "state",
	                 changing_words[view.state], "why", view.why, "since", view.since, "from",
	                 view.from);
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
		"{s:i,s:s,s:s,s:s,s:s?,s:s,s:s?,s:s?,s:o,s:o,s:b,s:o,s:b}", "v", 1, "app",
		plan->app, "domain", plan->domain, "web", plan->web, "handle", handle_of(status),
		"state", status->state, "since", status->since, "waiting_for", status->waiting_for,
		"steps", steps_json(status), "processes", processes_json(status), "login_stored",
		login_is_stored(status->agent), "apply", apply_json(status->agent), "maintenance",
		status->maintenance.on);

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

static void print_apply(struct agent *agent)
{
	struct changing_view view;

	changing_look(agent, agent->arena, &view);
	if (view.state == CHANGING_NONE)
		return;
	(void)printf("\nchange %.12s: %s since %s", view.id, changing_words[view.state],
	             view.since);
	if (view.from != NULL && *view.from != '\0')
		(void)printf(", from %s", view.from);
	(void)printf("%s%s\n", view.why != NULL ? ": " : "", view.why != NULL ? view.why : "");
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
	if (status->maintenance.on && !str_equal(status->state, "maintenance"))
		(void)printf("\nin maintenance");
	(void)printf("\n\nprocesses\n");
	for (size_t i = 0; i < plan->processes.count; i++) {
		const struct unit *unit = status_unit(status, &plan->processes.items[i]);

		(void)printf("  %-16s %-12s %-12s %s\n", plan->processes.items[i].name,
		             unit->active, unit->sub, status->healthy[i] ? "healthy" : "-");
	}
	(void)printf("\nsteps\n");
	print_steps(status);
	print_apply(status->agent);
}

/* Before the first plan there may be a change that brings it. */
static int print_without_plan(struct agent *agent, bool json)
{
	cleanup_json json_t *root = NULL;

	if (agent->plan_error != -ENOENT) {
		(void)agent_read_plan(agent);
		agent_log("%s", agent->why);
		return AGENT_ENVIRONMENT;
	}
	if (json) {
		root = json_pack("{s:i,s:n,s:n,s:n,s:n,s:s,s:n,s:n,s:[],s:[],s:b,s:o,s:b}", "v", 1,
		                 "app", "domain", "web", "handle", "state", "none", "since",
		                 "waiting_for", "steps", "processes", "login_stored", false,
		                 "apply", apply_json(agent), "maintenance", false);
		(void)printf("%s\n", json_text(agent->arena, root, JSON_INDENT(1)));
		return AGENT_FAILED;
	}
	(void)printf("no plan is here yet\n");
	print_apply(agent);
	return AGENT_FAILED;
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
	if (agent->plan == NULL)
		return print_without_plan(agent, json);
	status_read(agent, agent->arena, &status);
	if (json)
		print_json(&status);
	else
		print_text(&status);
	ready = str_equal(status.state, "ready");
	status_done(&status);
	return ready ? AGENT_OK : AGENT_FAILED;
}
