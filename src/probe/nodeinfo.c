#include "probe/nodeinfo.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"

enum { WORD_MAX = 40, URL_MAX = 500 };

#define REL "nodeinfo.diaspora.software/ns/schema/"

/* Letters, digits and a few marks, nothing a terminal could take for more. */
static const char *plain(struct arena *arena, const json_t *value)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+~";
	const char *s = json_string_value(value);
	size_t len = s != NULL ? strspn(s, allowed) : 0;

	return len == 0 ? NULL : arena_strndup(arena, s, len < WORD_MAX ? len : WORD_MAX);
}

/* "https://HOST/…" and printable. */
static bool is_on_host(const char *href, const char *host)
{
	size_t len = strlen(host);

	if (href == NULL || strlen(href) > URL_MAX || !str_starts(href, "https://") ||
	    strncasecmp(href + 8, host, len) != 0 || href[8 + len] != '/')
		return false;
	for (; *href != '\0'; href++)
		if (*href <= ' ' || *href > '~')
			return false;
	return true;
}

const char *nodeinfo_link(struct arena *arena, const char *data, size_t len, const char *host)
{
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	const char *found = NULL;
	json_t *link;
	size_t i;

	json_array_foreach(json_object_get(root, "links"), i, link)
	{
		const char *rel = json_string_value(json_object_get(link, "rel"));
		const char *href = json_string_value(json_object_get(link, "href"));

		if (found == NULL && rel != NULL && strstr(rel, REL) != NULL &&
		    is_on_host(href, host))
			found = arena_strdup(arena, href);
	}
	json_decref(root);
	return found;
}

const char *nodeinfo_software(struct arena *arena, const char *data, size_t len)
{
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *software = json_object_get(root, "software");
	const char *name = plain(arena, json_object_get(software, "name"));
	const char *version = plain(arena, json_object_get(software, "version"));

	json_decref(root);
	if (name == NULL || version == NULL)
		return name;
	return arena_printf(arena, "%s %s", name, version);
}
