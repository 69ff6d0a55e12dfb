/* Versions of an application, as its image's tag tells them, and conditions on them. */
#include <string.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/text.h"

#define WORD "version"
#define DIGITS "0123456789"

enum { PART_DIGITS = 9 };

bool version_read(const char *s, struct version *ret, const char **ret_end)
{
	*ret = (struct version){ 0 };
	for (;; s++) {
		char digits[PART_DIGITS + 1] = { 0 };
		size_t len = strspn(s, DIGITS);

		if (len == 0 || len > PART_DIGITS || ret->count == VERSION_PARTS_MAX)
			return false;
		memcpy(digits, s, len);
		if (!str_to_long(digits, &ret->parts[ret->count++]))
			return false;
		s += len;
		if (s[0] != '.' || strspn(s + 1, DIGITS) == 0)
			break;
	}
	*ret_end = s;
	return true;
}

const char *version_of_image(struct arena *arena, const char *image)
{
	const char *slash = strrchr(image, '/'), *name = slash != NULL ? slash : image;
	const char *tag = strchr(name, ':'), *at = strchr(name, '@');

	if (tag == NULL || (at != NULL && at < tag)) /* the colon is the digest's */
		return NULL;
	return version_of_tag(arena, tag + 1);
}

const char *version_of_tag(struct arena *arena, const char *tag)
{
	struct version version;
	const char *end;

	tag += *tag == 'v' ? 1 : 0;
	if (!version_read(tag, &version, &end))
		return NULL;
	return arena_strndup(arena, tag, (size_t)(end - tag));
}

bool version_is_condition(const char *condition)
{
	const char *rest;

	condition += strspn(condition, " ");
	if (!str_starts(condition, WORD))
		return false;
	rest = condition + strlen(WORD);
	return *rest != '\0' && strchr(" <>=!", *rest) != NULL;
}

int version_compare(const struct version *version, const struct version *asked)
{
	for (size_t i = 0; i < asked->count; i++) {
		long part = i < version->count ? version->parts[i] : 0;

		if (part != asked->parts[i])
			return part < asked->parts[i] ? -1 : 1;
	}
	return 0;
}

bool version_test(const char *condition, const char *version, bool *ret_holds)
{
	static const struct {
		const char *sign;
		bool less, equal, more;
	} signs[] = { /* the longer ones first */
		      { ">=", false, true, true },  { "<=", true, true, false },
		      { "==", false, true, false }, { "!=", true, false, true },
		      { ">", false, false, true },  { "<", true, false, false }
	};
	const char *s = condition + strspn(condition, " ") + strlen(WORD), *end;
	struct version here, asked;
	int order;

	*ret_holds = false;
	s += strspn(s, " ");
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (!str_starts(s, signs[i].sign))
			continue;
		s += strlen(signs[i].sign);
		s += strspn(s, " ");
		if (!version_read(s, &asked, &end) || end[strspn(end, " ")] != '\0')
			return false;
		if (!version_read(version, &here, &end))
			return true; /* an unknown one is none of them */
		order = version_compare(&here, &asked);
		*ret_holds = order < 0 ? signs[i].less : order > 0 ? signs[i].more : signs[i].equal;
		return true;
	}
	return false;
}

bool version_meets(const struct value_list *conditions, const char *version)
{
	bool all = version != NULL, holds;

	for (size_t i = 0; all && i < conditions->count; i++)
		all = version_test(conditions->items[i].v, version, &holds) && holds;
	return all;
}

const struct value_list *version_asked_of(const struct app *app, const struct app_process *process)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *own = process->image.v;

	if (app->versions.count == 0 ||
	    (own != NULL && !version_meets(&app->versions, version_of_image(scratch, own))))
		return NULL;
	return &app->versions;
}
