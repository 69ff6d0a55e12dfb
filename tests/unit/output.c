/* Outputs: joining, sorting, conflicts, explain. */
#include "output/output.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "tap.h"

struct fixture {
	struct arena *arena, *secret_arena;
	struct output_set *set;
	struct findings findings;
};

static const struct source settings = {
	.name = "stead.yaml",
	.data = "app: snac\ndomain: example.org\nadmin: { name: alice }\n  - item\n",
	.len = 62,
};
static const struct origin at_domain = { .span = { &settings, 2, 9, 20 } };
static const struct origin at_name = { .span = { &settings, 3, 16, 21 } };
static const struct origin at_item = { .span = { &settings, 4, 5, 9 } };
static const struct origin by_rule = { .rule = "host.hardening" };
static const struct origin by_both = { .span = { &settings, 2, 9, 20 }, .rule = "host.x" };

static void setup(struct fixture *f)
{
	f->arena = arena_new();
	f->secret_arena = arena_new_secret();
	f->set = output_set_new(f->arena, f->secret_arena);
	findings_init(&f->findings, f->arena);
}

static void teardown(struct fixture *f)
{
	arena_free(f->arena);
	arena_free(f->secret_arena);
}

static void test_join(void)
{
	struct fixture f;
	struct output *file;
	size_t len;

	setup(&f);
	file = output_file(f.set, "/etc/a", 0644, 0, by_rule);
	is_str(output_join(file, &len), "", "an empty file");
	output_line(file, by_rule, "one %d", 1);
	output_text(file, at_domain, "two\n\nfour");
	output_line(file, by_rule, "%s", "");
	is_str(output_join(file, &len), "one 1\ntwo\n\nfour\n\n", "lines joined");
	is_int(len, 17, "length");
	is_int(file->lines.count, 5, "five lines");
	ok(file->lines.items[3].origin.span.line == 2, "each line has its origin");
	file = output_file(f.set, "/bin/x", 0755, OUTPUT_BINARY | OUTPUT_EXEC, by_rule);
	output_bytes(file, by_rule, "a\0\nb", 4);
	is_int(memcmp(output_join(file, &len), "a\0\nb", 4), 0, "bytes as they are");
	is_int(len, 4, "and no newline");
	ok(output_find(f.set, "/bin/x") == file, "found by path");
	ok(output_find(f.set, "/bin") == NULL, "not by a part of it");
	teardown(&f);
}

static void test_sort(void)
{
	struct fixture f;

	setup(&f);
	output_file(f.set, "/b", 0644, 0, by_rule);
	output_file(f.set, "/a/b", 0644, 0, by_rule);
	output_file(f.set, "/a", 0644, 0, at_domain);
	output_dir(f.set, "/z", 0755, 0, 0, by_rule);
	output_dir(f.set, "/y", 0755, 0, 0, by_rule);
	output_unit(f.set, "b.service", true, false, by_rule);
	output_unit(f.set, "a.service", true, false, by_rule);
	output_link(f.set, "/m", "t", by_rule);
	output_link(f.set, "/l", "t", by_rule);
	output_sort(f.set);
	is_str(f.set->files.items[0]->path, "/a", "files by path");
	is_str(f.set->files.items[2]->path, "/b", "files by path");
	is_str(f.set->dirs.items[0].path, "/y", "directories by path");
	is_str(f.set->units.items[0].name, "a.service", "units by name");
	is_str(f.set->links.items[0].path, "/l", "links by path");
	teardown(&f);
}

static void dirs_differ(struct output_set *set)
{
	output_dir(set, "/d", 0755, 0, 0, by_rule);
	output_dir(set, "/d", 0700, 0, 0, at_domain);
}

static void two_files(struct output_set *set)
{
	output_file(set, "/f", 0644, 0, by_rule);
	output_file(set, "/other", 0644, 0, by_rule);
	output_file(set, "/f", 0644, 0, at_domain);
}

static void file_and_dir(struct output_set *set)
{
	output_file(set, "/f", 0644, 0, at_domain);
	output_dir(set, "/f", 0755, 0, 0, by_rule);
}

static void below_file(struct output_set *set)
{
	output_file(set, "/f/a/b", 0644, 0, at_domain);
	output_file(set, "/f", 0644, 0, by_rule);
	output_file(set, "/f-", 0644, 0, by_rule);
}

static void below_link(struct output_set *set)
{
	output_link(set, "/l", "/elsewhere", by_rule);
	output_dir(set, "/l/d", 0755, 0, 0, at_domain);
}

static void links_differ(struct output_set *set)
{
	output_link(set, "/l", "/a", by_rule);
	output_link(set, "/l", "/b", at_domain);
}

static void units_differ(struct output_set *set)
{
	output_unit(set, "x.service", true, false, by_rule);
	output_unit(set, "x.service", false, true, at_domain);
}

static void users_twice(struct output_set *set)
{
	*list_add(set->arena, &set->users) =
		(struct output_user){ .name = "core", .origin = by_rule };
	*list_add(set->arena, &set->users) =
		(struct output_user){ .name = "core", .origin = at_domain };
}

static void line_break(struct output_set *set)
{
	struct output *file = output_file(set, "/f", 0644, 0, by_rule);

	output_line(file, at_domain, "Environment=%s", "a\nExecStart=/bin/sh");
	if (file->lines.count != 0)
		abort();
}

static void bad_path(struct output_set *set)
{
	output_file(set, "/a/../b", 0644, 0, at_domain);
}

