/* Any bytes as stead.yaml and stead.lock: decoding ends, what it accepts holds together. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void try_settings(struct arena *arena, const struct yaml_node *root,
                         const struct source *source, struct findings *findings)
{
	struct settings settings;
	size_t errors = findings->errors;
	bool ok = settings_decode(arena, root, source, &settings, findings);

	require(ok == (findings->errors == errors));
	if (!ok)
		return;
	/* What is needed is there. */
	require(settings.app.v != NULL && settings.domain.v != NULL &&
	        settings.admin.name.v != NULL);
	require((settings.mail.word.v != NULL) != (settings.mail.host.v != NULL));
	require((settings.backup.word.v != NULL) != (settings.backup.to.v != NULL));
	require(settings_web(&settings)->v != NULL && settings.tls.issuer.v != NULL);
	require(settings.machine.size.given && settings.delivery.v != NULL);
	require(settings.admin.name.v[0] != '-' || strchr(settings.admin.name.v, '\n') == NULL);
}

/* A lock that was read is written, and reads back as the same. */
static void try_lock(struct arena *arena, const struct yaml_node *root, struct findings *findings)
{
	struct lock lock, again;
	struct findings none;
	struct source source = { .name = "again" };
	const struct yaml_node *node;

	if (!lock_decode(arena, root, &lock, findings))
		return;
	source.data = lock_write(arena, &lock);
	source.len = strlen(source.data);
	findings_init(&none, arena);
	node = yaml_parse(arena, &source, &none);
	require(node != NULL && lock_decode(arena, node, &again, &none));
	require(str_equal(lock.app, again.app) && str_equal(lock.domain, again.domain));
	require(str_equal(lock.lineage, again.lineage) && lock.images.count == again.images.count);
	require(lock.arches.count == again.arches.count && lock.tags.count == again.tags.count);
	require(strcmp(source.data, lock_write(arena, &again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *null;
	cleanup_arena struct arena *arena = arena_new();
	struct source source = { .name = "fuzz.yaml", .data = (const char *)data, .len = len };
	struct findings findings;
	const struct yaml_node *root;

	if (null == NULL)
		null = fopen("/dev/null", "w");
	require(null != NULL);
	findings_init(&findings, arena);
	root = yaml_parse(arena, &source, &findings);
	if (root != NULL) {
		try_settings(arena, root, &source, &findings);
		try_lock(arena, root, &findings);
	}
	findings_print(&findings, null, false);
	findings_print_json(&findings, null);
	return 0;
}
