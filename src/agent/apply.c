/*
 * apply: makes the node follow a bundle that was received, in a unit of its own.
 * resume: goes on with a change that was cut short, before the node starts after a boot.
 */
#include "agent/agent.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/answer.h"
#include "agent/changing.h"
#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/failpoint.h"
#include "agent/run.h"
#include "agent/sentinel.h"
#include "agent/settle.h"
#include "agent/start.h"
#include "agent/storage.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

enum { MAX_FROM = 100, MAX_DEADLINE_S = 24 * 60 * 60, STOP_S = 120, ID_LEN = 64 };

/* Those who only look hold the lock for an instant. */
enum { LOCK_MS = 15 * 1000, LOCK_POLL_MS = 100 };
enum { TOLD_MS = 5000, TOLD_POLL_MS = 20 };

struct options {
	const char *id, *base, *from;
	bool run, go_on, wait;
	unsigned deadline_s;
};

/* --- options --- */

static bool is_id(const char *s)
{
	return strlen(s) == ID_LEN && strspn(s, "0123456789abcdef") == ID_LEN;
}

static bool is_shown(const char *s)
{
	size_t bad;

	if (strlen(s) > MAX_FROM || !utf8_valid(s, strlen(s), &bad))
		return false;
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return true;
}

static bool read_deadline(const char *text, unsigned *ret)
{
	long seconds;

	if (!str_to_long(text, &seconds) || seconds < 1 || seconds > MAX_DEADLINE_S)
		return false;
	*ret = (unsigned)seconds;
	return true;
}

static bool read_value(const char *option, const char *value, struct options *ret)
{
	if (value == NULL)
		return false;
	if (str_equal(option, "--base"))
		ret->base = value;
	else if (str_equal(option, "--from"))
		ret->from = value;
	else
		return str_equal(option, "--deadline") && read_deadline(value, &ret->deadline_s);
	return true;
}

static bool read_options(char *const *args, struct options *ret)
{
	*ret = (struct options){ .from = "", .wait = true };
	for (; *args != NULL; args++) {
		if (str_equal(*args, "--run"))
			ret->run = true;
		else if (str_equal(*args, "--continue"))
			ret->go_on = true;
		else if (str_equal(*args, "--no-wait"))
			ret->wait = false;
		else if (**args != '-' && ret->id == NULL)
			ret->id = *args;
		else if (!read_value(args[0], args[1], ret))
			return false;
		else
			args++;
	}
	if (ret->go_on)
		return ret->id == NULL && !ret->run;
	return ret->id != NULL && is_id(ret->id) && ret->base != NULL &&
	       (*ret->base == '\0' || is_id(ret->base)) && is_shown(ret->from);
}

/* --- in the unit --- */

static const char *incoming_path(struct arena *arena, const char *id)
{
	return arena_printf(arena, "%s/%s.json", CHANGING_INCOMING, id);
}

static int refuse(struct run *run)
{
	changing_tell(run->agent, &run->changing, CHANGING_REFUSED, run->agent->why);
	agent_log("refused: %s", run->agent->why);
	return AGENT_FAILED;
}

static int say_result(const struct run *run)
{
	const struct changing *changing = &run->changing;

	agent_log("%s%s%s", changing_words[changing->result], changing->why != NULL ? ": " : "",
	          changing->why != NULL ? changing->why : "");
	return changing->result == CHANGING_APPLIED ? AGENT_OK : AGENT_FAILED;
}

static int continue_run(struct run *run)
{
	if (run_continue(run, false) == 0)
		return say_result(run);
	agent_log("%s", run->agent->why);
	return AGENT_FAILED;
}

static int load_bundle(struct run *run, const struct options *options, struct bundle **ret)
{
	const char *error = NULL;
	char *data = NULL;
	size_t len = 0;
	int r = disk_read(run->arena, run->agent->root_fd, incoming_path(run->arena, options->id),
	                  BUNDLE_MAX_BYTES, &data, &len, NULL);

	/* The next change takes it away. */
	if (r == -ENOENT)
		return agent_fail(run->agent, r,
		                  "another change came in between: the bundle %.12s is not here "
		                  "any more",
		                  options->id);
	if (r < 0)
		return agent_fail(run->agent, r, "the bundle %.12s cannot be read: %s", options->id,
		                  strerror(-r));
	*ret = bundle_read(run->arena, data, len, &error);
	if (*ret == NULL)
		return agent_fail(run->agent, -EINVAL, "the bundle %.12s cannot be used: %.300s",
		                  options->id, error);
	if (!str_equal((*ret)->id, options->id))
		return agent_fail(run->agent, -EINVAL, "the bundle %.12s holds another",
		                  options->id);
	return 0;
}

