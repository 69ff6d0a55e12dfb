#include "agent/room.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/file.h"

/* A segment of PostgreSQL's log: without room for one, it does not even start. */
#define LEAST_BYTES (16LL << 20)

int room_look(struct agent *agent, struct room *ret)
{
	cleanup_fd int fd = disk_open_dir(agent->root_fd, agent_below_root(AGENT_DATA));
	struct statvfs disk;
	int r = fd < 0 ? fd : fstatvfs(fd, &disk) < 0 ? -errno : 0;

	if (r < 0)
		return agent_fail(agent, r, "%s: %s", AGENT_DATA, strerror(-r));
	*ret = (struct room){
		.size = (long long)disk.f_blocks * (long long)disk.f_frsize,
		.used = (long long)(disk.f_blocks - disk.f_bfree) * (long long)disk.f_frsize,
		.free = (long long)disk.f_bavail * (long long)disk.f_frsize,
	};
	return 0;
}

bool room_is_full(const struct room *room)
{
	return room->free < LEAST_BYTES;
}

const char *room_amount(struct arena *arena, long long bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	return arena_printf(arena, value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
