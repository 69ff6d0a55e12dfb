/* Bundles: written, read, and refused. */
#include "plan/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "tap.h"

#define FILE_ROW(path) "{\"path\":\"" path "\",\"mode\":384,\"user\":[0,0],\"secret\":false}"
#define PLAN(files)                                                                                \
	"{\"plan\":1,\"stead\":\"0.1.0\",\"app\":\"demo\",\"domain\":\"example.org\","             \
	"\"web\":\"example.org\",\"lineage\":\"x\",\"engine\":\"podman\","                         \
	"\"owner\":{\"name\":\"alice\"},\"processes\":[],\"volumes\":[],\"jobs\":[],"              \
	"\"networks\":[],\"commands\":[],\"reach\":\"checked\","                                   \
	"\"tls\":{\"issuer\":\"acme\",\"staging\":false},\"files\":[" files "],\"dirs\":[],"       \
	"\"links\":[],\"units\":[],\"restart\":{}}\n"

static const char plan_text[] = PLAN(FILE_ROW("/etc/stead/node.json") "," FILE_ROW("/etc/a"));

static void add(struct arena *arena, struct bundle *bundle, const char *path, const char *data)
{
	*list_add(arena, &bundle->files) =
		(struct bundle_file){ .path = path, .data = data, .len = strlen(data) };
}

static struct bundle *small(struct arena *arena, const char *plan, const char *content)
{
	struct bundle *bundle = arena_alloc(arena, sizeof(*bundle));

	add(arena, bundle, "/etc/stead/node.json", plan);
	add(arena, bundle, "/etc/a", content);
	return bundle;
}

static char *text_of(struct arena *arena, struct bundle *bundle)
{
	const char *error = NULL;
	size_t len = 0;
	char *text = bundle_write(arena, bundle, &len, &error);

	if (text == NULL)
		tap_diagnose("error", error);
	else if (strlen(text) != len)
		abort();
	return text;
}

static void test_round_trip(struct arena *arena)
{
	static const char content[] = "a \"quoted\" \\ line\n\ttab\x01\x7f\xc3\xa4 €\r\n";
	struct bundle *bundle = small(arena, plan_text, content), *again;
	const char *error = NULL, *text = text_of(arena, bundle);

	if (!ok(text != NULL, "a bundle is written"))
		return;
	is_str(bundle->files.items[0].path, "/etc/a", "sorted by path");
	again = bundle_read(arena, text, strlen(text), &error);
	if (!ok(again != NULL, "and read")) {
		tap_diagnose("error", error);
		return;
	}
	is_str(again->id, bundle->id, "with the same id");
	is_str(bundle_find(again, "/etc/a")->data, content, "and the same contents");
	is_str(again->plan->domain, "example.org", "the plan is read too");
	ok(bundle_find(again, "/etc/b") == NULL, "what is not there is not found");
	is_str(text_of(arena, again), text, "written again, it is the same");
}

/* The hash is a public one: whoever reads the header can make the id. */
static void test_id(struct arena *arena)
{
	struct bundle *bundle = arena_alloc(arena, sizeof(*bundle)), *other;
	const struct bundle_file *plan;
	const char *text, *error = NULL;

	add(arena, bundle, "/b", "two\n");
	add(arena, bundle, "/a", "one");
	(void)text_of(arena, bundle);
	/* printf '/a\0003\0one/b\0004\0two\n' | sha256sum */
	is_str(bundle->id, "1005372eece5c2d3b2fe90cd141400075a1489897bc47688a38a5a8cb2fc887e",
	       "SHA-256 over path, length and content");

	bundle = small(arena, plan_text, "x");
	text = text_of(arena, bundle);
	other = small(arena, plan_text, "y");
	(void)text_of(arena, other);
	ok(!str_equal(bundle->id, other->id), "another content, another id");
	other = bundle_read(arena, text, strlen(text), &error);
	plan = bundle_find(other, BUNDLE_PLAN);
	is_int((long long)plan->len, (long long)strlen(plan_text), "the plan's text is whole");
	/* sha256sum of that text */
	is_str(other->plan_sha256,
	       "5e0b164fe2bd26669823a0bddb3a7965253d6839a9f3ee1df82f3e6ca4dc10bc",
	       "and so is its hash");
}

static void unwritable(struct arena *arena, const char *path, const char *data, size_t len,
                       const char *expected)
{
	struct bundle *bundle = small(arena, plan_text, "x");
	const char *error = NULL;
	size_t ret_len = 0;

	*list_add(arena, &bundle->files) =
		(struct bundle_file){ .path = path, .data = data, .len = len };
	ok(bundle_write(arena, bundle, &ret_len, &error) == NULL, "not written: %s", expected);
	is_str(error, expected, "and says so");
}

