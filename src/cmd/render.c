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
#include "cmd/fleet.h"

struct rendering {
	bool tree;
	const char *to;  /* file or folder; with --all the folder below which all of it goes */
	const char *all; /* the fleet's folder, or NULL */
	const char *agent_url; /* where a config has the agent fetched, or NULL */
	struct arena *arena;
	struct host_agent agent; /* read when first needed, and kept for all nodes */
};

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

static int render_ignition(struct compile *compile, const struct rendering *r, const char *path,
                           const char **ret_line)
{
	struct compile_config config;
	bool base = str_equal(compile->settings.delivery.v, "ssh");
	const char *limit;
	int code;

	if (base ? !compile_ignition_base(compile, &config)
	         : !compile_ignition(compile, &r->agent, r->agent_url, &config))
		return CLI_FINDINGS;
	limit = compile_note_size(compile, &config);
	code = write_config(&config, path);
	*ret_line = arena_printf(
		compile->arena, "%zu bytes%s%s", config.len, limit,
		config.packed ? arena_printf(compile->arena, ", packed from %zu", config.inner_len)
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

/* Nobody's node yet: a tree need not outlive a power cut, and syncing would be most of the work. */
static int write_file(int dir_fd, struct compile *compile, const struct output *file)
{
	const char *path = file->path + 1;
	int r = make_parents(dir_fd, compile->arena, path);
	size_t len;
	const char *data = output_join(file, &len);

	if (r < 0)
		return r;
	cleanup_fd int fd =
		openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, file->mode) < 0)
		return -errno;
	return file_write_all(fd, data, len);
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
	}
	for (size_t i = 0; i < tree->files.count; i++) {
		r = write_file(dir_fd, compile, tree->files.items[i]);
		if (r < 0)
			return cannot(tree->files.items[i]->path, r);
	}
	for (size_t i = 0; i < tree->links.count; i++) {
		r = write_link(dir_fd, compile, &tree->links.items[i]);
		if (r < 0)
			return cannot(tree->links.items[i].path, r);
	}
	return CLI_OK;
}

static void print_list(const struct output_set *tree)
{
	for (size_t i = 0; i < tree->dirs.count; i++)
		(void)printf("dir     %04o %u:%u %s\n", tree->dirs.items[i].mode,
		             tree->dirs.items[i].uid, tree->dirs.items[i].gid,
		             tree->dirs.items[i].path);
	for (size_t i = 0; i < tree->files.count; i++)
		(void)printf("file    %04o %u:%u %s\n", tree->files.items[i]->mode,
		             tree->files.items[i]->uid, tree->files.items[i]->gid,
		             tree->files.items[i]->path);
	for (size_t i = 0; i < tree->links.count; i++)
		(void)printf("link    %s -> %s\n", tree->links.items[i].path,
		             tree->links.items[i].target);
	for (size_t i = 0; i < tree->units.count; i++)
		(void)printf("unit    %s %s\n", tree->units.items[i].name,
		             tree->units.items[i].masked    ? "masked"
		             : tree->units.items[i].enabled ? "enabled"
		                                            : "disabled");
	for (size_t i = 0; i < tree->users.count; i++)
		(void)printf("user    %s\n", tree->users.items[i].name);
}

/* Only an empty folder: what lay there before could not be told from what is rendered. */
static int make_new_folder(const char *path)
{
	if (mkdir(path, 0700) == 0 ||
	    (errno == EEXIST && rmdir(path) == 0 && mkdir(path, 0700) == 0))
		return CLI_OK;
	return fail(CLI_ENVIRONMENT, "name a folder that does not exist yet, or an empty one",
	            "cannot make the folder '%s': %s", path, strerror(errno == 0 ? EEXIST : errno));
}

static int render_tree(struct compile *compile, const struct host_agent *agent, const char *path,
                       bool list)
{
	struct output_set *tree = compile_tree(compile, agent);
	int code;

	if (tree == NULL)
		return CLI_FINDINGS;
	code = make_new_folder(path);
	if (code != CLI_OK)
		return code;
	cleanup_fd int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot open '%s': %s", path, strerror(errno));
	code = write_tree(dir_fd, compile, tree);
	if (code == CLI_OK && list)
		print_list(tree);
	return code == CLI_OK ? flush_output(stdout) : code;
}

static void warn_unlocked(struct compile *compile)
{
	const struct node_process *process;

	for (size_t i = 0; (process = node_container(compile->node, i)) != NULL; i++) {
		if (process->image_digest == NULL)
			diag_warning(
				&compile->findings, "image.unlocked", process->image_origin.span,
				"'stead lock' fixes what it is",
				"the image '%s' is not locked: a machine pulls what it is then",
				process->image_name);
	}
}

/* --- what is asked for --- */

/* The folder is written in one of the ways that are known. */
static int tree_folder(struct cli *cli, struct rendering *r)
{
	const char *ways[] = {
		cli_text(cli, "tree"),
		cli->args.count == 2 ? cli->args.items[1] : NULL,
		cli_text(cli, "output"),
	};
	size_t count = 0;

	if (r->all == NULL && ways[2] != NULL)
		return fail(CLI_USAGE, "a tree's folder is named with --tree",
		            "'--output' is for 'stead render ignition'");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i] != NULL) {
			r->to = ways[i];
			count++;
		}
	if (count == 1)
		return CLI_OK;
	return fail(CLI_USAGE, NULL,
	            count > 1 ? "name one folder for the tree"
	            : r->all != NULL
	                    ? "name the folder that it goes into: stead render --all DIR -o OUT"
	                    : "name the folder: stead render --tree DIR");
}

