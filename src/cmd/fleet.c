#include "cmd/fleet.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli/terminal.h"

enum { NODES_MAX = 100000 };

const struct cli_option fleet_options[] = {
	{ .name = "all",
	  .type = CLI_TEXT,
	  .value = "DIR",
	  .doc = "all nodes of a fleet: DIR holds a folder like that of --dir for each",
	  .complete = CLI_COMPLETE_DIR },
	{ .name = NULL },
};

/* What only one node may have. */
struct fleet_claim {
	const char *code, *what, *value, *path;
};

const char *fleet_dir(struct cli *cli, int *ret_code)
{
	const char *all = cli_text(cli, "all");
	struct strings dirs = { 0 };

	cli_list(cli, "dir", &dirs);
	*ret_code = all == NULL || dirs.count == 0
	                    ? CLI_OK
	                    : fail(CLI_USAGE, NULL, "either '--all' or '--dir'");
	return all;
}

/* --- which nodes there are --- */

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

static bool is_same(const char *path, const struct stat *st)
{
	struct stat other;

	return path != NULL && stat(path, &other) == 0 && other.st_dev == st->st_dev &&
	       other.st_ino == st->st_ino;
}

/* A folder with any of a node's files is meant to be one: what is missing is said then. */
static bool is_node(struct arena *arena, const char *dir)
{
	static const char *const files[] = { SETTINGS_FILE, LOCK_FILE, SECRETS_FILE };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (is_there(compile_path(arena, dir, files[i])))
			return true;
	return false;
}

static struct span folder(struct arena *arena, const char *path)
{
	struct source *source = arena_alloc(arena, sizeof(*source));

	*source = (struct source){ .name = path };
	return (struct span){ .source = source };
}

