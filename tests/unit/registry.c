/* probe/: what registries answer, and logins. The rest is tests/cli/lock.sh. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "probe/login.h"
#include "probe/registry.h"
#include "probe/registry_answer.h"

#include "tap.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ENTRY(os, arch)                                                                            \
	"{\"digest\":\"" DIGEST "\",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" \
	"}}"

static const char *joined(struct arena *arena, const struct strings *list)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < list->count; i++)
		text_addf(&text, "%s%s", i == 0 ? "" : " ", list->items[i]);
	return text.data;
}

static void test_manifests(struct arena *arena)
{
	static const char index[] = "{\"schemaVersion\":2,\"manifests\":[" ENTRY(
		"linux", "amd64") "," ENTRY("linux", "arm64") "," ENTRY("windows", "amd64") "]}";
	static const char image[] =
		"{\"schemaVersion\":2,\"config\":{\"digest\":\"" DIGEST "\"},\"layers\":[]}";
	static const struct {
		const char *json, *why;
	} bad[] = {
		{ "<html>", "no JSON" },
		{ "{}", "no manifest of an image" },
		{ "{\"schemaVersion\":3,\"manifests\":[]}", "no manifest of an image" },
		{ "{\"schemaVersion\":1}", "an image of a format that is too old (schema 1)" },
		{ "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		  "an index and an image at once" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"md5:0\"},\"layers\":[]}",
		  "a manifest without the digest of its configuration" },
	};
	struct registry_manifest m;
	const char *why;

	ok(registry_manifest_parse(arena, index, strlen(index), &m, &why) && m.index,
	   "an index is one");
	is_str(joined(arena, &m.arches), "aarch64 x86_64", "its Linux images, sorted");
	ok(registry_manifest_parse(arena, image, strlen(image), &m, &why) && !m.index,
	   "so is one image");
	is_str(m.config, DIGEST, "with its configuration");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!registry_manifest_parse(arena, bad[i].json, strlen(bad[i].json), &m, &why),
		   "refused: %s", bad[i].json);
		is_str(why, bad[i].why, "and why");
	}
}

static void test_challenges(struct arena *arena)
{
	struct registry_challenge c = { 0 }, two = { 0 }, basic = { 0 };

	registry_challenge_parse(arena,
	                         "Basic realm=\"x\", Bearer realm=\"https://auth.example/t\", "
	                         "service = \"r, \\\"s\\\"\",scope=\"repository:a/b:pull,push\"",
	                         &c);
	ok(c.bearer && c.basic, "both are offered");
	is_str(c.realm, "https://auth.example/t", "the realm");
	is_str(c.service, "r, \"s\"", "a quoted value with a comma and quotes");
	is_str(c.scope, "repository:a/b:pull,push", "the scope");
	registry_challenge_parse(arena, "Bearer realm=\"https://a\"", &two);
	registry_challenge_parse(arena, "Bearer realm=\"https://b\",scope=\"c\"", &two);
	is_str(two.realm, "https://a", "the first Bearer counts");
	is_str(two.scope, NULL, "and is not mixed with another");
	registry_challenge_parse(arena, "Negotiate YWJj==, bAsIc realm=x", &basic);
	ok(basic.basic && !basic.bearer, "names have no case; others are passed over");
	basic = (struct registry_challenge){ 0 };
	registry_challenge_parse(arena, "Bearer realm=\"https://a\r\nX: y\"", &basic);
	is_str(basic.realm, NULL, "no line break in a value");
}

static void test_tags(struct arena *arena)
{
	static const char page[] =
		"{\"name\":\"a/b\",\"tags\":[\"v1.2\",\"-x\",\"a b\",7,null,\"latest\"]}";
	static const char *const none[] = { "<html>", "{}", "{\"tags\":{}}", "[]" };
	struct strings tags = { 0 };

	ok(registry_tags_parse(arena, page, strlen(page), &tags), "a page of tags");
	is_str(joined(arena, &tags), "v1.2 latest", "without what can be none");
	ok(registry_tags_parse(arena, "{\"tags\":null}", 13, &tags), "an empty one");
	ok(registry_tags_parse(arena, "{\"tags\":[\"2\"]}", 14, &tags), "one more");
	is_str(joined(arena, &tags), "v1.2 latest 2", "is added");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ok(!registry_tags_parse(arena, none[i], strlen(none[i]), &tags), "none: %s",
		   none[i]);
}

static void test_pages(struct arena *arena)
{
	static const char here[] = "https://r.example:5000/v2/a/b/tags/list?n=1000";
	static const struct {
		const char *header, *next;
		bool more;
	} cases[] = {
		{ "</v2/a/b/tags/list?n=2&last=v1>; rel=\"next\"",
		  "https://r.example:5000/v2/a/b/tags/list?n=2&last=v1", true },
		{ "</p>;rel=next", "https://r.example:5000/p", true },
		{ "<https://r.example:5000/p?x>; title=\"a, <b>\"; rel=\"next\"",
		  "https://r.example:5000/p?x", true },
		{ "</first>; rel=\"first\", </p>; REL=Next", "https://r.example:5000/p", true },
		{ "</first>; rel=\"first\"", NULL, false },
		{ "", NULL, false },
		{ "</p", NULL, false },
		{ "</p>", NULL, false },
		{ "<https://evil.example/p>; rel=next", NULL, true },
		{ "<https://r.example:5000.evil.example/p>; rel=next", NULL, true },
		{ "<http://r.example:5000/p>; rel=next", NULL, true },
		{ "<//evil.example/p>; rel=next", NULL, true },
		{ "<file:///etc/passwd>; rel=next", NULL, true },
		{ "</a b>; rel=next", NULL, true },
		{ "<p>; rel=next", NULL, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool more;

		is_str(registry_next_parse(arena, cases[i].header, here, &more), cases[i].next,
		       "next page: %s", cases[i].header);
		ok(more == cases[i].more, "and whether there is one");
	}
}

static void test_logins(struct arena *arena)
{
	static const char file[] =
		"{\"auths\":{\"r.example:5000\":{\"auth\":\"aG9zdA==\"},"
		"\"r.example:5000/team\":{\"auth\":\"dGVhbQ==\"},"
		"\"https://index.docker.io/v1/\":{\"auth\":\"aHVi\"}},"
		"\"credHelpers\":{\"h.example\":\"pass\"},\"credsStore\":\"../evil\"}";
	const char *helper;

	is_str(login_parse(arena, file, strlen(file), "r.example:5000", "other/x", &helper),
	       "aG9zdA==", "the registry's");
	is_str(login_parse(arena, file, strlen(file), "r.example:5000", "team/x", &helper),
	       "dGVhbQ==", "the one of a part of it comes first");
	is_str(login_parse(arena, file, strlen(file), "docker.io", "library/x", &helper), "aHVi",
	       "docker's own name of its registry");
	is_str(login_parse(arena, file, strlen(file), "h.example", "x", &helper), NULL,
	       "one that a program keeps");
	is_str(helper, "pass", "its name");
	is_str(login_parse(arena, file, strlen(file), "z.example", "x", &helper), NULL, "none");
	is_str(helper, NULL, "a path is no program's name");
}

static void test_errors(struct arena *arena)
{
	static const char escape[] = "{\"errors\":[{\"message\":\"\\u001b[31mred\"}]}";
	static const char code[] = "{\"errors\":[{\"code\":\"DENIED\"}]}";

	is_str(registry_error_parse(arena, escape, strlen(escape)), "?[31mred",
	       "nothing that surprises a terminal");
	is_str(registry_error_parse(arena, code, strlen(code)), "DENIED", "the code, else");
	is_str(registry_error_parse(arena, "{", 1), NULL, "none");
	is_str(registry_token_parse(arena, "{\"token\":\"a\\nb\"}", 16), NULL,
	       "no token with a line break");
	is_str(registry_token_parse(arena, "{\"access_token\":\"ab\"}", 21), "ab",
	       "OAuth's name of it");
}

int main(void)
{
	cleanup_arena struct arena *arena = arena_new();

	test_manifests(arena);
	test_challenges(arena);
	test_tags(arena);
	test_pages(arena);
	test_logins(arena);
	test_errors(arena);
	return tap_done();
}
