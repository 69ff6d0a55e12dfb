/*
 * Files of a bucket, at a host of their own. Strangers put them there and everybody may see them:
 * stead says what they are to browsers, and the bucket does not hear who asks.
 */
#include "base/text.h"
#include "host/writers.h"

/* The name of a file never comes to mean another one. */
#define KEPT "public, max-age=2419200, immutable"

#define LINE(file, ...) output_line((file), origin_rule("proxy.bucket"), __VA_ARGS__)

/* A name with an empty part, "." or ".." could mean a list of the bucket, or another bucket. */
static void refusals(struct output *file)
{
	LINE(file, "\t\t\t\t@writes not method GET HEAD");
	LINE(file, "\t\t\t\trespond @writes 403");
	LINE(file, "\t\t\t\t@unnamed expression `{path}.matches(\"/[.]?[.]?(/|$)\")`");
	LINE(file, "\t\t\t\trespond @unnamed 404");
}

/* Deferred: in place of the bucket's own. */
static void headers(struct output *file)
{
	LINE(file, "\t\t\t\theader {");
	LINE(file, "\t\t\t\t\tAccess-Control-Allow-Origin *");
	LINE(file, "\t\t\t\t\tContent-Security-Policy \"default-src 'none'; form-action 'none'\"");
	LINE(file, "\t\t\t\t\tX-Content-Type-Options nosniff");
	LINE(file, "\t\t\t\t\tdefer");
	LINE(file, "\t\t\t\t}");
}

static void question(struct output *file, const struct node_bucket *bucket, struct origin origin)
{
	output_line(file, origin, "\t\t\t\t\theader_up Host %s", bucket->host);
	LINE(file, "\t\t\t\t\theader_up -Authorization");
	LINE(file, "\t\t\t\t\theader_up -Cookie");
	LINE(file, "\t\t\t\t\theader_up -Forwarded");
	LINE(file, "\t\t\t\t\theader_up -Origin");
	LINE(file, "\t\t\t\t\theader_up -Referer");
	LINE(file, "\t\t\t\t\theader_up -User-Agent");
	LINE(file, "\t\t\t\t\theader_up -X-*");
	/* What services before the proxy say of a visitor. */
	LINE(file, "\t\t\t\t\theader_up -Cf-*");
	LINE(file, "\t\t\t\t\theader_up -Fastly-*");
	LINE(file, "\t\t\t\t\theader_up -*-Ip");
	LINE(file, "\t\t\t\t\ttransport http {");
	LINE(file, "\t\t\t\t\t\tdial_timeout 10s");
	LINE(file, "\t\t\t\t\t\tresponse_header_timeout 60s");
	LINE(file, "\t\t\t\t\t\tcompression off");
	LINE(file, "\t\t\t\t\t}");
}

/* Only files are passed on. A bucket that may not be listed says 403 of one that is not there; what
 * it says of anything else is for its owner. */
static void answer(struct output *file)
{
	LINE(file, "\t\t\t\t\theader_down -Access-Control-*");
	LINE(file, "\t\t\t\t\theader_down -Set-Cookie");
	LINE(file, "\t\t\t\t\theader_down -Strict-Transport-Security");
	LINE(file, "\t\t\t\t\theader_down -X-Amz-*");
	LINE(file, "\t\t\t\t\t@file status 200 206 304");
	LINE(file, "\t\t\t\t\thandle_response @file {");
	LINE(file, "\t\t\t\t\t\theader {");
	LINE(file, "\t\t\t\t\t\t\tCache-Control \"" KEPT "\"");
	LINE(file, "\t\t\t\t\t\t\tdefer");
	LINE(file, "\t\t\t\t\t\t}");
	LINE(file, "\t\t\t\t\t\tcopy_response");
	LINE(file, "\t\t\t\t\t}");
	LINE(file, "\t\t\t\t\t@missing status 403 404");
	LINE(file, "\t\t\t\t\thandle_response @missing {");
	LINE(file, "\t\t\t\t\t\trespond 404");
	LINE(file, "\t\t\t\t\t}");
	LINE(file, "\t\t\t\t\t@unmet status 412 416");
	LINE(file, "\t\t\t\t\thandle_response @unmet {");
	LINE(file, "\t\t\t\t\t\trespond \"\" {rp.status_code}");
	LINE(file, "\t\t\t\t\t}");
	LINE(file, "\t\t\t\t\thandle_response {");
	LINE(file, "\t\t\t\t\t\terror 502");
	LINE(file, "\t\t\t\t\t}");
}

void host_proxy_bucket(struct output *file, const struct node_route *route)
{
	const struct node_bucket *bucket = route->bucket;

	LINE(file, "\t\t\troute {");
	refusals(file);
	headers(file);
	/* Without what follows a '?': it would ask for something else than the file. The name
	 * itself stays as it was written, since another way of writing it could mean that again. */
	LINE(file, "\t\t\t\trewrite * ?");
	if (bucket->path[0] != '\0')
		output_line(file, route->origin, "\t\t\t\turi path_regexp ^ %s", bucket->path);
	output_line(file, route->origin, "\t\t\t\treverse_proxy %s {", bucket->url);
	question(file, bucket, route->origin);
	answer(file);
	output_line(file, route->origin, "\t\t\t\t}");
	LINE(file, "\t\t\t}");
}
