#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/failpoint.h"
#include "agent/notify.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { LOCK_POLL_MS = 500, PAUSE_MIN_MS = 2000, PAUSE_MAX_MS = 60000 };

int agent_fail(struct agent *agent, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(agent->why, sizeof(agent->why), format, args);
	va_end(args);
	return error;
}

void agent_log(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	(void)fprintf(stderr, "stead-node: %s\n", line);
}

const char *agent_host_path(const struct agent *agent, struct arena *arena, const char *path)
{
	return arena_printf(arena, "%s%s", agent->root, path);
}

static void hash(const char *data, size_t len, char ret[static 65])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, (const unsigned char *)data, len);
	(void)sodium_bin2hex(ret, 65, digest, sizeof(digest));
}

int agent_open(struct agent *agent)
{
	const char *root = *agent->root != '\0' ? agent->root : "/";

	agent->lock_fd = -1;
	agent->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (agent->root_fd < 0)
		return agent_fail(agent, -errno, "%s: %s", root, strerror(errno));
	return 0;
}

static int read_plan(struct agent *agent)
{
	const char *error = NULL;
	char *data = NULL;
	size_t len = 0;
	int r;

	/* Before it is read: one that changes meanwhile has changed. */
	agent->plan_file = (struct stat){ 0 };
	(void)fstatat(agent->root_fd, agent_below_root(agent->plan_path), &agent->plan_file, 0);
	r = file_read(agent->arena, agent->root_fd, agent_below_root(agent->plan_path),
	              PLAN_MAX_BYTES, &data, &len);
	if (r < 0)
		return agent_fail(agent, r, "the plan %s cannot be read: %s", agent->plan_path,
		                  strerror(-r));
	agent->plan = plan_read(agent->arena, data, len, &error);
	if (agent->plan == NULL)
		return agent_fail(agent, -EINVAL, "the plan %s cannot be used: %s",
		                  agent->plan_path, error);
	hash(data, len, agent->plan_sha256);
	agent->engine = engine_find(agent->plan->engine);
	if (agent->engine == NULL)
		return agent_fail(agent, -EINVAL, "the engine %s is not known here",
		                  agent->plan->engine);
	return 0;
}

int agent_read_plan(struct agent *agent)
{
	agent->plan_error = read_plan(agent);
	if (agent->plan_error < 0)
		agent->plan = NULL;
	return agent->plan_error;
}

bool agent_plan_has_changed(const struct agent *agent)
{
	const struct stat *read = &agent->plan_file;
	struct stat st;

	return fstatat(agent->root_fd, agent_below_root(agent->plan_path), &st, 0) < 0 ||
	       st.st_ino != read->st_ino || st.st_mtim.tv_sec != read->st_mtim.tv_sec ||
	       st.st_mtim.tv_nsec != read->st_mtim.tv_nsec;
}

bool agent_in_maintenance(const struct agent *agent)
{
	return faccessat(agent->root_fd, agent_below_root(AGENT_MAINTENANCE), F_OK,
	                 AT_SYMLINK_NOFOLLOW) == 0;
}

int agent_make_run(struct agent *agent)
{
	static const char folder[] = AGENT_PAGE "/.well-known/stead";
	int r = dir_make(agent->root_fd, agent_below_root(folder), 0755);

	if (r < 0)
		return agent_fail(agent, r, "%s cannot be made: %s", folder, strerror(-r));
	return 0;
}

int agent_lock(struct agent *agent)
{
	bool told = false;

	agent->lock_fd = openat(agent->root_fd, agent_below_root(AGENT_RUN "/lock"),
	                        O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (agent->lock_fd < 0)
		return agent_fail(agent, -errno, "%s/lock: %s", AGENT_RUN, strerror(errno));
	while (flock(agent->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return agent_fail(agent, -errno, "%s/lock: %s", AGENT_RUN, strerror(errno));
		if (!told)
			agent_log("waiting for another stead-node to end");
		told = true;
		notify_status("waiting for another stead-node to end");
		clock_sleep_ms(failpoint_pause_ms(LOCK_POLL_MS));
	}
	return 0;
}

static const char *stamp_path(struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/%s.done", AGENT_RUN, name);
}

int agent_stamp(struct agent *agent, const char *name)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = stamp_path(scratch, name);
	int r = disk_write_volatile(agent->root_fd, path, 0644,
	                            arena_printf(scratch, "%s\n", agent->plan_sha256), 65);

	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", path, strerror(-r));
	return 0;
}

void agent_unstamp(struct agent *agent, const char *name)
{
	cleanup_arena struct arena *scratch = arena_new();

	(void)unlinkat(agent->root_fd, agent_below_root(stamp_path(scratch, name)), 0);
}

bool agent_is_stamped(const struct agent *agent, const char *name)
{
	cleanup_arena struct arena *scratch = arena_new();
	char *data = NULL;
	size_t len = 0;

	return disk_read(scratch, agent->root_fd, stamp_path(scratch, name), 100, &data, &len,
	                 NULL) == 0 &&
	       len == 65 && memcmp(data, agent->plan_sha256, 64) == 0;
}

void agent_pause(unsigned attempt)
{
	unsigned ms = PAUSE_MIN_MS;

	while (attempt-- > 1 && ms < PAUSE_MAX_MS)
		ms *= 2;
	clock_sleep_ms(failpoint_pause_ms(ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS));
}

const char *agent_secret_path(struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/%s", AGENT_SECRETS, name);
}
