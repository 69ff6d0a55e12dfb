/*
 * `stead up` on a machine that ssh reaches: from the compiled node to the node that follows it.
 */
#include "cmd/up.h"

#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/diff.h"
#include "remote/bundle.h"

enum { RECEIVE_MS = 300000, APPLY_MS = 60000, STATUS_MS = 60000 };

/* --- the bundle --- */

static int make_bundle(struct up *up, struct machine_input *ret)
{
	struct compile *c = &up->compile;
	const char *error = NULL;
	struct output_set *tree = NULL;
	struct bundle *bundle;
	size_t len = 0;
	char *text;
	int step = progress_begin(up->progress, -1, "compile"), code;

	if (compile_again(c, up->engine))
		tree = compile_tree(c, NULL);
	progress_end(up->progress, step, tree != NULL, up->engine);
	if (tree == NULL) {
		progress_finish(up->progress);
		code = compile_report(c, up->cli, stderr);
		return code != CLI_OK ? code : CLI_FINDINGS;
	}
	bundle = remote_bundle(c->secret_arena, tree);
	text = bundle_write(c->secret_arena, bundle, &len, &error);
	if (text == NULL)
		return fail(CLI_FINDINGS, NULL, "%s", error);
	if (len > BUNDLE_MAX_BYTES)
		return fail(CLI_FINDINGS, NULL,
		            "the node's files are too large together: %zu bytes", len);
	up->bundle_id = arena_strdup(up->arena, bundle->id);
	*ret = (struct machine_input){ .data = text, .len = len };
	return CLI_OK;
}

/* What it says of itself; NULL when it says nothing. The caller drops it. */
static json_t *status_of(const struct up *up, struct process_result *result, int *ret_error)
{
	struct strings words = { 0 };

	machine_root(&up->machine, &words);
	machine_words(&up->machine, &words, up->machine.agent, "status", "--json", NULL);
	*ret_error = machine_run(&up->machine, &words, NULL, STATUS_MS, result);
	/* Its exit status is 1 while the node is not ready. */
	return *ret_error < 0 ? NULL : json_loadb(result->out, result->out_len, 0, NULL);
}

/* Whether this very change is being made already: one that was interrupted here, for instance. */
static bool is_under_way(const struct up *up)
{
	struct process_result result;
	int error;
	json_t *root = status_of(up, &result, &error);
	const json_t *apply = json_object_get(root, "apply");
	const char *id = json_string_value(json_object_get(apply, "id"));
	bool under_way = str_equal(id, up->bundle_id) &&
	                 follow_is_under_way(json_string_value(json_object_get(apply, "state")));

	json_decref(root);
	return under_way;
}

/* --- the difference --- */

static int receive(struct up *up, const struct machine_input *bundle)
{
	const char *error = NULL, *hint = NULL;
	struct process_result result;
	int code = up_call(up, "compare", bundle, RECEIVE_MS, &result, "receive", NULL);

	if (code == CLI_OK &&
	    difference_read(up->arena, result.out, result.out_len, &up->change, &error, &hint) < 0)
		code = fail(CLI_ENVIRONMENT, hint, "%s", error);
	return code;
}

static int confirm_change(const struct up *up)
{
	const char *question = "Apply this?";

	(void)fputs(difference_text(up->arena, &up->change, up->color), stderr);
	if (up->options.yes)
		return CLI_OK;
	if (!terminal_can_ask())
		return fail(CLI_FINDINGS,
		            "--yes applies it without asking, --dry-run only shows it",
		            "nobody can be asked, so nothing was changed");
	if (up->change.first)
		question = arena_printf(up->arena, "Make %s the node of %s?", up->machine.label,
		                        up->machine.domain);
	return terminal_confirm(question, true) ? CLI_OK
	                                        : fail(CLI_FINDINGS, NULL, "nothing was changed");
}

/* --- making it so --- */

/* Who does it, for whoever meets a change under way: a name and a host, nothing that could surprise
 * a terminal. */
