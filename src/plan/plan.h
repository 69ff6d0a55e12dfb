/*
 * node.json, the plan: what the compiler tells the agent. Generic data only, no application's name
 * means anything here. Shared by both; depends on base and diag (and jansson).
 *
 *   {"plan":1,"stead":"0.1.0","app":"snac","domain":"example.org","web":"example.org",
 *    "lineage":"…","engine":"podman",
 *    "owner":{"name":"alice","login":"owner_password"},
 *    "ca":"/var/lib/stead/data/…/root.crt",
 *    "processes":[{"name","image","unit","user":[uid,gid],"group":"data|app","no_entrypoint",
 *                  "command":[],
 *                  "env":{…},"env_files":[…],"mounts":[{"host","target","ro"}],"tmpfs":[…],
 *                  "networks":[…],"capabilities":[…],"writable_root":false,"memory_bytes":0,
 *                  "after":[…],"public":true,"health":{"kind":"http|tcp|exec|none","port","path",
 *                  "status","exec":[],"start_s"},"stop_s"}],
 *    "tools":[{"name","image","user","env",… as in processes}],
 *    "permanent":{"NAME":"fingerprint"},
 *    "volumes":[{"name","path","user":[uid,gid],"mode":448,"class":"precious"}],
 *    "jobs":[{"name","phase","process","steps":[{"id","key","guard","run":[],"stdin","merge":{"file","values"},
 *             "done":{"kind":"journal|file|exec|http","path","exec":[],"process","stdin_from":[],"expect"},
 *             "repair":[],
 *             "capture":{"pattern","secret"},"exits":{"1":"ok"},"restart":[],"deadline_s"}]}],
 *    "networks":[{"name","internal","unit"}],
 *    "commands":[{"name","process","run":[],"doc"}],
 *    "reach":"checked|unchecked|quarantined",
 *    "tls":{"issuer":"acme|internal|upstream","staging":false},
 *    "data":{"device":"/dev/disk/by-id/…"},"swap_bytes":0,
 *    "files":[{"path","mode","user":[uid,gid],"secret"}],"dirs":[{"path","mode","user"}],
 *    "links":[{"path","target"}],"units":[{"name","state":"enabled|disabled|masked"}],
 *    "restart":{"/etc/…":["stead-x.service"]}}
 *
 * files, dirs, links and units are all that stead put on the machine (the agent's own program
 * aside): what the next plan lacks is removed by `apply`. The files' contents travel beside the
 * plan, in a bundle (bundle.h).
 *
 * Numbers that are 0, what is false, empty lists and texts that are NULL are left out where the
 * field is optional (see the rows in fields.c); everything else must stand there.
 *
 * `run`, `done.exec` and `repair` are what `command` is: arguments for the image's own entry point,
 * unless `no_entrypoint` leaves that out.
 *
 * `permanent` are the secrets without which the data is worthless, as SHA-256: others are refused.
 *
 * `key` is what makes a step stale: a hash over image digest and the step's own values, made by the
 * compiler. An unknown plan version is refused. Secrets never stand here: they are in env_files and
 * in files below /etc/stead/secrets. `stdin` may hold only public values.
 */
#ifndef STEAD_PLAN_PLAN_H
#define STEAD_PLAN_PLAN_H

#include "base/list.h"

#include <stdbool.h>
#include <stdio.h>

struct arena;

enum { PLAN_VERSION = 1, PLAN_MAX_BYTES = 4 * 1024 * 1024 };

struct plan_pair {
	const char *name, *value;
};
struct plan_mount {
	const char *host, *target;
	bool read_only;
};

enum plan_health { PLAN_HEALTH_NONE, PLAN_HEALTH_HTTP, PLAN_HEALTH_TCP, PLAN_HEALTH_EXEC };

struct plan_process {
	const char *name, *image, *unit, *group;
	unsigned uid, gid;
	bool public;        /* ports of the machine lead to it */
	bool no_entrypoint; /* the image's own is left out */
	struct strings command, env_files, tmpfs, networks, capabilities, after;
	struct {
		LIST_OF(struct plan_pair);
	} env;
	struct {
		LIST_OF(struct plan_mount);
	} mounts;
	bool writable_root;
	long long memory_bytes;
	enum plan_health health;
	unsigned health_port, health_status, health_start_s;
	const char *health_path;
	struct strings health_exec;
	unsigned stop_s;
};

struct plan_volume {
	const char *name, *path, *class;
	unsigned uid, gid, mode;
};

enum plan_done { PLAN_DONE_JOURNAL, PLAN_DONE_FILE, PLAN_DONE_EXEC, PLAN_DONE_HTTP };
enum plan_exit { PLAN_EXIT_FAIL, PLAN_EXIT_OK, PLAN_EXIT_RETRY };

struct plan_exit_rule {
	unsigned code;
	enum plan_exit meaning;
};

