/*
 * References in texts: `${settings.web:url}`; `$$` is a dollar sign, and so is a `$` before
 * anything else but '{'.
 */
#include <string.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/text.h"

static const char *const filters[] = { "url", "base64", "upper", "days", "address", "passfile" };

enum { FILTER_COUNT = sizeof(filters) / sizeof(filters[0]), PARTS_MAX = 200 };

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "_.-";

static void add_literal(struct arena *arena, struct reference_parts *ret, struct text *literal,
                        struct span at)
{
	if (literal->len > 0)
		*list_add(arena, ret) = (struct reference_part){
			.text = arena_strndup(arena, literal->data, literal->len), .at = at
		};
	text_init(literal, arena);
}

static bool add_filter(struct arena *arena, struct reference_part *part, const char *s, size_t len,
                       struct findings *findings)
{
	const char *name = arena_strndup(arena, s, len);
	const char *nearest;

	for (size_t i = 0; i < FILTER_COUNT; i++)
		if (strcmp(name, filters[i]) == 0) {
			*list_add(arena, &part->filters) = filters[i];
			return true;
		}
	nearest = str_nearest(name, filters, FILTER_COUNT);
	diag_error(findings, "app.reference", part->at,
	           nearest != NULL ? arena_printf(arena, "did you mean '%s'?", nearest)
	                           : "filters are url, base64, upper, days, address and passfile",
	           "unknown filter '%s'", name);
	return false;
}

/* BODY is what stands between the braces. */
static bool add_reference(struct arena *arena, struct reference_parts *ret, const char *body,
                          size_t len, struct span at, struct findings *findings)
{
	struct reference_part *part = list_add(arena, ret);
	size_t name_len = strcspn(body, ":}");
	bool ok = true;

	*part = (struct reference_part){ .is_reference = true,
		                         .text = arena_strndup(arena, body, name_len),
		                         .at = at };
	if (name_len == 0 || strspn(part->text, name_bytes) != name_len) {
		diag_error(findings, "app.reference", at, "like ${settings.web} or ${secret.NAME}",
		           "'${%.*s}' is not a reference", (int)(len < 40 ? len : 40), body);
		return false;
	}
	for (const char *s = body + name_len; s < body + len;) {
		size_t n = strcspn(++s, ":}");

		ok = add_filter(arena, part, s, n, findings) && ok;
		s += n;
	}
	return ok;
}

bool reference_split(struct arena *arena, const struct value_text *text,
                     struct reference_parts *ret, struct findings *findings)
{
	struct text literal;
	bool ok = true;

	*ret = (struct reference_parts){ 0 };
	text_init(&literal, arena);
	for (const char *s = text->v != NULL ? text->v : ""; *s != '\0'; s++) {
		const char *end;

		if (s[0] != '$' || (s[1] != '$' && s[1] != '{')) {
			text_addc(&literal, *s);
			continue;
		}
		if (*++s == '$') {
			text_addc(&literal, '$');
			continue;
		}
		end = strchr(++s, '}');
		if (end == NULL || ret->count >= PARTS_MAX) {
			diag_error(findings, "app.reference", text->at,
			           end == NULL ? "for the two characters themselves write '$${'"
			                       : NULL,
			           end == NULL ? "a reference is not closed by '}'"
			                       : "a text holds more than %d parts",
			           PARTS_MAX);
			return false;
		}
		add_literal(arena, ret, &literal, text->at);
		ok = add_reference(arena, ret, s, (size_t)(end - s), text->at, findings) && ok;
		s = end;
	}
	add_literal(arena, ret, &literal, text->at);
	return ok;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

static char *filter_url(struct arena *arena, const char *value)
{
	struct text out;

	text_init(&out, arena);
	text_add(&out, "");
	for (; *value != '\0'; value++) {
		if (is_unreserved(*value))
			text_addc(&out, *value);
		else
			text_addf(&out, "%%%02X", (unsigned char)*value);
	}
	return out.data;
}

static char *filter_upper(struct arena *arena, const char *value)
{
	char *out = arena_strdup(arena, value);

	for (char *s = out; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	return out;
}

/* A length of time as those applications have it that count in days. */
static char *filter_days(struct arena *arena, const char *value)
{
	enum { DAY_S = 24 * 60 * 60 };
	long seconds;

	if (!str_to_long(value, &seconds))
		return arena_strdup(arena, value);
	return arena_printf(arena, "%ld", seconds < DAY_S ? 1 : seconds / DAY_S);
}

/* "hello@example.org" of "Example <hello@example.org>". */
static char *filter_address(struct arena *arena, const char *value)
{
	const char *open = strrchr(value, '<'), *close = open != NULL ? strchr(open, '>') : NULL;

	return close != NULL ? arena_strndup(arena, open + 1, (size_t)(close - open - 1))
	                     : arena_strdup(arena, value);
}

/* A field of PostgreSQL's password files ("The Password File" in its manual). */
static char *filter_passfile(struct arena *arena, const char *value)
{
	struct text out;

	text_init(&out, arena);
	text_add(&out, "");
	for (; *value != '\0'; value++) {
		if (*value == ':' || *value == '\\')
			text_addc(&out, '\\');
		text_addc(&out, *value);
	}
	return out.data;
}

char *reference_filter(struct arena *arena, const char *filter, const char *value)
{
	if (strcmp(filter, "url") == 0)
		return filter_url(arena, value);
	if (strcmp(filter, "base64") == 0)
		return base64_encode(arena, value, strlen(value));
	if (strcmp(filter, "upper") == 0)
		return filter_upper(arena, value);
	if (strcmp(filter, "days") == 0)
		return filter_days(arena, value);
	if (strcmp(filter, "address") == 0)
		return filter_address(arena, value);
	if (strcmp(filter, "passfile") == 0)
		return filter_passfile(arena, value);
	return arena_strdup(arena, value);
}
