/* `stead lock`: which images exactly. */
#include "cmd/commands.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/locking.h"

enum { SECOND_MS = 1000 };

/* Every argument must name a process or an image of the node. */
static int check_names(struct compile *c, const struct strings *names)
{
	const struct node *node = c->built;
	size_t all = node->processes.count + node->tools.count, count = 0;
	const char **known = arena_array(c->arena, all * 2, sizeof(*known));
	const struct node_process *process;

	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		known[count++] = process->name;
		if (process->image_name != NULL)
			known[count++] = process->image_name;
	}
	for (size_t i = 0; i < names->count; i++) {
		const char *meant, *hint = "without a name it is all of them";
		bool found = false;

		for (size_t k = 0; k < count; k++)
			found |= str_equal(known[k], names->items[i]);
		if (found)
			continue;
		meant = str_nearest(names->items[i], known, count);
		if (meant != NULL)
			hint = arena_printf(c->arena, "did you mean '%s'?", meant);
		return fail(CLI_USAGE, hint, "no process and no image of this node is named '%s'",
		            names->items[i]);
	}
	return CLI_OK;
}

static int say_check(const struct locking *l)
{
	if (l->changed == 0) {
		(void)printf("%s\n", l->newer.count > 0
		                             ? "nothing that 'stead lock --update' would take"
		                             : "nothing is newer than in " LOCK_FILE);
		return flush_output(stdout);
	}
	(void)printf("%s\n", l->missing == l->changed ? "'stead lock' locks it"
	                                              : "'stead lock --update' takes it");
	return flush_output(stdout) == CLI_OK ? CLI_FINDINGS : CLI_ENVIRONMENT;
}

static int write_changes(const struct locking *l, const char *before)
{
	int code;

	/* A lock of before may have the digests, and not yet the machines. */
	if (strcmp(before, lock_write(l->compile->arena, &l->lock)) == 0) {
		(void)printf("nothing to change in " LOCK_FILE "\n");
		return flush_output(stdout);
	}
	code = locking_write(l);
	return code != CLI_OK ? code : flush_output(stdout);
}

static bool is_reported(const struct findings *findings, const char *code)
{
	for (size_t i = 0; i < findings->count; i++)
		if (str_equal(findings->items[i].code, code))
			return true;
	return false;
}

/* Only what is wrong with images themselves is in the way. Without the mirror that was meant,
 * others would be asked. */
static bool has_images(const struct compile *c)
{
	const struct node_process *process;

	if (c->built == NULL || !c->has_lock || is_reported(&c->findings, "image.mirror"))
		return false;
	for (size_t i = 0; (process = node_container(c->built, i)) != NULL; i++)
		if (process->image_name == NULL)
			return false;
	return true;
}

static int lock_images(struct compile *c, struct cli *cli)
{
	bool check = cli_flag(cli, "check");
	struct locking l = {
		.compile = c,
		.only = &cli->args,
		.again = check || cli_flag(cli, "update"),
		.must = true,
		.show = true,
		.deadline_ms = (unsigned)cli_count(cli, "deadline") * SECOND_MS,
	};
	const char *before = lock_write(c->arena, &c->lock);
	int code = check_names(c, &cli->args);
	bool good;

	if (code != CLI_OK)
		return code;
	findings_init(&c->findings, c->arena); /* those are for 'stead check' */
	good = !l.again || locking_update(&l);
	if (good && has_images(c)) {
		findings_init(&c->findings, c->arena);
		good = locking_ask(&l);
	}
	code = compile_report(c, cli, stderr);
	if (!good || code != CLI_OK)
		return fail(code, NULL,
		            check ? "not everything could be compared" : "nothing was written");
	for (size_t i = 0; i < l.newer.count; i++)
		(void)printf("%s\n", l.newer.items[i]);
	return check ? say_check(&l) : write_changes(&l, before);
}

int cmd_lock(struct cli *cli)
{
	struct compile compile;
	int code;

	compile_init(&compile, cli);
	/* What is wrong with the node otherwise does not matter for its images. */
	(void)compile_files(&compile);
	code = has_images(&compile) ? lock_images(&compile, cli)
	                            : compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return code;
}
