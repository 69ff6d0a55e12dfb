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
#include "agent/run.h"
#include "agent/start.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/difference.h"
#include "plan/json.h"

enum { READ_BYTES = 256 * 1024 };

struct receipt {
	struct agent *agent;
	struct arena *arena;
	const struct bundle *bundle;
	struct change change;
	struct difference difference;
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

static const char *old_text(const struct receipt *receipt, const struct change_entry *entry)
{
	char *data = NULL, target[PATH_MAX];
	const char *name;
	size_t len = 0;
	ssize_t n;

	if (entry->secret || entry->what == CHANGE_ADDED || entry->kind == CHANGE_DIR)
		return NULL;
	if (disk_read(receipt->arena, receipt->agent->root_fd, entry->path, BUNDLE_MAX_BYTES, &data,
	              &len, NULL) == 0)
		return difference_text_of(receipt->arena, data, len);
	cleanup_fd int parent = disk_open_parent(receipt->agent->root_fd, entry->path, &name);
	n = parent < 0 ? -1 : readlinkat(parent, name, target, sizeof(target));
	return n < 0 ? NULL : difference_text_of(receipt->arena, target, (size_t)n);
}

static const char *new_text(const struct receipt *receipt, const struct change_entry *entry)
{
	const struct bundle_file *file;

	if (entry->secret || entry->what == CHANGE_REMOVED || entry->kind == CHANGE_DIR)
		return NULL;
	if (entry->kind == CHANGE_LINK)
		return difference_text_of(receipt->arena, entry->target, strlen(entry->target));
	file = bundle_find(receipt->bundle, entry->path);
	return difference_text_of(receipt->arena, file->data, file->len);
}

static int print_receipt(struct receipt *receipt)
{
	struct difference *difference = &receipt->difference;
	cleanup_json json_t *root = NULL;

	for (size_t i = 0; i < receipt->change.count; i++) {
		difference->files.items[i].old = old_text(receipt, &receipt->change.items[i]);
		difference->files.items[i].new = new_text(receipt, &receipt->change.items[i]);
	}
	root = difference_json(difference);
	(void)printf("%s\n", json_text(receipt->arena, root, JSON_COMPACT));
	return AGENT_OK;
}

/* --- the verb --- */

static int compare(struct receipt *receipt)
{
	struct agent *agent = receipt->agent;
	int r = run_check_owner(agent, receipt->bundle->plan);

	if (r == -ENODEV)
		return answer_error(agent, NULL);
	if (r < 0)
		return answer_error(agent,
		                    "the data of a node is given up with `stead destroy`, on "
		                    "the computer that made it");
	r = change_compute(agent, receipt->arena, agent->plan, receipt->bundle, &receipt->change);
	if (r == -EEXIST)
		return answer_error(agent, "move it away, and run the command again");
	if (r < 0)
		return answer_error(agent, NULL);
	difference_make(receipt->arena, agent->plan, receipt->bundle->plan, &receipt->change,
	                &receipt->difference);
	receipt->difference.id = receipt->bundle->id;
	receipt->difference.base = changing_current(agent, receipt->arena);
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
