#include "cmd/commands.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/process.h"
#include "cmd/compile.h"
#include "graph/graph.h"

enum { LAYOUT_DEADLINE_MS = 60 * 1000, LAYOUT_MAX_BYTES = 64 * 1024 * 1024 };

/* graphviz's own `dot` lays it out. */
static int put_svg(struct compile *c, const char *dot, size_t len)
{
	const char *argv[] = { "dot", "-Tsvg", NULL };
	struct process_run run = {
		.argv = argv,
		.stdin_data = dot,
		.stdin_len = len,
		.deadline_ms = LAYOUT_DEADLINE_MS,
		.max_output_bytes = LAYOUT_MAX_BYTES,
	};
	struct process_result result;
	int r = process_run(c->arena, &run, &result);

	if (r == -ENOENT)
		return fail(CLI_ENVIRONMENT, "install graphviz, or use --format=dot",
		            "cannot find the program 'dot'");
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot run 'dot': %s", strerror(-r));
	if (result.timed_out)
		return fail(CLI_ENVIRONMENT, NULL, "'dot' did not end within %d seconds",
		            LAYOUT_DEADLINE_MS / 1000);
	if (result.exit_code != 0)
		return fail(CLI_ENVIRONMENT, NULL, "'dot' ended with %d: %s", result.exit_code,
		            result.err);
	(void)fwrite(result.out, 1, result.out_len, stdout);
	return flush_output(stdout);
}

static int graph(struct compile *c, const char *format)
{
	bool text = strcmp(format, "text") == 0;
	const struct output *out = text ? graph_text(c->node) : graph_dot(c->node);
	size_t len;
	const char *data = output_join(out, &len);

	if (strcmp(format, "svg") == 0)
		return put_svg(c, data, len);
	(void)fwrite(data, 1, len, stdout);
	return flush_output(stdout);
}

int cmd_graph(struct cli *cli)
{
	struct compile compile;
	int code = CLI_OK, report;

	compile_init(&compile, cli);
	if (compile_files(&compile))
		code = graph(&compile, cli_text(cli, "format"));
	report = compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return report != CLI_OK ? report : code;
}
