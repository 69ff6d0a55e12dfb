/*
 * The machine of a settings folder, as commands see it: a VM on this computer, or a host that ssh
 * reaches. `up` writes .stead/vm/ or .stead/host/: an ssh_config, so that ssh, scp and rsync work
 * by hand as well, and target.json, by which the other commands know the node:
 *
 *     ssh -F .stead/host/ssh_config stead
 */
#ifndef STEAD_CMD_MACHINE_H
#define STEAD_CMD_MACHINE_H

#include "base/process.h"
#include "cli/cli.h"
#include "cmd/compile.h"
#include "remote/destination.h"
#include "remote/ssh.h"
#include "vm/vm.h"

#define MACHINE_CA "ca.crt"
#define MACHINE_SSH_CONFIG "ssh_config"

enum machine_kind { MACHINE_VM, MACHINE_HOST };

struct machine {
	struct arena *arena;
	enum machine_kind kind;
	const char *dir;   /* of its state, absolute once it exists */
	const char *label; /* for people: "the machine", "root@host" */
	struct vm vm;
	struct destination to; /* host */
	struct ssh ssh;
	const char *agent; /* the agent's path on the node */
	bool sudo;         /* root's commands go through sudo */
	const char *web, *handle, *issuer, *domain;
	const char *provider; /* by what the machine says of its maker; NULL: not known */
};

/* --on, which all commands have that ask a machine. */
extern const struct cli_option machine_options[];

/* Where the state of DIR's machine is. */
const char *machine_dir(struct arena *arena, const char *dir, enum machine_kind kind);

/* Whether there is one. */
bool machine_exists(struct arena *arena, const char *dir, enum machine_kind kind);

/* Reads the one that --on names, or the only one. CLI_OK, or CLI_ENVIRONMENT with a message when
 * there is none, CLI_USAGE when there are two, or (RUNNING, a VM) when it does not run. */
int machine_open(struct cli *cli, bool running, struct machine *ret);

/* The one of this kind, without looking at --on; a VM need not run. */
int machine_open_kind(struct cli *cli, enum machine_kind kind, struct machine *ret);

/* Where a host is, as ssh understands it: an alias of the user's own configuration is resolved. */
const char *machine_address(const struct machine *machine);

/* What the settings say of it. A VM's files are written as well: known_hosts, ssh_config,
 * target.json; after each start, because ports may change. */
int machine_describe(struct machine *machine, const struct compile *compile);

/* A host that was described becomes the one that the other commands mean: its ssh_config and its
 * target.json take the place of those before, never one without the other. */
int machine_keep(struct machine *machine);

/* Forgets the ssh_config of a host that was not kept. */
void machine_drop(const struct machine *machine);

/* Who runs the host of before, as it said itself; NULL: not known. */
const char *machine_provider(struct arena *arena, const char *dir);

/* The ssh_config alone, before anything is known of the node; a host's under another name, until
 * machine_keep(). With LEARN one that takes any host key into KNOWN_HOSTS and does not log in. */
int machine_write_ssh(struct machine *machine, const struct compile *compile,
                      const char *known_hosts, bool learn);

/* The known_hosts file: beside stead.yaml for a host. Absolute. */
const char *machine_known_hosts(const struct machine *machine, const char *dir);

/* Writes a file of its state, 0600. */
int machine_write(const struct machine *machine, const char *name, const char *text);

/* --- machine_run.c --- */

/* Begins a command line: sudo where root's rights need it. */
void machine_root(const struct machine *machine, struct strings *words);

/* Adds words up to NULL. */
void machine_words(const struct machine *machine, struct strings *words, ...)
	__attribute__((sentinel));

/* "ssh … WORDS", NULL-terminated: for whoever runs it in a way of his own. */
void machine_ssh(const struct machine *machine, struct strings *words, struct strings *ret);

/* Runs a program of the node to its end; stdin is IN (NULL: none). */
struct machine_input {
	const char *data;
	size_t len;
};
int machine_run(const struct machine *machine, struct strings *words,
                const struct machine_input *in, unsigned deadline_ms, struct process_result *ret);

/* Runs what is done within a minute, and prints what it said, nothing else: it may be a certificate
 * or JSON, and is handled as a secret. Its exit code, or CLI_ENVIRONMENT when ssh does not get
 * there. */
int machine_show(const struct machine *machine, struct strings *words);

/* The same for what may take twenty minutes, with our stdout and stderr. */
int machine_call(const struct machine *machine, struct strings *words);

/* Replaces stead by ssh: stdin, stdout and exit code are the program's. Returns only on failure. */
int machine_exec(const struct machine *machine, struct strings *words, bool tty);

/* Says why ssh failed, as far as it can be known. CLI_ENVIRONMENT. */
int machine_unreachable(const struct machine *machine, int error,
                        const struct process_result *result);

/* --- stream.c: a program of the node whose output is read while it runs --- */

struct stream {
	int pid, fd; /* fd -1: none */
};

int stream_open(const char *const *argv, struct stream *ret);

/* Appends what there is to TEXT, waiting at most WAIT_MS. False when it has ended. */
struct text;
bool stream_read(struct stream *stream, struct text *text, unsigned wait_ms);

void stream_close(struct stream *stream);

#endif
