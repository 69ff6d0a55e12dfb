/* The checks of everything but processes and jobs. */
#include <string.h>

#include "app/internal.h"
#include "base/arena.h"
#include "base/text.h"

/* -- the application's own settings -- */

static const struct {
	const char *name;
	enum schema_type type;
} types[] = {
	{ "text", SCHEMA_TEXT },     { "word", SCHEMA_WORD },   { "int", SCHEMA_INT },
	{ "bool", SCHEMA_BOOL },     { "size", SCHEMA_SIZE },   { "duration", SCHEMA_DURATION },
	{ "domain", SCHEMA_DOMAIN }, { "email", SCHEMA_EMAIL }, { "list", SCHEMA_LIST },
	{ "pairs", SCHEMA_PAIRS },   { "options", SCHEMA_MAP },
};

/* "a|b|c"; NULL when it is none. */
static const char *const *split_words(struct arena *arena, const char *s)
{
	size_t count = 0;
	const char **words;

	for (const char *bar = strchr(s, '|'); bar != NULL; bar = strchr(bar + 1, '|'))
		count++;
	if (count == 0)
		return NULL;
	words = arena_array(arena, count + 2, sizeof(*words));
	for (size_t i = 0; i <= count; i++) {
		size_t len = strcspn(s, "|");

		words[i] = arena_strndup(arena, s, len);
		s += len + (s[len] == '|');
	}
	return words;
}

/* False when TYPE is none that an option can have. */
static bool set_option_type(struct arena *arena, struct schema_row *row, const char *type)
{
	row->words = split_words(arena, type);
	row->type = SCHEMA_WORD;
	for (size_t i = 0; row->words != NULL && row->words[i] != NULL; i++)
		if (row->words[i][0] == '\0')
			return false;
	if (row->words != NULL)
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, type) == 0) {
			row->type = types[i].type;
			return row->type != SCHEMA_WORD && row->type != SCHEMA_PAIRS &&
			       row->type != SCHEMA_MAP;
		}
	return false;
}

const struct schema_row *app_option_rows(struct arena *arena, const struct app_setting *setting,
                                         size_t stride)
{
	size_t count = setting->options.count;
	struct schema_row *rows = arena_array(arena, count + 1, sizeof(*rows));

	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct schema_row){
			.key = setting->options.items[i].key,
			.offset = i * stride,
			.item = SCHEMA_TEXT,
			.doc = "",
			.since = "0.1",
		};
		(void)set_option_type(arena, &rows[i], setting->options.items[i].value.v);
	}
	return rows;
}

struct schema_row app_setting_row(struct arena *arena, const struct app_setting *setting)
{
	struct schema_row row = {
		.key = setting->name.v,
		.type = SCHEMA_TEXT,
		.item = SCHEMA_TEXT,
		.fallback = setting->fallback.v,
		.doc = setting->doc.v != NULL ? setting->doc.v : "",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_equal(types[i].name, setting->type.v))
			row.type = types[i].type;
	if (setting->min.given)
		row.min = setting->min.v;
	if (setting->max.given)
		row.max = setting->max.v;
	if (row.type == SCHEMA_WORD) {
		const char **words = arena_array(arena, setting->words.count + 1, sizeof(*words));

		for (size_t i = 0; i < setting->words.count; i++)
			words[i] = setting->words.items[i].v;
		row.words = words;
	}
	if (row.type == SCHEMA_MAP)
		row.rows = app_option_rows(arena, setting, 0);
	return row;
}

/* The default must be a value that the user could have written. */
static void check_default(struct checker *c, const struct app_setting *setting)
{
	const struct value_text *text = &setting->fallback;
	struct schema_row row = app_setting_row(c->arena, setting);
	struct yaml_node node = { .kind = YAML_SCALAR, .span = text->at, .text = text->v };
	union {
		struct value_text text;
		struct value_int number;
		struct value_bool truth;
	} ignored;

	if (text->v == NULL)
		return;
	if (row.type == SCHEMA_LIST || row.type == SCHEMA_PAIRS || row.type == SCHEMA_MAP) {
		report(c, "app.setting", text->at, "without one it is empty",
		       "a setting of type %s has no default", setting->type.v);
		return;
	}
	check_references(c, text, PLACE_PUBLIC, "default");
	if (strchr(text->v, '$') != NULL) {
		if (row.type != SCHEMA_TEXT)
			report(c, "app.setting", text->at, NULL,
			       "only a default of type text can hold references");
		else if (strstr(text->v, "${settings.") == NULL &&
		         strstr(text->v, "${size.") == NULL && strstr(text->v, "${") != NULL)
			report(c, "app.setting", text->at, "${settings.KEY} or ${size.KEY}",
			       "a default cannot refer to that");
		return;
	}
	node.len = strlen(text->v);
	/* An empty default of a text is fine; elsewhere the schema says what is wrong with it. */
	if (row.type == SCHEMA_TEXT)
		return;
	(void)schema_decode_value(c->arena, "app",
	                          arena_printf(c->arena, "settings.%s.default", setting->name.v),
	                          &row, &node, &ignored, c->findings);
}

