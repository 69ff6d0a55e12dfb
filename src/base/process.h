/*
 * Running other programs. No shell is ever involved.
 */
#ifndef STEAD_BASE_PROCESS_H
#define STEAD_BASE_PROCESS_H

#include <stddef.h>
#include <stdbool.h>

struct arena;

struct process_run {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *stdin_data;  /* NULL: /dev/null */
	size_t stdin_len;
	int stdin_fd;        /* above 0: what the child reads, instead of stdin_data */
	bool inherit_stdout; /* give the child our stdout (else it is captured) */
	bool inherit_stderr;
	bool foreground;      /* it stays in our process group, so that it may ask on the terminal;
	                         Ctrl-C reaches it too */
	unsigned deadline_ms; /* 0: none; past it the whole process group gets SIGTERM, then SIGKILL
	                       */
	size_t max_output_bytes; /* captured bytes kept per stream; the rest is read and dropped; 0:
	                            1 MiB */
};

struct process_result {
	int exit_code; /* 0-255; 128+signal when killed by one */
	bool timed_out;
	char *out, *err; /* NUL-terminated, in the arena */
	size_t out_len, err_len;
};

/* Runs to the end. 0 when the program ran (whatever its exit code), else a negative errno. */
int process_run(struct arena *arena, const struct process_run *run, struct process_result *ret);

/* Replaces this process (execvp). Returns only on failure, with a negative errno. */
int process_exec(const char *const *argv);

#endif
