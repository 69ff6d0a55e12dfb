#include "agent/journal.h"

#include <errno.h>
#include <string.h>

#include "agent/disk.h"
#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

enum { JOURNAL_VERSION = 1, MAX_BYTES = 1024 * 1024 };

static const char *const state_words[] = { "new", "begun", "done", "failed" };

static const char *journal_path(struct arena *arena, const struct plan_job *job)
{
	return arena_printf(arena, "%s/%s.json", AGENT_JOBS, job->name);
}

static const char *get_text(struct arena *arena, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? arena_strdup(arena, text) : NULL;
}

static struct journal_record *find(const struct journal *journal, const char *id)
{
	for (size_t i = 0; i < journal->job->steps.count; i++)
		if (str_equal(journal->job->steps.items[i].id, id))
			return &journal->records[i];
	return NULL;
}

/* False when it is not a record at all. */
static bool read_record(struct arena *arena, const struct journal *journal, const json_t *object)
{
	const char *id = get_text(arena, object, "id"), *state = get_text(arena, object, "state");
	struct journal_record record = {
		.key = get_text(arena, object, "key"),
		.attempt = (long)json_integer_value(json_object_get(object, "attempt")),
		.at = get_text(arena, object, "at"),
		.note = get_text(arena, object, "note"),
	};
	struct journal_record *to;

	for (int i = JOURNAL_BEGUN; i <= JOURNAL_FAILED; i++)
		if (str_equal(state, state_words[i]))
			record.state = (enum journal_state)i;
	if (id == NULL || record.key == NULL || record.state == JOURNAL_NEW || record.attempt < 0)
		return false;
	to = find(journal, id);
	if (to != NULL)
		*to = record;
	return true;
}

static bool parse(struct journal *journal, const char *data, size_t len)
{
	cleanup_json json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *steps = json_object_get(root, "steps"), *step;
	size_t i;

	if (json_integer_value(json_object_get(root, "v")) != JOURNAL_VERSION ||
	    !str_equal(json_string_value(json_object_get(root, "job")), journal->job->name) ||
	    !json_is_array(steps))
		return false;
	json_array_foreach(steps, i,
	                   step) if (!read_record(journal->arena, journal, step)) return false;
	return true;
}

/* Renames what cannot be read: someone may want to look at it, and it must not stop the node. */
static int set_aside(struct agent *agent, const struct plan_job *job)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = journal_path(scratch, job), *name;
	cleanup_fd int parent = disk_open_parent(agent->root_fd, path, &name);
	int r = parent < 0 ? parent
	                   : failpoint_rename(parent, name, arena_printf(scratch, "%s.bad", name));

	if (r == 0)
		r = failpoint_fsync(parent);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be set aside: %s", path, strerror(-r));
	agent_log("%s cannot be understood and is now %s.bad; the steps' own tests decide", path,
	          path);
	return 0;
}

static void forget(struct journal *journal)
{
	journal->records = arena_array(journal->arena, journal->job->steps.count + 1,
	                               sizeof(*journal->records));
}

int journal_read(struct agent *agent, struct arena *arena, const struct plan_job *job,
                 struct journal *ret)
{
	const char *path = journal_path(arena, job);
	char *data = NULL;
	size_t len = 0;
	int r;

	*ret = (struct journal){ .arena = arena, .job = job };
	forget(ret);
	r = disk_read(arena, agent->root_fd, path, MAX_BYTES, &data, &len, NULL);
	if (r == -ENOENT)
		return 0;
	if (r < 0 && r != -EFBIG)
		return agent_fail(agent, r, "%s cannot be read: %s", path, strerror(-r));
	if (r == 0 && parse(ret, data, len))
		return 0;
	forget(ret);
	return set_aside(agent, job);
}

static json_t *record_json(const struct plan_step *step, const struct journal_record *record)
{
	return json_pack("{s:s,s:s,s:s,s:I,s:s?,s:s?}", "id", step->id, "key", record->key, "state",
	                 state_words[record->state], "attempt", (json_int_t)record->attempt, "at",
	                 record->at, "note", record->note);
}

static int write_all(struct agent *agent, const struct journal *journal)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = journal_path(scratch, journal->job), *text;
	cleanup_json json_t *steps = json_array();
	cleanup_json json_t *root = NULL;
	int r;

	for (size_t i = 0; i < journal->job->steps.count; i++)
		if (journal->records[i].state != JOURNAL_NEW)
			json_array_append_new(steps, record_json(&journal->job->steps.items[i],
			                                         &journal->records[i]));
	root = json_pack("{s:i,s:s,s:s,s:O}", "v", JOURNAL_VERSION, "job", journal->job->name,
	                 "plan_sha256", agent->plan_sha256, "steps", steps);
	text = arena_printf(scratch, "%s\n", json_text(scratch, root, JSON_INDENT(1)));
	r = disk_write(agent->root_fd, path, NULL, text, strlen(text));
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be written: %s", path, strerror(-r));
	return 0;
}

int journal_write(struct agent *agent, struct journal *journal, size_t index,
                  enum journal_state state, const char *note)
{
	struct journal_record *record = &journal->records[index], before = *record;
	int r;

	record->key = journal->job->steps.items[index].key;
	record->at = clock_now_utc(journal->arena);
	record->note = note != NULL ? arena_strdup(journal->arena, note) : NULL;
	record->attempt += state == JOURNAL_BEGUN;
	record->state = state;
	r = write_all(agent, journal);
	if (r < 0)
		*record = before; /* what stands on the disk is what is true */
	return r;
}