static void check_options(struct checker *c, const struct app_setting *setting)
{
	for (size_t i = 0; i < setting->options.count; i++) {
		const struct value_pair *option = &setting->options.items[i];
		struct schema_row row = { 0 };

		if (option->key[0] == '\0' || option->key[0] == '.' || str_ends(option->key, ".") ||
		    strlen(option->key) > 100 || strstr(option->key, "..") != NULL ||
		    holds_control(option->key))
			report(c, "app.value", option->key_at, "like server.port",
			       "'%s' is not the dotted name of a value", option->key);
		if (!set_option_type(c->arena, &row, option->value.v))
			report(c, "app.setting", option->value.at,
			       "text, int, bool, size, duration, domain, email, list, or words "
			       "like 'a|b'",
			       "an option cannot be of type '%s'", option->value.v);
	}
}

static void check_setting(struct checker *c, const struct app_setting *setting)
{
	bool options = str_equal(setting->type.v, "options");
	bool word = str_equal(setting->type.v, "word");

	if (str_equal(setting->name.v, "env"))
		report(c, "app.setting", setting->name.at, "choose another name",
		       "every application has 'env' already, for more variables");
	if (word != (setting->words.count > 0) && setting->type.v != NULL)
		report(c, "app.setting", setting->name.at, NULL,
		       word ? "setting '%s' is a word, but there is no list of words"
		            : "setting '%s' has words, but is not of type word",
		       setting->name.v);
	else if (setting->type.v != NULL)
		check_default(c, setting);
	if (options != (setting->options.count > 0) && setting->type.v != NULL)
		report(c, "app.setting", setting->name.at, NULL,
		       options ? "setting '%s' is of type options, but has none"
		               : "setting '%s' has options, but is not of type options",
		       setting->name.v);
	check_options(c, setting);
	if ((setting->min.given || setting->max.given) && !str_equal(setting->type.v, "int"))
		report(c, "app.setting", setting->name.at, NULL,
		       "only a setting of type int has 'min' and 'max'");
	else if (setting->min.given && setting->max.given && setting->min.v >= setting->max.v)
		report(c, "app.setting", setting->max.at, NULL,
		       "'max' of setting '%s' is not above its 'min'", setting->name.v);
}

static void check_settings(struct checker *c)
{
	const struct app_setting *settings = c->app->settings.items;

	for (size_t i = 0; i < c->app->settings.count; i++)
		check_setting(c, &settings[i]);
}

/* -- secrets, volumes, owner, identity -- */

static bool is_captured(const struct app *app, const char *name)
{
	const struct app_job *jobs = app->jobs.items;

	for (size_t i = 0; i < app->jobs.count; i++) {
		const struct app_step *steps = jobs[i].steps.items;

		for (size_t k = 0; k < jobs[i].steps.count; k++)
			if (str_equal(steps[k].capture.secret.v, name))
				return true;
	}
	return false;
}

static void check_secrets(struct checker *c)
{
	const struct app_secret *secrets = c->app->secrets.items;

	for (size_t i = 0; i < c->app->secrets.count; i++) {
		const struct app_secret *secret = &secrets[i];

		if (str_equal(secret->kind.v, "rsa"))
			report(c, "app.later", secret->kind.at, NULL,
			       "secrets of kind '%s' cannot be made by this version",
			       secret->kind.v);
		if (str_equal(secret->kind.v, "captured") && !is_captured(c->app, secret->name.v))
			report(c, "app.secret", secret->name.at, "a step's 'capture' names it",
			       "no step captures the secret '%s'", secret->name.v);
	}
}

