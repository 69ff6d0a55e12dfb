/*
 * clean: a job of phase clean, once, at the time its timer says. Nothing of it is journaled: what was
 * cut short is done the next time.
 */
#include "agent/agent.h"

#include "agent/engine.h"
#include "agent/step.h"
#include "base/arena.h"
#include "base/text.h"

static const struct plan_job *find(const struct agent *agent, const char *name)
{
	for (size_t i = 0; i < agent->plan->jobs.count; i++) {
		const struct plan_job *job = &agent->plan->jobs.items[i];

		if (plan_is_clean_up(job) && str_equal(job->name, name))
			return job;
	}
	return NULL;
}

/* The agent may have been killed, or stopped, while its container worked. */
static int end(struct agent *agent, const struct plan_job *job)
{
	cleanup_arena struct arena *scratch = arena_new();

	return agent->engine->remove(agent, scratch,
	                             arena_printf(scratch, "stead-job-%s", job->name));
}

static int run_step(struct agent *agent, const struct plan_job *job, const struct plan_step *step)
{
	const struct step_context context = {
		.agent = agent,
		.job = job,
		.process = plan_process_find(agent->plan, job->process),
		.step = step,
		.running = true,
	};
	bool ran;

	agent_log("%s.%s.%s", job->phase, job->name, step->id);
	return step_perform(&context, &ran);
}

/* One step does not need the one before: each is tried, so that one that fails for ever does not let
 * the rest grow. */
int agent_clean(struct agent *agent, char *const *args)
{
	bool only_end = str_equal(args[0], "--end");
	const char *name = only_end ? args[1] : args[0];
	const struct plan_job *job = name != NULL ? find(agent, name) : NULL;
	int status = AGENT_OK;

	if (job == NULL || (!only_end && args[1] != NULL)) {
		agent_log("no clean-up '%.60s'", name != NULL ? name : "");
		return AGENT_USAGE;
	}
	if (end(agent, job) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	for (size_t i = 0; !only_end && i < job->steps.count; i++) {
		if (run_step(agent, job, &job->steps.items[i]) == 0)
			continue;
		agent_log("%s.%s.%s: %s", job->phase, job->name, job->steps.items[i].id, agent->why);
		status = AGENT_FAILED;
	}
	return status;
}
