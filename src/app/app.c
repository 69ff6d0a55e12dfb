/*
 * Decoding a definition, and what all of its checks share.
 */
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "app/internal.h"
#include "base/arena.h"
#include "base/text.h"

void report(struct checker *c, const char *code, struct span at, const char *hint,
            const char *format, ...)
{
	va_list args;
	char *message;

	va_start(args, format);
	message = arena_vprintf(c->arena, format, args);
	va_end(args);
	diag_error(c->findings, code, at, hint, "%s", message);
}

/* -- finding parts by name: every element of a NAMED array begins with its name -- */

static const void *find(const struct schema_array *array, size_t size, const char *name)
{
	for (size_t i = 0; i < array->count; i++) {
		const struct value_text *item =
			(const void *)((const char *)array->items + i * size);

		if (str_equal(item->v, name))
			return item;
	}
	return NULL;
}

const struct app_process *find_process(const struct app *app, const char *name)
{
	return find(&app->processes, sizeof(struct app_process), name);
}

const struct app_volume *find_volume(const struct app *app, const char *name)
{
	return find(&app->volumes, sizeof(struct app_volume), name);
}

const struct app_secret *find_secret(const struct app *app, const char *name)
{
	return find(&app->secrets, sizeof(struct app_secret), name);
}

const struct app_setting *find_setting(const struct app *app, const char *name)
{
	return find(&app->settings, sizeof(struct app_setting), name);
}

const char *hint_of_names(struct checker *c, const char *s, const struct schema_array *array,
                          size_t size)
{
	const char **names = arena_array(c->arena, array->count + 1, sizeof(*names));
	const char *nearest;

	for (size_t i = 0; i < array->count; i++)
		names[i] = ((const struct value_text *)(const void *)((const char *)array->items +
		                                                      i * size))
		                   ->v;
	nearest = str_nearest(s, names, array->count);
	return nearest != NULL ? arena_printf(c->arena, "did you mean '%s'?", nearest) : NULL;
}

const struct app_process *need_process(struct checker *c, const struct value_text *name)
{
	const struct app_process *process;

	if (name->v == NULL)
		return NULL;
	process = find_process(c->app, name->v);
	if (process == NULL)
		report(c, "app.name", name->at,
		       hint_of_names(c, name->v, &c->app->processes, sizeof(struct app_process)),
		       "there is no process '%s'", name->v);
	return process;
}

/* -- small checks -- */

bool holds_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

bool path_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool check_url_path(struct checker *c, const struct value_text *path, const char *where)
{
	const char *s = path->v;
	bool good = s != NULL && s[0] == '/' && strlen(s) <= 1024 && strstr(s, "..") == NULL &&
	            strstr(s, "//") == NULL;

	for (; good && *s != '\0'; s++)
		good = *s > ' ' && *s < 0x7f && strchr("\"'`{}*\\^|<>", *s) == NULL;
	if (!good && path->v != NULL)
		report(c, "app.value", path->at, "like /health", "'%.60s' cannot be '%s'", path->v,
		       where);
	return good;
}

/* One half of "UID:GID"; 65534 is nobody, and what is above does not fit every container. */
static const char *user_number(const char *s, long *ret)
{
	char digits[8] = { 0 };
	size_t len = strspn(s, "0123456789");

	if (len == 0 || len >= sizeof(digits) || (len > 1 && s[0] == '0'))
		return NULL;
	memcpy(digits, s, len);
	if (!str_to_long(digits, ret) || *ret > 65533)
		return NULL;
	return s + len;
}

void check_user(struct checker *c, const struct value_text *user)
{
	long uid = 0, gid = 0;
	const char *s;

	if (user->v == NULL)
		return;
	s = user_number(user->v, &uid);
	if (s != NULL && *s == ':')
		s = user_number(s + 1, &gid);
	else
		s = NULL;
	if (s == NULL || *s != '\0')
		report(c, "app.user", user->at, "two numbers from 1 to 65533, like 10001:10001",
		       "'%s' is not a user as UID:GID", user->v);
	else if (uid == 0 || gid == 0)
		report(c, "app.user", user->at, "choose a number of its own, like 10001:10001",
		       "a definition cannot run anything as root");
}

/* The product of all repetition counts: regcomp() copies what is repeated, so nested ones could
 * cost gigabytes. False when a count is out of the allowed range. */
static bool repetitions_fit(const char *s)
{
	enum { MOST = 1000 };
	long product = 1;

	for (; *s != '\0'; s++) {
		if (*s != '{')
			continue;
		for (s++; *s != '\0' && *s != '}'; s++) {
			long n = strtol(s, NULL, 10);

			if (*s < '0' || *s > '9')
				continue;
			if (n > MOST || (product *= n > 1 ? n : 1) > MOST)
				return false;
			s += strspn(s, "0123456789") - 1;
		}
		if (*s == '\0')
			break;
	}
	return true;
}

