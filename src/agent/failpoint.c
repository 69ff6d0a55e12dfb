#include "agent/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

#ifdef STEAD_FAILPOINTS

/* Like a SIGKILL: nothing is flushed, no handler runs. */
enum { CRASHED = 137 };

static long number_of(const char *variable)
{
	const char *text = getenv(variable);
	long number = 0;

	if (text != NULL && !str_to_long(text, &number))
		number = 0;
	return number;
}

static bool is_wanted(long number)
{
	long first = number_of("STEAD_POINT_FIRST"), step = number_of("STEAD_POINT_STEP");

	return number >= first && (step < 2 || (number - first) % step == 0);
}

static void point(void)
{
	static long passed;
	const char *command = getenv("STEAD_AT_POINT");
	char number[32];

	if (++passed == number_of("STEAD_CRASH_AT"))
		_exit(CRASHED);
	if (command == NULL || !is_wanted(passed))
		return;
	(void)snprintf(number, sizeof(number), "%04ld", passed);
	if (setenv("STEAD_POINT", number, 1) < 0 || system(command) != 0)
		abort(); /* the test cannot do its work */
}

unsigned failpoint_pause_ms(unsigned ms)
{
	long divide = number_of("STEAD_PAUSE_DIVIDE");

	return divide > 0 ? ms / (unsigned)divide + 1 : ms;
}

#else

static void point(void)
{
}

unsigned failpoint_pause_ms(unsigned ms)
{
	return ms;
}

#endif

int failpoint_fsync(int fd)
{
	int r;

	point();
	r = fsync(fd) < 0 ? -errno : 0;
	point();
	return r;
}

int failpoint_syncfs(int fd)
{
	int r;

	point();
	r = syncfs(fd) < 0 ? -errno : 0;
	point();
	return r;
}

int failpoint_rename(int dir_fd, const char *from, const char *to)
{
	int r;

	point();
	r = renameat(dir_fd, from, dir_fd, to) < 0 ? -errno : 0;
	point();
	return r;
}

int failpoint_link(int dir_fd, const char *from, const char *to)
{
	int r;

	point();
	r = linkat(dir_fd, from, dir_fd, to, 0) < 0 ? -errno : 0;
	point();
	return r;
}

int failpoint_unlink(int dir_fd, const char *name, int flags)
{
	int r;

	point();
	r = unlinkat(dir_fd, name, flags) < 0 && errno != ENOENT ? -errno : 0;
	/* A read-only file system says so before it looks for the name. */
	if (r == -EROFS && faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT)
		r = 0;
	point();
	return r;
}

int failpoint_run(struct arena *arena, const struct process_run *run, struct process_result *ret)
{
	int r;

	point();
	r = process_run(arena, run, ret);
	point();
	return r;
}
