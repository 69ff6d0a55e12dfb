#include "probe/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { END_MS = 2000, COMPLAINT_MAX = 4096 };

/* In the child. Its own group: Ctrl-C is for stead, which then ends it. */
static _Noreturn void become(const char *const *argv, int in, int out, int err)
{
	(void)setpgid(0, 0);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0)
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

int probe_pipe_open(const char *const *argv, struct probe_pipe *ret)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, r = 0,
	    err = memfd_create("stderr", MFD_CLOEXEC);
	pid_t pid = -1;

	if (err >= 0 && pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		become(argv, in[0], out[1], err);
	if (pid < 0)
		r = -errno;
	fd_cleanup(&in[0]);
	fd_cleanup(&out[1]);
	if (r < 0) {
		fd_cleanup(&in[1]);
		fd_cleanup(&out[0]);
		fd_cleanup(&err);
		return r;
	}
	*ret = (struct probe_pipe){ .in_fd = in[1], .out_fd = out[0], .pid = pid, .err_fd = err };
	return 0;
}

int probe_pipe_line(struct probe_pipe *pipe, char *line, size_t size, unsigned deadline_ms)
{
	int64_t until = clock_ms() + deadline_ms, left;
	size_t len = 0;

	for (;;) {
		struct pollfd ready = { .fd = pipe->out_fd, .events = POLLIN };
		ssize_t n;

		left = until - clock_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)left) <= 0)
			continue;
		n = read(pipe->out_fd, &line[len], 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -ECONNRESET;
		if (line[len] == '\n') {
			line[len] = '\0';
			return 0;
		}
		if (++len == size)
			return -E2BIG;
	}
}

const char *probe_pipe_complaint(struct arena *arena, const struct probe_pipe *pipe)
{
	char text[COMPLAINT_MAX + 1];
	ssize_t n = pread(pipe->err_fd, text, COMPLAINT_MAX, 0);
	char *last;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	last = strrchr(text, '\n');
	last = arena_strdup(arena, last != NULL ? last + 1 : text);
	for (char *p = last; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return last;
}

/* --- offering it --- */

/* Only our parent may come in: anybody can connect to an abstract socket. */
static int accept_parent(int listener, pid_t parent)
{
	for (;;) {
		struct ucred peer = { 0 };
		socklen_t len = sizeof(peer);
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
			return -1;
		if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
		    peer.pid == parent)
			return fd;
		fd_cleanup(&fd);
	}
}

/* False when FROM has ended, or TO takes nothing more. */
static bool pump(int from, int to)
{
	char buffer[16 * 1024];
	ssize_t n = read(from, buffer, sizeof(buffer));

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && file_write_all(to, buffer, (size_t)n) == 0;
}

/* A fork has the descriptors of all threads, and who waits for their end would wait for ours. */
static void close_others(const struct probe_pipe *pipe, int listener)
{
	const int own[] = { pipe->in_fd, pipe->out_fd, listener };
	int next = STDERR_FILENO + 1;

	for (bool more = true; more;) {
		int last = INT_MAX;

		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			if (own[i] >= next && own[i] < last)
				last = own[i];
		more = last != INT_MAX;
		if (last > next)
			(void)close_range((unsigned)next, more ? (unsigned)last - 1 : UINT_MAX, 0);
		next = more ? last + 1 : next;
	}
}

/* In the child, which its parent ends. */
static _Noreturn void relay(const struct probe_pipe *pipe, int listener, pid_t parent)
{
	int outer;
	struct pollfd ready[2];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	close_others(pipe, listener);
	outer = getppid() == parent ? accept_parent(listener, parent) : -1;
	if (outer < 0)
		_exit(1);
	ready[0] = (struct pollfd){ .fd = pipe->out_fd, .events = POLLIN };
	ready[1] = (struct pollfd){ .fd = outer, .events = POLLIN };
	for (;;) {
		if (poll(ready, 2, -1) < 0)
			continue;
		/* The server's end is the end of all: what it said before has been passed on. */
		if (ready[0].revents != 0 && !pump(pipe->out_fd, outer))
			_exit(0);
		if (ready[1].revents != 0 && !pump(outer, pipe->in_fd))
			ready[1].fd = -1;
	}
}

int probe_pipe_offer(struct probe_pipe *pipe)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address);
	cleanup_fd int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t parent = getpid(), pid;

	/* An address without a path: the kernel makes up an abstract name. */
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address.sun_family)) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) < 0 || listen(listener, 4) < 0)
		return -errno;
	len -= (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1;
	if (len >= sizeof(pipe->name))
		return -ENAMETOOLONG;
	memcpy(pipe->name, address.sun_path + 1, len);
	pipe->name[len] = '\0';
	pid = fork();
	if (pid == 0)
		relay(pipe, listener, parent);
	if (pid < 0)
		return -errno;
	pipe->relay = pid;
	fd_cleanup(&pipe->in_fd);
	fd_cleanup(&pipe->out_fd);
	return 0;
}

void probe_pipe_close(struct probe_pipe *pipe)
{
	int64_t until = clock_ms() + END_MS;

	if (pipe->relay > 0) {
		(void)kill(pipe->relay, SIGKILL);
		(void)waitpid(pipe->relay, NULL, 0);
	}
	fd_cleanup(&pipe->in_fd);
	fd_cleanup(&pipe->out_fd);
	fd_cleanup(&pipe->err_fd);
	if (pipe->pid <= 0)
		return;
	(void)kill(pipe->pid, SIGTERM);
	while (waitpid(pipe->pid, NULL, WNOHANG) == 0) {
		if (clock_ms() >= until) {
			(void)kill(pipe->pid, SIGKILL);
			until = INT64_MAX;
		}
		clock_sleep_ms(10);
	}
	pipe->pid = 0;
}
