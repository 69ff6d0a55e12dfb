/* Services that are elsewhere: a database, a queue, a search, a bucket. */
#include "settings/internal.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct kind {
	const char *schemes[3]; /* ends with NULL */
	unsigned port;
	const char *like;
	bool has_path;    /* what stands behind the host is a name */
	const char *name; /* when none does; NULL: there is no other */
};

static const struct kind database = { { "postgres", "postgresql", NULL },
	                              5432,
	                              "like postgres://mastodon@db.example.net:5432/mastodon",
	                              true,
	                              NULL };
static const struct kind redis = {
	{ "redis", "rediss", NULL }, 6379, "like redis://redis.example.net:6379/0", true, "0"
};
static const struct kind search = {
	{ "http", "https", NULL }, 9200, "like https://search.example.net:9200", false, NULL
};
static const struct kind bucket = {
	{ "https", "http", NULL }, 443, "like https://s3.example.net", false, NULL
};

/* What is being taken apart. */
struct url {
	struct settings_checker *c;
	const struct value_text *text;
	const struct kind *kind;
	struct settings_place *place;
	const char *key;
};

static bool refuse(const struct url *url, const char *hint, const char *problem)
{
	diag_error(url->c->findings, "settings.value", url->text->at, hint, "'%s' %s", url->key,
	           problem);
	return false;
}

static struct value_text part(const struct url *url, const char *from, size_t len)
{
	return (struct value_text){ arena_strndup(url->c->arena, from, len), url->text->at };
}

/* Variables and other URLs are made of these parts: none may hold what would end them. */
static bool is_plain(const char *s, const char *more)
{
	for (; *s != '\0'; s++)
		if ((*s < 'a' || *s > 'z') && (*s < 'A' || *s > 'Z') && (*s < '0' || *s > '9') &&
		    strchr(more, *s) == NULL)
			return false;
	return true;
}

static bool take_scheme(const struct url *url, const char **rest)
{
	const char *end = strstr(*rest, "://");

	for (size_t i = 0; end != NULL && url->kind->schemes[i] != NULL; i++) {
		size_t len = strlen(url->kind->schemes[i]);

		if ((size_t)(end - *rest) != len || strncmp(*rest, url->kind->schemes[i], len) != 0)
			continue;
		url->place->scheme = part(url, *rest, len);
		*rest = end + strlen("://");
		return true;
	}
	return refuse(url, url->kind->like, "is not the address of such a service");
}

static bool take_user(const struct url *url, const char **rest)
{
	const char *end = strchr(*rest, '@');
	struct value_text user;

	if (end == NULL)
		return true;
	user = part(url, *rest, (size_t)(end - *rest));
	if (strchr(user.v, ':') != NULL) {
		/* Without its place, so that no report shows the password. */
		diag_error(url->c->findings, "settings.value",
		           (struct span){ .source = url->text->at.source },
		           "take it out, and put it into stead.secrets.yaml",
		           "'%s' holds a password", url->key);
		return false;
	}
	if (user.v[0] == '\0' || !is_plain(user.v, "_.-"))
		return refuse(url, "letters, digits, '_', '.' and '-'", "has a strange user");
	url->place->user = user;
	*rest = end + 1;
	return true;
}

static bool take_port(const struct url *url, const char *s)
{
	bool plain = url->kind == &bucket && str_equal(url->place->scheme.v, "http");
	long port = plain ? 80 : url->kind->port;

	if (s != NULL && (!str_to_long(s, &port) || port < 1 || port > 65535))
		return refuse(url, url->kind->like, "has a port that is none");
	url->place->port = (struct value_int){ port, true, url->text->at };
	return true;
}

