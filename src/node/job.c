/* Jobs and their steps, commands and routes. */
#include "node/value.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* A process of the definition that exists on this node; anything else is a finding. */
static const struct node_process *need_process(struct build *b, const struct value_text *name,
                                               const char *what)
{
	const struct node_process *process = node_process_find(b->node, name->v);

	if (process != NULL && app_process_find(b->app, name->v) != NULL)
		return process;
	diag_error(b->findings, "app.reference", name->at, "give it the same 'when' as the process",
	           "%s needs process '%s', which is not here", what, name->v);
	return NULL;
}

/* PATH inside the container as a path of the host, through the volume that holds it. */
static const char *host_path(struct build *b, const struct node_process *process, const char *path)
{
	const struct node_mount *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct node_mount *mount = &process->mounts.items[i];
		size_t len = strlen(mount->target);

		if (len < best_len || strncmp(path, mount->target, len) != 0 || path[len] != '/')
			continue;
		best = mount;
		best_len = len;
	}
	if (best == NULL || best->volume == NULL)
		return NULL;
	return arena_printf(b->arena, "%s%s", best->volume->path, path + best_len);
}

/* Names of the user may have become part of the path: it is looked at again. */
static bool in_volume(struct build *b, const struct node_process *process, const char *path,
                      struct span at, const char **ret_host_path)
{
	*ret_host_path = NULL;
	if (is_plain_path(path))
		*ret_host_path = host_path(b, process, path);
	if (*ret_host_path != NULL)
		return true;
	diag_error(b->findings, "app.path", at, "only what lies in a volume outlives a container",
	           "'%s' is not below a volume of process '%s'", path, process->name);
	return false;
}

static void build_done(struct build *b, const struct node_process *process, struct node_step *step,
                       const struct app_done *done)
{
	if (done->file.v != NULL) {
		struct node_text path = build_public(b, &done->file, "a path");

		step->done = NODE_DONE_FILE;
		in_volume(b, process, path.v, done->file.at, &step->done_path);
	} else if (done->exec.count > 0) {
		step->done = NODE_DONE_EXEC;
		build_texts(b, &done->exec, &step->done_exec);
		build_texts(b, &done->stdin_from, &step->done_stdin);
		if (done->process.v != NULL)
			step->done_process = need_process(
				b, &done->process, arena_printf(b->arena, "step '%s'", step->id));
		if (done->expect.v != NULL)
			step->done_expect = build_public(b, &done->expect, "what is expected").v;
	} else if (done->http.v != NULL) {
		step->done = NODE_DONE_HTTP;
		step->done_path = build_public(b, &done->http, "a path").v;
	}
}

/* The plan is readable by everybody on the machine, so no secret may stand in it. */
static void build_merge(struct build *b, const struct node_process *process, struct node_step *step,
                        const struct value_tree *merge)
{
	const struct yaml_node *file = yaml_get(merge->node, "file");
	const struct yaml_node *values = yaml_get(merge->node, "values");
	struct value_text path_text = { 0 };
	struct config_value *value;
	const char *on_host;
	struct node_text path;
	struct text json;

	if (file == NULL || file->kind != YAML_SCALAR || values == NULL ||
	    values->kind != YAML_MAP) {
		diag_error(b->findings, "app.value", merge->at, NULL,
		           "'merge' needs 'file' and a map 'values'");
		return;
	}
	path_text = (struct value_text){ .v = file->text, .at = file->span };
	path = build_public(b, &path_text, "a path");
	if (!in_volume(b, process, path.v, file->span, &on_host))
		return;
	value = config_read(b, values, true);
	if (value == NULL)
		return;
	/* app_decode() lets no secret into a merge: the plan, where it is kept, is readable. */
	assert(!config_has_secret(value));
	text_init(&json, b->arena);
	config_write_canonical_json(&json, value);
	step->merge_file = path.v;
	step->merge_json = json.data;
}

static void build_exits(struct build *b, struct node_step *step, const struct value_pairs *exits)
{
	enum { MOST = sizeof(step->exits) / sizeof(step->exits[0]) };

	for (size_t i = 0; i < exits->count; i++) {
		const struct value_pair *pair = &exits->items[i];
		struct node_exit_rule rule = { .meaning = NODE_EXIT_FAIL };
		long code;

		if (!str_to_long(pair->key, &code) || code < 0 || code > 255) {
			diag_error(b->findings, "app.value", pair->key_at, NULL,
			           "'%s' is not an exit code", pair->key);
			continue;
		}
		if (step->exit_count == MOST) {
			diag_error(b->findings, "app.value", pair->key_at, NULL,
			           "more than %d exit codes in one step", MOST);
			return;
		}
		rule.code = (unsigned)code;
		if (str_equal(pair->value.v, "ok"))
			rule.meaning = NODE_EXIT_OK;
		else if (str_equal(pair->value.v, "retry"))
			rule.meaning = NODE_EXIT_RETRY;
		step->exits[step->exit_count++] = rule;
	}
}

