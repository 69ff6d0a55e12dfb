/*
 * meet: is the domain this node's? It asks the domain's own name servers for its addresses, and
 * each of them for the nonce of this boot, which only this node knows.
 *
 * /var/lib/stead/state/met.json: {"v":1,"web","lineage","nonce","at","addresses":[]}, of the last
 * time it met itself.
 */
#include "agent/meet.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "agent/addresses.h"
#include "agent/disk.h"
#include "agent/failpoint.h"
#include "agent/notify.h"
#include "agent/progress.h"
#include "agent/server.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "dns/dns.h"
#include "plan/json.h"

#define MET_FILE AGENT_STATE "/met.json"
#define NONCE_FILE AGENT_PAGE "/" SERVER_NONCE
#define STEP "meet.domain"

enum {
	MET_VERSION = 1,
	MET_MAX_BYTES = 16 * 1024,
	NONCE_BYTES = 32,
	DNS_MS = 60 * 1000,
	HTTP_MS = 10 * 1000,
	HTTP_PORT = 80,
	AGAIN_SOON_MS = 5 * 1000, /* an address does not answer: the page may just start */
	AGAIN_DNS_MS = 30 * 1000, /* somebody has to change something */
	AGAIN_MAX_MS = 5 * 60 * 1000,
	TELL_MS = 20 * 1000, /* how often systemd hears that we live */
};

struct look {
	struct arena *arena;
	enum meeting meeting;
	bool people; /* somebody has to do something first */
	const char *why;
	struct strings addresses;
};

/* --- the nonce --- */

/* That of this boot; made by the first who asks. */
static int get_nonce(struct agent *agent, struct arena *arena, const char **ret)
{
	unsigned char bytes[NONCE_BYTES];
	char *nonce = arena_alloc(arena, 2 * NONCE_BYTES + 2), *data = NULL;
	size_t len = 0;
	int r = disk_read(arena, agent->root_fd, NONCE_FILE, 2 * NONCE_BYTES + 1, &data, &len,
	                  NULL);

	if (r == 0 && len == 2 * NONCE_BYTES + 1) {
		data[len - 1] = '\0';
		*ret = data;
		return 0;
	}
	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(nonce, 2 * NONCE_BYTES + 1, bytes, sizeof(bytes));
	r = disk_write_volatile(agent->root_fd, NONCE_FILE, 0644,
	                        arena_printf(arena, "%s\n", nonce), 2 * NONCE_BYTES + 1);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", NONCE_FILE, strerror(-r));
	*ret = nonce;
	return 0;
}

/* --- met.json --- */

/* True when the node met itself under this name; *ret_now: with this nonce, since this boot. */
static bool has_met(struct agent *agent, const char *nonce, bool *ret_now)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = NULL;
	const struct plan *plan = agent->plan;
	char *data = NULL;
	size_t len = 0;

	*ret_now = false;
	if (disk_read(scratch, agent->root_fd, MET_FILE, MET_MAX_BYTES, &data, &len, NULL) < 0)
		return false;
	root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_integer_value(json_object_get(root, "v")) != MET_VERSION ||
	    !str_equal(json_string_value(json_object_get(root, "web")), plan->web) ||
	    !str_equal(json_string_value(json_object_get(root, "lineage")), plan->lineage))
		return false;
	*ret_now = str_equal(json_string_value(json_object_get(root, "nonce")), nonce);
	return true;
}

static int note_met(struct agent *agent, const struct look *look, const char *nonce)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root =
		json_pack("{s:i,s:s,s:s,s:s,s:s,s:o}", "v", MET_VERSION, "web", agent->plan->web,
	                  "lineage", agent->plan->lineage, "nonce", nonce, "at",
	                  clock_now_utc(scratch), "addresses", json_array());
	const char *text;
	int r;

	for (size_t i = 0; i < look->addresses.count; i++)
		json_array_append_new(json_object_get(root, "addresses"),
		                      json_string(look->addresses.items[i]));
	text = arena_printf(scratch, "%s\n", json_text(scratch, root, JSON_INDENT(1)));
	r = disk_write(agent->root_fd, MET_FILE, NULL, text, strlen(text));
	if (r == -ENOENT)
		return agent_fail(agent, r, "waiting for stead-prepare.service");
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", MET_FILE, strerror(-r));
	return 0;
}

/* --- one look --- */

