/*
 * The difference of two texts: whatever it says, applying it to the old one must give the new one.
 */
#include "output/diff.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "tap.h"

static struct arena *arena;

/* One side of a difference that shows everything: lines with ' ' and those with MARK. */
static const char *side(const char *diff, char mark)
{
	struct text text;

	text_init(&text, arena);
	while (*diff != '\0') {
		size_t len = strcspn(diff, "\n");
		const char *next = diff + len + 1;

		if (*diff == ' ' || *diff == mark) {
			text_addn(&text, diff + 1, len - 1);
			if (*next != '\\')
				text_addc(&text, '\n');
		}
		diff = next;
	}
	return text.data;
}

static void check_known(void)
{
	is_str(diff_unified(arena, "a\nb\n", "a\nb\n", 3), "", "the same");
	is_str(diff_unified(arena, NULL, "", 3), "", "nothing and nothing");
	is_str(diff_unified(arena, "a\nb\nc\n", "a\nx\nc\n", 1),
	       "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n", "a line changed");
	is_str(diff_unified(arena, NULL, "a\nb\n", 3), "@@ -0,0 +1,2 @@\n+a\n+b\n", "a new text");
	is_str(diff_unified(arena, "a\n", NULL, 3), "@@ -1 +0,0 @@\n-a\n", "a text that goes");
	is_str(diff_unified(arena, "a", "a\n", 3),
	       "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", "only the last newline");
	is_str(diff_unified(arena, "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\nX\n3\n4\n5\n6\n7\nY\n9\n", 1),
	       "@@ -1,3 +1,3 @@\n 1\n-2\n+X\n 3\n@@ -7,3 +7,3 @@\n 7\n-8\n+Y\n 9\n", "two hunks");
	is_str(diff_unified(arena, "1\n2\n3\n4\n5\n", "X\n2\n3\nY\n5\n", 1),
	       "@@ -1,5 +1,5 @@\n-1\n+X\n 2\n 3\n-4\n+Y\n 5\n", "near ones are one hunk");
	is_str(diff_unified(arena, "a\nb\nc\n", "b\n", 0), "@@ -1 +0,0 @@\n-a\n@@ -3 +1,0 @@\n-c\n",
	       "without context");
}

static const char *random_text(void)
{
	struct text text;

	text_init(&text, arena);
	for (int i = rand() % 12; i > 0; i--)
		text_addf(&text, "%c\n", 'a' + rand() % 4);
	if (text.len > 0 && rand() % 4 == 0)
		text.data[--text.len] = '\0';
	return text.data;
}

static void check_random(void)
{
	int bad = 0;

	srand(1);
	for (int i = 0; i < 5000; i++) {
		const char *old = random_text(), *new = random_text();
		const char *diff = diff_unified(arena, old, new, 100);

		if (*diff == '\0' ? strcmp(old, new) != 0
		                  : strcmp(side(diff, '-'), old) != 0 ||
		                            strcmp(side(diff, '+'), new) != 0) {
			tap_diagnose("wrong", diff);
			bad++;
		}
	}
	is_int(bad, 0, "each of 5000 differences has both texts in it");
}

static void check_large(void)
{
	struct text old, new;
	const char *diff;

	text_init(&old, arena);
	text_init(&new, arena);
	for (int i = 0; i < 20000; i++) {
		text_addf(&old, "old %d\n", i);
		text_addf(&new, "new %d\n", i);
	}
	diff = diff_unified(arena, old.data, new.data, 3);
	ok(strcmp(side(diff, '-'), old.data) == 0 && strcmp(side(diff, '+'), new.data) == 0,
	   "too many lines to compare: removed and added whole");
}

int main(void)
{
	arena = arena_new();
	check_known();
	check_random();
	check_large();
	arena_free(arena);
	return tap_done();
}
