#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cmd/apps.h"
#include "cmd/compile.h"
#include "plan/json.h"
#include "schema/json.h"

static const char *const draft = "http://json-schema.org/draft-07/schema#";

/* The rows of an application's own section; `env` is there for every application. */
static const struct schema_row *section_rows(struct arena *arena, const struct app *app)
{
	const struct app_setting *settings = app->settings.items;
	struct schema_row *rows = arena_array(arena, app->settings.count + 2, sizeof(*rows));
	bool env = false;

	for (size_t i = 0; i < app->settings.count; i++) {
		rows[i] = app_setting_row(arena, &settings[i]);
		env |= strcmp(rows[i].key, "env") == 0;
	}
	if (!env)
		rows[app->settings.count] = (struct schema_row){
			.key = "env",
			.type = SCHEMA_PAIRS,
			.item = SCHEMA_TEXT,
			.doc = "more environment variables for the application's processes",
		};
	return rows;
}

/* A section is there for the application of the file only. */
static json_t *only_for(const char *app)
{
	return json_pack("{s:{s:{s:{s:s}}},s:{},s:{s:{s:b}}}", "if", "properties", "app", "const",
	                 app, "then", "else", "properties", app, 0);
}

static bool add_sections(struct arena *arena, const char *apps_dir, json_t *schema,
                         struct findings *findings)
{
	json_t *sections = json_object_get(schema, "properties");
	json_t *conditions = json_array();
	struct strings names;

	app_names(arena, apps_dir, &names);
	for (size_t i = 0; i < names.count; i++) {
		struct app *app = arena_alloc(arena, sizeof(*app));
		json_t *section;

		if (!app_load(arena, apps_dir, names.items[i], (struct span){ 0 }, app, findings))
			continue;
		section = schema_json(section_rows(arena, app));
		if (app->title.v != NULL)
			json_object_set_new(section, "description",
			                    json_sprintf("the settings of %s", app->title.v));
		json_object_set_new(sections, names.items[i], section);
		json_array_append_new(conditions, only_for(names.items[i]));
	}
	json_object_set_new(schema, "allOf", conditions);
	return findings->errors == 0;
}

static int print(struct arena *arena, const char *title, json_t *rows)
{
	cleanup_json json_t *schema = json_pack("{s:s,s:s}", "$schema", draft, "title", title);

	if (schema == NULL || json_object_update(schema, rows) < 0)
		return fail(CLI_ENVIRONMENT, NULL, "there is no memory");
	(void)puts(json_text(arena, schema, JSON_INDENT(2)));
	return flush_output(stdout);
}

int cmd_schema(struct cli *cli)
{
	bool app = cli->args.count > 0 && strcmp(cli->args.items[0], "app") == 0;
	cleanup_json json_t *schema = schema_json(app ? app_rows : settings_rows);
	struct findings findings;

	findings_init(&findings, cli->arena);
	if (app)
		return print(cli->arena, "app.yaml: the definition of an application", schema);
	if (add_sections(cli->arena, cli_text(cli, "apps"), schema, &findings))
		return print(cli->arena, "stead.yaml: the settings of a node", schema);
	return report_findings(&findings, cli, stderr);
}