static bool is_same_host(const char *location, const char *host)
{
	size_t len = strlen(host);

	return str_starts(location, "https://") && strncasecmp(location + 8, host, len) == 0 &&
	       (location[8 + len] == '\0' || strchr("/:?", location[8 + len]) != NULL);
}

/* What a server calls itself may be shown anywhere, so only a plain word of it. */
static const char *server_name(struct arena *arena, const struct http_answer *answer)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t len = answer->server != NULL ? strspn(answer->server, plain) : 0;

	return len == 0 || len > 40 ? "" : arena_printf(arena, " (%.*s)", (int)len, answer->server);
}

struct meet_answer meet_judge(struct arena *arena, const struct http_answer *answer,
                              const char *host, const char *nonce)
{
	size_t len = strcspn(answer->body, "\r\n");
	const char *server = server_name(arena, answer);

	if (answer->status == 200 && len == strlen(nonce) && memcmp(answer->body, nonce, len) == 0)
		return (struct meet_answer){ MEETING_MET, "is this node" };
	if (answer->status == 200 && len == strlen(nonce) &&
	    strspn(answer->body, "0123456789abcdef") == len)
		return (struct meet_answer){ MEETING_ELSEWHERE, "is another node of stead" };
	if (answer->status >= 500)
		return (struct meet_answer){ MEETING_UNKNOWN,
			                     arena_printf(arena, "answers with error %u%s",
			                                  answer->status, server) };
	if (answer->status >= 300 && answer->status < 400 && answer->location != NULL &&
	    is_same_host(answer->location, host))
		return (struct meet_answer){
			MEETING_UNKNOWN,
			arena_printf(arena, "sends everybody to https%s without asking this node",
			             server)
		};
	return (struct meet_answer){ MEETING_ELSEWHERE,
		                     arena_printf(arena, "is something else, which answers %u%s",
		                                  answer->status, server) };
}

/* Sets what was seen and what one can do. */
static void see(struct look *look, enum meeting meeting, bool people, const char *why)
{
	look->meeting = meeting;
	look->people = people;
	look->why = why;
}

static struct meet_answer ask_address(struct agent *agent, struct arena *arena, const char *address,
                                      const char *nonce)
{
	struct http_answer answer = { 0 };
	int r = http_get(arena, address, HTTP_PORT, agent->plan->web, "/" SERVER_NONCE, HTTP_MS,
	                 &answer);

	if (r == -EPROTO)
		return (struct meet_answer){ MEETING_ELSEWHERE,
			                     "is something that speaks no HTTP" };
	if (r < 0)
		return (struct meet_answer){
			MEETING_UNKNOWN, arena_printf(arena, "does not answer: %s", strerror(-r))
		};
	return meet_judge(arena, &answer, agent->plan->web, nonce);
}

/* Asks each address. One that is somebody else's outweighs all, one that is ours those that are
 * silent. */
static void ask_addresses(struct agent *agent, struct look *look, const char *nonce)
{
	const char *web = agent->plan->web, *silent = NULL;
	const struct own_addresses own = addresses_own(look->arena);
	bool met = false;

	for (size_t i = 0; i < look->addresses.count; i++) {
		const char *address = look->addresses.items[i];
		struct meet_answer answer = ask_address(agent, look->arena, address, nonce);

		if (answer.meeting == MEETING_ELSEWHERE) {
			see(look, MEETING_ELSEWHERE, true,
			    arena_printf(
				    look->arena,
				    "%s leads to %s, and that %s: change its records to %s, or "
				    "stop what is there",
				    web, address, answer.what, own.text));
			return;
		}
		met |= answer.meeting == MEETING_MET;
		if (answer.meeting == MEETING_UNKNOWN && silent == NULL)
			silent = arena_printf(look->arena, "%s %s", address, answer.what);
	}
	if (met)
		see(look, MEETING_MET, false,
		    silent == NULL
		            ? NULL
		            : arena_printf(look->arena, "%s leads here, but %s", web, silent));
	else
		see(look, MEETING_UNKNOWN, false,
		    arena_printf(
			    look->arena,
			    "%s leads to %s: is port 80 open at the provider, and is that this "
			    "machine's address (it has %s)? Behind a CDN, or a router that does "
			    "not lead back in, write 'reach: unchecked' into stead.yaml",
			    web, silent, own.text));
}

