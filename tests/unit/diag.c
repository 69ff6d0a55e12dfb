/* diag: what findings look like. */
#include <stdlib.h>

#include "base/arena.h"
#include "diag/diag.h"
#include "tap.h"

static struct span at(const struct source *source, uint32_t line, uint32_t col, uint32_t end_col)
{
	return (struct span){ source, line, col, end_col };
}

static char *print(struct arena *arena, struct findings *findings, bool color, bool json)
{
	char *buffer = NULL, *copy;
	size_t len = 0;
	FILE *out = open_memstream(&buffer, &len);

	if (json)
		findings_print_json(findings, out);
	else
		findings_print(findings, out, color);
	(void)fclose(out);
	copy = arena_strndup(arena, buffer, len);
	free(buffer);
	return copy;
}

/* One error at SPAN, printed. */
static char *print_one(struct arena *arena, struct span span, const char *hint, const char *message)
{
	struct findings findings;

	findings_init(&findings, arena);
	diag_error(&findings, "test.rule", span, hint, "%s", message);
	return print(arena, &findings, false, false);
}

static void is_excerpt(const char *text, struct span span, const char *expected, const char *name)
{
	cleanup_arena struct arena *arena = arena_new();
	struct source source = { "f", text, strlen(text), false };
	const char *got;

	span.source = &source;
	got = print_one(arena, span, NULL, "m");
	got = strchr(got, '\n');
	is_str(got != NULL ? got + 1 : NULL, expected, "excerpt: %s", name);
}

static void test_format(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *text = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nmail:\n  port: 70000\n";
	struct source source = { "stead.yaml", text, strlen(text), false };

	is_str(print_one(arena, at(&source, 7, 9, 14), "587 for STARTTLS, 465 for TLS",
	                 "port 70000 is not between 1 and 65535"),
	       "stead.yaml:7:9: error[test.rule]: port 70000 is not between 1 and 65535\n"
	       "  7 |   port: 70000\n"
	       "    |         ^~~~~\n"
	       "  hint: 587 for STARTTLS, 465 for TLS\n",
	       "format: place, excerpt, caret, hint");
	is_str(print_one(arena, at(&source, 0, 0, 0), NULL, "'mail' is missing"),
	       "stead.yaml: error[test.rule]: 'mail' is missing\n", "format: the file as a whole");
	is_str(print_one(arena, at(NULL, 0, 0, 0), "h", "bad"),
	       "error[test.rule]: bad\n  hint: h\n", "format: no place");
	is_str(print_one(arena, at(&source, 99, 3, 4), NULL, "bad"),
	       "stead.yaml:99:3: error[test.rule]: bad\n", "format: a line that is not there");
	source.secret = true;
	is_str(print_one(arena, at(&source, 7, 9, 14), NULL, "bad"),
	       "stead.yaml:7:9: error[test.rule]: bad\n", "format: no excerpt of secrets");
	is_str(print_one(arena, at(NULL, 0, 0, 0), "a\rb",
	                 "x\033[31m\ny\xff"
	                 "z\xe2\x80\xae."),
	       "error[test.rule]: x\xef\xbf\xbd[31m\xef\xbf\xbdy\xef\xbf\xbdz\xef\xbf\xbd.\n"
	       "  hint: a\xef\xbf\xbd"
	       "b\n",
	       "format: nothing in a message reaches the terminal raw");
}