static bool refers_back(const char *s)
{
	for (; *s != '\0'; s++) {
		if (s[0] == '\\' && s[1] >= '1' && s[1] <= '9')
			return true;
		if (s[0] == '\\' && s[1] != '\0')
			s++;
	}
	return false;
}

bool check_pattern(struct checker *c, const struct value_text *pattern, size_t *ret_groups)
{
	enum { PATTERN_MAX = 256 };
	char why[128];
	regex_t regex;
	int r;

	*ret_groups = 0;
	if (pattern->v == NULL)
		return false;
	if (pattern->v[0] == '\0' || strlen(pattern->v) > PATTERN_MAX ||
	    !repetitions_fit(pattern->v) || refers_back(pattern->v)) {
		report(c, "app.pattern", pattern->at,
		       "1 to 256 bytes, repeated 1000 times at most, no references back",
		       "this pattern is empty or costs too much");
		return false;
	}
	r = regcomp(&regex, pattern->v, REG_EXTENDED);
	if (r != 0) {
		regerror(r, &regex, why, sizeof(why));
		report(c, "app.pattern", pattern->at, "it is a POSIX extended regular expression",
		       "this pattern is wrong: %s", why);
		return false;
	}
	*ret_groups = regex.re_nsub;
	regfree(&regex);
	return true;
}

/* -- what can never be said -- */

static const struct {
	const char *key, *instead;
} never[] = {
	{ "cap_add", "'capabilities', from a short list" },
	{ "cgroup", NULL },
	{ "cgroup_parent", NULL },
	{ "cgroupns", NULL },
	{ "device", NULL },
	{ "devices", NULL },
	{ "bind", "'volumes', by name: stead decides where they are" },
	{ "binds", "'volumes', by name: stead decides where they are" },
	{ "expose", "'port', and 'routes' for what the site shows" },
	{ "extra_hosts", NULL },
	{ "host", "'networks: [int]' or 'networks: [ext]'" },
	{ "hostNetwork", "'networks: [int]' or 'networks: [ext]'" },
	{ "hostPath", "'volumes', by name: stead decides where they are" },
	{ "host_network", "'networks: [int]' or 'networks: [ext]'" },
	{ "host_path", "'volumes', by name: stead decides where they are" },
	{ "ipc", NULL },
	{ "mounts", "'volumes', by name: stead decides where they are" },
	{ "net", "'networks: [int]' or 'networks: [ext]'" },
	{ "network_mode", "'networks: [int]' or 'networks: [ext]'" },
	{ "pid", NULL },
	{ "ports", "'port', and 'routes' for what the site shows" },
	{ "privileged", "'capabilities', from a short list" },
	{ "publish", "'port', and 'routes' for what the site shows" },
	{ "security_opt", NULL },
	{ "source", "'volumes', by name: stead decides where they are" },
	{ "sysctls", NULL },
	{ "userns", "'user', as UID:GID" },
	{ "userns_mode", "'user', as UID:GID" },
	{ "uts", NULL },
};

bool never_key(const char *key, const char **ret_instead)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strcmp(never[i].key, key) == 0) {
			*ret_instead = never[i].instead;
			return true;
		}
	return false;
}

/* Such keys were found as unknown ones; they deserve their own answer. */
static void explain_never(struct checker *c)
{
	for (size_t i = 0; i < c->findings->count; i++) {
		struct finding *f = &c->findings->items[i];
		const char *instead = NULL, *key;

		if (f->span.source != c->app->source || !str_equal(f->code, "app.unknown-key"))
			continue;
		key = span_excerpt(c->arena, f->span);
		if (key == NULL || !never_key(key, &instead))
			continue;
		f->code = "app.never";
		f->message =
			arena_printf(c->findings->arena, "a definition can never say '%s'", key);
		f->hint = instead != NULL
		                  ? arena_printf(c->findings->arena, "instead: %s", instead)
		                  : "an application gets no more of the machine than its container";
	}
}

/* First of all: a newer format may have keys that nobody here knows. */
static bool check_format(struct checker *c, const struct yaml_node *root)
{
	const struct yaml_node *format = yaml_get(root, "format");
	long number;

	if (format == NULL || format->kind != YAML_SCALAR || !str_to_long(format->text, &number) ||
	    number <= APP_FORMAT)
		return true;
	report(c, "app.format", format->span, "install a newer stead",
	       "this definition has format %ld, this stead knows format %d only", number,
	       APP_FORMAT);
	return false;
}

bool app_decode(struct arena *arena, const struct yaml_node *root, const struct source *source,
                struct app *ret, struct findings *findings)
{
	struct checker c = { .arena = arena, .findings = findings, .app = ret };
	size_t errors = findings->errors;

	*ret = (struct app){ .source = source };
	if (!check_format(&c, root))
		return false;
	/* A part that could not be decoded is not there: checks behind that would only make noise.
	 */
	if (!schema_decode(arena, "app", "", app_rows, root, ret, findings)) {
		explain_never(&c);
		return false;
	}
	check_parts(&c);
	check_processes(&c);
	check_jobs(&c);
	check_import(&c);
	return findings->errors == errors;
}
