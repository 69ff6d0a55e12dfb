/* Any bytes: the bundle's reader ends; what it refuses has a sentence, and what it accepts can be
 * written and reads back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "plan/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct bundle *read_again(struct arena *arena, const char *written, size_t len)
{
	const char *error = NULL;
	struct bundle *bundle = bundle_read(arena, written, len, &error);

	require(bundle != NULL);
	return bundle;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *error = NULL, *written;
	struct bundle *bundle = bundle_read(arena, (const char *)data, len, &error), *again;
	size_t written_len;

	require((bundle == NULL) == (error != NULL));
	if (bundle == NULL) {
		require(*error != '\0');
		return 0;
	}
	require(bundle_find(bundle, BUNDLE_PLAN) != NULL);
	written = bundle_write(arena, bundle, &written_len, &error);
	require(written != NULL);
	again = read_again(arena, written, written_len);
	require(str_equal(again->id, bundle->id));
	require(str_equal(again->plan_sha256, bundle->plan_sha256));
	require(again->files.count == bundle->files.count);
	return 0;
}
