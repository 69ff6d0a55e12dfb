/* Where lines come from, in words. */
#include "output/output.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { WIDEST_COLUMN = 60 }; /* longer texts push their origin to the right */

/* The key a value stands behind, "domain" in "domain: example.org". Empty when there is none on the
 * line, or when the source is one that is never quoted. */
static const char *key_before(struct arena *arena, struct span span)
{
	enum { LOOK_BACK = 40 };
	struct span before = span;
	const char *text, *end, *from;

	if (span.source == NULL || span.source->secret || span.line == 0 || span.col < 2)
		return "";
	before.end_col = span.col;
	before.col = span.col > LOOK_BACK ? span.col - LOOK_BACK : 1;
	text = span_excerpt(arena, before);
	for (end = text + strlen(text); end > text && (end[-1] == ' ' || end[-1] == '\t'); end--)
		;
	if (end == text || end[-1] != ':')
		return "";
	for (from = --end; from > text && (isalnum((unsigned char)from[-1]) || from[-1] == '_' ||
	                                   from[-1] == '-' || from[-1] == '.');
	     from--)
		;
	return arena_strndup(arena, from, (size_t)(end - from));
}

const char *output_origin_text(struct arena *arena, struct origin origin)
{
	struct text text;

	text_init(&text, arena);
	if (origin.span.source != NULL) {
		const char *key =
			origin.span.key != NULL ? origin.span.key : key_before(arena, origin.span);

		text_add(&text, origin.span.source->name);
		if (origin.span.line > 0)
			text_addf(&text, ":%u", origin.span.line);
		if (*key != '\0')
			text_addf(&text, " %s", key);
	} else if (origin.span.key != NULL)
		text_add(&text, origin.span.key);
	if (origin.rule != NULL)
		text_addf(&text, "%srule %s", text.len > 0 ? " | " : "", origin.rule);
	return text.len > 0 ? text.data : "unknown";
}

/* Characters, not bytes; near enough to columns for lining up. */
static size_t width_of(const char *s)
{
	size_t width = 0;

	for (; *s != '\0'; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}

const char *output_line_shown(struct arena *arena, const struct output *file,
                              const struct output_line *line)
{
	char *text;

	if ((file->flags & OUTPUT_SECRET) != 0)
		return "<secret>";
	if ((file->flags & OUTPUT_BINARY) != 0)
		return arena_printf(arena, "<%zu bytes>", line->len);
	text = arena_strndup(arena, line->data, line->len);
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = *c == '\t' ? ' ' : '?';
	}
	return text;
}

static void explain_line(struct arena *arena, const struct output *file, size_t number,
                         size_t column, int digits, FILE *out,
                         const char *(*rule_text)(const char *rule))
{
	const struct output_line *line = &file->lines.items[number - 1];
	const char *text = output_line_shown(arena, file, line);
	const char *sentence = NULL;
	size_t width = width_of(text);

	if (line->origin.rule != NULL && rule_text != NULL)
		sentence = rule_text(line->origin.rule);
	fprintf(out, "%s:%-*zu  %s%*s  ← %s%s%s\n", file->path, digits, number, text,
	        width < column ? (int)(column - width) : 0, "",
	        output_origin_text(arena, line->origin), sentence != NULL ? ": " : "",
	        sentence != NULL ? sentence : "");
}

void output_explain(const struct output *file, size_t line, FILE *out,
                    const char *(*rule_text)(const char *rule))
{
	cleanup_arena struct arena *scratch = arena_new();
	size_t column = 0;
	int digits = snprintf(NULL, 0, "%zu", file->lines.count);

	if (line > 0) {
		if (line <= file->lines.count)
			explain_line(scratch, file, line, 0, 0, out, rule_text);
		return;
	}
	for (size_t i = 0; i < file->lines.count; i++) {
		size_t width = width_of(output_line_shown(scratch, file, &file->lines.items[i]));

		if (width > column && width <= WIDEST_COLUMN)
			column = width;
	}
	for (size_t i = 1; i <= file->lines.count; i++)
		explain_line(scratch, file, i, column, digits, out, rule_text);
}
