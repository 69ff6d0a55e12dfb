#include "agent/merge.h"

#include <errno.h>
#include <string.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/text.h"

enum { MAX_BYTES = 1024 * 1024, MAX_DEPTH = 200 };

json_t *merge_patch(json_t *target, const json_t *patch)
{
	json_t *result, *value;
	const char *key;

	if (!json_is_object(patch))
		return json_deep_copy(patch);
	result = json_is_object(target) ? json_incref(target) : json_object();
	json_object_foreach((json_t *)patch, key, value)
	{
		if (json_is_null(value))
			(void)json_object_del(result, key);
		else
			json_object_set_new(result, key,
			                    merge_patch(json_object_get(result, key), value));
	}
	return result;
}

const char *merge_host_path(struct arena *arena, const struct plan_process *process,
                            const char *path)
{
	const struct plan_mount *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct plan_mount *mount = &process->mounts.items[i];
		size_t len = strlen(mount->target);

		if (str_starts(path, mount->target) && path[len] == '/' && len > best_len) {
			best = mount;
			best_len = len;
		}
	}
	if (best == NULL || best->read_only)
		return NULL;
	return arena_printf(arena, "%s%s", best->host, path + best_len);
}

int merge_apply(struct agent *agent, struct arena *arena, const struct plan_process *process,
                const struct plan_step *step)
{
	const char *path = merge_host_path(arena, process, step->merge_file), *text;
	cleanup_json json_t *before = NULL, *values = NULL, *after = NULL;
	struct disk_owner owner;
	json_error_t error;
	struct stat st;
	char *data = NULL;
	size_t len = 0;
	int r;

	if (path == NULL)
		return agent_fail(agent, -EINVAL, "%s lies in no volume that can be written",
		                  step->merge_file);
	r = disk_read(arena, agent->root_fd, path, MAX_BYTES, &data, &len, &st);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be read: %s", path,
		                  r == -ELOOP ? "a symbolic link is in the way" : strerror(-r));
	before = json_loadb(data, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (before == NULL)
		return agent_fail(agent, -EINVAL, "%s is not JSON: line %d", path, error.line);
	if (json_depth(before) > MAX_DEPTH)
		return agent_fail(agent, -EINVAL, "%s is nested too deeply", path);
	values = json_loads(step->merge_values, 0, NULL);
	after = json_deep_copy(before);
	json_t *merged = merge_patch(after, values);
	json_decref(after);
	after = merged;
	if (json_equal(before, after))
		return 0;
	text = arena_printf(arena, "%s\n", json_text(arena, after, JSON_INDENT(4)));
	owner = (struct disk_owner){ st.st_uid, st.st_gid, st.st_mode & 0777 };
	r = disk_write(agent->root_fd, path, &owner, text, strlen(text));
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", path, strerror(-r));
	return 0;
}
