#include "cmd/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/compile.h"

/* --- ignition --- */

static int write_config(const struct compile_config *config, const char *path)
{
	struct stat st;
	int r;

	if (path == NULL || strcmp(path, "-") == 0) {
		if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
		    (st.st_mode & 077) != 0)
			(void)fail(CLI_OK, "'-o FILE' makes a file that is yours alone",
			           "the config holds secrets, and others may read the file it goes "
			           "to");
		(void)fwrite(config->text, 1, config->len, stdout);
		return flush_output(stdout);
	}
	/* A device or a pipe is written to, never replaced. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		cleanup_file FILE *out = fopen(path, "we");

		if (out == NULL)
			return fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", path,
			            strerror(errno));
		(void)fwrite(config->text, 1, config->len, out);
		return flush_output(out);
	}
	/* The config holds secrets: 0600, also where a file with another mode was before. */
	r = file_write_atomic(AT_FDCWD, path, 0600, config->text, config->len);
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", path, strerror(-r));
	return CLI_OK;
}

static int render_ignition(struct compile *compile, struct cli *cli)
{
	struct compile_config config;
	struct host_agent agent = { 0 };
	bool base = str_equal(compile->settings.delivery.v, "ssh");
	int code = CLI_OK;

	if (!base && !cli_flag(cli, "no-agent"))
		code = compile_agent(compile, &agent);
	if (code != CLI_OK)
		return code;
	if (base ? !compile_ignition_base(compile, &config)
	         : !compile_ignition(compile, &agent, NULL, &config))
		return CLI_FINDINGS;
	compile_note_size(compile, &config);
	code = write_config(&config, cli_text(cli, "output"));
	if (code == CLI_OK)
		(void)fprintf(stderr, "%zu bytes%s\n", config.len,
		              config.packed ? arena_printf(compile->arena, ", packed from %zu",
		                                           config.inner_len)
		                            : ", not packed: that would not be smaller");
	return code;
}

/* --- tree --- */

/* Below DIR_FD; the paths of a tree are absolute and clean (output_conflicts saw to it). */
static int make_parents(int dir_fd, struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return 0;
	return dir_make(dir_fd, arena_strndup(arena, path, (size_t)(slash - path)), 0755);
}

static int write_file(int dir_fd, struct compile *compile, const struct output *file)
{
	const char *path = file->path + 1;
	size_t len;
	char *data = output_join(file, &len);
	int r = make_parents(dir_fd, compile->arena, path);

	return r < 0 ? r : file_create(dir_fd, path, file->mode, data, len);
}

static int write_link(int dir_fd, struct compile *compile, const struct output_link *link)
{
	const char *path = link->path + 1;
	int r = make_parents(dir_fd, compile->arena, path);

	if (r == 0 && symlinkat(link->target, dir_fd, path) < 0)
		r = -errno;
	return r;
}

static int cannot(const char *path, int r)
{
	return fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", path, strerror(-r));
}

static int write_tree(int dir_fd, struct compile *compile, const struct output_set *tree)
{
	int r;

	for (size_t i = 0; i < tree->dirs.count; i++) {
		const struct output_dir *dir = &tree->dirs.items[i];

		r = dir_make(dir_fd, dir->path + 1, dir->mode);
		if (r < 0)
			return cannot(dir->path, r);
		(void)printf("dir     %04o %u:%u %s\n", dir->mode, dir->uid, dir->gid, dir->path);
	}
	for (size_t i = 0; i < tree->files.count; i++) {
		const struct output *file = tree->files.items[i];

		r = write_file(dir_fd, compile, file);
		if (r < 0)
			return cannot(file->path, r);
		(void)printf("file    %04o %u:%u %s\n", file->mode, file->uid, file->gid,
		             file->path);
	}
	for (size_t i = 0; i < tree->links.count; i++) {
		const struct output_link *link = &tree->links.items[i];

		r = write_link(dir_fd, compile, link);
		if (r < 0)
			return cannot(link->path, r);
		(void)printf("link    %s -> %s\n", link->path, link->target);
	}
	for (size_t i = 0; i < tree->units.count; i++)
		(void)printf("unit    %s %s\n", tree->units.items[i].name,
		             tree->units.items[i].masked    ? "masked"
		             : tree->units.items[i].enabled ? "enabled"
		                                            : "disabled");
	for (size_t i = 0; i < tree->users.count; i++)
		(void)printf("user    %s\n", tree->users.items[i].name);
	return flush_output(stdout);
}

/* Only an empty folder: what lay there before could not be told from what is rendered. */
static int render_tree(struct compile *compile, struct cli *cli)
{
	const char *path = cli->args.items[1];
	struct host_agent agent = { 0 };
	struct output_set *tree;
	int code = CLI_OK;

	if (!cli_flag(cli, "no-agent"))
		code = compile_agent(compile, &agent);
	if (code != CLI_OK)
		return code;
	tree = compile_tree(compile, &agent);
	if (tree == NULL)
		return CLI_FINDINGS;
	if (mkdir(path, 0700) < 0 && (errno != EEXIST || rmdir(path) < 0 || mkdir(path, 0700) < 0))
		return fail(CLI_ENVIRONMENT,
		            "name a folder that does not exist yet, or an empty one",
		            "cannot make the folder '%s': %s", path,
		            strerror(errno == 0 ? EEXIST : errno));
	cleanup_fd int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot open '%s': %s", path, strerror(errno));
	return write_tree(dir_fd, compile, tree);
}

static void warn_unlocked(struct compile *compile)
{
	for (size_t i = 0; i < compile->node->processes.count; i++) {
		const struct node_process *process = compile->node->processes.items[i];

		if (process->image_digest == NULL)
			diag_warning(
				&compile->findings, "image.unlocked", process->image_origin.span,
				"'stead lock' fixes what it is",
				"the image '%s' is not locked: a machine pulls what it is then",
				process->image_name);
	}
}

int cmd_render(struct cli *cli)
{
	bool tree = strcmp(cli->args.items[0], "tree") == 0;
	struct compile compile;
	int code = CLI_OK, report;

	if (tree && cli->args.count != 2)
		return fail(CLI_USAGE, NULL, "name the folder: stead render tree DIR");
	if (!tree && cli->args.count != 1)
		return fail(CLI_USAGE, "the file is named with -o",
		            "'stead render ignition' takes no further argument");
	if (tree && cli_text(cli, "output") != NULL)
		return fail(CLI_USAGE, NULL, "'--output' is for 'stead render ignition'");
	compile_init(&compile, cli);
	if (compile_files(&compile)) {
		warn_unlocked(&compile);
		code = tree ? render_tree(&compile, cli) : render_ignition(&compile, cli);
	}
	report = compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return report != CLI_OK ? report : code;
}