static const char *who(struct arena *arena)
{
	const struct passwd *account = getpwuid(geteuid());
	const char *user = account != NULL ? account->pw_name : "somebody";
	char host[64] = "", *text;

	(void)gethostname(host, sizeof(host) - 1);
	text = arena_printf(arena, "%.32s@%s", user, host);
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || (unsigned char)*c >= 0x80)
			*c = '_';
	return text;
}

static int apply(struct up *up)
{
	struct process_result result;
	int code = up_call(up, "begin the change", NULL, APPLY_MS, &result, "apply", up->change.id,
	                   "--base", up->change.base, "--from", who(up->arena), NULL);

	if (code != CLI_OK)
		return code;
	return up_follow(up, up->change.id, difference_summary(up->arena, &up->change));
}

/* Nothing to change is all there is to say of a node that is ready; another one is started, if it
 * was stopped, and followed. */
static int already_there(struct up *up)
{
	struct machine *m = &up->machine;
	struct process_result result;
	bool ready, rests;
	json_t *root;
	int r;

	root = status_of(up, &result, &r);
	if (r < 0 || result.exit_code == SSH_FAILED || result.timed_out) {
		json_decref(root);
		return machine_unreachable(m, r, &result);
	}
	ready = str_equal(json_string_value(json_object_get(root, "state")), "ready");
	rests = json_is_true(json_object_get(root, "maintenance"));
	json_decref(root);
	if (ready) {
		(void)printf("nothing to change: %s is ready at https://%s/\n", m->handle, m->web);
		return flush_output(stdout);
	}
	if (rests)
		return fail(CLI_FINDINGS, "'stead maintenance off' starts the application again",
		            "nothing to change, but maintenance is on");
	(void)fprintf(stderr, "nothing to change, but the node is not ready\n");
	r = up_call(up, NULL, NULL, STATUS_MS, &result, "start", NULL);
	return r != CLI_OK ? r : up_follow(up, NULL, NULL);
}

static int make_it_so(struct up *up)
{
	int code;

	progress_finish(up->progress);
	if (up->options.dry_run)
		return diff_print(up->cli, &up->change);
	code = up->change.same ? CLI_OK : confirm_change(up);
	if (code == CLI_OK)
		code = machine_keep(&up->machine);
	if (code != CLI_OK)
		return code;
	return up->change.same ? already_there(up) : apply(up);
}

/* What says something of a VM alone would be passed over in silence. */
static int check_options(const struct up *up)
{
	if (up->options.image != NULL || up->options.live || up->options.self_contained)
		return fail(CLI_USAGE, "they are for a virtual machine: --on vm",
		            "a machine that ssh reaches knows neither --image nor --live nor "
		            "--self-contained");
	return CLI_OK;
}

int up_change(struct up *up)
{
	struct machine_input bundle;
	int code = up_first_contact(up);

	if (code == CLI_OK)
		code = up_agent(up);
	if (code == CLI_OK)
		code = up_inspect(up);
	if (code == CLI_OK)
		code = make_bundle(up, &bundle);
	if (code == CLI_OK)
		code = machine_describe(&up->machine, &up->compile);
	if (code == CLI_OK && !up->options.dry_run && is_under_way(up)) {
		progress_finish(up->progress);
		(void)fprintf(stderr, "this change is under way already\n");
		code = machine_keep(&up->machine);
		return code != CLI_OK ? code : up_follow(up, up->bundle_id, "the change is made");
	}
	if (code == CLI_OK)
		code = receive(up, &bundle);
	progress_finish(up->progress);
	return code != CLI_OK ? code : make_it_so(up);
}

int up_host(struct up *up)
{
	int code = check_options(up);

	if (code == CLI_OK)
		code = compile_report(&up->compile, up->cli, stderr);
	if (code == CLI_OK)
		code = compile_agent(up->compile.arena, &up->agent);
	if (code == CLI_OK)
		code = up_connect(up);
	if (code == CLI_OK)
		code = up_change(up);
	machine_drop(&up->machine);
	return code;
}
