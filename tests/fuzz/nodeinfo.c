/* What a server at somebody's address may say of itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "probe/nodeinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *link = nodeinfo_link(arena, (const char *)data, len, "example.org");
	const char *software = nodeinfo_software(arena, (const char *)data, len);

	require(link == NULL || (str_starts(link, "https://example.org/") && is_printable(link)));
	require(software == NULL || (is_printable(software) && strlen(software) <= 81));
	return 0;
}
