/*
 * `stead explain`: what comes from where, and why.
 */
#include "cmd/explain.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "plan/json.h"

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
static struct output *find_file(const struct output_set *tree, const char *path)
{
	struct output *found = output_find(tree, path);

	for (size_t i = 0; found == NULL && path[0] != '/' && i < tree->files.count; i++)
		if (strcmp(base_name(tree->files.items[i]->path), base_name(path)) == 0)
			found = tree->files.items[i];
	return found;
}

static int not_found(struct explain *e, const char *arg)
{
	const char *near;

	for (size_t i = 0; i < e->tree->files.count; i++)
		*list_add(e->arena, &e->names) = e->tree->files.items[i]->path;
	near = str_nearest(arg, e->names.items, e->names.count);
	return fail(CLI_USAGE,
	            near != NULL ? arena_printf(e->arena, "did you mean '%s'?", near)
	                         : "'stead render --tree DIR' lists the files",
	            "the node has no file, unit, port, setting, image, secret, network or volume "
	            "'%s'",
	            arg);
}

/* --- as JSON --- */

static json_t *origin_json(struct arena *arena, struct origin origin)
{
	const struct span *span = &origin.span;
	json_t *root;

	if (span->source == NULL && span->key == NULL && origin.rule == NULL)
		return json_null();
	root = json_pack("{s:s,s:s?,s:s?,s:s?,s:s?}", "text", output_origin_text(arena, origin),
	                 "file", span->source != NULL ? span->source->name : NULL, "key", span->key,
	                 "rule", origin.rule, "why", node_rule_text(origin.rule));
	json_object_set_new(root, "line",
	                    span->line > 0 ? json_integer((json_int_t)span->line) : json_null());
	return root;
}

static json_t *lines_json(struct arena *arena, const struct output *file, size_t line)
{
	json_t *array = json_array();

	for (size_t i = 0; i < file->lines.count; i++)
		if (line == 0 || line == i + 1)
			json_array_append_new(
				array,
				json_pack("{s:I,s:s,s:o}", "line", (json_int_t)i + 1, "text",
			                  output_line_shown(arena, file, &file->lines.items[i]),
			                  "origin",
			                  origin_json(arena, file->lines.items[i].origin)));
	return array;
}

static json_t *answer_json(struct arena *arena, const struct explain_answer *answer)
{
	json_t *facts = json_array();

	for (size_t i = 0; i < answer->facts.count; i++) {
		const struct explain_fact *fact = &answer->facts.items[i];

		json_array_append_new(facts, json_pack("{s:s,s:s,s:o}", "label", fact->label,
		                                       "value", fact->value, "origin",
		                                       origin_json(arena, fact->origin)));
	}
	return json_pack("{s:s,s:s,s:s?,s:o}", "kind", answer->kind, "name", answer->name, "doc",
	                 answer->doc, "facts", facts);
}

static json_t *file_json(struct arena *arena, const struct output *file, size_t line)
{
	return json_pack("{s:s,s:s,s:o,s:o}", "kind", "file", "name", file->path, "origin",
	                 origin_json(arena, file->origin), "lines", lines_json(arena, file, line));
}

/* --- for people --- */

static void print_answer(struct arena *arena, const struct explain_answer *answer)
{
	(void)printf("%s %s%s%s\n", answer->kind, answer->name, answer->doc != NULL ? ": " : "",
	             answer->doc != NULL ? answer->doc : "");
	for (size_t i = 0; i < answer->facts.count; i++) {
		const struct explain_fact *fact = &answer->facts.items[i];
		const char *origin = output_origin_text(arena, fact->origin);
		const char *why = node_rule_text(fact->origin.rule);

		(void)printf("  %s: %s", fact->label, fact->value);
		if (strcmp(origin, "unknown") != 0)
			(void)printf("  ← %s%s%s", origin, why != NULL ? ": " : "",
			             why != NULL ? why : "");
		(void)printf("\n");
	}
}

/* One argument. What it means goes to stdout, or to ARRAY when there is one. */
static int explain_one(struct explain *e, const char *arg, json_t *array)
{
	struct output *file;
	const char *path;
	size_t line;

	e->answers.count = e->names.count = 0;
	explain_subjects(e, arg);
	path = split_line(e->arena, arg, &line);
	file = find_file(e->tree, path);
	if (file == NULL && e->answers.count == 0)
		return not_found(e, path);
	if (file != NULL && line > file->lines.count)
		return fail(CLI_USAGE, NULL, "'%s' has %zu lines", file->path, file->lines.count);
	if (file != NULL && array != NULL)
		json_array_append_new(array, file_json(e->arena, file, line));
	else if (file != NULL)
		output_explain(file, line, stdout, node_rule_text);
	for (size_t i = 0; i < e->answers.count; i++) {
		if (array != NULL)
			json_array_append_new(array, answer_json(e->arena, &e->answers.items[i]));
		else
			print_answer(e->arena, &e->answers.items[i]);
	}
	return CLI_OK;
}

static int explain(struct compile *c, struct cli *cli)
{
	struct explain e = { .compile = c, .arena = c->arena, .node = c->node };
	bool json = strcmp(cli_text(cli, "format"), "json") == 0;
	cleanup_json json_t *root = json_pack("{s:i,s:[]}", "v", 1, "answers");
	int code = CLI_OK, flushed;

	e.tree = compile_tree(c, NULL);
	if (e.tree == NULL)
		return CLI_FINDINGS;
	e.plan = host_plan(c->arena, c->node, e.tree);
	for (size_t i = 0; code == CLI_OK && i < cli->args.count; i++)
		code = explain_one(&e, cli->args.items[i],
		                   json ? json_object_get(root, "answers") : NULL);
	if (json && code == CLI_OK)
		(void)printf("%s\n", json_text(c->arena, root, JSON_INDENT(1)));
	flushed = flush_output(stdout);
	return code != CLI_OK ? code : flushed;
}

int cmd_explain(struct cli *cli)
{
	struct compile compile;
	int code = CLI_OK, report;

	compile_init(&compile, cli);
	if (compile_files(&compile))
		code = explain(&compile, cli);
	report = compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return report != CLI_OK ? report : code;
}
