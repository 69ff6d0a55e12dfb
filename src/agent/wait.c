/*
 * wait: what a process's unit calls before and after its container starts.
 */
#include "agent/wait.h"

#include <string.h>

#include "agent/failpoint.h"
#include "agent/health.h"
#include "agent/notify.h"
#include "agent/port80.h"
#include "agent/progress.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	STAMP_POLL_MS = 250,
	DEFAULT_START_S = 60,
	ENGINE_S = 600,            /* until the engine has started the container */
	KEEP_ALIVE_MS = 20 * 1000, /* how often systemd hears that we still wait */
};

/* Tells a reason once, and that we live from time to time. */
struct teller {
	char last[512];
	int64_t told_at;
};

static void tell(struct agent *agent, struct teller *teller, const char *step, const char *why)
{
	int64_t now = clock_ms();

	if (!str_equal(teller->last, why)) {
		(void)snprintf(teller->last, sizeof(teller->last), "%s", why);
		progress_tell(agent, step, PROGRESS_WAITING, why);
		teller->told_at = now;
	} else if (now - teller->told_at >= KEEP_ALIVE_MS) {
		notify_status(why);
		teller->told_at = now;
	}
}

/* What waits for itself has said why in its own step; that is the better reason. */
static const char *reason_of(struct agent *agent, struct arena *arena, const char *step,
                             const char *otherwise)
{
	cleanup_json json_t *steps = progress_read(agent);
	json_t *one;
	size_t i;

	json_array_foreach(steps, i, one)
	{
		const char *note = json_string_value(json_object_get(one, "note"));

		if (note != NULL &&
		    str_equal(json_string_value(json_object_get(one, "name")), step))
			return arena_strdup(arena, note);
	}
	return otherwise;
}

/* False when HEED and there is another plan now. */
static bool await_stamp(struct agent *agent, const char *step, const char *name, const char *why,
                        bool heed)
{
	struct teller teller = { .last = "" };

	while (!agent_is_stamped(agent, name)) {
		cleanup_arena struct arena *scratch = arena_new();
		const char *better = str_equal(name, "met")
		                             ? reason_of(agent, scratch, "meet.domain", why)
		                             : why;

		if (heed && agent_plan_has_changed(agent))
			return false;
		tell(agent, &teller, step, better);
		clock_sleep_ms(failpoint_pause_ms(STAMP_POLL_MS));
	}
	return true;
}

static bool await_process(struct agent *agent, const char *step, const struct plan_process *process,
                          bool heed)
{
	struct teller teller = { .last = "" };

	for (unsigned probes = 0; !health_known(agent, process); probes++) {
		if (heed && agent_plan_has_changed(agent))
			return false;
		tell(agent, &teller, step, agent->why);
		clock_sleep_ms(failpoint_pause_ms(health_pause_ms(probes)));
	}
	return true;
}

void wait_for_stamp(struct agent *agent, const char *step, const char *name)
{
	cleanup_arena struct arena *scratch = arena_new();

	(void)await_stamp(agent, step, name,
	                  arena_printf(scratch, "waiting for stead-%s.service", name), false);
}

void wait_for_process(struct agent *agent, const char *step, const struct plan_process *process)
{
	(void)await_process(agent, step, process, false);
}

/* --- before --- */

/* All that the plan wants first. Jobs of the setup need the data services, so these do not wait for
 * it; the process that the world talks to starts when the domain is this node's. */
static bool await_all(struct agent *agent, const char *step, const struct plan_process *process)
{
	if (!await_stamp(agent, step, "prepare", "waiting for stead-prepare.service", true))
		return false;
	if (str_equal(process->group, "app") &&
	    !await_stamp(agent, step, "setup", "waiting for stead-setup.service", true))
		return false;
	for (size_t i = 0; i < process->after.count; i++)
		if (!await_process(agent, step,
		                   plan_process_find(agent->plan, process->after.items[i]), true))
			return false;
	return !process->public || agent->plan->reach != PLAN_REACH_CHECKED ||
	       await_stamp(agent, step, "met", "waiting for stead-meet.service", true);
}

