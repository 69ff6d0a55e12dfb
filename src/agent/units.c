#include "agent/units.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "agent/engine.h"
#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/text.h"

enum { SYSTEMCTL_MS = 30 * 1000 };

const struct unit *units_find(const struct units *units, const char *name)
{
	for (size_t i = 0; i < units->count; i++)
		if (str_equal(units->items[i].name, name))
			return &units->items[i];
	return NULL;
}

static const char *value_of(const char *line, const char *key)
{
	return str_starts(line, key) && line[strlen(key)] == '=' ? line + strlen(key) + 1 : NULL;
}

static unsigned number_of(const char *value)
{
	long number;

	return str_to_long(value, &number) && number > 0 && number < INT_MAX ? (unsigned)number : 0;
}

static void keep(struct units *units, const struct unit *read)
{
	struct unit *unit = (struct unit *)units_find(units, read->name);

	if (unit == NULL)
		return;
	unit->active = read->active != NULL ? read->active : unit->active;
	unit->sub = read->sub != NULL ? read->sub : unit->sub;
	unit->queued = read->queued;
	unit->restarts = read->restarts;
}

/* Blocks of KEY=VALUE lines in any order, an empty line between two units. */
static void parse(struct units *units, char *out)
{
	struct unit unit = { 0 };

	for (char *line = out; line != NULL;) {
		char *end = strchr(line, '\n');
		const char *value;

		if (end != NULL)
			*end = '\0';
		if (*line == '\0') {
			keep(units, &unit);
			unit = (struct unit){ 0 };
		} else if ((value = value_of(line, "Id")) != NULL) {
			unit.name = value;
		} else if ((value = value_of(line, "ActiveState")) != NULL) {
			unit.active = value;
		} else if ((value = value_of(line, "SubState")) != NULL) {
			unit.sub = value;
		} else if ((value = value_of(line, "Job")) != NULL) {
			unit.queued = !str_equal(value, "0") && *value != '\0';
		} else if ((value = value_of(line, "NRestarts")) != NULL) {
			unit.restarts = number_of(value);
		}
		line = end != NULL ? end + 1 : NULL;
	}
	keep(units, &unit);
}

void units_read(struct arena *arena, const struct strings *names, struct units *ret)
{
	struct strings argv = { 0 };
	struct process_result result;

	*list_add(arena, &argv) = "systemctl";
	*list_add(arena, &argv) = "show";
	*list_add(arena, &argv) = "--property=Id,ActiveState,SubState,Job,NRestarts";
	*list_add(arena, &argv) = "--";
	for (size_t i = 0; i < names->count; i++) {
		*list_add(arena, &argv) = names->items[i];
		*list_add(arena, ret) =
			(struct unit){ names->items[i], "unknown", "unknown", false, 0 };
	}
	*list_add(arena, &argv) = NULL;
	if (failpoint_run(arena,
	                  &(struct process_run){ .argv = argv.items, .deadline_ms = SYSTEMCTL_MS },
	                  &result) == 0)
		parse(ret, result.out);
}

/* Behind the reason systemctl says where to read more: "See system logs and …". */
static const char *without_advice(struct arena *arena, const char *err)
{
	const char *advice = strstr(err, "\nSee ");

	return advice != NULL ? arena_strndup(arena, err, (size_t)(advice - err)) : err;
}

int units_command(struct agent *agent, const char *const *words, const struct strings *units,
                  unsigned deadline_s)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct process_run run = { .deadline_ms = deadline_s * 1000 };
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	*list_add(scratch, &argv) = "systemctl";
	for (size_t i = 0; words[i] != NULL; i++)
		*list_add(scratch, &argv) = words[i];
	if (units != NULL)
		*list_add(scratch, &argv) = "--";
	for (size_t i = 0; units != NULL && i < units->count; i++)
		*list_add(scratch, &argv) = units->items[i];
	*list_add(scratch, &argv) = NULL;
	run.argv = argv.items;
	r = failpoint_run(scratch, &run, &result);
	if (r < 0)
		return agent_fail(agent, r, "systemctl cannot be run: %s", strerror(-r));
	if (result.timed_out)
		return agent_fail(agent, -ETIMEDOUT, "systemctl %s took more than %u s", words[0],
		                  deadline_s);
	if (result.exit_code != 0)
		return agent_fail(agent, -EIO, "systemctl %s: %s", words[0],
		                  engine_last_line(scratch, without_advice(scratch, result.err)));
	return 0;
}

int units_command_one(struct agent *agent, const char *const *words, const char *unit,
                      unsigned deadline_s)
{
	const struct strings units = { .items = &unit, .count = 1 };

	return units_command(agent, words, &units, deadline_s);
}
