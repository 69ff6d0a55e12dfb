/*
 * The judge of the golden cases: reads one stead.yaml or app.yaml and prints what is wrong with it,
 * as `stead check` would, without building a node.
 *
 *     golden-report settings|app FILE [--json]
 *
 * Ends with 1 when there are errors, 0 otherwise.
 */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "base/arena.h"
#include "settings/settings.h"

/* Findings point into the source, so it must outlive the printing. */
static int report(struct arena *arena, const char *what, const char *path, bool json)
{
	struct settings *settings = arena_alloc(arena, sizeof(*settings));
	struct source *source = arena_alloc(arena, sizeof(*source));
	struct app *app = arena_alloc(arena, sizeof(*app));
	struct findings findings;
	const struct yaml_node *root = NULL;

	findings_init(&findings, arena);
	if (yaml_read_source(arena, path, false, source, &findings))
		root = yaml_parse(arena, source, &findings);
	if (root != NULL && strcmp(what, "settings") == 0)
		(void)settings_decode(arena, root, source, settings, &findings);
	else if (root != NULL)
		(void)app_decode(arena, root, source, app, &findings);
	if (json)
		findings_print_json(&findings, stdout);
	else
		findings_print(&findings, stdout, false);
	return findings.errors > 0;
}

int main(int argc, char **argv)
{
	cleanup_arena struct arena *arena = arena_new();
	bool json = argc == 4 && strcmp(argv[3], "--json") == 0;

	if ((argc != 3 && !json) ||
	    (strcmp(argv[1], "settings") != 0 && strcmp(argv[1], "app") != 0)) {
		fprintf(stderr, "usage: golden-report settings|app FILE [--json]\n");
		return 2;
	}
	return report(arena, argv[1], argv[2], json);
}
