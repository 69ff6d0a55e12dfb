/* schema: decoding by rows, and every finding it makes. */
#include <limits.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/schema.h"
#include "tap.h"

struct inner {
	struct value_text word; /* for rows with words */
	struct value_text lan;
	struct value_int depth;
};

struct element {
	struct value_text name;
	struct value_text image;
	struct value_int copies;
};

struct all {
	struct value_text text, word, domain, email, path, ename, variable;
	struct value_int number, port, size, duration, mode, limited;
	struct value_bool truth;
	struct value_list list, domains;
	struct value_pairs pairs;
	struct inner map, choice;
	struct schema_array maps, named;
	struct value_tree tree;
	struct value_text later;
};

static const char *const words[] = { "ssh", "inline", NULL };
static const char *const levels[] = { "auto", "none", NULL };

static const struct schema_row inner_rows[] = {
	{ .key = "lan",
	  .type = SCHEMA_WORD,
	  .offset = offsetof(struct inner, lan),
	  .words = (const char *const[]){ "allow", "deny", NULL },
	  .fallback = "deny" },
	{ .key = "depth",
	  .type = SCHEMA_INT,
	  .offset = offsetof(struct inner, depth),
	  .flags = SCHEMA_NEEDED,
	  .doc = "how deep it is" },
	{ 0 },
};

static const struct schema_row element_rows[] = {
	{ .key = "image",
	  .type = SCHEMA_TEXT,
	  .offset = offsetof(struct element, image),
	  .flags = SCHEMA_NEEDED },
	{ .key = "copies",
	  .type = SCHEMA_INT,
	  .offset = offsetof(struct element, copies),
	  .fallback = "1",
	  .min = 1 },
	{ 0 },
};

#define ROW(k, t) .key = #k, .type = (t), .offset = offsetof(struct all, k)
static const struct schema_row rows[] = {
	{ ROW(text, SCHEMA_TEXT) },
	{ ROW(word, SCHEMA_WORD), .words = words, .fallback = "ssh" },
	{ ROW(domain, SCHEMA_DOMAIN) },
	{ ROW(email, SCHEMA_EMAIL) },
	{ ROW(path, SCHEMA_PATH) },
	{ ROW(ename, SCHEMA_NAME) },
	{ ROW(variable, SCHEMA_ENV_NAME) },
	{ ROW(number, SCHEMA_INT), .fallback = "-3" },
	{ ROW(port, SCHEMA_PORT), .fallback = "587" },
	{ ROW(size, SCHEMA_SIZE), .min = 512L << 20, .max = 4L << 40, .fallback = "4g" },
	{ ROW(duration, SCHEMA_DURATION), .fallback = "14d" },
	{ ROW(mode, SCHEMA_MODE), .fallback = "0644" },
	{ ROW(limited, SCHEMA_INT), .min = 1, .max = 10 },
	{ ROW(truth, SCHEMA_BOOL), .fallback = "true" },
	{ ROW(list, SCHEMA_LIST), .fallback = "[a, b]" },
	{ ROW(domains, SCHEMA_LIST), .item = SCHEMA_DOMAIN },
	{ ROW(pairs, SCHEMA_PAIRS), .fallback = "{A: b}" },
	{ ROW(map, SCHEMA_MAP), .rows = inner_rows },
	{ ROW(choice, SCHEMA_MAP), .rows = inner_rows, .words = levels, .fallback = "auto" },
	{ ROW(maps, SCHEMA_MAPS), .rows = element_rows, .size = sizeof(struct element),
	  .words = levels },
	{ ROW(named, SCHEMA_NAMED), .rows = element_rows, .size = sizeof(struct element),
	  .item = SCHEMA_NAME },
	{ ROW(tree, SCHEMA_TREE) },
	{ ROW(later, SCHEMA_TEXT), .fallback = "x", .flags = SCHEMA_LATER },
	{ 0 },
};

static struct findings findings;
static struct all all;

static bool decode(struct arena *arena, const char *text)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	const struct yaml_node *root;

	*source = (struct source){ "t.yaml", arena_strdup(arena, text), strlen(text), false };
	findings_init(&findings, arena);
	memset(&all, 0xa5, sizeof(all)); /* every field must be set, whatever was there */
	root = yaml_parse(arena, source, &findings);
	if (root == NULL)
		return false;
	return schema_decode(arena, "settings", "", rows, root, &all, &findings);
}

