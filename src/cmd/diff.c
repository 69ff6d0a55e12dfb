/*
 * `stead diff`: two settings with each other, or the settings with their node.
 */
#include "cmd/diff.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cmd/commands.h"
#include "cmd/up.h"
#include "plan/json.h"
#include "remote/bundle.h"

int diff_print(struct cli *cli, const struct difference *difference)
{
	int code;

	if (str_equal(cli_text(cli, "format"), "json")) {
		cleanup_json json_t *root = difference_json(difference);

		(void)printf("%s\n", json_text(cli->arena, root, JSON_INDENT(1)));
	} else if (difference->same) {
		(void)fputs("nothing to change\n", stdout);
	} else {
		(void)fputs(difference_text(cli->arena, difference,
		                            terminal_color(stdout, cli_text(cli, "color"))),
		            stdout);
	}
	code = flush_output(stdout);
	return code != CLI_OK ? code : difference->same ? CLI_OK : EXIT_DIFFERS;
}

/* --- two settings --- */

struct side {
	struct compile compile;
	struct bundle *bundle; /* as the agent would get it; its plan is read from it */
};

static bool has_file(struct arena *arena, const char *dir, const char *name)
{
	return access(compile_path(arena, dir, name), F_OK) == 0;
}

/* ARG is a settings folder or a settings file. Lock and secrets of a file lie beside it; where none
 * do, as beside an older version of a file, those of --dir are meant. */
static void side_init(struct side *side, struct cli *cli, const char *arg)
{
	struct compile *c = &side->compile;
	const char *slash = strrchr(arg, '/');
	const char *beside = slash == NULL  ? "."
	                     : slash == arg ? "/"
	                                    : arena_strndup(cli->arena, arg, (size_t)(slash - arg));
	struct stat st;

	*side = (struct side){ 0 };
	compile_init(c, cli);
	if (stat(arg, &st) == 0 && S_ISDIR(st.st_mode)) {
		c->dir = arg;
		return;
	}
	c->settings_path = arg;
	if (has_file(cli->arena, beside, SECRETS_FILE) || has_file(cli->arena, beside, LOCK_FILE))
		c->dir = beside;
}

/* The same texts that `up` would send, read as the agent reads them. */
static int make_bundle(struct side *side)
{
	struct compile *c = &side->compile;
	const char *error = NULL;
	struct output_set *tree;
	size_t len = 0;
	char *text;

	if (c->node == NULL || (tree = compile_tree(c, NULL)) == NULL)
		return CLI_FINDINGS;
	text = bundle_write(c->secret_arena, remote_bundle(c->secret_arena, tree), &len, &error);
	if (text != NULL)
		side->bundle = bundle_read(c->secret_arena, text, len, &error);
	return side->bundle != NULL ? CLI_OK : fail(CLI_FINDINGS, NULL, "%s", error);
}

/* Of the old side, which is past, only what keeps it from being read is said. */
static int compile_side(struct side *side, struct cli *cli, bool old)
{
	int code, report = CLI_OK;

	(void)compile_files(&side->compile);
	code = make_bundle(side);
	if (!old || side->compile.findings.errors > 0)
		report = compile_report(&side->compile, cli, stderr);
	return report != CLI_OK ? report : code;
}

/* What the agent refuses too (agent/run.c): a node never becomes another one. */
static int check_same_node(const struct plan *old, const struct plan *new)
{
	if (!str_equal(old->domain, new->domain))
		return fail(CLI_FINDINGS, "the domain of a node can never change",
		            "one is the node of '%s', the other of '%s'", old->domain, new->domain);
	if (!str_equal(old->lineage, new->lineage))
		return fail(CLI_FINDINGS, "stead.lock says which node it is",
		            "they are two nodes of '%s': another lineage", old->domain);
	return CLI_OK;
}

static int compare(struct cli *cli, struct side *old, struct side *new)
{
	struct difference difference;
	int code = compile_side(old, cli, true);
	int second = compile_side(new, cli, false);

	if (code == CLI_OK)
		code = second;
	if (code == CLI_OK)
		code = check_same_node(old->bundle->plan, new->bundle->plan);
	if (code != CLI_OK)
		return code;
	difference_between(cli->arena, old->bundle, new->bundle, &difference);
	return diff_print(cli, &difference);
}

int cmd_diff(struct cli *cli)
{
	const char *dir = cli_text(cli, "dir");
	struct side old, new;
	int code;

	if (cli->args.count == 0)
		return up_diff(cli);
	if (cli_text(cli, "on") != NULL || cli_text(cli, "host-key") != NULL ||
	    cli_flag(cli, "live"))
		return fail(CLI_USAGE, NULL,
		            "two settings are compared here: --on, --host-key and --live are for "
		            "comparing with a machine");
	side_init(&old, cli, cli->args.items[0]);
	side_init(&new, cli, cli->args.count > 1 ? cli->args.items[1] : dir);
	code = compare(cli, &old, &new);
	compile_done(&old.compile);
	compile_done(&new.compile);
	return code;
}
