/*
 * Where backups are to go: is it there, does the login work, what is in it? Whose a repository is
 * would need its password and restic; that it is one is seen by its files.
 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "probe/fetch.h"
#include "probe/online.h"
#include "remote/destination.h"
#include "remote/ssh.h"
#include "secret/secret.h"

enum { SFTP_MS = 25 * 1000, HTTP_MS = 15 * 1000, BODY_MAX = 64 * 1024, MARK_BYTES = 8 };

#define LATER "whose it is, is seen when the first backup opens it with its password"

/* --- sftp --- */

struct place {
	struct destination to;
	const char *path; /* "" : where the login leads */
};

/* A path that needs no quoting in sftp's own language, where a star would be more than a star. */
static bool is_plain(const char *path)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+@~, -";

	return path[strspn(path, allowed)] == '\0' && *path != '-';
}

/* "sftp://user@host:port/path", below the login's folder, "…//path" from the root on; or restic's
 * other form, "sftp:user@host:/path". */
static bool parse_sftp(struct probe *probe, const char *to, struct place *ret)
{
	bool url = str_starts(to, "sftp://");
	const char *rest = to + strlen(url ? "sftp://" : "sftp:"), *error;
	size_t len = strcspn(rest, url ? "/" : ":");

	if (rest[len] != '\0')
		ret->path = rest + len + 1;
	else
		ret->path = "";
	return destination_parse(probe->arena, arena_strndup(probe->arena, rest, len), &ret->to,
	                         &error) == 0;
}

static void words(struct probe *probe, const struct place *place, struct strings *ret)
{
	struct arena *arena = probe->arena;
	static const char *const fixed[] = { "sftp",
		                             "-b",
		                             "-",
		                             "-oBatchMode=yes",
		                             "-oConnectTimeout=10",
		                             "-oStrictHostKeyChecking=yes" };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		*list_add(arena, ret) = fixed[i];
	if (probe->online->known_hosts != NULL)
		*list_add(arena, ret) =
			arena_printf(arena, "-oUserKnownHostsFile=%s ~/.ssh/known_hosts",
		                     ssh_quoted(arena, probe->online->known_hosts));
	if (place->to.port != 0) {
		*list_add(arena, ret) = "-P";
		*list_add(arena, ret) = arena_printf(arena, "%u", place->to.port);
	}
	*list_add(arena, ret) = "--";
	*list_add(arena, ret) =
		place->to.user != NULL
			? arena_printf(arena, "%s@%s", place->to.user, place->to.host)
			: place->to.host;
	*list_add(arena, ret) = NULL;
}

/* Runs commands of sftp(1). 0 when it was connected. */
static int sftp(struct probe *probe, const struct place *place, const char *commands,
                struct process_result *ret)
{
	struct strings argv = { 0 };
	struct process_run run = { .stdin_data = commands,
		                   .stdin_len = strlen(commands),
		                   .deadline_ms = SFTP_MS };
	int r;

	words(probe, place, &argv);
	run.argv = argv.items;
	r = process_run(probe->arena, &run, ret);
	if (r < 0)
		return r;
	return ret->timed_out ? -ETIMEDOUT : ret->exit_code == SSH_FAILED ? -ECONNREFUSED : 0;
}

static void judge_connection(struct probe *probe, struct span at, const char *host, int r,
                             const struct process_result *result)
{
	const char *line = r == -ETIMEDOUT      ? "it takes too long"
	                   : r == -ECONNREFUSED ? ssh_last_line(probe->arena, result->err)
	                                        : strerror(-r);

	if (r == -ECONNREFUSED && strstr(result->err, "Host key verification failed") != NULL)
		diag_error(&probe->findings, "backup.host-key", at,
		           arena_printf(probe->arena,
		                        "compare its key with what its owner publishes: 'ssh %s' "
		                        "shows it and keeps it",
		                        host),
		           "the key of %s is not known, or is another one now", host);
	else if (r == -ECONNREFUSED && strstr(result->err, "Permission denied") != NULL)
		diag_error(&probe->findings, "backup.login", at,
		           "the key must be in ~/.ssh or in ssh's agent, and be known there", "%s",
		           arena_printf(probe->arena, "%s refuses the login: %s", host,
		                        line != NULL ? line : ""));
	else
		diag_warning(&probe->findings, "backup.unreachable", at, NULL,
		             "%s is not reached: %s", host,
		             line != NULL ? line : "no reason is said");
}

/* Whether sftp's list has an entry of this name. */
static bool lists(const char *out, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = out; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		size_t line_len;

		line += *line == '\n';
		line_len = strcspn(line, "\r\n");
		if (!str_starts(line, "sftp>") && line_len >= len &&
		    strncmp(line + line_len - len, name, len) == 0 &&
		    (line_len == len || line[line_len - len - 1] == '/'))
			return true;
	}
	return false;
}

/* Anything but itself and the folder above. */
static bool lists_anything(const char *out)
{
	for (const char *line = out; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		len = strcspn(line, "\r\n");
		if (len > 0 && !str_starts(line, "sftp>") && line[len - 1] != '.')
			return true;
	}
	return false;
}

static void judge_write(struct probe *probe, const struct place *place, struct span at)
{
	const char *mark = secret_random_hex(probe->arena, MARK_BYTES), *slash;
	struct process_result result;

	slash = *place->path == '\0' || str_ends(place->path, "/") ? "" : "/";
	if (sftp(probe, place,
	         arena_printf(probe->arena, "-mkdir \"%s%s.stead-%s\"\n-rmdir \"%s%s.stead-%s\"\n",
	                      place->path, slash, mark, place->path, slash, mark),
	         &result) == 0 &&
	    strstr(result.err, "Permission denied") != NULL)
		diag_error(&probe->findings, "backup.read-only", at, NULL,
		           "the login may not write to '%s' at %s", place->path, place->to.host);
}