static void test_excerpts(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *expected;
	char line[4096];

	is_excerpt("\ta:\tb", at(NULL, 1, 5, 6), "  1 |  a: b\n    |     ^\n",
	           "tabs are one blank");
	is_excerpt("\xc3\xa4\xc3\xb6: x", at(NULL, 1, 5, 6),
	           "  1 | \xc3\xa4\xc3\xb6: x\n    |     ^\n", "columns are characters");
	is_excerpt("\xe6\x97\xa5\xe6\x9c\xac: x", at(NULL, 1, 5, 6),
	           "  1 | \xe6\x97\xa5\xe6\x9c\xac: x\n    |       ^\n",
	           "wide characters take two");
	is_excerpt("\xe6\x97\xa5\xe6\x9c\xac", at(NULL, 1, 1, 3),
	           "  1 | \xe6\x97\xa5\xe6\x9c\xac\n    | ^~~~\n", "wide characters marked");
	is_excerpt("e\xcc\x81: x", at(NULL, 1, 5, 6), "  1 | e\xcc\x81: x\n    |    ^\n",
	           "combining marks take none");
	is_excerpt("a\x1b[31m\x07\x7f", at(NULL, 1, 7, 8),
	           "  1 | a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd\n    |       ^\n",
	           "control characters are shown as such");
	is_excerpt("a\xff"
	           "b",
	           at(NULL, 1, 3, 4),
	           "  1 | a\xef\xbf\xbd"
	           "b\n    |   ^\n",
	           "bytes that are not UTF-8");
	is_excerpt("\xef\xbb\xbfkey: 1", at(NULL, 1, 1, 4), "  1 | key: 1\n    | ^~~\n",
	           "a byte order mark is not there");
	is_excerpt("a: 1\r\nb: 2\r\n", at(NULL, 2, 4, 5), "  2 | b: 2\n    |    ^\n", "CRLF");
	is_excerpt("a:\nb: 1", at(NULL, 1, 3, 3), "  1 | a:\n    |   ^\n", "behind the end");
	is_excerpt("a", at(NULL, 1, 1, 200), "  1 | a\n    | ^\n", "a span longer than its line");
	is_excerpt("", at(NULL, 1, 1, 1), "  1 |\n    | ^\n", "an empty line");
	is_excerpt("ab", at(NULL, 1, 0, 0), "  1 | ab\n", "a line without a column");

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	line[2000] = 'Y';
	expected = arena_printf(arena, "  1 | …%.40sY%.49s…\n    | %41s^\n", line, line, "");
	is_excerpt(line, at(NULL, 1, 2001, 2002), expected, "a long line is cut around the caret");
	expected = arena_printf(arena, "  1 | %.90s…\n    |  ^\n", line);
	is_excerpt(line, at(NULL, 1, 2, 3), expected, "a long line is cut behind");
	line[90] = '\0';
	expected = arena_printf(arena, "  1 | %s\n    | %89s^\n", line, "");
	is_excerpt(line, at(NULL, 1, 90, 91), expected, "a line that just fits is not cut");
}

static void test_order(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct source a = { "a.yaml", "1\n2\n", 4, false }, b = { "b.yaml", "1\n", 2, false };
	struct findings findings;

	findings_init(&findings, arena);
	diag_error(&findings, "t.1", at(&b, 1, 1, 2), NULL, "b1");
	diag_note(&findings, "t.2", at(&a, 2, 1, 2), NULL, "a2");
	diag_warning(&findings, "t.3", at(&a, 1, 1, 2), NULL, "a1 first");
	diag_error(&findings, "t.4", at(&a, 1, 1, 2), NULL, "a1 second");
	diag_error(&findings, "t.5", at(NULL, 0, 0, 0), NULL, "no place");
	diag_error(&findings, "t.6", at(&a, 0, 0, 0), NULL, "a whole");
	is_str(print(arena, &findings, false, false),
	       "error[t.5]: no place\n"
	       "a.yaml: error[t.6]: a whole\n"
	       "a.yaml:1:1: warning[t.3]: a1 first\n  1 | 1\n    | ^\n"
	       "a.yaml:1:1: error[t.4]: a1 second\n  1 | 1\n    | ^\n"
	       "a.yaml:2:1: note[t.2]: a2\n  2 | 2\n    | ^\n"
	       "b.yaml:1:1: error[t.1]: b1\n  1 | 1\n    | ^\n",
	       "order: by file, place, discovery");
	ok(findings.errors == 4 && findings.warnings == 1 && findings.notes == 1, "order: counted");
}

