/* Secrets: there, used, and out of sight. */
#include "check/families.h"

#include "base/arena.h"
#include "base/text.h"

static void need(const struct node_inputs *inputs, const char *name, struct span at,
                 struct findings *findings)
{
	const struct secret *secret = secrets_get(inputs->secrets, name);
	cleanup_arena struct arena *scratch = arena_new();

	if (secret != NULL && secret->len > 0)
		return;
	diag_error(findings, "secrets.missing", at,
	           arena_printf(scratch, "add '%s' to stead.secrets.yaml", name),
	           "secret '%s' is missing", name);
}

/* What a user brings from another node must be what the application can read. */
static void check_kind(const struct node_inputs *inputs, const struct app_secret *declared,
                       struct findings *findings)
{
	cleanup_arena struct arena *scratch = arena_new_secret();
	const char *name = arena_printf(scratch, "app.%s", declared->name.v);
	const struct secret *secret = secrets_get(inputs->secrets, name);

	if (secret == NULL || !str_equal(declared->kind.v, "vapid") ||
	    secret_vapid_public(scratch, secret->value) != NULL)
		return;
	diag_error(findings, "secrets.kind", declared->name.at,
	           "the 43 or 44 letters of a private key of P-256",
	           "secret '%s' is no private key of kind vapid", name);
}

static bool is_captured(const struct app_secret *secret)
{
	return str_equal(secret->kind.v, "captured");
}

/* An application that sends no mail needs no password for it. */
static bool is_used_by(const struct app *app, const struct settings_secret *secret)
{
	return app->mail_used.v || !str_starts(secret->name, "mail.");
}

static void check_missing(const struct node_inputs *inputs, struct findings *findings)
{
	const struct app_secret *declared = inputs->app->secrets.items;
	cleanup_arena struct arena *scratch = arena_new();

	for (size_t i = 0; i < inputs->app->secrets.count; i++) {
		if (!is_captured(&declared[i]) && !str_equal(declared[i].kind.v, "optional"))
			need(inputs, arena_printf(scratch, "app.%s", declared[i].name.v),
			     declared[i].name.at, findings);
		check_kind(inputs, &declared[i], findings);
	}
	for (const struct settings_secret *s = settings_secrets; s->name != NULL; s++) {
		struct span at;

		if (s->want(inputs->settings, &at) == SETTINGS_MUST && is_used_by(inputs->app, s))
			need(inputs, s->name, at, findings);
	}
	need(inputs, "ssh_host_ed25519_key", (struct span){ 0 }, findings);
}

static bool is_used(const struct node_inputs *inputs, const char *name)
{
	const struct settings_secret *service = settings_secret_find(name);
	const struct app_secret *declared = inputs->app->secrets.items;
	struct span at;

	if (str_equal(name, "ssh_host_ed25519_key"))
		return true;
	if (service != NULL)
		return service->want(inputs->settings, &at) != SETTINGS_NOT;
	for (size_t i = 0; i < inputs->app->secrets.count; i++) {
		if (str_starts(name, "app.") && str_equal(name + 4, declared[i].name.v) &&
		    !is_captured(&declared[i]))
			return true;
	}
	return false;
}

static void check_unused(const struct node_inputs *inputs, struct findings *findings)
{
	for (size_t i = 0; i < inputs->secrets->count; i++) {
		const char *name = inputs->secrets->items[i].name;

		if (!is_used(inputs, name))
			diag_warning(
				findings, "secrets.unused", (struct span){ 0 },
				"the definition or a setting needed it once: it can be taken out",
				"secret '%s' of stead.secrets.yaml is used by nothing", name);
	}
}

/* Arguments stand in the list of processes and in the plan, for everybody to read. */
static void check_argv(const struct node_texts *argv, const char *what, struct findings *findings)
{
	for (size_t i = 0; i < argv->count; i++) {
		if (argv->items[i].secret)
			diag_error(findings, "secrets.argv", argv->items[i].origin.span,
			           "pass it as an environment variable or in a 'config' file",
			           "%s has a secret among its arguments", what);
	}
}

static void check_step(const struct node_step *step, struct findings *findings)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *what = arena_printf(scratch, "step '%s'", step->id);

	check_argv(&step->run, what, findings);
	check_argv(&step->repair, what, findings);
	check_argv(&step->done_exec, what, findings);
	check_argv(&step->done_stdin, what, findings);
	if (step->stdin_text.secret)
		diag_error(findings, "secrets.stdin", step->stdin_text.origin.span,
		           "pass it as an environment variable or in a 'config' file",
		           "%s would have a secret in the plan", what);
}

static void check_places(const struct node *node, struct findings *findings)
{
	const struct node_process *process;
	cleanup_arena struct arena *scratch = arena_new();

	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		const char *what = arena_printf(scratch, "process '%s'", process->name);

		check_argv(&process->command, what, findings);
		check_argv(&process->health.exec, what, findings);
	}
	for (size_t i = 0; i < node->jobs.count; i++) {
		const struct node_job *job = node->jobs.items[i];

		for (size_t n = 0; n < job->steps.count; n++)
			check_step(&job->steps.items[n], findings);
	}
	for (size_t i = 0; i < node->commands.count; i++)
		check_argv(&node->commands.items[i].run,
		           arena_printf(scratch, "command '%s'", node->commands.items[i].name),
		           findings);
}

CHECK_FAMILY(secrets)
{
	check_missing(inputs, findings);
	check_unused(inputs, findings);
	check_places(node, findings);
}
