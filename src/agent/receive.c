/*
 * receive: takes a bundle from stdin, keeps it, and says what it would change. Nothing else
 * changes.
 */
#include "agent/agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/answer.h"
#include "agent/changing.h"
#include "agent/disk.h"
#include "agent/effects.h"
#include "agent/run.h"
#include "agent/start.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

enum { READ_BYTES = 256 * 1024, MAX_SHOWN_BYTES = 64 * 1024 };

struct receipt {
	struct agent *agent;
	struct arena *arena;
	const struct bundle *bundle;
	struct change change;
	struct effects effects;
	const char *base;
};

static int read_stdin(struct agent *agent, struct arena *arena, char **ret, size_t *ret_len)
{
	struct text text;
	char *chunk = arena_alloc(arena, READ_BYTES);

	text_init(&text, arena);
	for (;;) {
		ssize_t n = read(STDIN_FILENO, chunk, READ_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return agent_fail(agent, -errno, "stdin: %s", strerror(errno));
		if (n == 0)
			break;
		if (text.len + (size_t)n > BUNDLE_MAX_BYTES)
			return agent_fail(agent, -EFBIG, "the bundle is larger than %d bytes",
			                  BUNDLE_MAX_BYTES);
		text_addn(&text, chunk, (size_t)n);
	}
	*ret = text.data;
	*ret_len = text.len;
	return 0;
}

/* Only this one stays, and that of a change under way has all it needs in its journal. */
static void remove_others(struct agent *agent, const char *keep)
{
	int fd = disk_open_dir(agent->root_fd, CHANGING_INCOMING);
	const struct dirent *entry;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
		    !str_equal(entry->d_name, keep))
			(void)unlinkat(fd, entry->d_name, 0);
	(void)closedir(dir);
}

static int keep(struct receipt *receipt, const char *data, size_t len)
{
	struct agent *agent = receipt->agent;
	const char *name = arena_printf(receipt->arena, "%s.json", receipt->bundle->id);
	const char *path = arena_printf(receipt->arena, "%s/%s", CHANGING_INCOMING, name);
	int r = changing_make_dirs(agent);

	if (r < 0)
		return r;
	remove_others(agent, name);
	r = disk_write(agent->root_fd, path, NULL, data, len);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", path, strerror(-r));
	return 0;
}

/* --- the answer --- */

static json_t *shown(struct arena *arena, const char *data, size_t len)
{
	size_t bad;

	if (len > MAX_SHOWN_BYTES)
		len = MAX_SHOWN_BYTES;
	if (memchr(data, '\0', len) != NULL)
		return json_null();
	/* What was cut in two at the end is left out; what is no text at all is not shown. */
	if (!utf8_valid(data, len, &bad)) {
		if (len - bad > 3)
			return json_null();
		len = bad;
	}
	return json_string(arena_strndup(arena, data, len));
}

static json_t *old_text(const struct receipt *receipt, const struct change_entry *entry)
{
	char *data = NULL, target[PATH_MAX];
	const char *name;
	size_t len = 0;
	ssize_t n;

	if (entry->secret || entry->what == CHANGE_ADDED || entry->kind == CHANGE_DIR)
		return json_null();
	if (disk_read(receipt->arena, receipt->agent->root_fd, entry->path, BUNDLE_MAX_BYTES, &data,
	              &len, NULL) == 0)
		return shown(receipt->arena, data, len);
	cleanup_fd int parent = disk_open_parent(receipt->agent->root_fd, entry->path, &name);
	n = parent < 0 ? -1 : readlinkat(parent, name, target, sizeof(target));
	return n < 0 ? json_null() : shown(receipt->arena, target, (size_t)n);
}

static json_t *new_text(const struct receipt *receipt, const struct change_entry *entry)
{
	const struct bundle_file *file;

	if (entry->secret || entry->what == CHANGE_REMOVED || entry->kind == CHANGE_DIR)
		return json_null();
	if (entry->kind == CHANGE_LINK)
		return shown(receipt->arena, entry->target, strlen(entry->target));
	file = bundle_find(receipt->bundle, entry->path);
	return shown(receipt->arena, file->data, file->len);
}

static json_t *changes_json(const struct receipt *receipt)
{
	json_t *array = json_array();

	for (size_t i = 0; i < receipt->change.count; i++) {
		const struct change_entry *entry = &receipt->change.items[i];

		json_array_append_new(array,
		                      json_pack("{s:s,s:s,s:b,s:o,s:o}", "path", entry->path,
		                                "what", change_what_words[entry->what], "secret",
		                                entry->secret, "old", old_text(receipt, entry),
		                                "new", new_text(receipt, entry)));
	}
	return array;
}