static void no_conflict(struct output_set *set)
{
	output_dir(set, "/d", 0755, 0, 0, by_rule);
	output_dir(set, "/d", 0755, 0, 0, at_domain);
	output_file(set, "/d/f", 0644, 0, by_rule);
	output_file(set, "/d/f.d/x", 0644, 0, by_rule);
	output_file(set, "/d/f-2", 0644, 0, by_rule);
	output_link(set, "/d/l", "/a", by_rule);
	output_link(set, "/d/l", "/a", at_domain);
	output_unit(set, "x.service", true, false, by_rule);
	output_unit(set, "x.service", true, false, at_domain);
}

static void test_conflicts(void)
{
	static const struct {
		void (*write)(struct output_set *set);
		const char *code, *message;
	} cases[] = {
		{ two_files, "output.conflict", "'/f': two writers of one file" },
		{ dirs_differ, "output.conflict", "'/d': two modes or owners" },
		{ file_and_dir, "output.conflict", "'/f': a directory and a file at one place" },
		{ below_file, "output.conflict",
		  "'/f/a/b': it would be below '/f', which is a file" },
		{ below_link, "output.conflict",
		  "'/l/d': it would be below '/l', which is a link" },
		{ links_differ, "output.conflict", "'/l': two targets" },
		{ units_differ, "output.conflict", "'x.service': a unit" },
		{ users_twice, "output.conflict", "'core': two users" },
		{ line_break, "output.line-break", "'/f'" },
		{ bad_path, "output.path", "'/a/../b'" },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(&f);
		cases[i].write(f.set);
		ok(!output_conflicts(f.set, &f.findings), "conflict %zu is found", i);
		is_int(f.findings.errors, 1, "once");
		is_str(f.findings.items[0].code, cases[i].code, "its code");
		is_int(f.findings.items[0].span.line, 2, "at the place in the settings");
		if (!ok(strstr(f.findings.items[0].message, cases[i].message) != NULL,
		        "its message"))
			tap_diagnose("message", f.findings.items[0].message);
		if (str_equal(cases[i].code, "output.conflict"))
			ok(strstr(f.findings.items[0].message, "stead.yaml:2 domain") != NULL &&
			           strstr(f.findings.items[0].message, "rule host.hardening") !=
			                   NULL,
			   "with both origins");
		teardown(&f);
	}
	setup(&f);
	no_conflict(f.set);
	ok(output_conflicts(f.set, &f.findings), "the same said twice is no conflict");
	is_int(f.set->dirs.count + f.set->links.count + f.set->units.count, 3, "and kept once");
	output_sort(f.set);
	ok(output_conflicts(f.set, &f.findings), "also when sorted");
	teardown(&f);
}

static const char *sentence(const char *rule)
{
	return strcmp(rule, "host.hardening") == 0 ? "nothing more than needed" : NULL;
}

static char *explained(const struct output *file, size_t line)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	output_explain(file, line, out, sentence);
	fclose(out);
	return text;
}

static void test_explain(void)
{
	struct fixture f;
	struct output *file;
	char *text;

	setup(&f);
	file = output_file(f.set, "/etc/x", 0644, 0, by_rule);
	output_line(file, at_domain, "Host=example.org");
	output_line(file, by_rule, "Drop=\x1b[2Jé");
	output_line(file, by_both, "x");
	output_line(file, at_name, "User=alice");
	output_line(file, at_item, "i");
	output_line(file, (struct origin){ 0 }, "?");
	text = explained(file, 0);
	is_str(text,
	       "/etc/x:1  Host=example.org  ← stead.yaml:2 domain\n"
	       "/etc/x:2  Drop=?[2Jé        ← rule host.hardening: nothing more than needed\n"
	       "/etc/x:3  x                 ← stead.yaml:2 domain | rule host.x\n"
	       "/etc/x:4  User=alice        ← stead.yaml:3 name\n"
	       "/etc/x:5  i                 ← stead.yaml:4\n"
	       "/etc/x:6  ?                 ← unknown\n",
	       "all lines");
	free(text);
	text = explained(file, 4);
	is_str(text, "/etc/x:4  User=alice  ← stead.yaml:3 name\n", "one line");
	free(text);
	text = explained(file, 7);
	is_str(text, "", "no such line");
	free(text);

	file = output_file(f.set, "/etc/y", 0644, 0, by_rule);
	output_text(file, at_item, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
	text = explained(file, 0);
	ok(strstr(text, "/etc/y:9   9   ← stead.yaml:4\n/etc/y:10  10  ← stead.yaml:4\n") != NULL,
	   "numbers of two digits do not move the columns");
	free(text);

	file = output_file(f.set, "/etc/secret", 0600, OUTPUT_SECRET, by_rule);
	output_line(file, at_domain, "PASSWORD=%s", "hunter2");
	text = explained(file, 0);
	is_str(text, "/etc/secret:1  <secret>  ← stead.yaml:2 domain\n", "a secret is not shown");
	free(text);

	file = output_file(f.set, "/bin/x", 0755, OUTPUT_BINARY, by_rule);
	output_bytes(file, by_rule,
	             "\x7f"
	             "ELF\n",
	             5);
	text = explained(file, 0);
	is_str(text, "/bin/x:1  <5 bytes>  ← rule host.hardening: nothing more than needed\n",
	       "bytes are not shown");
	free(text);
	teardown(&f);
}

int main(void)
{
	test_join();
	test_sort();
	test_conflicts();
	test_explain();
	return tap_done();
}
