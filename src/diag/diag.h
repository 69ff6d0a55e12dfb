/*
 * Findings: what is wrong with what the user wrote, where, and what to do.
 *
 * A finding is about the user's input; a failure of the system (no such file, no room) is a
 * negative errno instead. Codes `area.rule` are public and never reused. Library code only adds
 * findings; printing belongs to cmd.
 */
#ifndef STEAD_DIAG_DIAG_H
#define STEAD_DIAG_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct arena;

/* A text that spans point into. Outlives them: both live in the compile's arena. */
struct source {
	const char *name; /* as the user would name it: "stead.yaml" */
	const char *data;
	size_t len;
	bool secret; /* a report never shows an excerpt of it */
};

/* A place: from (line, col) to before end_col of the same line (a longer value is cut there).
 * Lines and columns start at 1; columns count characters, not bytes. line 0: the file as a whole.
 * source NULL: no place at all (a command-line value, a built-in rule). */
struct span {
	const struct source *source;
	uint32_t line, col, end_col;
	/* the dotted setting whose value it is, "mail.port", also of one that nobody wrote,
	 * or "secret.NAME"; several are parted by ", "; NULL: none */
	const char *key;
};

/* Where a line of output comes from: a place in settings or app definition, or a rule of stead
 * (named in origin_rules of node.h), or both. */
struct origin {
	struct span span;
	const char *rule; /* "host.firewall"; NULL when the span says it all */
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct finding {
	enum severity severity;
	const char *code; /* "mail.port" */
	struct span span;
	const char *message; /* lower case, no full stop, names quoted with single quotes */
	const char *hint;    /* NULL: none */
	size_t order;        /* of discovery; keeps the sort stable */
};

/* What was looked at and what was seen there, also where nothing is wrong. */
struct observation {
	const char *name, *state, *seen;
};

struct findings {
	struct arena *arena;
	struct finding *items;
	size_t count, capacity;
	size_t errors, warnings, notes; /* all that were found, also those past the cap */
	struct {
		struct observation *items;
		size_t count, capacity;
	} observations;
};

/* How many findings are kept; the others are only counted. */
enum { FINDINGS_MAX = 50 };

void findings_init(struct findings *findings, struct arena *arena);

/* Adds one finding. HINT may be NULL; both texts are copied. */
void diag_error(struct findings *findings, const char *code, struct span span, const char *hint,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
void diag_warning(struct findings *findings, const char *code, struct span span, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
void diag_note(struct findings *findings, const char *code, struct span span, const char *hint,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Adds an observation. The texts are copied. */
void diag_observe(struct findings *findings, const char *name, const char *state, const char *seen);

/* Sorts by source name, place, then order of discovery. */
void findings_sort(struct findings *findings);

/* The house format, with excerpt and caret (tabs in the excerpt are shown as one blank, so that the
 * caret fits). Sorts first. Ends with a line that counts when anything was cut. */
void findings_print(struct findings *findings, FILE *out, bool color);

/* {"v":1,"findings":[{"severity","code","file","line","column","end_column","message","hint"}],
 *  "errors":N,"warnings":N,"notes":N} and a newline; with observations also
 *  "probes":[{"name","state","seen"}]. No excerpts, so no secrets. */
void findings_print_json(struct findings *findings, FILE *out);

/* The same for several nodes, one after the other: begin, each node's findings (they have its name
 * as "node"; NULL: null), end. What was found in all is the sum, and there is
 * "nodes":[{"name","errors","warnings","notes"}], without those that have no name. */
struct findings_count {
	const char *name;
	size_t errors, warnings, notes;
};
void findings_json_begin(FILE *out);
void findings_json_add(struct findings *findings, const char *node, bool first, FILE *out);
void findings_json_end(const struct findings_count *counts, size_t count, FILE *out);

/* Whether the setting KEY, or one below it, is among SPAN's. */
bool span_has_key(const struct span *span, const char *key);

/* The text between two spans' ends, for messages: at most 40 characters, never from a secret
 * source. */
const char *span_excerpt(struct arena *arena, struct span span);

#endif
