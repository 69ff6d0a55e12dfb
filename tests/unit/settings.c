/* settings/: decoding, the section of the application, the lock. What is refused, and how it is
 * said, is in tests/golden/settings. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "settings/settings.h"

#include "tap.h"

#define SMALL                                                                                      \
	"app: snac\n"                                                                              \
	"domain: example.org\n"                                                                    \
	"admin: {name: alice, email: alice@example.net}\n"                                         \
	"mail: none\n"                                                                             \
	"backup: none\n"

static struct arena *arena;
static struct findings findings;

static const struct yaml_node *parse(const char *text, struct source *source)
{
	*source = (struct source){ .name = "stead.yaml", .data = text, .len = strlen(text) };
	findings_init(&findings, arena);
	return yaml_parse(arena, source, &findings);
}

static bool decode(const char *text, struct settings *ret)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	const struct yaml_node *root = parse(text, source);

	return root != NULL && settings_decode(arena, root, source, ret, &findings);
}

static void test_defaults(void)
{
	struct settings s;

	ok(decode(SMALL, &s), "five keys are enough");
	is_int(findings.notes, 0, "'backup: none' needs no note");
	is_str(s.mail.word.v, "none", "mail: none");
	is_str(s.backup.word.v, "none", "backup: none");
	is_str(s.delivery.v, "ssh", "delivery is ssh");
	is_str(s.tls.issuer.v, "acme", "certificates come from an authority");
	is_str(s.tls.email.v, "admin", "and its letters go to the admin");
	is_str(s.machine.os.v, "as-is", "the OS stays");
	is_int(s.machine.size.v, 2L << 30, "the machine has 2 GiB");
	is_str(s.machine.firewall.lan.v, "deny", "private addresses are out of reach");
	is_str(settings_web(&s)->v, "example.org", "the site is at the domain");
	ok(s.web.v == NULL, "web is not made up");
	ok(s.section.node == NULL, "no section");
	ok(s.machine.size.at.source == NULL, "a default has no place");
	is_int((long long)s.domain.at.line, 2, "a value knows its line");
}

static void test_section(void)
{
	struct settings s;

	ok(decode(SMALL "web: social.example.org\nsnac: {title: T}\n", &s), "own section");
	ok(s.section.node != NULL && s.section.node->kind == YAML_MAP, "is kept unread");
	is_str(yaml_get(s.section.node, "title")->text, "T", "with its values");
	is_str(settings_web(&s)->v, "social.example.org", "the site's own name");
	ok(!decode(SMALL "gotosocial: {title: T}\n", &s), "another's section is refused");
	is_int((long long)findings.errors, 1, "once");
}

static void test_words(void)
{
	struct settings s;

	ok(decode(SMALL "tls: internal\n", &s), "tls: internal");
	is_str(s.tls.issuer.v, "internal", "the word is the issuer");
	is_str(s.tls.challenge.v, "http", "the rest has defaults");
	is_int((long long)s.tls.issuer.at.line, 6, "and the issuer has a place");
	ok(decode(SMALL "tls: {issuer: upstream}\n", &s), "as a map");
	is_str(s.tls.issuer.v, "upstream", "too");
	ok(decode(SMALL "machine: {network: dhcp}\n", &s), "network: dhcp");
	is_int((long long)findings.notes, 0, "without a note");
	ok(decode(SMALL "images: {mirror: null, snac: a.example/b:1}\n", &s), "mirror: null");
	is_int((long long)s.images.count, 1, "is the same as not written");
}

static void test_window(void)
{
	static const char *const wrong[] = {
		"",
		"Sun",
		"Sun 03:00",
		"Sun 3:00-5:00",
		"Sunday 03:00-05:00",
		"Sun,03:00-05:00",
		"Sun, 03:00-05:00",
		"Sun-03:00-05:00",
		"03:00-05:00 Sun",
		"Sun 03:00-05:00 ",
		"Sun 03:60-05:00",
		"Sun 24:00-01:00",
		"Sun 23:00-24:01",
		"Sun 03:00-03:00",
		"Sun 03:00-05:00,06:00-07:00",
	};
	struct settings_window w;
	struct settings s;

	ok(settings_window_parse("Sun 03:00-05:00", &w), "a day and two times");
	ok(w.given && w.days == 1 && w.start_min == 180 && w.length_min == 120, "as numbers");
	ok(settings_window_holds(&w, 0, 180) && settings_window_holds(&w, 0, 299),
	   "holds its time");
	ok(!settings_window_holds(&w, 0, 179) && !settings_window_holds(&w, 0, 300) &&
	           !settings_window_holds(&w, 1, 200),
	   "and no other");
	ok(settings_window_parse("sat 23:30-01:00", &w) && w.length_min == 90, "over midnight");
	ok(settings_window_holds(&w, 6, 1439) && settings_window_holds(&w, 0, 59) &&
	           !settings_window_holds(&w, 0, 60) && !settings_window_holds(&w, 6, 30),
	   "the rest belongs to the day after");
	ok(settings_window_parse("Fri-Mon,Wed 00:00-24:00", &w), "days over the end of the week");
	is_int(w.days, 1 << 5 | 1 << 6 | 1 << 0 | 1 << 1 | 1 << 3, "are five");
	is_int(w.length_min, 1440, "and all day long");
	ok(settings_window_parse("04:00-04:30", &w) && w.days == 127, "without days: every day");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!settings_window_parse(wrong[i], &w), "refused: '%s'", wrong[i]);
	ok(decode(SMALL, &s) && s.updates.when.given && s.updates.when.days == 1,
	   "the default is a window too");
	ok(!decode(SMALL "updates: {window: 03:00-03:10}\n", &s), "ten minutes are too short");
}

static void test_addresses(void)
{
	static const char *const wrong[] = { "",
		                             "192.0.2.1/",
		                             "192.0.2.1/33",
		                             "192.0.2.",
		                             "192.0.2.1/-1",
		                             "2001:db8::/129",
		                             "example.net",
		                             "/24",
		                             "192.0.2.1/24/1" };
	struct settings_address a, b;

	ok(settings_address_parse("192.0.2.10/23", &a) && !a.v6 && a.has_bits && a.bits == 23,
	   "IPv4 with a prefix");
	ok(settings_address_parse("192.0.3.1", &b) && !b.has_bits && b.bits == 32, "and alone");
	ok(settings_address_in(&b, &a), "in the network");
	ok(settings_address_parse("192.0.4.1", &b) && !settings_address_in(&b, &a), "not in it");
	ok(settings_address_parse("2001:db8::10/60", &a) && a.v6 && a.bits == 60, "IPv6");
	ok(settings_address_parse("2001:db8:0:f::1", &b) && settings_address_in(&b, &a), "in it");
	ok(settings_address_parse("2001:db8:0:10::1", &b) && !settings_address_in(&b, &a),
	   "not in it");
	ok(settings_address_parse("fe80::1", &b) && settings_address_is_link_local(&b),
	   "link-local");
	ok(settings_is_mac("52:54:00:aB:cd:ef") && !settings_is_mac("52:54:00:ab:cd") &&
	           !settings_is_mac("52:54:00:ab:cd:ef:00") && !settings_is_mac("ens3"),
	   "hardware addresses");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!settings_address_parse(wrong[i], &a), "refused: '%s'", wrong[i]);
}

static void test_open(void)
{
	static const char *const wrong[] = {
		"tcp/",   "tcp/09", "tcp/1-",      "tcp/2-1",      "tcp/65536",
		"sctp/1", "tcp/1 ", "tcp/1 from ", "tcp/1 from x", "tcp/99999999999999999999"
	};
	struct settings_open open;

	ok(settings_open_parse("tcp/9000", &open) && !open.udp && open.first == 9000 &&
	           open.last == 9000 && open.from_text == NULL,
	   "a port");
	ok(settings_open_parse("udp/1-65535", &open) && open.udp && open.last == 65535, "a range");
	ok(settings_open_parse("tcp/9-10 from 2001:db8::/32", &open) && open.from.v6, "from IPv6");
	is_str(open.from_text, "2001:db8::/32", "as it was written");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!settings_open_parse(wrong[i], &open), "refused: '%s'", wrong[i]);
}

static void test_key(void *context, const char *key, const struct schema_row *row)
{
	size_t *count = context;

	(*count)++;
	if (row->doc == NULL || row->doc[0] == '\0' || str_ends(row->doc, ".") ||
	    !str_equal(row->since, "0.1"))
		ok(false, "row %s has a sentence and a version", key);
}

static void test_rows(void)
{
	size_t count = 0;

	schema_walk(settings_rows, test_key, &count);
	ok(count > 60, "every row has a sentence (%zu rows)", count);
	is_str(settings_rows[0].key, "app", "needed keys come first");
	ok((settings_rows[4].flags & SCHEMA_NEEDED) != 0 &&
	           (settings_rows[5].flags & SCHEMA_NEEDED) == 0,
	   "five of them");
}

static void test_lock(void)
{
	struct lock lock = { .app = "snac",
		             .domain = "example.org",
		             .lineage = "00112233445566778899aabbccddeeff" };
	struct value_pair images[] = {
		{ .key = "b.example/x:1",
		  .value.v = "sha256:"
		             "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" },
		{ .key = "a.example/x:1",
		  .value.v = "sha256:"
		             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	};
	struct lock again;
	struct source source;
	const struct yaml_node *root;
	const char *text;

	lock.images.items = images;
	lock.images.count = 2;
	lock_set(arena, &lock.tags, "a.example/x:1.2", "1.10");
	lock_set(arena, &lock.tags, "a.example/y:1.2", "1.3");
	lock_remove(&lock.tags, "a.example/y:1.2");
	lock_remove(&lock.tags, "a.example/z:1.2");
	text = lock_write(arena, &lock);
	ok(text[0] == '#', "the lock says what it is");
	ok(strstr(text, "a.example") < strstr(text, "b.example"), "images are sorted");
	root = parse(text, &source);
	ok(root != NULL && lock_decode(arena, root, &again, &findings), "it reads back");
	is_str(again.lineage, lock.lineage, "with its lineage");
	is_str(lock_write(arena, &again), text, "and is written the same");
	is_str(lock_find(&again.tags, "a.example/x:1.2"), "1.10", "a tag is no number");
	is_int((long long)again.tags.count, 1, "what was removed is gone");
	root = parse("lock: 2\napp: snac\ndomain: example.org\n"
	             "lineage: 00112233445566778899aabbccddeeff\n",
	             &source);
	ok(!lock_decode(arena, root, &again, &findings), "a newer format is refused");
	is_str(findings.items[0].code, "lock.format", "and says so");
	root = parse("lock: 1\napp: snac\ndomain: example.org\nlineage: 0011\n"
	             "images: {x: sha256:12}\ntags: {\"a/b:1\": \"-2\"}\n",
	             &source);
	ok(!lock_decode(arena, root, &again, &findings),
	   "a bad lineage, a bad digest and a bad tag");
	is_int((long long)findings.errors, 3, "are all found");
}

int main(void)
{
	arena = arena_new();
	test_defaults();
	test_section();
	test_words();
	test_window();
	test_addresses();
	test_open();
	test_rows();
	test_lock();
	arena_free(arena);
	return tap_done();
}