static void build_step(struct build *b, struct node_job *job, const struct app_step *from)
{
	struct node_step *step = list_add(b->arena, &job->steps);

	step->id = from->id.v;
	step->guard = from->guard.v;
	step->origin = origin_at(from->id.at);
	step->deadline_s = from->deadline_s.given ? (unsigned)from->deadline_s.v : 300;
	step->capture_pattern = from->capture.pattern.v;
	step->capture_secret = from->capture.secret.v;
	step->stdin_text = build_text(b, &from->stdin_text);
	build_texts(b, &from->run, &step->run);
	build_texts(b, &from->repair, &step->repair);
	build_exits(b, step, &from->exit);
	for (size_t i = 0; i < from->restart.count; i++)
		if (need_process(b, &from->restart.items[i],
		                 arena_printf(b->arena, "step '%s'", step->id)) != NULL)
			*list_add(b->arena, &step->restart) = from->restart.items[i].v;
	build_done(b, job->process, step, &from->done);
	if (from->merge.node != NULL)
		build_merge(b, job->process, step, &from->merge);
}

/* That a schedule is none is said by the checks. */
static const char *calendar_of(struct build *b, const char *schedule)
{
	struct settings_window at;
	struct text text;

	if (schedule == NULL || !settings_schedule_parse(schedule, &at))
		return NULL;
	text_init(&text, b->arena);
	for (unsigned day = 0; day < 7; day++)
		if ((at.days & 1U << day) != 0)
			text_addf(&text, "%s%s", text.len > 0 ? "," : "", settings_day_name(day));
	text_addf(&text, " %02u:%02u", at.start_min / 60, at.start_min % 60);
	return text.data;
}

void build_jobs(struct build *b)
{
	const struct app_job *jobs = b->app->jobs.items;

	for (size_t i = 0; i < b->app->jobs.count; i++) {
		const struct app_step *steps = jobs[i].steps.items;
		const struct node_process *process;
		struct node_job *job;

		if (!build_conditions(b, &jobs[i].when,
		                      app_process_find(b->app, jobs[i].process.v)))
			continue;
		process = need_process(b, &jobs[i].process,
		                       arena_printf(b->arena, "job '%s'", jobs[i].name.v));
		if (process == NULL)
			continue;
		job = arena_alloc(b->arena, sizeof(*job));
		*list_add(b->arena, &b->node->jobs) = job;
		job->name = jobs[i].name.v;
		job->phase = jobs[i].phase.v;
		job->calendar = calendar_of(b, jobs[i].schedule.v);
		job->process = process;
		job->origin = origin_at(jobs[i].name.at);
		for (size_t n = 0; n < jobs[i].steps.count; n++)
			build_step(b, job, &steps[n]);
	}
}

/* A command of a process that is switched off is not there either. */
void build_commands(struct build *b)
{
	const struct app_command *commands = b->app->commands.items;

	for (size_t i = 0; i < b->app->commands.count; i++) {
		const struct node_process *process =
			node_process_find(b->node, commands[i].process.v);
		struct node_command *command;

		if (process == NULL)
			continue;
		command = list_add(b->arena, &b->node->commands);
		command->name = commands[i].name.v;
		command->doc = commands[i].doc.v;
		command->process = process;
		build_texts(b, &commands[i].run, &command->run);
	}
}

static bool same_route(const struct build *b, const char *host, const char *path)
{
	for (size_t i = 0; i < b->node->routes.count; i++) {
		const struct node_route *route = &b->node->routes.items[i];

		if (str_equal(route->host, host) && str_equal(route->path, path))
			return true;
	}
	return false;
}

static struct node_envs headers_of(struct build *b, const struct value_pairs *pairs)
{
	struct node_envs headers = { 0 };

	for (size_t i = 0; i < pairs->count; i++)
		*list_add(b->arena, &headers) =
			(struct node_env){ .name = pairs->items[i].key,
			                   .value = build_public(b, &pairs->items[i].value,
			                                         "a header") };
	return headers;
}

/* Where site and handles have one name, a route of the domain may be there already for the site. */
void build_routes(struct build *b)
{
	const struct app_route *routes = b->app->routes.items;

	for (size_t i = 0; i < b->app->routes.count; i++) {
		bool at_domain = str_equal(routes[i].host.v, "domain");
		const char *host = at_domain ? b->node->domain.v : b->node->web.v;
		const struct app_process *process = app_process_find(b->app, routes[i].process.v);
		const struct node_process *on = node_process_find(b->node, routes[i].process.v);
		bool redirect = routes[i].redirect.v != NULL;
		bool elsewhere = redirect || routes[i].hidden.v;

		if (process == NULL && !elsewhere) {
			need_process(b, &routes[i].process, "a route");
			continue;
		}
		if (!build_conditions(b, &routes[i].when, process) || (on == NULL && !elsewhere) ||
		    (at_domain && same_route(b, host, routes[i].path.v)))
			continue;
		*list_add(b->arena, &b->node->routes) = (struct node_route){
			.host = host,
			.path = routes[i].path.v,
			.process = on,
			.max_body = routes[i].max_body.given ? routes[i].max_body.v : 0,
			.websocket = routes[i].websocket.v,
			.redirect = redirect ? build_public(b, &routes[i].redirect, "a redirect").v
			                     : NULL,
			.cache = routes[i].cache.v,
			.headers = headers_of(b, &routes[i].headers),
			.origin = origin_at(routes[i].path.at),
		};
	}
}
