#include "agent/mask.h"

#include <errno.h>
#include <string.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/text.h"

enum {
	MAX_BYTES = 1024 * 1024,
	SHORTEST = 4, /* a value shorter than this is no secret, and would blot out half the line */
};

static const char *mask_value(struct arena *arena, const char *line, const char *value, size_t len)
{
	struct text text;
	const char *at;

	if (len < SHORTEST || memmem(line, strlen(line), value, len) == NULL)
		return line;
	text_init(&text, arena);
	while ((at = memmem(line, strlen(line), value, len)) != NULL) {
		text_addn(&text, line, (size_t)(at - line));
		text_add(&text, "***");
		line = at + len;
	}
	text_add(&text, line);
	return text.data;
}

/* NAME=VALUE lines, as podman reads them: a value is all behind the first "=". */
static const char *mask_env(struct arena *arena, const char *line, const char *env)
{
	while (*env != '\0') {
		size_t len = strcspn(env, "\n");
		const char *equals = memchr(env, '=', len);

		if (equals != NULL) {
			const char *value = equals + 1;
			size_t value_len = len - (size_t)(value - env);

			if (value_len >= 2 && *value == '"' && value[value_len - 1] == '"') {
				value++;
				value_len -= 2;
			}
			line = mask_value(arena, line, value, value_len);
		}
		env += len + (env[len] == '\n');
	}
	return line;
}

static const char *mask_captured(struct agent *agent, struct arena *arena, const char *line)
{
	for (size_t i = 0; i < agent->plan->jobs.count; i++) {
		const struct plan_job *job = &agent->plan->jobs.items[i];

		for (size_t k = 0; k < job->steps.count; k++) {
			const char *name = job->steps.items[k].capture_secret;
			char *value = NULL;
			size_t len = 0;

			if (name != NULL &&
			    disk_read(arena, agent->root_fd, agent_secret_path(arena, name),
			              MAX_BYTES, &value, &len, NULL) == 0)
				line = mask_value(arena, line, value, len);
		}
	}
	return line;
}

const char *mask_text(struct agent *agent, struct arena *arena, const struct plan_process *process,
                      const char *line)
{
	for (size_t i = 0; i < process->env_files.count; i++) {
		char *env = NULL;
		size_t len = 0;
		int r = disk_read(arena, agent->root_fd, process->env_files.items[i], MAX_BYTES,
		                  &env, &len, NULL);

		if (r < 0 && r != -ENOENT)
			return "(not shown)";
		if (r == 0)
			line = mask_env(arena, line, env);
	}
	return mask_captured(agent, arena, line);
}
