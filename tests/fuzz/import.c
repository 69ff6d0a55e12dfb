/* Any bytes as what the compiler says of an import. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/import.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* These stand in SQL as they are. */
static bool is_plain(const char *s)
{
	return *s != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct plan_process processes[] = { { .name = "db" }, { .name = "tool" } };
	static struct plan plan = { .processes = { .items = processes, .count = 2 } };
	cleanup_arena struct arena *arena = arena_new();
	struct agent agent = { .arena = arena, .root = "", .plan = &plan };
	struct import_spec spec;
	int r = import_spec_read(&agent, arena, arena_strndup(arena, (const char *)data, len),
	                         &spec);

	if (r < 0) {
		require(agent.why[0] != '\0');
		return 0;
	}
	require(is_plain(spec.name) && is_plain(spec.owner) && is_plain(spec.user) &&
	        is_plain(spec.schema));
	for (size_t i = 0; i < spec.counts.count; i++)
		require(is_plain(spec.counts.items[i]));
	require(plan_process_find(&plan, spec.newest.process) != NULL && spec.newest.run.count > 0);
	require(spec.kind > DUMP_UNKNOWN && spec.kind < DUMP_COMPRESSED);
	for (size_t i = 0; i < spec.clear.count; i++)
		require(spec.clear.items[i].run.count > 0);
	return 0;
}
