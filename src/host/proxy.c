/*
 * The Caddyfile. Caddy 2.6 is the floor; `caddy fmt` leaves what is written here as it is.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define LINE(file, rule, ...) output_line((file), origin_rule(rule), __VA_ARGS__)

const struct node_process *host_proxy_process(const struct node *node)
{
	for (size_t i = 0; i < node->processes.count; i++) {
		if (node->processes.items[i]->port_count > 0)
			return node->processes.items[i];
	}
	return NULL;
}

/* The file lies in the first directory of configuration that the proxy mounts. */
const char *host_proxy_path(struct arena *arena, const struct node *node)
{
	const struct node_process *proxy = host_proxy_process(node);

	for (size_t i = 0; proxy != NULL && i < proxy->mounts.count; i++) {
		if (proxy->mounts.items[i].volume == NULL)
			return arena_printf(arena, "%s/Caddyfile",
			                    proxy->mounts.items[i].host_path);
	}
	return NULL;
}

/* True when a text means just itself in a Caddyfile: no quotes, no placeholders, no blanks. */
static bool literal(const char *s)
{
	for (size_t i = 0; s[i] != '\0'; i++) {
		if ((unsigned char)s[i] <= ' ' || strchr("\"`{}\\#", s[i]) != NULL)
			return false;
	}
	return s[0] != '\0';
}

static bool literal_or_error(struct host_context *host, const char *code, const char *what,
                             const char *s, struct origin origin)
{
	if (literal(s))
		return true;
	host_error(host, code, origin, NULL,
	           "%s '%s' holds characters that mean something to Caddy", what, s);
	return false;
}

/* An address or a range in CIDR notation. */
static bool is_range(const char *s)
{
	unsigned char address[16];
	char copy[64];
	const char *slash = strchr(s, '/');
	size_t len = slash != NULL ? (size_t)(slash - s) : strlen(s);
	long bits = 0;
	bool v4;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, s, len);
	copy[len] = '\0';
	v4 = inet_pton(AF_INET, copy, address) == 1;
	if (!v4 && inet_pton(AF_INET6, copy, address) != 1)
		return false;
	return slash == NULL ||
	       (str_to_long(slash + 1, &bits) && bits >= 0 && bits <= (v4 ? 32 : 128));
}

#define ACME_STAGING "https://acme-staging-v02.api.letsencrypt.org/directory"

static void acme_options(struct host_context *host, struct output *file)
{
	const struct node_tls *tls = &host->node->tls;

	if (tls->email != NULL &&
	    literal_or_error(host, "proxy.email", "the address", tls->email, tls->origin))
		output_line(file, tls->origin, "\temail %s", tls->email);
	if (tls->staging)
		output_line(file, tls->origin, "\tacme_ca " ACME_STAGING);
}

static void global_options(struct host_context *host, struct output *file)
{
	const struct node_tls *tls = &host->node->tls;

	LINE(file, "proxy.global", "{");
	LINE(file, "proxy.admin", "\tadmin unix//run/caddy/admin.sock");
	if (str_equal(tls->issuer, "internal")) {
		output_line(file, tls->origin, "\tskip_install_trust");
	} else if (str_equal(tls->issuer, "upstream")) {
		output_line(file, tls->origin, "\tauto_https off");
	} else {
		acme_options(host, file);
	}
	/* Caddy's own redirects would come before port_80(). */
	if (!str_equal(tls->issuer, "upstream"))
		LINE(file, "proxy.port-80", "\tauto_https disable_redirects");
	LINE(file, "proxy.global", "}");
}

static void trusted(struct host_context *host, struct output *file)
{
	const struct value_list *list = &host->node->trusted_proxies;

	for (size_t i = 0; i < list->count; i++) {
		struct origin origin = origin_at(list->items[i].at);

		if (is_range(list->items[i].v) || str_equal(list->items[i].v, "private_ranges"))
			output_line(file, origin, "\t\t\t\ttrusted_proxies %s", list->items[i].v);
		else
			host_error(host, "proxy.trusted", origin,
			           "write an address like 192.0.2.1 or a range like 192.0.2.0/24",
			           "'%s' is not an address or a range", list->items[i].v);
	}
}

