/* app/: references, the built-in definitions, and docs/app-format.md against the rows. What is
 * refused, and how it is said, is in tests/golden/app. */
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "app/builtin.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#include "tap.h"

static struct arena *arena;

static bool split(const char *s, struct reference_parts *ret)
{
	struct value_text text = { .v = s };
	struct findings findings;

	findings_init(&findings, arena);
	return reference_split(arena, &text, ret, &findings);
}

static void test_references(void)
{
	struct reference_parts p;

	ok(split("https://${settings.web:url:upper}/x", &p), "a reference in a text");
	is_int((long long)p.count, 3, "three parts");
	is_str(p.items[0].text, "https://", "before");
	is_str(p.items[1].text, "settings.web", "the name");
	ok(p.items[1].is_reference && p.items[1].filters.count == 2, "two filters");
	is_str(p.items[1].filters.items[1], "upper", "in their order");
	is_str(p.items[2].text, "/x", "behind");
	ok(split("a $$ b $1 $${x}", &p) && p.count == 1, "dollar signs");
	is_str(p.items[0].text, "a $ b $1 ${x}", "stay");
	ok(split("", &p) && p.count == 0, "an empty text has no parts");
	ok(split("${a.b}${c.d}", &p) && p.count == 2, "two in a row");
	ok(!split("${a.b", &p), "not closed");
	ok(!split("${}", &p), "empty");
	ok(!split("${a.b:}", &p), "an empty filter");
	ok(!split("${a.b:lower}", &p), "an unknown filter");
	ok(!split("${a b}", &p), "a blank");
	is_str(reference_filter(arena, "url", "a b/ü~"), "a%20b%2F%C3%BC~", "url");
	is_str(reference_filter(arena, "base64", "hello"), "aGVsbG8=", "base64");
	is_str(reference_filter(arena, "upper", "aBc-1"), "ABC-1", "upper");
	is_str(reference_filter(arena, "days", "1209600"), "14", "days");
	is_str(reference_filter(arena, "days", "3600"), "1", "at least one");
	is_str(reference_filter(arena, "passfile", "a:b\\c'd"), "a\\:b\\\\c'd", "passfile");
	is_str(reference_filter(arena, "address", "Ex <ample> <a@example.org>"), "a@example.org",
	       "an address behind a name");
	is_str(reference_filter(arena, "address", "a@example.org"), "a@example.org", "one alone");
	is_str(reference_filter(arena, "address", "a <b"), "a <b", "what is none stays");
}

static bool holds(const char *condition, const char *version)
{
	bool ret = false;

	ok(version_test(condition, version, &ret), "'%s' is a condition", condition);
	return ret;
}

static void test_versions(void)
{
	bool ignored;

	is_str(version_of_image(arena, "docker.io/a/b:0.19.2"), "0.19.2", "a tag");
	is_str(version_of_image(arena, "ghcr.io/a/b:v4.7.1"), "4.7.1", "with a v");
	is_str(version_of_image(arena, "a.example:5000/b:17-bookworm"), "17",
	       "with a port and more");
	is_str(version_of_image(arena, "a.example/b:0.20.0-rc1@sha256:00"), "0.20.0",
	       "with a digest");
	ok(version_of_image(arena, "a.example:5000/b") == NULL, "a port is no tag");
	ok(version_of_image(arena, "a.example/b@sha256:00") == NULL, "a digest is no tag");
	ok(version_of_image(arena, "a.example/b:latest") == NULL, "latest tells none");
	ok(version_of_image(arena, "a.example/b:1234567890") == NULL, "nor does too long a number");
	ok(holds("version >= 0.20", "0.20.1") && holds("version>=0.20", "1"), "at least");
	ok(!holds("version >= 0.20", "0.19.9") && !holds("version >= 0.20", "0"), "and not");
	ok(holds("version < 0.20", "0.9") && !holds("version < 0.20", "0.20.0"),
	   "numbers, not texts");
	ok(holds("version == 0.19", "0.19.2") && !holds("version == 0.19.1", "0.19.2"),
	   "as far as the condition goes");
	ok(holds("version != 0.19", "0.20") && !holds("version != 0.19", "0.19.2"), "another");
	ok(holds("version <= 0.19", "0.19.2") && !holds("version > 0.19", "0.19.2"),
	   "the same line");
	ok(!holds("version >= 0", "latest") && !holds("version < 9", ""), "an unknown one is none");
	ok(version_is_condition(" version >= 1") && !version_is_condition("versions == 1") &&
	           !version_is_condition("version") && !version_is_condition("own.version == 1"),
	   "what is about the version");
	ok(!version_test("version >= new", "1", &ignored) &&
	           !version_test("version >= 1.2.3.4.5.6.7", "1", &ignored) &&
	           !version_test("version = 1", "1", &ignored) &&
	           !version_test("version >= 1 2", "1", &ignored) &&
	           !version_test("version ", "1", &ignored),
	   "what is no condition");
}

static void test_builtin(void)
{
	struct strings names;
	struct findings findings;

	app_names(arena, NULL, &names);
	ok(names.count > 0, "there are definitions");
	for (size_t i = 0; i < names.count; i++) {
		struct app app;

		findings_init(&findings, arena);
		ok(app_load(arena, NULL, names.items[i], (struct span){ 0 }, &app, &findings),
		   "%s is fine", names.items[i]);
		is_int((long long)(findings.errors + findings.warnings + findings.notes), 0,
		       "without a word");
	}
}

