/* yaml: the tree, its places, and every rule of the policy. */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "tap.h"
#include "yaml/yaml.h"

static struct findings findings;

/* Into ARENA, with the findings above started afresh. */
static const struct yaml_node *parse_bytes(struct arena *arena, const char *text, size_t len,
                                           bool secret)
{
	struct source *source = arena_alloc(arena, sizeof(*source));

	*source = (struct source){ "t.yaml", arena_memdup(arena, text, len), len, secret };
	findings_init(&findings, arena);
	return yaml_parse(arena, source, &findings);
}

static const struct yaml_node *parse(struct arena *arena, const char *text)
{
	return parse_bytes(arena, text, strlen(text), false);
}

/* "LINE:COL CODE" of every finding, one blank between them. */
static const char *summary(struct arena *arena)
{
	struct text text;

	text_init(&text, arena);
	findings_sort(&findings);
	for (size_t i = 0; i < findings.count; i++)
		text_addf(&text, "%s%u:%u %s", i > 0 ? " " : "", findings.items[i].span.line,
		          findings.items[i].span.col, findings.items[i].code);
	return text.data;
}

static void is_refused_bytes(const char *text, size_t len, const char *expected, const char *name)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct yaml_node *root = parse_bytes(arena, text, len, false);

	is_str(summary(arena), expected, "%s", name);
	if (root != NULL)
		ok(false, "%s: and there is no tree", name);
}

static void is_refused(const char *text, const char *expected, const char *name)
{
	is_refused_bytes(text, strlen(text), expected, name);
}

static void is_span(const struct yaml_node *node, unsigned line, unsigned col, unsigned end_col,
                    const char *name)
{
	if (!ok(node != NULL && node->span.line == line && node->span.col == col &&
	                node->span.end_col == end_col,
	        "place: %s", name) &&
	    node != NULL)
		printf("#   got %u:%u-%u\n", node->span.line, node->span.col, node->span.end_col);
}

static void test_tree(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct yaml_node *root = parse(arena, "a: 1\n"
	                                            "b: [x, 'y''z', \"q\\n\"]\n"
	                                            "c:\n"
	                                            "  d: |\n"
	                                            "    two\n"
	                                            "    lines\n"
	                                            "  e: >\n"
	                                            "    fol\n"
	                                            "    ded\n"
	                                            "n:\n"
	                                            "'': e\n");
	const struct yaml_node *b = yaml_get(root, "b"), *c = yaml_get(root, "c");

	is_str(summary(arena), "", "tree: no findings");
	if (!ok(root != NULL && root->kind == YAML_MAP && root->count == 5, "tree: a map of five"))
		return;
	is_str(root->pairs[2].key->text, "c", "tree: pairs in the order written");
	is_str(yaml_get(root, "a")->text, "1", "tree: numbers stay text");
	is_int(yaml_get(root, "a")->style, YAML_PLAIN, "tree: plain style");
	is_int((long long)b->count, 3, "tree: a list of three");
	is_str(b->items[1]->text, "y'z", "tree: single quotes");
	is_int(b->items[1]->style, YAML_SINGLE, "tree: single style");
	is_str(b->items[2]->text, "q\n", "tree: double quotes");
	is_int(b->items[2]->style, YAML_DOUBLE, "tree: double style");
	is_str(yaml_get(c, "d")->text, "two\nlines\n", "tree: literal");
	is_int(yaml_get(c, "d")->style, YAML_LITERAL, "tree: literal style");
	is_str(yaml_get(c, "e")->text, "fol ded\n", "tree: folded");
	is_int(yaml_get(c, "e")->style, YAML_FOLDED, "tree: folded style");
	ok(yaml_is_null(yaml_get(root, "n")), "tree: nothing is null");
	is_str(yaml_get(root, "")->text, "e", "tree: an empty key in quotes");
	ok(yaml_get(root, "zz") == NULL && yaml_get(b, "a") == NULL && yaml_get(NULL, "a") == NULL,
	   "tree: get finds nothing where nothing is");
}

static void test_null(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct yaml_node *list =
		parse(arena, "[~, null, '~', \"null\", '', Null, none, {}]\n");
	static const bool expected[] = { true, true, false, false, false, false, false, false };

	if (ok(list != NULL && list->count == 8, "null: parsed"))
		for (size_t i = 0; i < 8; i++)
			ok(yaml_is_null(list->items[i]) == expected[i], "null: case %zu", i + 1);
}

