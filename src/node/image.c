/* Image references: fully qualified, through the mirror, pinned by the lock. */
#include "node/build.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/image.h"
#include "node/tag.h"

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* "library/caddy": parts of a-z and 0-9, with single separators inside. */
static bool is_image_path(const char *s)
{
	bool after_separator = true;

	for (; *s != '\0'; s++) {
		if (is_lower_or_digit(*s)) {
			after_separator = false;
			continue;
		}
		if (*s == '/' || *s == '.') {
			if (after_separator)
				return false;
			after_separator = true;
		} else if (*s == '_' || *s == '-') {
			if (after_separator && s[-1] != *s)
				return false;
			after_separator = true;
		} else {
			return false;
		}
		if (after_separator && (s[1] == '\0' || s[1] == '/'))
			return false;
	}
	return !after_separator;
}

/* "host", "host:5000", "[::1]:5000". */
static bool is_registry(const char *s)
{
	const char *colon;
	size_t len = strcspn(s, ":");
	long port;

	if (*s == '[') {
		len = strspn(s + 1, "0123456789abcdef:.") + 1;
		if (len < 4 || s[len++] != ']')
			return false;
	} else {
		if (len == 0 || len > 253 || !isalnum((unsigned char)s[0]) || s[len - 1] == '-' ||
		    s[len - 1] == '.')
			return false;
		for (size_t i = 0; i < len; i++) {
			if (!is_lower_or_digit(s[i]) && s[i] != '.' && s[i] != '-')
				return false;
		}
	}
	colon = s + len;
	if (*colon == '\0')
		return true;
	return *colon == ':' && isdigit((unsigned char)colon[1]) && str_to_long(colon + 1, &port) &&
	       port >= 1 && port <= 65535;
}

bool image_is_tag(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > 128 || s[0] == '.' || s[0] == '-')
		return false;
	for (; *s != '\0'; s++) {
		if (!isalnum((unsigned char)*s) && strchr("_.-", *s) == NULL)
			return false;
	}
	return true;
}

bool image_is_digest(const char *s)
{
	return s != NULL && str_starts(s, "sha256:") && strlen(s) == 7 + 64 &&
	       strspn(s + 7, "0123456789abcdef") == 64;
}

/* The first part names a registry when it has a dot or a port, or is localhost; else the whole is a
 * short name, whose meaning depends on the machine it is pulled on. */
static bool is_short(const char *s)
{
	size_t len = strcspn(s, "/");

	if (s[len] == '\0')
		return true;
	return memchr(s, '.', len) == NULL && memchr(s, ':', len) == NULL &&
	       strncmp(s, "localhost/", 10) != 0;
}

bool image_parse(struct arena *arena, const char *s, struct image *ret)
{
	char *rest = arena_strdup(arena, s), *slash = strchr(rest, '/'), *at, *colon;

	*ret = (struct image){ .registry = rest };
	if (is_short(s))
		return false;
	*slash = '\0';
	ret->path = slash + 1;
	at = strchr(slash + 1, '@');
	if (at != NULL) {
		*at = '\0';
		ret->digest = at + 1;
	}
	colon = strchr(slash + 1, ':');
	if (colon != NULL) {
		*colon = '\0';
		ret->tag = colon + 1;
	}
	return is_registry(ret->registry) && is_image_path(ret->path) &&
	       (ret->tag == NULL || image_is_tag(ret->tag)) &&
	       (ret->digest == NULL || image_is_digest(ret->digest));
}

const char *image_lock_name(struct arena *arena, const struct image *image)
{
	return arena_printf(arena, "%s/%s%s%s", image->registry, image->path,
	                    image->tag != NULL ? ":" : "", image->tag != NULL ? image->tag : "");
}

static const struct value_pair *images_find(const struct settings *settings, const char *key)
{
	for (size_t i = 0; i < settings->images.count; i++) {
		if (str_equal(settings->images.items[i].key, key))
			return &settings->images.items[i];
	}
	return NULL;
}

static void check_names(struct build *b)
{
	const struct app_process *processes = b->app->processes.items;
	size_t count = b->app->processes.count + 2;
	const char **names = arena_array(b->arena, count, sizeof(*names));

	for (size_t i = 0; i < b->app->processes.count; i++)
		names[i] = processes[i].name.v;
	names[count - 2] = "caddy";
	names[count - 1] = "mirror";
	for (size_t i = 0; i < b->settings->images.count; i++) {
		const struct value_pair *pair = &b->settings->images.items[i];
		const char *meant, *hint = NULL;
		bool known = false;

		for (size_t n = 0; n < count; n++)
			known |= str_equal(names[n], pair->key);
		if (known)
			continue;
		meant = str_nearest(pair->key, names, count);
		if (meant != NULL)
			hint = arena_printf(b->arena, "did you mean '%s'?", meant);
		diag_error(b->findings, "image.process", pair->key_at, hint,
		           "'%s' has no process named '%s'", b->settings->app.v, pair->key);
	}
}

void build_mirror(struct build *b)
{
	const struct value_pair *pair = images_find(b->settings, "mirror");
	bool insecure;
	const char *s, *slash;
	char *registry;

	check_names(b);
	if (pair == NULL || pair->value.v == NULL || str_equal(pair->value.v, "null"))
		return;
	s = pair->value.v;
	insecure = str_starts(s, "http://");
	if (insecure || str_starts(s, "https://"))
		s += strlen(insecure ? "http://" : "https://");
	s = arena_strndup(b->arena, s, strlen(s) - str_ends(s, "/"));
	registry = arena_strdup(b->arena, s);
	b->node->mirror_origin = origin_at(pair->value.at);
	slash = strchr(registry, '/');
	if (slash != NULL)
		registry[slash - registry] = '\0';
	if (!is_registry(registry) || (slash != NULL && !is_image_path(slash + 1))) {
		diag_error(b->findings, "image.mirror", pair->value.at,
		           "HOST, HOST:PORT, HOST:PORT/PATH, or http://… for one without TLS",
		           "'%s' is not a registry", pair->value.v);
		return;
	}
	b->node->mirror = s;
	b->node->mirror_insecure = insecure;
}

