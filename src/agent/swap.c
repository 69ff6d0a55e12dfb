#include "agent/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/failpoint.h"
#include "agent/label.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#define NAME "swap"
#define FRESH "swap.new" /* until it is whole */
#define PATH AGENT_DATA "/" NAME

#define MIB (1LL << 20)

enum { MAKE_MS = 60 * 1000, ON_MS = 60 * 1000, OFF_MS = 300 * 1000, SWAPS_MAX = 1024 * 1024 };

/* What the data keep for themselves: a full disk is worse than no swap. */
enum { SPARE_MIB = 1024 };

/* --- what is there --- */

/* -1: nothing of that name. */
static long long size_of(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (long long)st.st_size : -1;
}

bool swap_is_of_interest(const struct agent *agent)
{
	cleanup_fd int dir_fd = disk_open_dir(agent->root_fd, AGENT_DATA);

	return agent->plan->swap_bytes > 0 ||
	       (dir_fd >= 0 && (size_of(dir_fd, NAME) >= 0 || size_of(dir_fd, FRESH) >= 0));
}

/* Lines of /proc/swaps begin with the path. */
static bool is_in_use(const struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = agent_host_path(agent, scratch, PATH);
	size_t path_len = strlen(path), len;
	char *text = NULL;

	if (file_read(scratch, AT_FDCWD, "/proc/swaps", SWAPS_MAX, &text, &len) < 0)
		return false;
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n")) {
		line += *line == '\n';
		if (strncmp(line, path, path_len) == 0 && strchr(" \t", line[path_len]) != NULL)
			return true;
	}
	return false;
}

/* --- the programs --- */

static int call(struct agent *agent, const char *program, const char *path, unsigned deadline_ms)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *const argv[] = { program, agent_host_path(agent, scratch, path), NULL };
	struct process_run run = { .argv = argv, .deadline_ms = deadline_ms };
	struct process_result result;
	int r = failpoint_run(scratch, &run, &result);

	if (r < 0)
		return agent_fail(agent, r, "%s: %s", program, strerror(-r));
	if (result.timed_out)
		return agent_fail(agent, -ETIMEDOUT, "%s took more than %u s", program,
		                  deadline_ms / 1000);
	if (result.exit_code != 0)
		return agent_fail(agent, -EIO, "%s", engine_last_line(scratch, result.err));
	return 0;
}

static int take_out_of_use(struct agent *agent)
{
	return is_in_use(agent) ? call(agent, "swapoff", PATH, OFF_MS) : 0;
}

static int take_into_use(struct agent *agent)
{
	return is_in_use(agent) ? 0 : call(agent, "swapon", PATH, ON_MS);
}

/* --- making and removing --- */

static int open_data(struct agent *agent)
{
	int fd = disk_open_dir(agent->root_fd, AGENT_DATA);

	return fd < 0 ? agent_fail(agent, fd, "%s cannot be opened: %s", AGENT_DATA, strerror(-fd))
	              : fd;
}

/* BEFORE: what a file that goes away first gives back. */
static int check_room(struct agent *agent, int dir_fd, long long before)
{
	long long want = agent->plan->swap_bytes, room;
	struct statvfs fs;

	if (fstatvfs(dir_fd, &fs) < 0)
		return agent_fail(agent, -errno, "%s: %s", AGENT_DATA, strerror(errno));
	room = (long long)fs.f_bavail * (long long)fs.f_frsize + before;
	if (want + SPARE_MIB * MIB <= room)
		return 0;
	return agent_fail(agent, -ENOSPC,
	                  "no room for %lld MiB of swap: %s has %lld MiB left, and %d MiB of them "
	                  "are for the data",
	                  want / MIB, AGENT_DATA, room / MIB, SPARE_MIB);
}

/* Of a file that is still empty: btrfs would write it elsewhere each time, and the kernel refuse.
 */
static void keep_in_place(int fd)
{
	struct statfs fs;
	int flags;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC &&
	    ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_NOCOW_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
}

/* Under its first name, without holes. */
static int fill(struct agent *agent, int dir_fd)
{
	cleanup_fd int fd =
		openat(dir_fd, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return agent_fail(agent, -errno, "%s cannot be made: %s", PATH, strerror(errno));
	keep_in_place(fd);
	if (fallocate(fd, 0, 0, agent->plan->swap_bytes) < 0)
		return agent_fail(agent, -errno, "%s cannot have %lld MiB: %s", PATH,
		                  agent->plan->swap_bytes / MIB, strerror(errno));
	label_swap(agent, AGENT_DATA "/" FRESH);
	r = call(agent, "mkswap", AGENT_DATA "/" FRESH, MAKE_MS);
	if (r == 0 && (r = failpoint_fsync(fd)) < 0)
		return agent_fail(agent, r, "%s: %s", PATH, strerror(-r));
	return r;
}

static int name_it(struct agent *agent, int dir_fd)
{
	int r = failpoint_rename(dir_fd, FRESH, NAME);

	if (r == 0)
		r = failpoint_fsync(dir_fd);
	return r < 0 ? agent_fail(agent, r, "%s cannot be made: %s", PATH, strerror(-r)) : 0;
}

static int make(struct agent *agent, int dir_fd)
{
	int r = fill(agent, dir_fd);

	if (r == 0)
		r = name_it(agent, dir_fd);
	if (r < 0)
		(void)failpoint_unlink(dir_fd, FRESH, 0);
	return r;
}

static int remove_both(struct agent *agent, int dir_fd)
{
	int r = take_out_of_use(agent);

	if (r < 0)
		return r;
	r = failpoint_unlink(dir_fd, FRESH, 0);
	if (r == 0)
		r = failpoint_unlink(dir_fd, NAME, 0);
	return r < 0 ? agent_fail(agent, r, "%s cannot be removed: %s", PATH, strerror(-r)) : 0;
}

/* A file that this system does not take is of no use to anybody. */
static int replace(struct agent *agent, int dir_fd)
{
	char why[sizeof(agent->why)];
	int r = remove_both(agent, dir_fd);

	if (r == 0)
		r = make(agent, dir_fd);
	if (r < 0 || (r = take_into_use(agent)) == 0)
		return r;
	memcpy(why, agent->why, sizeof(why));
	(void)remove_both(agent, dir_fd);
	return agent_fail(agent, r, "%s", why);
}

int swap_follow(struct agent *agent)
{
	cleanup_fd int dir_fd = open_data(agent);
	long long want = agent->plan->swap_bytes, there;

	if (dir_fd < 0)
		return dir_fd;
	(void)failpoint_unlink(dir_fd, FRESH, 0); /* of a try that was cut short */
	there = size_of(dir_fd, NAME);
	if (want == 0)
		return remove_both(agent, dir_fd);
	if (there == want)
		return take_into_use(agent);
	if (check_room(agent, dir_fd, there > 0 ? there : 0) < 0)
		return -ENOSPC;
	return replace(agent, dir_fd);
}

int swap_remove(struct agent *agent)
{
	cleanup_fd int dir_fd = disk_open_dir(agent->root_fd, AGENT_DATA);

	return dir_fd < 0 ? 0 : remove_both(agent, dir_fd);
}
