/* Any bytes as a file of variables, and what the rules of an application make of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static const struct app *mastodon(void)
{
	static struct app app;
	static struct arena *arena;
	struct findings findings;

	if (arena == NULL) {
		arena = arena_new();
		findings_init(&findings, arena);
		require(app_load(arena, NULL, "mastodon", (struct span){ 0 }, &app, &findings));
	}
	return &app;
}

/* Each variable is told once at least, and what is made of it is text. */
static void check_import(struct arena *arena, const struct dotenv *variables)
{
	struct app_imports imports;

	app_import_env(arena, mastodon(), variables, &imports);
	for (size_t i = 0; i < imports.count; i++) {
		const struct app_imported *item = &imports.items[i];

		require(item->variables != NULL && item->at.source != NULL);
		require((item->kind != APP_IMPORT_SETTING && item->kind != APP_IMPORT_SECRET) ||
		        (item->value != NULL && *item->value != '\0'));
		require(item->kind != APP_IMPORT_DROPPED || item->why != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *null;
	cleanup_arena struct arena *arena = arena_new();
	struct source source = {
		.name = ".env", .data = (const char *)data, .len = len, .secret = true
	};
	struct dotenv variables;
	struct findings findings;
	bool ok;

	if (null == NULL)
		null = fopen("/dev/null", "w");
	require(null != NULL);
	findings_init(&findings, arena);
	ok = dotenv_parse(arena, &source, &variables, &findings);
	require(ok == (findings.errors == 0));
	require(variables.count <= DOTENV_MAX_VARIABLES + 1);
	for (size_t i = 0; i < variables.count; i++) {
		const struct dotenv_variable *v = &variables.items[i];

		require(dotenv_get(&variables, v->name) == v);
		require(strlen(v->value) <= DOTENV_MAX_VALUE && v->at.line > 0);
	}
	check_import(arena, &variables);
	findings_print(&findings, null, false);
	return 0;
}
