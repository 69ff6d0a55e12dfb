/*
 * stead adopt: a settings folder out of a node.
 *
 * Everything is made ready in a folder of its own first: the machine's key is known and its files
 * are here before the settings folder changes, and then all of it is made or nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "cmd/commands.h"
#include "cmd/files.h"
#include "cmd/up.h"

#define KNOWN_HOSTS "known_hosts"

enum { FETCH_MS = 60000, KNOWN_MAX = 1024 * 1024, FILES = 4 };

struct wanted {
	const char *name, *path; /* here, there; path NULL: known_hosts, which is ours */
	unsigned mode;
};

static const struct wanted wanted[FILES] = {
	{ SECRETS_FILE, "/etc/stead/secrets/" SECRETS_FILE, 0600 },
	{ LOCK_FILE, "/etc/stead/" LOCK_FILE, 0644 },
	{ KNOWN_HOSTS, NULL, 0644 },
	{ SETTINGS_FILE, "/etc/stead/" SETTINGS_FILE, 0644 },
};

static int refuse_existing(struct arena *arena, const char *dir, int dir_fd)
{
	struct stat st;

	for (size_t i = 0; i < FILES; i++)
		if (fstatat(dir_fd, wanted[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return fail(CLI_ENVIRONMENT, "use another folder: --dir DIR",
			            "'%s' exists already, and adopt never overwrites",
			            compile_path(arena, dir, wanted[i].name));
	return CLI_OK;
}

/* The bytes live in the secret arena. */
static int fetch(struct up *up, const struct wanted *file, struct new_file *ret)
{
	struct machine machine = up->machine;
	struct process_result result;
	struct strings words = { 0 };
	int r;

	machine_root(&machine, &words);
	machine_words(&machine, &words, "cat", file->path, NULL);
	machine.arena = up->compile.secret_arena;
	r = machine_run(&machine, &words, NULL, FETCH_MS, &result);
	if (r < 0 || result.timed_out || result.exit_code == SSH_FAILED)
		return machine_unreachable(&up->machine, r, &result);
	if (result.exit_code != 0)
		return fail(CLI_FINDINGS, "only a node that stead made keeps its settings",
		            "%s has no '%s'", up->machine.label, file->path);
	*ret = (struct new_file){ file->name, file->mode, result.out, result.out_len };
	return CLI_OK;
}

static int fetch_all(struct up *up, struct new_file *files)
{
	int code = CLI_OK;

	for (size_t i = 0; i < FILES && code == CLI_OK; i++) {
		char *data;
		size_t len;
		int r;

		if (wanted[i].path != NULL) {
			code = fetch(up, &wanted[i], &files[i]);
			continue;
		}
		r = file_read(up->arena, AT_FDCWD, up->known_hosts, KNOWN_MAX, &data, &len);
		if (r < 0)
			return fail(CLI_ENVIRONMENT, NULL, "cannot read '%s': %s", up->known_hosts,
			            strerror(-r));
		files[i] = (struct new_file){ wanted[i].name, wanted[i].mode, data, len };
	}
	return code;
}

static int make(struct up *up, const char *dir, int dir_fd, const struct new_file *files)
{
	static const char *const ignored[] = { SECRETS_FILE, "." SECRETS_FILE ".*", STATE_DIR "/",
		                               NULL };
	const char *name;
	int r = files_make(up->arena, dir_fd, files, FILES, ignored, &name);

	if (r < 0)
		return fail(CLI_ENVIRONMENT, "nothing was made", "cannot make '%s': %s",
		            compile_path(up->arena, dir, name), strerror(-r));
	for (size_t i = 0; i < FILES; i++)
		(void)printf("made %s\n", compile_path(up->arena, dir, wanted[i].name));
	return flush_output(stdout);
}

/* From now on the other commands know the machine. */
static int know_machine(struct up *up, struct compile *compile)
{
	const char *dir = machine_dir(up->arena, compile->dir, MACHINE_HOST);
	struct machine *machine = &up->machine;
	char absolute[4096];
	int r = dir_make(AT_FDCWD, dir, 0700), code;

	if (r < 0 || realpath(dir, absolute) == NULL)
		return fail(CLI_ENVIRONMENT, NULL, "cannot make '%s': %s", dir,
		            strerror(r < 0 ? -r : errno));
	machine->dir = arena_strdup(up->arena, absolute);
	machine->agent = host_agent_path(compile->node);
	code = machine_write_ssh(machine, compile, machine_known_hosts(machine, compile->dir),
	                         false);
	if (code == CLI_OK)
		code = machine_describe(machine, compile);
	return code != CLI_OK ? code : machine_keep(machine);
}

/* What this computer lacks is a finding of the settings: they stay, and say what to do. */
static int check_result(struct up *up)
{
	struct compile result;
	int code;

	compile_init(&result, up->cli);
	(void)compile_files(&result);
	code = compile_report(&result, up->cli, stderr);
	if (code == CLI_OK)
		code = know_machine(up, &result);
	compile_done(&result);
	return code;
}

static void remove_stage(struct arena *arena, const char *stage)
{
	static const char *const names[] = { "known_hosts", STATE_DIR "/host/ssh_config.new",
		                             STATE_DIR "/host/ssh_config.learn",
		                             STATE_DIR "/host/known_hosts.learn" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(compile_path(arena, stage, names[i]));
	(void)rmdir(compile_path(arena, stage, STATE_DIR "/host"));
	(void)rmdir(compile_path(arena, stage, STATE_DIR));
	(void)rmdir(stage);
}

static int adopt(struct up *up, const char *dir, int dir_fd)
{
	struct new_file files[FILES];
	int code = refuse_existing(up->arena, dir, dir_fd);

	if (code == CLI_OK)
		code = compile_agent(up->compile.arena, &up->agent);
	if (code == CLI_OK)
		code = up_connect(up);
	if (code == CLI_OK)
		code = up_first_contact(up);
	progress_finish(up->progress);
	if (code == CLI_OK)
		code = fetch_all(up, files);
	if (code == CLI_OK)
		code = make(up, dir, dir_fd, files);
	return code == CLI_OK ? check_result(up) : code;
}

int cmd_adopt(struct cli *cli)
{
	const char *dir = cli_text(cli, "dir"), *error;
	bool color = terminal_color(stderr, cli_text(cli, "color")), made_dir = false;
	struct up up = { .cli = cli,
		         .arena = cli->arena,
		         .options = { .host_key = cli_text(cli, "host-key") },
		         .color = color };
	char stage[] = "/tmp/stead-adopt-XXXXXX";
	int dir_fd, code;

	up.machine = (struct machine){ .arena = cli->arena, .kind = MACHINE_HOST };
	if (destination_parse(cli->arena, cli->args.items[0], &up.machine.to, &error) < 0)
		return fail(CLI_USAGE, "like root@social.example.org or root@192.0.2.1:2222", "%s",
		            error);
	dir_fd = files_begin(cli->arena, dir, &made_dir);
	if (dir_fd < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot use the folder '%s': %s", dir,
		            strerror(-dir_fd));
	if (mkdtemp(stage) == NULL) {
		code = fail(CLI_ENVIRONMENT, NULL, "cannot make a folder in /tmp: %s",
		            strerror(errno));
	} else {
		compile_init(&up.compile, cli);
		up.compile.dir = stage;
		up.progress = progress_new(cli->arena, stderr, color);
		code = adopt(&up, dir, dir_fd);
		compile_done(&up.compile);
		remove_stage(cli->arena, stage);
	}
	if (code != CLI_OK && made_dir)
		(void)rmdir(dir); /* only when it is empty */
	fd_cleanup(&dir_fd);
	return code;
}
