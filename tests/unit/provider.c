/* provider/: the built-in table is whole, a broken one is refused at its place. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "provider/provider.h"

#include "tap.h"

#define FACT "source: https://example.net/a, seen: 2026-11-22"
#define HEAD "format: 1\nproviders:\n"
#define BOX "  box: { title: Box, "

static struct arena *arena;
static struct findings findings;

static bool decode(const char *text, struct providers *ret)
{
	struct source *source = arena_alloc(arena, sizeof(*source));

	*source = (struct source){ .name = "t.yaml", .data = text, .len = strlen(text) };
	findings_init(&findings, arena);
	return provider_decode(arena, source, ret, &findings);
}

static void test_builtin(void)
{
	struct source source = provider_builtin_source();
	struct providers p;
	const struct provider *table;
	bool sorted = true, sourced = true;

	findings_init(&findings, arena);
	ok(provider_decode(arena, &source, &p, &findings), "the built-in table is whole");
	findings_print(&findings, stdout, false);
	is_int((long long)(findings.warnings + findings.notes), 0, "nothing to say about it");
	ok(p.table.count >= 10, "it holds the usual ones");
	table = p.table.items;
	for (size_t i = 0; i < p.table.count; i++) {
		const struct provider_block *blocks = table[i].blocked.items;

		sorted &= i == 0 || strcmp(table[i - 1].name.v, table[i].name.v) < 0;
		for (size_t k = 0; k < table[i].blocked.count; k++)
			sourced &= blocks[k].source.v != NULL && blocks[k].seen.v != NULL;
		sourced &= !table[i].user_data.bytes.given || table[i].user_data.source.v != NULL;
	}
	ok(sorted, "sorted by name");
	ok(sourced, "every fact names its page");
}

static void test_lookups(void)
{
	struct providers p;
	const struct provider *hetzner;

	provider_builtin(arena, &p);
	hetzner = provider_find(&p, "hetzner");
	ok(hetzner != NULL, "hetzner is there");
	ok(provider_find(&p, "Hetzner") == NULL, "names are exact");
	is_int(hetzner->user_data.bytes.v, 32768, "32 KiB of user data");
	ok(provider_blocks(hetzner, 465) != NULL && provider_blocks(hetzner, 25) != NULL,
	   "it blocks 25 and 465");
	ok(provider_blocks(hetzner, 587) == NULL, "and not 587");
	ok(provider_blocks(NULL, 25) == NULL, "no provider blocks nothing");
	ok(provider_by_dmi(&p, "Hetzner", "vServer") == hetzner, "known by its vendor");
	ok(provider_by_dmi(&p, "QEMU", "Standard PC") == NULL, "QEMU is nobody's");
	ok(provider_by_dmi(&p, NULL, NULL) == NULL, "nothing is nobody's");
	is_str(provider_by_dmi(&p, "Google", "Google Compute Engine")->name.v, "gcp",
	       "known by its product");
	ok(!provider_find(&p, "exoscale")->user_data.bytes.given, "what is not known is absent");
	is_str(provider_hint(arena, &p, "hetzer"), "did you mean 'hetzner'?", "did you mean");
	ok(str_starts(provider_hint(arena, &p, "xyz"), "leave it out, or one of: aws, azure"),
	   "or all of them");
}

static const struct {
	const char *name, *text, *code, *message;
	unsigned line;
} broken[] = {
	{ "an unknown key", HEAD BOX "colour: red }\n", "provider.unknown-key", "colour", 3 },
	{ "no title", HEAD "  box: { ipv6: a }\n", "provider.missing", "title", 3 },
	{ "another format", "format: 2\nproviders: {}\n", "provider.value", "format", 1 },
	{ "a port that is none", HEAD BOX "blocked: [ { ports: [70000], rule: a, " FACT " } ] }\n",
	  "provider.value", "70000", 3 },
	{ "a rule about no port", HEAD BOX "blocked: [ { ports: [], rule: a, " FACT " } ] }\n",
	  "provider.value", "no port", 3 },
	{ "a rule without its page", HEAD BOX "blocked: [ { ports: [25], rule: a } ] }\n",
	  "provider.missing", "source", 3 },
	{ "two rules for a port",
	  HEAD BOX "blocked: [ { ports: [25], rule: a, " FACT " },\n { ports: [25], rule: b, " FACT
	           " } ] }\n",
	  "provider.value", "two rules", 4 },
	{ "a sentence with its full stop",
	  HEAD BOX "blocked: [ { ports: [25], rule: a., " FACT " } ] }\n", "provider.value",
	  "full stop", 3 },
	{ "a page without https",
	  HEAD BOX "user_data: { bytes: 1024, source: 'http://a', seen: 2026-11-22 } }\n",
	  "provider.value", "https", 3 },
	{ "a day that is none",
	  HEAD BOX "user_data: { bytes: 1024, source: 'https://a', seen: today } }\n",
	  "provider.value", "not a day", 3 },
	{ "two with one mark",
	  HEAD "  a: { title: A, dmi: { vendor: [X] } }\n  b: { title: B, dmi: { vendor: [X] } }\n",
	  "provider.value", "another one", 4 },
	{ "an image that is neither", HEAD BOX "images: { fcos: maybe } }\n", "provider.value",
	  "fcos", 3 },
};

static void test_broken(void)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct providers p;
		const struct finding *first;

		ok(!decode(broken[i].text, &p), "%s", broken[i].name);
		findings_sort(&findings);
		first = findings.count > 0 ? &findings.items[0] : NULL;
		is_str(first != NULL ? first->code : NULL, broken[i].code, "its code");
		ok(first != NULL && strstr(first->message, broken[i].message) != NULL,
		   "its sentence");
		is_int(first != NULL ? (long long)first->span.line : -1, broken[i].line,
		       "its line");
	}
}

int main(void)
{
	arena = arena_new();
	test_builtin();
	test_lookups();
	test_broken();
	arena_free(arena);
	return tap_done();
}
