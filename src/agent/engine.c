#include "agent/engine.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { MAX_LINE = 200 };

const struct engine *const engines[] = { &engine_podman, &engine_docker, NULL };

const struct engine *engine_find(const char *name)
{
	for (size_t i = 0; engines[i] != NULL; i++)
		if (str_equal(engines[i]->name, name))
			return engines[i];
	return NULL;
}

const char *engine_container(struct arena *arena, const struct plan_process *process)
{
	return arena_printf(arena, "stead-%s", process->name);
}

const char *engine_last_line(struct arena *arena, const char *output)
{
	size_t end = strlen(output), start;
	char *line;

	while (end > 0 && (unsigned char)output[end - 1] <= ' ')
		end--;
	start = end;
	while (start > 0 && output[start - 1] != '\n')
		start--;
	/* The beginning says who failed, the end why. */
	if (end - start > MAX_LINE)
		line = arena_printf(arena, "%.*s … %.*s", MAX_LINE / 2, output + start,
		                    MAX_LINE / 2, output + end - MAX_LINE / 2);
	else
		line = arena_strndup(arena, output + start, end - start);
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	/* A character cut in two would make the JSON around it unreadable. */
	size_t bad;
	while (!utf8_valid(line, strlen(line), &bad))
		line[bad] = '?';
	return line;
}
