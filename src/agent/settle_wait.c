/* The wait for health after a change. */
#include "agent/settle.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/failpoint.h"
#include "agent/judge.h"
#include "agent/mask.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

enum {
	BASE_S = 120,
	DEFAULT_START_S = 60,
	POLL_MS = 1000,
	LOOK_EACH = 4, /* polls */
	SURE_RESTARTS = 5,
	SURE_ATTEMPTS = 3,
	JOURNAL_MS = 20 * 1000,
	JUST_STARTED_S = 2, /* the units were started right before the wait */
};

static bool has_step(const struct plan *plan, const struct plan_step *step)
{
	for (size_t i = 0; plan != NULL && i < plan->jobs.count; i++)
		for (size_t k = 0; k < plan->jobs.items[i].steps.count; k++)
			if (str_equal(plan->jobs.items[i].steps.items[k].id, step->id) &&
			    str_equal(plan->jobs.items[i].steps.items[k].key, step->key))
				return true;
	return false;
}

unsigned settle_deadline_s(const struct plan *from, const struct plan *to)
{
	unsigned sum = BASE_S;

	for (size_t i = 0; i < to->processes.count; i++) {
		unsigned start_s = to->processes.items[i].health_start_s;

		sum += start_s != 0 ? start_s : DEFAULT_START_S;
	}
	for (size_t i = 0; i < to->jobs.count; i++)
		for (size_t k = 0; k < to->jobs.items[i].steps.count; k++)
			if (!has_step(from, &to->jobs.items[i].steps.items[k]))
				sum += to->jobs.items[i].steps.items[k].deadline_s;
	return sum;
}

/* What the change replaced may still be in the log: the old files lie beside the new ones. */
static const char *mask_old(struct agent *agent, struct arena *arena,
                            const struct plan_process *process, const char *text)
{
	struct plan_process old = { .name = process->name };

	for (size_t i = 0; i < process->env_files.count; i++) {
		const char *path = process->env_files.items[i], *name = strrchr(path, '/') + 1;

		*list_add(arena, &old.env_files) =
			arena_printf(arena, "%.*s.%s.stead-old", (int)(name - path), path, name);
	}
	return mask_text(agent, arena, &old, text);
}

/* The last thing the process itself said since it was started, without secrets; NULL when it said
 * nothing. */
static const char *last_words(struct agent *agent, struct arena *arena,
                              const struct plan_process *process, time_t since)
{
	const char *const argv[] = { "journalctl",
		                     "--no-pager",
		                     "--quiet",
		                     "--output=cat",
		                     "--lines=1",
		                     arena_printf(arena, "--since=@%lld", (long long)since),
		                     arena_printf(arena, "CONTAINER_NAME=stead-%s", process->name),
		                     NULL };
	struct process_run run = { .argv = argv, .deadline_ms = JOURNAL_MS };
	struct process_result result;
	const char *line;

	if (failpoint_run(arena, &run, &result) < 0 || result.exit_code != 0)
		return NULL;
	line = mask_text(agent, arena, process, result.out);
	line = engine_last_line(arena, mask_old(agent, arena, process, line));
	return *line != '\0' ? line : NULL;
}

/* Why the node is not ready: the first process that is not well, with its last words; else what the
 * node waits for. */
static void explain(struct agent *agent, struct arena *arena, const struct status *status,
                    time_t since, const char *prefix)
{
	for (size_t i = 0; i < agent->plan->processes.count; i++) {
		const struct plan_process *process = &agent->plan->processes.items[i];
		const char *words;

		if (status->healthy[i])
			continue;
		words = last_words(agent, arena, process, since);
		if (words == NULL)
			break;
		(void)agent_fail(agent, -ETIME, "%s%s; %s said last: %s", prefix,
		                 status->waiting_for != NULL ? status->waiting_for : status->state,
		                 process->name, words);
		return;
	}
	(void)agent_fail(agent, -ETIME, "%s%s", prefix,
	                 status->waiting_for != NULL ? status->waiting_for : status->state);
}

/* Started by us (a start counts from 0), it ended and was started again, and again. */
static const struct plan_process *hopeless(const struct status *status,
                                           const struct effects *effects)
{
	const struct plan *plan = status->agent->plan;

	for (size_t i = 0; i < plan->processes.count; i++) {
		const struct plan_process *process = &plan->processes.items[i];

		bool ours = strings_have(&effects->restarts, process->unit) ||
		            strings_have(&effects->starts, process->unit);

		if (!status->healthy[i] && ours &&
		    status_unit(status, process)->restarts >= SURE_RESTARTS)
			return process;
	}
	return NULL;
}

/* A step before the application's start, which waits for it. */
static const char *failed_step(const struct status *status)
{
	json_t *step;
	size_t i;

	json_array_foreach(status->steps, i, step)
	{
		const char *name = status_text(step, "name");

		if (name != NULL &&
		    (str_starts(name, "prepare.") || str_starts(name, "setup.") ||
		     str_starts(name, "migrate.")) &&
		    str_equal(status_text(step, "state"), "failed") &&
		    json_integer_value(json_object_get(step, "attempt")) >= SURE_ATTEMPTS)
			return name;
	}
	return NULL;
}

/* 1: ready; 0: not yet; -ETIME: never. */
static int look(struct agent *agent, const struct effects *effects, time_t since, bool last)
{
	cleanup_arena struct arena *arena = arena_new_secret();
	const struct plan_process *process;
	struct status status;
	int r = 0;

	status_read(agent, arena, &status);
	process = hopeless(&status, effects);
	if (status_is_settled(&status))
		r = 1;
	else if (process != NULL)
		explain(agent, arena, &status, since,
		        arena_printf(arena, "%s ended %u times: ", process->name,
		                     status_unit(&status, process)->restarts));
	else if (failed_step(&status) != NULL)
		explain(agent, arena, &status, since, "");
	else if (last)
		explain(agent, arena, &status, since, "not ready in time: ");
	else
		r = -EAGAIN;
	status_done(&status);
	return r == 1 ? 1 : r == -EAGAIN ? 0 : -ETIME;
}

int settle_wait(struct agent *agent, const struct effects *effects, unsigned deadline_s)
{
	time_t since = time(NULL) - JUST_STARTED_S;
	int64_t end = clock_ms() + failpoint_pause_ms(deadline_s * 1000);

	/* To look is work for systemd, which has the node to start meanwhile: what only ends the
	 * wait early is looked for now and then. */
	for (unsigned polls = 0;; polls++) {
		bool last = clock_ms() >= end;
		int r = 0;

		if (last || polls % LOOK_EACH == 0 || agent_is_stamped(agent, "ready"))
			r = look(agent, effects, since, last);
		if (r != 0)
			return r == 1 ? 0 : r;
		clock_sleep_ms(failpoint_pause_ms(POLL_MS));
	}
}

bool settle_is_ready(struct agent *agent)
{
	cleanup_arena struct arena *arena = arena_new();
	struct status status;
	bool ready;

	status_read(agent, arena, &status);
	ready = status_is_settled(&status);
	status_done(&status);
	return ready;
}