static void test_cap(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct findings findings;
	const char *text;

	findings_init(&findings, arena);
	for (int i = 0; i < 60; i++)
		diag_note(&findings, "t.note", at(NULL, 0, 0, 0), NULL, "note %d", i);
	diag_error(&findings, "t.error", at(NULL, 0, 0, 0), NULL, "the error");
	is_int((long long)findings.count, FINDINGS_MAX, "cap: kept");
	is_int((long long)findings.notes, 60, "cap: the others are counted");
	text = print(arena, &findings, false, false);
	ok(strstr(text, "the error") != NULL, "cap: an error is not lost behind notes");
	ok(strstr(text, "note 48\n") != NULL && strstr(text, "note 49\n") == NULL,
	   "cap: the last note made room for it");
	ok(strstr(text, "\n11 more not shown: 1 error, 0 warnings, 60 notes in all\n") != NULL,
	   "cap: the last line says what was cut");
}

static void test_json_and_color(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct source source = { "s \"x\".yaml", "geheim", 6, true };
	struct findings findings;

	findings_init(&findings, arena);
	is_str(print(arena, &findings, false, true),
	       "{\"v\":1,\"findings\":[],\"errors\":0,\"warnings\":0,\"notes\":0}\n",
	       "json: nothing");
	is_str(print(arena, &findings, false, false), "", "format: nothing");
	diag_warning(&findings, "t.w", at(&source, 1, 2, 3), "do\tthis",
	             "quote \" backslash \\ \x01 \xff \xc3\xbc");
	diag_error(&findings, "t.e", at(NULL, 0, 0, 0), NULL, "plain");
	is_str(print(arena, &findings, false, true),
	       "{\"v\":1,\"findings\":["
	       "{\"severity\":\"error\",\"code\":\"t.e\",\"file\":null,\"line\":0,\"column\":0,"
	       "\"end_column\":0,\"message\":\"plain\",\"hint\":null},"
	       "{\"severity\":\"warning\",\"code\":\"t.w\",\"file\":\"s "
	       "\\\"x\\\".yaml\",\"line\":1,"
	       "\"column\":2,\"end_column\":3,\"message\":\"quote \\\" backslash \\\\ \\u0001 "
	       "\xef\xbf\xbd \xc3\xbc\",\"hint\":\"do\\u0009this\"}"
	       "],\"errors\":1,\"warnings\":1,\"notes\":0}\n",
	       "json: sorted, escaped, without excerpts");
	findings_init(&findings, arena);
	diag_error(&findings, "t.e", at(NULL, 0, 0, 0), NULL, "plain");
	is_str(print(arena, &findings, true, false), "\033[1;31merror[t.e]:\033[0m plain\n",
	       "color: only where asked for");
}

static void test_span_excerpt(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *text = "k: \xc3\xa4\xc3\xb6\xc3\xbc\n"
			   "x: 0123456789012345678901234567890123456789012345\n";
	struct source source = { "f", text, strlen(text), false };

	is_str(span_excerpt(arena, at(&source, 1, 4, 6)), "\xc3\xa4\xc3\xb6",
	       "span: by characters");
	is_str(span_excerpt(arena, at(&source, 2, 4, 50)),
	       "0123456789012345678901234567890123456789…", "span: at most 40 characters");
	is_str(span_excerpt(arena, at(&source, 2, 4, 44)),
	       "0123456789012345678901234567890123456789", "span: exactly 40 are not cut");
	is_str(span_excerpt(arena, at(&source, 9, 1, 2)), "", "span: no such line");
	is_str(span_excerpt(arena, at(&source, 1, 4, 99)), "\xc3\xa4\xc3\xb6\xc3\xbc",
	       "span: ends with its line");
	source.secret = true;
	is_str(span_excerpt(arena, at(&source, 1, 4, 6)), "(not shown)", "span: never of secrets");
	is_str(span_excerpt(arena, at(NULL, 0, 0, 0)), "(not shown)", "span: no place");
}

int main(void)
{
	test_format();
	test_excerpts();
	test_order();
	test_cap();
	test_json_and_color();
	test_span_excerpt();
	return tap_done();
}
