/* The checks of jobs and their steps. */
#include <string.h>

#include "app/internal.h"
#include "base/arena.h"
#include "base/text.h"

#define ROW(key_, type_, struct_, field_, ...)                                                     \
	{                                                                                          \
		.key = (key_), .type = (type_), .offset = offsetof(struct struct_, field_),        \
		.since = "0.1", .doc = __VA_ARGS__                                                 \
	}

static const char *const words_format[] = { "json", NULL };

static const struct schema_row merge_rows[] = {
	ROW("file", SCHEMA_PATH, app_merge, file, "the file, as a path inside the container",
	    .flags = SCHEMA_NEEDED),
	ROW("format", SCHEMA_WORD, app_merge, format, "how the file is written", .fallback = "json",
	    .words = words_format),
	ROW("values", SCHEMA_TREE, app_merge, values, "what is set in it, the rest stays",
	    .flags = SCHEMA_NEEDED),
	{ .key = NULL },
};

bool app_merge_decode(struct arena *arena, const struct app_step *step, struct app_merge *ret,
                      struct findings *findings)
{
	size_t errors = findings->errors;

	*ret = (struct app_merge){ 0 };
	schema_decode(arena, "app", "merge", merge_rows, step->merge.node, ret, findings);
	if (ret->values.node != NULL && ret->values.node->kind != YAML_MAP)
		diag_error(findings, "app.type", ret->values.at, NULL,
		           "'merge.values' is not a map");
	return findings->errors == errors;
}

struct job_check {
	struct checker *c;
	const struct app_job *job;
	const struct app_process *process; /* NULL: there is none, and that was said */
	const struct app_step *step;
};

/* A path that the agent must find on the host: it has to be in one of the process's volumes. */
static void check_in_volume(struct job_check *j, const struct value_text *path, const char *where)
{
	const struct app_mount *mounts;

	if (path->v == NULL || j->process == NULL)
		return;
	mounts = j->process->volumes.items;
	for (size_t i = 0; i < j->process->volumes.count; i++)
		if (mounts[i].path.v != NULL && path_below(path->v, mounts[i].path.v) &&
		    strcmp(path->v, mounts[i].path.v) != 0)
			return;
	report(j->c, "app.path", path->at, "what is elsewhere is gone when the step ends",
	       "'%s' is in no volume of process '%s': '%s'", where, j->process->name.v, path->v);
}

static void check_merge(struct job_check *j)
{
	struct app_merge merge;

	if (j->step->merge.node == NULL)
		return;
	(void)app_merge_decode(j->c->arena, j->step, &merge, j->c->findings);
	check_in_volume(j, &merge.file, "merge.file");
	check_references(j->c, &merge.file, PLACE_PUBLIC, "merge.file");
	if (merge.values.node != NULL)
		check_reference_tree(j->c, merge.values.node, PLACE_MERGE, "merge.values");
}

static void check_done(struct job_check *j)
{
	const struct app_done *done = &j->step->done;
	int kinds = (done->file.v != NULL) + (done->exec.count > 0) + (done->http.v != NULL);

	if (kinds > 1)
		report(j->c, "app.done", j->step->id.at, "keep one of file, exec and http",
		       "step '%s' has more than one kind of done test", j->step->id.v);
	if (done->exec.count == 0 &&
	    (done->process.v != NULL || done->stdin_from.count > 0 || done->expect.v != NULL))
		report(j->c, "app.done", j->step->id.at, NULL,
		       "'process', 'stdin_from' and 'expect' are for 'exec'");
	(void)need_process(j->c, &done->process);
	check_reference_list(j->c, &done->stdin_from, PLACE_ARGV, "done.stdin_from");
	check_references(j->c, &done->expect, PLACE_PUBLIC, "done.expect");
	check_in_volume(j, &done->file, "done.file");
	check_references(j->c, &done->file, PLACE_PUBLIC, "done.file");
	check_reference_list(j->c, &done->exec, PLACE_ARGV, "done.exec");
	if (check_url_path(j->c, &done->http, "done.http") && j->process != NULL &&
	    !j->process->port.given)
		report(j->c, "app.done", done->http.at, NULL, "process '%s' has no port",
		       j->process->name.v);
}

static void check_capture(struct job_check *j)
{
	const struct app_capture *capture = &j->step->capture;
	const struct app_secret *secret;
	size_t groups;

	if (capture->pattern.v == NULL || capture->secret.v == NULL)
		return;
	if (check_pattern(j->c, &capture->pattern, &groups) && groups != 1)
		report(j->c, "app.pattern", capture->pattern.at,
		       "what the group in ( ) matches is kept",
		       "the pattern has %zu groups, it must have one", groups);
	secret = find_secret(j->c->app, capture->secret.v);
	if (secret == NULL)
		report(j->c, "app.name", capture->secret.at,
		       hint_of_names(j->c, capture->secret.v, &j->c->app->secrets,
		                     sizeof(struct app_secret)),
		       "there is no secret '%s'", capture->secret.v);
	else if (!str_equal(secret->kind.v, "captured"))
		report(j->c, "app.secret", capture->secret.at, "'kind: captured'",
		       "the secret '%s' is not of kind captured", capture->secret.v);
	if (j->step->merge.node != NULL)
		report(j->c, "app.step", capture->pattern.at, NULL,
		       "a merge prints nothing that could be captured");
}