static void look_around(struct agent *agent, struct look *look, const char *nonce)
{
	const struct own_addresses own = addresses_own(look->arena);
	const struct dns_source source = { .resolv_conf = agent_host_path(agent, look->arena,
		                                                          "/etc/resolv.conf") };
	struct dns_result dns;

	dns_lookup(look->arena, &source, agent->plan->web, DNS_A, DNS_MS, &dns);
	look->addresses = dns.values;
	if (dns.answer == DNS_FOUND)
		ask_addresses(agent, look, nonce);
	else if (dns.answer == DNS_MISSING)
		see(look, MEETING_UNKNOWN, true,
		    arena_printf(look->arena, "%s: at your DNS provider add %s", dns.why,
		                 own.records));
	else if (dns.answer == DNS_NO_DOMAIN)
		see(look, MEETING_UNKNOWN, true,
		    arena_printf(look->arena,
		                 "%s: is it spelled right, registered and not expired?", dns.why));
	else
		see(look, MEETING_UNKNOWN, true, dns.why);
}

/* --- what follows --- */

/* All that is known is on the disk when the stamp is there. False: once more. */
static bool meet_done(struct agent *agent, const struct look *look, const char *nonce)
{
	if (note_met(agent, look, nonce) < 0 || agent_stamp(agent, "met") < 0) {
		progress_tell(agent, STEP, PROGRESS_WAITING, agent->why);
		return false;
	}
	progress_set(agent, STEP, PROGRESS_DONE, look->why);
	if (look->why != NULL)
		agent_log("%s", look->why);
	agent_log("%s is this node", agent->plan->web);
	notify_status("met");
	return true;
}

/* Nobody can say. Who was here before goes on. */
static void meet_unknown(struct agent *agent, const struct look *look, bool met_before)
{
	cleanup_arena struct arena *scratch = arena_new();

	if (!met_before) {
		progress_tell(agent, STEP, PROGRESS_WAITING, look->why);
		return;
	}
	if (agent_stamp(agent, "met") < 0)
		agent_log("%s", agent->why);
	progress_tell(agent, STEP, PROGRESS_DONE,
	              arena_printf(scratch, "goes on as before; %s", look->why));
}

static void meet_elsewhere(struct agent *agent, const struct look *look)
{
	/* What runs is left alone, but does not start again. */
	agent_unstamp(agent, "met");
	progress_tell(agent, STEP, PROGRESS_FAILED, look->why);
}

static unsigned pause_ms(const struct look *look, unsigned attempt)
{
	unsigned ms = look->people ? AGAIN_DNS_MS : AGAIN_SOON_MS;

	while (attempt-- > 1 && ms < AGAIN_MAX_MS)
		ms *= 2;
	return ms < AGAIN_MAX_MS ? ms : AGAIN_MAX_MS;
}

/* Systemd hears meanwhile that we live. */
static void pause_and_tell(const char *why, unsigned ms)
{
	int64_t end = clock_ms() + failpoint_pause_ms(ms), left;

	while ((left = end - clock_ms()) > 0) {
		if (why != NULL)
			notify_status(why);
		clock_sleep_ms((unsigned)(left < TELL_MS ? left : TELL_MS));
	}
}

/* Until the node has met itself. */
static void meet(struct agent *agent, const char *nonce)
{
	enum meeting last = MEETING_MET;
	unsigned attempt = 0;

	for (;;) {
		cleanup_arena struct arena *scratch = arena_new();
		struct look look = { .arena = scratch };
		bool now;
		bool met_before = has_met(agent, nonce, &now);

		look_around(agent, &look, nonce);
		attempt = look.meeting == last ? attempt + 1 : 1;
		last = look.meeting;
		if (look.meeting == MEETING_ELSEWHERE)
			meet_elsewhere(agent, &look);
		else if (look.meeting == MEETING_UNKNOWN)
			meet_unknown(agent, &look, met_before);
		else if (meet_done(agent, &look, nonce))
			return;
		pause_and_tell(look.why, pause_ms(&look, attempt));
	}
}

int agent_meet(struct agent *agent, char *const *args)
{
	const char *nonce;
	bool now = false;

	(void)args;
	if (agent_make_run(agent) < 0 || get_nonce(agent, agent->arena, &nonce) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	if (agent->plan->reach == PLAN_REACH_CHECKED) {
		progress_begin(agent, STEP);
		/* A new plan of the same node: the proxy may have port 80 already. */
		if (has_met(agent, nonce, &now) && now)
			progress_set(agent, STEP, PROGRESS_DONE, NULL);
		else
			meet(agent, nonce);
	}
	if (agent_stamp(agent, "met") == 0)
		return AGENT_OK;
	agent_log("%s", agent->why);
	return AGENT_FAILED;
}
