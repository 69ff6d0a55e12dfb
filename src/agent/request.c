#include "agent/request.h"

#include <string.h>

/* Where the head ends, or NULL. A client that sends bare line feeds is understood, too. */
static const char *end_of_head(const char *data, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (data[i] == '\n' &&
		    (data[i + 1] == '\n' ||
		     (data[i + 1] == '\r' && i + 2 < len && data[i + 2] == '\n')))
			return data + i;
	}
	return NULL;
}

static bool starts(const char *data, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(data, with, strlen(with)) == 0;
}

/* METHOD SP TARGET SP "HTTP/1." DIGIT */
static unsigned parse_line(const char *line, size_t len, struct request *ret)
{
	const char *target = memchr(line, ' ', len), *version;
	size_t method_len;

	if (target == NULL)
		return 400;
	method_len = (size_t)(target - line);
	target++;
	version = memchr(target, ' ', len - (size_t)(target - line));
	if (version == NULL || method_len == 0 || *target != '/')
		return 400;
	version++;
	if (line + len - version != 8 || !starts(version, 8, "HTTP/1."))
		return 400;
	for (const char *c = target; c < version - 1; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return 400;
	ret->head = method_len == 4 && memcmp(line, "HEAD", 4) == 0;
	if (!ret->head && !(method_len == 3 && memcmp(line, "GET", 3) == 0))
		return 405;
	ret->path = target;
	ret->path_len = 0;
	while (target + ret->path_len < version - 1 && target[ret->path_len] != '?')
		ret->path_len++;
	return 200;
}

unsigned request_parse(const char *data, size_t len, struct request *ret)
{
	struct request request = { 0 };
	const char *end = end_of_head(data, len), *line_end;
	size_t line_len;
	unsigned status;

	if (end == NULL)
		return len >= REQUEST_MAX_BYTES ? 431 : 0;
	line_end = memchr(data, '\n', (size_t)(end - data) + 1);
	line_len = (size_t)(line_end - data);
	if (line_len > 0 && data[line_len - 1] == '\r')
		line_len--;
	status = parse_line(data, line_len, &request);
	if (status == 200)
		*ret = request;
	return status;
}