static void route_matcher(struct output *file, const struct node_route *route, size_t number)
{
	if (str_equal(route->path, "/")) {
		output_line(file, route->origin, "\t\thandle {");
	} else if (str_ends(route->path, "/")) {
		output_line(file, route->origin, "\t\thandle %s* {", route->path);
	} else {
		output_line(file, route->origin, "\t\t@route%zu path %s %s/*", number, route->path,
		            route->path);
		output_line(file, route->origin, "\t\thandle @route%zu {", number);
	}
}

/* In place of what the process says about it: deferred, because the copy brings that along. Only
 * good answers are changed: those that say what is missing would be kept too. */
static void cache(struct output *file, const struct node_route *route)
{
	if (route->cache == NULL)
		return;
	output_line(file, route->origin, "\t\t\t\t@kept status 200 206 304");
	output_line(file, route->origin, "\t\t\t\thandle_response @kept {");
	output_line(file, route->origin, "\t\t\t\t\theader {");
	output_line(file, route->origin, "\t\t\t\t\t\tCache-Control \"%s\"", route->cache);
	output_line(file, route->origin, "\t\t\t\t\t\tdefer");
	output_line(file, route->origin, "\t\t\t\t\t}");
	output_line(file, route->origin, "\t\t\t\t\tcopy_response");
	output_line(file, route->origin, "\t\t\t\t}");
}

static void backend(struct host_context *host, struct output *file, const struct node_route *route)
{
	const struct node *node = host->node;
	bool upstream = str_equal(node->tls.issuer, "upstream");
	const struct node_process *process = route->process;

	if (node->trusted_proxies.count == 0 && !route->websocket && !upstream &&
	    route->cache == NULL) {
		output_line(file, route->origin, "\t\t\treverse_proxy %s:%u", process->name,
		            process->port);
		return;
	}
	output_line(file, route->origin, "\t\t\treverse_proxy %s:%u {", process->name,
	            process->port);
	trusted(host, file);
	if (route->websocket)
		output_line(file, route->origin, "\t\t\t\tflush_interval -1");
	if (upstream) /* TLS ended before us */
		output_line(file, node->tls.origin, "\t\t\t\theader_up X-Forwarded-Proto https");
	cache(file, route);
	output_line(file, route->origin, "\t\t\t}");
}

/* Deferred: in place of the process's own, and not beside them. */
static void headers(struct host_context *host, struct output *file, const struct node_route *route)
{
	if (route->headers.count == 0)
		return;
	output_line(file, route->origin, "\t\t\theader {");
	for (size_t i = 0; i < route->headers.count; i++) {
		const struct node_env *header = &route->headers.items[i];

		if (strpbrk(header->value.v, "\"`{}\\\n\r") != NULL)
			host_error(host, "proxy.header", header->value.origin, NULL,
			           "the header '%s' holds characters that mean something to Caddy",
			           header->name);
		else
			output_line(file, header->value.origin, "\t\t\t\t%s \"%s\"", header->name,
			            header->value.v);
	}
	output_line(file, route->origin, "\t\t\t\tdefer");
	output_line(file, route->origin, "\t\t\t}");
}