static void check_sftp(struct probe *probe, const struct value_text *to)
{
	const bool append_only = probe->online->settings->backup.append_only.v;
	struct place place = { 0 };
	struct process_result result = { 0 };
	int r;

	if (!parse_sftp(probe, to->v, &place) || !is_plain(place.path)) {
		probe_skip(probe, "sftp cannot be asked about a path like this");
		return;
	}
	r = sftp(probe, &place,
	         arena_printf(probe->arena, "-ls -1a \"%s\"\n",
	                      *place.path != '\0' ? place.path : "."),
	         &result);
	if (r < 0) {
		judge_connection(probe, to->at, place.to.host, r, &result);
		return;
	}
	if (strstr(result.err, "not found") != NULL || strstr(result.err, "No such file") != NULL) {
		probe_saw(probe,
		          "%s takes the login; '%s' is not there yet, the first backup makes it",
		          place.to.host, place.path);
		return;
	}
	if (lists(result.out, "config") && lists(result.out, "keys")) {
		probe_saw(probe, "%s takes the login; '%s' is a repository of restic: " LATER,
		          place.to.host, place.path);
	} else if (lists_anything(result.out)) {
		diag_error(&probe->findings, "backup.other-files", to->at,
		           "write a folder of its own",
		           "'%s' at %s holds other files, and no repository of restic", place.path,
		           place.to.host);
		return;
	} else {
		probe_saw(probe, "%s takes the login; '%s' is empty", place.to.host, place.path);
	}
	if (!append_only)
		judge_write(probe, &place, to->at);
}

/* --- https --- */

/* Without a login that is written in it. */
static const char *shown(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://"), *at;
	size_t before;

	if (host == NULL)
		return url;
	host += 3;
	at = memrchr(host, '@', strcspn(host, "/"));
	before = (size_t)(host - url);
	return at == NULL ? url : arena_printf(arena, "%.*s%s", (int)before, url, at + 1);
}

static bool get(struct probe *probe, const struct value_text *to, const char *url,
                struct fetch_answer *ret)
{
	struct fetch fetch_it = {
		.url = url,
		.head = true,
		.plain = str_starts(url, "http://"),
		.ca_file = probe->online->ca_file,
		.once = true,
		.max_bytes = BODY_MAX,
		.until_ms = clock_ms() + HTTP_MS,
	};

	fetch(probe->arena, &fetch_it, ret);
	if (ret->result == FETCH_OK)
		return true;
	diag_warning(&probe->findings, "backup.unreachable", to->at, NULL, "%s is not reached: %s",
	             shown(probe->arena, url), ret->error);
	return false;
}

static void check_rest(struct probe *probe, const struct value_text *to)
{
	const char *url = to->v + strlen("rest:"), *name = shown(probe->arena, url);
	struct fetch_answer answer;

	url = arena_printf(probe->arena, "%s%sconfig", url, str_ends(url, "/") ? "" : "/");
	if (!get(probe, to, url, &answer))
		return;
	if (answer.status == 200)
		probe_saw(probe, "%s is a repository of restic: " LATER, name);
	else if (answer.status == 404)
		probe_saw(probe, "%s answers; there is no repository yet", name);
	else if (answer.status == 401 || answer.status == 403)
		diag_error(&probe->findings, "backup.login", to->at, NULL,
		           "%s refuses the login (%ld)", name, answer.status);
	else
		diag_warning(&probe->findings, "backup.answer", to->at, NULL,
		             "%s answers %ld, which no server for restic does", name,
		             answer.status);
}

/* "s3:https://endpoint/bucket/prefix", or without its "https://". */
static void check_s3(struct probe *probe, const struct value_text *to)
{
	const char *url = to->v + strlen("s3:"), *name;
	struct fetch_answer answer;
	size_t len;

	if (strstr(url, "://") == NULL)
		url = arena_printf(probe->arena, "https://%s", url);
	len = (size_t)(strstr(url, "://") + 3 - url);
	len += strcspn(url + len, "/");
	if (url[len] == '/')
		len += 1 + strcspn(url + len + 1, "/");
	url = arena_strndup(probe->arena, url, len);
	name = shown(probe->arena, url);
	if (!get(probe, to, url, &answer))
		return;
	if (answer.status == 404)
		diag_error(&probe->findings, "backup.missing", to->at,
		           "make it, or look for a typing error", "there is no bucket %s", name);
	else if (answer.status == 301 || answer.status == 307)
		diag_warning(&probe->findings, "backup.answer", to->at,
		             "write the endpoint of the bucket's region",
		             "%s sends everybody elsewhere (%ld)", name, answer.status);
	else
		probe_saw(probe,
		          "%s answers %ld without keys; what is in it is seen by the first backup",
		          name, answer.status);
}

void probe_backup(struct probe *probe)
{
	const struct value_text *to = &probe->online->settings->backup.to;

	if (to->v == NULL)
		probe_skip(probe, "no backups are made");
	else if (str_starts(to->v, "sftp:"))
		check_sftp(probe, to);
	else if (str_starts(to->v, "rest:"))
		check_rest(probe, to);
	else if (str_starts(to->v, "s3:"))
		check_s3(probe, to);
	else
		probe_skip(probe, "repositories of this kind cannot be looked at from here");
}
