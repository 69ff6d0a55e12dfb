#include "agent/step.h"

#include <errno.h>
#include <regex.h>
#include <string.h>

#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/http.h"
#include "agent/mask.h"
#include "agent/merge.h"
#include "base/arena.h"
#include "base/text.h"

enum { HTTP_MS = 10 * 1000, STATUS_OK = 200, MAX_CAPTURE_BYTES = 4096 };

enum plan_exit step_exit_meaning(const struct plan_step *step, int code)
{
	for (size_t i = 0; i < step->exits.count; i++)
		if (step->exits.items[i].code == (unsigned)code)
			return step->exits.items[i].meaning;
	return code == 0 ? PLAN_EXIT_OK : PLAN_EXIT_FAIL;
}

bool step_is_captured(const struct agent *agent, const struct plan_step *step)
{
	cleanup_arena struct arena *scratch = arena_new();
	bool stored = false;

	if (step->capture_secret == NULL)
		return true;
	return disk_has_content(agent->root_fd, agent_secret_path(scratch, step->capture_secret),
	                        &stored) == 0 &&
	       stored;
}

int step_match(const char *pattern, const char *text, size_t *ret_start, size_t *ret_len)
{
	regmatch_t groups[2];
	regex_t regex;
	int r;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE) != 0)
		return -EINVAL;
	size_t group = regex.re_nsub > 0 ? 1 : 0;
	r = regexec(&regex, text, 2, groups, 0);
	regfree(&regex);
	if (r != 0 || groups[group].rm_so < 0 || groups[group].rm_eo == groups[group].rm_so)
		return -ENOENT;
	*ret_start = (size_t)groups[group].rm_so;
	*ret_len = (size_t)(groups[group].rm_eo - groups[group].rm_so);
	return 0;
}

/* Inside the process's container when it runs at this time, else in one made like it. */
static int run(const struct step_context *context, struct arena *arena,
               const struct plan_process *process, const struct strings *argv,
               const char *stdin_text, struct process_result *ret)
{
	const struct engine *engine = context->agent->engine;
	struct engine_job job = {
		.container = arena_printf(arena, "stead-job-%s", context->job->name),
		.process = process,
		.run = argv,
		.stdin_text = stdin_text,
		.deadline_s = context->step->deadline_s,
	};

	if (str_equal(process->group, "data") ||
	    (context->running && str_equal(process->group, "app")))
		return engine->exec(context->agent, arena, process, argv, stdin_text,
		                    job.deadline_s, ret);
	return engine->run_job(context->agent, arena, &job, ret);
}

/* Why a program failed. What it printed is told only when none of it can be a secret. */
static int fail_in(const struct step_context *context, struct arena *arena,
                   const struct plan_process *process, const char *what,
                   const struct process_result *result)
{
	const char *line;

	if (result->timed_out)
		return agent_fail(context->agent, -ETIMEDOUT, "%s took longer than %u s", what,
		                  context->step->deadline_s);
	if (context->step->capture_pattern != NULL)
		return agent_fail(context->agent, -EIO, "%s exits with %d", what,
		                  result->exit_code);
	/* Masked before it is cut: half a secret would not be known as one. */
	line = engine_last_line(arena, mask_text(context->agent, arena, process, result->err));
	if (*line == '\0')
		line = engine_last_line(arena,
		                        mask_text(context->agent, arena, process, result->out));
	return agent_fail(context->agent, -EIO, "%s exits with %d: %s", what, result->exit_code,
	                  line);
}

static int fail_by(const struct step_context *context, struct arena *arena, const char *what,
                   const struct process_result *result)
{
	return fail_in(context, arena, context->process, what, result);
}

/* What the done test reads, which a program of the step's own writes. */
static int done_input(const struct step_context *context, struct arena *arena, const char **ret)
{
	struct process_result result;
	int r;

	*ret = NULL;
	if (context->step->done_stdin.count == 0)
		return 0;
	r = run(context, arena, context->process, &context->step->done_stdin, NULL, &result);
	if (r < 0)
		return r;
	if (result.timed_out || result.exit_code != 0)
		return fail_by(context, arena, "what its done test reads", &result);
	*ret = result.out;
	return 0;
}

/* TEXT but for blanks around it. */
static bool is_expected(const char *text, const char *expected)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	text += strspn(text, blanks);
	len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		len--;
	return strlen(expected) == len && memcmp(text, expected, len) == 0;
}

/* One that prints what it knows must end with 0: otherwise it knows nothing, as when the database
 * does not answer. */
static int test_exec(const struct step_context *context, struct arena *arena, bool *ret)
{
	const struct plan_step *step = context->step;
	const struct plan_process *process = context->process;
	struct process_result result;
	const char *input;
	int r = done_input(context, arena, &input);

	if (step->done_process != NULL)
		process = plan_process_find(context->agent->plan, step->done_process);
	if (r == 0)
		r = run(context, arena, process, &step->done_exec, input, &result);
	if (r < 0)
		return r;
	if (result.timed_out || (step->done_expect != NULL && result.exit_code != 0))
		return fail_in(context, arena, process, "its done test", &result);
	*ret = step->done_expect != NULL ? is_expected(result.out, step->done_expect)
	                                 : result.exit_code == 0;
	return 0;
}

