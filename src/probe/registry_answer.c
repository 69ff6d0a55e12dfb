#include "probe/registry_answer.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/image.h"

enum {
	CHALLENGE_MAX = 8 * 1024,
	TOKEN_MAX = 64 * 1024,
	MANIFESTS_MAX = 1000,
	MESSAGE_MAX = 200,
};

/* --- WWW-Authenticate --- */

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static const char *read_token(struct arena *arena, const char **s)
{
	const char *begin = *s;

	while (is_token_char(**s))
		(*s)++;
	return arena_strndup(arena, begin, (size_t)(*s - begin));
}

/* A quoted string or a token; what holds a control character is as good as empty. */
static const char *read_value(struct arena *arena, const char **s)
{
	struct text text;

	if (**s != '"')
		return read_token(arena, s);
	text_init(&text, arena);
	for ((*s)++; **s != '\0' && **s != '"'; (*s)++) {
		if (**s == '\\' && (*s)[1] != '\0')
			(*s)++;
		text_addc(&text, **s);
	}
	if (**s == '"')
		(*s)++;
	for (const char *c = text.data; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			return "";
	return text.data;
}

static void set_once(const char **field, const char *value)
{
	if (*field == NULL && *value != '\0')
		*field = value;
}

void registry_challenge_parse(struct arena *arena, const char *header,
                              struct registry_challenge *ret)
{
	bool bearer = false;

	if (strlen(header) > CHALLENGE_MAX)
		return;
	for (const char *s = header; *s != '\0';) {
		const char *word, *value;

		s += strspn(s, " \t,");
		word = read_token(arena, &s);
		s += strspn(s, " \t");
		if (*s != '=') {
			if (*word == '\0' && *s != '\0')
				s++; /* nothing that belongs here */
			/* A second Bearer would mix its parameters with the first one's. */
			bearer = strcasecmp(word, "Bearer") == 0 && !ret->bearer;
			ret->bearer |= bearer;
			ret->basic |= strcasecmp(word, "Basic") == 0;
			continue;
		}
		s++;
		s += strspn(s, " \t");
		value = read_value(arena, &s);
		if (bearer && strcasecmp(word, "realm") == 0)
			set_once(&ret->realm, value);
		else if (bearer && strcasecmp(word, "service") == 0)
			set_once(&ret->service, value);
		else if (bearer && strcasecmp(word, "scope") == 0)
			set_once(&ret->scope, value);
	}
}

/* --- Link --- */

/* Whether the parameters behind a link, up to the comma before the next one, say rel=next. */
static bool is_next(struct arena *arena, const char **s)
{
	bool next = false;

	while (**s != '\0' && **s != ',') {
		const char *word, *value;

		*s += strspn(*s, " \t;");
		word = read_token(arena, s);
		*s += strspn(*s, " \t");
		if (**s == '=') {
			(*s)++;
			*s += strspn(*s, " \t");
			value = read_value(arena, s);
			next |= strcasecmp(word, "rel") == 0 && strcasecmp(value, "next") == 0;
		} else if (*word == '\0' && **s != '\0' && **s != ',') {
			(*s)++; /* nothing that belongs here */
		}
	}
	return next;
}

static const char *resolve(struct arena *arena, const char *to, const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;

	for (const char *c = to; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return NULL;
	if (host == NULL)
		return NULL;
	len = (size_t)(host - url) + strlen("://");
	len += strcspn(url + len, "/?#");
	if (to[0] == '/' && to[1] != '/')
		return arena_printf(arena, "%.*s%s", (int)len, url, to);
	/* fetch_same_server(), for those who fetch nothing */
	return strncasecmp(to, url, len) == 0 && to[len] == '/' ? to : NULL;
}

const char *registry_next_parse(struct arena *arena, const char *header, const char *url,
                                bool *ret_more)
{
	*ret_more = false;
	if (strlen(header) > CHALLENGE_MAX)
		return NULL;
	for (const char *s = header; (s = strchr(s, '<')) != NULL;) {
		const char *end = strchr(s, '>'), *to;

		if (end == NULL)
			return NULL;
		to = arena_strndup(arena, s + 1, (size_t)(end - s - 1));
		s = end + 1;
		if (is_next(arena, &s)) {
			*ret_more = true;
			return resolve(arena, to, url);
		}
	}
	return NULL;
}

/* --- JSON --- */

static json_t *read_object(const char *data, size_t len)
{
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

static const char *member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The names of machine.arch for Go's. */
static const struct {
	const char *go, *name;
} arches[] = { { "arm64", "aarch64" }, { "amd64", "x86_64" } };

static void note_arch(bool *found, const json_t *platform)
{
	for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]); i++)
		if (str_equal(member(platform, "os"), "linux") &&
		    str_equal(member(platform, "architecture"), arches[i].go))
			found[i] = true;
}

