#include "cmd/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/compile.h"

/* "PATH:12" into its parts; a path may itself hold a colon. */
static const char *split_line(struct arena *arena, const char *arg, size_t *ret_line)
{
	const char *colon = strrchr(arg, ':');
	long line;

	*ret_line = 0;
	if (colon == NULL || !str_to_long(colon + 1, &line) || line < 1)
		return arg;
	*ret_line = (size_t)line;
	return arena_strndup(arena, arg, (size_t)(colon - arg));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* The name alone will do where only one file has it. */
static struct output *find_file(struct output_set *tree, const char *path)
{
	struct output *found = output_find(tree, path);

	for (size_t i = 0; found == NULL && path[0] != '/' && i < tree->files.count; i++)
		if (strcmp(base_name(tree->files.items[i]->path), base_name(path)) == 0)
			found = tree->files.items[i];
	return found;
}

static int not_found(struct compile *c, const struct output_set *tree, const char *path)
{
	const char **paths = arena_array(c->arena, tree->files.count + 1, sizeof(*paths));
	const char *near;

	for (size_t i = 0; i < tree->files.count; i++)
		paths[i] = tree->files.items[i]->path;
	near = str_nearest(path, paths, tree->files.count);
	return fail(CLI_USAGE,
	            near != NULL ? arena_printf(c->arena, "did you mean '%s'?", near)
	                         : "'stead render tree DIR' lists the files",
	            "the node has no file '%s' that stead makes", path);
}

static int explain(struct compile *c, const char *arg)
{
	struct output_set *tree;
	struct output *file;
	const char *path;
	size_t line;

	tree = compile_tree(c, NULL);
	if (tree == NULL)
		return CLI_FINDINGS;
	path = split_line(c->arena, arg, &line);
	file = find_file(tree, path);
	if (file == NULL)
		return not_found(c, tree, path);
	if (line > file->lines.count)
		return fail(CLI_USAGE, NULL, "'%s' has %zu lines", file->path, file->lines.count);
	output_explain(file, line, stdout, node_rule_text);
	return flush_output(stdout);
}

int cmd_explain(struct cli *cli)
{
	struct compile compile;
	int code = CLI_OK, report;

	compile_init(&compile, cli);
	if (compile_files(&compile))
		code = explain(&compile, cli->args.items[0]);
	report = compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return report != CLI_OK ? report : code;
}
