#include "output/diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/text.h"

/* Of the table of lengths; 4 bytes each. */
enum { CELLS_MAX = 4 * 1024 * 1024 };

struct line {
	const char *data;
	size_t len;
	bool ends; /* in a newline */
};

struct lines {
	LIST_OF(struct line);
};

struct edit {
	char what; /* ' ', '-' or '+' */
	struct line line;
};

struct diff {
	struct arena *arena; /* scratch */
	struct lines old, new;
	struct {
		LIST_OF(struct edit);
	} edits;
};

static void split(struct arena *arena, const char *text, struct lines *ret)
{
	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n");
		struct line *line = list_add(arena, ret);

		*line = (struct line){ .data = text, .len = len, .ends = text[len] == '\n' };
		text += len + line->ends;
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && a->ends == b->ends && memcmp(a->data, b->data, a->len) == 0;
}

static void edit(struct diff *diff, char what, const struct line *line)
{
	struct edit *to = list_add(diff->arena, &diff->edits);

	*to = (struct edit){ .what = what, .line = *line };
}

/* The longest common subsequence of old[from..old_end) and new[from..new_end): the cell at (i, j)
 * is its length from there on. */
static void middle(struct diff *diff, size_t from, size_t old_end, size_t new_end)
{
	const struct line *old = diff->old.items, *new = diff->new.items;
	size_t rows = old_end - from, columns = new_end - from, width = columns + 1;
	size_t i = 0, j = 0;
	uint32_t *length = NULL;

	if (rows < CELLS_MAX && (rows + 1) * width <= CELLS_MAX) {
		length = arena_array(diff->arena, (rows + 1) * width, sizeof(*length));
		for (i = rows; i-- > 0;)
			for (j = columns; j-- > 0;) {
				uint32_t down = length[(i + 1) * width + j];
				uint32_t right = length[i * width + j + 1];

				length[i * width + j] =
					same(&old[from + i], &new[from + j])
						? length[(i + 1) * width + j + 1] + 1
						: (down > right ? down : right);
			}
		i = j = 0;
		while (i < rows && j < columns) {
			if (same(&old[from + i], &new[from + j])) {
				edit(diff, ' ', &old[from + i++]);
				j++;
			} else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
				edit(diff, '-', &old[from + i++]);
			} else {
				edit(diff, '+', &new[from + j++]);
			}
		}
	}
	while (i < rows)
		edit(diff, '-', &old[from + i++]);
	while (j < columns)
		edit(diff, '+', &new[from + j++]);
}

static void compare(struct diff *diff)
{
	const struct line *old = diff->old.items, *new = diff->new.items;
	size_t old_end = diff->old.count, new_end = diff->new.count, from = 0;

	while (from < old_end && from < new_end && same(&old[from], &new[from])) {
		edit(diff, ' ', &old[from]);
		from++;
	}
	while (old_end > from && new_end > from && same(&old[old_end - 1], &new[new_end - 1])) {
		old_end--;
		new_end--;
	}
	middle(diff, from, old_end, new_end);
	for (; old_end < diff->old.count; old_end++)
		edit(diff, ' ', &old[old_end]);
}

/* Where the hunk that begins with the change at FIRST ends: changes with at most twice the context
 * between them are one. */
static size_t hunk_end(const struct diff *diff, size_t first, size_t context)
{
	size_t last = first;

	for (size_t i = first; i < diff->edits.count && i - last <= 2 * context + 1; i++)
		if (diff->edits.items[i].what != ' ')
			last = i;
	last += context + 1;
	return last < diff->edits.count ? last : diff->edits.count;
}

/* diff(1) counts from 1, but names the line before an empty range. */
static void add_range(struct text *text, char mark, size_t before, size_t count)
{
	text_addf(text, "%c%zu", mark, count == 0 ? before : before + 1);
	if (count != 1)
		text_addf(text, ",%zu", count);
}

static void add_hunk(const struct diff *diff, struct text *text, size_t begin, size_t end)
{
	const struct edit *edits = diff->edits.items;
	size_t old_before = 0, new_before = 0, old_count = 0, new_count = 0;

	for (size_t i = 0; i < end; i++) {
		*(i < begin ? &old_before : &old_count) += edits[i].what != '+';
		*(i < begin ? &new_before : &new_count) += edits[i].what != '-';
	}
	text_add(text, "@@ ");
	add_range(text, '-', old_before, old_count);
	text_addc(text, ' ');
	add_range(text, '+', new_before, new_count);
	text_add(text, " @@\n");
	for (size_t i = begin; i < end; i++) {
		text_addc(text, edits[i].what);
		text_addn(text, edits[i].line.data, edits[i].line.len);
		text_addc(text, '\n');
		if (!edits[i].line.ends)
			text_add(text, "\\ No newline at end of file\n");
	}
}

char *diff_unified(struct arena *arena, const char *old, const char *new, unsigned context)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct diff diff = { .arena = scratch };
	struct text text;

	text_init(&text, arena);
	split(scratch, old, &diff.old);
	split(scratch, new, &diff.new);
	compare(&diff);
	for (size_t i = 0; i < diff.edits.count; i++) {
		size_t end;

		if (diff.edits.items[i].what == ' ')
			continue;
		end = hunk_end(&diff, i, context);
		add_hunk(&diff, &text, i > context ? i - context : 0, end);
		i = end - 1;
	}
	return text.data;
}
