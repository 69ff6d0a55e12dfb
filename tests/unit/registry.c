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
	test_logins(arena);
	test_errors(arena);
	return tap_done();
}