static void route_block(struct host_context *host, struct output *file,
                        const struct node_route *route, size_t number)
{
	if (!literal_or_error(host, "proxy.path", "the path", route->path, route->origin))
		return;
	route_matcher(file, route, number);
	if (route->max_body > 0 && route->process != NULL) {
		output_line(file, route->origin, "\t\t\trequest_body {");
		output_line(file, route->origin, "\t\t\t\tmax_size %ld", route->max_body);
		output_line(file, route->origin, "\t\t\t}");
	}
	headers(host, file, route);
	if (route->process != NULL)
		backend(host, file, route);
	else if (route->bucket != NULL)
		host_proxy_bucket(file, route);
	else if (route->redirect == NULL)
		output_line(file, route->origin, "\t\t\trespond 404");
	else if (literal_or_error(host, "proxy.redirect", "the redirect", route->redirect,
	                          route->origin))
		output_line(file, route->origin, "\t\t\tredir %s{uri} 301", route->redirect);
	output_line(file, route->origin, "\t\t}");
}

static int compare_routes(const void *a, const void *b)
{
	const struct node_route *const *x = a, *const *y = b;
	size_t x_len = strlen((*x)->path), y_len = strlen((*y)->path);

	if (x_len != y_len)
		return x_len > y_len ? -1 : 1;
	return strcmp((*x)->path, (*y)->path);
}

/* How the node knows itself from outside: on port 80, whatever name it is asked by. */
static void nonce(struct output *file)
{
	LINE(file, "proxy.page", "\t\thandle /.well-known/stead/* {");
	LINE(file, "proxy.page", "\t\t\troot * " NODE_PAGE_DIR);
	LINE(file, "proxy.page", "\t\t\theader Cache-Control no-store");
	LINE(file, "proxy.page", "\t\t\tfile_server");
	LINE(file, "proxy.page", "\t\t}");
}

/* The routes of one host, the longest path first: `route` keeps the order in which they stand. */
static void routes_of(struct host_context *host, struct output *file, const char *name)
{
	const struct node *node = host->node;
	const struct node_route **routes =
		arena_array(host->set->arena, node->routes.count, sizeof(*routes));
	size_t count = 0;

	for (size_t i = 0; i < node->routes.count; i++) {
		if (str_equal(node->routes.items[i].host, name))
			routes[count++] = &node->routes.items[i];
	}
	qsort(routes, count, sizeof(*routes), compare_routes);
	LINE(file, "proxy.route", "\troute {");
	if (str_equal(node->tls.issuer, "upstream"))
		nonce(file);
	for (size_t i = 0; i < count; i++)
		route_block(host, file, routes[i], i);
	if (!str_equal(routes[count - 1]->path, "/")) {
		LINE(file, "proxy.route", "\t\thandle {");
		LINE(file, "proxy.route", "\t\t\trespond 404");
		LINE(file, "proxy.route", "\t\t}");
	}
	LINE(file, "proxy.route", "\t}");
}

/* While a process does not answer, at its start say. */
static void errors(struct output *file)
{
	LINE(file, "proxy.errors", "\thandle_errors {");
	LINE(file, "proxy.errors", "\t\t@down expression `{err.status_code} in [502, 503, 504]`");
	LINE(file, "proxy.errors", "\t\thandle @down {");
	LINE(file, "proxy.errors", "\t\t\theader Cache-Control no-store");
	LINE(file, "proxy.errors", "\t\t\theader Retry-After 10");
	LINE(file, "proxy.errors",
	     "\t\t\trespond \"This site does not answer right now. It will be back.\" 503");
	LINE(file, "proxy.errors", "\t\t}");
	LINE(file, "proxy.errors", "\t}");
}

static void site(struct host_context *host, struct output *file, const char *name,
                 struct origin origin)
{
	const struct node_tls *tls = &host->node->tls;

	if (!literal_or_error(host, "proxy.host", "the host name", name, origin))
		return;
	LINE(file, "proxy.site", "%s", "");
	if (str_equal(tls->issuer, "upstream"))
		output_line(file, origin, "http://%s {", name);
	else
		output_line(file, origin, "%s {", name);
	if (str_equal(tls->issuer, "internal"))
		output_line(file, tls->origin, "\ttls internal");
	LINE(file, "proxy.headers", "\theader ?Strict-Transport-Security \"max-age=31536000\"");
	LINE(file, "proxy.encode", "\tencode zstd gzip");
	routes_of(host, file, name);
	errors(file);
	output_line(file, origin, "}");
}

