/*
 * What a reference may point at, and from where.
 */
#include <string.h>

#include "app/internal.h"
#include "base/arena.h"
#include "base/text.h"

const char *const app_public_settings[] = {
	"app", "domain", "web", "admin.name", "admin.email", "mail.way", "mail.host", "mail.port",
	"mail.tls", "mail.user", "mail.from", "mail.address", "machine.time_zone",
	"media.keep_remote",
	/* where files are */
	"media.store", "media.store.s3.endpoint", "media.store.s3.scheme", "media.store.s3.host",
	"media.store.s3.port", "media.store.s3.bucket", "media.store.s3.region",
	"media.store.s3.prefix", "media.store.s3.public_host", "media.store.s3.acl",
	"media.store.s3.path_style",
	/* services, and what they are reached by when they are elsewhere */
	"database", "database.host", "database.port", "database.user", "database.name",
	"database.sslmode", "database.pooled", "database.direct_host", "database.direct_port",
	"database.direct_user", "database.direct_name", "database.direct_sslmode", "redis",
	"redis.scheme", "redis.host", "redis.port", "redis.user", "redis.name", "search",
	"search.scheme", "search.host", "search.port", "search.user", NULL
};

/* A reference under the knife. */
struct reference {
	const struct reference_part *part;
	const char *rest; /* behind "settings." and the like */
	enum place place;
	const char *where;
	bool alone; /* nothing else stands in the text */
};

static void bad(struct checker *c, const struct reference *r, const char *hint, const char *problem)
{
	report(c, "app.reference", r->part->at, hint, "'${%s}': %s", r->part->text, problem);
}

static void refer_settings(struct checker *c, const struct reference *r)
{
	size_t count = 0;
	const char *nearest;

	for (; app_public_settings[count] != NULL; count++)
		if (strcmp(app_public_settings[count], r->rest) == 0)
			return;
	nearest = str_nearest(r->rest, app_public_settings, count);
	bad(c, r,
	    nearest != NULL ? arena_printf(c->arena, "did you mean '${settings.%s}'?", nearest)
	                    : "the application's own settings are ${own.KEY}",
	    "no setting of that name can be referred to");
}

static void refer_own(struct checker *c, const struct reference *r)
{
	const struct app_setting *setting = find_setting(c->app, r->rest);

	if (setting == NULL)
		bad(c, r, hint_of_names(c, r->rest, &c->app->settings, sizeof(struct app_setting)),
		    "the definition has no setting of that name");
	else if (str_equal(setting->type.v, "options"))
		bad(c, r, "name it under 'options' of a config file",
		    "several values cannot stand in a text");
	else if ((str_equal(setting->type.v, "list") || str_equal(setting->type.v, "pairs")) &&
	         ((r->place != PLACE_TREE && r->place != PLACE_MERGE) || !r->alone))
		bad(c, r, "it can only be a whole value of a config file or of merge",
		    "several values cannot stand in a text");
}

