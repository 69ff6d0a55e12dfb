/*
 * The rules of spec 3.3 (coreos/ignition config/v3_3/types, config/validate), as far as a config
 * made here can break them, and stead's own: a second run must succeed, the data is not ours.
 */
#include "ignition/internal.h"

#include "base/arena.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	MODE_MAX = 07777,
	UNIT_LINE_MAX = 2048, /* go-systemd's unit reader */
	DATA_MAX = 256 * 1024 * 1024,
};

void ignition_error(struct check *check, const char *code, struct origin origin, const char *format,
                    ...)
{
	char *message;
	va_list args;

	va_start(args, format);
	message = arena_vprintf(check->findings->arena, format, args);
	va_end(args);
	diag_error(check->findings, code, origin.span, NULL, "%s", message);
}

/* --- paths --- */

/* As Go's path.Clean leaves it. */
bool ignition_path_simplified(const char *path)
{
	const char *part = path + 1;

	if (str_equal(path, "/"))
		return true;
	for (;;) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && strncmp(part, "..", 2) == 0))
			return false;
		if (part[len] == '\0')
			return true;
		part += len + 1;
	}
}

static void check_path(struct check *check, const char *path, struct origin origin)
{
	if (path == NULL || path[0] == '\0')
		ignition_error(check, "ignition.path", origin, "a path is empty");
	else if (path[0] != '/')
		ignition_error(check, "ignition.path", origin, "path '%s' is not absolute", path);
	else if (!ignition_path_simplified(path))
		ignition_error(check, "ignition.path", origin, "path '%s' is not fully simplified",
		               path);
	else if (str_equal(path, "/var/lib/stead") || str_starts(path, "/var/lib/stead/"))
		ignition_error(check, "ignition.data", origin,
		               "'%s' lies in the node's data, which only the agent writes", path);
}

static void check_mode(struct check *check, const char *path, unsigned mode, struct origin origin)
{
	if (mode > MODE_MAX)
		ignition_error(check, "ignition.mode", origin, "mode %o of '%s' is above 7777",
		               mode, path);
	else if ((mode & 07000) != 0)
		ignition_error(check, "ignition.mode", origin,
		               "mode %o of '%s': spec 3.3 cannot set setuid, setgid or sticky bits",
		               mode, path);
}

/* --- contents --- */

/* "sha512-" or "sha256-" and as many hex digits as the function gives. */
static bool hash_valid(const char *hash)
{
	size_t len = str_starts(hash, "sha512-") ? 128 : str_starts(hash, "sha256-") ? 64 : 0;
	const char *digits = hash + strlen("sha512-");

	return len > 0 && strlen(digits) == len && strspn(digits, "0123456789abcdefABCDEF") == len;
}

static bool source_known(const char *source)
{
	static const char *const schemes[] = { "http://", "https://", "tftp://",
		                               "s3://",   "gs://",    "data:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (str_starts(source, schemes[i]))
			return true;
	}
	return false;
}

static void check_resource(struct check *check, const char *what,
                           const struct ignition_resource *resource, struct origin origin)
{
	struct arena *arena;
	size_t len;

	if (resource->compression != NULL && !str_equal(resource->compression, "") &&
	    !str_equal(resource->compression, "gzip")) {
		ignition_error(check, "ignition.compression", origin,
		               "compression '%s' of %s is not gzip", resource->compression, what);
		return;
	}
	if (resource->hash != NULL && resource->source == NULL)
		ignition_error(check, "ignition.hash", origin, "%s has a hash and no source", what);
	else if (resource->hash != NULL && !hash_valid(resource->hash))
		ignition_error(check, "ignition.hash", origin, "the hash of %s is malformed", what);
	if (resource->source == NULL)
		return;
	if (!source_known(resource->source)) {
		ignition_error(check, "ignition.source", origin,
		               "the source of %s has an unknown scheme", what);
		return;
	}
	if (!str_starts(resource->source, "data:"))
		return;
	arena = arena_new_secret();
	if (ignition_data_read(arena, resource, DATA_MAX, &len) == NULL)
		ignition_error(check, "ignition.source", origin,
		               "the data URL of %s cannot be read", what);
	arena_free(arena);
}

