/*
 * stead import: which half is asked for.
 */
#include "cmd/commands.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "cmd/import.h"

static bool has_folder(struct cli *cli)
{
	struct stat st;

	return fstatat(AT_FDCWD, compile_path(cli->arena, cli_text(cli, "dir"), SETTINGS_FILE), &st,
	               AT_SYMLINK_NOFOLLOW) == 0;
}

static int compare(struct cli *cli, const char *env)
{
	struct compile compile;
	int code = CLI_OK, reported;

	compile_init(&compile, cli);
	if (compile_files(&compile))
		code = import_compare(cli, env, &compile);
	reported = compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return code != CLI_OK ? code : reported;
}

int cmd_import(struct cli *cli)
{
	const char *env = cli_text(cli, "env");

	if (env == NULL)
		return fail(CLI_USAGE, "stead import --env OLD.env", "there is nothing to import");
	return has_folder(cli) ? compare(cli, env)
	                       : import_make(cli, env, cli_flag(cli, "dry-run"));
}
