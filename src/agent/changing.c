#include "agent/changing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

#define JOURNAL CHANGING_DIR "/journal.json"
#define CURRENT CHANGING_DIR "/current.json"
#define LAST CHANGING_DIR "/last.json"
#define LOCK AGENT_RUN "/apply.lock"
#define ALIVE AGENT_RUN "/apply.alive"
#define LIVE AGENT_RUN "/apply.json"

/* Both plans, quoted, and the entries. */
enum { VERSION = 1, MAX_BYTES = 24 * 1024 * 1024, MAX_SMALL_BYTES = 64 * 1024 };

const char *const changing_words[] = { "none",     "pulling",   "staging", "switching",
	                               "settling", "returning", "closing", "applied",
	                               "returned", "kept",      "refused", NULL };

const char changing_cut_short[] = "cut short before anything was changed";

static const struct disk_owner private_dir = { .uid = 0, .gid = 0, .mode = 0700 };

int changing_make_dirs(struct agent *agent)
{
	static const char *const dirs[] = { AGENT_DATA, AGENT_STATE, CHANGING_DIR,
		                            CHANGING_INCOMING };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		int r = disk_make_dir(agent->root_fd, dirs[i], &private_dir);

		if (r < 0)
			return agent_fail(agent, r, "%s cannot be made: %s", dirs[i],
			                  r == -ELOOP ? "it is a symbolic link" : strerror(-r));
	}
	return 0;
}

/* --- reading --- */

static const char *get_text(struct arena *arena, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? arena_strdup(arena, text) : NULL;
}

static unsigned get_number(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));

	return number > 0 && number < INT32_MAX ? (unsigned)number : 0;
}

/* The index of the text in WORDS, or -1. */
static int get_word(const json_t *object, const char *key, const char *const *words)
{
	const char *text = json_string_value(json_object_get(object, key));

	for (int i = 0; text != NULL && words[i] != NULL; i++)
		if (str_equal(words[i], text))
			return i;
	return -1;
}

static bool read_entry(struct arena *arena, const json_t *object, struct change *change)
{
	int kind = get_word(object, "kind", change_kind_words);
	int what = get_word(object, "what", change_what_words);
	struct change_entry entry = {
		.path = get_text(arena, object, "path"),
		.kind = (enum change_kind)kind,
		.what = (enum change_what)what,
		.secret = json_is_true(json_object_get(object, "secret")),
		.mode = get_number(object, "mode"),
		.uid = get_number(object, "uid"),
		.gid = get_number(object, "gid"),
		.old_mode = get_number(object, "old_mode"),
		.old_uid = get_number(object, "old_uid"),
		.old_gid = get_number(object, "old_gid"),
		.target = get_text(arena, object, "target"),
	};

	if (kind < 0 || what < 0 || entry.path == NULL || entry.path[0] != '/')
		return false;
	*list_add(arena, change) = entry;
	return true;
}

static bool read_plans(struct arena *arena, struct changing *ret)
{
	const char *error;

	if (ret->new_text == NULL)
		return false;
	ret->new_plan = plan_read(arena, ret->new_text, strlen(ret->new_text), &error);
	if (ret->old_text != NULL)
		ret->old_plan = plan_read(arena, ret->old_text, strlen(ret->old_text), &error);
	return ret->new_plan != NULL && (ret->old_text == NULL || ret->old_plan != NULL);
}

static bool parse(struct arena *arena, const json_t *root, struct changing *ret)
{
	json_t *entries = json_object_get(root, "entries"), *entry;
	int state = get_word(root, "state", changing_words);
	int result = get_word(root, "result", changing_words);
	size_t i;

	*ret = (struct changing){
		.id = get_text(arena, root, "id"),
		.base = get_text(arena, root, "base"),
		.from = get_text(arena, root, "from"),
		.at = get_text(arena, root, "at"),
		.state = (enum changing_state)state,
		.result = (enum changing_state)result,
		.was_ready = json_is_true(json_object_get(root, "was_ready")),
		.wait = json_is_true(json_object_get(root, "wait")),
		.deadline_s = get_number(root, "deadline_s"),
		.why = get_text(arena, root, "why"),
		.old_text = get_text(arena, root, "old_plan"),
		.new_text = get_text(arena, root, "new_plan"),
	};
	if (json_integer_value(json_object_get(root, "v")) != VERSION || ret->id == NULL ||
	    ret->base == NULL || ret->from == NULL || ret->at == NULL || state < CHANGING_STAGING ||
	    state > CHANGING_CLOSING || result < 0 || !json_is_array(entries))
		return false;
	json_array_foreach(entries, i, entry)
	{
		if (!read_entry(arena, entry, &ret->change))
			return false;
	}
	return read_plans(arena, ret);
}

