/* Any bytes: the plan's reader ends; what it refuses has a sentence, and what it accepts can be
 * written and reads back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *error = NULL, *written;
	const struct plan *plan = plan_read(arena, (const char *)data, len, &error);

	require((plan == NULL) == (error != NULL));
	if (plan == NULL) {
		require(*error != '\0');
		return 0;
	}
	written = plan_write(arena, plan);
	require(written != NULL);
	plan = plan_read(arena, written, strlen(written), &error);
	require(plan != NULL);
	require(str_equal(plan_write(arena, plan), written));
	return 0;
}