/* Texts of both plans, and what differs. */
static int compare(struct run *run, const struct bundle *bundle)
{
	struct changing *changing = &run->changing;
	struct agent *agent = run->agent;
	char *old = NULL;
	size_t len = 0;
	int r = run_check_owner(agent, bundle->plan);

	if (r == 0 && agent->plan != NULL)
		r = file_read(run->arena, agent->root_fd, agent_below_root(agent->plan_path),
		              PLAN_MAX_BYTES, &old, &len);
	if (r < 0)
		return r;
	changing->old_text = old;
	changing->old_plan = agent->plan;
	changing->new_text = bundle_find(bundle, BUNDLE_PLAN)->data;
	changing->new_plan = bundle->plan;
	return change_compute(agent, run->arena, agent->plan, bundle, &changing->change);
}

/* Nothing differs: the node only learns the bundle's id, and starts when it was stopped. */
static int apply_same(struct run *run)
{
	static const char *const words[] = { "start", "--no-block", NULL };

	run->changing.result = CHANGING_APPLIED;
	if (changing_finish(run->agent, &run->changing) < 0)
		return refuse(run);
	if (units_command_one(run->agent, words, "stead.target", STOP_S) < 0)
		agent_log("%s", run->agent->why);
	return say_result(run);
}

/* An engine that is told anew where images come from cannot pull before it is told: prepare does.
 */
static bool pulls_later(const struct run *run)
{
	const struct engine *engine = engine_find(run->changing.new_plan->engine);

	for (size_t i = 0; engine != NULL && i < run->changing.change.count; i++)
		if (str_starts(run->changing.change.items[i].path, engine->config_dir))
			return true;
	return false;
}

/* A disk of the data's own comes before all else: the journal lies on it. What is there already
 * must be this node's; a change that was cut short there was another system's. */
static int open_storage(struct run *run, const struct plan *plan)
{
	struct agent *agent = run->agent;
	bool mounted = false, fresh;
	int r = storage_check(agent, agent->plan, plan);

	if (r == 0)
		r = storage_open(agent, plan, &mounted);
	if (r < 0 || !mounted)
		return r;
	r = sentinel_check(agent, plan, &fresh);
	if (r == 0)
		r = changing_make_dirs(agent);
	if (r == 0)
		r = changing_drop(agent);
	if (r < 0)
		storage_close(agent);
	return r;
}

static int apply_new(struct run *run, const struct options *options)
{
	struct changing *changing = &run->changing;
	struct agent *agent = run->agent;
	struct bundle *bundle = NULL;

	*changing = (struct changing){ .id = options->id,
		                       .base = options->base,
		                       .from = options->from,
		                       .at = clock_now_utc(run->arena),
		                       .wait = options->wait,
		                       .deadline_s = options->deadline_s };
	if (!str_equal(changing_current(agent, run->arena), options->base)) {
		(void)agent_fail(agent, -ESTALE, "the node has changed since it was compared");
		return refuse(run);
	}
	if (load_bundle(run, options, &bundle) < 0 || open_storage(run, bundle->plan) < 0 ||
	    compare(run, bundle) < 0)
		return refuse(run);
	if (changing->change.count == 0)
		return apply_same(run);
	changing->was_ready = agent->plan != NULL && settle_is_ready(agent);
	changing_tell(agent, changing, CHANGING_PULLING, NULL);
	if ((!pulls_later(run) && run_pull(agent, bundle->plan) < 0) || run_begin(run, bundle) < 0)
		return refuse(run);
	return continue_run(run);
}

/* One that was cut short ends first. */
static int run_in_unit(struct run *run, const struct options *options)
{
	struct agent *agent = run->agent;
	int r = changing_read(agent, run->arena, &run->changing), status;

	if (r < 0 && r != -ENOENT) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	if (r == 0) {
		bool began = run->changing.state != CHANGING_STAGING;

		status = continue_run(run);
		if (options->go_on || run->lock_fd < 0 ||
		    (began && str_equal(run->changing.id, options->id)))
			return status;
		if (changing_read(agent, run->arena, &run->changing) != -ENOENT)
			return AGENT_FAILED;
		(void)agent_read_plan(agent);
	}
	return options->go_on ? AGENT_OK : apply_new(run, options);
}

/* Whoever compares a bundle just now must not make a change fail that was told to have begun. */
static int lock_soon(struct agent *agent)
{
	int64_t end = clock_ms() + LOCK_MS;
	int r = changing_lock(agent);

	if (r == -EWOULDBLOCK)
		agent_log("waiting for another stead-node");
	while (r == -EWOULDBLOCK && clock_ms() < end) {
		clock_sleep_ms(failpoint_pause_ms(LOCK_POLL_MS));
		r = changing_lock(agent);
	}
	return r;
}

static int run_unit(struct agent *agent, const struct options *options)
{
	cleanup_arena struct arena *arena = arena_new_secret();
	struct run run = { .agent = agent, .arena = arena, .lock_fd = -1 };
	cleanup_fd int live_fd = -1;
	int status = AGENT_FAILED;

	if (agent_make_run(agent) == 0)
		run.lock_fd = lock_soon(agent);
	if (run.lock_fd >= 0)
		live_fd = changing_live(agent);
	if (live_fd >= 0)
		status = run_in_unit(&run, options);
	else
		agent_log("%s", agent->why);
	if (run.lock_fd >= 0)
		(void)close(run.lock_fd);
	return status;
}

