#include "agent/health.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/http.h"
#include "base/arena.h"
#include "base/file.h"

enum {
	PROBE_MS = 5000,
	EXEC_S = 20,
	PAUSE_MIN_MS = 500,
	PAUSE_MAX_MS = 2000,
	STATUS_OK = 200,
	ASK_AGAIN = 5, /* probes until the engine is asked again for the address */
};

#define HEALTHY_DIR AGENT_RUN "/healthy"

static const char *marker_path(struct arena *arena, const struct plan_process *process)
{
	return arena_printf(arena, "%s/%s", HEALTHY_DIR, process->name);
}

int health_note(struct agent *agent, const struct health *health)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = marker_path(scratch, health->process);
	const char *line = arena_printf(scratch, "%s\n", health->address);
	int r = dir_make(agent->root_fd, agent_below_root(HEALTHY_DIR), 0755);

	if (r == 0)
		r = disk_write_volatile(agent->root_fd, path, 0644, line, strlen(line));
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", path, strerror(-r));
	return 0;
}

void health_forget(struct agent *agent, const struct plan_process *process)
{
	cleanup_arena struct arena *scratch = arena_new();

	(void)unlinkat(agent->root_fd, agent_below_root(marker_path(scratch, process)), 0);
}

static bool probe_at(struct agent *agent, const struct plan_process *process, const char *address)
{
	unsigned wanted = process->health_status != 0 ? process->health_status : STATUS_OK;
	unsigned status = 0;
	int r;

	if (process->health == PLAN_HEALTH_TCP)
		r = http_connect(address, process->health_port, PROBE_MS);
	else
		r = http_status(address, process->health_port, agent->plan->web,
		                process->health_path, PROBE_MS, &status);
	if (r < 0)
		(void)agent_fail(agent, r, "%s does not answer at port %u: %s", process->name,
		                 process->health_port, r == -EPROTO ? "not HTTP" : strerror(-r));
	else if (process->health == PLAN_HEALTH_HTTP && status != wanted)
		r = agent_fail(agent, -EPROTO, "%s answers %u at %s, not %u", process->name, status,
		               process->health_path, wanted);
	return r == 0;
}

static bool is_network(const struct plan_process *process)
{
	return process->health == PLAN_HEALTH_HTTP || process->health == PLAN_HEALTH_TCP;
}

static bool probe_network(struct agent *agent, struct health *health)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *address;

	if (health->address[0] == '\0' || health->probes % ASK_AGAIN == 0) {
		int r = agent->engine->address_of(agent, scratch, health->process, &address);

		health->ended = r == -ESRCH || (r == -ENOENT && health->ran);
		health->comes = r == -EAGAIN || r == -ETIMEDOUT;
		if (r < 0)
			return false;
		health->ran = true;
		(void)snprintf(health->address, sizeof(health->address), "%s", address);
	}
	return probe_at(agent, health->process, health->address);
}

static bool probe_exec(struct agent *agent, const struct plan_process *process)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct process_result result;

	if (agent->engine->exec(agent, scratch, process, &process->health_exec, NULL, EXEC_S,
	                        &result) < 0)
		return false;
	if (result.timed_out)
		(void)agent_fail(agent, -ETIMEDOUT, "the test of %s takes too long", process->name);
	else if (result.exit_code != 0)
		(void)agent_fail(agent, -EIO, "the test of %s exits with %d", process->name,
		                 result.exit_code);
	return !result.timed_out && result.exit_code == 0;
}

static bool probe_running(struct agent *agent, struct health *health)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *name = health->process->name;
	enum engine_state state = ENGINE_ABSENT;

	int r = agent->engine->state_of(agent, scratch, health->process, &state);

	health->comes = r == -ETIMEDOUT || (r == 0 && state == ENGINE_CREATED);
	if (r < 0)
		return false;
	health->ended = state == ENGINE_ENDED || (state == ENGINE_ABSENT && health->ran);
	health->ran |= state == ENGINE_RUNNING;
	if (health->ended)
		(void)agent_fail(agent, -ESRCH, "the container of %s has ended", name);
	else if (state != ENGINE_RUNNING)
		(void)agent_fail(agent, -ENOENT, "the container of %s does not run yet", name);
	return state == ENGINE_RUNNING;
}

/* The engine is asked first only now and then. */
static bool probe_by_exec(struct agent *agent, struct health *health)
{
	if ((!health->ran || health->probes % ASK_AGAIN == 0) && !probe_running(agent, health))
		return false;
	return probe_exec(agent, health->process);
}

bool health_probe(struct agent *agent, struct health *health)
{
	bool healthy;

	if (is_network(health->process))
		healthy = probe_network(agent, health);
	else if (health->process->health == PLAN_HEALTH_EXEC)
		healthy = probe_by_exec(agent, health);
	else
		healthy = probe_running(agent, health);
	health->probes++;
	return healthy;
}

bool health_known(struct agent *agent, const struct plan_process *process)
{
	cleanup_arena struct arena *scratch = arena_new();
	char *address = NULL;
	size_t len = 0;

	if (disk_read(scratch, agent->root_fd, marker_path(scratch, process), 100, &address, &len,
	              NULL) < 0) {
		(void)agent_fail(agent, -ENOENT, "%s has not come up yet", process->name);
		return false;
	}
	address[strcspn(address, "\n")] = '\0';
	return !is_network(process) || probe_at(agent, process, address);
}

unsigned health_pause_ms(unsigned probes)
{
	unsigned ms = PAUSE_MIN_MS + probes * (PAUSE_MIN_MS / 2);

	return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}