static void check_files(struct check *check)
{
	for (size_t i = 0; i < check->config->files.count; i++) {
		const struct ignition_file *file = &check->config->files.items[i];

		check_path(check, file->path, file->origin);
		check_mode(check, file->path, file->mode, file->origin);
		check_resource(check, file->path, &file->contents, file->origin);
		if (file->overwrite && file->contents.source == NULL)
			ignition_error(check, "ignition.overwrite", file->origin,
			               "'%s' is to be overwritten with nothing", file->path);
		if (!file->overwrite)
			ignition_error(
				check, "ignition.rerun", file->origin,
				"'%s' without overwrite fails when Ignition runs a second time",
				file->path);
	}
}

static void check_dirs(struct check *check)
{
	for (size_t i = 0; i < check->config->dirs.count; i++) {
		const struct ignition_dir *dir = &check->config->dirs.items[i];

		check_path(check, dir->path, dir->origin);
		check_mode(check, dir->path, dir->mode, dir->origin);
	}
}

static void check_links(struct check *check)
{
	for (size_t i = 0; i < check->config->links.count; i++) {
		const struct ignition_link *link = &check->config->links.items[i];

		check_path(check, link->path, link->origin);
		if (link->target == NULL || link->target[0] == '\0')
			ignition_error(check, "ignition.target", link->origin,
			               "link '%s' has no target", link->path);
		if (!link->overwrite)
			ignition_error(
				check, "ignition.rerun", link->origin,
				"'%s' without overwrite fails when Ignition runs a second time",
				link->path);
	}
}

/* --- one path, one node --- */

struct place {
	const char *path;
	struct origin origin;
	bool is_link;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return strcmp(x->path != NULL ? x->path : "", y->path != NULL ? y->path : "");
}

/* True when one of the links is a directory above PATH: Ignition refuses to write through links. */
static const char *link_above(const struct ignition_config *config, const char *path)
{
	for (size_t i = 0; i < config->links.count; i++) {
		const char *link = config->links.items[i].path;

		if (link != NULL && str_starts(path, link) && path[strlen(link)] == '/')
			return link;
	}
	return NULL;
}

static void check_places(struct check *check)
{
	const struct ignition_config *config = check->config;
	size_t count = 0, room = config->files.count + config->dirs.count + config->links.count +
	                         config->units.count;
	struct place *places = arena_array(config->secret_arena, room, sizeof(*places));

	for (size_t i = 0; i < config->files.count; i++)
		places[count++] = (struct place){ .path = config->files.items[i].path,
			                          .origin = config->files.items[i].origin };
	for (size_t i = 0; i < config->dirs.count; i++)
		places[count++] = (struct place){ .path = config->dirs.items[i].path,
			                          .origin = config->dirs.items[i].origin };
	for (size_t i = 0; i < config->links.count; i++)
		places[count++] = (struct place){ .path = config->links.items[i].path,
			                          .origin = config->links.items[i].origin };
	for (size_t i = 0; i < config->units.count; i++) {
		const struct ignition_unit *unit = &config->units.items[i];

		if (unit->contents != NULL && unit->contents[0] != '\0')
			places[count++] = (struct place){
				.path = arena_printf(config->secret_arena, "/etc/systemd/system/%s",
				                     unit->name),
				.origin = unit->origin,
			};
	}
	qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++) {
		const char *link =
			places[i].path != NULL ? link_above(config, places[i].path) : NULL;

		if (link != NULL)
			ignition_error(check, "ignition.link", places[i].origin,
			               "'%s' would be written through the link '%s'",
			               places[i].path, link);
		if (i > 0 && compare_places(&places[i - 1], &places[i]) == 0)
			ignition_error(check, "ignition.duplicate", places[i].origin,
			               "'%s' is written twice", places[i].path);
	}
}

/* --- units --- */

static bool unit_name_valid(const char *name)
{
	static const char *const extensions[] = { ".service",   ".socket",   ".device", ".mount",
		                                  ".automount", ".swap",     ".target", ".path",
		                                  ".timer",     ".snapshot", ".slice",  ".scope" };

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (str_ends(name, extensions[i]) && strlen(name) > strlen(extensions[i]) &&
		    strchr(name, '/') == NULL)
			return true;
	}
	return false;
}

