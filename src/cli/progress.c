#include "cli/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/text.h"

enum { NAME_COLUMNS = 34 };

struct step {
	const char *name, *note;
	int parent, depth;
	enum progress_state state;
	int64_t began_ms;
	double seconds; /* once it has ended */
	bool printed;   /* its last word is out */
};

struct progress {
	struct arena *arena;
	FILE *out;
	bool color, in_place;
	LIST_OF(struct step);
	size_t drawn; /* lines that can still be rewritten */
};

struct progress *progress_new(struct arena *arena, FILE *out, bool color)
{
	struct progress *progress = arena_alloc(arena, sizeof(*progress));

	progress->arena = arena;
	progress->out = out;
	progress->color = color;
	/* Rewriting needs a terminal that understands it; where colour works, this does too. */
	progress->in_place = isatty(fileno(out)) && terminal_color(out, "auto");
	return progress;
}

double progress_seconds(const struct progress *progress, int step)
{
	const struct step *s = &progress->items[step];

	if (s->state == PROGRESS_DONE || s->state == PROGRESS_FAILED)
		return s->seconds;
	return s->state == PROGRESS_WAITING ? 0 : (double)(clock_ms() - s->began_ms) / 1000;
}

static bool has_ended(const struct step *step)
{
	return step->state == PROGRESS_DONE || step->state == PROGRESS_FAILED;
}

static void terminal_size(const struct progress *progress, size_t *ret_rows, size_t *ret_columns)
{
	struct winsize size = { 0 };

	if (ioctl(fileno(progress->out), TIOCGWINSZ, &size) < 0 || size.ws_row < 4 ||
	    size.ws_col < 40) {
		size.ws_row = 24;
		size.ws_col = 80;
	}
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}

static const char *mark(const struct progress *progress, enum progress_state state)
{
	static const char *const plain[] = { "    ", "  ..", "  ok", "FAIL" };
	static const char *const colored[] = { "    ", "\033[33m  ..\033[0m", "\033[32m  ok\033[0m",
		                               "\033[1;31mFAIL\033[0m" };

	return progress->color ? colored[state] : plain[state];
}

/* Notes come from the node: nothing in them may move the cursor. */
static void add_note(struct text *line, const char *note)
{
	for (; *note != '\0'; note++)
		text_addc(line, (unsigned char)*note < 0x20 || *note == 0x7f ? ' ' : *note);
}

static char *step_line(const struct progress *progress, int number, size_t columns)
{
	const struct step *s = &progress->items[number];
	int indent = 2 * s->depth;
	struct text line;

	text_init(&line, progress->arena);
	text_addf(&line, " %*s%-*s", indent, "", NAME_COLUMNS - indent, s->name);
	if (s->state == PROGRESS_WAITING)
		text_addf(&line, " %9s", "");
	else
		text_addf(&line, " %7.1f s", progress_seconds(progress, number));
	if (s->note != NULL && *s->note != '\0') {
		text_add(&line, "  ");
		add_note(&line, s->note);
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	if (columns != 0 && line.len + 5 > columns) {
		size_t end = columns - 5;

		while (end > 0 && ((unsigned char)line.data[end] & 0xc0) == 0x80)
			end--;
		line.data[end] = '\0';
	}
	return line.data;
}

static void print_step(struct progress *progress, int number, size_t columns)
{
	(void)fprintf(progress->out, "%s%s\n", mark(progress, progress->items[number].state),
	              step_line(progress, number, columns));
}

static void erase(struct progress *progress)
{
	if (progress->drawn > 0)
		(void)fprintf(progress->out, "\033[%zuA\033[J", progress->drawn);
	progress->drawn = 0;
}

/* Steps that have ended, from the front on, are printed for good; the others can be rewritten. */
static void draw(struct progress *progress)
{
	size_t rows, columns, first = 0;

	terminal_size(progress, &rows, &columns);
	erase(progress);
	for (; first < progress->count && has_ended(&progress->items[first]); first++) {
		if (!progress->items[first].printed)
			print_step(progress, (int)first, columns);
		progress->items[first].printed = true;
	}
	/* What does not fit on the screen could not be erased again. */
	if (progress->count - first > rows - 2)
		first = progress->count - (rows - 2);
	for (size_t i = first; i < progress->count; i++) {
		if (progress->items[i].printed)
			continue;
		print_step(progress, (int)i, columns);
		progress->drawn++;
	}
	(void)fflush(progress->out);
}

static void print_end(struct progress *progress, int step)
{
	if (progress->items[step].printed)
		return;
	progress->items[step].printed = true;
	print_step(progress, step, 0);
	(void)fflush(progress->out);
}

int progress_begin(struct progress *progress, int parent, const char *name)
{
	struct step *step = list_add(progress->arena, progress);

	step->name = arena_strdup(progress->arena, name);
	step->parent = parent;
	step->depth = parent < 0 ? 0 : progress->items[parent].depth + 1;
	step->state = PROGRESS_RUNNING;
	step->began_ms = clock_ms();
	if (progress->in_place)
		draw(progress);
	else if (parent < 0)
		(void)fprintf(progress->out, "     %s ...\n", name);
	(void)fflush(progress->out);
	return (int)progress->count - 1;
}

void progress_note(struct progress *progress, int step, const char *note)
{
	struct step *s = &progress->items[step];

	if (str_equal(s->note, note))
		return;
	s->note = note == NULL ? NULL : arena_strdup(progress->arena, note);
	if (!progress->in_place && note != NULL && !has_ended(s)) {
		(void)fprintf(progress->out, "     %*s%s: ", 2 * s->depth, "", s->name);
		for (const char *c = note; *c != '\0'; c++)
			(void)fputc((unsigned char)*c < 0x20 ? ' ' : *c, progress->out);
		(void)fputc('\n', progress->out);
		(void)fflush(progress->out);
	}
}

void progress_set(struct progress *progress, int step, enum progress_state state, double seconds)
{
	struct step *s = &progress->items[step];

	if (has_ended(s))
		return;
	if (s->state == PROGRESS_WAITING && state != PROGRESS_WAITING)
		s->began_ms = clock_ms();
	if (state == PROGRESS_DONE || state == PROGRESS_FAILED)
		s->seconds = seconds >= 0 ? seconds : progress_seconds(progress, step);
	s->state = state;
	if (!progress->in_place && has_ended(s))
		print_end(progress, step);
}

void progress_end(struct progress *progress, int step, bool ok, const char *note)
{
	struct step *s = &progress->items[step];

	s->note = note == NULL ? NULL : arena_strdup(progress->arena, note);
	progress_set(progress, step, ok ? PROGRESS_DONE : PROGRESS_FAILED, -1);
	if (progress->in_place)
		draw(progress);
}

void progress_tick(struct progress *progress)
{
	if (progress->in_place)
		draw(progress);
}

void progress_finish(struct progress *progress)
{
	if (progress->in_place)
		draw(progress);
	progress->drawn = 0;
	for (size_t i = 0; i < progress->count; i++)
		progress->items[i].printed = true;
}
