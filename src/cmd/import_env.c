/*
 * The half of an import that needs no node: variables become settings and secrets.
 */
#include "cmd/import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/init.h"

struct import {
	struct cli *cli;
	const char *path;
	struct arena *arena, *secret_arena;
	struct findings *findings;
	struct app app;
	struct dotenv variables;
	struct app_imports result;
};

/* --- reading --- */

static int read_variables(struct import *m)
{
	struct source *source = arena_alloc(m->arena, sizeof(*source));
	char *data;
	size_t len;
	int r = file_read(m->secret_arena, AT_FDCWD, m->path, DOTENV_MAX_BYTES, &data, &len);

	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read '%s': %s", m->path,
		            r == -EFBIG ? "it is larger than 1 MiB" : strerror(-r));
	*source = (struct source){ .name = m->path, .data = data, .len = len, .secret = true };
	if (dotenv_parse(m->secret_arena, source, &m->variables, m->findings) &&
	    m->variables.count == 0)
		diag_error(m->findings, "import.empty", (struct span){ .source = source }, NULL,
		           "there is no variable in this file");
	return CLI_OK;
}

/* --- telling --- */

static void print_one(const struct app_imported *item, int width, const char *app)
{
	(void)printf("  %-*s  ", width, item->variables);
	switch (item->kind) {
	case APP_IMPORT_SETTING:
		(void)printf("%s: %s\n", item->key, item->value);
		break;
	case APP_IMPORT_SECRET:
		(void)printf("secret %s\n", item->key);
		break;
	case APP_IMPORT_ENV:
		(void)printf("%s.env.%s: %s\n", app, item->key, item->value);
		break;
	case APP_IMPORT_SAME:
		(void)printf("so it is here by itself\n");
		break;
	case APP_IMPORT_DROPPED:
		(void)printf("left behind: %s\n", item->why);
		break;
	case APP_IMPORT_UNKNOWN:
		(void)printf("not understood\n");
		break;
	}
}

/* Values of what was not understood or is a secret are not shown. Control characters neither. */
static int print_result(const struct import *m)
{
	size_t unknown = 0;
	int width = 0;

	for (size_t i = 0; i < m->result.count; i++) {
		int len = (int)strlen(m->result.items[i].variables);

		width = len > width && len <= 44 ? len : width;
		unknown += m->result.items[i].kind == APP_IMPORT_UNKNOWN;
	}
	(void)printf("%s:\n", m->path);
	for (size_t i = 0; i < m->result.count; i++)
		print_one(&m->result.items[i], width, m->app.name.v);
	if (unknown > 0)
		(void)printf(
			"%zu not understood: what the node needs of them goes into stead.yaml, "
			"under %s: {env: {NAME: value}}\n",
			unknown, m->app.name.v);
	return flush_output(stdout);
}

/* --- the public halves of pairs --- */

static size_t key_len(const char *s)
{
	size_t len = strlen(s);

	while (len > 0 && s[len - 1] == '=')
		len--;
	return len;
}

static void check_halves(const struct import *m, const struct secrets *secrets)
{
	const struct value_pairs *halves = &m->app.import.env.halves;

	for (size_t i = 0; i < halves->count; i++) {
		const char *name = arena_printf(m->arena, "app.%s", halves->items[i].value.v),
			   *half;
		const struct dotenv_variable *variable =
			dotenv_get(&m->variables, halves->items[i].key);
		const struct secret *secret = secrets_get(secrets, name);

		if (variable == NULL || secret == NULL || *variable->value == '\0')
			continue;
		half = secret_vapid_public(m->secret_arena, secret->value);
		if (half == NULL || (key_len(half) == key_len(variable->value) &&
		                     strncmp(half, variable->value, key_len(half)) == 0))
			continue; /* what is no key at all is a finding of its own */
		diag_error(m->findings, "import.pair", variable->at,
		           "both come from one file: was one of them copied wrong?",
		           "'%s' is not the public half of the secret '%s'", variable->name, name);
	}
}

/* --- a new folder --- */