static void list_arches(struct arena *arena, const bool *found, struct strings *ret)
{
	for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]); i++)
		if (found[i])
			*list_add(arena, ret) = arches[i].name;
}

static bool read_index(struct arena *arena, const json_t *manifests, struct registry_manifest *ret,
                       const char **ret_why)
{
	bool found[sizeof(arches) / sizeof(arches[0])] = { false };

	if (json_array_size(manifests) > MANIFESTS_MAX) {
		*ret_why = "an index of more images than can be";
		return false;
	}
	for (size_t i = 0; i < json_array_size(manifests); i++) {
		const json_t *entry = json_array_get(manifests, i);

		if (image_is_digest(member(entry, "digest")))
			note_arch(found, json_object_get(entry, "platform"));
	}
	*ret = (struct registry_manifest){ .index = true };
	list_arches(arena, found, &ret->arches);
	return true;
}

static bool read_image(struct arena *arena, const json_t *root, struct registry_manifest *ret,
                       const char **ret_why)
{
	const char *config = member(json_object_get(root, "config"), "digest");

	if (!image_is_digest(config)) {
		*ret_why = "a manifest without the digest of its configuration";
		return false;
	}
	*ret = (struct registry_manifest){ .config = arena_strdup(arena, config) };
	return true;
}

/* An index that also has layers is two things at once: what is locked would not be what is pulled
 * (CVE-2021-41190). */
static bool read_manifest(struct arena *arena, const json_t *root, struct registry_manifest *ret,
                          const char **ret_why)
{
	const json_t *version = json_object_get(root, "schemaVersion");
	const json_t *manifests = json_object_get(root, "manifests");
	bool layers =
		json_object_get(root, "layers") != NULL || json_object_get(root, "config") != NULL;

	*ret_why = "no manifest of an image";
	if (json_is_integer(version) && json_integer_value(version) == 1)
		*ret_why = "an image of a format that is too old (schema 1)";
	else if (manifests != NULL && layers)
		*ret_why = "an index and an image at once";
	else if (!json_is_integer(version) || json_integer_value(version) != 2)
		return false;
	else if (json_is_array(manifests))
		return read_index(arena, manifests, ret, ret_why);
	else if (manifests == NULL && json_is_array(json_object_get(root, "layers")))
		return read_image(arena, root, ret, ret_why);
	return false;
}

bool registry_manifest_parse(struct arena *arena, const char *data, size_t len,
                             struct registry_manifest *ret, const char **ret_why)
{
	json_t *root = read_object(data, len);
	bool good;

	*ret_why = "no JSON";
	good = root != NULL && read_manifest(arena, root, ret, ret_why);
	json_decref(root);
	return good;
}

bool registry_config_parse(struct arena *arena, const char *data, size_t len, struct strings *ret,
                           const char **ret_why)
{
	bool found[sizeof(arches) / sizeof(arches[0])] = { false }, good;
	json_t *root = read_object(data, len);

	good = member(root, "architecture") != NULL && member(root, "os") != NULL;
	*ret_why = "no configuration of a container image";
	if (good) {
		note_arch(found, root);
		list_arches(arena, found, ret);
	}
	json_decref(root);
	return good;
}

bool registry_tags_parse(struct arena *arena, const char *data, size_t len, struct strings *tags)
{
	json_t *root = read_object(data, len);
	const json_t *list = json_object_get(root, "tags");
	bool good = json_is_array(list) || json_is_null(list);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *tag = json_string_value(json_array_get(list, i));

		if (tag != NULL && image_is_tag(tag))
			*list_add(arena, tags) = arena_strdup(arena, tag);
	}
	json_decref(root);
	return good;
}

/* Printable, without blanks: it goes into a header. */
static bool is_word(const char *s)
{
	if (s == NULL || *s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

const char *registry_token_parse(struct arena *arena, const char *data, size_t len)
{
	json_t *root = read_object(data, len);
	const char *found = member(root, "token"), *token = NULL;

	if (found == NULL || *found == '\0')
		found = member(root, "access_token");
	if (is_word(found) && strlen(found) <= TOKEN_MAX)
		token = arena_strdup(arena, found);
	json_decref(root);
	return token;
}

const char *registry_error_parse(struct arena *arena, const char *data, size_t len)
{
	json_t *root = read_object(data, len);
	const json_t *first = json_array_get(json_object_get(root, "errors"), 0);
	const char *found = member(first, "message");
	char *message = NULL;

	if (found == NULL || *found == '\0')
		found = member(first, "code");
	if (found != NULL && *found != '\0') {
		message = arena_strndup(arena, found, strnlen(found, MESSAGE_MAX));
		for (char *c = message; *c != '\0'; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
	}
	json_decref(root);
	return message;
}
