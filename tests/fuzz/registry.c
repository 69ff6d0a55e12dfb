/* What a registry answers, and the files that hold logins. The first byte chooses what it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/image.h"
#include "probe/login.h"
#include "probe/registry_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Goes into a header or onto a terminal. */
static void is_plain(const char *s, char least)
{
	for (; s != NULL && *s != '\0'; s++)
		require(*s >= least && *s <= '~');
}

static void are_arches(const struct strings *arches)
{
	require(arches->count <= 2);
	for (size_t i = 0; i < arches->count; i++) {
		require(str_equal(arches->items[i], "aarch64") ||
		        str_equal(arches->items[i], "x86_64"));
		require(i == 0 || strcmp(arches->items[i - 1], arches->items[i]) < 0);
	}
}

static void manifest(struct arena *arena, const char *text, size_t len)
{
	struct registry_manifest manifest;
	const char *why = NULL;

	if (!registry_manifest_parse(arena, text, len, &manifest, &why)) {
		require(why != NULL);
		return;
	}
	are_arches(&manifest.arches);
	require(manifest.index == (manifest.config == NULL));
	require(manifest.index || image_is_digest(manifest.config));
}

static void config(struct arena *arena, const char *text, size_t len)
{
	struct strings arches = { 0 };
	const char *why = NULL;

	if (registry_config_parse(arena, text, len, &arches, &why))
		are_arches(&arches);
	else
		require(why != NULL && arches.count == 0);
}

static void token(struct arena *arena, const char *text, size_t len)
{
	const char *found = registry_token_parse(arena, text, len);

	require(found == NULL || *found != '\0');
	is_plain(found, '!');
}

static void challenge(struct arena *arena, const char *text)
{
	struct registry_challenge challenge = { 0 };

	registry_challenge_parse(arena, text, &challenge);
	is_plain(challenge.realm, ' ');
	is_plain(challenge.service, ' ');
	is_plain(challenge.scope, ' ');
	require(challenge.bearer ||
	        (challenge.realm == NULL && challenge.service == NULL && challenge.scope == NULL));
}

static void login(struct arena *arena, const char *text, size_t len)
{
	const char *helper,
		*found = login_parse(arena, text, len, "docker.io", "library/caddy", &helper);

	require(found == NULL || helper == NULL);
	is_plain(found, '!');
	require(helper == NULL || (*helper != '\0' && strpbrk(helper, "/ ;$") == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	char *text;

	if (len == 0)
		return 0;
	text = arena_strndup(arena, (const char *)data + 1, len - 1);
	switch (data[0]) {
	case 'm':
		manifest(arena, text, len - 1);
		break;
	case 'c':
		config(arena, text, len - 1);
		break;
	case 't':
		token(arena, text, len - 1);
		break;
	case 'w':
		challenge(arena, text);
		break;
	case 'l':
		login(arena, text, len - 1);
		break;
	default:
		is_plain(registry_error_parse(arena, text, len - 1), ' ');
		break;
	}
	return 0;
}
