/* The host that files of a bucket are served at. */
#include "node/build.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* "s3.example.net", "BUCKET.s3.example.net", "[2001:db8::1]". */
static const char *host_of(struct build *b, const struct settings_s3 *s3)
{
	const char *host = s3->place.host.v;

	if (!s3->path_style.v)
		return arena_printf(b->arena, "%s.%s", s3->bucket.v, host);
	return strchr(host, ':') != NULL ? arena_printf(b->arena, "[%s]", host) : host;
}

static const struct node_bucket *bucket_of(struct build *b, const struct settings_s3 *s3)
{
	struct node_bucket *bucket = arena_alloc(b->arena, sizeof(*bucket));
	const char *scheme = s3->place.scheme.v;
	long port = s3->place.port.v;

	bucket->name = s3->bucket.v;
	bucket->host = host_of(b, s3);
	if (port != (str_equal(scheme, "http") ? 80 : 443))
		bucket->host = arena_printf(b->arena, "%s:%ld", bucket->host, port);
	bucket->url = arena_printf(b->arena, "%s://%s", scheme, bucket->host);
	bucket->path = s3->path_style.v ? arena_printf(b->arena, "/%s", s3->bucket.v) : "";
	return bucket;
}

/* Applications write the whole name of a file behind the host, with the prefix. */
void build_bucket(struct build *b)
{
	const struct settings_s3 *s3 = &b->settings->media.store.s3;

	if (!s3->serve.v || s3->public_host.v == NULL || s3->bucket.v == NULL ||
	    s3->place.host.v == NULL)
		return;
	*list_add(b->arena, &b->node->routes) = (struct node_route){
		.host = s3->public_host.v,
		.path = s3->prefix.v != NULL ? arena_printf(b->arena, "/%s/", s3->prefix.v) : "/",
		.bucket = bucket_of(b, s3),
		.origin = origin_at(s3->public_host.at),
	};
}