/* True for the first route of its host. */
static bool first_of_host(const struct node *node, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (str_equal(node->routes.items[i].host, node->routes.items[index].host))
			return false;
	}
	return true;
}

/* The site's own names go on to HTTPS. With `upstream` they have sites on port 80 themselves. */
static void redirect_sites(struct host_context *host, struct output *file)
{
	const struct node *node = host->node;
	struct text names;

	text_init(&names, host->set->arena);
	for (size_t i = 0; i < node->routes.count; i++) {
		if (first_of_host(node, i))
			text_addf(&names, " %s", node->routes.items[i].host);
	}
	if (names.len == 0 || str_equal(node->tls.issuer, "upstream"))
		return;
	LINE(file, "proxy.port-80", "\t\t@site host%s", names.data);
	LINE(file, "proxy.port-80", "\t\thandle @site {");
	LINE(file, "proxy.port-80", "\t\t\tredir https://{host}{uri} 308");
	LINE(file, "proxy.port-80", "\t\t}");
}

/* Port 80 of every other name and of the bare address: what the node waits for, then the way to the
 * site. The authority's challenges are answered by Caddy before any of this. */
static void port_80(struct host_context *host, struct output *file)
{
	const struct node_text *web = &host->node->web;

	LINE(file, "proxy.port-80", "%s", "");
	LINE(file, "proxy.port-80", "http:// {");
	LINE(file, "proxy.route", "\troute {");
	nonce(file);
	redirect_sites(host, file);
	LINE(file, "proxy.page", "\t\t@page file {");
	LINE(file, "proxy.page", "\t\t\troot " NODE_PAGE_DIR);
	LINE(file, "proxy.page", "\t\t\ttry_files /index.html");
	LINE(file, "proxy.page", "\t\t}");
	LINE(file, "proxy.page", "\t\thandle @page {");
	LINE(file, "proxy.page", "\t\t\troot * " NODE_PAGE_DIR);
	LINE(file, "proxy.page", "\t\t\trewrite * /index.html");
	LINE(file, "proxy.page", "\t\t\theader Cache-Control no-store");
	LINE(file, "proxy.page", "\t\t\theader Retry-After 10");
	LINE(file, "proxy.page", "\t\t\tfile_server {");
	LINE(file, "proxy.page", "\t\t\t\tstatus 503");
	LINE(file, "proxy.page", "\t\t\t}");
	LINE(file, "proxy.page", "\t\t}");
	LINE(file, "proxy.port-80", "\t\thandle {");
	if (literal_or_error(host, "proxy.host", "the host name", web->v, web->origin))
		output_line(file, web->origin, "\t\t\tredir https://%s/ 308", web->v);
	LINE(file, "proxy.port-80", "\t\t}");
	LINE(file, "proxy.route", "\t}");
	LINE(file, "proxy.port-80", "}");
}

/* Where the name of a host was written. */
static struct origin host_origin(const struct node *node, const struct node_route *route)
{
	if (str_equal(route->host, node->web.v))
		return node->web.origin;
	if (str_equal(route->host, node->domain.v))
		return node->domain.origin;
	return route->origin;
}

void host_proxy(struct host_context *host)
{
	const struct node *node = host->node;
	const char *path = host_proxy_path(host->set->arena, node);
	struct output *file;

	if (path == NULL)
		return;
	file = output_file(host->set, path, 0644, 0, origin_rule("proxy.config"));
	host_banner(file, "#");
	global_options(host, file);
	for (size_t i = 0; i < node->routes.count; i++) {
		if (first_of_host(node, i))
			site(host, file, node->routes.items[i].host,
			     host_origin(node, &node->routes.items[i]));
	}
	port_80(host, file);
}
