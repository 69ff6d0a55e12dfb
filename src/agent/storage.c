#include "agent/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/changing.h"
#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/failpoint.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#define SENTINEL AGENT_DATA "/sentinel.json"
/* On the system's own file system, while the disk is being formatted: its first blocks may look
 * like a file system before it is one. */
#define FORMATTING CHANGING_DIR "/formatting"
/* On the system's own file system: the disk has been mounted for this node. */
#define USED "/etc/stead/disk.used"
#define LABEL "stead-data"

enum { LOOK_MS = 30 * 1000, FORMAT_MS = 600 * 1000, MOUNT_MS = 120 * 1000, UNIT_S = 100 };
enum { MOUNTS_MAX = 4 * 1024 * 1024, MARK_MAX = 4096 };

/* --- is it there? --- */

/* A line of mountinfo: "36 35 98:0 ROOT MOUNTPOINT OPTIONS …" (proc(5)). */
static bool is_mounted_at(const char *line, const char *path)
{
	size_t len = strlen(path);

	for (int i = 0; i < 4; i++) {
		line += strcspn(line, " \n");
		if (*line != ' ')
			return false;
		line++;
	}
	return strncmp(line, path, len) == 0 && line[len] == ' ';
}

bool storage_is_mounted(const struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = agent_host_path(agent, scratch, AGENT_DATA);
	char *text = NULL;
	size_t len;

	if (file_read(scratch, AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &text, &len) < 0)
		return false;
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n")) {
		line += *line == '\n';
		if (is_mounted_at(line, path))
			return true;
	}
	return false;
}

static bool has_device(const struct agent *agent, const char *device)
{
	return faccessat(agent->root_fd, agent_below_root(device), F_OK, 0) == 0;
}

static int missing(struct agent *agent, const char *device)
{
	return agent_fail(agent, -ENODEV, "the data's disk %.200s is not there", device);
}

/* What is mounted must be DEVICE. A file in its place is a test's. */
static int check_mounted(struct agent *agent, const char *device)
{
	struct stat disk, data;

	if (fstatat(agent->root_fd, agent_below_root(device), &disk, 0) < 0 ||
	    !S_ISBLK(disk.st_mode) ||
	    fstatat(agent->root_fd, agent_below_root(AGENT_DATA), &data, 0) < 0 ||
	    data.st_dev == disk.st_rdev)
		return 0;
	return agent_fail(agent, -EEXIST, "another file system than %.200s is mounted at %s",
	                  device, AGENT_DATA);
}

static bool has_sentinel(const struct agent *agent)
{
	return faccessat(agent->root_fd, agent_below_root(SENTINEL), F_OK, 0) == 0;
}

/* --- an empty disk --- */

static int call(struct agent *agent, struct arena *arena, const char *const *argv,
                unsigned deadline_ms, struct process_result *ret)
{
	struct process_run run = { .argv = argv, .deadline_ms = deadline_ms };
	int r = failpoint_run(arena, &run, ret);

	if (r == -ENOENT)
		return agent_fail(agent, r, "%s is not installed here%s", argv[0],
		                  str_equal(argv[0], "mkfs.xfs") ? ": install the package xfsprogs"
		                                                 : "");
	return r < 0 ? agent_fail(agent, r, "%s: %s", argv[0], strerror(-r)) : 0;
}

static int call_or_fail(struct agent *agent, struct arena *arena, const char *const *argv,
                        unsigned deadline_ms)
{
	struct process_result result;
	int r = call(agent, arena, argv, deadline_ms, &result);

	if (r == 0 && result.exit_code != 0)
		return agent_fail(agent, -EIO, "%s: %s", argv[0],
		                  engine_last_line(arena, result.err));
	return r;
}

/* The value of KEY in what `blkid -o export` prints, one KEY=VALUE on each line. */
static const char *value_of(struct arena *arena, const char *text, const char *key)
{
	size_t key_len = strlen(key);

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, key, key_len) == 0 && text[key_len] == '=')
			return arena_strndup(arena, text + key_len + 1,
			                     strcspn(text + key_len + 1, "\n"));
	return NULL;
}

enum content { CONTENT_NONE, CONTENT_OURS, CONTENT_FOREIGN };

/* blkid(8): 2 means that there is nothing that it knows. It also means that the disk cannot be
 * read, so that is tried first; and mkfs.xfs looks once more. */