static void check_volumes(struct checker *c)
{
	const struct app_volume *volumes = c->app->volumes.items;

	for (size_t i = 0; i < c->app->volumes.count; i++) {
		const struct value_int *mode = &volumes[i].mode;

		check_user(c, &volumes[i].user);
		if (mode->given && (mode->v & ~0770L) != 0)
			report(c, "app.value", mode->at, "0700 or 0750",
			       "the directory of a volume is open to owner and group only");
	}
}

static void check_owner(struct checker *c)
{
	const struct app_owner *owner = &c->app->owner;
	size_t groups;

	if (owner->pattern.v != NULL)
		(void)check_pattern(c, &owner->pattern, &groups);
	if (owner->login.v != NULL && find_secret(c->app, owner->login.v) == NULL)
		report(c, "app.name", owner->login.at,
		       hint_of_names(c, owner->login.v, &c->app->secrets,
		                     sizeof(struct app_secret)),
		       "there is no secret '%s'", owner->login.v);
}

static void check_identity(struct checker *c)
{
	for (size_t i = 0; i < c->app->identity.count; i++) {
		const struct value_text *key = &c->app->identity.items[i];
		bool known = str_starts(key->v, "own.") && find_setting(c->app, key->v + 4) != NULL;

		for (size_t k = 0; app_public_settings[k] != NULL; k++)
			known |= strcmp(app_public_settings[k], key->v) == 0;
		if (!known)
			report(c, "app.name", key->at, "like domain, web, admin.name or own.KEY",
			       "there is no setting '%s'", key->v);
	}
}

static void check_sizes(struct checker *c)
{
	static const struct schema_row row = { .key = "sizes", .type = SCHEMA_SIZE };
	const struct yaml_node *sizes = c->app->sizes.node;

	if (sizes == NULL)
		return;
	if (sizes->kind != YAML_MAP || sizes->count == 0) {
		report(c, "app.type", sizes->span, "like '2g: {workers: 2}'",
		       "'sizes' is not a map of sizes");
		return;
	}
	for (size_t i = 0; i < sizes->count; i++) {
		const struct yaml_node *values = sizes->pairs[i].value;
		struct value_int ignored;

		(void)schema_decode_value(c->arena, "app", "sizes", &row, sizes->pairs[i].key,
		                          &ignored, c->findings);
		if (values->kind != YAML_MAP)
			report(c, "app.type", values->span, NULL, "a size is a map of values");
		for (size_t k = 0; values->kind == YAML_MAP && k < values->count; k++)
			if (values->pairs[k].value->kind != YAML_SCALAR)
				report(c, "app.type", values->pairs[k].value->span, NULL,
				       "a value of a size is one text or number");
	}
}

/* -- commands, routes, config files -- */

/* `stead app VERB` is about definitions, on the user's own computer. */
static void check_command_name(struct checker *c, const struct value_text *name)
{
	static const char *const verbs[] = { "check", "list", "new", "show" };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_equal(name->v, verbs[i]))
			report(c, "app.command", name->at,
			       "call it after the tool, like 'admin-list'",
			       "'stead app %s' is a command of stead's own", name->v);
}

static void check_commands(struct checker *c)
{
	const struct app_command *commands = c->app->commands.items;

	for (size_t i = 0; i < c->app->commands.count; i++) {
		check_command_name(c, &commands[i].name);
		(void)need_process(c, &commands[i].process);
		if (commands[i].run.at.line != 0 && commands[i].run.count == 0)
			report(c, "app.value", commands[i].run.at, NULL, "'run' is empty");
		check_reference_list(c, &commands[i].run, PLACE_ARGV, "run");
	}
}

/* Names and values go into the proxy's configuration between quotes. */
static void check_header(struct checker *c, const struct value_pair *pair)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";

	if (pair->key[0] == '\0' || pair->key[0] == '-' ||
	    pair->key[strspn(pair->key, letters)] != '\0')
		report(c, "app.value", pair->key_at, "letters, digits and '-'",
		       "'%s' is not the name of a header", pair->key);
	if (holds_control(pair->value.v) || strpbrk(pair->value.v, "\"`{}\\") != NULL)
		report(c, "app.value", pair->value.at, NULL,
		       "the header '%s' holds characters that mean something to the proxy",
		       pair->key);
}

