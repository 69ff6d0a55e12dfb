/*
 * The terminal: colour, questions, progress. Only cmd calls this; it is the one part of cli that
 * reads and writes.
 */
#ifndef STEAD_CLI_TERMINAL_H
#define STEAD_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct arena;

/* Whether to colour OUT: WHEN is auto, always or never. auto: a terminal, TERM is not "dumb" and
 * NO_COLOR is unset or empty (no-color.org). */
bool terminal_color(FILE *out, const char *when);

/* True when a person can be asked: stdin and stderr are terminals. */
bool terminal_can_ask(void);

/* Asks on stderr, reads a line of at most 4 KiB from stdin, without its newline. FALLBACK, if not
 * NULL, is shown and taken for an empty line. 0, -ENODATA at the end of input, -E2BIG. */
int terminal_ask(struct arena *arena, const char *question, const char *fallback,
                 char **ret_answer);

/* The same without echo; the answer lives in SECRET_ARENA. */
int terminal_ask_secret(struct arena *secret_arena, const char *question, char **ret_answer);

/* y or n; anything else asks again. At the end of input: false. */
bool terminal_confirm(const char *question, bool fallback);

/*
 * Steps with times, nested. On a terminal the open steps are rewritten in place; elsewhere each
 * step is one line when it begins (only those at the top) and one when it ends.
 */
struct progress;

enum progress_state { PROGRESS_WAITING, PROGRESS_RUNNING, PROGRESS_DONE, PROGRESS_FAILED };

struct progress *progress_new(struct arena *arena, FILE *out, bool color);

/* Begins a step below PARENT (-1: at the top) and returns its number. NAME is copied. */
int progress_begin(struct progress *progress, int parent, const char *name);

/* What it does or waits for at the moment; NULL: nothing to say. */
void progress_note(struct progress *progress, int step, const char *note);

/* Sets a state that was observed elsewhere. SECONDS < 0: measure it here. */
void progress_set(struct progress *progress, int step, enum progress_state state, double seconds);

void progress_end(struct progress *progress, int step, bool ok, const char *note);

/* Draws the open steps anew with the time that has passed; call it about every half second. */
void progress_tick(struct progress *progress);

/* Nothing is drawn in place any more: other output may follow. Open steps stay as they are. */
void progress_finish(struct progress *progress);

/* Seconds a step took, or takes so far. */
double progress_seconds(const struct progress *progress, int step);

#endif
