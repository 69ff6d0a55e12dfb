#include "archive/tar.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* POSIX.1-2001, pax, "ustar Interchange Format". */
enum {
	NAME_AT = 0,
	NAME_LEN = 100,
	SIZE_AT = 124,
	SIZE_LEN = 12,
	SUM_AT = 148,
	SUM_LEN = 8,
	TYPE_AT = 156,
	MAGIC_AT = 257,
	PREFIX_AT = 345,
	PREFIX_LEN = 155,
};

static int fail(struct tar *tar, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct tar *tar, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(tar->why, sizeof(tar->why), format, args);
	va_end(args);
	/* A name may hold anything. */
	for (char *s = tar->why; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	return -EINVAL;
}

/* All LEN bytes, or 0 bytes at a clean end. */
static long read_whole(struct tar *tar, char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		long n = tar->read(tar->context, data + done, len - done);

		if (n < 0) {
			(void)fail(tar, "it cannot be read: %s", strerror((int)-n));
			return n;
		}
		if (n == 0)
			break;
		done += (size_t)n;
	}
	if (done != 0 && done != len)
		return fail(tar, "the archive is cut short");
	return (long)done;
}

static bool is_zero(const char *block)
{
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (block[i] != '\0')
			return false;
	return true;
}

/* Octal, or GNU's base 256 for what is larger than 8 GiB. -1: neither. */
static long long number(const char *field, size_t len)
{
	unsigned long long value = 0;
	size_t i = 0;

	if ((unsigned char)field[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (value > (ULLONG_MAX >> 9))
				return -1;
			value = value << 8 | (unsigned char)field[i];
		}
		return value <= LLONG_MAX ? (long long)value : -1;
	}
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (unsigned long long)(field[i] - '0'); /* 36 bits at most */
	return i == len || field[i] == ' ' || field[i] == '\0' ? (long long)value : -1;
}

static bool sum_is_right(const char *block)
{
	long long sum = 0, said = number(block + SUM_AT, SUM_LEN);

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : (unsigned char)block[i];
	return sum == said;
}

static int skip(struct tar *tar, long long len)
{
	char waste[TAR_BLOCK * 8];

	while (len > 0) {
		size_t part = len < (long long)sizeof(waste) ? (size_t)len : sizeof(waste);
		long n = read_whole(tar, waste, part);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return fail(tar, "the archive is cut short");
		len -= n;
	}
	return 0;
}

/* --- names --- */

/* "./a//b/" becomes "a/b". */
static int clean_path(struct tar *tar, const char *raw, size_t len)
{
	size_t out = 0;

	if (len > 0 && raw[0] == '/')
		return fail(tar, "the name '%.100s' is an absolute one", raw);
	for (size_t i = 0; i < len;) {
		size_t part = 0;

		while (i + part < len && raw[i + part] != '/')
			part++;
		if (part == 2 && raw[i] == '.' && raw[i + 1] == '.')
			return fail(tar, "the name '%.100s' leads out of the archive's folder",
			            raw);
		if (part > 255 || out + part + 2 > sizeof(tar->path))
			return fail(tar, "the name '%.60s…' is too long", raw);
		if (part > 0 && !(part == 1 && raw[i] == '.')) {
			if (out > 0)
				tar->path[out++] = '/';
			memcpy(tar->path + out, raw + i, part);
			out += part;
		}
		i += part + 1;
	}
	tar->path[out] = '\0';
	return 0;
}

static int ustar_path(struct tar *tar, const char *block)
{
	char raw[PREFIX_LEN + NAME_LEN + 2];
	size_t prefix_len = memcmp(block + MAGIC_AT, "ustar\0", 6) == 0
	                            ? strnlen(block + PREFIX_AT, PREFIX_LEN)
	                            : 0;
	size_t name_len = strnlen(block + NAME_AT, NAME_LEN);
	int len = snprintf(raw, sizeof(raw), "%.*s%s%.*s", (int)prefix_len, block + PREFIX_AT,
	                   prefix_len > 0 ? "/" : "", (int)name_len, block + NAME_AT);

	return clean_path(tar, raw, (size_t)len);
}

/* --- what stands before a member --- */

struct ahead {
	char name[TAR_MAX_HEADER]; /* of the next member; "" when it is not said */
	long long size;            /* the same; -1 */
};