static void check_route(struct checker *c, const struct app_route *route)
{
	if ((route->process.v != NULL) + (route->redirect.v != NULL) + route->hidden.v != 1 &&
	    route->path.v != NULL)
		report(c, "app.route", route->path.at, NULL,
		       "the route '%s' needs one of process, redirect and hidden", route->path.v);
	check_references(c, &route->redirect, PLACE_PUBLIC, "redirect");
	if (route->redirect.v != NULL && !str_starts(route->redirect.v, "https://"))
		report(c, "app.value", route->redirect.at, "like https://${settings.web}",
		       "this is not where a redirect can go");
	check_conditions(c, &route->when);
	if (route->cache.v != NULL)
		check_header(
			c, &(struct value_pair){ "Cache-Control", route->cache.at, route->cache });
	for (size_t i = 0; i < route->headers.count; i++)
		check_header(c, &route->headers.items[i]);
}

static void check_routes(struct checker *c)
{
	const struct app_route *routes = c->app->routes.items;

	for (size_t i = 0; i < c->app->routes.count; i++) {
		const struct app_process *process = need_process(c, &routes[i].process);

		if (process != NULL && !process->port.given)
			report(c, "app.route", routes[i].process.at, "give it its 'port'",
			       "process '%s' has no port to answer on", process->name.v);
		(void)check_url_path(c, &routes[i].path, "path");
		check_route(c, &routes[i]);
		for (size_t k = 0; k < i; k++)
			if (routes[i].path.v != NULL &&
			    str_equal(routes[i].path.v, routes[k].path.v) &&
			    str_equal(routes[i].host.v, routes[k].host.v)) {
				report(c, "app.route", routes[i].path.at, NULL,
				       "two routes have the path '%s', the other in line %u",
				       routes[i].path.v, routes[k].path.at.line);
				break;
			}
	}
}

/* Nothing in a text is quoted, so no secret may stand in it that could need it. */
static void check_text(struct checker *c, const struct app_config *config,
                       const struct value_tree *values)
{
	const struct yaml_node *text = yaml_get(values->node, "text");

	if (text == NULL || text->kind != YAML_SCALAR || values->node->count != 1)
		report(c, "app.config", values->at, "values: {text: …}",
		       "a file of syntax text has one value, its text");
	else
		check_reference_tree(c, text, PLACE_TEXT, config->name.v);
}

static void check_passed(struct checker *c, const struct app_config *config)
{
	const struct app_passed *passed = &config->options;
	const struct app_setting *setting = find_setting(c->app, passed->setting.v);

	if (passed->setting.v == NULL) {
		if (passed->below.v != NULL)
			report(c, "app.config", passed->below.at, "options: {setting: NAME}",
			       "'options' names no setting");
		return;
	}
	if (str_equal(config->syntax.v, "text"))
		report(c, "app.config", config->syntax.at, "json, toml or yaml",
		       "a file of syntax text has no options");
	if (setting == NULL)
		report(c, "app.name", passed->setting.at,
		       hint_of_names(c, passed->setting.v, &c->app->settings,
		                     sizeof(struct app_setting)),
		       "there is no setting '%s'", passed->setting.v);
	else if (!str_equal(setting->type.v, "options"))
		report(c, "app.config", passed->setting.at, NULL,
		       "setting '%s' is not of type options", passed->setting.v);
}

static void check_values(struct checker *c, const struct app_config *config,
                         const struct value_tree *values)
{
	if (values->node == NULL)
		return;
	if (values->node->kind != YAML_MAP)
		report(c, "app.type", values->at, NULL, "'values' is not a map");
	else if (!str_equal(config->syntax.v, "text"))
		check_reference_tree(c, values->node, PLACE_TREE, config->name.v);
	else
		check_text(c, config, values);
}

static void check_config_processes(struct checker *c, const struct app_config *config)
{
	if ((config->process.v != NULL) == (config->processes.count > 0))
		report(c, "app.config", config->name.at, NULL,
		       "'%s' needs either 'process' or 'processes'", config->name.v);
	if (config->process.v != NULL)
		(void)need_process(c, &config->process);
	for (size_t i = 0; i < config->processes.count; i++)
		(void)need_process(c, &config->processes.items[i]);
}

