#include "agent/label.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#define CONTAINER_FILE "container_file_t"
#define SWAP_FILE "swapfile_t"
#define LABEL_XATTR "security.selinux"

enum { MAX_ENTRIES = 10000, MAX_DEPTH = 16 };

static bool selinux_is_on(const struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct statfs fs;

	return statfs(agent_host_path(agent, scratch, "/sys/fs/selinux"), &fs) == 0 &&
	       fs.f_type == SELINUX_MAGIC;
}

/* Labels the entry NAME of a directory, never what a link points to: /proc/self/fd/N/NAME ends in
 * the entry itself, and lsetxattr does not follow it. */
static void label_entry(struct arena *arena, int dir_fd, const char *name, const char *type)
{
	const char *path = arena_printf(arena, "/proc/self/fd/%d/%s", dir_fd, name);
	const char *label = arena_printf(arena, "system_u:object_r:%s:s0", type);
	char old[256];
	ssize_t len = lgetxattr(path, LABEL_XATTR, old, sizeof(old) - 1);

	if (len >= 0) {
		old[len] = '\0';
		if (strstr(old, arena_printf(arena, ":%s:", type)) != NULL)
			return;
	}
	if (lsetxattr(path, LABEL_XATTR, label, strlen(label) + 1, 0) < 0)
		agent_log("%s cannot be labelled for SELinux: %s", name, strerror(errno));
}

static void label_tree(struct arena *arena, int dir_fd, const char *name, unsigned depth,
                       unsigned *left)
{
	cleanup_fd int fd = -1;
	struct dirent *entry;
	DIR *dir;

	label_entry(arena, dir_fd, name, CONTAINER_FILE);
	fd = disk_open_dir(dir_fd, name);
	if (fd < 0 || depth == MAX_DEPTH)
		return;
	dir = fdopendir(dup(fd));
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL && *left > 0)
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..")) {
			(*left)--;
			label_tree(arena, fd, entry->d_name, depth + 1, left);
		}
	(void)closedir(dir);
}

static void label_path(struct agent *agent, const char *path, bool below)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *name;
	cleanup_fd int parent = disk_open_parent(agent->root_fd, path, &name);
	unsigned left = MAX_ENTRIES;

	if (parent < 0)
		return;
	if (below)
		label_tree(scratch, parent, name, 0, &left);
	else
		label_entry(scratch, parent, name, CONTAINER_FILE);
}

void label_mounts(struct agent *agent)
{
	if (!selinux_is_on(agent))
		return;
	for (size_t i = 0; i < agent->plan->volumes.count; i++)
		label_path(agent, agent->plan->volumes.items[i].path, false);
	for (size_t i = 0; i < agent->plan->processes.count; i++) {
		const struct plan_process *process = &agent->plan->processes.items[i];

		for (size_t k = 0; k < process->mounts.count; k++)
			if (!str_starts(process->mounts.items[k].host, AGENT_DATA "/"))
				label_path(agent, process->mounts.items[k].host, true);
	}
}

void label_swap(struct agent *agent, const char *path)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *name;
	cleanup_fd int parent = disk_open_parent(agent->root_fd, path, &name);

	if (parent >= 0 && selinux_is_on(agent))
		label_entry(scratch, parent, name, SWAP_FILE);
}
