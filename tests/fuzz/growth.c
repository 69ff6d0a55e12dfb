/* The agent's notes of how the disk fills: who can write them is root, but power may be cut. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/growth.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void is_in_order(const struct growth *growth)
{
	require(growth->count <= 100);
	for (size_t i = 0; i < growth->count; i++) {
		const struct growth_sample *sample = &growth->items[i];

		require(sample->at_s > 0 && sample->used >= 0 && sample->used <= sample->size);
		require(i == 0 || growth->items[i - 1].at_s < sample->at_s);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct growth_sample now = { .at_s = 1800000000, .used = 5, .size = 10 };
	struct growth growth;
	long long bytes, since;

	(void)growth_parse(arena, (const char *)data, len, &growth);
	is_in_order(&growth);
	growth_add(arena, &growth, &now);
	is_in_order(&growth);
	require(growth.items[growth.count - 1].at_s == now.at_s);
	(void)growth_per_day(&growth, &bytes, &since);
	return 0;
}