static void add_processes(const struct receipt *receipt, const struct plan *plan,
                          const struct plan *except, json_t *array)
{
	for (size_t i = 0; plan != NULL && i < plan->processes.count; i++) {
		const char *name = plan->processes.items[i].name;
		const char *what = effects_on(&receipt->effects, receipt->agent->plan,
		                              receipt->bundle->plan, name);

		if (what != NULL && (except == NULL || plan_process_find(except, name) == NULL))
			json_array_append_new(array,
			                      json_pack("{s:s,s:s}", "name", name, "what", what));
	}
}

static json_t *texts_json(const struct strings *texts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < texts->count; i++)
		json_array_append_new(array, json_string(texts->items[i]));
	return array;
}

static int print_receipt(const struct receipt *receipt)
{
	const struct effects *effects = &receipt->effects;
	json_t *processes = json_array();
	cleanup_json json_t *root = NULL;
	struct strings restarts = { 0 };

	add_processes(receipt, receipt->bundle->plan, NULL, processes);
	add_processes(receipt, receipt->agent->plan, receipt->bundle->plan, processes);
	if (effects->firewall)
		*list_add(receipt->arena, &restarts) = "stead-firewall.service";
	for (size_t i = 0; i < effects->restarts.count; i++)
		*list_add(receipt->arena, &restarts) = effects->restarts.items[i];
	root = json_pack("{s:i,s:s,s:s,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o}", "v", 1, "id",
	                 receipt->bundle->id, "base", receipt->base, "first",
	                 receipt->agent->plan == NULL, "same", receipt->change.count == 0,
	                 "changes", changes_json(receipt), "processes", processes, "networks",
	                 texts_json(&effects->networks), "restarts", texts_json(&restarts), "stops",
	                 texts_json(&effects->stops), "images", texts_json(&effects->images));
	(void)printf("%s\n", json_text(receipt->arena, root, JSON_COMPACT));
	return AGENT_OK;
}

/* --- the verb --- */

static int compare(struct receipt *receipt)
{
	struct agent *agent = receipt->agent;
	int r = run_check_owner(agent, receipt->bundle->plan);

	if (r < 0)
		return answer_error(agent,
		                    "the data of a node is given up with `stead destroy`, on "
		                    "the computer that made it");
	r = change_compute(agent, receipt->arena, agent->plan, receipt->bundle, &receipt->change);
	if (r == -EEXIST)
		return answer_error(agent, "move it away, and run the command again");
	if (r < 0)
		return answer_error(agent, NULL);
	effects_of(receipt->arena, agent->plan, receipt->bundle->plan, &receipt->change, false,
	           &receipt->effects);
	receipt->base = changing_current(agent, receipt->arena);
	return AGENT_OK;
}

/* One that was cut short goes on by itself, and must end before the next is compared with it. */
static int check_idle(struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct changing changing;
	int r;

	r = agent_make_run(agent);
	if (r == 0)
		r = changing_lock(agent);
	if (r < 0)
		return answer_error(agent, r == -EWOULDBLOCK ? start_busy_hint : NULL);
	(void)close(r);
	r = changing_read(agent, scratch, &changing);
	if (r == -ENOENT)
		return AGENT_OK;
	if (r < 0)
		return answer_error(agent, NULL);
	(void)start_unit(agent, (const char *const[]){ "--continue", NULL });
	(void)agent_fail(agent, -EWOULDBLOCK,
	                 "a change of %.40s was cut short and is being finished now", changing.at);
	return answer_error(agent, start_busy_hint);
}

int agent_receive(struct agent *agent, char *const *args)
{
	cleanup_arena struct arena *arena = arena_new_secret();
	struct receipt receipt = { .agent = agent, .arena = arena };
	const char *error = NULL;
	char *data = NULL;
	size_t len = 0;
	int status;

	(void)args;
	if (read_stdin(agent, arena, &data, &len) < 0)
		return answer_error(agent, NULL);
	receipt.bundle = bundle_read(arena, data, len, &error);
	if (receipt.bundle == NULL) {
		(void)agent_fail(agent, -EINVAL, "what was sent cannot be used: %.300s", error);
		return answer_error(agent, "this agent is stead " STEAD_VERSION);
	}
	status = check_idle(agent);
	if (status == AGENT_OK)
		status = compare(&receipt);
	if (status != AGENT_OK)
		return status;
	if (keep(&receipt, data, len) < 0)
		return answer_error(agent, "nothing was changed");
	return print_receipt(&receipt);
}