/* A change does not restart a process that only waits: it goes on under the new plan, whose stamps
 * are others. */
static int wait_before(struct agent *agent, const struct plan_process *process)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *name = process->name;
	const char *step = arena_printf(scratch, "start.%s", name);

	health_forget(agent, process);
	progress_begin(agent, step);
	while (!await_all(agent, step, process)) {
		process = agent_read_plan(agent) < 0 ? NULL : plan_process_find(agent->plan, name);
		if (process == NULL && agent->plan != NULL)
			(void)agent_fail(agent, 0, "there is another plan, without %s", name);
		if (process == NULL) {
			agent_log("wait: %s", agent->why);
			return AGENT_FAILED;
		}
	}
	if (process->public && port80_take(agent) < 0) {
		progress_tell(agent, step, PROGRESS_WAITING, agent->why);
		return AGENT_FAILED;
	}
	progress_set(agent, step, PROGRESS_RUNNING, NULL);
	return AGENT_OK;
}

static int wait_after(struct agent *agent, const struct plan_process *process)
{
	health_forget(agent, process);
	if (process->public)
		port80_give_back(agent);
	return AGENT_OK;
}

/* The process's time does not run while the engine still makes its container, which may be slow.
 * One that has ended does not come back by itself. */
static bool is_late(struct agent *agent, const struct health *health, unsigned start_s,
                    int64_t began, int64_t *from)
{
	int64_t now = clock_ms();
	char why[sizeof(agent->why)];

	if (health->ended)
		return true;
	if (health->comes && now - began < (int64_t)ENGINE_S * 1000)
		*from = now;
	if (now - *from < (int64_t)start_s * 1000)
		return false;
	memcpy(why, agent->why, sizeof(why));
	(void)agent_fail(agent, 0, "not healthy after %u s: %.400s", start_s, why);
	return true;
}

static int wait_healthy(struct agent *agent, const struct plan_process *process)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *step = arena_printf(scratch, "start.%s", process->name);
	unsigned start_s = process->health_start_s != 0 ? process->health_start_s : DEFAULT_START_S;
	int64_t began = clock_ms(), from = began, probed = began;
	struct health health = { .process = process };
	struct teller teller = { .last = "" };

	while (!health_probe(agent, &health)) {
		unsigned pause = health_pause_ms(health.probes);

		if (is_late(agent, &health, start_s, began, &from)) {
			progress_tell(agent, step, PROGRESS_FAILED, agent->why);
			return AGENT_FAILED;
		}
		tell(agent, &teller, step, agent->why);
		/* A machine on which asking takes long has something better to do. */
		if (clock_ms() - probed > pause)
			pause = (unsigned)(clock_ms() - probed);
		clock_sleep_ms(failpoint_pause_ms(pause));
		probed = clock_ms();
	}
	if (health_note(agent, &health) < 0) {
		progress_tell(agent, step, PROGRESS_FAILED, agent->why);
		return AGENT_FAILED;
	}
	progress_set(agent, step, PROGRESS_DONE, NULL);
	notify_status("healthy");
	return AGENT_OK;
}

int agent_wait(struct agent *agent, char *const *args)
{
	const char *option = args[1] != NULL ? args[0] : NULL;
	const char *name = option != NULL ? args[1] : args[0];
	const struct plan_process *process = plan_process_find(agent->plan, name);

	if (option != NULL && !str_equal(option, "--before") && !str_equal(option, "--after")) {
		agent_log("wait: what is '%.60s'? (wait [--before|--after] PROCESS)", option);
		return AGENT_USAGE;
	}
	if (process == NULL) {
		agent_log("wait: '%.60s' is no process of this node", name);
		return AGENT_USAGE;
	}
	if (agent_make_run(agent) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	if (option == NULL)
		return wait_healthy(agent, process);
	return str_equal(option, "--before") ? wait_before(agent, process)
	                                     : wait_after(agent, process);
}