static void test_places(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct yaml_node *root =
		parse(arena, "\xef\xbb\xbf\xc3\xa4\xc3\xb6: \"\xc3\xbc\" # c\r\n"
	                     "m:\r\n"
	                     "  k: {x: 1, y: [2]}\r\n"
	                     "  long: 'one\r\n"
	                     "    two'\r\n"
	                     "e:\r\n");
	const struct yaml_node *m = yaml_get(root, "m"), *k = yaml_get(m, "k");

	is_str(summary(arena), "", "places: byte order mark and CRLF are fine");
	is_span(root, 1, 1, 12, "a block map is marked in its first line");
	is_span(root != NULL ? root->pairs[0].key : NULL, 1, 1, 3, "a key, in characters");
	is_span(yaml_get(root, "\xc3\xa4\xc3\xb6"), 1, 5, 8, "a value with its quotes");
	is_span(k, 3, 6, 20, "a flow map");
	is_span(yaml_get(k, "y"), 3, 16, 19, "a flow list");
	is_span(yaml_get(m, "long"), 4, 9, 13, "a value of two lines is cut at the first");
	is_span(yaml_get(root, "e"), 6, 3, 3, "nothing, behind the colon");
}

static void test_aliases(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct yaml_node *root =
		parse(arena, "a: &x {k: v}\nb: *x\nc: &x 2\nd: *x\n*x : key\n");
	struct text bomb;

	is_str(summary(arena), "", "alias: no findings");
	ok(yaml_get(root, "a") == yaml_get(root, "b"), "alias: shares the node");
	is_str(yaml_get(root, "d")->text, "2", "alias: the last anchor of a name counts");
	is_str(yaml_get(root, "2")->text, "key", "alias: as a key");
	is_refused("a: *x\nb: &x 1\nc: *y\n", "1:4 yaml.alias 3:4 yaml.alias",
	           "alias: the anchor must stand before");
	is_refused("a: &x [*x]\n", "1:8 yaml.alias", "alias: nothing contains itself");

	/* Nine levels of nine: 9^9 nodes if anyone expanded them. */
	text_init(&bomb, arena);
	text_add(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++) {
		text_addf(&bomb, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			text_addf(&bomb, "%s*a%d", k > 0 ? "," : "", i - 1);
		text_add(&bomb, "]\n");
	}
	is_refused(bomb.data, "5:14 yaml.nodes", "alias: a bomb ends at its budget");
	text_init(&bomb, arena);
	text_add(&bomb, "a0: &a0 [x]\n");
	for (int i = 1; i < 40; i++)
		text_addf(&bomb, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	is_refused(bomb.data, "32:12 yaml.depth", "alias: depth counts what it stands for");
}

static void test_limits(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct text text;
	char *big;

	for (int extra = 0; extra < 2; extra++) {
		int depth = YAML_MAX_DEPTH + extra;

		text_init(&text, arena);
		for (int i = 0; i < depth; i++)
			text_addc(&text, '[');
		for (int i = 0; i < depth; i++)
			text_addc(&text, ']');
		if (extra == 0)
			ok(parse(arena, text.data) != NULL, "limits: 32 levels are fine");
		else
			is_refused(text.data, "1:33 yaml.depth", "limits: 33 levels are not");
	}
	for (int extra = 0; extra < 2; extra++) {
		text_init(&text, arena);
		for (int i = 0; i < YAML_MAX_NODES - 1 + extra; i++)
			text_add(&text, "- x\n");
		if (extra == 0)
			ok(parse(arena, text.data) != NULL, "limits: 20,000 nodes are fine");
		else
			is_refused(text.data, "20000:3 yaml.nodes", "limits: one more is not");
	}
	big = arena_alloc(arena, YAML_MAX_BYTES + 2);
	memset(big, '#', YAML_MAX_BYTES + 1);
	memcpy(big, "a: 1\n", 5);
	ok(parse_bytes(arena, big, YAML_MAX_BYTES, false) != NULL, "limits: 1 MiB is fine");
	is_refused_bytes(big, YAML_MAX_BYTES + 1, "0:0 yaml.size", "limits: one byte more is not");
	memset(big, '[', YAML_MAX_BYTES);
	is_refused_bytes(big, YAML_MAX_BYTES, "1:33 yaml.depth", "limits: a MiB of brackets");
	memset(big, '{', YAML_MAX_BYTES);
	is_refused_bytes(big, YAML_MAX_BYTES, "1:33 yaml.depth", "limits: a MiB of braces");
	memset(big, ' ', YAML_MAX_BYTES);
	is_refused_bytes(big, YAML_MAX_BYTES, "0:0 yaml.empty", "limits: a MiB of blanks");
}

static void test_bytes(void)
{
	is_refused("a: 1\nb: \"x\xff\"\n", "2:6 yaml.utf8", "bytes: not UTF-8, at the byte");
	is_refused("\xc3\xa4: \xed\xa0\x80", "1:4 yaml.utf8", "bytes: a surrogate");
	is_refused("\xff\xfe"
	           "a",
	           "1:1 yaml.utf8", "bytes: UTF-16");
	is_refused_bytes("a: 1\0b", 6, "1:5 yaml.control", "bytes: NUL");
	is_refused("a: \x1b[31m", "1:4 yaml.control", "bytes: an escape character");
	is_refused("a: \x7f", "1:4 yaml.control", "bytes: delete");
	is_refused("a: b\rc: d\n", "1:5 yaml.control", "bytes: a lone carriage return");
	is_refused("a: b\xc2\x85"
	           "c: d\n",
	           "1:5 yaml.control", "bytes: next line");
	is_refused("a: b\xe2\x80\xa8\n", "1:5 yaml.control", "bytes: line separator");
	is_refused("a: \xef\xbb\xbf", "1:4 yaml.control", "bytes: a byte order mark inside");
	is_refused("a: \"x\\0y\"\n", "1:4 yaml.control", "bytes: NUL as an escape");
	is_refused("a: \"\\ud800\"\n", "1:7 yaml.syntax", "bytes: a surrogate as an escape");
	is_refused("a:\n\tb: 1\n", "2:1 yaml.tab", "bytes: a tab as indentation");
	is_refused("a:\n  b: 1\n \tc: 2\n", "3:2 yaml.tab", "bytes: a tab after a blank");
	is_refused("a: |\n  x\n\ty\n", "3:1 yaml.tab", "bytes: a tab in a literal's indentation");
}

static void test_policy(void)
{
	cleanup_arena struct arena *arena = arena_new();

	is_refused("", "0:0 yaml.empty", "policy: an empty file");
	is_refused("# only\n\n", "0:0 yaml.empty", "policy: only comments");
	is_refused("---\n...\n", "0:0 yaml.empty", "policy: an empty document");
	is_refused("~\n", "0:0 yaml.empty", "policy: null");
	is_refused("\xef\xbb\xbf", "0:0 yaml.empty", "policy: only a byte order mark");
	ok(parse(arena, "%YAML 1.1\n---\na: 1\n...\n") != NULL,
	   "policy: one marked document is fine");
	is_refused("a: 1\n---\nb: 2\n", "2:1 yaml.documents", "policy: two documents");
	is_refused("a: 1\nb: 2\n'a': 3\na: 4\n", "3:1 yaml.duplicate 4:1 yaml.duplicate",
	           "policy: duplicate keys, quoted or not");
	is_refused("{x: {a: 1, a: 2}, a: 3}", "1:12 yaml.duplicate", "policy: per map");
	is_refused("[a]: 1\n? {b: c}\n: 2\n", "1:1 yaml.key 2:3 yaml.key", "policy: keys are text");
	is_refused("?\n: 1\n", "1:2 yaml.key", "policy: a key without text");
	is_refused("b: &b {x: 1}\nc:\n  <<: *b\n", "3:3 yaml.merge", "policy: merge keys");
	ok(parse(arena, "'<<': 1\n") != NULL, "policy: a quoted << is a key");
	is_refused("a: !!str 1\nb: !x [1]\nc: !!map {}\nd: ! e\n",
	           "1:4 yaml.tag 2:4 yaml.tag 3:4 yaml.tag 4:4 yaml.tag", "policy: tags");
	is_refused("a: !!str 1\nb: *x\nc: 'open\n", "1:4 yaml.tag 2:4 yaml.alias 3:4 yaml.syntax",
	           "policy: what was found before the syntax ended");

	(void)parse(arena, "first: 1\nb: 2\nfirst: 3\n");
	is_str(findings.items[0].message, "key 'first' is written twice, first in line 1",
	       "policy: a duplicate names the first");
	(void)parse_bytes(arena, "hunter2: 1\nhunter2: 2\np: *hunter3\n", 34, true);
	ok(findings.count == 2 && strstr(findings.items[0].message, "hunter") == NULL &&
	           strstr(findings.items[1].message, "hunter") == NULL,
	   "policy: no message quotes a secret document");
}

static void test_syntax(void)
{
	cleanup_arena struct arena *arena = arena_new();

	is_refused("a: x: y\n", "1:5 yaml.syntax", "syntax: a second colon");
	is_refused("a: \"abc\nb: c\n", "1:4 yaml.syntax", "syntax: an open quote, where it begins");
	is_refused("a: {b: 1\nc: 2\n", "1:4 yaml.syntax", "syntax: an open brace");
	is_refused("a: [b, 1\nc: 2\n", "1:4 yaml.syntax", "syntax: an open bracket");
	is_refused("a: 1\n b: 2\n", "2:3 yaml.syntax", "syntax: wrong indentation");
	is_refused("a: @x\n", "1:4 yaml.syntax", "syntax: a reserved character");
	is_refused("a: \"\\q\"\n", "1:5 yaml.syntax", "syntax: an unknown escape");
	is_refused("a: 1\n]\n", "2:1 yaml.syntax", "syntax: a stray bracket");
	(void)parse(arena, "a: @x\n");
	is_str(findings.items[0].message, "a value cannot begin with this character",
	       "syntax: says what is wrong");
	is_str(findings.items[0].hint, "put the value in quotes", "syntax: and what to do");
}

/* Many keys, many anchors: nothing is compared with everything. */
static void test_large(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct yaml_node *root;
	struct text text;

	text_init(&text, arena);
	for (int i = 0; i < 9000; i++)
		text_addf(&text, "key%d: &a%d %d\n", i, i, i);
	root = parse(arena, text.data);
	is_int(root != NULL ? (long long)root->count : -1, 9000, "large: 9,000 keys");
	is_str(root != NULL ? yaml_get(root, "key8999")->text : NULL, "8999", "large: the last");
	text_add(&text, "key0: again\n");
	(void)parse(arena, text.data);
	is_str(summary(arena), "9001:1 yaml.duplicate", "large: a duplicate of the first");
}

static void test_write(void)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "two words", "two words" },
		{ "a@b.org", "a@b.org" },
		{ "/etc/x", "/etc/x" },
		{ "sftp://u@h/p", "sftp://u@h/p" },
		{ "4g", "4g" },
		{ "", "\"\"" },
		{ "yes", "\"yes\"" },
		{ "Off", "\"Off\"" },
		{ "null", "\"null\"" },
		{ "587", "\"587\"" },
		{ "1e3", "\"1e3\"" },
		{ "0x1f", "\"0x1f\"" },
		{ "12:30", "\"12:30\"" },
		{ "2026-01-31", "\"2026-01-31\"" },
		{ "~", "\"~\"" },
		{ "-x", "\"-x\"" },
		{ "*x", "\"*x\"" },
		{ "a: b", "\"a: b\"" },
		{ "a:", "\"a:\"" },
		{ "a #b", "\"a #b\"" },
		{ "a,b", "\"a,b\"" },
		{ " x", "\" x\"" },
		{ "x ", "\"x \"" },
		{ "a  b", "\"a  b\"" },
		{ "it's", "\"it's\"" },
		{ "\"\\", "\"\\\"\\\\\"" },
		{ "l1\nl2\t", "\"l1\\nl2\\t\"" },
		{ "\x1b\r\x7f", "\"\\x1b\\x0d\\x7f\"" },
		{ "\xc3\xbc", "\"\xc3\xbc\"" },
		{ "\xc2\x85\xe2\x80\xa8\xef\xbb\xbf", "\"\\u0085\\u2028\\ufeff\"" },
		{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
		{ "<<", "\"<<\"" },
		{ "---", "\"---\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_arena struct arena *arena = arena_new();
		const struct yaml_node *back;
		struct text text, flow;

		text_init(&text, arena);
		yaml_write_scalar(&text, cases[i][0]);
		is_str(text.data, cases[i][1], "write: case %zu", i + 1);
		text_init(&flow, arena);
		text_addf(&flow, "{%s: [%s]}\n", text.data, text.data);
		back = parse(arena, flow.data);
		ok(back != NULL && back->count == 1 &&
		           str_equal(back->pairs[0].key->text, cases[i][0]) &&
		           str_equal(back->pairs[0].value->items[0]->text, cases[i][0]),
		   "write: case %zu reads back, as key and value", i + 1);
	}
}

static void test_read_source(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct source source = { .len = 99 };
	char path[] = "/tmp/stead-unit-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return;
	(void)!write(fd, "a: 1\n", 5);
	findings_init(&findings, arena);
	ok(yaml_read_source(arena, path, true, &source, &findings), "source: read");
	ok(source.len == 5 && source.secret && str_equal(source.name, path), "source: as given");
	(void)!ftruncate(fd, YAML_MAX_BYTES + 1);
	ok(!yaml_read_source(arena, path, false, &source, &findings), "source: too big");
	(void)unlink(path);
	ok(!yaml_read_source(arena, path, false, &source, &findings), "source: not there");
	ok(!yaml_read_source(arena, "/", false, &source, &findings), "source: a directory");
	is_str(summary(arena), "0:0 yaml.unreadable 0:0 yaml.size 0:0 yaml.missing",
	       "source: each is a finding");
	is_int((long long)source.len, 5, "source: untouched on failure");
	(void)close(fd);
}

int main(void)
{
	test_tree();
	test_null();
	test_places();
	test_aliases();
	test_limits();
	test_bytes();
	test_policy();
	test_syntax();
	test_large();
	test_write();
	test_read_source();
	return tap_done();
}
