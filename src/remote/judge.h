/*
 * May this machine become the node, and with which engine? Every refusal is a finding with its
 * reason and a hint, all of them at once.
 */
#ifndef STEAD_REMOTE_JUDGE_H
#define STEAD_REMOTE_JUDGE_H

#include "node/node.h"
#include "remote/inspect.h"

struct judge_wish {
	const struct settings *settings;
	const char *lineage; /* NULL: there is no lock */
	const char *machine; /* what to call it: "root@host" */
	int64_t now_s;       /* our clock, seconds since 1970 */
	long ssh_port;       /* of the machine, that we came in by; 0: not known */
};

enum { JUDGE_TOOLS_MAX = 2 };

struct judge_verdict {
	const char *engine;   /* podman | docker: what the node is compiled for; NULL: refused */
	bool install;         /* it is not there: `stead-node install ENGINE` is the proposal */
	bool start;           /* it is there and does not answer: the same verb starts it */
	struct strings tools; /* that are not there either, by their names for the same verb */
	const char *version;  /* that is there or would be installed; NULL: not known */
};

/* Errors are refusals: up.systemd, up.memory, up.disk, up.clock, up.port, up.ssh, up.firewall,
 * up.engine, up.node, up.arch, up.tools. Warnings: up.swap, up.guest-agent. */
void judge(const struct inspect *machine, const struct judge_wish *wish, struct findings *findings,
           struct judge_verdict *ret);

#endif
