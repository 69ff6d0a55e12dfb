#include "cmd/apps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/compile.h"

#define APP_FILE "app.yaml"

enum { FOLDERS_MAX = 10000 };

/* -- list -- */

int cmd_app_list(struct cli *cli)
{
	const char *apps_dir = cli_text(cli, "apps");
	struct findings findings;
	struct strings names;
	int code;

	findings_init(&findings, cli->arena);
	app_names(cli->arena, apps_dir, &names);
	for (size_t i = 0; i < names.count; i++) {
		struct app app = { 0 };

		if (!app_load(cli->arena, apps_dir, names.items[i], (struct span){ 0 }, &app,
		              &findings))
			continue;
		(void)printf("%-16s %-10s %s\n", app.name.v,
		             app.version.v != NULL ? app.version.v : "-",
		             app.summary.v != NULL ? app.summary.v : app.title.v);
	}
	code = flush_output(stdout);
	return code != CLI_OK ? code : report_findings(&findings, cli, stderr);
}

/* -- show -- */

static void show_line(const char *what, const char *value)
{
	if (value != NULL)
		(void)printf("%-10s %s\n", what, value);
}

static void show_settings(struct arena *arena, const struct app *app)
{
	const struct app_setting *settings = app->settings.items;

	if (app->settings.count > 0)
		(void)printf("\nsettings, under '%s:' in stead.yaml:\n", app->name.v);
	for (size_t i = 0; i < app->settings.count; i++) {
		const struct app_setting *s = &settings[i];

		(void)printf("  %-24s %s (%s%s)\n", s->name.v, s->doc.v, s->type.v,
		             s->fallback.v == NULL ? ""
		             : s->fallback.v[0] == '\0'
		                     ? "; default: empty"
		                     : arena_printf(arena, "; default: %s", s->fallback.v));
	}
}

static void show_processes(const struct app *app)
{
	const struct app_process *processes = app->processes.items;
	const struct app_route *routes = app->routes.items;

	(void)printf("\nprocesses:\n");
	for (size_t i = 0; i < app->processes.count; i++) {
		const struct app_process *p = &processes[i];

		(void)printf("  %-24s %s", p->name.v,
		             p->image.v != NULL ? p->image.v
		                                : "no image: name one under 'images:'");
		if (p->port.given)
			(void)printf(", port %ld", p->port.v);
		(void)printf("\n");
	}
	if (app->routes.count > 0)
		(void)printf("\nroutes:\n");
	for (size_t i = 0; i < app->routes.count; i++)
		(void)printf("  %-24s %s\n", routes[i].path.v, routes[i].process.v);
}

static void show_kept(const struct app *app)
{
	const struct app_secret *secrets = app->secrets.items;
	const struct app_volume *volumes = app->volumes.items;

	if (app->secrets.count > 0)
		(void)printf("\nsecrets:\n");
	for (size_t i = 0; i < app->secrets.count; i++)
		(void)printf("  %-24s %s%s%s%s\n", secrets[i].name.v, secrets[i].kind.v,
		             secrets[i].permanent.v ? ", permanent" : "",
		             secrets[i].doc.v != NULL ? ": " : "",
		             secrets[i].doc.v != NULL ? secrets[i].doc.v : "");
	if (app->volumes.count > 0)
		(void)printf("\nvolumes:\n");
	for (size_t i = 0; i < app->volumes.count; i++)
		(void)printf("  %-24s %s\n", volumes[i].name.v, volumes[i].class.v);
}

static void show_runs(const struct app *app)
{
	const struct app_command *commands = app->commands.items;
	const struct app_job *jobs = app->jobs.items;

	if (app->jobs.count > 0)
		(void)printf("\njobs:\n");
	for (size_t i = 0; i < app->jobs.count; i++) {
		const struct app_step *steps = jobs[i].steps.items;

		(void)printf("  %-24s %s:", jobs[i].name.v, jobs[i].phase.v);
		for (size_t s = 0; s < jobs[i].steps.count; s++)
			(void)printf("%s %s", s > 0 ? "," : "", steps[s].id.v);
		(void)printf("\n");
	}
	if (app->commands.count > 0)
		(void)printf("\ncommands, by 'stead app COMMAND':\n");
	for (size_t i = 0; i < app->commands.count; i++)
		(void)printf("  %-24s %s\n", commands[i].name.v,
		             commands[i].doc.v != NULL ? commands[i].doc.v : "");
}

