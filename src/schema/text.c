/* What a text must look like to be a host name, an address, a path, a size. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/internal.h"

enum {
	DOMAIN_MAX = 253, /* RFC 1035, section 2.3.4, without the root's dot */
	LABEL_MAX = 63,
	LOCAL_PART_MAX = 64, /* RFC 5321, section 4.5.3.1.1 */
	NAME_MAX_LEN = 40,
	PATH_MAX_LEN = 4095,
};

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char lower_or_digit[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char digits[] = "0123456789";

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool is_label(const char *s, size_t len)
{
	if (len == 0 || len > LABEL_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_one_of(s[i], lower_or_digit) && s[i] != '-')
			return false;
	return true;
}

/* RFC 1123, section 2.1; a last label of digits only would make it an IPv4 address. */
static bool is_domain(const char *s)
{
	const char *last = s;

	if (strlen(s) > DOMAIN_MAX || strchr(s, '.') == NULL)
		return false;
	for (const char *label = s;;) {
		size_t len = strcspn(label, ".");

		if (!is_label(label, len))
			return false;
		last = label;
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	return last[strspn(last, digits)] != '\0';
}

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* Only what is a name once it is written so: "https://bücher.example" has two slips. */
static const char *ascii_hint(struct arena *arena, const char *s)
{
	const char *name = strlen(s) <= DOMAIN_MAX ? domain_to_ascii(arena, s) : NULL;

	if (name != NULL && is_domain(name))
		return arena_printf(arena, "write '%s', its form for DNS (punycode)", name);
	return "write it in its ASCII form (punycode), which begins with 'xn--'";
}

/* The usual slips, each with what to do; the order is by how sure the guess is. */
static const char *domain_hint(struct arena *arena, const char *s)
{
	if (!is_ascii(s))
		return ascii_hint(arena, s);
	if (strstr(s, "://") != NULL)
		return "only the name, without 'https://'";
	if (strchr(s, '@') != NULL)
		return "only the part behind the '@'";
	if (strchr(s, '/') != NULL || strchr(s, ':') != NULL)
		return "only the name, without port or path";
	for (const char *p = s; *p != '\0'; p++)
		if (isupper((unsigned char)*p))
			return "write it in lower case";
	if (str_ends(s, "."))
		return "without the dot at the end";
	if (*s != '\0' && s[strspn(s, "0123456789.")] == '\0')
		return "an address is not enough: other servers know you by name";
	if (strchr(s, '_') != NULL)
		return "host names have no '_'";
	if (strchr(s, '.') == NULL)
		return "a full name has at least one dot";
	return NULL;
}

static bool is_email(struct arena *arena, const char *s, const char **ret_hint)
{
	const char *at = strchr(s, '@');
	char domain[DOMAIN_MAX + 2];
	size_t len = 0;

	*ret_hint = NULL;
	if (at == NULL || at == s || at - s > LOCAL_PART_MAX)
		return false;
	for (const char *p = s; p < at; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f ||
		    strchr("<>(),;:\\\"[]", *p) != NULL) {
			*ret_hint = "only the address, without a name or '<' and '>'";
			return false;
		}
	for (at++; at[len] != '\0'; len++) {
		if (len > DOMAIN_MAX)
			return false;
		domain[len] = (char)tolower((unsigned char)at[len]);
	}
	domain[len] = '\0';
	if (is_domain(domain))
		return true;
	*ret_hint =
		strchr(domain, '@') != NULL ? "an address has one '@'" : domain_hint(arena, domain);
	return false;
}

static bool is_path(const char *s, const char **ret_hint)
{
	size_t len = strlen(s);

	*ret_hint = NULL;
	if (*s != '/') {
		*ret_hint = "begin with '/'";
		return false;
	}
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	if (len > PATH_MAX_LEN)
		return false;
	if (len > 1 && s[len - 1] == '/') {
		*ret_hint = "without the '/' at the end";
		return false;
	}
	for (const char *part = s; len > 1 && *part == '/';) {
		size_t part_len = strcspn(part + 1, "/");

		if (part_len == 0 || (part_len == 1 && part[1] == '.') ||
		    (part_len == 2 && part[1] == '.' && part[2] == '.')) {
			*ret_hint = "without '.', '..' and '//'";
			return false;
		}
		part += part_len + 1;
	}
	return true;
}

static bool is_name(const char *s, const char **ret_hint)
{
	size_t len = strlen(s);

	*ret_hint = "a-z, 0-9 and '-', beginning with a letter, at most 40 characters";
	return len <= NAME_MAX_LEN && is_one_of(s[0], lower) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool is_env_name(const char *s, const char **ret_hint)
{
	*ret_hint = "letters, digits and '_', not beginning with a digit";
	return *s != '\0' && !is_one_of(*s, digits) &&
	       s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] ==
	               '\0';
}

bool schema_text_fits(struct arena *arena, enum schema_type type, const char *s,
                      const char **ret_hint)
{
	*ret_hint = NULL;
	switch (type) {
	case SCHEMA_DOMAIN:
		*ret_hint = domain_hint(arena, s);
		return is_domain(s);
	case SCHEMA_EMAIL:
		return is_email(arena, s, ret_hint);
	case SCHEMA_PATH:
		return is_path(s, ret_hint);
	case SCHEMA_NAME:
		return is_name(s, ret_hint);
	case SCHEMA_ENV_NAME:
		return is_env_name(s, ret_hint);
	default:
		return true;
	}
}

struct unit {
	char letter;
	long factor;
};

/* DIGITS and one letter of UNITS (ended by a zero factor); "0" needs none. */
static bool parse_with_unit(const char *s, const struct unit *units, long *ret)
{
	size_t len = strspn(s, digits);
	char number[24];

	if (len == 0 || len >= sizeof(number))
		return false;
	memcpy(number, s, len);
	number[len] = '\0';
	if (!str_to_long(number, ret))
		return false;
	if (s[len] == '\0')
		return *ret == 0;
	if (s[len + 1] != '\0')
		return false;
	for (; units->factor != 0; units++)
		if (units->letter == s[len])
			return !__builtin_mul_overflow(*ret, units->factor, ret);
	return false;
}

bool parse_size(const char *s, long *ret_bytes, const char **ret_hint)
{
	static const struct unit units[] = {
		{ 'k', 1L << 10 }, { 'K', 1L << 10 }, { 'm', 1L << 20 },
		{ 'M', 1L << 20 }, { 'g', 1L << 30 }, { 'G', 1L << 30 },
		{ 't', 1L << 40 }, { 'T', 1L << 40 }, { 0, 0 },
	};

	*ret_hint = "a whole number and one of k, m, g, t";
	return parse_with_unit(s, units, ret_bytes);
}

bool parse_duration(const char *s, long *ret_s, const char **ret_hint)
{
	static const struct unit units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 60 * 60 }, { 'd', 24 * 60 * 60 }, { 0, 0 },
	};

	*ret_hint = "a whole number and one of s, m, h, d";
	return parse_with_unit(s, units, ret_s);
}

bool parse_mode(const char *s, long *ret_mode, const char **ret_hint)
{
	long mode = 0;

	*ret_hint = "a 0 and three or four digits from 0 to 7";
	if (*s != '0' || strlen(s) < 4 || strlen(s) > 5)
		return false;
	for (; *s != '\0'; s++) {
		if (!is_one_of(*s, "01234567"))
			return false;
		mode = mode * 8 + (*s - '0');
	}
	*ret_mode = mode;
	return mode <= 07777;
}