/* --- who asks for it --- */

/* Nobody else may be at it; one that only waits for health after its end makes room. */
static int make_room(struct agent *agent)
{
	static const char *const words[] = { "stop", NULL };
	int r = agent_make_run(agent);

	if (r == 0)
		r = changing_lock(agent);
	if (r < 0)
		return r;
	if (changing_is_live(agent) && units_command_one(agent, words, START_UNIT, STOP_S) < 0)
		agent_log("%s", agent->why);
	(void)close(r);
	return 0;
}

static int check_base(struct agent *agent, const struct options *options)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_arena struct arena *secret = arena_new_secret();
	struct changing changing;
	struct stat st;
	int r = changing_read(agent, secret, &changing);

	if (r == 0)
		return 0; /* the unit ends that one first, and looks then */
	if (r != -ENOENT)
		return r;
	if (!str_equal(changing_current(agent, scratch), options->base))
		return agent_fail(agent, -ESTALE, "the node has changed since it was compared");
	cleanup_fd int fd =
		disk_open_file(agent->root_fd, incoming_path(scratch, options->id), &st);
	if (fd < 0)
		return agent_fail(agent, fd, "no bundle %.12s was received, or another one since",
		                  options->id);
	return 0;
}

static int start(struct agent *agent, const struct options *options)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct strings args = { 0 };

	*list_add(scratch, &args) = "--run";
	*list_add(scratch, &args) = options->id;
	*list_add(scratch, &args) = "--base";
	*list_add(scratch, &args) = options->base;
	*list_add(scratch, &args) = "--from";
	*list_add(scratch, &args) = options->from;
	if (!options->wait)
		*list_add(scratch, &args) = "--no-wait";
	if (options->deadline_s != 0) {
		*list_add(scratch, &args) = "--deadline";
		*list_add(scratch, &args) = arena_printf(scratch, "%u", options->deadline_s);
	}
	*list_add(scratch, &args) = NULL;
	return start_unit(agent, args.items);
}

/* Until the unit has said something, `status` would tell how the change before ended: perhaps this
 * very one, which is tried again. */
static void wait_until_told(struct agent *agent, struct arena *arena,
                            const struct changing_view *before)
{
	int64_t end = clock_ms() + failpoint_pause_ms(TOLD_MS);
	struct changing_view now;

	do {
		clock_sleep_ms(failpoint_pause_ms(TOLD_POLL_MS));
		changing_look(agent, arena, &now);
	} while (now.state == before->state && str_equal(now.id, before->id) &&
	         str_equal(now.since, before->since) && clock_ms() < end);
}

static int ask(struct agent *agent, const struct options *options)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = NULL;
	struct changing_view before;
	int r = make_room(agent);

	if (r < 0)
		return answer_error(agent, r == -EWOULDBLOCK ? start_busy_hint : NULL);
	if (check_base(agent, options) < 0)
		return answer_error(agent, "run `stead up` again");
	changing_look(agent, scratch, &before);
	r = start(agent, options);
	if (r < 0)
		return answer_error(agent, r == -EBUSY ? start_busy_hint : NULL);
	wait_until_told(agent, scratch, &before);
	root = json_pack("{s:i,s:s,s:b}", "v", 1, "id", options->id, "started", true);
	(void)printf("%s\n", json_text(scratch, root, JSON_COMPACT));
	return AGENT_OK;
}

int agent_apply(struct agent *agent, char *const *args)
{
	struct options options;

	if (!read_options(args, &options)) {
		agent_log("usage: stead-node apply ID --base BASE [--from WHO] [--no-wait] "
		          "[--deadline SECONDS]");
		return AGENT_USAGE;
	}
	return options.run || options.go_on ? run_unit(agent, &options) : ask(agent, &options);
}

/* --- after a boot --- */

/* The files now; the rest in a unit, because it waits for units that come after this one. */
int agent_resume(struct agent *agent, char *const *args)
{
	cleanup_arena struct arena *arena = arena_new_secret();
	struct run run = { .agent = agent, .arena = arena, .lock_fd = -1 };
	int r = agent_make_run(agent);

	(void)args;
	if (r == 0)
		r = run.lock_fd = changing_lock(agent);
	if (r >= 0)
		r = changing_read(agent, arena, &run.changing);
	if (r == 0)
		r = run_continue(&run, true);
	if (run.lock_fd >= 0)
		(void)close(run.lock_fd);
	if (r == -EINPROGRESS)
		r = start_unit(agent, (const char *const[]){ "--continue", NULL });
	if (r == 0 || r == -ENOENT)
		return AGENT_OK;
	agent_log("%s", agent->why);
	return AGENT_FAILED;
}
