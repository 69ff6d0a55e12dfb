#include "probe/online.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { RESOLVER_MS = 8 * 1000 };

static const struct {
	const char *name;
	void (*run)(struct probe *probe);
} probes[] = {
	{ "domain", probe_delegation }, { "address", probe_address },
	{ "caa", probe_caa },           { "mx", probe_mx },
	{ "media", probe_media },       { "site", probe_occupant },
	{ "mail", probe_mail },         { "images", probe_images },
	{ "backup", probe_backup },     { "clock", probe_clock },
};

enum { PROBE_COUNT = sizeof(probes) / sizeof(probes[0]) };

const char *probe_state_name(enum probe_state state)
{
	static const char *const names[] = { [PROBE_OK] = "ok",
		                             [PROBE_SKIPPED] = "skipped",
		                             [PROBE_NOTE] = "note",
		                             [PROBE_WARNING] = "warning",
		                             [PROBE_ERROR] = "error" };

	return names[state];
}

void probe_saw(struct probe *probe, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	probe->seen = arena_vprintf(probe->arena, format, args);
	va_end(args);
}

void probe_skip(struct probe *probe, const char *why)
{
	probe->state = PROBE_SKIPPED;
	probe->seen = why;
}

/* --- addresses --- */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to;
	socklen_t len;
};

static bool parse_address(const char *text, struct address *ret)
{
	*ret = (struct address){ 0 };
	if (inet_pton(AF_INET, text, &ret->to.v4.sin_addr) == 1) {
		ret->to.v4.sin_family = AF_INET;
		ret->to.v4.sin_port = htons(9);
		ret->len = sizeof(ret->to.v4);
		return true;
	}
	ret->to.v6.sin6_family = AF_INET6;
	ret->to.v6.sin6_port = htons(9);
	ret->len = sizeof(ret->to.v6);
	return inet_pton(AF_INET6, text, &ret->to.v6.sin6_addr) == 1;
}

static bool is_private_v4(uint32_t a)
{
	return a >> 24 == 0 || a >> 24 == 10 || a >> 24 == 127 || a >> 20 == 0xac1 ||
	       a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe || a >> 22 == 0x191 /* 100.64.0.0/10 */ ||
	       a >> 28 >= 0xe;
}

bool probe_is_private(const char *text)
{
	struct address address;
	const struct in6_addr *v6 = &address.to.v6.sin6_addr;

	if (!parse_address(text, &address))
		return true;
	if (address.to.any.sa_family == AF_INET)
		return is_private_v4(ntohl(address.to.v4.sin_addr.s_addr));
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       IN6_IS_ADDR_LINKLOCAL(v6) || IN6_IS_ADDR_MULTICAST(v6) || IN6_IS_ADDR_V4MAPPED(v6) ||
	       (v6->s6_addr[0] & 0xfe) == 0xfc;
}

/* Connecting a datagram socket sends nothing; it only looks for a route. */
bool probe_has_route(const char *text)
{
	struct address address;
	cleanup_fd int fd = -1;

	if (!parse_address(text, &address))
		return false;
	fd = socket(address.to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, &address.to.any, address.len) == 0;
}

/* --- is there anybody at all? --- */

const char *online_why_not(struct arena *arena, const struct online *online, const char **ret_hint)
{
	int r = dns_try_resolver(arena, &online->dns, RESOLVER_MS);
	/* Of no one in particular: these are for documentation (RFC 5737, 3849). */
	bool route = probe_has_route("198.51.100.1") || probe_has_route("2001:db8::1");

	/* One that fails may still know something, if there is a way for it. */
	if (r == 0 || (r == -EREMOTEIO && route))
		return NULL;
	*ret_hint = route ? "--resolver ADDRESS asks another name server"
	                  : "it has no route to anywhere";
	if (online->dns.resolver != NULL)
		return arena_printf(arena, "%s: the name server %s does not answer",
		                    route ? "nothing can be asked" : "this computer is offline",
		                    online->dns.resolver);
	return route ? "nothing can be asked: the name servers in /etc/resolv.conf do not answer"
	             : "this computer is offline: the name servers in /etc/resolv.conf do not "
	               "answer";
}

/* --- all of them --- */

static void *run_probe(void *context)
{
	struct probe *probe = context;

	for (size_t i = 0; i < PROBE_COUNT; i++)
		if (probes[i].name == probe->name)
			probes[i].run(probe);
	if (probe->findings.errors > 0)
		probe->state = PROBE_ERROR;
	else if (probe->findings.warnings > 0)
		probe->state = PROBE_WARNING;
	else if (probe->findings.notes > 0)
		probe->state = PROBE_NOTE;
	if (probe->seen == NULL)
		probe->seen = probe->findings.count > 0 ? probe->findings.items[0].message : "";
	return NULL;
}

static void add_findings(const struct findings *from, struct findings *to)
{
	typedef void report_fn(struct findings * findings, const char *code, struct span span,
	                       const char *hint, const char *format, ...);
	static report_fn *const report[] = { [SEVERITY_ERROR] = diag_error,
		                             [SEVERITY_WARNING] = diag_warning,
		                             [SEVERITY_NOTE] = diag_note };

	for (size_t i = 0; i < from->count; i++) {
		const struct finding *f = &from->items[i];

		report[f->severity](to, f->code, f->span, f->hint, "%s", f->message);
	}
}

void online_run(const struct online *online, struct findings *findings, probe_tell_fn *tell,
                void *context)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct probe all[PROBE_COUNT] = { 0 };
	pthread_t threads[PROBE_COUNT];
	bool begun[PROBE_COUNT];

	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	(void)dns_init();
	(void)sigaction(SIGPIPE, &ignore, &before);
	for (size_t i = 0; i < PROBE_COUNT; i++) {
		all[i] = (struct probe){ .name = probes[i].name,
			                 .online = online,
			                 .arena = arena_new() };
		findings_init(&all[i].findings, all[i].arena);
		begun[i] = pthread_create(&threads[i], NULL, run_probe, &all[i]) == 0;
	}
	for (size_t i = 0; i < PROBE_COUNT; i++) {
		if (begun[i])
			(void)pthread_join(threads[i], NULL);
		else
			(void)run_probe(&all[i]);
		tell(context, &all[i]);
		add_findings(&all[i].findings, findings);
		arena_free(all[i].arena);
	}
	(void)sigaction(SIGPIPE, &before, NULL);
}
