#include "agent/import.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/changing.h"
#include "agent/disk.h"
#include "agent/engine.h"
#include "agent/maintenance.h"
#include "agent/settle.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

enum { MAX_SPEC = 256 * 1024, CLEAR_S = 600, START_S = 60, POLL_MS = 2000 };

static const char *const stage_words[] = { "none",  "begun",     "database",
	                                   "media", "switching", "switched" };
static const char why_maintenance[] = "an import is under way";
/* Stands where the owner's first password was: whoever came along knows it. */
static const char as_before[] = "the one of before the import";

/* --- how far it is --- */

static int write_state(struct import *import, enum import_stage stage)
{
	cleanup_json json_t *spec = json_loads(import->spec_text, 0, NULL);
	cleanup_json json_t *root = json_pack(
		"{s:i,s:s,s:b,s:I,s:O}", "v", 1, "stage", stage_words[stage], "maintenance",
		import->maintenance, "files", (json_int_t)import->files, "spec", spec);
	const char *text = json_text(import->arena, root, JSON_INDENT(1));
	int r = disk_write(import->agent->root_fd, IMPORT_STATE, NULL, text, strlen(text));

	if (r < 0)
		return agent_fail(import->agent, r, "%s cannot be written: %s", IMPORT_STATE,
		                  strerror(-r));
	import->stage = stage;
	return 0;
}

static int remove_state(struct import *import)
{
	int r = disk_remove(import->agent->root_fd, IMPORT_STATE);

	import->stage = IMPORT_NONE;
	return r < 0 ? agent_fail(import->agent, r, "%s cannot be removed: %s", IMPORT_STATE,
	                          strerror(-r))
	             : 0;
}

/* The dump lies in a volume of the database's process, which sees it there. */
static int place_dump(struct import *import)
{
	for (size_t i = 0; i < import->process->mounts.count; i++) {
		const struct plan_mount *mount = &import->process->mounts.items[i];

		if (mount->read_only || !str_starts(mount->host, AGENT_DATA "/"))
			continue;
		import->dump_host = arena_printf(import->arena, "%s/import/dump", mount->host);
		import->dump_inside = arena_printf(import->arena, "%s/import/dump", mount->target);
		return 0;
	}
	return agent_fail(import->agent, -EINVAL, "%s has no volume", import->process->name);
}

static int take_spec(struct import *import, const char *text)
{
	struct agent *agent = import->agent;
	int r = import_spec_read(agent, import->arena, text, &import->spec);

	if (r < 0)
		return r;
	import->spec_text = text;
	import->process = plan_process_find(agent->plan, import->spec.process);
	if (import->process == NULL || !str_equal(import->process->group, "data"))
		return agent_fail(agent, -EINVAL, "this node has no database %.40s of its own",
		                  import->spec.process);
	for (size_t i = 0; i < agent->plan->volumes.count; i++)
		if (str_equal(agent->plan->volumes.items[i].name, import->spec.volume))
			import->volume = &agent->plan->volumes.items[i];
	if (import->spec.volume != NULL && import->volume == NULL)
		return agent_fail(agent, -EINVAL, "this node has no volume %.40s",
		                  import->spec.volume);
	return place_dump(import);
}

/* -ENOENT: there is none under way. One that cannot be read is like none. */
static int read_state(struct import *import)
{
	cleanup_json json_t *root = NULL;
	const char *word;
	char *data;
	size_t len;
	int r = disk_read(import->arena, import->agent->root_fd, IMPORT_STATE, 2 * MAX_SPEC, &data,
	                  &len, NULL);

	if (r < 0)
		return r;
	root = json_loadb(data, len, 0, NULL);
	word = json_string_value(json_object_get(root, "stage"));
	for (size_t i = 0; i < sizeof(stage_words) / sizeof(stage_words[0]); i++)
		if (str_equal(stage_words[i], word))
			import->stage = (enum import_stage)i;
	if (import->stage == IMPORT_NONE)
		return -ENOENT;
	import->maintenance = json_is_true(json_object_get(root, "maintenance"));
	import->files = json_integer_value(json_object_get(root, "files"));
	return take_spec(import,
	                 json_text(import->arena, json_object_get(root, "spec"), JSON_COMPACT));
}

bool import_is_switching(struct agent *agent)
{
	cleanup_arena struct arena *arena = arena_new();
	struct import import = { .agent = agent, .arena = arena };

	return read_state(&import) == 0 && import.stage >= IMPORT_SWITCHING;
}

/* --- taking all back --- */

/* Nothing of the node has changed yet. The first failure is what is told. */
static int drop(struct import *import)
{
	int r = import_drop_new(import), more = import_remove_staged(import);

	if (r == 0)
		r = more;
	more = remove_state(import);
	if (r == 0)
		r = more;
	if (!import->maintenance && agent_in_maintenance(import->agent)) {
		more = maintenance_off(import->agent);
		if (r == 0)
			r = more;
	}
	return r;
}