/* The only finding as "LINE:COL CODE: MESSAGE", with " (HINT)" when there is one. */
static void is_finding(const char *text, const char *expected)
{
	cleanup_arena struct arena *arena = arena_new();
	bool good = decode(arena, text);
	const struct finding *f = findings.items;

	if (findings.count != 1) {
		is_str(arena_printf(arena, "%zu findings", findings.count), expected, "finding: %s",
		       text);
		return;
	}
	is_str(arena_printf(arena, "%u:%u %s: %s%s%s%s", f->span.line, f->span.col, f->code,
	                    f->message, f->hint != NULL ? " (" : "", f->hint != NULL ? f->hint : "",
	                    f->hint != NULL ? ")" : ""),
	       expected, "finding: %.60s", text);
	if (good != (f->severity != SEVERITY_ERROR))
		ok(false, "finding: the result says the same");
}

static void test_defaults(void)
{
	cleanup_arena struct arena *arena = arena_new();

	ok(decode(arena, "text: x\n") && findings.count == 0, "defaults: nothing is wrong");
	is_str(all.text.v, "x", "defaults: what was written");
	ok(all.text.at.line == 1 && all.text.at.col == 7, "defaults: and where");
	is_str(all.word.v, "ssh", "defaults: a word");
	ok(all.word.at.source == NULL && all.word.at.line == 0, "defaults: have no place");
	ok(all.domain.v == NULL, "defaults: none is NULL");
	is_int(all.number.v, -3, "defaults: a number");
	ok(all.number.given && !all.limited.given, "defaults: given, or not");
	is_int(all.port.v, 587, "defaults: a port");
	is_int(all.size.v, 4L << 30, "defaults: a size in bytes");
	is_int(all.duration.v, 14 * 86400, "defaults: a duration in seconds");
	is_int(all.mode.v, 0644, "defaults: a mode");
	ok(all.truth.v && all.truth.given, "defaults: true");
	ok(all.list.count == 2 && str_equal(all.list.items[1].v, "b") &&
	           all.list.items[1].at.source == NULL && all.list.at.source == NULL,
	   "defaults: a list");
	ok(all.domains.count == 0, "defaults: an empty list");
	ok(all.pairs.count == 1 && str_equal(all.pairs.items[0].key, "A") &&
	           str_equal(all.pairs.items[0].value.v, "b") &&
	           all.pairs.items[0].key_at.source == NULL,
	   "defaults: pairs");
	is_str(all.map.lan.v, "deny", "defaults: inside a map that is absent");
	ok(!all.map.depth.given, "defaults: what an absent map needs is no news");
	is_str(all.choice.word.v, "auto", "defaults: a word in a map's place");
	is_str(all.choice.lan.v, "deny", "defaults: and its keys");
	ok(all.maps.count == 0 && all.maps.word == NULL && all.named.items == NULL,
	   "defaults: no elements");
	ok(all.tree.node == NULL, "defaults: no tree");
	is_str(all.later.v, "x", "defaults: of a key for later, without a note");
}

