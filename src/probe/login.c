#include "probe/login.h"

#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/list.h"
#include "base/process.h"
#include "base/text.h"

enum { FILE_MAX_BYTES = 1024 * 1024, LOGIN_MAX = 16 * 1024, HELPER_MS = 20000 };

/* What docker calls its own registry in that file. */
#define HUB_KEY "https://index.docker.io/v1/"

static bool is_base64(const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;

	return len > 0 && len <= LOGIN_MAX &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
	               len;
}

/* The keys an image may have, the longest first: "host/a/b", "host/a", "host", and docker's. */
static void list_keys(struct arena *arena, const char *registry, const char *path,
                      struct strings *ret)
{
	char *key = arena_printf(arena, "%s/%s", registry, path), *slash;

	while ((slash = strrchr(key, '/')) != NULL) {
		*list_add(arena, ret) = arena_strdup(arena, key);
		*slash = '\0';
	}
	*list_add(arena, ret) = registry;
	if (str_equal(registry, "docker.io"))
		*list_add(arena, ret) = HUB_KEY;
	*list_add(arena, ret) = arena_printf(arena, "https://%s", registry);
	*list_add(arena, ret) = arena_printf(arena, "https://%s/v1/", registry);
	*list_add(arena, ret) = arena_printf(arena, "https://%s/v2/", registry);
}

/* A helper is a program's name, never a path. */
static const char *helper_name(struct arena *arena, const json_t *value)
{
	const char *s = json_string_value(value);

	if (s == NULL || *s == '\0' || strlen(s) > 64)
		return NULL;
	for (const char *c = s; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL)
			return NULL;
	return arena_strdup(arena, s);
}

const char *login_parse(struct arena *secret_arena, const char *data, size_t len,
                        const char *registry, const char *path, const char **ret_helper)
{
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *auths = json_object_get(root, "auths");
	const json_t *helpers = json_object_get(root, "credHelpers");
	struct strings keys = { 0 };
	const char *login = NULL;

	*ret_helper = NULL;
	list_keys(secret_arena, registry, path, &keys);
	for (size_t i = 0; i < keys.count && *ret_helper == NULL && login == NULL; i++) {
		const char *auth = json_string_value(
			json_object_get(json_object_get(auths, keys.items[i]), "auth"));

		*ret_helper = helper_name(secret_arena, json_object_get(helpers, keys.items[i]));
		if (*ret_helper == NULL && is_base64(auth))
			login = arena_strdup(secret_arena, auth);
	}
	if (*ret_helper == NULL && login == NULL)
		*ret_helper = helper_name(secret_arena, json_object_get(root, "credsStore"));
	json_decref(root);
	return login;
}

/* docker-credential-helpers: the server's name on stdin, JSON on stdout. */
static const char *ask_helper(struct arena *secret_arena, const char *helper, const char *registry,
                              int64_t until_ms)
{
	int64_t left_ms = until_ms - clock_ms();
	const char *server = str_equal(registry, "docker.io") ? HUB_KEY : registry;
	const char *argv[] = { arena_printf(secret_arena, "docker-credential-%s", helper), "get",
		               NULL };
	struct process_run run = { .argv = argv,
		                   .stdin_data = server,
		                   .stdin_len = strlen(server),
		                   .deadline_ms =
		                           (unsigned)(left_ms < HELPER_MS ? left_ms : HELPER_MS),
		                   .max_output_bytes = LOGIN_MAX };
	struct process_result result;
	const char *user, *password, *login = NULL;
	json_t *root;

	if (left_ms <= 0 || process_run(secret_arena, &run, &result) < 0 || result.timed_out ||
	    result.exit_code != 0)
		return NULL;
	root = json_loadb(result.out, result.out_len, 0, NULL);
	user = json_string_value(json_object_get(root, "Username"));
	password = json_string_value(json_object_get(root, "Secret"));
	/* "<token>" stands for a token that only docker itself can use. */
	if (user != NULL && password != NULL && *user != '\0' && !str_equal(user, "<token>")) {
		const char *both = arena_printf(secret_arena, "%s:%s", user, password);

		login = base64_encode(secret_arena, both, strlen(both));
	}
	json_decref(root);
	return login;
}

static void add_file(struct arena *arena, struct strings *files, const char *variable,
                     const char *rest)
{
	const char *value = getenv(variable);

	if (value != NULL && *value != '\0')
		*list_add(arena, files) = arena_printf(arena, "%s%s", value, rest);
}

const char *login_find(struct arena *secret_arena, const char *registry, const char *path,
                       int64_t until_ms)
{
	struct strings files = { 0 };

	add_file(secret_arena, &files, "REGISTRY_AUTH_FILE", "");
	add_file(secret_arena, &files, "XDG_RUNTIME_DIR", "/containers/auth.json");
	*list_add(secret_arena, &files) =
		arena_printf(secret_arena, "/run/containers/%u/auth.json", geteuid());
	add_file(secret_arena, &files, "XDG_CONFIG_HOME", "/containers/auth.json");
	add_file(secret_arena, &files, "HOME", "/.config/containers/auth.json");
	add_file(secret_arena, &files, "DOCKER_CONFIG", "/config.json");
	add_file(secret_arena, &files, "HOME", "/.docker/config.json");
	for (size_t i = 0; i < files.count; i++) {
		const char *login, *helper;
		char *data;
		size_t len;

		if (file_read(secret_arena, AT_FDCWD, files.items[i], FILE_MAX_BYTES, &data, &len) <
		    0)
			continue;
		login = login_parse(secret_arena, data, len, registry, path, &helper);
		if (login == NULL && helper != NULL)
			login = ask_helper(secret_arena, helper, registry, until_ms);
		if (login != NULL)
			return login;
	}
	return NULL;
}