static const char *locked_digest(const struct build *b, const struct image *image)
{
	if (image->digest != NULL || b->in->lock == NULL)
		return image->digest;
	return lock_find(&b->in->lock->images, image_lock_name(b->arena, image));
}

/* Why a reference cannot be used, in the order of what helps most. */
static void refuse(struct build *b, const char *s, struct span at)
{
	if (!is_short(s)) {
		diag_error(b->findings, "image.syntax", at, "like docker.io/library/caddy:2",
		           "'%s' is not an image reference", s);
		return;
	}
	diag_error(b->findings, "image.short", at,
	           arena_printf(b->arena, "docker.io/%s%s",
	                        strchr(s, '/') == NULL ? "library/" : "", s),
	           "image '%s' does not say which registry it comes from", s);
}

/* As it is pulled, and asked for: DIGEST instead of the tag, where there is one. */
static const char *pulled(struct build *b, const struct image *image, const char *digest)
{
	struct text text;

	text_init(&text, b->arena);
	if (b->node->mirror != NULL)
		text_addf(&text, "%s/", b->node->mirror);
	text_addf(&text, "%s/%s", image->registry, image->path);
	if (digest != NULL)
		text_addf(&text, "@%s", digest);
	else if (image->tag != NULL)
		text_addf(&text, ":%s", image->tag);
	return text.data;
}

/* Whether a name stands in the settings; another process's may have come by ${image.NAME}. */
static bool is_users(const struct build *b, const char *name)
{
	for (size_t i = 0; i < b->settings->images.count; i++)
		if (str_equal(b->settings->images.items[i].value.v, name))
			return true;
	return false;
}

/* The image that is meant now: with the tag that `stead lock --update` took for it, if that is
 * newer. A definition that has gone on meanwhile does not take it back; a user who names another
 * does. */
static const char *updated(struct build *b, const char *named)
{
	const struct value_pairs *tags = b->in->lock != NULL ? &b->in->lock->tags : NULL;
	struct image image, key;
	const char *best;

	if (tags == NULL || tags->count == 0 || !image_parse(b->arena, named, &image) ||
	    image.digest != NULL || image.tag == NULL)
		return named;
	best = image.tag;
	for (size_t i = 0; i < tags->count; i++) {
		const struct value_pair *pair = &tags->items[i];

		if (image_parse(b->arena, pair->key, &key) &&
		    str_equal(key.registry, image.registry) && str_equal(key.path, image.path) &&
		    (str_equal(key.tag, image.tag) || !is_users(b, named)) &&
		    tag_is_newer(pair->value.v, best))
			best = pair->value.v;
	}
	return best == image.tag
	               ? named
	               : arena_printf(b->arena, "%s/%s:%s", image.registry, image.path, best);
}

const char *build_version(struct build *b, const struct app_process *process)
{
	const struct value_pair *chosen = images_find(b->settings, process->name.v);
	const char *image = chosen != NULL && chosen->value.v != NULL
	                            ? chosen->value.v
	                            : build_public(b, &process->image, "an image's name").v;
	const char *version = image != NULL ? version_of_image(b->arena, updated(b, image)) : NULL;

	if (version == NULL)
		version = b->app->version.v;
	return version != NULL ? version : "";
}

static void report_missing(struct build *b, const struct node_process *process,
                           const struct app_process *from)
{
	const char *doc = from != NULL ? from->image_doc.v : NULL;

	diag_error(b->findings, "image.missing", b->settings->app.at,
	           arena_printf(b->arena,
	                        "name one in stead.yaml: 'images: { %s: REGISTRY/NAME:TAG }'%s%s",
	                        process->name, doc != NULL ? "; " : "", doc != NULL ? doc : ""),
	           "%s has no image of its own for '%s'", b->settings->app.v, process->name);
}

/* Images whose definition names them with the same version are made for each other. */
static const char *family(struct build *b, const char *given)
{
	struct image image;

	return given != NULL && image_parse(b->arena, given, &image) && image.tag != NULL &&
	                       tag_is_version(image.tag, 2)
	               ? image.tag
	               : NULL;
}

void build_image(struct build *b, struct node_process *process, const struct app_process *from,
                 const struct node_text *given)
{
	const struct value_pair *chosen = images_find(b->settings, process->name);
	const char *s = given->v;
	struct image image;

	process->image_origin = given->origin;
	if (chosen != NULL && chosen->value.v != NULL) {
		s = chosen->value.v;
		process->image_origin = origin_at(chosen->value.at);
	}
	if (s == NULL) {
		if (from == NULL || from->image.v == NULL)
			report_missing(b, process, from);
		return;
	}
	if (!image_parse(b->arena, s, &image)) {
		refuse(b, s, process->image_origin.span);
		return;
	}
	process->image_family = from != NULL ? family(b, given->v) : NULL;
	process->image_named = s;
	process->image_name = updated(b, s);
	(void)image_parse(b->arena, process->image_name, &image);
	if (process->image_name != s)
		process->image_origin.rule = "node.update";
	else if (b->node->mirror != NULL)
		process->image_origin.rule = "node.mirror";
	process->image_fixed = image.digest != NULL;
	process->image_digest = locked_digest(b, &image);
	process->image_asked = pulled(b, &image, image.digest);
	process->image = pulled(b, &image, process->image_digest);
}
