#include "agent/os.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { MAX_VALUE = 256, MAX_LIKE = 16, MAX_MAJOR = 999999 };

const char *os_clean(struct arena *arena, const char *text, size_t len)
{
	char *clean = arena_strndup(arena, text, len);
	size_t bad;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)clean[i] < ' ' || clean[i] == 0x7f)
			clean[i] = ' ';
	while (!utf8_valid(clean, len, &bad))
		clean[bad] = '?';
	return clean;
}

/* A value as a shell would read it. */
static const char *unquote(struct arena *arena, const char *value, size_t len)
{
	char out[MAX_VALUE];
	char quote = '\0';
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(out); i++) {
		if (quote == '\0' && (value[i] == '"' || value[i] == '\''))
			quote = value[i];
		else if (quote != '\0' && value[i] == quote)
			quote = '\0';
		else if (quote != '\'' && value[i] == '\\' && i + 1 < len)
			out[n++] = value[++i];
		else
			out[n++] = value[i];
	}
	while (n > 0 && (unsigned char)out[n - 1] <= ' ')
		n--;
	return os_clean(arena, out, n);
}

/* The value of the line of LEN bytes when its key is KEY; else NULL. */
static const char *value_of(struct arena *arena, const char *line, size_t len, const char *key)
{
	size_t key_len = strlen(key);

	if (len <= key_len || memcmp(line, key, key_len) != 0 || line[key_len] != '=')
		return NULL;
	return unquote(arena, line + key_len + 1, len - key_len - 1);
}

static void split_words(struct arena *arena, const char *text, struct strings *ret)
{
	while (*text != '\0' && ret->count < MAX_LIKE) {
		size_t len = strcspn(text, " ");

		if (len > 0)
			*list_add(arena, ret) = arena_strndup(arena, text, len);
		text += len + strspn(text + len, " ");
	}
}

/* The line at *TEXT, which is moved behind it; NULL at the end. */
static const char *next_line(const char **text, size_t *ret_len)
{
	const char *line = *text;

	if (*line == '\0')
		return NULL;
	*ret_len = strcspn(line, "\n");
	*text = line + *ret_len + (line[*ret_len] == '\n');
	return line;
}

void os_release_parse(struct arena *arena, const char *text, struct os_release *ret)
{
	const char *line, *value;
	size_t len;

	*ret = (struct os_release){ 0 };
	while ((line = next_line(&text, &len)) != NULL) {
		if ((value = value_of(arena, line, len, "ID")) != NULL)
			ret->id = value;
		else if ((value = value_of(arena, line, len, "VERSION_ID")) != NULL)
			ret->version = value;
		else if ((value = value_of(arena, line, len, "PRETTY_NAME")) != NULL)
			ret->name = value;
		else if ((value = value_of(arena, line, len, "VARIANT_ID")) != NULL)
			ret->variant = value;
		else if ((value = value_of(arena, line, len, "ID_LIKE")) != NULL) {
			ret->like = (struct strings){ 0 };
			split_words(arena, value, &ret->like);
		}
	}
}

bool os_is_like(const struct os_release *os, const char *id)
{
	if (str_equal(os->id, id))
		return true;
	for (size_t i = 0; i < os->like.count; i++)
		if (str_equal(os->like.items[i], id))
			return true;
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Where a number may begin: not in the middle of a word or of another number. */
static bool begins(const char *text, const char *at)
{
	if (at == text)
		return true;
	return strchr(" \t\n(:,", at[-1]) != NULL ||
	       (at[-1] == 'v' && (at - 1 == text || strchr(" \t\n(:,", at[-2]) != NULL));
}

const char *os_version_in(struct arena *arena, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		size_t len = 0;

		if (!is_digit(*at) || !begins(text, at))
			continue;
		while (is_digit(at[len]) || (at[len] == '.' && is_digit(at[len + 1])))
			len++;
		if (at[len] == ':') /* dpkg's epoch */
			continue;
		return arena_strndup(arena, at, len < MAX_VALUE ? len : MAX_VALUE);
	}
	return NULL;
}

unsigned os_version_major(const char *version)
{
	unsigned major = 0;

	for (; is_digit(*version) && major < MAX_MAJOR; version++)
		major = major * 10 + (unsigned)(*version - '0');
	return major < MAX_MAJOR ? major : MAX_MAJOR;
}

const char *os_apt_candidate(struct arena *arena, const char *policy, const char *package)
{
	static const char label[] = "  Candidate: ";
	size_t package_len = strlen(package), len;
	const char *line;
	bool mine = false;

	while ((line = next_line(&policy, &len)) != NULL) {
		if (len > 0 && line[0] != ' ')
			mine = len == package_len + 1 && memcmp(line, package, package_len) == 0 &&
			       line[package_len] == ':';
		else if (mine && len > strlen(label) && memcmp(line, label, strlen(label)) == 0)
			return os_version_in(arena, arena_strndup(arena, line + strlen(label),
			                                          len - strlen(label)));
	}
	return NULL;
}

bool os_nft_restricts(const char *config)
{
	static const char *const words[] = { "drop", "reject", "include" };
	static const char ends[] = " \t\n;{}#";

	while (*config != '\0') {
		size_t len = strcspn(config, ends);

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (len == strlen(words[i]) && memcmp(config, words[i], len) == 0)
				return true;
		config += len;
		config += *config == '#' ? strcspn(config, "\n") : *config != '\0';
	}
	return false;
}

bool os_is_yes(struct arena *arena, const char *text, const char *key)
{
	const char *line, *value;
	bool yes = false;
	size_t len;

	while ((line = next_line(&text, &len)) != NULL)
		if ((value = value_of(arena, line, len, key)) != NULL)
			yes = str_equal(value, "yes") || str_equal(value, "true") ||
			      str_equal(value, "1");
	return yes;
}