/* The only application that says what variables become, when none was named. */
static const char *only_app(struct import *m, const char *apps_dir)
{
	const char *found = NULL;
	struct strings names = { 0 };

	app_names(m->arena, apps_dir, &names);
	for (size_t i = 0; i < names.count; i++) {
		struct findings ignored;
		struct app app;

		findings_init(&ignored, m->arena);
		if (!app_load(m->arena, apps_dir, names.items[i], (struct span){ 0 }, &app,
		              &ignored) ||
		    !app_can_import(&app))
			continue;
		if (found != NULL)
			return NULL;
		found = names.items[i];
	}
	return found;
}

static bool load(struct import *m, const struct compile *compile, struct answers *answers)
{
	const char *name = answers_get(answers, "app");
	const char *only = name == NULL ? only_app(m, compile->apps_dir) : NULL;

	if (only != NULL && answers_take(answers, "app", only, (struct span){ 0 }, m->findings))
		name = only;
	if (name == NULL) {
		diag_error(m->findings, "cli.missing", (struct span){ 0 }, "--set app=mastodon",
		           "'app' is missing: whose variables are these?");
		return false;
	}
	if (!app_load(m->arena, compile->apps_dir, name, (struct span){ 0 }, &m->app, m->findings))
		return false;
	if (!app_can_import(&m->app))
		diag_error(m->findings, "import.app", (struct span){ 0 },
		           "'stead init' makes its settings",
		           "the definition of %s does not say what variables become", name);
	return app_can_import(&m->app);
}

/* Its data cannot be read without the permanent ones; without the others a new one is made. */
static void check_secrets(const struct import *m, const struct secrets *secrets)
{
	const struct app_secret *declared = m->app.secrets.items;

	for (size_t i = 0; i < m->app.secrets.count; i++) {
		const char *name = arena_printf(m->arena, "app.%s", declared[i].name.v);
		const char *variable = app_import_variable(m->arena, &m->app, name);
		struct span file = { .source = NULL };

		if (m->variables.count > 0)
			file.source = m->variables.items[0].at.source;
		if (variable == NULL || secrets_get(secrets, name) != NULL ||
		    str_equal(declared[i].kind.v, "optional"))
			continue;
		if (declared[i].permanent.v)
			diag_error(
				m->findings, "import.secret", file,
				arena_printf(
					m->arena,
					"was it in another file? an installation that is so old "
					"that it has none: --secret %s=@FILE, with a new one",
					name),
				"'%s' is missing: what was encrypted with it could never be read "
				"again",
				variable);
		else
			diag_warning(m->findings, "import.secret-new", file, NULL,
			             "'%s' is missing: a new one is made (%s)", variable,
			             declared[i].doc.v != NULL ? declared[i].doc.v : name);
	}
}

static void take_one(struct import *m, const struct app_imported *item, struct answers *answers,
                     struct secrets *secrets)
{
	const char *key = item->key;

	if (item->kind == APP_IMPORT_SECRET && secrets_get(secrets, key) == NULL)
		secrets_set(secrets, key, item->value);
	if (item->kind == APP_IMPORT_ENV)
		key = arena_printf(m->arena, "%s.env.%s", m->app.name.v, item->key);
	if (item->kind == APP_IMPORT_ENV || item->kind == APP_IMPORT_SETTING)
		(void)answers_take(answers, key, item->value, item->at, m->findings);
}

static int take(void *context, struct compile *compile, struct answers *answers,
                struct secrets *secrets)
{
	struct import *m = context;
	int code;

	m->arena = compile->arena;
	m->secret_arena = compile->secret_arena;
	m->findings = &compile->findings;
	code = read_variables(m);
	if (code != CLI_OK)
		return code;
	/* What would be missing then is only noise. */
	if (m->findings->errors > 0 || !load(m, compile, answers))
		return compile_report(compile, m->cli, stderr);
	app_import_env(m->secret_arena, &m->app, &m->variables, &m->result);
	for (size_t i = 0; i < m->result.count; i++)
		take_one(m, &m->result.items[i], answers, secrets);
	check_secrets(m, secrets);
	check_halves(m, secrets);
	return print_result(m);
}

