#include "cmd/check_online.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cmd/machine.h"
#include "cmd/mail.h"
#include "probe/online.h"

#define NONCE_FILE NODE_PAGE_DIR "/.well-known/stead/node"

struct report {
	struct findings *findings;
	bool lines;
};

static void tell(void *context, const struct probe *probe)
{
	struct report *report = context;
	const char *state = probe_state_name(probe->state);

	diag_observe(report->findings, probe->name, state, probe->seen);
	if (!report->lines)
		return;
	(void)printf("%-8s %-8s %s\n", probe->name, state, probe->seen);
	(void)fflush(stdout); /* the next one may take its time */
}

/* "ssh … cat NONCE", for the host that this folder's node runs on; NULL: there is none. */
static const char *const *ask_nonce(struct cli *cli, const struct compile *compile)
{
	struct strings words = { 0 }, *argv = arena_alloc(cli->arena, sizeof(*argv));
	struct machine machine;

	if (!machine_exists(cli->arena, compile->dir, MACHINE_HOST) ||
	    machine_open_kind(cli, MACHINE_HOST, &machine) != CLI_OK)
		return NULL;
	machine.ssh.ask = false;
	machine_root(&machine, &words);
	machine_words(&machine, &words, "cat", NONCE_FILE, NULL);
	machine_ssh(&machine, &words, argv);
	return argv->items;
}

/* The file beside stead.yaml; NULL: there is none. */
static const char *known_hosts(struct arena *arena, const char *dir)
{
	struct machine machine = { .arena = arena, .kind = MACHINE_HOST };
	const char *path = machine_known_hosts(&machine, dir);

	return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

int check_online(struct cli *cli, struct compile *compile)
{
	struct report report = { &compile->findings, strcmp(cli_text(cli, "format"), "json") != 0 };
	struct mail_test mail;
	struct online online = {
		.settings = &compile->settings,
		.node = compile->node,
		.dns = { .resolver = cli_text(cli, "resolver") },
		.ca_file = getenv("SSL_CERT_FILE"),
		.known_hosts = known_hosts(cli->arena, compile->dir),
	};
	const char *hint = NULL, *why = online_why_not(cli->arena, &online, &hint);

	if (why != NULL) {
		diag_error(&compile->findings, "online.offline", (struct span){ 0 }, hint, "%s",
		           why);
		return CLI_ENVIRONMENT;
	}
	if (compile->settings.mail.host.v != NULL) {
		mail_describe(cli->arena, compile, NULL, &mail);
		mail.dns = &online.dns;
		mail.to = NULL;
		online.mail = &mail;
	}
	online.ask_nonce = ask_nonce(cli, compile);
	online_run(&online, &compile->findings, tell, &report);
	return CLI_OK;
}
