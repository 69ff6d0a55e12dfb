#include "diag/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "diag/line.h"

enum { EXCERPT_CHARACTERS = 40 };

void findings_init(struct findings *findings, struct arena *arena)
{
	*findings = (struct findings){ .arena = arena };
}

/* Where the next finding goes: behind the others or, when no more are kept, in the place of the
 * last one that is less severe (an error must not be lost behind 50 notes). NULL: nowhere. */
static struct finding *find_room(struct findings *findings, enum severity severity)
{
	struct finding *victim = NULL;

	if (findings->count < FINDINGS_MAX)
		return list_add(findings->arena, findings);
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *f = &findings->items[i];

		if (f->severity > severity && (victim == NULL || f->severity >= victim->severity))
			victim = f;
	}
	return victim;
}

static void __attribute__((format(printf, 6, 0)))
add(struct findings *findings, enum severity severity, const char *code, struct span span,
    const char *hint, const char *format, va_list args)
{
	size_t order = findings->errors + findings->warnings + findings->notes;
	struct finding *f = find_room(findings, severity);

	if (severity == SEVERITY_ERROR)
		findings->errors++;
	else if (severity == SEVERITY_WARNING)
		findings->warnings++;
	else
		findings->notes++;
	if (f == NULL)
		return;
	*f = (struct finding){
		.severity = severity,
		.code = arena_strdup(findings->arena, code),
		.span = span,
		.message = arena_vprintf(findings->arena, format, args),
		.hint = hint != NULL ? arena_strdup(findings->arena, hint) : NULL,
		.order = order,
	};
}

void diag_error(struct findings *findings, const char *code, struct span span, const char *hint,
                const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(findings, SEVERITY_ERROR, code, span, hint, format, args);
	va_end(args);
}

void diag_warning(struct findings *findings, const char *code, struct span span, const char *hint,
                  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(findings, SEVERITY_WARNING, code, span, hint, format, args);
	va_end(args);
}

void diag_note(struct findings *findings, const char *code, struct span span, const char *hint,
               const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(findings, SEVERITY_NOTE, code, span, hint, format, args);
	va_end(args);
}

/* What has no place comes first. */
static int compare_places(const struct span *a, const struct span *b)
{
	int by_name;

	if (a->source == NULL || b->source == NULL)
		return (a->source != NULL) - (b->source != NULL);
	by_name = strcmp(a->source->name, b->source->name);
	if (by_name != 0)
		return by_name;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->col > b->col) - (a->col < b->col);
}

static int compare_findings(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int by_place = compare_places(&a->span, &b->span);

	return by_place != 0 ? by_place : (a->order > b->order) - (a->order < b->order);
}

void findings_sort(struct findings *findings)
{
	if (findings->count > 1)
		qsort(findings->items, findings->count, sizeof(*findings->items), compare_findings);
}

const char *span_excerpt(struct arena *arena, struct span span)
{
	struct line line;
	const char *from, *to;
	struct character c;
	uint32_t col = 1;

	if (span.source == NULL || span.source->secret)
		return "(not shown)";
	if (!line_find(span.source, span.line, &line) || span.col == 0)
		return "";
	for (from = line.text; col < span.col && from < line.end; col++)
		from += character_decode(from, line.end, &c);
	for (to = from; col < span.end_col && to < line.end; col++) {
		if (col - span.col == EXCERPT_CHARACTERS)
			return arena_printf(arena, "%.*s…", (int)(to - from), from);
		to += character_decode(to, line.end, &c);
	}
	return arena_strndup(arena, from, (size_t)(to - from));
}

void diag_observe(struct findings *findings, const char *name, const char *state, const char *seen)
{
	*list_add(findings->arena, &findings->observations) = (struct observation){
		.name = arena_strdup(findings->arena, name),
		.state = arena_strdup(findings->arena, state),
		.seen = arena_strdup(findings->arena, seen),
	};
}

bool span_has_key(const struct span *span, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = span->key; at != NULL; at = strstr(at, ", ")) {
		at += *at == ',' ? 2 : 0;
		if (strncmp(at, key, len) == 0 && strchr(".[,", at[len]) != NULL)
			return true;
	}
	return false;
}
