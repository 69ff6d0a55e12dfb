#include "agent/start.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "agent/engine.h"
#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/text.h"

enum { START_MS = 60 * 1000 };

const char start_busy_hint[] = "`stead status` shows it; run the command again when it has ended";

/* Our own path. A newer agent may have taken our place: then it is the one to run. */
static const char *own_path(struct arena *arena)
{
	static const char gone[] = " (deleted)";
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len < 0)
		return "stead-node";
	path[len] = '\0';
	if (str_ends(path, gone))
		path[(size_t)len - strlen(gone)] = '\0';
	return arena_strdup(arena, path);
}

int start_unit(struct agent *agent, const char *const *args)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct strings argv = { 0 };
	struct process_run run = { .deadline_ms = START_MS };
	struct process_result result;
	int r;

	*list_add(scratch, &argv) = "systemd-run";
	*list_add(scratch, &argv) = "--unit=" START_UNIT;
	*list_add(scratch, &argv) = "--description=stead: a change of the node";
	*list_add(scratch, &argv) = "--collect";
	*list_add(scratch, &argv) = "--quiet";
	*list_add(scratch, &argv) = "--service-type=exec";
	*list_add(scratch, &argv) = "--";
	*list_add(scratch, &argv) = own_path(scratch);
	if (*agent->root != '\0') {
		*list_add(scratch, &argv) = "--root";
		*list_add(scratch, &argv) = agent->root;
	}
	*list_add(scratch, &argv) = "apply";
	for (; *args != NULL; args++)
		*list_add(scratch, &argv) = *args;
	*list_add(scratch, &argv) = NULL;
	run.argv = argv.items;
	r = failpoint_run(scratch, &run, &result);
	if (r < 0)
		return agent_fail(agent, r, "systemd-run cannot be run: %s", strerror(-r));
	if (result.exit_code == 0)
		return 0;
	if (strstr(result.err, "already") != NULL)
		return agent_fail(agent, -EBUSY, "another change is under way");
	return agent_fail(agent, -EIO, "systemd-run: %s", engine_last_line(scratch, result.err));
}