/* The patterns of snac's definition against what snac 2.75 prints. */
static void test_snac(void)
{
	static const char *const outputs[] = {
		"\nCreating RSA key...\nDone.\n\nUser password is 8Tvrrc42O7HZJ9f/\n\nGo to "
		"https://example.org/alice and continue configuring your user there.\n",
		"New password for user alice is 8Tvrrc42O7HZJ9f/\n",
	};
	const struct app_job *job;
	const struct app_step *owner;
	struct findings findings;
	struct app app;
	regex_t regex;

	findings_init(&findings, arena);
	if (!ok(app_load(arena, NULL, "snac", (struct span){ 0 }, &app, &findings), "snac"))
		return;
	job = app.jobs.items;
	owner = (const struct app_step *)job->steps.items + 2;
	is_str(owner->id.v, "owner", "the owner's step");
	ok(owner->repair.count > 0 && owner->done.file.v != NULL, "can be repaired");
	is_int(regcomp(&regex, owner->capture.pattern.v, REG_EXTENDED), 0, "its pattern");
	for (size_t i = 0; i < 2; i++) {
		regmatch_t m[2];

		is_int(regexec(&regex, outputs[i], 2, m, 0), 0, "fits output %zu", i);
		is_str(arena_strndup(arena, outputs[i] + m[1].rm_so,
		                     (size_t)(m[1].rm_eo - m[1].rm_so)),
		       "8Tvrrc42O7HZJ9f/", "and takes the password");
	}
	regfree(&regex);
}

static void write_app(const char *dir, const char *name, const char *text)
{
	const char *path = arena_printf(arena, "%s/%s", dir, name);

	(void)mkdir(path, 0700);
	is_int(file_write_atomic(AT_FDCWD, arena_printf(arena, "%s/app.yaml", path), 0600, text,
	                         strlen(text)),
	       0, "wrote %s", name);
}

static void test_folder(void)
{
	static const char tiny[] = "format: 1\nname: tiny\ntitle: Tiny\n"
				   "processes: {web: {user: \"1:1\"}}\n";
	char dir[] = "/tmp/stead-apps-XXXXXX";
	struct findings findings;
	struct strings names;
	struct app app;
	bool sorted = true;

	if (mkdtemp(dir) == NULL)
		return;
	write_app(dir, "tiny", tiny);
	write_app(dir, "other", tiny);
	write_app(dir, "snac", "format: 1\n");
	app_names(arena, dir, &names);
	for (size_t i = 1; i < names.count; i++)
		sorted &= strcmp(names.items[i - 1], names.items[i]) < 0;
	ok(sorted, "names are sorted and each is there once");
	findings_init(&findings, arena);
	ok(app_load(arena, dir, "tiny", (struct span){ 0 }, &app, &findings), "from a folder");
	is_str(app.title.v, "Tiny", "its title");
	ok(!app_load(arena, dir, "other", (struct span){ 0 }, &app, &findings), "a wrong name");
	is_str(findings.items[0].code, "app.name", "is said");
	findings_init(&findings, arena);
	ok(!app_load(arena, dir, "snac", (struct span){ 0 }, &app, &findings),
	   "the folder wins over what is built in, even when it is broken");
	findings_init(&findings, arena);
	ok(!app_load(arena, dir, "tyny", (struct span){ 0 }, &app, &findings), "unknown");
	is_str(findings.items[0].hint, "did you mean 'tiny'?", "with a hint");
	findings_init(&findings, arena);
	ok(!app_load(arena, dir, "../tiny", (struct span){ 0 }, &app, &findings),
	   "a name is not a path");
	is_str(findings.items[0].code, "app.unknown", "it is unknown");
	for (size_t i = 0; i < names.count; i++) {
		(void)unlink(arena_printf(arena, "%s/%s/app.yaml", dir, names.items[i]));
		(void)rmdir(arena_printf(arena, "%s/%s", dir, names.items[i]));
	}
	(void)rmdir(dir);
}

struct manual {
	const char *text;
	size_t rows, missing;
};

static void look_up(void *context, const char *key, const struct schema_row *row)
{
	struct manual *manual = context;
	const char *last = strrchr(key, '.');

	manual->rows++;
	if (row->doc == NULL || row->doc[0] == '\0' || str_ends(row->doc, "."))
		ok(false, "%s has a sentence", key);
	key = last != NULL ? last + 1 : key;
	if (strstr(manual->text, arena_printf(arena, "`%s`", key)) != NULL ||
	    strstr(manual->text, arena_printf(arena, "`%s: ", key)) != NULL)
		return;
	manual->missing++;
	ok(false, "docs/app-format.md tells of `%s`", key);
}

static void test_manual(void)
{
	const char *top = getenv("STEAD_TOP");
	struct manual manual = { 0 };
	char *text;
	size_t len;

	if (top == NULL) /* not run by tests/run.sh */
		return;
	if (!ok(file_read(arena, AT_FDCWD, arena_printf(arena, "%s/docs/app-format.md", top),
	                  1 << 20, &text, &len) == 0,
	        "docs/app-format.md can be read"))
		return;
	manual.text = text;
	schema_walk(app_rows, look_up, &manual);
	is_int((long long)manual.missing, 0, "docs/app-format.md tells of all %zu keys",
	       manual.rows);
}

int main(void)
{
	arena = arena_new();
	test_references();
	test_versions();
	test_builtin();
	test_snac();
	test_folder();
	test_manual();
	arena_free(arena);
	return tap_done();
}
