#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum {
	DEFAULT_OUTPUT_BYTES = 1024 * 1024,
	KILL_AFTER_MS = 3000, /* from SIGTERM to SIGKILL */
	EXEC_FAILED = 127,
	POLL_MS = 20,    /* how soon the end of a child is seen where the kernel has no pidfd */
	LINGER_MS = 200, /* how long a child that has ended may have its pipes written by others */
};

struct child {
	pid_t pid, group;          /* group: what signals go to, for kill(2) */
	int in_fd, out_fd, err_fd; /* our ends; -1: none or closed */
	int pid_fd;                /* readable when the child has ended; -1: not to be had */
	size_t in_done;
	struct text out, err;
	size_t max_output_bytes;
	bool ended;
	int status;
	int64_t term_at, kill_at, leave_at; /* clock_ms; 0: never */
	bool timed_out;
};

static void close_fd(int *fd)
{
	fd_cleanup(fd);
}

/* What the child does between fork and exec: only async-signal-safe calls. */
static _Noreturn void become(const struct process_run *run, int in, int out, int err, int status)
{
	sigset_t none;

	if (!run->foreground)
		(void)setpgid(0, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, STDIN_FILENO) >= 0 && (out < 0 || dup2(out, STDOUT_FILENO) >= 0) &&
	    (err < 0 || dup2(err, STDERR_FILENO) >= 0))
		execvp(run->argv[0], (char *const *)(uintptr_t)run->argv);
	int error = errno;
	ssize_t ignored = write(status, &error, sizeof(error));
	(void)ignored;
	_exit(EXEC_FAILED);
}

/* A pipe whose ends are not 0, 1 or 2, also when we were started with those closed: dup2 in the
 * child would overwrite one with another. */
static int make_pipe(int ends[2])
{
	int raw[2];

	if (pipe2(raw, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		ends[i] = raw[i] > STDERR_FILENO ? raw[i] : fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		if (ends[i] < 0)
			return -errno;
		if (ends[i] != raw[i])
			(void)close(raw[i]);
	}
	return 0;
}

static int open_null(void)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return moved < 0 ? -errno : moved;
}

/* Forks and waits until the exec has happened or failed. */
static int spawn(const struct process_run *run, struct child *child)
{
	cleanup_fd int in_read = -1, out_write = -1, err_write = -1;
	cleanup_fd int status_read = -1, status_write = -1;
	int ends[2], r, error = 0;
	ssize_t n;

	if (run->stdin_fd > 0) {
		in_read = fcntl(run->stdin_fd, F_DUPFD_CLOEXEC, 3);
		if (in_read < 0)
			return -errno;
	} else if (run->stdin_data == NULL) {
		in_read = open_null();
		if (in_read < 0)
			return in_read;
	} else {
		if ((r = make_pipe(ends)) < 0)
			return r;
		in_read = ends[0];
		child->in_fd = ends[1];
		(void)fcntl(child->in_fd, F_SETFL, O_NONBLOCK);
	}
	if (!run->inherit_stdout) {
		if ((r = make_pipe(ends)) < 0)
			return r;
		child->out_fd = ends[0];
		out_write = ends[1];
	}
	if (!run->inherit_stderr) {
		if ((r = make_pipe(ends)) < 0)
			return r;
		child->err_fd = ends[0];
		err_write = ends[1];
	}
	if ((r = make_pipe(ends)) < 0)
		return r;
	status_read = ends[0];
	status_write = ends[1];

	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (child->pid == 0)
		become(run, in_read, out_write, err_write, status_write);
	child->group = run->foreground ? child->pid : -child->pid;
	if (!run->foreground)
		(void)setpgid(child->pid, child->pid); /* in both: who comes first does it */
	close_fd(&status_write);
	do
		n = read(status_read, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(error))
		return 0;
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return -error;
}

static void feed(const struct process_run *run, struct child *child)
{
	ssize_t n = write(child->in_fd, run->stdin_data + child->in_done,
	                  run->stdin_len - child->in_done);

	if (n > 0)
		child->in_done += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		close_fd(&child->in_fd); /* the child does not want to read it all: its choice */
	if (child->in_done == run->stdin_len)
		close_fd(&child->in_fd);
}

