/* node/: tags as versions, and which of them an update takes. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/tag.h"
#include "probe/newer.h"

#include "fixture.h"

static struct arena *arena;

static struct strings split(const char *words)
{
	struct strings list = { 0 };

	for (; *words != '\0'; words += strspn(words, " ")) {
		size_t len = strcspn(words, " ");

		*list_add(arena, &list) = arena_strndup(arena, words, len);
		words += len;
	}
	return list;
}

static void test_versions(void)
{
	static const struct {
		const char *tag;
		size_t numbers; /* most that it counts for; 0: it is no version */
	} cases[] = {
		{ "v4.7.1", 3 },
		{ "2.75", 2 },
		{ "0.9.1.0", 4 },
		{ "17-bookworm", 1 },
		{ "7.4-bookworm", 2 },
		{ "4.7.1-alpine3.19", 3 },
		{ "latest", 0 },
		{ "v4.8.0-rc1", 0 },
		{ "v4.8.0-beta.2", 0 },
		{ "4.8.0b2", 0 },
		{ "4.8.0-SNAPSHOT", 0 },
		{ "nightly.2026.11.02", 0 },
		{ "pr-1.2.3", 0 },
		{ "1.2.3-1-preview", 0 },
		{ "v", 0 },
		{ "1.2.3.4.5.6.7", 0 },
		{ "1.99999999999", 0 },
		{ "1..2", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 0;

		while (n < 9 && tag_is_version(cases[i].tag, n + 1))
			n++;
		ok(n == cases[i].numbers, "'%s' has %zu numbers", cases[i].tag, cases[i].numbers);
	}
}

static void test_newer(void)
{
	ok(tag_is_newer("v4.7.10", "v4.7.9"), "numbers, not letters");
	ok(!tag_is_newer("v4.7.9", "v4.7.9") && !tag_is_newer("v4.7.8", "v4.7.9"), "only newer");
	ok(!tag_is_newer("4.7.10", "v4.7.9"), "another prefix");
	ok(!tag_is_newer("v4.7.10-bookworm", "v4.7.9"), "another suffix");
	ok(!tag_is_newer("v4.8", "v4.7.9"), "fewer numbers");
	ok(!tag_is_newer("latest", "v4.7.9") && !tag_is_newer("v4.7.9", "latest"), "no numbers");
}

#define MASTODON                                                                                   \
	"latest v4 v4.7 nightly v4.7.0 v4.7.1 v4.7.2 v4.7.10 v4.7.11-rc1 v4.7.3 v4.8.0-beta.1 "    \
	"v4.8.0 v5.0.0 4.7.99 v4.7.12-slim"
#define GOTOSOCIAL "0.19.2 0.19.3 0.20.0 0.20.2 0.21.0 1.0.0"

