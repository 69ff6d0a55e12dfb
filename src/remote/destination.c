#include "remote/destination.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { USER_MAX = 64, HOST_MAX = 255, PORT_MAX = 65535 };

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static int refuse(struct arena *arena, const char *text, const char *what, const char **ret_error)
{
	*ret_error = arena_printf(arena, "'%.80s' is not [USER@]HOST[:PORT]: %s", text, what);
	return -EINVAL;
}

static bool is_made_of(const char *s, const char *characters, size_t max)
{
	size_t len = strlen(s);

	return len > 0 && len <= max && *s != '-' && s[strspn(s, characters)] == '\0';
}

/* The host and what is behind it; REST is NULL when there is no port. */
static bool part_host(struct arena *arena, const char *s, const char **ret_host,
                      const char **ret_rest)
{
	const char *colon = strchr(s, ':'), *end;

	*ret_rest = NULL;
	if (*s == '[') {
		end = strchr(s, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*ret_host = arena_strndup(arena, s + 1, (size_t)(end - s - 1));
		if (end[1] == ':')
			*ret_rest = end + 2;
		return strchr(*ret_host, ':') != NULL;
	}
	if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*ret_host = arena_strndup(arena, s, (size_t)(colon - s));
		*ret_rest = colon + 1;
	} else {
		*ret_host = s;
	}
	return true;
}

/* A name, an alias, or an IPv4 address; or an IPv6 one, maybe with the interface it is good on. */
static bool is_host(struct arena *arena, const char *host)
{
	const char *address = arena_strndup(arena, host, strcspn(host, "%"));
	struct in6_addr ignored;

	if (strchr(host, ':') == NULL)
		return is_made_of(host, LETTERS "._-", HOST_MAX);
	return is_made_of(host, LETTERS ".:%", HOST_MAX) &&
	       inet_pton(AF_INET6, address, &ignored) == 1;
}

int destination_parse(struct arena *arena, const char *text, struct destination *ret,
                      const char **ret_error)
{
	const char *at = strrchr(text, '@'), *host, *rest;
	struct destination to = { 0 };
	long port;

	if (at != NULL) {
		to.user = arena_strndup(arena, text, (size_t)(at - text));
		if (!is_made_of(to.user, LETTERS "._-", USER_MAX))
			return refuse(arena, text, "the user's name is none", ret_error);
	}
	if (!part_host(arena, at != NULL ? at + 1 : text, &host, &rest))
		return refuse(arena, text, "brackets are for an IPv6 address", ret_error);
	if (!is_host(arena, host))
		return refuse(arena, text, "the host is no name and no address", ret_error);
	if (rest != NULL && (!str_to_long(rest, &port) || port < 1 || port > PORT_MAX))
		return refuse(arena, text, "a port is between 1 and 65535", ret_error);
	to.host = arena_strdup(arena, host);
	to.port = rest != NULL ? (unsigned)port : 0;
	*ret = to;
	return 0;
}

const char *destination_text(struct arena *arena, const struct destination *d)
{
	bool brackets = d->port != 0 && strchr(d->host, ':') != NULL;
	struct text text;

	text_init(&text, arena);
	if (d->user != NULL)
		text_addf(&text, "%s@", d->user);
	text_addf(&text, brackets ? "[%s]" : "%s", d->host);
	if (d->port != 0)
		text_addf(&text, ":%u", d->port);
	return text.data;
}

const char *destination_known_name(struct arena *arena, const struct destination *d)
{
	char *name = d->port == 0 || d->port == 22
	                     ? arena_strdup(arena, d->host)
	                     : arena_printf(arena, "[%s]:%u", d->host, d->port);

	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}