static void test_values(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const struct element *e;

	ok(decode(arena, "text: 5\n"
	                 "word: 'inline'\n"
	                 "domain: a-1.xn--bcher-kva.example\n"
	                 "email: Alice+x@Example.ORG\n"
	                 "path: /a/.b/..c\n"
	                 "ename: web-1\n"
	                 "variable: _A9\n"
	                 "number: -9223372036854775808\n"
	                 "port: 65535\n"
	                 "size: \"512M\"\n"
	                 "duration: 0\n"
	                 "mode: \"04755\"\n"
	                 "limited: 10\n"
	                 "truth: false\n"
	                 "list: []\n"
	                 "domains: [a.b, c.d]\n"
	                 "pairs: {X: '', Y: 2}\n"
	                 "map: {depth: 1}\n"
	                 "choice: {depth: 2, lan: allow}\n"
	                 "maps:\n- {image: i}\n- image: j\n  copies: 2\n"
	                 "named: {one: {image: k}, two: {image: l}}\n"
	                 "tree: {any: [thing]}\n"),
	   "values: decoded");
	is_int((long long)findings.count, 0, "values: nothing is wrong");
	is_str(all.text.v, "5", "values: a plain number is a text, too");
	is_str(all.word.v, "inline", "values: a word in quotes");
	is_str(all.email.v, "Alice+x@Example.ORG", "values: a mail address as written");
	is_int(all.number.v, LONG_MIN, "values: the smallest number");
	is_int(all.port.v, 65535, "values: the largest port");
	is_int(all.size.v, 512L << 20, "values: a size at its limit");
	is_int(all.duration.v, 0, "values: 0 needs no unit");
	is_int(all.mode.v, 04755, "values: a mode of four digits");
	ok(!all.truth.v && all.truth.given, "values: false");
	ok(all.list.count == 0 && all.list.at.line == 15, "values: an empty list is no default");
	ok(all.domains.count == 2 && all.domains.items[1].at.col == 16, "values: a list's places");
	ok(all.pairs.count == 2 && str_equal(all.pairs.items[0].value.v, "") &&
	           str_equal(all.pairs.items[1].value.v, "2") &&
	           all.pairs.items[1].key_at.col == 16,
	   "values: pairs in order");
	ok(all.choice.word.v == NULL && all.choice.depth.v == 2,
	   "values: a map where a word may be");
	e = all.maps.items;
	ok(all.maps.count == 2 && str_equal(e[0].image.v, "i") && e[0].copies.v == 1 &&
	           e[1].copies.v == 2,
	   "values: maps");
	e = all.named.items;
	ok(all.named.count == 2 && str_equal(e[1].name.v, "two") && str_equal(e[1].image.v, "l") &&
	           e[1].name.at.col == 26,
	   "values: named maps");
	is_str(yaml_get(all.tree.node, "any")->items[0]->text, "thing", "values: a tree");

	ok(decode(arena, "choice: none\nmaps: auto\nword: null\nsize:\n") && findings.count == 0,
	   "values: bare words and nulls");
	is_str(all.choice.word.v, "none", "values: a word in a map's place");
	is_int(all.choice.word.at.line, 1, "values: its place");
	is_str(all.maps.word, "auto", "values: a word in a list's place");
	is_str(all.word.v, "ssh", "values: null is as good as not written");
	is_int(all.size.v, 4L << 30, "values: and so is nothing");
}

