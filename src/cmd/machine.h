/*
 * The VM of a settings folder, as commands see it: its state, and ssh into it with the host key
 * that init made. `up` writes .stead/vm/ssh_config, so that ssh, scp and rsync work by hand as
 * well:
 *
 *     ssh -F .stead/vm/ssh_config stead
 */
#ifndef STEAD_CMD_MACHINE_H
#define STEAD_CMD_MACHINE_H

#include "base/process.h"
#include "cli/cli.h"
#include "cmd/compile.h"
#include "vm/vm.h"

#define MACHINE_CA "ca.crt"

struct machine {
	struct arena *arena;
	const char *dir; /* of the VM's state, absolute once it exists */
	struct vm vm;
	const char *agent; /* the agent's path on the node */
	const char *web, *handle, *issuer;
};

/* Where the state of DIR's machine is. */
const char *machine_dir(struct arena *arena, const char *dir);

/* Reads it. CLI_OK, or CLI_ENVIRONMENT with a message when there is none, or (RUNNING) when it does
 * not run. */
int machine_open(struct cli *cli, bool running, struct machine *ret);

/* After each start, because ports may change: known_hosts, ssh_config, target.json. */
int machine_describe(struct machine *machine, const struct compile *compile);

/* "ssh -F … stead COMMAND…", NULL-terminated. Each word arrives as it is. */
void machine_ssh(const struct machine *machine, const char *const *command, struct strings *ret);

/* Runs a program of the node to its end. */
int machine_run(const struct machine *machine, const char *const *command, unsigned deadline_ms,
                struct process_result *ret);

/* Runs it with our stdout and stderr; its exit code, or CLI_ENVIRONMENT when ssh does not get
 * there. */
int machine_call(const struct machine *machine, const char *const *command);

/* Replaces stead by ssh: stdin, stdout and exit code are the program's. Returns only on failure. */
int machine_exec(const struct machine *machine, const char *const *command, bool tty);

/* --- a program of the node whose output is read while it runs --- */

struct stream {
	int pid, fd; /* fd -1: none */
};

int stream_open(const char *const *argv, struct stream *ret);

/* Appends what there is to TEXT, waiting at most WAIT_MS. False when it has ended. */
struct text;
bool stream_read(struct stream *stream, struct text *text, unsigned wait_ms);

void stream_close(struct stream *stream);

#endif
