/*
 * Who is at the site's addresses now? The node itself is fine, and so is nobody.
 */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "probe/fetch.h"
#include "probe/nodeinfo.h"
#include "probe/online.h"

enum {
	DNS_MS = 25 * 1000,
	HTTP_MS = 8 * 1000,
	SSH_MS = 15 * 1000,
	BODY_MAX = 64 * 1024,
	NONCE_LEN = 64,
	ADDRESSES_MAX = 6,
};

#define NONCE_PATH "/.well-known/stead/node"

enum occupant { OCCUPANT_NOBODY, OCCUPANT_ITSELF, OCCUPANT_UNPROVEN, OCCUPANT_OTHER };

static void get(struct probe *probe, const char *address, const char *url, struct fetch_answer *ret)
{
	struct fetch fetch_it = {
		.url = url,
		.plain = true,
		.address = address,
		.once = true,
		.any_certificate = true, /* it may not have one for this name yet */
		.max_bytes = BODY_MAX,
		.until_ms = clock_ms() + HTTP_MS,
	};

	fetch(probe->arena, &fetch_it, ret);
}

static bool is_nonce(const char *s, size_t len)
{
	len = strcspn(s, "\r\n") < len ? strcspn(s, "\r\n") : len;
	return len == NONCE_LEN && strspn(s, "0123456789abcdef") >= len;
}

/* What our own node is known by; NULL: it cannot be asked, or there is none. */
static const char *own_nonce(struct probe *probe)
{
	struct process_run run = { .argv = probe->online->ask_nonce, .deadline_ms = SSH_MS };
	struct process_result result;

	if (run.argv == NULL || process_run(probe->arena, &run, &result) < 0 ||
	    result.exit_code != 0)
		return NULL;
	/* A shell's start-up file may print too. */
	for (char *line = result.out; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (is_nonce(line, strlen(line)))
			return arena_strndup(probe->arena, line, NONCE_LEN);
	}
	return NULL;
}

static enum occupant judge_node(struct probe *probe, const char *address, const char *nonce,
                                const char *own)
{
	const struct value_text *web = settings_web(probe->online->settings);

	if (own != NULL && strncmp(own, nonce, NONCE_LEN) == 0)
		return OCCUPANT_ITSELF;
	if (own == NULL && probe->online->ask_nonce != NULL)
		return OCCUPANT_UNPROVEN;
	diag_error(&probe->findings, "occupant.node", web->at,
	           "if it is yours, 'stead adopt' gets its settings; two nodes must never speak as "
	           "one domain",
	           "%s leads to %s, and that is %s", web->v, address,
	           own != NULL ? "another node of stead"
	                       : "a node of stead that is not known in this folder");
	return OCCUPANT_OTHER;
}

/* "mastodon 4.3.1"; NULL: it says nothing of the kind. */
static const char *software_at(struct probe *probe, const char *address, const char *host)
{
	struct fetch_answer answer;
	const char *link;

	get(probe, address, arena_printf(probe->arena, "https://%s/.well-known/nodeinfo", host),
	    &answer);
	if (answer.result != FETCH_OK || answer.status != 200)
		return NULL;
	link = nodeinfo_link(probe->arena, answer.body, answer.len, host);
	if (link == NULL)
		return NULL;
	get(probe, address, link, &answer);
	if (answer.result != FETCH_OK || answer.status != 200)
		return NULL;
	return nodeinfo_software(probe->arena, answer.body, answer.len);
}

/* A plain word of what it calls itself, in brackets. */
static const char *server_name(struct arena *arena, const struct fetch_answer *answer)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	const char *name = fetch_header(answer, "Server", 0);
	size_t len = name != NULL ? strspn(name, plain) : 0;

	return len == 0 || len > 40 ? "" : arena_printf(arena, " (%.*s)", (int)len, name);
}

static enum occupant judge_other(struct probe *probe, const char *address,
                                 const struct fetch_answer *answer)
{
	const struct value_text *web = settings_web(probe->online->settings);
	const char *software = software_at(probe, address, web->v);

	if (software != NULL)
		diag_error(
			&probe->findings, "occupant.fediverse", web->at,
			"others know this domain by the keys of that server: take another domain, "
			"or be sure that nobody there is followed any more",
			"%s leads to %s, and that is a server of the fediverse already: %s", web->v,
			address, software);
	else if (answer->result == FETCH_OK)
		diag_error(&probe->findings, "occupant.site", web->at,
		           "change the name's records to the machine's address, or stop what is "
		           "there",
		           "%s leads to %s, and that is something else, which answers %ld%s",
		           web->v, address, answer->status, server_name(probe->arena, answer));
	else
		diag_error(&probe->findings, "occupant.site", web->at,
		           "change the name's records to the machine's address, or stop what is "
		           "there",
		           "%s leads to %s, and that is something that speaks no HTTP at port 80",
		           web->v, address);
	return OCCUPANT_OTHER;
}

static enum occupant ask(struct probe *probe, const char *address, const char *own)
{
	const struct value_text *web = settings_web(probe->online->settings);
	struct fetch_answer answer;

	get(probe, address, arena_printf(probe->arena, "http://%s" NONCE_PATH, web->v), &answer);
	if (answer.result == FETCH_OK && answer.status == 200 && is_nonce(answer.body, answer.len))
		return judge_node(probe, address, answer.body, own);
	if (answer.result == FETCH_REFUSED || answer.result == FETCH_TIMED_OUT ||
	    answer.result == FETCH_FAILED)
		return OCCUPANT_NOBODY;
	return judge_other(probe, address, &answer);
}

void probe_occupant(struct probe *probe)
{
	const struct value_text *web = settings_web(probe->online->settings);
	static const char *const is[] = { [OCCUPANT_NOBODY] = "nobody",
		                          [OCCUPANT_ITSELF] = "this node",
		                          [OCCUPANT_UNPROVEN] =
		                                  "a node of stead (this folder's does not say "
		                                  "whether it is the one)",
		                          [OCCUPANT_OTHER] = "somebody else" };
	const char *own = own_nonce(probe);
	struct strings seen = { 0 };
	struct dns_result found;

	dns_lookup(probe->arena, &probe->online->dns, web->v, DNS_A, DNS_MS, &found);
	for (size_t i = 0; i < found.values.count && i < ADDRESSES_MAX; i++) {
		const char *address = found.values.items[i], *who = "not asked";

		/* What is there is not what others see. */
		if (!probe_is_private(address) && probe_has_route(address))
			who = is[ask(probe, address, own)];
		*list_add(probe->arena, &seen) = arena_printf(probe->arena, "%s: %s", address, who);
	}
	if (seen.count == 0)
		probe_skip(probe,
		           arena_printf(probe->arena, "%s has no address to look at", web->v));
	else
		probe->seen = strings_join(probe->arena, &seen, ", ");
}