static void test_findings(void)
{
	is_finding("prot: 1\n",
	           "1:1 settings.unknown-key: unknown key 'prot' (did you mean 'port'?)");
	is_finding("zebra: 1\n", "1:1 settings.unknown-key: unknown key 'zebra'");
	is_finding("map: {depth: 1, lam: x}\n",
	           "1:17 settings.unknown-key: unknown key 'lam' in 'map' (did you mean 'lan'?)");
	is_finding(
		"map: {depth: 1, zebra: x}\n",
		"1:17 settings.unknown-key: unknown key 'zebra' in 'map' (known here: lan, depth)");
	is_finding("map: {}\n",
	           "1:6 settings.missing: 'map.depth' is missing (depth: how deep it is)");
	is_finding("map:\n  depth: null\n",
	           "2:3 settings.missing: 'map.depth' is missing (depth: how deep it is)");
	is_finding("later: y\n", "1:1 settings.later: 'later' has no effect yet in this version");
	is_finding("[1, 2]\n",
	           "1:1 settings.type: expected keys and values at the top of the file");
	is_finding("map: [1]\n", "1:6 settings.type: expected a map for 'map', got a list");
	is_finding("choice: nome\n", "1:9 settings.value: expected a map or one of auto, none for "
	                             "'choice', got text 'nome' (did you mean 'none'?)");
	is_finding("text: [1]\n", "1:7 settings.type: expected text for 'text', got a list");
	is_finding("text: {}\n", "1:7 settings.type: expected text for 'text', got a map");
	is_finding("word: inlin\n", "1:7 settings.value: expected one of ssh, inline for 'word', "
	                            "got text 'inlin' (did you mean 'inline'?)");

	is_finding(
		"port: abc\n",
		"1:7 settings.type: expected a number from 1 to 65535 for 'port', got text 'abc'");
	is_finding("port: 70000\n", "1:7 settings.value: expected a number from 1 to 65535 for "
	                            "'port', got number 70000");
	is_finding(
		"port: 0\n",
		"1:7 settings.value: expected a number from 1 to 65535 for 'port', got number 0");
	is_finding("port: \"587\"\n", "1:7 settings.type: expected a number from 1 to 65535 for "
	                              "'port', got text '587' (remove the quotes)");
	is_finding("port: 0587\n",
	           "1:7 settings.value: expected a number from 1 to 65535 for 'port', "
	           "got number 0587 (write it without leading zeros)");
	is_finding("number: 1e3\n",
	           "1:9 settings.type: expected a number for 'number', got text '1e3'");
	is_finding("number: 99999999999999999999\n", "1:9 settings.value: expected a number for "
	                                             "'number', got number 99999999999999999999");
	is_finding("limited: 11\n", "1:10 settings.value: expected a number from 1 to 10 for "
	                            "'limited', got number 11");
	is_finding("named: {a: {image: i, copies: 0}}\n",
	           "1:31 settings.value: expected a number of at least 1 for 'named.a.copies', got "
	           "number 0");

	is_finding("truth: yes\n",
	           "1:8 settings.type: expected true or false for 'truth', got text "
	           "'yes' (write true)");
	is_finding("truth: OFF\n",
	           "1:8 settings.type: expected true or false for 'truth', got text "
	           "'OFF' (write false)");
	is_finding("truth: 'true'\n", "1:8 settings.type: expected true or false for 'truth', got "
	                              "text 'true' (remove the quotes)");
	is_finding("truth: maybe\n",
	           "1:8 settings.type: expected true or false for 'truth', got text 'maybe'");

	is_finding("size: 4\n",
	           "1:7 settings.value: expected a size like 512m or 4g from 512m to 4t "
	           "for 'size', got number 4 (a whole number and one of k, m, g, t)");
	is_finding("size: 511m\n",
	           "1:7 settings.value: expected a size like 512m or 4g from 512m to "
	           "4t for 'size', got text '511m'");
	is_finding(
		"size: 99999999999t\n",
		"1:7 settings.value: expected a size like 512m or 4g from 512m to 4t for 'size', "
		"got text '99999999999t' (a whole number and one of k, m, g, t)");
	is_finding(
		"duration: 1h30m\n",
		"1:11 settings.value: expected a duration like 30s, 5m, 12h or 14d for 'duration', "
		"got text '1h30m' (a whole number and one of s, m, h, d)");
	is_finding(
		"duration: -1s\n",
		"1:11 settings.value: expected a duration like 30s, 5m, 12h or 14d for 'duration', "
		"got text '-1s' (a whole number and one of s, m, h, d)");
	is_finding("mode: 644\n",
	           "1:7 settings.value: expected a file mode like 0644 for 'mode', got "
	           "number 644 (a 0 and three or four digits from 0 to 7)");

	is_finding("list: a\n",
	           "1:7 settings.type: expected a list of texts for 'list', got text 'a' "
	           "(a list of one is written '[value]')");
	is_finding("list: [a, [b]]\n",
	           "1:11 settings.type: expected text for 'list[1]', got a list");
	is_finding("list: [a, null]\n",
	           "1:11 settings.type: expected text for 'list[1]', got nothing");
	is_finding("pairs: [A]\n",
	           "1:8 settings.type: expected a map of names and values for 'pairs', got a list");
	is_finding("pairs: {A: }\n", "1:12 settings.type: expected text for 'pairs.A', got nothing "
	                             "(for an empty text write \"\")");
	is_finding(
		"maps: {a: b}\n",
		"1:7 settings.type: expected a list of maps or one of auto, none for 'maps', got a "
		"map");
	is_finding("maps: [x]\n", "1:8 settings.type: expected a map for 'maps[0]', got text 'x'");
	is_finding("maps: [{copies: 2}]\n", "1:8 settings.missing: 'maps[0].image' is missing");
	is_finding("named: {a: null}\n", "1:9 settings.missing: 'named.a.image' is missing");
	is_finding(
		"named: {A_b: {image: i}}\n",
		"1:9 settings.value: expected a name like web-1 for 'named', got text 'A_b' (a-z, "
		"0-9 and '-', beginning with a letter, at most 40 characters)");
	is_finding("text:\n  [0123456789012345678901234567890123456789x]\n",
	           "2:3 settings.type: expected text for 'text', got a list");
	is_finding(
		"domain: 0123456789012345678901234567890123456789\n",
		"1:9 settings.value: expected a host name like example.org for 'domain', got "
		"number "
		"0123456789012345678901234567890123456789 (an address is not enough: other servers "
		"know you by name)");
}