static void test_unwritable(struct arena *arena)
{
	char *large = arena_alloc(arena, BUNDLE_MAX_BYTES + 1);

	unwritable(arena, "/etc/a", "x", 1, "'/etc/a' is there twice");
	unwritable(arena, "/etc/b", "\xff", 1, "'/etc/b' is not UTF-8 text");
	unwritable(arena, "/etc/b", "a\0b", 3, "'/etc/b' is not UTF-8 text");
	unwritable(arena, "/etc/\xff", "x", 1, "the path of a file is not UTF-8 text");
	memset(large, 'x', BUNDLE_MAX_BYTES);
	unwritable(arena, "/etc/b", large, BUNDLE_MAX_BYTES,
	           "all files together are larger than 33554432 bytes");
}

static void refused(struct arena *arena, const char *json, const char *expected)
{
	const char *error = NULL;

	ok(bundle_read(arena, json, strlen(json), &error) == NULL, "refused: %s", expected);
	is_str(error, expected, "and says so");
}

/* TEXT with the first OLD replaced. */
static char *changed(struct arena *arena, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);

	if (at == NULL)
		abort(); /* the test itself is wrong */
	return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static void refused_plan(struct arena *arena, const char *plan, const char *expected)
{
	refused(arena, text_of(arena, small(arena, plan, "x")), expected);
}

static void test_refused(struct arena *arena)
{
	const char *text = text_of(arena, small(arena, plan_text, "secret"));
	struct bundle *none = arena_alloc(arena, sizeof(*none));

	refused(arena, "[]", "a bundle is a map");
	refused(arena, "{\"bundle\":2}", "bundle version 2 is not known here, only 1");
	refused(arena, "{\"id\":\"\"}", "the bundle's version is missing");
	refused(arena, "{\"bundle\":1,\"files\":{}}", "the bundle's id is missing");
	refused(arena, "{\"bundle\":1,\"id\":\"\"}", "the bundle's files are missing");
	refused(arena, changed(arena, text, "\"files\"", "\"more\":1,\"files\""),
	        "'more' is not a key known here");
	refused(arena, changed(arena, text, "\"secret\"", "7"), "'/etc/a' is not a text");
	refused(arena, changed(arena, text, "\"secret\"", "\"Secret\""),
	        "the id does not fit the files: the bundle was cut or changed on its way");
	refused(arena, changed(arena, text, "\"secret\"", "\"sec\nret\""),
	        "line 2: is not whole JSON");
	refused(arena, arena_strndup(arena, text, strlen(text) / 2), "line 3: is not whole JSON");
	add(arena, none, "/etc/a", "x");
	refused(arena, text_of(arena, none), "the plan is missing: /etc/stead/node.json");
	refused_plan(arena, "{}", "/etc/stead/node.json: plan: the version is missing");
	refused_plan(arena, PLAN(FILE_ROW("/etc/stead/node.json")),
	             "the plan does not name '/etc/a'");
	refused_plan(arena,
	             PLAN(FILE_ROW("/etc/a") "," FILE_ROW("/etc/b") "," FILE_ROW(
			     "/etc/stead/node.json")),
	             "the plan names '/etc/b', which is not there");
	refused_plan(arena, PLAN(FILE_ROW("/etc/a") "," FILE_ROW("/etc/a")),
	             "/etc/stead/node.json: files[1]: '/etc/a' is there twice");
}

static void test_large(struct arena *arena)
{
	char *large = arena_alloc(arena, BUNDLE_MAX_BYTES + 2);
	const char *error = NULL;

	memset(large, ' ', BUNDLE_MAX_BYTES + 1);
	ok(bundle_read(arena, large, BUNDLE_MAX_BYTES + 1, &error) == NULL,
	   "a large bundle is refused");
	is_str(error, "is larger than 33554432 bytes", "and why");
	memset(large, '[', 100000);
	ok(bundle_read(arena, large, 100000, &error) == NULL, "100000 brackets are refused");
	ok(bundle_read(arena, "", 0, &error) == NULL, "so is nothing at all");
}

int main(void)
{
	cleanup_arena struct arena *arena = arena_new();

	test_round_trip(arena);
	test_id(arena);
	test_unwritable(arena);
	test_refused(arena);
	test_large(arena);
	return tap_done();
}
