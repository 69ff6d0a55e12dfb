#include "agent/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/engine.h"
#include "agent/sentinel.h"
#include "agent/settle.h"
#include "agent/storage.h"
#include "agent/switch.h"
#include "base/arena.h"
#include "base/text.h"
#include "plan/effects.h"

enum { PULL_TRIES = 3 };

int run_check_owner(struct agent *agent, const struct plan *plan)
{
	const struct plan *here = agent->plan;
	bool fresh;
	int r;

	if (here == NULL && agent->plan_error != -ENOENT)
		return agent_read_plan(agent) < 0 ? -EINVAL : 0; /* says why */
	if (here != NULL && !str_equal(here->domain, plan->domain))
		return agent_fail(agent, -EPERM,
		                  "this machine is the node of %.100s, not of %.100s", here->domain,
		                  plan->domain);
	if (here != NULL && !str_equal(here->lineage, plan->lineage))
		return agent_fail(agent, -EPERM,
		                  "this machine is another node of %.100s (lineage %.40s)",
		                  here->domain, here->lineage);
	if (engine_find(plan->engine) == NULL)
		return agent_fail(agent, -EINVAL, "the engine %.40s is not known here",
		                  plan->engine);
	r = storage_check(agent, here, plan);
	return r < 0 ? r : sentinel_check(agent, plan, &fresh);
}

/* --- images --- */

static int pull_one(struct agent *agent, const struct engine *engine, const char *image)
{
	int r = -EIO;

	for (unsigned attempt = 1; attempt <= PULL_TRIES; attempt++) {
		cleanup_arena struct arena *scratch = arena_new();
		bool there = false;

		r = engine->has_image(agent, scratch, image, &there);
		if (r == 0 && !there)
			r = engine->pull(agent, scratch, image);
		if (r == 0)
			return 0;
		agent_log("%s", agent->why);
		if (attempt < PULL_TRIES)
			agent_pause(attempt);
	}
	return r;
}

int run_pull(struct agent *agent, const struct plan *plan)
{
	cleanup_arena struct arena *scratch = arena_new();
	const struct engine *engine = engine_find(plan->engine);
	struct strings images = { 0 };
	int r = 0;

	plan_images(scratch, plan, &images);
	for (size_t i = 0; r == 0 && i < images.count; i++)
		r = pull_one(agent, engine, images.items[i]);
	return r;
}

/* --- the steps --- */

static void effects_forward(struct run *run, struct effects *ret)
{
	effects_of(run->arena, run->changing.old_plan, run->changing.new_plan,
	           &run->changing.change, false, ret);
}

static void effects_back(struct run *run, struct effects *ret)
{
	effects_of(run->arena, run->changing.new_plan, run->changing.old_plan,
	           &run->changing.change, true, ret);
}

/* The plan on the disk is another one now. Without any, there is nothing to read. */
static int read_plan(struct run *run, const struct plan *expected)
{
	int r = agent_read_plan(run->agent);

	return expected == NULL && r == -ENOENT ? 0 : r;
}

static void note_why(struct run *run)
{
	run->changing.why = arena_strdup(run->arena, run->agent->why);
}

static int undo_staging(struct run *run)
{
	int r = switch_close(run->agent, &run->changing.change, false);

	return r == 0 ? changing_drop(run->agent) : r;
}

int run_begin(struct run *run, const struct bundle *bundle)
{
	char why[sizeof(run->agent->why)];
	int r = changing_set(run->agent, &run->changing, CHANGING_STAGING);

	if (r == 0)
		r = switch_stage(run->agent, &run->changing.change, bundle);
	if (r == 0)
		r = changing_set(run->agent, &run->changing, CHANGING_SWITCHING);
	if (r == 0)
		return 0;
	memcpy(why, run->agent->why, sizeof(why));
	if (undo_staging(run) < 0)
		agent_log("%s", run->agent->why);
	memcpy(run->agent->why, why, sizeof(why));
	return r;
}

static int begin_return(struct run *run)
{
	note_why(run);
	agent_log("returning to what was there: %s", run->changing.why);
	return changing_set(run->agent, &run->changing, CHANGING_RETURNING);
}

static int close_as(struct run *run, enum changing_state result)
{
	run->changing.result = result;
	if (result == CHANGING_APPLIED)
		run->changing.why = NULL;
	return changing_set(run->agent, &run->changing, CHANGING_CLOSING);
}

static int go_forward(struct run *run)
{
	struct changing *changing = &run->changing;
	struct effects effects;
	int r;

	effects_forward(run, &effects);
	settle_leave(run->agent, changing->old_plan, changing->new_plan, &effects);
	r = switch_forward(run->agent, &changing->change);
	if (r == 0)
		r = read_plan(run, changing->new_plan);
	if (r == 0)
		r = settle_enter(run->agent, changing->old_plan, changing->new_plan, &effects);
	if (r < 0)
		return begin_return(run);
	return changing_set(run->agent, changing, CHANGING_SETTLING);
}