/* Keeps the reason why all is taken back. */
static int give_up(struct import *import, int error)
{
	char why[sizeof(import->agent->why)];

	memcpy(why, import->agent->why, sizeof(why));
	if (drop(import) < 0)
		agent_log("import: %s", import->agent->why);
	memcpy(import->agent->why, why, sizeof(why));
	return error;
}

/* --- begin --- */

/* A compressed dump becomes much larger; all of it is there twice for a while. */
static int check_room(struct import *import)
{
	enum { MIB = 1024 * 1024, SPARE_MIB = 256, PACKED = 6, UNPACKED = 2 };
	const struct import_spec *spec = &import->spec;
	bool packed = spec->kind == DUMP_CUSTOM || spec->kind == DUMP_DIRECTORY;
	cleanup_fd int fd = disk_open_dir(import->agent->root_fd, agent_below_root(AGENT_DATA));
	double need = (double)SPARE_MIB * MIB +
	              (double)spec->database_bytes * (1 + (packed ? PACKED : UNPACKED)) +
	              (spec->media_bytes > 0 ? (double)spec->media_bytes * 1.05 : 0);
	struct statvfs disk;
	double free;

	if (fd < 0 || fstatvfs(fd, &disk) < 0)
		return agent_fail(import->agent, -EIO, "%s: %s", AGENT_DATA,
		                  strerror(fd < 0 ? -fd : errno));
	free = (double)disk.f_bavail * (double)disk.f_frsize;
	if (free < need)
		return agent_fail(import->agent, -ENOSPC,
		                  "it needs about %.0f MiB of room, and %s has %.0f MiB",
		                  need / MIB, AGENT_DATA, free / MIB);
	return 0;
}

/* By its descriptor: /dev/stdin cannot be opened where it is a socket, as with sshd. */
static int read_stdin(struct import *import, char **ret)
{
	struct text text;
	char chunk[4096];
	ssize_t n;

	text_init(&text, import->arena);
	text_add(&text, "");
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || text.len + (size_t)n > MAX_SPEC)
			return agent_fail(import->agent, -EINVAL,
			                  "what is to be imported cannot be read");
		text_addn(&text, chunk, (size_t)n);
	}
	*ret = text.data;
	return 0;
}

static int begin(struct import *import)
{
	struct import before = { .agent = import->agent, .arena = import->arena };
	char *text = NULL;
	int r = read_state(&before);

	if (r == 0 && before.stage >= IMPORT_SWITCHING)
		return agent_fail(import->agent, -EBUSY,
		                  "an import was cut short when it was nearly done: it must be "
		                  "finished first");
	if (r == 0 && (r = drop(&before)) < 0)
		return r;
	r = read_stdin(import, &text);
	if (r == 0)
		r = take_spec(import, text);
	if (r == 0 && !agent_is_stamped(import->agent, "setup"))
		r = agent_fail(
			import->agent, -EAGAIN,
			"the node is not set up yet ('stead status' says what it waits for)");
	if (r == 0)
		r = import_check_empty(import);
	if (r == 0)
		r = check_room(import);
	import->maintenance = agent_in_maintenance(import->agent);
	return r < 0 ? r : write_state(import, IMPORT_BEGUN);
}

/* --- what comes --- */

static int receive_database(struct import *import)
{
	int r = import->stage == IMPORT_BEGUN
	                ? import_receive_dump(import, STDIN_FILENO)
	                : agent_fail(import->agent, -EINVAL, "no import was begun");

	if (r == 0)
		r = import_check_dump(import);
	return r < 0 ? r : write_state(import, IMPORT_DATABASE);
}

static int receive_media(struct import *import)
{
	int r = import->stage == IMPORT_DATABASE && import->volume != NULL
	                ? import_receive_media(import, STDIN_FILENO)
	                : agent_fail(import->agent, -EINVAL, "no files are awaited");

	if (r < 0)
		return r;
	(void)printf("files: %lld in the archive, %lld unpacked\n", import->files, import->files);
	return write_state(import, IMPORT_MEDIA);
}

/* --- finish --- */

/* What was captured belongs to accounts that are gone; the jobs find out what is there now. */
static int forget_jobs(struct import *import)
{
	const struct plan *plan = import->agent->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->jobs.count; i++) {
		const struct plan_job *job = &plan->jobs.items[i];

		r = disk_remove(import->agent->root_fd,
		                arena_printf(import->arena, AGENT_JOBS "/%s.json", job->name));
		for (size_t k = 0; r == 0 && k < job->steps.count; k++)
			if (job->steps.items[k].capture_secret != NULL)
				r = disk_write(
					import->agent->root_fd,
					agent_secret_path(import->arena,
				                          job->steps.items[k].capture_secret),
					NULL, as_before, strlen(as_before));
	}
	return r < 0 ? agent_fail(import->agent, r, "the jobs cannot be forgotten: %s",
	                          strerror(-r))
	             : 0;
}

static int clear_others(struct import *import)
{
	for (size_t i = 0; i < import->spec.clear.count; i++) {
		const struct import_run *clear = &import->spec.clear.items[i];
		struct process_result result;
		int r = import->agent->engine->exec(
			import->agent, import->arena,
			plan_process_find(import->agent->plan, clear->process), &clear->run, NULL,
			CLEAR_S, &result);

		if (r < 0)
			return r;
		if (result.timed_out || result.exit_code != 0)
			return agent_fail(import->agent, -EIO, "%s does not forget what it has: %s",
			                  clear->process,
			                  engine_last_line(import->arena, result.err));
	}
	return 0;
}

