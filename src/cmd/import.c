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

/* With a settings folder: the variables are compared, then the data is sent. */
static int use_folder(struct cli *cli, const char *env, const char *database)
{
	struct compile compile;
	int code = CLI_OK, reported;

	compile_init(&compile, cli);
	if (compile_files(&compile) && env != NULL)
		code = import_compare(cli, env, &compile);
	reported = compile_report(&compile, cli, stderr);
	code = code != CLI_OK ? code : reported;
	if (code == CLI_OK && database != NULL)
		code = import_send(cli, &compile);
	compile_done(&compile);
	return code;
}

static int refuse_options(struct cli *cli, const char *env, const char *database, bool more)
{
	bool dry = cli_flag(cli, "dry-run");

	if (env == NULL && database == NULL && !more)
		return fail(CLI_USAGE,
		            "stead import --env OLD.env, then stead import --database DUMP",
		            "there is nothing to import");
	if (cli_text(cli, "media") != NULL && database == NULL)
		return fail(CLI_USAGE, "name the dump too: --database DUMP",
		            "files alone are of no use");
	if (dry && (database != NULL || more))
		return fail(CLI_USAGE, NULL, "'--dry-run' is for '--env' alone");
	if (more && (env != NULL || database != NULL))
		return fail(CLI_USAGE, NULL, "'--finish' and '--drop' stand alone");
	return CLI_OK;
}

int cmd_import(struct cli *cli)
{
	const char *env = cli_text(cli, "env"), *database = cli_text(cli, "database");
	bool finish = cli_flag(cli, "finish"), drop = cli_flag(cli, "drop");
	int code = refuse_options(cli, env, database, finish || drop);

	if (code != CLI_OK)
		return code;
	if (finish || drop)
		return import_continue(cli, finish ? "finish" : "drop");
	if (has_folder(cli))
		return use_folder(cli, env, database);
	if (database != NULL)
		return fail(CLI_ENVIRONMENT,
		            "first 'stead import --env OLD.env', then 'stead up', then this",
		            "there is no node yet: no %s here", SETTINGS_FILE);
	return import_make(cli, env, cli_flag(cli, "dry-run"));
}
