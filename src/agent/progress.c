#include "agent/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "agent/disk.h"
#include "agent/notify.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define PROGRESS_FILE AGENT_RUN "/progress.json"
#define PROGRESS_LOCK AGENT_RUN "/progress.lock"

enum { MAX_BYTES = 1024 * 1024 };

static const char *const state_words[] = { "running", "done", "waiting", "failed" };

static json_int_t boot_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

json_t *progress_read(const struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = NULL;
	json_t *steps;
	char *data = NULL;
	size_t len = 0;

	if (disk_read(scratch, agent->root_fd, PROGRESS_FILE, MAX_BYTES, &data, &len, NULL) == 0)
		root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	steps = json_object_get(root, "steps");
	return json_is_array(steps) ? json_incref(steps) : json_array();
}

/* The step NAME, made when it is not there. Borrowed. */
static json_t *find(json_t *steps, const char *name)
{
	json_t *step;
	size_t i;

	json_array_foreach(steps, i,
	                   step) if (str_equal(json_string_value(json_object_get(step, "name")),
	                                       name)) return step;
	step = json_pack("{s:s,s:s,s:i,s:n,s:n,s:n,s:n,s:n}", "name", name, "state", "done",
	                 "attempt", 0, "started", "ended", "started_ms", "ended_ms", "note");
	json_array_append_new(steps, step);
	return step;
}

static void change(json_t *step, bool begin, enum progress_state state, const char *note)
{
	cleanup_arena struct arena *scratch = arena_new();
	bool was_done = str_equal(json_string_value(json_object_get(step, "state")), "done");
	bool ended = state == PROGRESS_DONE || state == PROGRESS_FAILED;
	json_int_t attempt = json_integer_value(json_object_get(step, "attempt"));
	const char *now = clock_now_utc(scratch);

	/* Found done again: it took the time it took then. */
	if (!begin && was_done && state == PROGRESS_DONE)
		return;
	if (begin) {
		json_object_set_new(step, "attempt", json_integer(was_done ? 1 : attempt + 1));
		if (was_done || attempt == 0) {
			json_object_set_new(step, "started", json_string(now));
			json_object_set_new(step, "started_ms", json_integer(boot_ms()));
		}
	}
	json_object_set_new(step, "state", json_string(state_words[state]));
	json_object_set_new(step, "ended", ended ? json_string(now) : json_null());
	json_object_set_new(step, "ended_ms", ended ? json_integer(boot_ms()) : json_null());
	/* A new try keeps why the last one failed, so that who looks now still sees a reason. */
	if (!begin || was_done)
		json_object_set_new(step, "note", note != NULL ? json_string(note) : json_null());
}

static void forget_attempts(json_t *steps)
{
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		if (!str_equal(json_string_value(json_object_get(step, "state")), "done"))
			json_object_set_new(step, "attempt", json_integer(0));
	}
}

/* NAME NULL: the attempts of all are forgotten. */
static int update(struct agent *agent, const char *name, bool begin, enum progress_state state,
                  const char *note)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_fd int lock = openat(agent->root_fd, agent_below_root(PROGRESS_LOCK),
	                             O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	cleanup_json json_t *steps = NULL, *root = NULL;
	const char *text;

	if (lock < 0)
		return -errno;
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	steps = progress_read(agent);
	if (name == NULL)
		forget_attempts(steps);
	else
		change(find(steps, name), begin, state, note);
	root = json_pack("{s:i,s:O}", "v", 1, "steps", steps);
	text = arena_printf(scratch, "%s\n", json_text(scratch, root, JSON_INDENT(1)));
	return disk_write_volatile(agent->root_fd, PROGRESS_FILE, 0600, text, strlen(text));
}

static void update_or_log(struct agent *agent, const char *name, bool begin,
                          enum progress_state state, const char *note)
{
	int r = update(agent, name, begin, state, note);

	if (r < 0)
		agent_log("%s cannot be written: %s", PROGRESS_FILE, strerror(-r));
}

void progress_begin(struct agent *agent, const char *name)
{
	update_or_log(agent, name, true, PROGRESS_RUNNING, NULL);
	notify_status(name);
}

void progress_set(struct agent *agent, const char *name, enum progress_state state,
                  const char *note)
{
	update_or_log(agent, name, false, state, note);
}

void progress_anew(struct agent *agent)
{
	update_or_log(agent, NULL, false, PROGRESS_WAITING, NULL);
}

void progress_tell(struct agent *agent, const char *name, enum progress_state state,
                   const char *note)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *line = note != NULL ? arena_printf(scratch, "%s: %s", name, note) : name;

	progress_set(agent, name, state, note);
	agent_log("%s", line);
	notify_status(line);
}