/* One value of a type: accepted, or refused with the hint. */
static void is_checked(const char *key, const char *value, bool good, const char *hint)
{
	cleanup_arena struct arena *arena = arena_new();
	struct text text;
	bool decoded;

	text_init(&text, arena);
	text_addf(&text, "%s: ", key);
	yaml_write_scalar(&text, value);
	decoded = decode(arena, text.data);
	ok(decoded == good, "%s: '%.50s' is %s", key, value, good ? "fine" : "not");
	if (!good)
		is_str(findings.count == 1 ? findings.items[0].hint : "(no finding)", hint,
		       "%s: '%.50s' has the right hint", key, value);
}

static void test_texts(void)
{
	char label[80], name[300];

	memset(label, 'a', sizeof(label));
	(void)snprintf(name, sizeof(name), "%.63s.org", label);
	is_checked("domain", name, true, NULL);
	(void)snprintf(name, sizeof(name), "%.64s.org", label);
	is_checked("domain", name, false, NULL);
	(void)snprintf(name, sizeof(name), "%.63s.%.63s.%.63s.%.61s", label, label, label, label);
	is_checked("domain", name, true, NULL);
	(void)snprintf(name, sizeof(name), "%.63s.%.63s.%.63s.%.62s", label, label, label, label);
	is_checked("domain", name, false, NULL);
	is_checked("domain", "1.example", true, NULL);
	is_checked("domain", "Example.org", false, "write it in lower case");
	is_checked("domain", "https://example.org", false, "only the name, without 'https://'");
	is_checked("domain", "example.org:443", false, "only the name, without port or path");
	is_checked("domain", "alice@example.org", false, "only the part behind the '@'");
	is_checked("domain", "example.org.", false, "without the dot at the end");
	is_checked("domain", "192.0.2.1", false,
	           "an address is not enough: other servers know you by name");
	is_checked("domain",
	           "b\xc3\xbc"
	           "cher.example",
	           false, "write 'xn--bcher-kva.example', its form for DNS (punycode)");
	is_checked("domain", "a_b.example", false, "host names have no '_'");
	is_checked("domain", "localhost", false, "a full name has at least one dot");
	is_checked("domain", "-a.example", false, NULL);
	is_checked("domain", "a-.example", false, NULL);
	is_checked("domain", "a..example", false, NULL);
	is_checked("domain", "a b.example", false, NULL);
	is_checked("domain", "a.example\n", false, NULL);

	is_checked("limited", "1", false, "remove the quotes");
	is_checked("email", "a@b.org", true, NULL);
	is_checked("email", "a.b", false, NULL);
	is_checked("email", "@b.org", false, NULL);
	is_checked("email", "a@b@c.org", false, "an address has one '@'");
	is_checked("email", "a@localhost", false, "a full name has at least one dot");
	is_checked("email", "Al <a@b.org>", false,
	           "only the address, without a name or '<' and '>'");
	is_checked("email", "a b@c.org", false, "only the address, without a name or '<' and '>'");
	(void)snprintf(name, sizeof(name), "a@%.250s", "");
	memset(name + 2, 'b', 290);
	name[292] = '\0';
	is_checked("email", name, false, NULL);

	is_checked("path", "/", true, NULL);
	is_checked("path", "a/b", false, "begin with '/'");
	is_checked("path", "/a/", false, "without the '/' at the end");
	is_checked("path", "/a/../b", false, "without '.', '..' and '//'");
	is_checked("path", "/a/.", false, "without '.', '..' and '//'");
	is_checked("path", "//a", false, "without '.', '..' and '//'");
	is_checked("path", "/a\nb", false, NULL);

	is_checked("ename", "a", true, NULL);
	is_checked("ename", "abcdefghijklmnopqrstuvwxyz0123456789-abc", true, NULL);
	is_checked("ename", "abcdefghijklmnopqrstuvwxyz0123456789-abcd", false,
	           "a-z, 0-9 and '-', beginning with a letter, at most 40 characters");
	is_checked("ename", "1a", false,
	           "a-z, 0-9 and '-', beginning with a letter, at most 40 characters");
	is_checked("variable", "A_1", true, NULL);
	is_checked("variable", "1A", false, "letters, digits and '_', not beginning with a digit");
	is_checked("variable", "A-B", false, "letters, digits and '_', not beginning with a digit");
	is_checked("variable", "", false, "letters, digits and '_', not beginning with a digit");
}

