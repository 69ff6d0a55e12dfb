/*
 * setup: the jobs of the phases setup and migrate, once the data services they need are there.
 * ready: all processes healthy, then the jobs of phase post-start.
 */
#include "agent/agent.h"

#include <string.h>

#include "agent/health.h"
#include "agent/jobs.h"
#include "agent/notify.h"
#include "agent/progress.h"
#include "agent/wait.h"
#include "base/arena.h"
#include "base/text.h"

enum { MAX_DEPTH = 32 }; /* of "comes after": a circle ends here */

static int begin(struct agent *agent)
{
	if (agent_make_run(agent) == 0)
		return AGENT_OK;
	agent_log("%s", agent->why);
	return AGENT_FAILED;
}

static int finish(struct agent *agent, const char *stamp)
{
	if (agent_stamp(agent, stamp) == 0)
		return AGENT_OK;
	agent_log("%s", agent->why);
	return AGENT_FAILED;
}

/* Nothing is told when it is there already. */
static void wait_for(struct agent *agent, const char *step, const char *stamp)
{
	if (agent_is_stamped(agent, stamp))
		return;
	progress_begin(agent, step);
	wait_for_stamp(agent, step, stamp);
	progress_set(agent, step, PROGRESS_DONE, NULL);
}

static void wait_for_service(struct agent *agent, const struct plan_process *process)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *step = arena_printf(scratch, "setup.data:%s", process->name);

	if (health_known(agent, process))
		return;
	progress_begin(agent, step);
	wait_for_process(agent, step, process);
	progress_set(agent, step, PROGRESS_DONE, NULL);
}

/* PROCESS itself, when it is a data service, and those it comes after, directly or not. */
static void wait_for_data(struct agent *agent, const struct plan_process *process, unsigned depth)
{
	for (size_t i = 0; depth < MAX_DEPTH && i < process->after.count; i++) {
		const struct plan_process *other =
			plan_process_find(agent->plan, process->after.items[i]);

		if (str_equal(other->group, "data"))
			wait_for_data(agent, other, depth + 1);
	}
	if (str_equal(process->group, "data"))
		wait_for_service(agent, process);
}

/* Also of those that its done tests ask. */
static void wait_for_job(struct agent *agent, const struct plan_job *job)
{
	wait_for_data(agent, plan_process_find(agent->plan, job->process), 0);
	for (size_t i = 0; i < job->steps.count; i++)
		if (job->steps.items[i].done_process != NULL)
			wait_for_data(
				agent,
				plan_process_find(agent->plan, job->steps.items[i].done_process),
				0);
}

int agent_setup(struct agent *agent, char *const *args)
{
	(void)args;
	if (begin(agent) != AGENT_OK)
		return AGENT_FAILED;
	wait_for(agent, "setup.wait", "prepare");
	for (size_t i = 0; i < agent->plan->jobs.count; i++)
		if (plan_is_setup(&agent->plan->jobs.items[i]))
			wait_for_job(agent, &agent->plan->jobs.items[i]);
	if (agent_lock(agent) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	jobs_run(agent, false);
	agent_log("set up");
	return finish(agent, "setup");
}

int agent_ready(struct agent *agent, char *const *args)
{
	cleanup_arena struct arena *scratch = arena_new();

	(void)args;
	if (begin(agent) != AGENT_OK)
		return AGENT_FAILED;
	wait_for(agent, "ready.wait", "prepare");
	wait_for(agent, "ready.wait", "setup");
	for (size_t i = 0; i < agent->plan->processes.count; i++) {
		const struct plan_process *process = &agent->plan->processes.items[i];
		const char *step = arena_printf(scratch, "ready.%s", process->name);

		progress_begin(agent, step);
		wait_for_process(agent, step, process);
		progress_set(agent, step, PROGRESS_DONE, NULL);
	}
	if (agent_lock(agent) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	jobs_run(agent, true);
	if (finish(agent, "ready") != AGENT_OK)
		return AGENT_FAILED;
	notify_status("ready");
	agent_log("ready: https://%s/", agent->plan->web);
	return AGENT_OK;
}
