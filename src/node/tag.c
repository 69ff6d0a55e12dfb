#include "node/tag.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"

struct form {
	const char *tag;
	size_t prefix_len;
	struct version numbers;
	const char *suffix;
};

enum tag_channel tag_channel(const char *word)
{
	return str_equal(word, "patch")   ? TAG_PATCH
	       : str_equal(word, "minor") ? TAG_MINOR
	                                  : TAG_NONE;
}

static bool read_tag(const char *tag, struct form *ret)
{
	*ret = (struct form){ .tag = tag, .prefix_len = strcspn(tag, "0123456789") };
	return version_read(tag + ret->prefix_len, &ret->numbers, &ret->suffix);
}

static bool has_trial_word(const char *s, size_t len)
{
	static const char *const words[] = { "alpha",    "beta",     "canary",  "ci",   "dev",
		                             "edge",     "main",     "master",  "next", "nightly",
		                             "pr",       "pre",      "preview", "rc",   "sha",
		                             "snapshot", "unstable", "test" };

	for (size_t i = 0; i < len;) {
		size_t n = 0;

		while (i + n < len && isalpha((unsigned char)s[i + n]))
			n++;
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (strlen(words[k]) == n && strncasecmp(s + i, words[k], n) == 0)
				return true;
		i += n > 0 ? n : 1;
	}
	return false;
}

bool tag_is_version(const char *tag, size_t numbers)
{
	struct form form;

	/* "4.7.0b2": what stands right behind a number is no word of its own. */
	return read_tag(tag, &form) && form.numbers.count >= numbers &&
	       !isalpha((unsigned char)form.suffix[0]) && !has_trial_word(tag, form.prefix_len) &&
	       !has_trial_word(form.suffix, strlen(form.suffix));
}

static bool is_same_form(const struct form *a, const struct form *b)
{
	return a->prefix_len == b->prefix_len && strncmp(a->tag, b->tag, a->prefix_len) == 0 &&
	       a->numbers.count == b->numbers.count && strcmp(a->suffix, b->suffix) == 0;
}

bool tag_is_same_form(const char *a, const char *b)
{
	struct form form, other;

	return read_tag(a, &form) && read_tag(b, &other) && is_same_form(&form, &other);
}

bool tag_is_newer(const char *tag, const char *than)
{
	struct form a, b;

	return read_tag(tag, &a) && read_tag(than, &b) && is_same_form(&a, &b) &&
	       version_compare(&a.numbers, &b.numbers) > 0;
}

/* Whether every image may go from what it has now to that tag, in a channel. */
static bool is_within(const struct tag_wish *wish, const struct form *to)
{
	for (size_t i = 0; i < wish->now.count; i++) {
		struct form now;
		size_t kept;

		(void)read_tag(wish->now.items[i], &now);
		kept = wish->channel == TAG_PATCH ? now.numbers.count - 1 : 1;
		for (size_t n = 0; n < kept; n++)
			if (now.numbers.parts[n] != to->numbers.parts[n])
				return false;
	}
	return wish->channel != TAG_NONE;
}

static bool is_fit(const struct tag_wish *wish, const char *tag)
{
	cleanup_arena struct arena *scratch = arena_new();

	return wish->versions == NULL || wish->versions->count == 0 ||
	       version_meets(wish->versions, version_of_tag(scratch, tag));
}

/* The newest of what is there now; false when it is not all of one form. */
static bool find_newest(const struct tag_wish *wish, struct form *ret)
{
	for (size_t i = 0; i < wish->now.count; i++) {
		struct form now;

		if (!read_tag(wish->now.items[i], &now) || (i > 0 && !is_same_form(&now, ret)))
			return false;
		if (i == 0 || version_compare(&now.numbers, &ret->numbers) > 0)
			*ret = now;
	}
	return wish->now.count > 0;
}

void tag_choose(const struct tag_wish *wish, const struct strings *tags, struct tag_choice *ret)
{
	struct form least, best, newest;
	bool moves = false;

	*ret = (struct tag_choice){ 0 };
	if (!find_newest(wish, &least))
		return;
	best = newest = least;
	for (size_t i = 0; i < tags->count; i++) {
		struct form form;

		if (!read_tag(tags->items[i], &form) || !is_same_form(&form, &least) ||
		    version_compare(&form.numbers, &least.numbers) < 0)
			continue;
		if (version_compare(&form.numbers, &newest.numbers) > 0)
			newest = form;
		/* One that only some of them have already is newer for the others. */
		if (version_compare(&form.numbers, &best.numbers) >= (moves ? 1 : 0) &&
		    is_within(wish, &form) && is_fit(wish, form.tag)) {
			best = form;
			moves = true;
		}
	}
	for (size_t i = 0; moves && i < wish->now.count; i++)
		if (tag_is_newer(best.tag, wish->now.items[i]))
			ret->tag = best.tag;
	if (version_compare(&newest.numbers, &best.numbers) > 0) {
		ret->beyond = newest.tag;
		ret->unfit = !is_fit(wish, newest.tag);
	}
}