static void test_several(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct source *secret = arena_alloc(arena, sizeof(*secret));
	const struct yaml_node *root;

	ok(!decode(arena, "port: x\nzebra: 1\nmap: {}\nmaps: [{}, {image: []}]\ntruth: no\n"),
	   "several: an error says so");
	is_int((long long)findings.errors, 6, "several: all are found in one run");
	is_int(all.port.v, 587, "several: a wrong value leaves its default");

	*secret =
		(struct source){ "s.yaml", "port: hunter2\nhunter2: 1\nword: hunter2\n", 38, true };
	findings_init(&findings, arena);
	root = yaml_parse(arena, secret, &findings);
	ok(!schema_decode(arena, "secrets", "", rows, root, &all, &findings),
	   "several: a secret document");
	is_int((long long)findings.errors, 3, "several: has its findings");
	for (size_t i = 0; i < findings.count; i++)
		ok(strstr(findings.items[i].message, "hunter") == NULL,
		   "several: finding %zu quotes no secret", i + 1);
	is_str(findings.items[0].code, "secrets.unknown-key", "several: codes by area");

	findings_init(&findings, arena);
	memset(&all, 0xa5, sizeof(all));
	ok(schema_decode(arena, "settings", "", rows, NULL, &all, &findings),
	   "several: no map at all is all defaults");
	is_int(all.port.v, 587, "several: of every row");
	ok(!schema_decode(arena, "settings", "snac", inner_rows, NULL, &all.map, &findings),
	   "several: unless something is needed");
	is_str(findings.items[0].message, "'snac.depth' is missing", "several: which is named");
}

static void collect(void *context, const char *key, const struct schema_row *row)
{
	text_addf(context, "%s:%s ", key, schema_type_name(row->type));
}

static void test_rows(void)
{
	static const struct schema_row few[] = {
		{ .key = "map", .type = SCHEMA_MAP, .rows = inner_rows },
		{ .key = "net", .type = SCHEMA_MAPS, .rows = inner_rows },
		{ .key = "web", .type = SCHEMA_NAMED, .rows = element_rows },
		{ 0 },
	};
	cleanup_arena struct arena *arena = arena_new();
	struct value_int number = { 0 };
	struct source source = { "--set", "70", 2, false };
	struct text text;

	text_init(&text, arena);
	schema_walk(few, collect, &text);
	is_str(text.data,
	       "map:map map.lan:word map.depth:number net:list of maps net[].lan:word "
	       "net[].depth:number web:named maps web.NAME.image:text web.NAME.copies:number ",
	       "rows: walked depth first");
	ok(schema_find(few, "map") == &few[0], "find: at the top");
	ok(schema_find(few, "map.depth") == &inner_rows[1], "find: in a map");
	ok(schema_find(few, "net.lan") == &inner_rows[0] &&
	           schema_find(few, "net[].lan") == &inner_rows[0] &&
	           schema_find(few, "net[3].lan") == &inner_rows[0],
	   "find: in a list of maps");
	ok(schema_find(few, "web.any.copies") == &element_rows[1], "find: below a name");
	for (const char *const *none =
	             (const char *const[]){ "", "ma", "maps", "map.", "map.x", "map.depth.x",
	                                    "web.any", "map[].lan", ".map", NULL };
	     *none != NULL; none++)
		ok(schema_find(few, *none) == NULL, "find: not '%s'", *none);

	findings_init(&findings, arena);
	ok(schema_decode_value(arena, "settings", "limited", schema_find(rows, "limited"),
	                       yaml_parse(arena, &source, &findings), &number,
	                       &findings) == false &&
	           findings.errors == 1,
	   "value: one alone, out of its limits");
	ok(schema_decode_value(arena, "settings", "port", schema_find(rows, "port"),
	                       yaml_parse(arena, &source, &findings), &number, &findings) &&
	           number.v == 70,
	   "value: one alone");
}

int main(void)
{
	test_defaults();
	test_values();
	test_findings();
	test_texts();
	test_several();
	test_rows();
	return tap_done();
}
