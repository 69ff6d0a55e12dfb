#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "diag/diag.h"
#include "diag/line.h"

enum {
	EXCERPT_COLUMNS = 90, /* with the gutter about 100 */
	BEFORE_CARET = 40,    /* characters kept before the caret where the line must be cut */
};

struct style {
	const char *severity[3], *place, *gutter, *caret, *reset;
};

static const struct style plain_style = { { "", "", "" }, "", "", "", "" };
static const struct style color_style = {
	.severity = {
		[SEVERITY_ERROR] = "\033[1;31m",
		[SEVERITY_WARNING] = "\033[1;33m",
		[SEVERITY_NOTE] = "\033[1;36m",
	},
	.place = "\033[1m",
	.gutter = "\033[2m",
	.caret = "\033[1;32m",
	.reset = "\033[0m",
};

static const char *const severity_names[] = {
	[SEVERITY_ERROR] = "error",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_NOTE] = "note",
};

/* Adds one character so that it does nothing but show; returns its columns. */
static unsigned add_character(struct text *out, const char *s, size_t len,
                              const struct character *c)
{
	if (c->safe)
		text_addn(out, s, len);
	else
		text_add(out, c->code == '\t' ? " " : "\xef\xbf\xbd");
	return c->columns;
}

/* Messages quote what users wrote, so they are no safer than the source. */
static void add_safe(struct text *out, const char *s)
{
	const char *end = s + strlen(s);

	while (s < end) {
		struct character c;
		size_t len = character_decode(s, end, &c);

		(void)add_character(out, s, len, &c);
		s += len;
	}
}

static unsigned count_columns(const char *s, const char *end, unsigned enough)
{
	unsigned columns = 0;

	while (s < end && columns <= enough) {
		struct character c;

		s += character_decode(s, end, &c);
		columns += c.columns;
	}
	return columns;
}

/* The first character shown: 1 where line or at least the marked part fits, else one somewhat
 * before the caret. */
static uint32_t first_shown(const struct line *line, const struct span *span)
{
	if (count_columns(line->text, line->end, EXCERPT_COLUMNS) <= EXCERPT_COLUMNS ||
	    span->col <= EXCERPT_COLUMNS / 2)
		return 1;
	return span->col - BEFORE_CARET;
}

/* Fills EXCERPT with what is shown of the line and CARET with the marks below it. */
static void cut_excerpt(const struct line *line, const struct span *span, struct text *excerpt,
                        struct text *caret)
{
	uint32_t first = first_shown(line, span), col = 1;
	const char *s = line->text;
	unsigned columns = 0;

	if (first > 1) {
		text_add(excerpt, "…");
		text_addc(caret, ' ');
	}
	for (; s < line->end; col++) {
		struct character c;
		size_t len = character_decode(s, line->end, &c);

		if (col >= first) {
			if (columns + c.columns > EXCERPT_COLUMNS) {
				text_add(excerpt, "…");
				break;
			}
			columns += add_character(excerpt, s, len, &c);
			for (unsigned i = 0; i < c.columns; i++)
				if (col < span->col)
					text_addc(caret, ' ');
				else if (col == span->col && i == 0)
					text_addc(caret, '^');
				else if (col == span->col || col < span->end_col)
					text_addc(caret, '~');
		}
		s += len;
	}
	/* A place just behind the end of the line ("something is missing here"). */
	if (span->col >= col && s == line->end)
		text_addc(caret, '^');
}

static void add_excerpt(struct text *out, const struct span *span, const struct style *style)
{
	struct text excerpt, caret;
	struct line line;
	char number[16];
	int width;

	if (span->line == 0 || span->source->secret || !line_find(span->source, span->line, &line))
		return;
	text_init(&excerpt, out->arena);
	text_init(&caret, out->arena);
	cut_excerpt(&line, span, &excerpt, &caret);
	width = snprintf(number, sizeof(number), "%u", span->line);
	text_addf(out, "%s  %s |%s%s%s\n", style->gutter, number, style->reset,
	          excerpt.len > 0 ? " " : "", excerpt.data);
	if (span->col > 0)
		text_addf(out, "%s  %*s |%s %s%s%s\n", style->gutter, width, "", style->reset,
		          style->caret, caret.data, style->reset);
}

