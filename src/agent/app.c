/*
 * app [NAME [ARGS...]]: the application's own tools, where its process runs; in a container of its
 * own when it does not.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/engine.h"
#include "base/arena.h"
#include "base/process.h"
#include "base/text.h"

static void list(const struct plan *plan)
{
	size_t width = 0;

	for (size_t i = 0; i < plan->commands.count; i++) {
		size_t len = strlen(plan->commands.items[i].name);

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < plan->commands.count; i++) {
		const struct plan_command *command = &plan->commands.items[i];
		bool has_doc = command->doc != NULL;

		(void)printf("%-*s%s%s\n", has_doc ? (int)width : 0, command->name,
		             has_doc ? "  " : "", has_doc ? command->doc : "");
	}
}

static const struct plan_command *find(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->commands.count; i++)
		if (str_equal(plan->commands.items[i].name, name))
			return &plan->commands.items[i];
	return NULL;
}

/* What to become. Whether the process runs is for the engine to say. */
static int make_argv(struct agent *agent, const struct plan_command *command, char *const *args,
                     struct strings *ret)
{
	const struct plan_process *process = plan_process_find(agent->plan, command->process);
	bool tty = isatty(STDIN_FILENO) == 1;
	struct arena *arena = agent->arena;
	struct engine_job job = { .process = process };
	struct strings run = { 0 };
	int r;

	if (process == NULL)
		return agent_fail(agent, -EINVAL, "the plan has no process %s", command->process);
	for (size_t i = 0; i < command->run.count; i++)
		*list_add(arena, &run) = command->run.items[i];
	for (; *args != NULL; args++)
		*list_add(arena, &run) = *args;
	r = agent->engine->exec_argv(agent, arena, process, &run, tty, ret);
	if (r != -ENOENT)
		return r;
	/* Of this very call: another one may be under way. */
	job.container = arena_printf(arena, "stead-app-%s-%ld", command->name, (long)getpid());
	job.run = &run;
	*ret = (struct strings){ 0 };
	return agent->engine->job_argv(agent, arena, &job, tty, ret);
}

int agent_app(struct agent *agent, char *const *args)
{
	const struct plan_command *command;
	struct strings argv = { 0 };
	int r;

	if (args[0] == NULL) {
		list(agent->plan);
		return AGENT_OK;
	}
	command = find(agent->plan, args[0]);
	if (command == NULL) {
		agent_log("app: %s has no command '%.60s' (stead-node app lists them)",
		          agent->plan->app, args[0]);
		return AGENT_USAGE;
	}
	r = make_argv(agent, command, args + 1, &argv);
	if (r == 0) {
		r = process_exec(argv.items);
		(void)agent_fail(agent, r, "%s cannot be run: %s", argv.items[0], strerror(-r));
	}
	agent_log("app: %s", agent->why);
	return AGENT_FAILED;
}