static int start(struct import *import)
{
	static const char *const words[] = { "restart", "--no-block", NULL };
	struct strings units = { 0 };
	int r;

	agent_unstamp(import->agent, "ready");
	agent_unstamp(import->agent, "setup");
	*list_add(import->arena, &units) = "stead-setup.service";
	if (!import->maintenance)
		*list_add(import->arena, &units) = "stead-ready.service";
	r = units_command(import->agent, words, &units, START_S);
	return r == 0 && !import->maintenance ? maintenance_off(import->agent) : r;
}

/* From here on it only goes forward; each part may be done again. */
static int go_forward(struct import *import)
{
	int r = 0;

	if (import->stage == IMPORT_SWITCHING) {
		if (import->volume != NULL)
			r = import_switch_media(import);
		if (r == 0)
			r = import_switch_database(import);
		if (r == 0)
			r = forget_jobs(import);
		if (r == 0)
			r = clear_others(import);
		if (r == 0)
			r = write_state(import, IMPORT_SWITCHED);
	}
	if (r == 0)
		r = import_drop_old(import);
	if (r == 0)
		r = import_remove_staged(import);
	if (r == 0)
		r = import_remove_old(import);
	if (r == 0)
		r = start(import);
	return r < 0 ? r : remove_state(import);
}

static int prepare_switch(struct import *import)
{
	int r;

	if (import->stage < IMPORT_DATABASE ||
	    (import->volume != NULL && import->stage != IMPORT_MEDIA))
		return agent_fail(import->agent, -EINVAL, "not all of the import is here");
	(void)printf("the application stops\n");
	(void)fflush(stdout);
	r = maintenance_on(import->agent, why_maintenance);
	if (r == 0)
		r = import_check_empty(import);
	if (r == 0)
		(void)printf("the dump is restored beside the present database\n");
	(void)fflush(stdout);
	if (r == 0)
		r = import_restore(import);
	if (r == 0)
		r = import_check_restored(import);
	(void)fflush(stdout);
	return r < 0 ? r : write_state(import, IMPORT_SWITCHING);
}

static int wait_ready(struct import *import)
{
	int64_t end = clock_ms() + settle_deadline_s(NULL, import->agent->plan) * INT64_C(1000);

	(void)printf("the import is whole; migrations and start follow\n");
	(void)fflush(stdout);
	while (!settle_is_ready(import->agent)) {
		if (clock_ms() > end)
			return agent_fail(import->agent, -ETIMEDOUT,
			                  "the import is whole, but the node does not become ready "
			                  "('stead status' says why)");
		clock_sleep_ms(POLL_MS);
	}
	(void)printf("%s\n", import->maintenance ? "maintenance is still on" : "ready");
	return 0;
}

static int finish(struct import *import)
{
	int r = import->stage < IMPORT_SWITCHING ? prepare_switch(import) : 0;

	if (r < 0)
		return import->stage < IMPORT_SWITCHING ? give_up(import, r) : r;
	r = go_forward(import);
	return r < 0 ? r : wait_ready(import);
}

/* --- the verb --- */

static int no_import(struct import *import)
{
	return agent_fail(import->agent, -ENOENT, "no import is under way");
}

static int act(struct import *import, const char *what)
{
	int r;

	if (str_equal(what, "begin"))
		return begin(import);
	r = read_state(import);
	if (str_equal(what, "status")) {
		(void)printf("%s\n", stage_words[r < 0 ? IMPORT_NONE : import->stage]);
		return 0;
	}
	if (r < 0)
		return r == -ENOENT ? no_import(import) : r;
	if (str_equal(what, "finish"))
		return finish(import);
	if (import->stage >= IMPORT_SWITCHING)
		return agent_fail(import->agent, -EBUSY,
		                  "it is nearly done, and can only be finished");
	if (str_equal(what, "drop"))
		return drop(import);
	r = str_equal(what, "database") ? receive_database(import) : receive_media(import);
	return r < 0 ? give_up(import, r) : 0;
}

int agent_import(struct agent *agent, char *const *args)
{
	static const char *const verbs[] = { "begin",  "database", "media",
		                             "finish", "drop",     "status" };
	struct import import = { .agent = agent, .arena = agent->arena };
	cleanup_fd int lock = -1;
	bool known = false;
	int r;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		known |= str_equal(verbs[i], args[0]);
	if (!known) {
		agent_log("usage: stead-node import begin|database|media|finish|drop|status");
		return AGENT_USAGE;
	}
	/* A lost connection must not end it in the middle. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	r = agent_make_run(agent);
	if (r == 0)
		r = lock = changing_lock(agent);
	if (r >= 0)
		r = act(&import, args[0]);
	if (r >= 0)
		return AGENT_OK;
	agent_log("import: %s", agent->why);
	return AGENT_FAILED;
}