static void check_config_place(struct checker *c, const struct app_config *config)
{
	if ((config->path.v != NULL) == (config->file.v != NULL))
		report(c, "app.config", config->name.at,
		       "path: the directory that it is in; file: where it lies among the image's "
		       "own",
		       "'%s' needs either 'path' or 'file'", config->name.v);
}

static void check_configs(struct checker *c)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	const struct app_config *configs = c->app->configs.items;

	for (size_t i = 0; i < c->app->configs.count; i++) {
		const struct app_config *config = &configs[i];
		const struct app_part *parts = config->parts.items;
		const char *name = config->name.v;

		check_config_processes(c, config);
		check_config_place(c, config);
		if (name[0] == '\0' || name[0] == '.' || strlen(name) > 100 ||
		    name[strspn(name, allowed)] != '\0')
			report(c, "app.value", config->name.at,
			       "letters, digits, '.', '_' and '-', not beginning with '.'",
			       "'%s' is not the name of a file", name);
		check_values(c, config, &config->values);
		for (size_t k = 0; k < config->parts.count; k++) {
			check_conditions(c, &parts[k].when);
			check_values(c, config, &parts[k].values);
		}
		check_passed(c, config);
	}
}

static void check_refusals(struct checker *c)
{
	const struct app_refusal *refuses = c->app->refuses.items;

	for (size_t i = 0; i < c->app->refuses.count; i++) {
		const char *setting = refuses[i].setting.v;
		size_t k = 0;

		check_conditions(c, &refuses[i].when);
		if (setting == NULL)
			continue;
		while (app_public_settings[k] != NULL &&
		       strcmp(app_public_settings[k], setting) != 0)
			k++;
		if (app_public_settings[k] == NULL &&
		    (!str_starts(setting, "own.") || find_setting(c->app, setting + 4) == NULL))
			report(c, "app.name", refuses[i].setting.at, "like mail.port or own.KEY",
			       "there is no setting '%s'", setting);
		if ((refuses[i].why.v != NULL && holds_control(refuses[i].why.v)) ||
		    (refuses[i].hint.v != NULL && holds_control(refuses[i].hint.v)))
			report(c, "app.value", refuses[i].setting.at, NULL,
			       "a refusal is one line without control characters");
	}
}

static void check_envs(struct checker *c)
{
	const struct app_env *envs = c->app->envs.items;
	const struct app_mail *mail = &c->app->mail;
	const struct value_pairs *ways[] = { &mail->none, &mail->plain, &mail->starttls,
		                             &mail->tls };

	for (size_t i = 0; i < c->app->envs.count; i++) {
		for (size_t k = 0; k < envs[i].processes.count; k++)
			(void)need_process(c, &envs[i].processes.items[k]);
		check_conditions(c, &envs[i].when);
		check_variables(c, &envs[i].values);
	}
	for (size_t i = 0; i < mail->processes.count; i++)
		(void)need_process(c, &mail->processes.items[i]);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		check_variables(c, ways[i]);
}

/* One line each: they are shown in reports. */
static void check_lines(struct checker *c)
{
	const struct value_text *texts[] = { &c->app->title, &c->app->summary, &c->app->website,
		                             &c->app->version };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i]->v != NULL && holds_control(texts[i]->v))
			report(c, "app.value", texts[i]->at, NULL,
			       "this text has control characters");
	for (size_t i = 0; i < c->app->notes.count; i++)
		if (holds_control(c->app->notes.items[i].v))
			report(c, "app.value", c->app->notes.items[i].at, NULL,
			       "a note is one line without control characters");
}

static void check_versions(struct checker *c)
{
	const struct value_list *versions = &c->app->versions;
	bool ignored;

	for (size_t i = 0; i < versions->count; i++)
		if (!version_is_condition(versions->items[i].v) ||
		    !version_test(versions->items[i].v, "0", &ignored))
			report(c, "app.condition", versions->items[i].at, "like 'version >= 0.20'",
			       "'%s' tells no versions", versions->items[i].v);
}

void check_parts(struct checker *c)
{
	check_lines(c);
	check_versions(c);
	check_settings(c);
	check_sizes(c);
	check_secrets(c);
	check_volumes(c);
	check_owner(c);
	check_identity(c);
	check_commands(c);
	check_routes(c);
	check_configs(c);
	check_envs(c);
	check_refusals(c);
}