/* "host", "host:port", "[::1]:port". */
static bool take_host(const struct url *url, const char **rest)
{
	size_t len = strcspn(*rest, "/?");
	char *host = arena_strndup(url->c->arena, *rest, len), *end;
	bool bracket = host[0] == '[';

	*rest += len;
	end = bracket ? strchr(host, ']') : host + strcspn(host, ":");
	if (end == NULL || (bracket && end[1] != '\0' && end[1] != ':'))
		return refuse(url, url->kind->like, "is not the address of such a service");
	if (!take_port(url, end[bracket] == ':' ? end + bracket + 1 : NULL))
		return false;
	*end = '\0';
	url->place->host = part(url, host + bracket, strlen(host + bracket));
	if (url->place->host.v[0] == '\0' || url->place->host.v[0] == '-' ||
	    !is_plain(url->place->host.v, bracket ? ":" : ".-_"))
		return refuse(url, url->kind->like, "names no host");
	return true;
}

/* "/name", then perhaps "?sslmode=require". */
static bool take_rest(const struct url *url, const char *rest)
{
	static const char option[] = "?sslmode=";
	size_t len = strcspn(rest, "?");
	struct value_text name = part(url, rest + (len > 0), len > 0 ? len - 1 : 0);

	rest += len;
	if (!is_plain(name.v, "_.-") || (name.v[0] != '\0' && !url->kind->has_path))
		return refuse(url, url->kind->like, "has a strange end");
	if (name.v[0] == '\0')
		name.v = url->kind->name;
	if (name.v != NULL)
		url->place->name = name;
	if (*rest == '\0')
		return true;
	if (url->kind != &database || !str_starts(rest, option) ||
	    !is_plain(rest + strlen(option), "-"))
		return refuse(url, "only ?sslmode=… of a database is understood",
		              "has options behind it");
	url->place->sslmode = part(url, rest + strlen(option), strlen(rest + strlen(option)));
	return true;
}

static void take(struct settings_checker *c, const char *key, const struct value_text *text,
                 const struct kind *kind, struct settings_place *place)
{
	const struct url url = { c, text, kind, place, key };
	const char *rest = text->v;

	if (rest != NULL && take_scheme(&url, &rest) && take_user(&url, &rest) &&
	    take_host(&url, &rest))
		(void)take_rest(&url, rest);
}

/* A word that nobody wrote, so that conditions can ask for it. */
static void say(struct value_text *word, bool elsewhere, const char *fallback, const char *key)
{
	if (word->v == NULL && !elsewhere)
		*word = (struct value_text){ .v = fallback, .at = { .key = key } };
}

static void check(struct settings_checker *c, const char *key, struct settings_service *service,
                  const struct kind *kind)
{
	take(c, arena_printf(c->arena, "%s.url", key), &service->url, kind, &service->place);
	service->direct = service->place;
	if (service->direct_url.v == NULL)
		return;
	service->direct = (struct settings_place){ 0 };
	take(c, arena_printf(c->arena, "%s.direct_url", key), &service->direct_url, kind,
	     &service->direct);
}

/* --- a bucket that the proxy serves --- */

static void refuse_bucket(struct settings_checker *c, struct span at, const char *key,
                          const char *hint, const char *problem)
{
	diag_error(c->findings, "settings.value", at, hint, "'media.store.s3.%s' %s", key, problem);
}