/* What is wrong with one line that begins an option or a section; NULL: nothing. */
static const char *line_wrong(const char *line, size_t len, bool in_section)
{
	const char *equals = memchr(line, '=', len);

	if (line[0] == '[')
		return len < 3 || line[len - 1] != ']' ? "a section's name does not end" : NULL;
	if (!in_section)
		return "there is text before the first section";
	if (equals == NULL || equals == line)
		return "a line is not KEY=VALUE";
	return NULL;
}

struct unit_scan {
	const char *wrong; /* NULL: parses */
	size_t line;
	bool installs; /* an option in [Install] */
};

static struct unit_scan unit_scan(const char *text)
{
	struct unit_scan scan = { 0 };
	bool in_section = false, in_install = false, continued = false;

	while (*text != '\0' && scan.wrong == NULL) {
		size_t len = strcspn(text, "\n");
		bool comment = len == 0 || text[0] == '#' || text[0] == ';';

		scan.line++;
		if (len > UNIT_LINE_MAX)
			scan.wrong = "a line is too long";
		else if (!continued && !comment)
			scan.wrong = line_wrong(text, len, in_section);
		if (!continued && !comment && text[0] == '[') {
			in_section = true;
			in_install = str_starts(text, "[Install]");
		} else if (!comment && in_install) {
			scan.installs = true;
		}
		continued = !comment && text[len - 1] == '\\';
		text += len + (text[len] == '\n');
	}
	if (scan.wrong == NULL && continued)
		scan.wrong = "the last line is continued";
	return scan;
}

static void check_unit(struct check *check, const struct ignition_unit *unit)
{
	struct unit_scan scan;

	if (!unit_name_valid(unit->name))
		ignition_error(check, "ignition.unit-name", unit->origin,
		               "'%s' is not the name of a unit", unit->name);
	if (unit->contents == NULL || unit->contents[0] == '\0')
		return;
	scan = unit_scan(unit->contents);
	if (scan.wrong != NULL)
		ignition_error(check, "ignition.unit", unit->origin, "unit '%s', line %zu: %s",
		               unit->name, scan.line, scan.wrong);
	else if (unit->has_enabled && unit->enabled && !scan.installs)
		ignition_error(
			check, "ignition.unit-install", unit->origin,
			"unit '%s' is enabled, but says nowhere for what: no [Install] section",
			unit->name);
}

static void check_units(struct check *check)
{
	const struct ignition_config *config = check->config;

	for (size_t i = 0; i < config->units.count; i++) {
		check_unit(check, &config->units.items[i]);
		for (size_t j = 0; j < i; j++) {
			if (str_equal(config->units.items[i].name, config->units.items[j].name))
				ignition_error(
					check, "ignition.duplicate", config->units.items[i].origin,
					"unit '%s' is given twice", config->units.items[i].name);
		}
	}
}

static void check_users(struct check *check)
{
	const struct ignition_config *config = check->config;

	for (size_t i = 0; i < config->users.count; i++) {
		const struct ignition_user *user = &config->users.items[i];

		for (size_t j = 0; j < i; j++) {
			if (str_equal(user->name, config->users.items[j].name))
				ignition_error(check, "ignition.duplicate", user->origin,
				               "user '%s' is given twice", user->name);
		}
		for (size_t j = 1; j < user->ssh_keys.count; j++) {
			for (size_t k = 0; k < j; k++) {
				if (str_equal(user->ssh_keys.items[j], user->ssh_keys.items[k]))
					ignition_error(check, "ignition.duplicate", user->origin,
					               "an ssh key of user '%s' is given twice",
					               user->name);
			}
		}
	}
}

bool ignition_validate(const struct ignition_config *config, struct findings *findings)
{
	struct check check = { .config = config, .findings = findings };
	size_t errors = findings->errors;

	if (config->replace.source != NULL || config->replace.hash != NULL)
		check_resource(&check, "the replacing config", &config->replace,
		               (struct origin){ 0 });
	check_users(&check);
	ignition_check_disks(&check);
	check_dirs(&check);
	check_files(&check);
	check_links(&check);
	check_places(&check);
	check_units(&check);
	return findings->errors == errors;
}
