#include "agent/jobs.h"

#include <errno.h>
#include <string.h>

#include "agent/engine.h"
#include "agent/journal.h"
#include "agent/progress.h"
#include "agent/step.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/text.h"

enum { STOP_SLACK_S = 60, START_SLACK_S = 60 };

/* Recorded as done, for what the plan says now, and what it printed is stored. */
static bool is_current(const struct agent *agent, const struct journal *journal, size_t index)
{
	const struct journal_record *record = &journal->records[index];
	const struct plan_step *step = &journal->job->steps.items[index];

	/* A guard looks every time. */
	return step->guard == NULL && record->state == JOURNAL_DONE &&
	       str_equal(record->key, step->key) && step_is_captured(agent, step);
}

/* An agent that was killed may have left its container at work: it must not write under our feet.
 */
static int remove_left_over(struct agent *agent, const struct journal *journal)
{
	cleanup_arena struct arena *scratch = arena_new();

	for (size_t i = 0; i < journal->job->steps.count; i++)
		if (journal->records[i].state == JOURNAL_BEGUN ||
		    journal->records[i].state == JOURNAL_FAILED)
			return agent->engine->remove(
				agent, scratch,
				arena_printf(scratch, "stead-job-%s", journal->job->name));
	return 0;
}

/* The old version must not write what the new one changes. Whoever ends here is upheld, and then
 * waits for the set-up; the proxy goes on and says that nobody answers. */
static int stop_application(struct agent *agent)
{
	static const char *const words[] = { "stop", NULL };
	cleanup_arena struct arena *scratch = arena_new();
	struct strings units = { 0 };
	unsigned longest_s = 0;

	for (size_t i = 0; i < agent->plan->jobs.count; i++)
		if (plan_is_clean_up(&agent->plan->jobs.items[i]))
			*list_add(scratch, &units) = arena_printf(scratch, "stead-clean-%s.service",
			                                          agent->plan->jobs.items[i].name);
	for (size_t i = 0; i < agent->plan->processes.count; i++) {
		const struct plan_process *process = &agent->plan->processes.items[i];
		enum engine_state state = ENGINE_ABSENT;
		int r;

		if (!str_equal(process->group, "app") || process->public)
			continue;
		r = agent->engine->state_of(agent, scratch, process, &state);
		if (r < 0)
			return r;
		if (state != ENGINE_RUNNING)
			continue;
		*list_add(scratch, &units) = process->unit;
		longest_s = process->stop_s > longest_s ? process->stop_s : longest_s;
	}
	return units.count == 0 ? 0 : units_command(agent, words, &units, longest_s + STOP_SLACK_S);
}

/* What keeps in memory what the step has changed. Each is healthy again when this returns: its unit
 * is not started before. */
static int restart_processes(struct agent *agent, const struct plan_step *step)
{
	static const char *const words[] = { "restart", NULL };

	for (size_t i = 0; i < step->restart.count; i++) {
		const struct plan_process *process =
			plan_process_find(agent->plan, step->restart.items[i]);
		int r = units_command_one(agent, words, process->unit,
		                          process->stop_s + process->health_start_s +
		                                  START_SLACK_S);

		if (r < 0)
			return r;
	}
	return 0;
}

/* One try of one step, from the mark that it begins to the mark that it is done. */
static int try_step(struct agent *agent, struct journal *journal, size_t index, bool running)
{
	const struct step_context context = {
		.agent = agent,
		.job = journal->job,
		.process = plan_process_find(agent->plan, journal->job->process),
		.step = &journal->job->steps.items[index],
		.running = running,
	};
	/* One that was done for what an older plan said, and still is, has nothing to restart for.
	 * Any other may have been cut short between its end and the restart. */
	bool was_done = journal->records[index].state == JOURNAL_DONE, ran = false;
	char why[sizeof(agent->why)];
	int r = running ? 0 : remove_left_over(agent, journal);

	if (context.step->guard != NULL)
		return r == 0 ? step_perform(&context, &ran) : r;
	if (r == 0 && str_equal(context.job->phase, "migrate"))
		r = stop_application(agent);
	if (r == 0)
		r = journal_write(agent, journal, index, JOURNAL_BEGUN, NULL);
	if (r < 0)
		return r;
	r = step_perform(&context, &ran);
	if (r == 0 && (ran || !was_done))
		r = restart_processes(agent, context.step);
	if (r == 0)
		return journal_write(agent, journal, index, JOURNAL_DONE, NULL);
	memcpy(why, agent->why, sizeof(why));
	if (journal_write(agent, journal, index, JOURNAL_FAILED, why) < 0)
		agent_log("%s", agent->why);
	memcpy(agent->why, why, sizeof(why));
	return r;
}

static void run_step(struct agent *agent, struct journal *journal, size_t index, bool running)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *name = arena_printf(scratch, "%s.%s.%s", journal->job->phase,
	                                journal->job->name, journal->job->steps.items[index].id);
	unsigned attempt = 0;

	if (is_current(agent, journal, index)) {
		progress_set(agent, name, PROGRESS_DONE, NULL);
		return;
	}
	for (;;) {
		int r;

		progress_begin(agent, name);
		agent_log("%s", name);
		r = try_step(agent, journal, index, running);
		if (r == 0)
			break;
		progress_tell(agent, name, r == -EAGAIN ? PROGRESS_WAITING : PROGRESS_FAILED,
		              agent->why);
		agent_pause(++attempt);
	}
	progress_set(agent, name, PROGRESS_DONE, NULL);
}

static void run_job(struct agent *agent, const struct plan_job *job, bool running)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *name = arena_printf(arena, "%s.%s", job->phase, job->name);
	struct journal journal;
	unsigned attempt = 0;

	while (journal_read(agent, arena, job, &journal) < 0) {
		progress_tell(agent, name, PROGRESS_FAILED, agent->why);
		agent_pause(++attempt);
	}
	if (attempt > 0)
		progress_set(agent, name, PROGRESS_DONE, NULL);
	for (size_t i = 0; i < job->steps.count; i++)
		run_step(agent, &journal, i, running);
}

void jobs_run(struct agent *agent, bool running)
{
	for (size_t i = 0; i < agent->plan->jobs.count; i++) {
		const struct plan_job *job = &agent->plan->jobs.items[i];

		if (running ? str_equal(job->phase, "post-start") : plan_is_setup(job))
			run_job(agent, job, running);
	}
}
