#include "agent/units.h"

#include <string.h>

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

/* Blocks of KEY=VALUE lines, an empty line between two units. */
static void parse(struct units *units, char *out)
{
	struct unit *unit = NULL;
	char *rest;

	for (char *line = strtok_r(out, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *value;

		/* systemctl prints Id first, whatever the order asked for. */
		if ((value = value_of(line, "Id")) != NULL) {
			unit = (struct unit *)units_find(units, value);
			continue;
		}
		if (unit == NULL)
			continue;
		if ((value = value_of(line, "ActiveState")) != NULL)
			unit->active = value;
		else if ((value = value_of(line, "SubState")) != NULL)
			unit->sub = value;
		else if ((value = value_of(line, "Job")) != NULL)
			unit->queued = !str_equal(value, "0") && *value != '\0';
	}
}

void units_read(struct arena *arena, const struct strings *names, struct units *ret)
{
	struct strings argv = { 0 };
	struct process_result result;

	*list_add(arena, &argv) = "systemctl";
	*list_add(arena, &argv) = "show";
	*list_add(arena, &argv) = "--property=Id,ActiveState,SubState,Job";
	*list_add(arena, &argv) = "--";
	for (size_t i = 0; i < names->count; i++) {
		*list_add(arena, &argv) = names->items[i];
		*list_add(arena, ret) =
			(struct unit){ names->items[i], "unknown", "unknown", false };
	}
	*list_add(arena, &argv) = NULL;
	if (failpoint_run(arena,
	                  &(struct process_run){ .argv = argv.items, .deadline_ms = SYSTEMCTL_MS },
	                  &result) == 0)
		parse(ret, result.out);
}