/* Names are printed, and become those of files. */
static bool is_printable(const char *name)
{
	size_t bad;

	for (const char *s = name; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return utf8_valid(name, strlen(name), &bad);
}

/* Files, hidden folders and those that other options name are nobody's nodes. */
static void take_entry(const struct fleet *fleet, struct cli *cli, const char *name,
                       struct strings *ret, struct findings *findings)
{
	const char *path = compile_path(cli->arena, fleet->dir, name);
	struct stat st;

	if (name[0] == '.')
		return;
	if (stat(path, &st) < 0) {
		diag_error(findings, "fleet.unreadable", folder(cli->arena, path), NULL,
		           "cannot look at it: %s", strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode) || is_same(fleet->output_dir, &st) ||
	    is_same(cli_text(cli, "apps"), &st))
		return;
	if (is_node(cli->arena, path) && !is_printable(name))
		diag_error(findings, "fleet.name", folder(cli->arena, path), NULL,
		           "the folder's name has characters that cannot be printed");
	else if (is_node(cli->arena, path))
		*list_add(cli->arena, ret) = name;
	else
		diag_note(findings, "fleet.no-node", folder(cli->arena, path), NULL,
		          "the folder has no " SETTINGS_FILE " and is left out");
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* whatever the locale says */
}

static int find_nodes(const struct fleet *fleet, struct cli *cli, struct strings *ret,
                      struct findings *findings)
{
	struct dirent **entries = NULL;
	int count = scandir(fleet->dir, &entries, NULL, compare_names);

	if (count < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read the folder '%s': %s", fleet->dir,
		            strerror(errno));
	for (int i = 0; i < count; i++) {
		if (ret->count < NODES_MAX)
			take_entry(fleet, cli, arena_strdup(cli->arena, entries[i]->d_name), ret,
			           findings);
		free(entries[i]);
	}
	free(entries);
	if (ret->count == NODES_MAX)
		return fail(CLI_ENVIRONMENT, NULL, "more than %d nodes in '%s'", NODES_MAX - 1,
		            fleet->dir);
	if (ret->count == 0)
		diag_error(findings, "fleet.empty", folder(cli->arena, fleet->dir),
		           is_node(cli->arena, fleet->dir)
		                   ? "it is the folder of one node: --dir"
		                   : "it is to hold a folder with a " SETTINGS_FILE
		                     " for each node",
		           "there is no node in the folder");
	return CLI_OK;
}

/* --- between two nodes --- */

static void claim(struct fleet *fleet, struct compile *compile, const char *path,
                  const struct fleet_claim *new, struct span at)
{
	const struct fleet_claim *old = NULL;

	if (new->value == NULL)
		return;
	for (size_t i = 0; i < fleet->claims.count && old == NULL; i++)
		if (str_equal(fleet->claims.items[i].code, new->code) &&
		    str_equal(fleet->claims.items[i].value, new->value))
			old = &fleet->claims.items[i];
	if (old != NULL)
		diag_error(&compile->findings, new->code, at, NULL, "%s '%s' is also that of %s",
		           new->what, new->value, old->path);
	else
		*list_add(fleet->arena, &fleet->claims) = (struct fleet_claim){
			.code = new->code,
			.what = new->what,
			.value = arena_strdup(fleet->arena, new->value),
			.path = arena_strdup(fleet->arena, path),
		};
}

/* The node as it was built, also one with errors: a domain is compared as it is in the DNS. */
static void compare(struct fleet *fleet, struct compile *compile)
{
	const char *path = compile_path(compile->arena, compile->dir, SETTINGS_FILE);
	const struct node *node = compile->built;
	size_t errors = compile->findings.errors;

	if (node == NULL)
		return;
	claim(fleet, compile, path,
	      &(struct fleet_claim){ "fleet.domain", "the domain", node->domain.v, NULL },
	      node->domain.origin.span);
	/* Of one domain the site is one too: that is said already. */
	if (compile->findings.errors == errors)
		claim(fleet, compile, path,
		      &(struct fleet_claim){ "fleet.web", "the site", node->web.v, NULL },
		      node->web.origin.span);
	for (size_t i = 0; i < node->routes.count; i++)
		if (node->routes.items[i].bucket != NULL)
			claim(fleet, compile, path,
			      &(struct fleet_claim){ "fleet.web", "the host of files",
			                             node->routes.items[i].host, NULL },
			      node->routes.items[i].origin.span);
	claim(fleet, compile, path,
	      &(struct fleet_claim){ "fleet.host", "the machine", node->machine.host, NULL },
	      compile->settings.machine.host.at);
}

bool fleet_compile(struct fleet *fleet, struct compile *compile)
{
	(void)compile_files(compile);
	compare(fleet, compile);
	return compile->findings.errors == 0;
}

/* --- one after the other --- */

struct run {
	struct fleet *fleet;
	struct cli *cli;
	bool json;
	struct {
		LIST_OF(struct findings_count);
	} counts;
	size_t nodes, with_errors, findings;
	int code;
};

static void report(struct run *run, struct findings *findings, const char *node)
{
	FILE *out = run->fleet->findings_out;

	*list_add(run->fleet->arena, &run->counts) = (struct findings_count){
		.name = node,
		.errors = findings->errors,
		.warnings = findings->warnings,
		.notes = findings->notes,
	};
	if (run->json)
		findings_json_add(findings, node, run->findings == 0, out);
	else
		findings_print(findings, out, terminal_color(out, cli_text(run->cli, "color")));
	run->findings += findings->count;
	if (findings->errors > 0 && run->code == CLI_OK)
		run->code = CLI_FINDINGS;
}

/* What has no place of its own is the node's all the same. */
static void give_place(struct compile *compile)
{
	for (size_t i = 0; i < compile->findings.count; i++)
		if (compile->findings.items[i].span.source == NULL)
			compile->findings.items[i].span = folder(compile->arena, compile->dir);
}

/* All that a node needs goes with its arenas. */
static void run_node(struct run *run, const char *name)
{
	cleanup_arena struct arena *arena = arena_new();
	struct cli cli = *run->cli;
	struct compile compile;
	const char *line = NULL;
	int code;

	cli.arena = arena;
	compile_init(&compile, &cli);
	compile.dir = compile_path(arena, run->fleet->dir, name);
	code = run->fleet->work(run->fleet, &cli, &compile, name, &line);
	give_place(&compile);
	report(run, &compile.findings, name);
	if (!run->json)
		(void)printf("%s: %s\n", name,
		             line != NULL
		                     ? line
		                     : compile_summary(arena,
		                                       &run->counts.items[run->counts.count - 1]));
	run->nodes++;
	if (compile.findings.errors > 0 || code != CLI_OK)
		run->with_errors++;
	if (code > run->code)
		run->code = code;
	compile_done(&compile);
}

/* "3 nodes, 1 with errors: 2 errors, 1 note". */
static void print_sum(const struct run *run)
{
	struct findings_count all = { 0 };

	for (size_t i = 0; i < run->counts.count; i++) {
		all.errors += run->counts.items[i].errors;
		all.warnings += run->counts.items[i].warnings;
		all.notes += run->counts.items[i].notes;
	}
	(void)printf("%zu node%s", run->nodes, run->nodes == 1 ? "" : "s");
	if (run->with_errors > 0)
		(void)printf(", %zu with errors", run->with_errors);
	(void)printf(": %s\n", compile_summary(run->cli->arena, &all));
}

int fleet_run(struct fleet *fleet, struct cli *cli)
{
	struct run run = { .fleet = fleet, .cli = cli };
	struct strings names = { 0 };
	struct findings findings;
	int code;

	fleet->arena = cli->arena;
	run.json = str_equal(cli_text(cli, "format"), "json");
	findings_init(&findings, cli->arena);
	code = find_nodes(fleet, cli, &names, &findings);
	if (code != CLI_OK)
		return code;
	if (run.json)
		findings_json_begin(fleet->findings_out);
	report(&run, &findings, NULL);
	for (size_t i = 0; i < names.count && !ferror(stdout) && !ferror(fleet->findings_out); i++)
		run_node(&run, names.items[i]);
	if (run.json)
		findings_json_end(run.counts.items, run.counts.count, fleet->findings_out);
	else
		print_sum(&run);
	code = flush_output(fleet->findings_out);
	if (code == CLI_OK)
		code = flush_output(stdout);
	return code != CLI_OK ? code : run.code;
}
