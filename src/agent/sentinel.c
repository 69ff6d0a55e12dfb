#include "agent/sentinel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

#define SENTINEL AGENT_DATA "/sentinel.json"

enum { SENTINEL_VERSION = 1, SENTINEL_MAX_BYTES = 4096 };

/* What `receive` and `apply` keep there is no data of a node: they come before its first start. */
static bool has_only_changes(int data_fd)
{
	int fd = openat(data_fd, "state", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *entry;
	bool only = true;
	DIR *dir;

	if (fd < 0)
		return errno == ENOENT;
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return false;
	}
	while (only && (entry = readdir(dir)) != NULL)
		only = str_equal(entry->d_name, ".") || str_equal(entry->d_name, "..") ||
		       str_equal(entry->d_name, "apply");
	(void)closedir(dir);
	return only;
}

/* True when the data directory holds nothing of a node. */
static bool is_fresh(const struct agent *agent)
{
	cleanup_fd int data = disk_open_dir(agent->root_fd, AGENT_DATA);

	if (data < 0)
		return data == -ENOENT;
	return faccessat(data, "data", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && has_only_changes(data);
}

int sentinel_write(struct agent *agent, const struct plan *plan)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = json_pack("{s:i,s:s,s:s}", "v", SENTINEL_VERSION, "domain",
	                                      plan->domain, "lineage", plan->lineage);
	const char *text = arena_printf(scratch, "%s\n", json_text(scratch, root, JSON_INDENT(1)));
	int r = disk_write(agent->root_fd, SENTINEL, NULL, text, strlen(text));

	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", SENTINEL, strerror(-r));
	return 0;
}

int sentinel_check(struct agent *agent, const struct plan *plan, bool *ret_fresh)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = NULL;
	const char *domain, *lineage;
	char *data = NULL;
	size_t len = 0;
	int r = disk_read(scratch, agent->root_fd, SENTINEL, SENTINEL_MAX_BYTES, &data, &len, NULL);

	*ret_fresh = r == -ENOENT && is_fresh(agent);
	if (*ret_fresh)
		return 0;
	if (r == -ENOENT)
		return agent_fail(agent, -EPERM, "%s holds data, but no sentinel.json says whose",
		                  AGENT_DATA);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be read: %s", SENTINEL, strerror(-r));
	root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	domain = json_string_value(json_object_get(root, "domain"));
	lineage = json_string_value(json_object_get(root, "lineage"));
	if (json_integer_value(json_object_get(root, "v")) != SENTINEL_VERSION || domain == NULL ||
	    lineage == NULL)
		return agent_fail(agent, -EPERM, "%s cannot be understood", SENTINEL);
	if (!str_equal(domain, plan->domain))
		return agent_fail(agent, -EPERM, "the data here belongs to %.100s, not to %s",
		                  domain, plan->domain);
	if (!str_equal(lineage, plan->lineage))
		return agent_fail(agent, -EPERM,
		                  "the data here belongs to another node of %s (lineage %.40s)",
		                  domain, lineage);
	return 0;
}