static int go_back(struct run *run)
{
	struct changing *changing = &run->changing;
	struct effects effects;
	int r;

	effects_back(run, &effects);
	settle_leave(run->agent, changing->new_plan, changing->old_plan, &effects);
	r = switch_back(run->agent, &changing->change);
	if (r == 0)
		r = read_plan(run, changing->old_plan);
	if (r == 0 &&
	    settle_enter(run->agent, changing->new_plan, changing->old_plan, &effects) < 0)
		agent_log("%s", run->agent->why);
	return r;
}

static unsigned deadline_of(const struct changing *changing)
{
	return changing->deadline_s != 0
	               ? changing->deadline_s
	               : settle_deadline_s(changing->old_plan, changing->new_plan);
}

/* With something to return to the change is held open until the node is ready; without, it is
 * closed at once (see wait_on). */
static int settle(struct run *run)
{
	struct changing *changing = &run->changing;
	struct effects effects;
	int r = read_plan(run, changing->new_plan);

	effects_forward(run, &effects);
	if (r == 0)
		r = settle_start(run->agent, changing->old_plan, changing->new_plan, &effects);
	if (r == 0 && !changing->wait)
		return close_as(run, CHANGING_APPLIED);
	if (r == 0 && changing->was_ready)
		r = settle_wait(run->agent, &effects, deadline_of(changing));
	else if (r == 0)
		r = agent_fail(run->agent, -EINPROGRESS, "not ready yet");
	if (r == 0)
		return close_as(run, CHANGING_APPLIED);
	if (changing->was_ready)
		return begin_return(run);
	note_why(run);
	return close_as(run, CHANGING_KEPT);
}

static int settle_back(struct run *run)
{
	struct changing *changing = &run->changing;
	struct effects effects;

	effects_back(run, &effects);
	if (settle_start(run->agent, changing->new_plan, changing->old_plan, &effects) < 0 ||
	    (changing->old_plan != NULL && changing->was_ready &&
	     settle_wait(run->agent, &effects,
	                 settle_deadline_s(changing->new_plan, changing->old_plan)) < 0)) {
		changing->why =
			arena_printf(run->arena, "%s; and after the return: %s",
		                     changing->why != NULL ? changing->why : "", run->agent->why);
		agent_log("after the return: %s", run->agent->why);
	}
	return close_as(run, CHANGING_RETURNED);
}

/* Nothing to return to: the node goes on trying by itself, another change may begin, and who looks
 * sees what it waits for. */
static void wait_on(struct run *run)
{
	struct changing *changing = &run->changing;
	struct agent *agent = run->agent;
	struct effects effects;
	int r;

	effects_forward(run, &effects);
	changing_tell(agent, changing, CHANGING_SETTLING, NULL);
	(void)close(run->lock_fd);
	run->lock_fd = -1;
	r = settle_wait(agent, &effects, deadline_of(changing));
	if (r < 0)
		note_why(run);
	run->lock_fd = changing_lock(agent);
	if (run->lock_fd < 0 || !str_equal(changing_current(agent, run->arena), changing->id))
		return;
	if (r == 0) {
		changing->result = CHANGING_APPLIED;
		changing->why = NULL;
	}
	if (changing_record(agent, changing) < 0)
		agent_log("%s", agent->why);
	changing_forget(agent);
}

static int close_change(struct run *run, bool files_only)
{
	struct changing *changing = &run->changing;
	bool forward = changing->result != CHANGING_RETURNED;
	int r = switch_close(run->agent, &changing->change, forward);

	if (r == 0)
		r = changing_finish(run->agent, changing);
	if (r == 0 && changing->result == CHANGING_KEPT && changing->wait && !files_only)
		wait_on(run);
	return r;
}

int run_continue(struct run *run, bool files_only)
{
	struct changing *changing = &run->changing;
	int r = 0;

	while (r == 0)
		switch (changing->state) {
		case CHANGING_STAGING:
			changing->result = CHANGING_REFUSED;
			changing->why = changing_cut_short;
			changing_tell(run->agent, changing, CHANGING_REFUSED, changing->why);
			return undo_staging(run);
		case CHANGING_SWITCHING:
			r = go_forward(run);
			break;
		case CHANGING_SETTLING:
			if (files_only)
				return -EINPROGRESS;
			r = settle(run);
			break;
		case CHANGING_RETURNING:
			r = go_back(run);
			if (r == 0 && files_only)
				return -EINPROGRESS;
			if (r == 0)
				r = settle_back(run);
			break;
		case CHANGING_CLOSING:
			return close_change(run, files_only);
		default:
			return agent_fail(run->agent, -EINVAL, "a change cannot go on from '%s'",
			                  changing_words[changing->state]);
		}
	return r;
}