static bool test_http(const struct step_context *context, struct arena *arena)
{
	struct agent *agent = context->agent;
	const char *address;
	unsigned status = 0;

	return agent->engine->address_of(agent, arena, context->process, &address) == 0 &&
	       http_status(address, context->process->health_port, agent->plan->web,
	                   context->step->done_path, HTTP_MS, &status) == 0 &&
	       status == STATUS_OK;
}

/* Whether what the step is for exists. A step that only the journal knows of never does. */
static int test_done(const struct step_context *context, struct arena *arena, bool *ret)
{
	int r;

	*ret = false;
	switch (context->step->done) {
	case PLAN_DONE_JOURNAL:
		break;
	case PLAN_DONE_FILE:
		r = disk_has_content(context->agent->root_fd, context->step->done_path, ret);
		if (r < 0)
			return agent_fail(context->agent, r, "%s: %s", context->step->done_path,
			                  r == -ELOOP ? "a symbolic link is in the way"
			                              : strerror(-r));
		break;
	case PLAN_DONE_EXEC:
		return test_exec(context, arena, ret);
	case PLAN_DONE_HTTP:
		*ret = test_http(context, arena);
		break;
	}
	return 0;
}

static int store(const struct step_context *context, struct arena *arena, const char *value,
                 size_t len)
{
	const char *path = agent_secret_path(arena, context->step->capture_secret);
	int r;

	if (len > MAX_CAPTURE_BYTES)
		return agent_fail(context->agent, -EINVAL,
		                  "what it prints is too long to be a secret");
	r = disk_write(context->agent->root_fd, path, NULL, value, len);
	if (r < 0)
		return agent_fail(context->agent, r, "%s cannot be written: %s", path,
		                  strerror(-r));
	return 0;
}

/* -ENOENT when nothing that was printed fits. */
static int capture(const struct step_context *context, struct arena *arena,
                   const struct process_result *result)
{
	const char *pattern = context->step->capture_pattern, *from = result->out;
	size_t start = 0, len = 0;
	int r = step_match(pattern, from, &start, &len);

	if (r == -ENOENT) {
		from = result->err;
		r = step_match(pattern, from, &start, &len);
	}
	if (r == -ENOENT)
		return agent_fail(context->agent, r, "it printed nothing that fits its pattern");
	if (r < 0)
		return agent_fail(context->agent, r, "its pattern is no regular expression");
	return store(context, arena, from + start, len);
}

static int repair(const struct step_context *context, struct arena *arena)
{
	struct process_result result;
	int r;

	if (context->step->repair.count == 0)
		return agent_fail(
			context->agent, -ENOENT,
			"it is done, but what it printed is lost, and nothing repairs that");
	r = run(context, arena, context->process, &context->step->repair, NULL, &result);
	if (r < 0)
		return r;
	if (result.timed_out || result.exit_code != 0)
		return fail_by(context, arena, "its repair", &result);
	return capture(context, arena, &result);
}

static int run_and_capture(const struct step_context *context, struct arena *arena)
{
	const struct plan_step *step = context->step;
	struct process_result result;
	enum plan_exit meaning;
	int r = run(context, arena, context->process, &step->run, step->stdin_text, &result);

	if (r < 0)
		return r;
	meaning = step_exit_meaning(step, result.exit_code);
	if (result.timed_out || meaning == PLAN_EXIT_FAIL)
		return fail_by(context, arena, "it", &result);
	if (meaning == PLAN_EXIT_RETRY) {
		(void)fail_by(context, arena, "it", &result);
		return -EAGAIN;
	}
	if (step->capture_pattern == NULL)
		return 0;
	r = capture(context, arena, &result);
	/* "Already there" may be fine by its exit rules, but then it printed nothing new. */
	return r == -ENOENT && step->repair.count > 0 ? repair(context, arena) : r;
}

static int perform_run(const struct step_context *context, struct arena *arena, bool *ret_ran)
{
	bool done = false;
	int r = test_done(context, arena, &done);

	if (r < 0)
		return r;
	if (done && step_is_captured(context->agent, context->step))
		return 0;
	*ret_ran = true;
	if (done)
		return repair(context, arena);
	r = run_and_capture(context, arena);
	if (r < 0 || context->step->done == PLAN_DONE_JOURNAL)
		return r;
	r = test_done(context, arena, &done);
	if (r == 0 && !done)
		r = agent_fail(context->agent, -EIO, "it ran, but its done test still fails");
	return r;
}

static int perform_guard(const struct step_context *context, struct arena *arena)
{
	bool holds = false;
	int r = test_done(context, arena, &holds);

	return r < 0 || holds ? r : agent_fail(context->agent, -EPERM, "%s", context->step->guard);
}

int step_perform(const struct step_context *context, bool *ret_ran)
{
	/* Output may hold a secret: none of it outlives this function. */
	cleanup_arena struct arena *arena = arena_new_secret();
	int r;

	*ret_ran = false;
	if (context->step->guard != NULL)
		return perform_guard(context, arena);
	if (context->step->merge_file != NULL)
		return merge_apply(context->agent, arena, context->process, context->step);
	r = perform_run(context, arena, ret_ran);
	if (r < 0)
		return r;
	/* The program did not sync what it wrote; the journal must not know more than the disk. */
	r = disk_sync_all(context->agent->root_fd, AGENT_DATA);
	if (r < 0)
		return agent_fail(context->agent, r, "the disk cannot be synced: %s", strerror(-r));
	return 0;
}