/* The bytes are compared with a hash, so it need not be https. */
static bool is_web_address(const char *s)
{
	const char *host = str_starts(s, "https://")  ? s + 8
	                   : str_starts(s, "http://") ? s + 7
	                                              : "";

	if (*host == '\0' || *host == '/')
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || *s == '"' ||
		    *s == '\\')
			return false;
	return true;
}

static int read_rendering(struct cli *cli, struct rendering *r)
{
	const char *what = cli->args.count > 0 ? cli->args.items[0] : NULL;
	int code;

	*r = (struct rendering){ .all = fleet_dir(cli, &code), .arena = cli->arena };
	if (code != CLI_OK)
		return code;
	r->tree = what != NULL ? str_equal(what, "tree")
	                       : cli_text(cli, "tree") != NULL || r->all != NULL;
	if (r->tree)
		return tree_folder(cli, r);
	if (what == NULL)
		return fail(CLI_USAGE,
		            "for example 'stead render ignition' or 'stead render --tree DIR'",
		            "say what to render");
	if (cli->args.count > 1)
		return fail(CLI_USAGE, "the file is named with -o",
		            "'stead render ignition' takes no further argument");
	if (cli_text(cli, "tree") != NULL)
		return fail(CLI_USAGE, NULL, "either 'ignition' or '--tree'");
	r->to = cli_text(cli, "output");
	r->agent_url = cli_text(cli, "agent-url");
	if (r->agent_url != NULL && !is_web_address(r->agent_url))
		return fail(CLI_USAGE, "for example --agent-url https://example.org/stead-node",
		            "--agent-url takes an address that begins with https:// or http://");
	if (r->agent_url != NULL && cli_flag(cli, "no-agent"))
		return fail(CLI_USAGE, NULL, "either '--agent-url' or '--no-agent'");
	if (r->all != NULL && (r->to == NULL || str_equal(r->to, "-")))
		return fail(
			CLI_USAGE, NULL,
			"name the folder of the configs: stead render ignition --all DIR -o OUT");
	return CLI_OK;
}

/* A tree has the agent unless it is not wanted, a config only where it makes the whole node. */
static int load_agent(struct rendering *r, struct cli *cli, struct compile *compile)
{
	bool wanted = !cli_flag(cli, "no-agent") &&
	              (r->tree || !str_equal(compile->settings.delivery.v, "ssh"));

	return wanted && r->agent.data == NULL ? compile_agent(r->arena, &r->agent) : CLI_OK;
}

/* --- one node, or all --- */

static int render_one(struct rendering *r, struct cli *cli)
{
	const char *line = NULL;
	struct compile compile;
	int code = CLI_OK, report;

	compile_init(&compile, cli);
	if (compile_files(&compile)) {
		warn_unlocked(&compile);
		code = load_agent(r, cli, &compile);
		if (code == CLI_OK)
			code = r->tree ? render_tree(&compile, &r->agent, r->to, true)
			               : render_ignition(&compile, r, r->to, &line);
	}
	if (code == CLI_OK && line != NULL)
		(void)fprintf(stderr, "%s\n", line);
	report = compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return report != CLI_OK ? report : code;
}

/* OUT/NAME for a tree, OUT/NAME.ign for a config. */
static int render_node_of(struct fleet *fleet, struct cli *cli, struct compile *compile,
                          const char *name, const char **ret_line)
{
	struct rendering *r = fleet->context;
	const char *to = compile_path(cli->arena, r->to, name);
	int code;

	if (!fleet_compile(fleet, compile))
		return CLI_FINDINGS;
	warn_unlocked(compile);
	code = load_agent(r, cli, compile);
	if (code != CLI_OK)
		return code;
	if (r->tree) {
		code = render_tree(compile, &r->agent, to, false);
		*ret_line = to;
	} else {
		to = arena_printf(cli->arena, "%s.ign", to);
		code = render_ignition(compile, r, to, ret_line);
		*ret_line = arena_printf(cli->arena, "%s, %s", to, *ret_line);
	}
	if (code != CLI_OK)
		*ret_line = code == CLI_FINDINGS ? NULL : "not written";
	return code;
}

/* Trees go into a new folder. Configs replace those of before, as they do one by one. */
static int make_output(const struct rendering *r)
{
	if (r->tree)
		return make_new_folder(r->to);
	if (mkdir(r->to, 0700) < 0 && errno != EEXIST)
		return fail(CLI_ENVIRONMENT, NULL, "cannot make the folder '%s': %s", r->to,
		            strerror(errno));
	cleanup_fd int fd = open(r->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || access(r->to, W_OK | X_OK) < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot write below '%s': %s", r->to,
		            strerror(errno));
	return CLI_OK;
}

static int render_all(struct rendering *r, struct cli *cli)
{
	struct fleet fleet = {
		.dir = r->all,
		.work = render_node_of,
		.context = r,
		.findings_out = stderr,
		.output_dir = r->to,
	};
	int code = make_output(r);

	return code == CLI_OK ? fleet_run(&fleet, cli) : code;
}

int cmd_render(struct cli *cli)
{
	struct rendering rendering;
	int code = read_rendering(cli, &rendering);

	if (code != CLI_OK)
		return code;
	return rendering.all != NULL ? render_all(&rendering, cli) : render_one(&rendering, cli);
}
