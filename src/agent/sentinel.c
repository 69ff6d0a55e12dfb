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

enum { SENTINEL_VERSION = 1, SENTINEL_MAX_BYTES = 64 * 1024 };

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

/* The sentinel as it is: 0, -ENOENT, or why it cannot be used. */
static int read_sentinel(struct agent *agent, json_t **ret)
{
	cleanup_arena struct arena *scratch = arena_new();
	char *data = NULL;
	size_t len = 0;
	int r = disk_read(scratch, agent->root_fd, SENTINEL, SENTINEL_MAX_BYTES, &data, &len, NULL);

	*ret = NULL;
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be read: %s", SENTINEL, strerror(-r));
	*ret = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_integer_value(json_object_get(*ret, "v")) == SENTINEL_VERSION &&
	    json_is_string(json_object_get(*ret, "domain")) &&
	    json_is_string(json_object_get(*ret, "lineage")))
		return 0;
	json_decref(*ret);
	*ret = NULL;
	return agent_fail(agent, -EPERM, "%s cannot be understood", SENTINEL);
}

/* A secret that was known once stays known, also when a plan does not name it. */
static json_t *permanent_of(const json_t *old, const struct plan *plan)
{
	json_t *permanent = json_deep_copy(json_object_get(old, "permanent"));

	if (permanent == NULL)
		permanent = json_object();
	for (size_t i = 0; i < plan->permanent.count; i++)
		(void)json_object_set_new(permanent, plan->permanent.items[i].name,
		                          json_string(plan->permanent.items[i].value));
	return permanent;
}

int sentinel_write(struct agent *agent, const struct plan *plan)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *old = NULL, *root = NULL, *permanent = NULL;
	const char *text;
	int r = read_sentinel(agent, &old);

	if (r < 0 && r != -ENOENT)
		return r;
	root = json_pack("{s:i,s:s,s:s}", "v", SENTINEL_VERSION, "domain", plan->domain, "lineage",
	                 plan->lineage);
	permanent = permanent_of(old, plan);
	if (json_object_size(permanent) > 0)
		(void)json_object_set(root, "permanent", permanent);
	text = arena_printf(scratch, "%s\n", json_text(scratch, root, JSON_INDENT(1)));
	r = disk_write(agent->root_fd, SENTINEL, NULL, text, strlen(text));
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", SENTINEL, strerror(-r));
	return 0;
}

/* With another one, what is stored could not be read, and would be taken for broken. */
static int check_permanent(struct agent *agent, const json_t *root, const struct plan *plan,
                           bool *ret_write)
{
	const json_t *known = json_object_get(root, "permanent");

	for (size_t i = 0; i < plan->permanent.count; i++) {
		const struct plan_pair *secret = &plan->permanent.items[i];
		const char *old = json_string_value(json_object_get(known, secret->name));

		*ret_write |= old == NULL;
		if (old != NULL && !str_equal(old, secret->value))
			return agent_fail(agent, -EPERM,
			                  "the secret '%s' is not the one that the data here was "
			                  "made with",
			                  secret->name);
	}
	return 0;
}

int sentinel_check(struct agent *agent, const struct plan *plan, bool *ret_write)
{
	cleanup_json json_t *root = NULL;
	const char *domain, *lineage;
	int r = read_sentinel(agent, &root);

	*ret_write = r == -ENOENT && is_fresh(agent);
	if (*ret_write)
		return 0;
	if (r == -ENOENT)
		return agent_fail(agent, -EPERM, "%s holds data, but no sentinel.json says whose",
		                  AGENT_DATA);
	if (r < 0)
		return r;
	domain = json_string_value(json_object_get(root, "domain"));
	lineage = json_string_value(json_object_get(root, "lineage"));
	if (!str_equal(domain, plan->domain))
		return agent_fail(agent, -EPERM, "the data here belongs to %.100s, not to %s",
		                  domain, plan->domain);
	if (!str_equal(lineage, plan->lineage))
		return agent_fail(agent, -EPERM,
		                  "the data here belongs to another node of %s (lineage %.40s)",
		                  domain, lineage);
	return check_permanent(agent, root, plan, ret_write);
}