static void check_exits(struct job_check *j)
{
	for (size_t i = 0; i < j->step->exit.count; i++) {
		const struct value_pair *pair = &j->step->exit.items[i];
		long code;

		if (!str_to_long(pair->key, &code) || code < 1 || code > 255 || pair->key[0] == '0')
			report(j->c, "app.value", pair->key_at, "from 1 to 255",
			       "'%s' is not an exit code", pair->key);
		if (!str_equal(pair->value.v, "ok") && !str_equal(pair->value.v, "retry") &&
		    !str_equal(pair->value.v, "fail"))
			report(j->c, "app.value", pair->value.at, NULL,
			       "an exit code means ok, retry or fail, not '%s'", pair->value.v);
	}
	if (j->step->exit.count > 8)
		report(j->c, "app.value", j->step->exit.at, NULL, "more than 8 exit codes");
}

/* What restarts has to run already, and data services are not the application's to restart. */
static void check_restart(struct job_check *j)
{
	const struct value_list *restart = &j->step->restart;

	for (size_t i = 0; i < restart->count; i++) {
		const struct app_process *process = need_process(j->c, &restart->items[i]);

		if (process != NULL && !str_equal(process->group.v, "app"))
			report(j->c, "app.step", restart->items[i].at, NULL,
			       "'restart' is for processes of the application, '%s' is none",
			       process->name.v);
	}
	if (restart->count > 0 &&
	    (!str_equal(j->job->phase.v, "post-start") || j->step->run.count == 0))
		report(j->c, "app.step", restart->at,
		       "in other phases the processes start afterwards anyway",
		       "'restart' is for steps with 'run' in jobs of phase post-start");
}

static void check_step(struct job_check *j)
{
	const struct app_step *step = j->step;
	struct span at = step->id.at;

	if (step->id.v == NULL)
		return; /* that it is missing was said */
	if ((step->run.count > 0) + (step->merge.node != NULL) + (step->guard.v != NULL) != 1)
		report(j->c, "app.step", at, NULL, "step '%s' needs one of run, merge and guard",
		       step->id.v);
	if (step->guard.v != NULL &&
	    ((step->done.file.v == NULL && step->done.exec.count == 0) ||
	     step->capture.pattern.v != NULL || holds_control(step->guard.v)))
		report(j->c, "app.step", step->guard.at,
		       "one sentence, and 'done' with file or exec",
		       "the guard of step '%s' tests nothing, or does more than that", step->id.v);
	if (step->stdin_text.v != NULL && step->run.count == 0)
		report(j->c, "app.step", step->stdin_text.at, NULL, "only run reads 'stdin'");
	if (step->repair.count > 0 && step->capture.pattern.v == NULL)
		report(j->c, "app.step", step->repair.at, "it makes anew what a capture has lost",
		       "'repair' is for steps with 'capture'");
	check_reference_list(j->c, &step->run, PLACE_ARGV, "run");
	check_reference_list(j->c, &step->repair, PLACE_ARGV, "repair");
	check_references(j->c, &step->stdin_text, PLACE_STDIN, "stdin");
	check_merge(j);
	check_done(j);
	check_capture(j);
	check_exits(j);
	check_restart(j);
}

static void check_ids(struct checker *c, const struct app_job *job)
{
	const struct app_step *steps = job->steps.items;

	for (size_t i = 0; i < job->steps.count; i++)
		for (size_t k = 0; k < i; k++)
			if (steps[i].id.v != NULL && str_equal(steps[i].id.v, steps[k].id.v)) {
				report(c, "app.name", steps[i].id.at, NULL,
				       "two steps have the id '%s', the other in line %u",
				       steps[i].id.v, steps[k].id.at.line);
				break;
			}
}

/* What is cleaned up again and again is not journaled, and changes nothing that others must know
 * of. */
static void check_clean_step(struct job_check *j)
{
	const struct app_step *step = j->step;

	if (step->id.v != NULL && (step->run.count == 0 || step->capture.pattern.v != NULL))
		report(j->c, "app.step", step->id.at, NULL,
		       "a step of a job of phase clean only runs a program");
}

static void check_schedule(struct checker *c, const struct app_job *job)
{
	bool cleans = str_equal(job->phase.v, "clean");

	if (cleans && job->schedule.v == NULL)
		report(c, "app.value", job->phase.at, "like 'schedule: Sun 05:30'",
		       "job '%s' does not say when it cleans up", job->name.v);
	if (!cleans && job->schedule.v != NULL)
		report(c, "app.value", job->schedule.at, NULL,
		       "'schedule' is for jobs of phase clean");
}

static void check_job(struct checker *c, const struct app_job *job)
{
	struct job_check j = { .c = c, .job = job, .process = need_process(c, &job->process) };
	const struct app_step *steps = job->steps.items;

	check_conditions(c, &job->when);
	if (job->phase.v != NULL && !str_equal(job->phase.v, "setup") &&
	    !str_equal(job->phase.v, "migrate") && !str_equal(job->phase.v, "post-start") &&
	    !str_equal(job->phase.v, "clean"))
		diag_note(c->findings, "app.later", job->phase.at, NULL,
		          "jobs of phase '%s' do not run yet in this version", job->phase.v);
	if (job->steps.at.line != 0 && job->steps.count == 0)
		report(c, "app.value", job->steps.at, NULL, "job '%s' has no steps", job->name.v);
	check_ids(c, job);
	check_schedule(c, job);
	for (size_t i = 0; i < job->steps.count; i++) {
		j.step = &steps[i];
		check_step(&j);
		if (str_equal(job->phase.v, "clean"))
			check_clean_step(&j);
	}
}

void check_jobs(struct checker *c)
{
	const struct app_job *jobs = c->app->jobs.items;

	for (size_t i = 0; i < c->app->jobs.count; i++)
		check_job(c, &jobs[i]);
}
