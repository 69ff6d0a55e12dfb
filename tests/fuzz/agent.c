/* What the agent reads from programs it does not trust: HTTP answers, output, JSON files of the
 * application. The first byte chooses, the first line of the rest is the pattern or the patch. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine.h"
#include "agent/http.h"
#include "agent/merge.h"
#include "agent/step.h"
#include "base/arena.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void last_line(struct arena *arena, const char *text)
{
	const char *line = engine_last_line(arena, text);

	require(strlen(line) <= 200 && strpbrk(line, "\n\r\033") == NULL);
	require(utf8_valid(line, strlen(line), NULL));
}

/* Only patterns of our own: regcomp's cost for any pattern is the C library's matter. */
static void match(const char *text)
{
	size_t start = 0, len = 0;

	if (step_match("password [A-Za-z ]*is ([A-Za-z0-9+/=]+)", text, &start, &len) == 0)
		require(len > 0 && start + len <= strlen(text));
}

static void merge(struct arena *arena, const char *patch_text, const char *target_text)
{
	cleanup_json json_t *patch = json_loads(patch_text, 0, NULL);
	cleanup_json json_t *target = json_loads(target_text, JSON_DECODE_ANY, NULL);
	cleanup_json json_t *once = NULL, *twice = NULL, *copy = NULL;

	if (patch == NULL || json_depth(patch) > 32)
		return;
	once = merge_patch(target, patch);
	copy = json_deep_copy(once);
	twice = merge_patch(copy, patch);
	require(json_equal(once, twice));
	require(json_text(arena, once, 0) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	char *text, *rest;

	if (len == 0)
		return 0;
	require(http_parse_status((const char *)data, len) < 1000);
	text = arena_strndup(arena, (const char *)data + 1, len - 1);
	last_line(arena, text);
	match(text);
	rest = strchr(text, '\n');
	if (rest != NULL) {
		*rest = '\0';
		merge(arena, text, rest + 1);
	}
	return 0;
}
