/*
 * What every verb of the agent shares: the plan, the place of things on the node, the one lock, the
 * stamps, and the last failure in words.
 */
#ifndef STEAD_AGENT_AGENT_H
#define STEAD_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "plan/plan.h"

struct arena;
struct engine;

#define AGENT_PLAN "/etc/stead/node.json"
#define AGENT_DATA "/var/lib/stead"
#define AGENT_STATE AGENT_DATA "/state"
#define AGENT_SECRETS AGENT_STATE "/secrets"
#define AGENT_JOBS AGENT_STATE "/jobs"
#define AGENT_MAINTENANCE AGENT_STATE "/maintenance"
#define AGENT_RUN "/run/stead"
#define AGENT_PAGE AGENT_RUN "/page" /* what anybody may read at port 80 */

enum agent_exit { AGENT_OK = 0, AGENT_FAILED = 1, AGENT_USAGE = 2, AGENT_ENVIRONMENT = 3 };

struct agent {
	struct arena *arena;   /* lives as long as the program */
	const char *root;      /* "", or the directory that stands for / in tests */
	const char *plan_path; /* below root */
	int root_fd;
	const struct plan *plan; /* NULL only for verbs that work without one: see plan_error */
	int plan_error;          /* -ENOENT: the machine has none; another: it cannot be used */
	struct stat plan_file;   /* as it was when the plan was read */
	char plan_sha256[65];
	const struct engine *engine;
	int lock_fd;
	char why[512]; /* the last failure, one sentence without a full stop */
};

/* Opens the root. On failure `why` says it. */
int agent_open(struct agent *agent);

/* Reads the plan and finds its engine, anew each time. On failure there is none, and `why` and
 * `plan_error` say why. */
int agent_read_plan(struct agent *agent);

/* True when the plan on the disk is not the one that was read, or is gone. */
bool agent_plan_has_changed(const struct agent *agent);

/* Notes why something failed and returns ERROR. With %s of a strerror only where it helps. */
int agent_fail(struct agent *agent, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One line on stderr, which is the unit's journal. Never a secret. */
void agent_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* PATH as other programs see it: below the root. */
const char *agent_host_path(const struct agent *agent, struct arena *arena, const char *path);

/* The same for the *at() functions: relative to root_fd. */
static inline const char *agent_below_root(const char *path)
{
	return path + 1;
}

/* The flag of `stead maintenance on`: the application stays stopped. */
bool agent_in_maintenance(const struct agent *agent);

/* Makes /run/stead, and in it the folders that others mount or write to. */
int agent_make_run(struct agent *agent);

/* Takes the one lock of all verbs that change something; waits for it. Kept until the program ends.
 */
int agent_lock(struct agent *agent);

/* The stamps in /run/stead that say "done for this very plan": NAME is prepare, setup, met or
 * ready. */
int agent_stamp(struct agent *agent, const char *name);
void agent_unstamp(struct agent *agent, const char *name);
bool agent_is_stamped(const struct agent *agent, const char *name);

/* Sleeps 2 s after the first failure, then twice as long each time, at most 60 s. */
void agent_pause(unsigned attempt);

/* Path of a captured secret, below the root. */
const char *agent_secret_path(struct arena *arena, const char *name);

/* The verbs; each returns an enum agent_exit. ARGS ends with NULL. */
int agent_prepare(struct agent *agent, char *const *args);
int agent_setup(struct agent *agent, char *const *args);
int agent_ready(struct agent *agent, char *const *args);
int agent_wait(struct agent *agent, char *const *args);
int agent_status(struct agent *agent, char *const *args);
int agent_space(struct agent *agent, char *const *args);
int agent_login(struct agent *agent, char *const *args);
int agent_ca(struct agent *agent, char *const *args);
int agent_inspect(struct agent *agent, char *const *args);
int agent_install(struct agent *agent, char *const *args);
int agent_receive(struct agent *agent, char *const *args);
int agent_apply(struct agent *agent, char *const *args);
int agent_resume(struct agent *agent, char *const *args);
int agent_page(struct agent *agent, char *const *args);
int agent_meet(struct agent *agent, char *const *args);
int agent_connect(struct agent *agent, char *const *args);
int agent_import(struct agent *agent, char *const *args);
int agent_clean(struct agent *agent, char *const *args);
int agent_app(struct agent *agent, char *const *args);
int agent_maintenance(struct agent *agent, char *const *args);
int agent_start(struct agent *agent, char *const *args);
int agent_stop(struct agent *agent, char *const *args);
int agent_destroy(struct agent *agent, char *const *args);

#endif
