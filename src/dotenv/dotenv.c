#include "dotenv/dotenv.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

struct reader {
	struct arena *arena;
	const struct source *source;
	struct findings *findings;
	const char *s, *end;   /* what is left to read */
	const char *line_from; /* where the current line begins */
	uint32_t line;
	struct dotenv *ret;
};

/* --- places --- */

/* From FROM to before TO, both in the current line. */
static struct span place(const struct reader *r, const char *from, const char *to)
{
	struct span span = { .source = r->source, .line = r->line, .col = 1 };
	const char *s = r->line_from;

	for (; s < from; s++)
		span.col += ((unsigned char)*s & 0xc0) != 0x80;
	span.end_col = span.col;
	for (; s < to; s++)
		span.end_col += ((unsigned char)*s & 0xc0) != 0x80;
	return span;
}

static char peek(const struct reader *r, size_t ahead)
{
	return (size_t)(r->end - r->s) > ahead ? r->s[ahead] : '\0';
}

static bool at_line_end(const struct reader *r)
{
	return r->s == r->end || *r->s == '\n' || (*r->s == '\r' && peek(r, 1) == '\n');
}

static void skip_blanks(struct reader *r)
{
	while (peek(r, 0) == ' ' || peek(r, 0) == '\t')
		r->s++;
}

static void next_line(struct reader *r)
{
	while (r->s < r->end && *r->s != '\n')
		r->s++;
	if (r->s < r->end)
		r->s++;
	r->line++;
	r->line_from = r->s;
}

/* A line break inside a value. */
static void step_over_break(struct reader *r)
{
	r->s += *r->s == '\r' ? 2 : 1;
	r->line++;
	r->line_from = r->s;
}

/* --- values --- */

/* Ruby's reader and compose replace a variable there; docker's --env-file and systemd do not. */
static bool means_variable(const struct reader *r)
{
	char next = peek(r, 1);

	return *r->s == '$' && (next == '{' || next == '(' || next == '_' ||
	                        (next >= 'A' && next <= 'Z') || (next >= 'a' && next <= 'z'));
}

static void add_escaped(struct text *value, char c)
{
	static const char from[] = "nrt\"\\$`", to[] = "\n\r\t\"\\$`";
	const char *found = c != '\0' ? strchr(from, c) : NULL;

	if (found == NULL)
		text_addc(value, '\\');
	text_addc(value, found != NULL ? to[found - from] : c);
}

/* Behind the opening quote, to behind the closing one. False when there is none. */
static bool read_quoted(struct reader *r, char quote, struct text *value, bool *ret_dollar)
{
	while (r->s < r->end && *r->s != quote) {
		if (at_line_end(r)) {
			text_addc(value, '\n');
			step_over_break(r);
			continue;
		}
		if (quote == '"' && *r->s == '\\' && r->s + 1 < r->end) {
			r->s++;
			if (at_line_end(r)) {
				step_over_break(r);
			} else {
				add_escaped(value, *r->s++);
			}
			continue;
		}
		*ret_dollar |= quote == '"' && means_variable(r);
		text_addc(value, *r->s++);
	}
	if (r->s == r->end)
		return false;
	r->s++;
	return true;
}

static void read_plain(struct reader *r, struct text *value, bool *ret_dollar)
{
	while (!at_line_end(r)) {
		if (*r->s == '\\' &&
		    (peek(r, 1) == '\n' || (peek(r, 1) == '\r' && peek(r, 2) == '\n'))) {
			r->s++;
			step_over_break(r);
			continue;
		}
		if (*r->s == '#' && r->s > r->line_from && (r->s[-1] == ' ' || r->s[-1] == '\t'))
			return;
		*ret_dollar |= means_variable(r);
		text_addc(value, *r->s++);
	}
}

static void trim(struct text *value)
{
	while (value->len > 0 &&
	       (value->data[value->len - 1] == ' ' || value->data[value->len - 1] == '\t'))
		value->data[--value->len] = '\0';
}

/* False after a finding. */
static bool read_value(struct reader *r, struct dotenv_variable *variable)
{
	struct text value;
	bool dollar = false;
	char quote;

	text_init(&value, r->arena);
	text_add(&value, "");
	skip_blanks(r);
	quote = peek(r, 0);
	if (quote == '"' || quote == '\'') {
		r->s++;
		if (!read_quoted(r, quote, &value, &dollar)) {
			diag_error(r->findings, "env.quote", variable->at, NULL,
			           "the value of '%s' has no closing %c", variable->name, quote);
			return false;
		}
		skip_blanks(r);
		if (!at_line_end(r) && *r->s != '#') {
			diag_error(r->findings, "env.quote", place(r, r->s, r->s + 1),
			           "quote the whole value, or escape the quote inside it",
			           "something follows the closing quote of '%s'", variable->name);
			return false;
		}
	} else {
		read_plain(r, &value, &dollar);
		trim(&value);
	}
	if (value.len > DOTENV_MAX_VALUE) {
		diag_error(r->findings, "env.size", variable->at, NULL,
		           "the value of '%s' is longer than %d bytes", variable->name,
		           DOTENV_MAX_VALUE);
		return false;
	}
	if (dollar)
		diag_warning(
			r->findings, "env.dollar", variable->at,
			"where it stands for another variable, write that one's value; where it "
			"is part of the value, single quotes say so",
			"'%s' has a '$' before a name: it is taken as it is written",
			variable->name);
	variable->value = value.data;
	return true;
}