int cmd_app_show(struct cli *cli)
{
	struct app *app = arena_alloc(cli->arena, sizeof(*app));
	struct findings findings;

	findings_init(&findings, cli->arena);
	if (!app_load(cli->arena, cli_text(cli, "apps"), cli->args.items[0], (struct span){ 0 },
	              app, &findings))
		return report_findings(&findings, cli, stderr);
	show_line("name", app->name.v);
	show_line("title", app->title.v);
	show_line("summary", app->summary.v);
	show_line("version", app->version.v);
	show_line("website", app->website.v);
	show_line("file", app->source->name);
	show_settings(cli->arena, app);
	show_processes(app);
	show_kept(app);
	show_runs(app);
	return flush_output(stdout);
}

/* -- new -- */

int cmd_app_new(struct cli *cli)
{
	const char *name = cli->args.items[0], *hint;
	const char *dir = compile_path(cli->arena, cli_text(cli, "apps"), name);
	const char *path = compile_path(cli->arena, dir, APP_FILE);
	const char *text = apps_skeleton(cli->arena, name);
	int r;

	if (!schema_text_fits(cli->arena, SCHEMA_NAME, name, &hint))
		return fail(CLI_USAGE, hint, "'%s' cannot be the name of an application", name);
	if (schema_find(settings_rows, name) != NULL)
		return fail(CLI_USAGE, NULL,
		            "'%s' is a key of stead.yaml, no application can have that name", name);
	r = dir_make(AT_FDCWD, dir, 0755);
	if (r == 0)
		r = file_create(AT_FDCWD, path, 0644, text, strlen(text));
	if (r < 0)
		return fail(CLI_ENVIRONMENT,
		            r == -EEXIST ? "nothing is ever overwritten: remove it, or take "
		                           "another name"
		                         : NULL,
		            "cannot make '%s': %s", path, strerror(-r));
	(void)printf("%s\n", path);
	return flush_output(stdout);
}

/* -- check -- */

/* FOLDER: what the name must be; NULL: any. */
static void check_file(struct arena *arena, const char *path, const char *folder,
                       struct findings *findings)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	struct app *app = arena_alloc(arena, sizeof(*app));
	const struct yaml_node *root = NULL;

	if (yaml_read_source(arena, path, false, source, findings))
		root = yaml_parse(arena, source, findings);
	if (root == NULL || !app_decode(arena, root, source, app, findings))
		return;
	if (folder != NULL && !str_equal(app->name.v, folder))
		diag_error(findings, "app.name", app->name.at, NULL,
		           "this definition is of '%s', but its folder is '%s'", app->name.v,
		           folder);
}

static int is_definition(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The folder of one definition, or a folder of such folders. The number of definitions. */
static size_t check_folder(struct arena *arena, const char *dir, struct findings *findings)
{
	const char *path = compile_path(arena, dir, APP_FILE);
	struct dirent **entries;
	size_t found = 0;
	char *whole;
	int count;

	if (access(path, F_OK) == 0) {
		/* "." has its name too. */
		whole = realpath(dir, NULL);
		check_file(arena, path,
		           whole != NULL ? arena_strdup(arena, strrchr(whole, '/') + 1) : NULL,
		           findings);
		free(whole);
		return 1;
	}
	count = scandir(dir, &entries, is_definition, alphasort);
	for (int i = 0; i < count; i++) {
		const char *name = arena_strdup(arena, entries[i]->d_name);

		path = arena_printf(arena, "%s/%s/" APP_FILE, dir, name);
		free(entries[i]);
		if (i >= FOLDERS_MAX || access(path, F_OK) < 0)
			continue;
		check_file(arena, path, name, findings);
		found++;
	}
	if (count >= 0)
		free((void *)entries);
	return found;
}

int cmd_app_check(struct cli *cli)
{
	const char *path = cli->args.items[0];
	bool json = strcmp(cli_text(cli, "format"), "json") == 0;
	struct findings findings;
	struct stat st;
	size_t count = 1;
	int code;

	findings_init(&findings, cli->arena);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		count = check_folder(cli->arena, path, &findings);
	else
		check_file(cli->arena, path, NULL, &findings);
	if (count == 0)
		return fail(CLI_ENVIRONMENT, "'stead app new NAME' makes one",
		            "there is no '" APP_FILE "' in '%s', nor in a folder below it", path);
	code = report_findings(&findings, cli, stdout);
	if (code == CLI_OK && !json && findings.warnings + findings.notes == 0)
		(void)printf("no problems\n");
	return code != CLI_OK ? code : flush_output(stdout);
}
