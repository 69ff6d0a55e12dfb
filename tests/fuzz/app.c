/* Any bytes as app.yaml, and as one text with references. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_root(const char *user)
{
	return str_starts(user, "0:") || str_ends(user, ":0") || strchr(user, ':') == NULL;
}

/* What a definition can never say was not let through. */
static void check_accepted(struct arena *arena, const struct app *app)
{
	const struct app_process *processes = app->processes.items;
	const struct app_job *jobs = app->jobs.items;

	require(app->name.v != NULL && app->processes.count > 0);
	for (size_t i = 0; i < app->processes.count; i++) {
		const struct app_mount *mounts = processes[i].volumes.items;

		require(processes[i].user.v != NULL && !is_root(processes[i].user.v));
		for (size_t k = 0; k < processes[i].volumes.count; k++)
			require(mounts[k].path.v[0] == '/' && mounts[k].path.v[1] != '\0' &&
			        !str_starts(mounts[k].path.v, "/proc/"));
		for (size_t k = 0; k < processes[i].capabilities.count; k++)
			require(strcmp(processes[i].capabilities.items[k].v, "SYS_ADMIN") != 0);
	}
	for (size_t i = 0; i < app->jobs.count; i++) {
		const struct app_step *steps = jobs[i].steps.items;

		for (size_t k = 0; k < jobs[i].steps.count; k++) {
			struct app_merge merge;
			struct findings findings;

			require((steps[k].run.count > 0) + (steps[k].merge.node != NULL) +
			                (steps[k].guard.v != NULL) ==
			        1);
			findings_init(&findings, arena);
			if (steps[k].merge.node != NULL)
				require(app_merge_decode(arena, &steps[k], &merge, &findings));
		}
	}
}

static void try_reference(struct arena *arena, const char *data, size_t len)
{
	struct value_text text = { .v = arena_strndup(arena, data, len) };
	struct reference_parts parts;
	struct findings findings;

	findings_init(&findings, arena);
	if (len > 4096 || strlen(text.v) != len ||
	    !reference_split(arena, &text, &parts, &findings))
		return;
	require(findings.errors == 0);
	for (size_t i = 0; i < parts.count; i++) {
		require(parts.items[i].text[0] != '\0');
		for (size_t k = 0; k < parts.items[i].filters.count; k++)
			(void)reference_filter(arena, parts.items[i].filters.items[k], text.v);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *null;
	cleanup_arena struct arena *arena = arena_new();
	struct source source = { .name = "app.yaml", .data = (const char *)data, .len = len };
	struct findings findings;
	const struct yaml_node *root;
	struct app app;

	if (null == NULL)
		null = fopen("/dev/null", "w");
	require(null != NULL);
	try_reference(arena, (const char *)data, len);
	findings_init(&findings, arena);
	root = yaml_parse(arena, &source, &findings);
	if (root != NULL) {
		bool ok = app_decode(arena, root, &source, &app, &findings);

		require(ok == (findings.errors == 0));
		if (ok)
			check_accepted(arena, &app);
	}
	findings_print(&findings, null, false);
	findings_print_json(&findings, null);
	return 0;
}