static int read_text(struct tar *tar, long long size, char *data)
{
	long n;

	if (size < 0 || size >= TAR_MAX_HEADER)
		return fail(tar, "a header is too large");
	n = read_whole(tar, data, (size_t)size);
	if (n < 0)
		return (int)n;
	if (n != size)
		return fail(tar, "the archive is cut short");
	data[size] = '\0';
	return skip(tar, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

static long long decimal(const char *s, const char *end)
{
	long long value = 0;

	if (s == end)
		return -1;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9' || value > LLONG_MAX / 10 - 1)
			return -1;
		value = value * 10 + (*s - '0');
	}
	return value;
}

/* pax: "LENGTH KEY=VALUE\n"; LENGTH counts the whole line. */
static int read_pax(struct tar *tar, long long size, struct ahead *ahead)
{
	char data[TAR_MAX_HEADER];
	int r = read_text(tar, size, data);

	for (char *s = data, *end = data + size; r == 0 && s < end;) {
		char *blank = memchr(s, ' ', (size_t)(end - s));
		long long len = blank != NULL ? decimal(s, blank) : -1;
		char *value;

		if (len <= blank - s + 1 || len > end - s || s[len - 1] != '\n')
			return fail(tar, "a header is broken");
		s[len - 1] = '\0';
		value = strchr(blank + 1, '=');
		if (value == NULL)
			return fail(tar, "a header is broken");
		*value++ = '\0';
		if (strcmp(blank + 1, "path") == 0)
			(void)snprintf(ahead->name, sizeof(ahead->name), "%s", value);
		if (strcmp(blank + 1, "size") == 0 &&
		    (ahead->size = decimal(value, s + len - 1)) < 0)
			return fail(tar, "a header is broken");
		if (strncmp(blank + 1, "GNU.sparse.", 11) == 0)
			return fail(tar, "it has sparse files: make it without --sparse");
		s += len;
	}
	return r;
}

static int kind_of(char type, enum tar_kind *ret)
{
	*ret = type == '0' || type == '\0' || type == '7' ? TAR_FILE
	       : type == '5'                              ? TAR_FOLDER
	                                                  : TAR_OTHER;
	return 0;
}

static int begin(struct tar *tar, const char *block, const struct ahead *ahead,
                 struct tar_member *ret)
{
	int r = ahead->name[0] != '\0' ? clean_path(tar, ahead->name, strlen(ahead->name))
	                               : ustar_path(tar, block);

	if (r < 0)
		return r;
	(void)kind_of(block[TYPE_AT], &ret->kind);
	ret->path = tar->path;
	ret->size = ahead->size >= 0 ? ahead->size : number(block + SIZE_AT, SIZE_LEN);
	if (ret->size < 0)
		return fail(tar, "the size of '%.100s' is none", tar->path);
	if (ret->kind != TAR_FILE)
		ret->size = 0;
	tar->left = ret->size;
	tar->padding = (TAR_BLOCK - ret->size % TAR_BLOCK) % TAR_BLOCK;
	return 1;
}

int tar_next(struct tar *tar, struct tar_member *ret)
{
	struct ahead ahead = { .size = -1 };
	char block[TAR_BLOCK];
	int r = skip(tar, tar->left + tar->padding);

	tar->left = tar->padding = 0;
	for (unsigned headers = 0; r == 0; headers++) {
		long n = read_whole(tar, block, sizeof(block));
		long long size;

		if (n < 0)
			return (int)n;
		if (n == 0 || headers > 8)
			return fail(tar, n == 0 ? "the archive is cut short: it has no end"
			                        : "a member has too many headers");
		if (is_zero(block))
			return 0;
		size = number(block + SIZE_AT, SIZE_LEN);
		if (!sum_is_right(block))
			return fail(tar, "this is no tar archive, or it is damaged");
		switch (block[TYPE_AT]) {
		case 'x':
			r = read_pax(tar, size, &ahead);
			break;
		case 'g': /* nothing in it is about one member alone */
			r = size < 0 || size > TAR_MAX_HEADER
			            ? fail(tar, "a header is too large")
			            : skip(tar, size + (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
			break;
		case 'L':
			r = read_text(tar, size, ahead.name);
			break;
		case 'K': /* where a link leads: it is refused anyway */
			r = size < 0 || size > TAR_MAX_HEADER
			            ? fail(tar, "a header is too large")
			            : skip(tar, size + (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
			break;
		case 'S':
			return fail(tar, "it has sparse files: make it without --sparse");
		default:
			return begin(tar, block, &ahead, ret);
		}
	}
	return r;
}

long tar_content(struct tar *tar, void *data, size_t len)
{
	long n;

	if (tar->left == 0)
		return 0;
	if ((long long)len > tar->left)
		len = (size_t)tar->left;
	n = tar->read(tar->context, data, len);
	if (n < 0) {
		(void)fail(tar, "it cannot be read: %s", strerror((int)-n));
		return n;
	}
	if (n == 0)
		return fail(tar, "the archive is cut short");
	tar->left -= n;
	return n;
}