static void drain(int *fd, struct text *text, size_t max)
{
	char buffer[16 * 1024];
	ssize_t n = read(*fd, buffer, sizeof(buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_fd(fd);
		return;
	}
	if ((size_t)n > max - text->len)
		n = (ssize_t)(max - text->len);
	text_addn(text, buffer, (size_t)n);
}

static void enforce_deadline(struct child *child)
{
	int64_t now = clock_ms();

	if (child->term_at != 0 && now >= child->term_at) {
		(void)kill(child->group, SIGTERM);
		child->timed_out = true;
		child->term_at = 0;
		child->kill_at = now + KILL_AFTER_MS;
	} else if (child->kill_at != 0 && now >= child->kill_at) {
		(void)kill(child->group, SIGKILL);
		child->kill_at = 0;
	}
}

/* What is left of the group goes while its leader, not yet reaped, still keeps the number taken. */
static void reap(struct child *child)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0)
		return;
	if (child->timed_out)
		(void)kill(child->group, SIGKILL);
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		continue;
	child->ended = true;
	child->leave_at = clock_ms() + LINGER_MS;
	close_fd(&child->pid_fd);
}

/* For poll: until the next thing that time alone brings. */
static int wait_ms(const struct child *child)
{
	int64_t next = child->term_at != 0 ? child->term_at : child->kill_at;
	int64_t left = next - clock_ms();

	if (child->ended)
		return 0;
	if (child->pid_fd < 0)
		return POLL_MS;
	if (next == 0)
		return -1;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* A child may end while a grandchild keeps the pipes open (a daemon): what is there is read, but
 * nobody waits for the end of the pipes. */
static void supervise(const struct process_run *run, struct child *child)
{
	for (;;) {
		struct pollfd fds[4] = {
			{ .fd = child->out_fd, .events = POLLIN },
			{ .fd = child->err_fd, .events = POLLIN },
			{ .fd = child->in_fd, .events = POLLOUT },
			{ .fd = child->pid_fd, .events = POLLIN },
		};
		int ready = poll(fds, 4, wait_ms(child));

		if (ready > 0 && fds[0].revents != 0)
			drain(&child->out_fd, &child->out, child->max_output_bytes);
		if (ready > 0 && fds[1].revents != 0)
			drain(&child->err_fd, &child->err, child->max_output_bytes);
		if (ready > 0 && fds[2].revents != 0)
			feed(run, child);
		if (child->ended) {
			if (ready == 0 || (child->out_fd < 0 && child->err_fd < 0) ||
			    clock_ms() >= child->leave_at)
				return;
			continue;
		}
		enforce_deadline(child);
		reap(child);
	}
}

int process_run(struct arena *arena, const struct process_run *run, struct process_result *ret)
{
	struct child child = { .in_fd = -1, .out_fd = -1, .err_fd = -1, .pid_fd = -1 };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int r;

	child.max_output_bytes =
		run->max_output_bytes != 0 ? run->max_output_bytes : DEFAULT_OUTPUT_BYTES;
	text_init(&child.out, arena);
	text_init(&child.err, arena);
	/* Writing to a child that has gone must be an error here, not our end. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	r = spawn(run, &child);
	if (r == 0) {
		if (run->deadline_ms != 0)
			child.term_at = clock_ms() + run->deadline_ms;
		child.pid_fd = (int)syscall(SYS_pidfd_open, child.pid, 0);
		supervise(run, &child);
	}
	close_fd(&child.in_fd);
	close_fd(&child.out_fd);
	close_fd(&child.err_fd);
	(void)sigaction(SIGPIPE, &before, NULL);
	if (r < 0)
		return r;
	*ret = (struct process_result){
		.exit_code = WIFSIGNALED(child.status) ? 128 + WTERMSIG(child.status)
		                                       : WEXITSTATUS(child.status),
		.timed_out = child.timed_out,
		.out = child.out.data,
		.err = child.err.data,
		.out_len = child.out.len,
		.err_len = child.err.len,
	};
	return 0;
}

int process_exec(const char *const *argv)
{
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	return -errno;
}
