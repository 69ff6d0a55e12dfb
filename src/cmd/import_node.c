/*
 * The half of an import that happens on the node: dump and files go there as they are read, and the
 * agent does the rest (agent/import.h).
 */
#include "cmd/import.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "archive/dump.h"
#include "archive/tar.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cmd/machine.h"
#include "plan/json.h"

enum { BEGIN_MS = 10 * 60000, TAR_MAGIC_AT = 257 };

/* A file, or a folder that is sent as a tar archive. */
struct input {
	const char *path;
	bool is_folder;
	long long bytes;
	int fd; /* of a file */
	char head[DUMP_HEAD_BYTES];
	size_t head_len;
};

/* --- what is to be sent --- */

static long long bytes_below(const char *path)
{
	char *paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	long long bytes = 0;
	FTSENT *entry;

	while (tree != NULL && (entry = fts_read(tree)) != NULL)
		if (entry->fts_info == FTS_F)
			bytes += entry->fts_statp->st_size;
	if (tree != NULL)
		(void)fts_close(tree);
	return bytes;
}

static int open_input(const char *path, struct input *ret)
{
	struct stat st;
	ssize_t n;

	*ret = (struct input){ .path = path, .fd = -1 };
	ret->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read '%s': %s", path, strerror(errno));
	ret->is_folder = S_ISDIR(st.st_mode);
	if (ret->is_folder) {
		ret->bytes = bytes_below(path);
		return CLI_OK;
	}
	if (!S_ISREG(st.st_mode))
		return fail(CLI_ENVIRONMENT, "a file, or a folder", "'%s' is neither", path);
	ret->bytes = st.st_size;
	n = pread(ret->fd, ret->head, sizeof(ret->head), 0);
	if (n < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read '%s': %s", path, strerror(errno));
	ret->head_len = (size_t)n;
	if (n == 0)
		return fail(CLI_FINDINGS, NULL, "'%s' is empty", path);
	return CLI_OK;
}

static int find_kind(struct arena *arena, const struct input *dump, enum dump_kind *ret)
{
	struct stat st;

	*ret = dump_kind_of(dump->head, dump->head_len);
	if (dump->is_folder && stat(arena_printf(arena, "%s/toc.dat", dump->path), &st) == 0)
		*ret = DUMP_DIRECTORY;
	if (*ret == DUMP_COMPRESSED)
		return fail(CLI_FINDINGS, "unpack it first: gunzip, unzstd, unxz", "'%s' is packed",
		            dump->path);
	if (*ret == DUMP_UNKNOWN)
		return fail(CLI_FINDINGS, "pg_dump makes one; -Fc is the best form of it",
		            "'%s' is no dump of PostgreSQL", dump->path);
	return CLI_OK;
}

static int check_archive(const struct input *media)
{
	if (media->is_folder || (media->head_len >= TAR_MAGIC_AT + 5 &&
	                         memcmp(media->head + TAR_MAGIC_AT, "ustar", 5) == 0))
		return CLI_OK;
	if (dump_kind_of(media->head, media->head_len) == DUMP_COMPRESSED)
		return fail(CLI_FINDINGS,
		            "unpack it first: gunzip, unzstd, unxz; or name the folder",
		            "'%s' is packed", media->path);
	return fail(CLI_FINDINGS, "tar -cf FILE -C /path/to/public/system . ; or name the folder",
	            "'%s' is no tar archive", media->path);
}

/* --- what the agent is told --- */

static json_t *run_json(const struct value_text *process, const struct value_list *run)
{
	json_t *words = json_array();

	for (size_t i = 0; i < run->count; i++)
		(void)json_array_append_new(words, json_string(run->items[i].v));
	return json_pack("{s:s,s:o}", "process", process->v, "run", words);
}

static json_t *refuse_json(const struct value_pairs *pairs)
{
	json_t *object = json_object();

	for (size_t i = 0; i < pairs->count; i++)
		(void)json_object_set_new(object, pairs->items[i].key,
		                          json_string(pairs->items[i].value.v));
	return object;
}

static json_t *counts_json(const struct value_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(array, json_string(list->items[i].v));
	return array;
}

static bool has_process(const struct compile *compile, const char *name)
{
	for (size_t i = 0; i < compile->node->processes.count; i++)
		if (str_equal(compile->node->processes.items[i]->name, name))
			return true;
	return false;
}

static char *spec_text(struct compile *compile, struct cli *cli, const struct input *dump,
                       enum dump_kind kind, const struct input *media)
{
	const struct app_import *import = &compile->app.import;
	const struct app_import_database *database = &import->database;
	const struct app_import_run *clear = import->clear.items;
	cleanup_json json_t *root = json_pack(
		"{s:i,s:b,s:{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:s,s:I}}", "v", 1, "fork",
		cli_flag(cli, "from-fork"), "database", "process", database->process.v, "user",
		database->user.v, "name", database->name.v, "owner", database->owner.v, "schema",
		database->schema.v, "empty", database->empty.v, "version", database->version.v,
		"newest", run_json(&database->newest.process, &database->newest.run), "refuse",
		refuse_json(&database->refuse), "counts", counts_json(&database->counts), "kind",
		dump_kind_words[kind], "bytes", (json_int_t)dump->bytes);
	json_t *others = json_array();

	for (size_t i = 0; i < import->clear.count; i++)
		if (has_process(compile, clear[i].process.v))
			(void)json_array_append_new(others,
			                            run_json(&clear[i].process, &clear[i].run));
	(void)json_object_set_new(root, "clear", others);
	if (media != NULL)
		(void)json_object_set_new(
			root, "media",
			json_pack("{s:s,s:s?,s:I}", "volume", import->media.volume.v, "strip",
		                  import->media.strip.v, "bytes", (json_int_t)media->bytes));
	return json_text(compile->arena, root, JSON_COMPACT);
}

/* What this node cannot take. */
static int check_target(struct compile *compile, const struct input *media)
{
	const struct app_import *import = &compile->app.import;

	if (import->database.process.v == NULL)
		return fail(CLI_FINDINGS, NULL,
		            "the definition of %s does not say how a database is imported",
		            compile->app.name.v);
	if (!has_process(compile, import->database.process.v))
		return fail(CLI_FINDINGS,
		            "restore the dump there, with pg_restore; or take 'database' out of "
		            "stead.yaml",
		            "the node's database is elsewhere");
	if (media != NULL && !str_equal(compile->settings.media.store.word.v, "local"))
		return fail(CLI_FINDINGS, "leave --media out: the bucket has them",
		            "the node's files are in a bucket");
	if (media != NULL && import->media.volume.v == NULL)
		return fail(CLI_FINDINGS, NULL, "the definition of %s has no place for files",
		            compile->app.name.v);
	return CLI_OK;
}

/* --- sending --- */

static int call(struct machine *m, const char *what, const char *text, int stdin_fd)
{
	struct strings words = { 0 }, argv = { 0 };
	struct process_run run = { .inherit_stdout = true,
		                   .inherit_stderr = true,
		                   .foreground = m->ssh.ask,
		                   .stdin_data = text,
		                   .stdin_len = text != NULL ? strlen(text) : 0,
		                   .stdin_fd = stdin_fd };
	struct process_result result;
	int r;

	machine_root(m, &words);
	machine_words(m, &words, m->agent, "import", what, NULL);
	machine_ssh(m, &words, &argv);
	run.argv = argv.items;
	(void)fflush(stdout);
	r = process_run(m->arena, &run, &result);
	if (r < 0 || result.exit_code == SSH_FAILED)
		return machine_unreachable(m, r, &result);
	return result.exit_code;
}

static int send_input(struct machine *m, const char *what, struct input *input)
{
	const char *const argv[] = { "tar", "-C", input->path, "-cf", "-", ".", NULL };
	struct stream stream;
	int r, code;

	(void)printf("sending %s (%.1f MiB)\n", input->path,
	             (double)input->bytes / (1024.0 * 1024));
	if (!input->is_folder)
		return call(m, what, NULL, input->fd);
	r = stream_open(argv, &stream);
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot run tar: %s", strerror(-r));
	code = call(m, what, NULL, stream.fd);
	stream_close(&stream);
	return code;
}

static bool confirm(const struct compile *compile, const struct machine *m,
                    const struct input *dump)
{
	return terminal_confirm(arena_printf(compile->arena,
	                                     "Move '%s' into %s? Its present accounts go.",
	                                     dump->path, m->label),
	                        false);
}

static int send_all(struct compile *compile, struct cli *cli, struct machine *m, struct input *dump,
                    enum dump_kind kind, struct input *media)
{
	const struct value_list *notes = &compile->app.import.notes;
	int code = call(m, "begin", spec_text(compile, cli, dump, kind, media), 0);

	if (code == CLI_OK)
		code = send_input(m, "database", dump);
	if (code == CLI_OK && media != NULL)
		code = send_input(m, "media", media);
	if (code == CLI_OK)
		code = call(m, "finish", NULL, 0);
	for (size_t i = 0; code == CLI_OK && i < notes->count; i++)
		(void)printf("%s\n", notes->items[i].v);
	return code == CLI_OK ? flush_output(stdout) : code;
}

int import_send(struct cli *cli, struct compile *compile)
{
	const char *media_path = cli_text(cli, "media");
	struct input dump, media;
	enum dump_kind kind;
	struct machine machine;
	int code = open_input(cli_text(cli, "database"), &dump);

	if (code == CLI_OK)
		code = find_kind(cli->arena, &dump, &kind);
	if (code == CLI_OK && media_path != NULL)
		code = open_input(media_path, &media);
	if (code == CLI_OK && media_path != NULL)
		code = check_archive(&media);
	if (code == CLI_OK)
		code = check_target(compile, media_path != NULL ? &media : NULL);
	if (code == CLI_OK)
		code = machine_open(cli, true, &machine);
	if (code != CLI_OK)
		return code;
	if (!cli_flag(cli, "yes") && !confirm(compile, &machine, &dump))
		return fail(CLI_FINDINGS, terminal_can_ask() ? NULL : "say it with --yes",
		            "nothing was imported");
	return send_all(compile, cli, &machine, &dump, kind, media_path != NULL ? &media : NULL);
}

/* One that was cut short: what it can still become. */
int import_continue(struct cli *cli, const char *what)
{
	struct machine machine;
	int code = machine_open(cli, true, &machine);

	return code != CLI_OK ? code : call(&machine, what, NULL, 0);
}