/* --- lines --- */

static void add(struct reader *r, const struct dotenv_variable *variable)
{
	for (size_t i = 0; i < r->ret->count; i++) {
		if (strcmp(r->ret->items[i].name, variable->name) != 0)
			continue;
		diag_warning(r->findings, "env.duplicate", variable->at, NULL,
		             "'%s' stands in line %u too; the last one counts", variable->name,
		             r->ret->items[i].at.line);
		r->ret->items[i] = *variable;
		return;
	}
	*list_add(r->arena, r->ret) = *variable;
}

static void skip_export(struct reader *r)
{
	size_t len = strlen("export");

	if ((size_t)(r->end - r->s) > len && strncmp(r->s, "export", len) == 0 &&
	    (r->s[len] == ' ' || r->s[len] == '\t')) {
		r->s += len;
		skip_blanks(r);
	}
}

static void read_line(struct reader *r)
{
	struct dotenv_variable variable = { .value = "" };
	const char *from;
	size_t len = 0;

	skip_blanks(r);
	if (at_line_end(r) || *r->s == '#')
		return;
	skip_export(r);
	from = r->s;
	while (from + len < r->end && strchr(name_bytes, from[len]) != NULL && from[len] != '\0')
		len++;
	r->s += len;
	variable.at = place(r, from, r->s);
	skip_blanks(r);
	if (len == 0 || len > DOTENV_MAX_NAME || (*from >= '0' && *from <= '9') ||
	    peek(r, 0) != '=') {
		diag_error(r->findings, "env.syntax",
		           len == 0 ? place(r, from, from + 1) : variable.at,
		           "a line is NAME=value, or a comment behind '#'",
		           "this is not a variable");
		return;
	}
	r->s++;
	variable.name = arena_strndup(r->arena, from, len);
	if (read_value(r, &variable))
		add(r, &variable);
}

/* A line of its own for the first bytes that cannot be text. */
static bool check_bytes(const struct source *source, struct findings *findings)
{
	struct span at = { .source = source };
	size_t bad = source->len;

	if (source->len > DOTENV_MAX_BYTES) {
		diag_error(findings, "env.size", at, NULL, "the file is larger than %d bytes",
		           DOTENV_MAX_BYTES);
		return false;
	}
	if (utf8_valid(source->data, source->len, &bad)) {
		const char *nul = memchr(source->data, '\0', source->len);

		if (nul == NULL)
			return true;
		bad = (size_t)(nul - source->data);
	}
	at.line = at.col = 1;
	for (size_t i = 0; i < bad; i++) {
		at.line += source->data[i] == '\n';
		at.col = source->data[i] == '\n'
		                 ? 1
		                 : at.col + (((unsigned char)source->data[i] & 0xc0) != 0x80);
	}
	at.end_col = at.col + 1;
	diag_error(findings, "env.utf8", at, "save the file as UTF-8", "this is not text");
	return false;
}

bool dotenv_parse(struct arena *arena, const struct source *source, struct dotenv *ret,
                  struct findings *findings)
{
	struct reader r = {
		.arena = arena, .source = source, .findings = findings, .line = 1, .ret = ret
	};
	size_t errors = findings->errors;

	*ret = (struct dotenv){ 0 };
	if (!check_bytes(source, findings))
		return false;
	r.s = r.line_from = source->data;
	r.end = source->data + source->len;
	if (r.end - r.s >= 3 && memcmp(r.s, "\xef\xbb\xbf", 3) == 0)
		r.s = r.line_from = r.s + 3; /* Windows' editors */
	while (r.s < r.end) {
		read_line(&r);
		if (ret->count > DOTENV_MAX_VARIABLES) {
			diag_error(findings, "env.size", (struct span){ .source = source }, NULL,
			           "the file has more than %d variables", DOTENV_MAX_VARIABLES);
			return false;
		}
		next_line(&r);
	}
	return findings->errors == errors;
}

const struct dotenv_variable *dotenv_get(const struct dotenv *dotenv, const char *name)
{
	for (size_t i = 0; i < dotenv->count; i++)
		if (strcmp(dotenv->items[i].name, name) == 0)
			return &dotenv->items[i];
	return NULL;
}