int import_make(struct cli *cli, const char *path, bool dry_run)
{
	struct import m = { .cli = cli, .path = path };
	struct init_source source = { take, &m, dry_run };

	return init_make(cli, &source);
}

/* --- a folder that is there --- */

/* What stands under a dotted key of stead.yaml, as it is written; NULL: nothing. */
static const char *written(struct arena *arena, const struct yaml_node *node, const char *key)
{
	while (node != NULL && node->kind == YAML_MAP && *key != '\0') {
		size_t len = strcspn(key, ".");

		node = yaml_get(node, arena_strndup(arena, key, len));
		key += len + (key[len] == '.');
	}
	return node != NULL && node->kind == YAML_SCALAR && *key == '\0' ? node->text : NULL;
}

static void compare_setting(const struct import *m, const struct compile *compile,
                            const struct app_imported *item, const char *key)
{
	const char *is = written(m->arena, compile->settings.root, key);
	bool identity = str_equal(key, "domain");

	if (str_equal(is, item->value))
		return;
	if (identity)
		diag_error(m->findings, "import.domain", item->at,
		           "a domain never changes: other servers know its accounts by it",
		           "'%s' is '%s', and 'domain' of stead.yaml is '%s'", item->variables,
		           item->value, is != NULL ? is : "");
	else
		diag_note(m->findings, "import.setting", item->at, NULL,
		          "'%s' would be '%s: %s'; stead.yaml has %s%s%s", item->variables, key,
		          item->value, is != NULL ? "'" : "", is != NULL ? is : "another or none",
		          is != NULL ? "'" : "");
}

static void compare_secret(const struct import *m, const struct compile *compile,
                           const struct app_imported *item)
{
	const struct secret *is = secrets_get(&compile->secrets, item->key);
	const struct app_secret *declared = m->app.secrets.items;
	bool permanent = false;

	if (is != NULL && str_equal(is->value, item->value))
		return;
	for (size_t i = 0; i < m->app.secrets.count; i++)
		permanent |= declared[i].permanent.v && str_starts(item->key, "app.") &&
		             str_equal(item->key + 4, declared[i].name.v);
	if (permanent)
		diag_error(
			m->findings, "import.secret-differs", item->at,
			"a node that has no data yet: 'stead destroy', and begin in a new folder "
			"with 'stead import --env'",
			"'%s' is not the secret '%s' of " SECRETS_FILE
			": what was encrypted with it could not be read",
			item->variables, item->key);
	else
		diag_warning(m->findings, "import.secret-other", item->at, NULL,
		             "'%s' is not the secret '%s' of " SECRETS_FILE
		             ", which stays as it is",
		             item->variables, item->key);
}

int import_compare(struct cli *cli, const char *path, struct compile *compile)
{
	struct import m = { .cli = cli,
		            .path = path,
		            .arena = compile->arena,
		            .secret_arena = compile->secret_arena,
		            .findings = &compile->findings,
		            .app = compile->app };
	int code = read_variables(&m);

	if (code != CLI_OK || m.findings->errors > 0)
		return code;
	if (!app_can_import(&m.app)) {
		diag_error(m.findings, "import.app", compile->settings.app.at, NULL,
		           "the definition of %s does not say what variables become", m.app.name.v);
		return CLI_OK;
	}
	app_import_env(m.secret_arena, &m.app, &m.variables, &m.result);
	for (size_t i = 0; i < m.result.count; i++) {
		const struct app_imported *item = &m.result.items[i];

		if (item->kind == APP_IMPORT_SECRET)
			compare_secret(&m, compile, item);
		else if (item->kind == APP_IMPORT_SETTING)
			compare_setting(&m, compile, item, item->key);
		else if (item->kind == APP_IMPORT_ENV)
			compare_setting(
				&m, compile, item,
				arena_printf(m.arena, "%s.env.%s", m.app.name.v, item->key));
	}
	check_halves(&m, &compile->secrets);
	return print_result(&m);
}
