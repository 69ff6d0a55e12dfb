/*
 * setup: the jobs of phase setup, once the data services they need are there.
 * ready: all processes healthy, then the jobs of phase post-start.
 */
#include "agent/agent.h"

#include <string.h>

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

/* The data services PROCESS comes after, directly or not. */
static void wait_for_data(struct agent *agent, const struct plan_process *process, unsigned depth)
{
	cleanup_arena struct arena *scratch = arena_new();

	for (size_t i = 0; depth < MAX_DEPTH && i < process->after.count; i++) {
		const struct plan_process *other =
			plan_process_find(agent->plan, process->after.items[i]);
		const char *step = arena_printf(scratch, "setup.data:%s", other->name);

		if (!str_equal(other->group, "data"))
			continue;
		wait_for_data(agent, other, depth + 1);
		progress_begin(agent, step);
		wait_for_process(agent, step, other);
		progress_set(agent, step, PROGRESS_DONE, NULL);
	}
}

int agent_setup(struct agent *agent, char *const *args)
{
	(void)args;
	if (begin(agent) != AGENT_OK)
		return AGENT_FAILED;
	wait_for(agent, "setup.wait", "prepare");
	for (size_t i = 0; i < agent->plan->jobs.count; i++) {
		const struct plan_job *job = &agent->plan->jobs.items[i];

		if (str_equal(job->phase, "setup"))
			wait_for_data(agent, plan_process_find(agent->plan, job->process), 0);
	}
	if (agent_lock(agent) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	jobs_run(agent, "setup", false);
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
	jobs_run(agent, "post-start", true);
	if (finish(agent, "ready") != AGENT_OK)
		return AGENT_FAILED;
	notify_status("ready");
	agent_log("ready: https://%s/", agent->plan->web);
	return AGENT_OK;
}