static int look_at(struct agent *agent, struct arena *arena, const char *device,
                   enum content *ret_content, const char **ret_what)
{
	const char *path = agent_host_path(agent, arena, device);
	const char *const argv[] = { "blkid", "-p", "-o", "export", path, NULL };
	cleanup_fd int fd = openat(agent->root_fd, agent_below_root(device), O_RDONLY | O_CLOEXEC);
	struct process_result result;
	const char *type, *label;
	char first;
	int r;

	if (fd < 0 || read(fd, &first, 1) != 1)
		return agent_fail(agent, -EIO, "the data's disk %.200s cannot be read", device);
	r = call(agent, arena, argv, LOOK_MS, &result);
	if (r < 0)
		return r;
	*ret_content = result.exit_code == 2 ? CONTENT_NONE : CONTENT_FOREIGN;
	*ret_what = "something";
	if (result.exit_code != 0)
		return 0;
	type = value_of(arena, result.out, "TYPE");
	label = value_of(arena, result.out, "LABEL");
	if (str_equal(type, "xfs") && str_equal(label, LABEL))
		*ret_content = CONTENT_OURS;
	else if (type == NULL && value_of(arena, result.out, "PTTYPE") == NULL &&
	         value_of(arena, result.out, "USAGE") == NULL)
		*ret_content =
			CONTENT_NONE; /* of a partition, where it lies is all that it knows */
	else if (type != NULL)
		*ret_what = arena_printf(arena, "a file system (%.40s)", type);
	else if (value_of(arena, result.out, "PTTYPE") != NULL)
		*ret_what = "partitions";
	return 0;
}

/* True when an earlier try to format just this disk was cut short. */
static bool was_formatting(struct agent *agent, struct arena *arena, const char *device)
{
	char *data = NULL;
	size_t len = 0;

	return disk_read(arena, agent->root_fd, FORMATTING, MARK_MAX, &data, &len, NULL) == 0 &&
	       str_equal(data, device);
}

static int forget_formatting(struct agent *agent)
{
	const char *name;
	cleanup_fd int parent = disk_open_parent(agent->root_fd, FORMATTING, &name);
	int r = parent < 0 ? parent : failpoint_unlink(parent, name, 0);

	return r == 0 ? failpoint_fsync(parent) : r;
}

/* AGAIN: over what an earlier try left half done. Without -f mkfs.xfs refuses a disk on which it
 * finds anything; one that it has left as it was is not half done. */
static int format(struct agent *agent, struct arena *arena, const char *device, bool again)
{
	const char *path = agent_host_path(agent, arena, device);
	const char *const argv[] = { "mkfs.xfs", again ? "-qf" : "-q", "-L", LABEL, path, NULL };
	enum content content = CONTENT_FOREIGN;
	const char *what, *why;
	int r = disk_write(agent->root_fd, FORMATTING, NULL, device, strlen(device));

	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", FORMATTING, strerror(-r));
	agent_log("formatting %s", device);
	r = call_or_fail(agent, arena, argv, FORMAT_MS);
	if (r == 0)
		return forget_formatting(agent);
	why = arena_strdup(arena, agent->why);
	if (!again && look_at(agent, arena, device, &content, &what) == 0 &&
	    content == CONTENT_NONE)
		(void)forget_formatting(agent);
	return agent_fail(agent, r, "%s", why);
}

static int mount_device(struct agent *agent, struct arena *arena, const char *device)
{
	const char *const argv[] = { "mount",
		                     "-t",
		                     "xfs",
		                     "-o",
		                     "noatime,nodev,nosuid",
		                     agent_host_path(agent, arena, device),
		                     agent_host_path(agent, arena, AGENT_DATA),
		                     NULL };

	return call_or_fail(agent, arena, argv, MOUNT_MS);
}

/* A file system that mkfs.xfs did not end cannot be mounted; one that can is whole. */
static bool is_whole(struct agent *agent, struct arena *arena, const char *device)
{
	if (mount_device(agent, arena, device) < 0)
		return false;
	storage_close(agent);
	return !storage_is_mounted(agent);
}

static int make_filesystem(struct agent *agent, struct arena *arena, const char *device)
{
	enum content content = CONTENT_FOREIGN;
	const char *what = NULL;
	bool again;
	int r = look_at(agent, arena, device, &content, &what);

	if (r < 0)
		return r;
	if (content == CONTENT_FOREIGN)
		return agent_fail(agent, -EEXIST,
		                  "%.200s holds %s, and stead formats empty disks only", device,
		                  what);
	again = was_formatting(agent, arena, device);
	if (content == CONTENT_OURS && !again)
		return 0;
	if (content == CONTENT_OURS && is_whole(agent, arena, device))
		return forget_formatting(agent);
	return format(agent, arena, device, again);
}

