/* Does all that may run at once fit into the machine? */
#include "check/families.h"

#include "base/arena.h"

#define MIB (1LL << 20)

enum { STEP_MIB = 512 }; /* the sizes that machines are sold in */

/* The smallest machine that SIZE's own limits fit into; 0 when that is one that has the limits of
 * the next size already. */
static long long smallest_for(const struct node *node, const struct node_size *size)
{
	long long step = STEP_MIB * MIB, need = size->limits_bytes + NODE_RESERVE_BYTES;
	long long fits = (need + step - 1) / step * step;

	if (fits < size->from_bytes)
		fits = size->from_bytes;
	for (size_t i = 0; i < node->sizes.count; i++) {
		const struct node_size *other = &node->sizes.items[i];

		if (other->from_bytes > size->from_bytes && fits >= other->from_bytes)
			return 0;
	}
	return fits;
}

/* The smallest machine from AT_LEAST on; 0: there is none. */
static long long smallest(const struct node *node, long long at_least)
{
	long long best = 0;

	for (size_t i = 0; i < node->sizes.count; i++) {
		long long fits = smallest_for(node, &node->sizes.items[i]);

		if (fits >= at_least && fits > 0 && (best == 0 || fits < best))
			best = fits;
	}
	return best;
}

/* A larger machine is what one expects to be told; a smaller one would have smaller limits. */
static const char *hint_of(struct arena *arena, const struct node *node)
{
	long long fits = smallest(node, node->machine.size_bytes);

	if (fits == 0)
		fits = smallest(node, 0);
	if (fits == 0)
		return "no size fits: the limits of the definition are wrong";
	if (fits % (1024 * MIB) == 0)
		return arena_printf(arena, "'machine.size: %lldg' would fit", fits / MIB / 1024);
	return arena_printf(arena, "'machine.size: %lldm' would fit", fits / MIB);
}

CHECK_FAMILY(memory)
{
	const struct value_int *written = &inputs->settings->machine.size;
	cleanup_arena struct arena *scratch = arena_new();
	struct span at = written->at;

	if (at.source == NULL)
		at = (struct span){ .source = inputs->settings->source };
	for (size_t i = 0; i < node->sizes.count; i++) {
		const struct node_size *size = &node->sizes.items[i];

		/* A machine below the smallest size has its finding. */
		if (!size->used || size->limits_bytes == 0 ||
		    node->machine.size_bytes < size->from_bytes ||
		    size->limits_bytes + NODE_RESERVE_BYTES <= node->machine.size_bytes)
			continue;
		diag_error(findings, "memory.sum", at, hint_of(scratch, node),
		           "the processes may use %lld MiB and the system needs %lld MiB: more "
		           "than the machine's %lld MiB",
		           size->limits_bytes / MIB, NODE_RESERVE_BYTES / MIB,
		           node->machine.size_bytes / MIB);
	}
}