struct plan_step {
	const char *id, *key;
	const char *guard; /* instead of run: the reason, unless done holds */
	struct strings run;
	const char *stdin_text;   /* NULL: none */
	const char *merge_file;   /* path inside the container; NULL: a run step */
	const char *merge_values; /* JSON object as text */
	enum plan_done done;
	const char *done_path; /* FILE: path on the host; HTTP: path on the process */
	struct strings done_exec;
	const char *done_process;  /* EXEC: where; NULL: where the step runs */
	struct strings done_stdin; /* EXEC: run where the step runs, its output is read */
	const char *done_expect;   /* EXEC: what it prints; NULL: that it ends with 0 is enough */
	struct strings repair;
	const char *capture_pattern, *capture_secret;
	struct {
		LIST_OF(struct plan_exit_rule);
	} exits;
	struct strings restart; /* processes that start anew once it has run */
	unsigned deadline_s;
};

struct plan_job {
	const char *name, *phase, *process;
	struct {
		LIST_OF(struct plan_step);
	} steps;
};

struct plan_network {
	const char *name;
	bool internal;
	const char *unit; /* makes it when it is not there: stead-int-network.service */
};

struct plan_command {
	const char *name, *process;
	struct strings run;
	const char *doc; /* one line; may be NULL */
};

/* May the node speak under its domain? */
enum plan_reach {
	PLAN_REACH_CHECKED,    /* when it has met itself there */
	PLAN_REACH_UNCHECKED,  /* yes, its owner said so in writing */
	PLAN_REACH_QUARANTINED /* to nobody: no connection from a container leaves the machine */
};

struct plan_file {
	const char *path;
	unsigned mode, uid, gid;
	bool secret; /* never shown */
};

struct plan_dir {
	const char *path;
	unsigned mode, uid, gid;
};

struct plan_link {
	const char *path, *target;
};

enum plan_unit_state { PLAN_UNIT_ENABLED, PLAN_UNIT_DISABLED, PLAN_UNIT_MASKED };

struct plan_unit {
	const char *name;
	enum plan_unit_state state;
};

struct plan_restart { /* a changed file, and the units that must restart for it */
	const char *path;
	struct strings units;
};

struct plan {
	const char *stead, *app, *domain, *web, *lineage, *engine;
	const char *owner_name,
		*owner_login; /* login: secret with the owner's password; NULL: none */
	const char *ca; /* host path of the internal CA's root certificate; NULL: it has none */
	enum plan_reach reach;
	const char *tls_issuer;
	bool tls_staging;
	const char *data_device; /* what is mounted at /var/lib/stead; NULL: the system's own */
	long long swap_bytes;    /* of the file /var/lib/stead/swap; 0: there is none */
	struct {
		LIST_OF(struct plan_process);
	} processes;
	struct {
		LIST_OF(struct plan_process);
	} tools; /* without unit, group and health: jobs and commands run in containers like these
	          */
	struct {
		LIST_OF(struct plan_pair);
	} permanent;
	struct {
		LIST_OF(struct plan_volume);
	} volumes;
	struct {
		LIST_OF(struct plan_job);
	} jobs;
	struct {
		LIST_OF(struct plan_network);
	} networks;
	struct {
		LIST_OF(struct plan_command);
	} commands;
	struct {
		LIST_OF(struct plan_file);
	} files;
	struct {
		LIST_OF(struct plan_dir);
	} dirs;
	struct {
		LIST_OF(struct plan_link);
	} links;
	struct {
		LIST_OF(struct plan_unit);
	} units;
	struct {
		LIST_OF(struct plan_restart);
	} restart;
};

/* The JSON text, indented by one blank per level, keys in the order above, ending in a newline.
 * NULL when the plan cannot be written: a text that is not UTF-8, a missing needed one,
 * merge_values that are not a JSON object. */
char *plan_write(struct arena *arena, const struct plan *plan);

/* Reads and checks a plan. On failure returns NULL and puts one sentence with the place ("line 3:
 * …", "jobs[0].steps[1].run: …") at *ret_error (in the arena). Everything is within budgets;
 * unknown keys are refused, because a newer compiler may mean something by them. */
struct plan *plan_read(struct arena *arena, const char *json, size_t len, const char **ret_error);

/* A process or a tool; NULL when there is none. */
const struct plan_process *plan_process_find(const struct plan *plan, const char *name);

/* Tools have no group. */
bool plan_is_tool(const struct plan_process *process);

/* The images of all processes and tools, each once, added to RET. */
void plan_images(struct arena *arena, const struct plan *plan, struct strings *ret);

/* One that runs at its times, in stead-clean-NAME.service. */
bool plan_is_clean_up(const struct plan_job *job);

/* Jobs of these phases run one after the other before the application starts. */
bool plan_is_setup(const struct plan_job *job);

#endif
