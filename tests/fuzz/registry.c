/* What a registry answers, and the files that hold logins. The first byte chooses what it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/image.h"
#include "node/tag.h"
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

/* Also what an update would make of them. */
static void tags(struct arena *arena, const char *text, size_t len)
{
	struct strings found = { 0 };
	struct tag_wish wish = { .channel = TAG_MINOR };
	struct tag_choice choice;

	(void)registry_tags_parse(arena, text, len, &found);
	for (size_t i = 0; i < found.count; i++)
		require(image_is_tag(found.items[i]));
	*list_add(arena, &wish.now) = "v4.7.1";
	tag_choose(&wish, &found, &choice);
	require(choice.tag == NULL || (tag_is_newer(choice.tag, "v4.7.1") &&
	                               tag_is_version(choice.tag, 3) && choice.tag[1] == '4'));
	require(choice.beyond == NULL || tag_is_newer(choice.beyond, "v4.7.1"));
}

static void next_page(struct arena *arena, const char *text)
{
	static const char here[] = "https://r.example/v2/a/tags/list";
	bool more;
	const char *next = registry_next_parse(arena, text, here, &more);

	require(next == NULL || (more && str_starts(next, "https://r.example/")));
	is_plain(next, '!');
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
	case 'g':
		tags(arena, text, len - 1);
		break;
	case 'n':
		next_page(arena, text);
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