/* Whose journal it is: a data disk outlives the system that wrote it. NULL: not known. */
static const char *machine_id(const struct agent *agent, struct arena *arena)
{
	char *text = NULL;
	size_t len = 0;

	if (disk_read(arena, agent->root_fd, "/etc/machine-id", MAX_SMALL_BYTES, &text, &len,
	              NULL) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool is_foreign(const struct agent *agent, const json_t *root)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *theirs = json_string_value(json_object_get(root, "machine"));
	const char *ours = machine_id(agent, scratch);

	return theirs != NULL && ours != NULL && !str_equal(theirs, ours);
}

int changing_read(struct agent *agent, struct arena *arena, struct changing *ret)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = NULL;
	char *data = NULL;
	size_t len = 0;
	int r = disk_read(scratch, agent->root_fd, JOURNAL, MAX_BYTES, &data, &len, NULL);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be read: %s", JOURNAL, strerror(-r));
	root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	if (is_foreign(agent, root)) {
		agent_log("a change that another system of this node began is forgotten");
		r = changing_drop(agent);
		return r < 0 ? r : -ENOENT;
	}
	if (!parse(arena, root, ret))
		return agent_fail(agent, -EINVAL, "%s cannot be understood", JOURNAL);
	return 0;
}

/* --- writing --- */

static json_t *entry_json(const struct change_entry *entry)
{
	return json_pack("{s:s,s:s,s:s,s:b,s:i,s:i,s:i,s:i,s:i,s:i,s:s*}", "path", entry->path,
	                 "kind", change_kind_words[entry->kind], "what",
	                 change_what_words[entry->what], "secret", entry->secret, "mode",
	                 (int)entry->mode, "uid", (int)entry->uid, "gid", (int)entry->gid,
	                 "old_mode", (int)entry->old_mode, "old_uid", (int)entry->old_uid,
	                 "old_gid", (int)entry->old_gid, "target", entry->target);
}

static json_t *journal_json(const struct changing *changing, const char *machine)
{
	json_t *entries = json_array();

	for (size_t i = 0; i < changing->change.count; i++)
		json_array_append_new(entries, entry_json(&changing->change.items[i]));
	return json_pack("{s:i,s:s*,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:i,s:s?,s:o,s:s?,s:s}", "v",
	                 VERSION, "machine", machine, "id", changing->id, "base", changing->base,
	                 "from", changing->from, "at", changing->at, "state",
	                 changing_words[changing->state], "result",
	                 changing_words[changing->result], "was_ready", changing->was_ready, "wait",
	                 changing->wait, "deadline_s", (int)changing->deadline_s, "why",
	                 changing->why, "entries", entries, "old_plan", changing->old_text,
	                 "new_plan", changing->new_text);
}

static int write_json(struct agent *agent, const char *path, const json_t *root)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *text;
	int r;

	if (root == NULL)
		return agent_fail(agent, -EINVAL, "%s cannot be put into words", path);
	text = arena_printf(scratch, "%s\n", json_text(scratch, root, JSON_INDENT(1)));
	r = disk_write(agent->root_fd, path, NULL, text, strlen(text));
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", path, strerror(-r));
	return 0;
}

int changing_set(struct agent *agent, struct changing *changing, enum changing_state state)
{
	cleanup_arena struct arena *scratch = arena_new();
	enum changing_state before = changing->state;
	cleanup_json json_t *root = NULL;
	int r;

	changing->state = state;
	root = journal_json(changing, machine_id(agent, scratch));
	r = write_json(agent, JOURNAL, root);
	if (r < 0)
		changing->state = before; /* what stands on the disk is what is true */
	else
		changing_tell(agent, changing, state, changing->why);
	return r;
}

int changing_drop(struct agent *agent)
{
	const char *name;
	cleanup_fd int dir = disk_open_parent(agent->root_fd, JOURNAL, &name);
	int r = dir;

	if (r >= 0)
		r = failpoint_unlink(dir, name, 0);
	if (r >= 0)
		r = failpoint_fsync(dir);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be removed: %s", JOURNAL, strerror(-r));
	return 0;
}

int changing_record(struct agent *agent, const struct changing *changing)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root =
		json_pack("{s:i,s:s,s:s,s:s?,s:s,s:s,s:i}", "v", VERSION, "id", changing->id,
	                  "result", changing_words[changing->result], "why", changing->why, "at",
	                  clock_now_utc(scratch), "from", changing->from, "changes",
	                  (int)changing->change.count);

	return write_json(agent, LAST, root);
}

static int write_current(struct agent *agent, const struct changing *changing)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root = json_pack("{s:i,s:s*,s:s,s:s,s:s}", "v", VERSION, "machine",
	                                      machine_id(agent, scratch), "id", changing->id, "at",
	                                      changing->at, "from", changing->from);

	return write_json(agent, CURRENT, root);
}

void changing_forget(struct agent *agent)
{
	(void)unlinkat(agent->root_fd, agent_below_root(LIVE), 0);
}

int changing_finish(struct agent *agent, const struct changing *changing)
{
	int r = 0;

	if (changing->result != CHANGING_RETURNED)
		r = write_current(agent, changing);
	if (r == 0)
		r = changing_record(agent, changing);
	if (r == 0)
		r = changing_drop(agent);
	if (r == 0)
		changing_forget(agent);
	return r;
}

/* --- looking --- */