/* The device is there, with a file system for the data. */
static int ready_device(struct agent *agent, const char *device)
{
	cleanup_arena struct arena *scratch = arena_new();
	int r;

	if (!has_device(agent, device))
		return missing(agent, device);
	r = changing_make_dirs(agent);
	return r < 0 ? r : make_filesystem(agent, scratch, device);
}

/* As Ignition left it, for a node that waits for its first `up`. */
static bool is_empty(struct agent *agent, const char *device)
{
	cleanup_arena struct arena *scratch = arena_new();
	enum content content = CONTENT_FOREIGN;
	const char *what;

	return has_device(agent, device) && look_at(agent, scratch, device, &content, &what) == 0 &&
	       content == CONTENT_NONE;
}

int storage_check(struct agent *agent, const struct plan *here, const struct plan *plan)
{
	const char *old = here != NULL ? here->data_device : NULL, *new = plan->data_device;
	bool mounted = storage_is_mounted(agent);

	if (old != NULL && !mounted && !(str_equal(old, new) && is_empty(agent, old)))
		return agent_fail(agent, -ENODEV,
		                  "the data's disk %.200s is not mounted at %s, so nothing can be "
		                  "said of the data",
		                  old, AGENT_DATA);
	if (old != NULL && !str_equal(old, new))
		return agent_fail(agent, -EPERM,
		                  "the node's data is on %.200s, and 'machine.data' does not move "
		                  "it%s%.200s",
		                  old, new != NULL ? " to " : "", new != NULL ? new : "");
	if (new != NULL && !mounted && has_sentinel(agent))
		return agent_fail(agent, -EPERM,
		                  "the node's data is in %s on the system's own file system, and "
		                  "'machine.data' does not move it to %.200s",
		                  AGENT_DATA, new);
	return 0;
}

static bool was_used(const struct agent *agent)
{
	return faccessat(agent->root_fd, agent_below_root(USED), F_OK, 0) == 0;
}

static int remember_use(struct agent *agent, const char *device)
{
	int r = was_used(agent) ? 0
	                        : disk_write(agent->root_fd, USED, NULL, device, strlen(device));

	return r < 0 ? agent_fail(agent, r, "%s cannot be written: %s", USED, strerror(-r)) : 0;
}

int storage_find(struct agent *agent)
{
	static const char *const mount[] = { "start", NULL };
	static const char *const resume[] = { "start", "--no-block", NULL };
	const char *device = agent->plan->data_device;
	int r;

	if (storage_is_mounted(agent)) {
		r = check_mounted(agent, device);
		return r < 0 ? r : remember_use(agent, device);
	}
	if (was_used(agent) && is_empty(agent, device))
		return agent_fail(agent, -ENODEV,
		                  "the data's disk %.200s is empty, and it was not: without %s the "
		                  "node begins anew on it",
		                  device, USED);
	r = ready_device(agent, device);
	if (r < 0)
		return r;
	r = units_command_one(agent, mount, STORAGE_UNIT, UNIT_S);
	if (r < 0)
		return r;
	if (!storage_is_mounted(agent))
		return agent_fail(agent, -ENODEV, "the data's disk %.200s is not mounted at %s",
		                  device, AGENT_DATA);
	r = remember_use(agent, device);
	if (r < 0)
		return r;
	/* At the boot there was no journal to be seen. */
	if (faccessat(agent->root_fd, agent_below_root(CHANGING_DIR "/journal.json"), F_OK, 0) < 0)
		return 0;
	r = units_command_one(agent, resume, "stead-resume.service", UNIT_S);
	return r < 0 ? r
	             : agent_fail(agent, -EAGAIN,
	                          "a change that was cut short goes on first: its disk was late");
}

int storage_open(struct agent *agent, const struct plan *plan, bool *ret_mounted)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *device = plan->data_device;
	int r;

	*ret_mounted = false;
	if (device == NULL)
		return 0;
	if (storage_is_mounted(agent))
		return check_mounted(agent, device);
	r = ready_device(agent, device);
	if (r == 0)
		r = mount_device(agent, scratch, device);
	*ret_mounted = r == 0;
	return r;
}

void storage_close(struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *const argv[] = { "umount", agent_host_path(agent, scratch, AGENT_DATA), NULL };

	if (call_or_fail(agent, scratch, argv, MOUNT_MS) < 0)
		agent_log("%s", agent->why);
}