static bool is_address(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* True when each part between slashes is a name, so that no server would read the path otherwise.
 */
static bool is_path(const char *s)
{
	for (;;) {
		size_t len = strcspn(s, "/");

		if (len == 0 || (len == 1 && s[0] == '.') || (len == 2 && strncmp(s, "..", 2) == 0))
			return false;
		if (s[len] == '\0')
			return true;
		s += len + 1;
	}
}

/* Everything here ends in the proxy's configuration and in the addresses that it asks for. */
static void check_served(struct settings_checker *c, const struct settings *settings)
{
	const struct settings_s3 *s3 = &settings->media.store.s3;
	const struct value_text *host = &s3->public_host;

	if (!s3->serve.v)
		return;
	if (host->v == NULL)
		refuse_bucket(c, s3->serve.at, "serve",
		              "add the name: public_host: files.example.org",
		              "needs 'media.store.s3.public_host'");
	else if (str_equal(host->v, settings->domain.v) ||
	         str_equal(host->v, settings_web(settings)->v))
		refuse_bucket(c, host->at, "public_host",
		              "files of strangers need a name of their own, like files.example.org",
		              "is where the site is");
	if (s3->bucket.v != NULL && (!is_plain(s3->bucket.v, ".-_") || !is_path(s3->bucket.v)))
		refuse_bucket(c, s3->bucket.at, "bucket", "letters, digits, '-', '.' and '_'",
		              "is not the name of a bucket");
	if (s3->prefix.v != NULL && (!is_plain(s3->prefix.v, ".-_/") || !is_path(s3->prefix.v)))
		refuse_bucket(c, s3->prefix.at, "prefix",
		              "like media, or a/b: with no '/' at either end", "cannot be served");
	if (!s3->path_style.v && s3->place.host.v != NULL && is_address(s3->place.host.v))
		refuse_bucket(c, s3->endpoint.at, "endpoint", "write 'path_style: true'",
		              "is an address, and no bucket can stand before it");
}

void settings_check_services(struct settings_checker *c, struct settings *settings)
{
	struct settings_store *store = &settings->media.store;

	say(&settings->database.word, settings->database.url.v != NULL, "here", "database");
	say(&settings->redis.word, settings->redis.url.v != NULL, "here", "redis");
	say(&settings->search.word, settings->search.url.v != NULL, "none", "search");
	if (str_equal(settings->search.word.v, "here"))
		settings->search.word.v = "opensearch";
	say(&store->word, store->s3.bucket.v != NULL, "local", "media.store");
	check(c, "database", &settings->database, &database);
	check(c, "redis", &settings->redis, &redis);
	check(c, "search", &settings->search, &search);
	take(c, "media.store.s3.endpoint", &store->s3.endpoint, &bucket, &store->s3.place);
	check_served(c, settings);
}

/* --- their secrets --- */

static enum settings_want want(const struct value_text *must, const struct value_text *may,
                               struct span *ret_at)
{
	*ret_at = must->v != NULL ? must->at : may->at;
	return must->v != NULL ? SETTINGS_MUST : may->v != NULL ? SETTINGS_MAY : SETTINGS_NOT;
}

static enum settings_want want_mail(const struct settings *settings, struct span *ret_at)
{
	return want(&settings->mail.user, &settings->mail.user, ret_at);
}

static enum settings_want want_database(const struct settings *settings, struct span *ret_at)
{
	return want(&settings->database.place.user, &settings->database.url, ret_at);
}

static enum settings_want want_redis(const struct settings *settings, struct span *ret_at)
{
	return want(&settings->redis.place.user, &settings->redis.url, ret_at);
}

static enum settings_want want_search(const struct settings *settings, struct span *ret_at)
{
	return want(&settings->search.place.user, &settings->search.url, ret_at);
}

static enum settings_want want_bucket(const struct settings *settings, struct span *ret_at)
{
	const struct value_text *bucket_name = &settings->media.store.s3.bucket;

	return want(bucket_name, bucket_name, ret_at);
}

const struct settings_secret settings_secrets[] = {
	{ "mail.password", "mail.user", "password for sending mail", want_mail },
	{ "database.password", "database.url", "password of the database elsewhere",
	  want_database },
	{ "redis.password", "redis.url", "password of the Redis elsewhere", want_redis },
	{ "search.password", "search.url", "password of the search elsewhere", want_search },
	{ "media.access_key", "media.store.s3.bucket", "access key of the bucket", want_bucket },
	{ "media.secret_key", "media.store.s3.bucket", "secret key of the bucket", want_bucket },
	{ 0 },
};

const struct settings_secret *settings_secret_find(const char *name)
{
	for (const struct settings_secret *s = settings_secrets; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}
