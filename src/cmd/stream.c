#include "cmd/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { END_MS = 2000 };

/* In the child. Its own group: Ctrl-C is for stead, which then ends it. */
static _Noreturn void become(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR);

	(void)setpgid(0, 0);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(null, STDERR_FILENO) >= 0)
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

int stream_open(const char *const *argv, struct stream *ret)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become(argv, ends[1]);
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return -EAGAIN;
	}
	*ret = (struct stream){ .pid = pid, .fd = ends[0] };
	return 0;
}

bool stream_read(struct stream *stream, struct text *text, unsigned wait_ms)
{
	struct pollfd ready = { .fd = stream->fd, .events = POLLIN };
	char buffer[8192];
	ssize_t n;

	if (poll(&ready, 1, (int)wait_ms) <= 0)
		return true;
	n = read(stream->fd, buffer, sizeof(buffer));
	if (n < 0 && errno == EINTR)
		return true;
	if (n > 0)
		text_addn(text, buffer, (size_t)n);
	return n > 0;
}

void stream_close(struct stream *stream)
{
	int64_t until = clock_ms() + END_MS;

	if (stream->fd < 0)
		return;
	fd_cleanup(&stream->fd);
	(void)kill(stream->pid, SIGTERM);
	while (waitpid(stream->pid, NULL, WNOHANG) == 0) {
		if (clock_ms() >= until) {
			(void)kill(stream->pid, SIGKILL);
			until = INT64_MAX;
		}
		clock_sleep_ms(20);
	}
}
