/* What the agent reads about a machine: os-release, /proc/net, what package managers print. The
 * first byte chooses what it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/os.h"
#include "agent/ports.h"
#include "base/arena.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void is_clean(const char *text)
{
	if (text == NULL)
		return;
	require(utf8_valid(text, strlen(text), NULL) && strpbrk(text, "\n\r\033") == NULL);
}

static void release(struct arena *arena, const char *text)
{
	struct os_release os;

	os_release_parse(arena, text, &os);
	is_clean(os.id);
	is_clean(os.version);
	is_clean(os.name);
	is_clean(os.variant);
	for (size_t i = 0; i < os.like.count; i++)
		is_clean(os.like.items[i]);
}

static void version(struct arena *arena, const char *text)
{
	const char *found = os_version_in(arena, text);

	if (found == NULL)
		return;
	require(*found != '\0' && strspn(found, "0123456789.") == strlen(found));
	require(os_version_major(found) <= 999999);
}

static void listening(struct arena *arena, const char *text, const char *proto)
{
	struct ports ports = { 0 };

	ports_parse(arena, text, proto, &ports);
	for (size_t i = 0; i < ports.count; i++) {
		require(ports.items[i].number > 0 && ports.items[i].number <= 65535);
		require(strpbrk(ports.items[i].address, ".:") != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	char *text;

	if (len == 0)
		return 0;
	text = arena_strndup(arena, (const char *)data + 1, len - 1);
	switch (data[0]) {
	case 'o':
		release(arena, text);
		break;
	case 'v':
		version(arena, text);
		break;
	case 'a':
		(void)os_apt_candidate(arena, text, "podman");
		break;
	case 't':
		listening(arena, text, "tcp");
		break;
	case 'u':
		listening(arena, text, "udp");
		break;
	default:
		(void)os_nft_restricts(text);
		(void)os_is_yes(arena, text, "ENABLED");
		break;
	}
	return 0;
}
