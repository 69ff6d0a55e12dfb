/*
 * login: the owner's account and password. ca: the certificate to trust for a node without ACME.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/text.h"
#include "plan/json.h"

enum { MAX_BYTES = 64 * 1024 };

static void print_login(struct arena *arena, const struct plan *plan, const char *password,
                        bool json)
{
	const char *handle = arena_printf(arena, "@%s@%s", plan->owner_name, plan->domain);
	const char *url = arena_printf(arena, "https://%s/", plan->web);

	if (json) {
		cleanup_json json_t *root =
			json_pack("{s:i,s:s,s:s,s:s,s:s}", "v", 1, "handle", handle, "url", url,
		                  "name", plan->owner_name, "password", password);

		(void)printf("%s\n", json_text(arena, root, JSON_INDENT(1)));
		return;
	}
	(void)printf("account   %s\nurl       %s\nname      %s\npassword  %s\n", handle, url,
	             plan->owner_name, password);
}

int agent_login(struct agent *agent, char *const *args)
{
	cleanup_arena struct arena *arena = arena_new_secret();
	const struct plan *plan = agent->plan;
	char *password = NULL;
	size_t len = 0;
	int r;

	if (args[0] != NULL && !str_equal(args[0], "--json")) {
		agent_log("login: what is '%.60s'? (login [--json])", args[0]);
		return AGENT_USAGE;
	}
	if (plan->owner_name == NULL || plan->owner_login == NULL) {
		agent_log("login: this application keeps no password of its owner here");
		return AGENT_FAILED;
	}
	r = disk_read(arena, agent->root_fd, agent_secret_path(arena, plan->owner_login), MAX_BYTES,
	              &password, &len, NULL);
	if (r < 0) {
		agent_log("login: %s", r == -ENOENT   ? "the owner's account is not made yet"
		                       : r == -EACCES ? "only root may see it"
		                                      : strerror(-r));
		return AGENT_FAILED;
	}
	print_login(arena, plan, password, args[0] != NULL);
	return AGENT_OK;
}

int agent_ca(struct agent *agent, char *const *args)
{
	cleanup_arena struct arena *scratch = arena_new();
	char *data = NULL;
	size_t len = 0;
	int r;

	(void)args;
	if (agent->plan->ca == NULL) {
		agent_log("ca: this node has no CA of its own");
		return AGENT_FAILED;
	}
	r = disk_read(scratch, agent->root_fd, agent->plan->ca, MAX_BYTES, &data, &len, NULL);
	if (r < 0) {
		agent_log("ca: %s: %s", agent->plan->ca,
		          r == -ENOENT ? "not there yet" : strerror(-r));
		return AGENT_FAILED;
	}
	if (!str_starts(data, "-----BEGIN CERTIFICATE-----\n")) {
		agent_log("ca: %s is no certificate", agent->plan->ca);
		return AGENT_FAILED;
	}
	(void)fwrite(data, 1, len, stdout);
	return AGENT_OK;
}
