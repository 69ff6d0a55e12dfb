/*
 * A connection that another program makes: its stdin and stdout are ours. The program is
 * `ssh … stead-node connect HOST PORT`, so what is tested is the node's way, not ours.
 */
#ifndef STEAD_PROBE_PIPE_H
#define STEAD_PROBE_PIPE_H

#include <stddef.h>

struct arena;

struct probe_pipe {
	int in_fd, out_fd; /* to its stdin, from its stdout; two, so that the end of one is seen */
	int pid;           /* 0: there is no program, the connection is our own */
	int err_fd;        /* what it says on stderr */
	int relay;         /* a process of ours between it and a listener; 0: none */
	char name[16];     /* of the listener, in Linux's abstract namespace (unix(7)) */
};

/* Starts it. 0 or a negative errno. */
int probe_pipe_open(const char *const *argv, struct probe_pipe *ret);

/* Makes the connection from here. 0, or a negative errno with PIPE closed already; *ret_address, in
 * ARENA, is where it leads. -ENOENT: HOST has no address. */
struct dns_source;
struct probe_here {
	const struct dns_source *dns;
	const char *host;
	unsigned port, deadline_ms;
};
int probe_pipe_here(struct arena *arena, const struct probe_here *here, struct probe_pipe *ret,
                    const char **ret_address);

/* Reads one line of at most SIZE - 1 bytes, without its newline, and not a byte more: what follows
 * belongs to the connection. 0, -ETIMEDOUT, -ECONNRESET when it ended before a whole line, -E2BIG.
 */
int probe_pipe_line(struct probe_pipe *pipe, char *line, size_t size, unsigned deadline_ms);

/* Makes the rest of the connection reachable for one client, which must be this process, as the
 * abstract Unix socket NAME. For libcurl, which insists on connecting by itself: 7.88 connects
 * again what CURL_SOCKOPT_ALREADY_CONNECTED says is connected (curl issue 10626). */
int probe_pipe_offer(struct probe_pipe *pipe);

/* The last line it wrote to stderr so far, control characters removed; NULL: none. */
const char *probe_pipe_complaint(struct arena *arena, const struct probe_pipe *pipe);

/* Ends it and waits until it is gone. */
void probe_pipe_close(struct probe_pipe *pipe);

#endif