static json_t *load(struct agent *agent, const char *path, size_t max_bytes)
{
	cleanup_arena struct arena *scratch = arena_new();
	char *data = NULL;
	size_t len = 0;

	if (disk_read(scratch, agent->root_fd, path, max_bytes, &data, &len, NULL) < 0)
		return NULL;
	return json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
}

const char *changing_current(struct agent *agent, struct arena *arena)
{
	cleanup_json json_t *root = load(agent, CURRENT, MAX_SMALL_BYTES);
	const char *id = is_foreign(agent, root) ? NULL : get_text(arena, root, "id");

	return id != NULL ? id : "";
}

void changing_tell(struct agent *agent, const struct changing *changing, enum changing_state state,
                   const char *why)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root =
		json_pack("{s:i,s:s,s:s,s:s?,s:s,s:s,s:s}", "v", VERSION, "id", changing->id,
	                  "state", changing_words[state], "why", why, "since",
	                  clock_now_utc(scratch), "from", changing->from, "at", changing->at);
	const char *text = root != NULL ? json_text(scratch, root, JSON_INDENT(1)) : "";
	int r = disk_write_volatile(agent->root_fd, LIVE, 0600, text, strlen(text));

	if (r < 0)
		agent_log("%s cannot be written: %s", LIVE, strerror(-r));
}

static bool view(struct arena *arena, json_t *root, const char *state_key, const char *since_key,
                 struct changing_view *ret)
{
	int state = get_word(root, state_key, changing_words);
	const char *id = get_text(arena, root, "id"), *since = get_text(arena, root, since_key);

	if (state < 0 || id == NULL || since == NULL)
		return false;
	*ret = (struct changing_view){ .id = id,
		                       .why = get_text(arena, root, "why"),
		                       .since = since,
		                       .from = get_text(arena, root, "from"),
		                       .state = (enum changing_state)state };
	return true;
}

/* What a running change tells; else a journal, which is a change cut short; else the last one. */
void changing_look(struct agent *agent, struct arena *arena, struct changing_view *ret)
{
	cleanup_json json_t *live = load(agent, LIVE, MAX_SMALL_BYTES);
	cleanup_json json_t *journal = load(agent, JOURNAL, MAX_BYTES);
	cleanup_json json_t *last = load(agent, LAST, MAX_SMALL_BYTES);
	bool told = view(arena, live, "state", "since", ret);

	if (told && (ret->state == CHANGING_REFUSED || changing_is_live(agent)))
		return;
	if (view(arena, journal, "state", "at", ret)) {
		if (ret->state == CHANGING_CLOSING)
			(void)view(arena, journal, "result", "at", ret);
		else
			ret->why = "cut short; `stead-node resume` goes on with it";
		return;
	}
	if (told && view(arena, live, "state", "since", ret) && ret->state <= CHANGING_STAGING) {
		ret->state = CHANGING_REFUSED;
		ret->why = changing_cut_short;
		return;
	}
	if (!view(arena, last, "result", "at", ret))
		*ret = (struct changing_view){ .id = "", .since = "" };
}

/* --- locks --- */

static int open_lock(struct agent *agent, const char *path)
{
	int fd = openat(agent->root_fd, agent_below_root(path),
	                O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? agent_fail(agent, -errno, "%s: %s", path, strerror(errno)) : fd;
}

static int say_who(struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *live = load(agent, LIVE, MAX_SMALL_BYTES);
	const char *at = get_text(scratch, live, "at"), *from = get_text(scratch, live, "from");
	bool named = from != NULL && *from != '\0';

	return agent_fail(agent, -EWOULDBLOCK, "another change is under way%s%.40s%s%.100s",
	                  at != NULL ? " since " : "", at != NULL ? at : "", named ? ", from " : "",
	                  named ? from : "");
}

/* Temporary files that a kill left; nobody writes them while we hold the lock. */
static void tidy(struct agent *agent)
{
	static const char *const names[] = { ".journal.json.stead-new", ".current.json.stead-new",
		                             ".last.json.stead-new" };
	cleanup_fd int dir = disk_open_dir(agent->root_fd, CHANGING_DIR);

	for (size_t i = 0; dir >= 0 && i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(dir, names[i], 0);
}

int changing_lock(struct agent *agent)
{
	int fd = open_lock(agent, LOCK);

	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = errno;

		if (error == EINTR)
			continue;
		(void)close(fd);
		return error == EWOULDBLOCK
		               ? say_who(agent)
		               : agent_fail(agent, -error, "%s: %s", LOCK, strerror(error));
	}
	tidy(agent);
	return fd;
}

int changing_live(struct agent *agent)
{
	int fd = open_lock(agent, ALIVE);

	if (fd < 0)
		return fd;
	/* Others hold it for an instant only, to see whether it is held. */
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int r = agent_fail(agent, -errno, "%s: %s", ALIVE, strerror(errno));

			(void)close(fd);
			return r;
		}
	return fd;
}

bool changing_is_live(struct agent *agent)
{
	cleanup_fd int fd =
		openat(agent->root_fd, agent_below_root(ALIVE), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