/* Those that the user gives for what the settings name; app knows nothing of settings. */
bool is_service_secret(const char *name)
{
	static const char *const names[] = { "mail.password",    "database.password",
		                             "redis.password",   "search.password",
		                             "media.access_key", "media.secret_key" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The public half of a pair may stand everywhere. */
static void refer_public(struct checker *c, const struct reference *r, const char *dot)
{
	const char *name = arena_strndup(c->arena, r->rest, (size_t)(dot - r->rest));
	const struct app_secret *secret = find_secret(c->app, name);

	if (secret == NULL)
		bad(c, r, hint_of_names(c, name, &c->app->secrets, sizeof(struct app_secret)),
		    "the definition has no secret of that name");
	else if (!str_equal(secret->kind.v, "vapid"))
		bad(c, r, "of kind vapid", "only a pair of keys has a public half");
}

/* What comes out of these has no character that means something to the reader of a text. */
static bool is_quoted(const struct reference *r)
{
	static const char *const quoting[] = { "url", "base64", "passfile" };

	size_t count = r->part->filters.count;

	for (size_t i = 0; count > 0 && i < sizeof(quoting) / sizeof(quoting[0]); i++)
		if (str_equal(r->part->filters.items[count - 1], quoting[i]))
			return true;
	return false;
}

static void refer_secret(struct checker *c, const struct reference *r)
{
	const struct app_secret *secret = find_secret(c->app, r->rest);

	if (str_ends(r->rest, ".public")) {
		refer_public(c, r, r->rest + strlen(r->rest) - strlen(".public"));
		return;
	}
	if (secret == NULL && !is_service_secret(r->rest)) {
		bad(c, r, hint_of_names(c, r->rest, &c->app->secrets, sizeof(struct app_secret)),
		    "the definition has no secret of that name");
		return;
	}
	if (secret != NULL && str_equal(secret->kind.v, "captured"))
		bad(c, r, "it is there for the owner, see 'owner.login'",
		    "a captured secret is known on the node only");
	else if (r->place == PLACE_ARGV || r->place == PLACE_STDIN)
		report(c, "app.secret-in-argv", r->part->at,
		       "pass it in a variable under 'env', or in a config file",
		       "'%s' holds the secret '%s', and %s", r->where, r->rest,
		       r->place == PLACE_ARGV ? "everybody on the machine can see arguments"
		                              : "the plan, where this is kept, holds no secrets");
	else if (r->place == PLACE_MERGE)
		report(c, "app.secret-in-plan", r->part->at,
		       "pass it in a variable under 'env', or in a config file",
		       "'%s' holds the secret '%s', and the plan, where this is kept, holds no "
		       "secrets",
		       r->where, r->rest);
	else if (r->place == PLACE_TEXT && !r->alone && !is_quoted(r))
		bad(c, r, "make a file of it alone, or filter it: url, base64, passfile",
		    "a secret among other text would need quotes, and nothing puts them there");
	else if (r->place == PLACE_PUBLIC)
		bad(c, r, NULL, "a secret cannot stand here");
}

static void refer_process(struct checker *c, const struct reference *r)
{
	const char *dot = strrchr(r->rest, '.');
	const struct app_process *process;
	const char *name;

	if (dot == NULL || (strcmp(dot, ".host") != 0 && strcmp(dot, ".port") != 0)) {
		bad(c, r, "like ${process.NAME.host} or ${process.NAME.port}",
		    "a process has a host and a port");
		return;
	}
	name = arena_strndup(c->arena, r->rest, (size_t)(dot - r->rest));
	process = find_process(c->app, name);
	if (process == NULL)
		bad(c, r, hint_of_names(c, name, &c->app->processes, sizeof(struct app_process)),
		    "the definition has no process of that name");
	else if (strcmp(dot, ".port") == 0 && !process->port.given)
		bad(c, r, NULL, "that process has no port");
}

static void refer_size(struct checker *c, const struct reference *r)
{
	const struct yaml_node *sizes = c->app->sizes.node;
	size_t missing = 0;

	if (sizes == NULL || sizes->kind != YAML_MAP || sizes->count == 0) {
		bad(c, r, NULL, "the definition has no 'sizes'");
		return;
	}
	for (size_t i = 0; i < sizes->count; i++)
		missing += yaml_get(sizes->pairs[i].value, r->rest) == NULL;
	if (missing > 0)
		bad(c, r, NULL,
		    missing == sizes->count ? "no size has a value of that name"
		                            : "not every size has a value of that name");
}

static void refer_image(struct checker *c, const struct reference *r)
{
	if (find_process(c->app, r->rest) == NULL)
		bad(c, r, hint_of_names(c, r->rest, &c->app->processes, sizeof(struct app_process)),
		    "the definition has no process of that name");
	else if (r->where == NULL || strcmp(r->where, "image") != 0)
		bad(c, r, "only 'image' of another process may refer to it",
		    "it cannot stand here");
	else if (strchr(find_process(c->app, r->rest)->image.v != NULL
	                        ? find_process(c->app, r->rest)->image.v
	                        : "",
	                '$') != NULL)
		bad(c, r, "name the process that the image is written at",
		    "that process has its image from another one");
}

static const struct {
	const char *prefix;
	void (*refer)(struct checker *c, const struct reference *r);
} kinds[] = {
	{ "settings.", refer_settings }, { "own.", refer_own },   { "secret.", refer_secret },
	{ "process.", refer_process },   { "size.", refer_size }, { "image.", refer_image },
};

static void check_part(struct checker *c, struct reference *r)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_starts(r->part->text, kinds[i].prefix)) {
			r->rest = r->part->text + strlen(kinds[i].prefix);
			kinds[i].refer(c, r);
			return;
		}
	bad(c, r, "references begin with settings, own, secret, process, size or image",
	    "it is not known what this is");
}

void check_references(struct checker *c, const struct value_text *text, enum place place,
                      const char *where)
{
	struct reference_parts parts;

	if (text->v == NULL || !reference_split(c->arena, text, &parts, c->findings))
		return;
	for (size_t i = 0; i < parts.count; i++) {
		struct reference r = { &parts.items[i], NULL, place, where, parts.count == 1 };

		if (r.part->is_reference)
			check_part(c, &r);
	}
}

void check_reference_list(struct checker *c, const struct value_list *list, enum place place,
                          const char *where)
{
	for (size_t i = 0; i < list->count; i++)
		check_references(c, &list->items[i], place, where);
}

void check_reference_tree(struct checker *c, const struct yaml_node *node, enum place place,
                          const char *where)
{
	struct value_text text = { node->text, node->span };

	if (node->kind == YAML_SCALAR)
		check_references(c, &text, place, where);
	for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++)
		check_reference_tree(c, node->items[i], place, where);
	for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
		check_reference_tree(c, node->pairs[i].value, place, where);
}

/* One side; a name may stand there without braces, as in `own.search == true`. */
static void check_side(struct checker *c, const struct value_text *when, const char *from,
                       const char *to)
{
	static const char *const bare[] = { "settings.", "own.", "size." };
	struct value_text side = { .at = when->at };

	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	side.v = arena_strndup(c->arena, from, (size_t)(to - from));
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (str_starts(side.v, bare[i])) {
			side.v = arena_printf(c->arena, "${%s}", side.v);
			break;
		}
	check_references(c, &side, PLACE_PUBLIC, "when");
}

/* The first "==" or "!="; NULL when there is none. */
static const char *find_sign(const char *s)
{
	for (; *s != '\0'; s++)
		if ((s[0] == '=' || s[0] == '!') && s[1] == '=')
			return s;
	return NULL;
}

void check_conditions(struct checker *c, const struct value_list *when)
{
	for (size_t i = 0; i < when->count; i++) {
		const struct value_text *text = &when->items[i];
		const char *sign = find_sign(text->v);
		bool ignored;

		if (version_is_condition(text->v)) {
			if (!version_test(text->v, "0", &ignored))
				report(c, "app.condition", text->at, "like 'version >= 0.20'",
				       "'%s' compares the version with no number", text->v);
			continue;
		}
		if (sign == NULL || find_sign(sign + 2) != NULL) {
			report(c, "app.condition", text->at,
			       "like 'own.search == true'; all comparisons of the list must hold",
			       "'%s' is not one comparison", text->v);
			continue;
		}
		check_side(c, text, text->v, sign);
		check_side(c, text, sign + 2, text->v + strlen(text->v));
	}
}
