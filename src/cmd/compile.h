/*
 * What most commands begin with: settings, application, secrets and lock are read, the node is
 * built, checked and frozen; targets are rendered. Findings are collected on the way and printed
 * once, by compile_report(). Each phase starts only when the ones before found no error.
 */
#ifndef STEAD_CMD_COMPILE_H
#define STEAD_CMD_COMPILE_H

#include "app/app.h"
#include "check/check.h"
#include "cli/cli.h"
#include "host/host.h"
#include "node/node.h"
#include "settings/settings.h"

#define SETTINGS_FILE "stead.yaml"
#define SECRETS_FILE "stead.secrets.yaml"
#define LOCK_FILE "stead.lock"
#define STATE_DIR ".stead"

struct compile {
	struct arena *arena, *secret_arena;
	const char *dir, *apps_dir;
	const char *settings_path; /* NULL: SETTINGS_FILE in dir */
	const char *engine;   /* what `engine: auto` means on the machine; NULL: not known yet */
	const char *provider; /* who runs the machine, as it said; NULL: not known */
	const char *asked_provider; /* check it for this one, whatever the settings say; or NULL */
	const char *data_device; /* where a machine here has its data's disk; NULL: as the settings
	                            say */
	bool trial;              /* a machine nobody else reaches */
	struct findings findings;
	struct settings settings;
	struct app app;
	struct secrets secrets;
	struct lock lock;
	bool has_lock;
	struct node_kept kept;
	struct node_inputs inputs;
	const char *lock_text;    /* instead of the file's; NULL: the file */
	const struct node *built; /* also one with errors, to tell about it; NULL: none */
	struct node *node;        /* frozen; NULL when there were errors */
};

/* Texts instead of files, for init. */
struct compile_texts {
	const struct source *settings, *lock;
	const struct secrets *secrets;
};

/* The option rows a command that compiles has: --dir, --apps, --format. */
extern const struct cli_option compile_options[];
extern const struct cli_option dir_options[];    /* --dir alone */
extern const struct cli_option apps_options[];   /* --apps alone */
extern const struct cli_option report_options[]; /* --format alone */
extern const char *const report_formats[];       /* text, json */
extern const struct cli_option node_options[];   /* both, where --format means something else */

/* An empty compile with the arenas; free it with compile_done(). */
void compile_init(struct compile *compile, struct cli *cli);
void compile_done(struct compile *compile);

/* Everything up to the frozen node. False when there were errors. */
bool compile_files(struct compile *compile);
/* The node again from what was read, for the `engine` that is known by now. Its findings alone. */
bool compile_again(struct compile *compile, const char *engine);
/* Everything from the files once more, with the text of another lock; what the caller has said
 * stays. */
bool compile_with_lock(struct compile *compile, const char *lock_text);
bool compile_texts(struct compile *compile, const struct compile_texts *texts);

/* Reads the agent's program into ARENA. CLI_OK, or CLI_ENVIRONMENT with all said. */
int compile_agent(struct arena *arena, struct host_agent *ret);

/* The architecture that program runs on, as uname(1) says it. */
const char *compile_agent_arch(void);

/* The host tree; AGENT NULL: without the agent's program. NULL when there were errors. */
struct output_set *compile_tree(struct compile *compile, const struct host_agent *agent);

/* Notes what would keep 'render' and 'up' from making the node, so that 'check' tells it too. */
void compile_note_delivery(struct compile *compile);

/* The Ignition config to hand out and its size before packing. What cannot be delivered by Ignition
 * is a finding. With AGENT_URL the agent's program is not in the config, but fetched from there
 * (and compared by SHA-256). Lives in the secret arena. False when there were errors. */
struct compile_config {
	char *text;
	size_t len, inner_len;
	bool packed;
};
bool compile_ignition(struct compile *compile, const struct host_agent *agent,
                      const char *agent_url, struct compile_config *ret);

/* The config for `delivery: ssh`: a machine with its name, its keys and its firewall, which waits
 * for `stead up`. */
bool compile_ignition_base(struct compile *compile, struct compile_config *ret);

/* Warns when CONFIG is more than machine.provider takes as user data. How much that is, to be put
 * behind the size (" of the 16384 that … takes"); "" when it is not known. */
const char *compile_note_size(struct compile *compile, const struct compile_config *config);

/* "no problems", or "1 error, 2 notes". */
const char *compile_summary(struct arena *arena, const struct findings_count *count);

/* Prints the findings to OUT, in the form of --format where the command has one, and returns the
 * exit code they call for. */
int report_findings(struct findings *findings, struct cli *cli, FILE *out);
int compile_report(struct compile *compile, struct cli *cli, FILE *out);

/* A path below the settings' folder; as short as the user would write it. */
const char *compile_path(struct arena *arena, const char *dir, const char *name);

/* "stead: MESSAGE" and a hint (or NULL) on stderr. Returns CODE. */
int fail(int code, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether everything written to OUT got there: CLI_OK or CLI_ENVIRONMENT with a message. */
int flush_output(FILE *out);

#endif