static void add_finding(struct text *out, const struct finding *f, const struct style *style)
{
	const struct span *span = &f->span;

	if (span->source != NULL) {
		text_add(out, style->place);
		add_safe(out, span->source->name);
		if (span->line > 0)
			text_addf(out, ":%u", span->line);
		if (span->line > 0 && span->col > 0)
			text_addf(out, ":%u", span->col);
		text_addf(out, ":%s ", style->reset);
	}
	text_addf(out, "%s%s[%s]:%s ", style->severity[f->severity], severity_names[f->severity],
	          f->code, style->reset);
	add_safe(out, f->message);
	text_addc(out, '\n');
	if (span->source != NULL)
		add_excerpt(out, span, style);
	if (f->hint != NULL) {
		text_add(out, "  hint: ");
		add_safe(out, f->hint);
		text_addc(out, '\n');
	}
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void findings_print(struct findings *findings, FILE *out, bool color)
{
	size_t found = findings->errors + findings->warnings + findings->notes;
	cleanup_arena struct arena *scratch = arena_new();
	const struct style *style = color ? &color_style : &plain_style;
	struct text text;

	findings_sort(findings);
	text_init(&text, scratch);
	for (size_t i = 0; i < findings->count; i++)
		add_finding(&text, &findings->items[i], style);
	if (found > findings->count)
		text_addf(&text,
		          "%zu more not shown: %zu error%s, %zu warning%s, %zu note%s in all\n",
		          found - findings->count, findings->errors, plural(findings->errors),
		          findings->warnings, plural(findings->warnings), findings->notes,
		          plural(findings->notes));
	(void)fwrite(text.data, 1, text.len, out);
}

/* A JSON string (RFC 8259, section 7); bytes that are not UTF-8 become U+FFFD. */
static void add_json_string(struct text *out, const char *s)
{
	const char *end;

	if (s == NULL) {
		text_add(out, "null");
		return;
	}
	end = s + strlen(s);
	text_addc(out, '"');
	while (s < end) {
		struct character c;
		size_t len = character_decode(s, end, &c);

		if (c.code == '"' || c.code == '\\')
			text_addf(out, "\\%c", (int)c.code);
		else if (c.code < 0x20 || c.code == 0x7f)
			text_addf(out, "\\u%04x", c.code);
		else if (c.code == 0xfffd)
			text_add(out, "\xef\xbf\xbd");
		else
			text_addn(out, s, len);
		s += len;
	}
	text_addc(out, '"');
}

/* All but the closing brace. */
static void add_json_finding(struct text *out, const struct finding *f)
{
	text_addf(out, "{\"severity\":\"%s\",\"code\":", severity_names[f->severity]);
	add_json_string(out, f->code);
	text_add(out, ",\"file\":");
	add_json_string(out, f->span.source != NULL ? f->span.source->name : NULL);
	text_addf(out, ",\"line\":%u,\"column\":%u,\"end_column\":%u,\"message\":", f->span.line,
	          f->span.col, f->span.end_col);
	add_json_string(out, f->message);
	text_add(out, ",\"hint\":");
	add_json_string(out, f->hint);
}

static void add_json_counts(struct text *out, const struct findings_count *count)
{
	text_addf(out, "\"errors\":%zu,\"warnings\":%zu,\"notes\":%zu", count->errors,
	          count->warnings, count->notes);
}

static void add_json_observations(struct text *out, const struct findings *findings)
{
	for (size_t i = 0; i < findings->observations.count; i++) {
		const struct observation *o = &findings->observations.items[i];

		text_add(out, i == 0 ? ",\"probes\":[{\"name\":" : ",{\"name\":");
		add_json_string(out, o->name);
		text_add(out, ",\"state\":");
		add_json_string(out, o->state);
		text_add(out, ",\"seen\":");
		add_json_string(out, o->seen);
		text_addc(out, '}');
	}
	if (findings->observations.count > 0)
		text_addc(out, ']');
}

void findings_print_json(struct findings *findings, FILE *out)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct text text;

	findings_sort(findings);
	text_init(&text, scratch);
	text_add(&text, "{\"v\":1,\"findings\":[");
	for (size_t i = 0; i < findings->count; i++) {
		if (i > 0)
			text_addc(&text, ',');
		add_json_finding(&text, &findings->items[i]);
		text_addc(&text, '}');
	}
	text_add(&text, "],");
	add_json_counts(&text, &(struct findings_count){ .errors = findings->errors,
	                                                 .warnings = findings->warnings,
	                                                 .notes = findings->notes });
	add_json_observations(&text, findings);
	text_add(&text, "}\n");
	(void)fwrite(text.data, 1, text.len, out);
}

void findings_json_begin(FILE *out)
{
	(void)fputs("{\"v\":1,\"findings\":[", out);
}

void findings_json_add(struct findings *findings, const char *node, bool first, FILE *out)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct text text;

	findings_sort(findings);
	text_init(&text, scratch);
	for (size_t i = 0; i < findings->count; i++) {
		text_add(&text, first && i == 0 ? "\n" : ",\n");
		add_json_finding(&text, &findings->items[i]);
		text_add(&text, ",\"node\":");
		add_json_string(&text, node);
		text_addc(&text, '}');
	}
	(void)fwrite(text.data, 1, text.len, out);
}

void findings_json_end(const struct findings_count *counts, size_t count, FILE *out)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct findings_count all = { 0 };
	bool first = true;
	struct text text;

	text_init(&text, scratch);
	text_add(&text, "\n],\"nodes\":[");
	for (size_t i = 0; i < count; i++) {
		all.errors += counts[i].errors;
		all.warnings += counts[i].warnings;
		all.notes += counts[i].notes;
		if (counts[i].name == NULL)
			continue;
		text_add(&text, first ? "\n{\"name\":" : ",\n{\"name\":");
		first = false;
		add_json_string(&text, counts[i].name);
		text_addc(&text, ',');
		add_json_counts(&text, &counts[i]);
		text_addc(&text, '}');
	}
	text_add(&text, "\n],");
	add_json_counts(&text, &all);
	text_add(&text, "}\n");
	(void)fwrite(text.data, 1, text.len, out);
}