static void test_choice(void)
{
	static const struct {
		const char *now, *tags;
		enum tag_channel channel;
		const char *versions; /* of the application; NULL: none */
		const char *tag, *beyond;
		bool unfit;
	} cases[] = {
		{ "v4.7.1", MASTODON, TAG_PATCH, NULL, "v4.7.10", "v5.0.0", false },
		{ "v4.7.1", MASTODON, TAG_MINOR, NULL, "v4.8.0", "v5.0.0", false },
		{ "v4.7.1", MASTODON, TAG_NONE, NULL, NULL, "v5.0.0", false },
		{ "v4.7.10", MASTODON, TAG_PATCH, NULL, NULL, "v5.0.0", false },
		{ "v4.7.20", MASTODON, TAG_PATCH, NULL, NULL, "v5.0.0", false },
		{ "v5.0.0", MASTODON, TAG_MINOR, NULL, NULL, NULL, false },
		{ "v4.7.12-slim", MASTODON, TAG_MINOR, NULL, NULL, NULL, false },
		{ "v4.7.1", "", TAG_PATCH, NULL, NULL, NULL, false },
		{ "latest", MASTODON, TAG_PATCH, NULL, NULL, NULL, false },
		{ "2.75", "2.75 2.76 2.9 3.0 2.76.1", TAG_PATCH, NULL, "2.76", "3.0", false },
		{ "0.9.1.0", "0.9.1.0 0.9.1.2 0.9.2.0", TAG_PATCH, NULL, "0.9.1.2", "0.9.2.0",
		  false },
		/* what the definition was not written for */
		{ "0.19.2", GOTOSOCIAL, TAG_MINOR, "version < 0.21", "0.20.2", "1.0.0", true },
		{ "0.19.2", GOTOSOCIAL, TAG_PATCH, "version < 0.21", "0.19.3", "1.0.0", true },
		{ "0.20.2", GOTOSOCIAL, TAG_MINOR, "version < 0.21", NULL, "1.0.0", true },
		{ "0.19.2", "0.19.3 0.20.0", TAG_PATCH, "version < 0.21", "0.19.3", "0.20.0",
		  false },
		{ "r0.19.2", "r0.19.3", TAG_PATCH, "version < 0.21", NULL, "r0.19.3", true },
		/* images that belong together */
		{ "v4.7.1 v4.7.1", "v4.7.2 v4.7.3", TAG_PATCH, NULL, "v4.7.3", NULL, false },
		{ "v4.7.1 v4.7.3", "v4.7.1 v4.7.2 v4.7.3", TAG_PATCH, NULL, "v4.7.3", NULL, false },
		{ "v4.7.3 v4.7.1", "v4.7.1 v4.7.2", TAG_PATCH, NULL, NULL, NULL, false },
		{ "v4.8.0 v4.7.1", "v4.8.0 v4.8.1", TAG_PATCH, NULL, NULL, "v4.8.1", false },
		{ "v4.8.0 v4.7.1", "v4.8.0 v4.8.1", TAG_MINOR, NULL, "v4.8.1", NULL, false },
		{ "v4.7.1 v4.7.1-glitch", "v4.7.2 v4.7.2-glitch", TAG_PATCH, NULL, NULL, NULL,
		  false },
		/* odd ones */
		{ "v4.7.1", "v4.7.01 v4.7.001", TAG_PATCH, NULL, NULL, NULL, false },
		{ "v4.7.1", "v4.7.99999999999999999999 v4.7.2", TAG_PATCH, NULL, "v4.7.2", NULL,
		  false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct value_text condition = { .v = cases[i].versions };
		struct value_list versions = { .items = &condition, .count = condition.v != NULL };
		struct tag_wish wish = { .now = split(cases[i].now),
			                 .channel = cases[i].channel,
			                 .versions = &versions };
		struct strings tags = split(cases[i].tags);
		struct tag_choice choice;

		tag_choose(&wish, &tags, &choice);
		is_str(choice.tag, cases[i].tag, "case %zu: from %s", i, cases[i].now);
		is_str(choice.beyond, cases[i].beyond, "and what is beyond");
		ok(choice.unfit == cases[i].unfit, "and why");
	}
}

#define PROCESS(name, image, more) "  " name ": { image: \"" image "\", user: \"1:1\"" more " }\n"

/* Which images may go on, and which together. */
static void test_families(void)
{
	static const char app[] =
		"format: 1\nname: demo\ntitle: D\nversions: [version >= 4, version < "
		"5]\nprocesses:\n" PROCESS("web", "a.example/web:v4.7.1", "") PROCESS(
			"work", "${image.web}", "") PROCESS("stream", "a.example/stream:v4.7.1", "")
			PROCESS("own", "a.example/own:1.2",
	                        "") PROCESS("sql", "a.example/sql:17-bookworm", ", group: data")
				PROCESS("queue", "a.example/queue:7.4", ", group: data")
					PROCESS("find", "a.example/find:2.19.3", ", group: data");
	static const struct {
		const char *images, *expected; /* NAMES of each, ! for those that stay */
	} cases[] = {
		{ "", "web, stream; own; find" },
		{ "images: { caddy: a.example/caddy:2.8.4 }", "web, stream; own; find; caddy" },
		{ "images: { web: b.example/fork:v4.7.2 }", "web, stream; own; find" },
		{ "images: { web: b.example/fork:v4.7.2-x }", "web, stream!; own; find" },
		{ "images: { web: b.example/fork:latest, own: b.example/own:latest }",
		  "web, stream!; find" },
		{ "images: { web: b.example/fork:main, stream: b.example/stream:main }",
		  "own; find" },
		{ "images: { own: a.example/web:v4.7.1 }", "web, stream; find" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char settings[1024];
		struct newers all;
		struct fixture f;
		struct text text;

		snprintf(settings, sizeof(settings), STEAD_YAML "%s\n", cases[i].images);
		fixture_init(&f);
		fixture_build(&f, settings, app, NULL);
		fixture_is_clean(&f, cases[i].images);
		newer_list(f.arena, f.node, TAG_MINOR, &all);
		text_init(&text, f.arena);
		for (size_t n = 0; n < all.count; n++)
			text_addf(&text, "%s%s%s", n > 0 ? "; " : "",
			          newer_names(f.arena, &all.items[n]),
			          all.items[n].apart ? "!" : "");
		is_str(text.data, cases[i].expected, "together: %s", cases[i].images);
		for (size_t n = 0; n < all.count; n++) {
			const char *name = all.items[n].processes.items[0]->name;
			bool data = str_equal(name, "find") || str_equal(name, "caddy");

			is_int(all.items[n].wish.channel, data ? TAG_PATCH : TAG_MINOR,
			       "the channel of %s", name);
			ok((all.items[n].wish.versions != NULL) == str_equal(name, "web"),
			   "the versions of %s", name);
		}
		newer_list(f.arena, f.node, TAG_NONE, &all);
		is_int((long long)all.count, 0, "without a channel nothing goes on");
		fixture_done(&f);
	}
}

int main(void)
{
	arena = arena_new();
	test_versions();
	test_newer();
	test_choice();
	test_families();
	is_int(tag_channel("patch"), TAG_PATCH, "patch");
	is_int(tag_channel("minor"), TAG_MINOR, "minor");
	is_int(tag_channel("none"), TAG_NONE, "none");
	arena_free(arena);
	return tap_done();
}
