/* Any bytes as a table of providers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "provider/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *null;
	cleanup_arena struct arena *arena = arena_new();
	struct source source = { .name = "providers.yaml", .data = (const char *)data, .len = len };
	struct providers providers = { 0 };
	struct findings findings;
	bool ok;

	if (null == NULL)
		null = fopen("/dev/null", "w");
	require(null != NULL);
	findings_init(&findings, arena);
	ok = provider_decode(arena, &source, &providers, &findings);
	require(ok == (findings.errors == 0));
	for (size_t i = 0; ok && i < providers.table.count; i++) {
		const struct provider *p = (const struct provider *)providers.table.items + i;

		require(p->title.v != NULL && provider_find(&providers, p->name.v) == p);
	}
	findings_print(&findings, null, false);
	return 0;
}
