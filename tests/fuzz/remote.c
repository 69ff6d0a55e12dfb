/* What a machine says before anybody trusts it, and what people write to say where it is. The first
 * byte chooses. Whatever is shown of it holds no control character but the newline and the tab. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "remote/difference.h"
#include "remote/destination.h"
#include "remote/judge.h"
#include "remote/known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_harmless(const char *text)
{
	for (; *text != '\0'; text++)
		require((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t');
}

static void fuzz_inspect(struct arena *arena, const char *text, size_t len)
{
	static const struct source source = { .name = "stead.yaml", .data = "" };
	static const struct settings settings = {
		.source = &source,
		.app = { .v = "snac" },
		.domain = { .v = "example.org" },
		.machine = { .engine = { .v = "auto" }, .arch = { .v = "x86_64" } },
	};
	const struct judge_wish wish = { .settings = &settings, .machine = "host" };
	struct judge_verdict verdict;
	struct findings findings;
	struct inspect inspect;
	const char *error = NULL;

	findings_init(&findings, arena);
	if (inspect_read(arena, text, len, &inspect, &error) < 0) {
		require_harmless(error);
		return;
	}
	judge(&inspect, &wish, &findings, &verdict);
	require(findings.errors > 0 || verdict.engine != NULL);
	for (size_t i = 0; i < findings.count; i++) {
		require_harmless(findings.items[i].message);
		require(findings.items[i].hint != NULL);
	}
}

static void fuzz_change(struct arena *arena, const char *text, size_t len)
{
	const char *error = NULL, *hint = NULL;
	struct difference change;

	if (difference_read(arena, text, len, &change, &error, &hint) < 0) {
		require_harmless(error);
		return;
	}
	require_harmless(difference_text(arena, &change, false));
	require_harmless(difference_summary(arena, &change));
	for (size_t i = 0; i < change.files.count; i++)
		require(!change.files.items[i].secret || change.files.items[i].new == NULL);
}

static void fuzz_known_hosts(struct arena *arena, const char *text)
{
	struct host_keys keys = { 0 }, again = { 0 };

	known_hosts_find(arena, text, "a", &keys);
	for (size_t i = 0; i < keys.count; i++)
		require(host_keys_by_fingerprint(&keys, keys.items[i].fingerprint) != NULL);
	known_hosts_find(arena, known_hosts_add(arena, "", "a", &keys), "a", &again);
	require((again.count > 0) == (keys.count > 0));
}

static void fuzz_destination(struct arena *arena, const char *text)
{
	struct destination to, again;
	const char *error = NULL;

	if (destination_parse(arena, text, &to, &error) < 0) {
		require(error != NULL);
		return;
	}
	require(*to.host != '-' && (to.user == NULL || *to.user != '-'));
	require(destination_parse(arena, destination_text(arena, &to), &again, &error) == 0);
	require(str_equal(again.host, to.host) && str_equal(again.user, to.user) &&
	        again.port == to.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *text;

	if (len == 0)
		return 0;
	text = arena_strndup(arena, (const char *)data + 1, len - 1);
	if (*data == 'i')
		fuzz_inspect(arena, text, len - 1);
	else if (*data == 'c')
		fuzz_change(arena, text, len - 1);
	else if (*data == 'k')
		fuzz_known_hosts(arena, text);
	else
		fuzz_destination(arena, text);
	return 0;
}
