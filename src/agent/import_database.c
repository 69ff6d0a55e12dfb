/*
 * The database's half of an import. Its own programs do it, in its own container.
 */
#include "agent/import.h"

#include <errno.h>
#include <string.h>

#include "agent/engine.h"
#include "base/arena.h"
#include "base/text.h"

enum { QUICK_S = 300, LONG_S = 7 * 86400, MAJOR = 10000 };

/* $1: the dump. Says the major version of the server it was made from, and fails for what is no
 * whole dump. */
static const char look_plain[] =
	"set -eu\n"
	"tail -c 4096 \"$1\" | grep -q '^-- PostgreSQL database dump complete' || {\n"
	"  echo 'it does not end as a dump ends: it is cut short' >&2; exit 1; }\n"
	/* Outside of rows: what would leave the database it is restored into. */
	"bad=$(sed -n -e '/^COPY .* FROM stdin;$/,/^\\\\\\.$/d' -e "
	"'/^\\\\\\(un\\)\\{0,1\\}restrict /d'"
	" -e '/^\\\\/p' -e '/^CREATE DATABASE /p' \"$1\" | head -n 1)\n"
	"[ -z \"$bad\" ] || { echo 'it makes its own database: make it without --create' >&2; exit "
	"1; }\n"
	"sed -n 's/^-- Dumped from database version \\([0-9]*\\).*/\\1/p;100q' \"$1\"\n";
static const char look_other[] = "set -eu\n"
				 "toc=$(pg_restore -l \"$1\")\n"
				 "printf '%s\\n' \"$toc\" | sed -n 's/^; *Dumped from database "
				 "version: \\([0-9]*\\).*/\\1/p'\n";

/* $1 dump, $2 user, $3 database, $4 owner: what belongs to other roles or needs a superuser stays
 * behind. */
static const char restore_plain[] =
	"set -eu\n"
	"export PGOPTIONS=\"-c role=$4\"\n"
	"sed -e '/^COPY .* FROM stdin;$/,/^\\\\\\.$/b' -e '/^ALTER .* OWNER TO .*;$/d'"
	" -e '/^GRANT .*;$/d' -e '/^REVOKE .*;$/d' -e '/^CREATE EXTENSION /d'"
	" -e '/^COMMENT ON EXTENSION /d' -e '/^\\\\\\(un\\)\\{0,1\\}restrict /d' \"$1\" |\n"
	"psql -Xq -v ON_ERROR_STOP=1 -U \"$2\" -d \"$3\" -f - >/dev/null\n";

/* $1 dump, $2 table, $3 plain or not: the rows it has, or nothing when it has none as COPY. */
static const char count_rows[] =
	"set -eu\n"
	"block='/^COPY \\([a-z_]*\\.\\)\\{0,1\\}'\"$2\"' .*FROM stdin;$/,/^\\\\\\.$/p'\n"
	"if [ \"$3\" = plain ]; then sed -n \"$block\" \"$1\"\n"
	"else pg_restore -a -t \"$2\" -f - \"$1\" | sed -n \"$block\"; fi | wc -l\n";

static int fail_by(struct import *import, const char *what, const struct process_result *result)
{
	if (result->timed_out)
		return agent_fail(import->agent, -ETIMEDOUT, "%s takes too long", what);
	return agent_fail(import->agent, -EIO, "%s: %s", what,
	                  engine_last_line(import->arena, result->err));
}

/* sh -c SCRIPT sh WORDS… in the database's container; WORDS end with NULL. */
static int script(struct import *import, const char *what, const char *text,
                  const char *const *words, char **ret)
{
	struct strings argv = { 0 };
	struct process_result result;
	int r;

	*list_add(import->arena, &argv) = "sh";
	*list_add(import->arena, &argv) = "-c";
	*list_add(import->arena, &argv) = text;
	*list_add(import->arena, &argv) = "sh";
	for (; *words != NULL; words++)
		*list_add(import->arena, &argv) = *words;
	r = import->agent->engine->exec(import->agent, import->arena, import->process, &argv, NULL,
	                                LONG_S, &result);
	if (r == 0 && (result.timed_out || result.exit_code != 0))
		r = fail_by(import, what, &result);
	if (r == 0)
		*ret = result.out;
	return r;
}

/* What SQL prints, without blanks around it. */
static int ask(struct import *import, const char *what, const char *database, const char *sql,
               const char **ret)
{
	const struct import_spec *spec = &import->spec;
	struct strings argv = { 0 };
	const char *const words[] = { "psql", "-XAtq",    "-v", "ON_ERROR_STOP=1",
		                      "-U",   spec->user, "-d", database,
		                      "-f",   "-",        NULL };
	struct process_result result;
	size_t len;
	int r;

	for (size_t i = 0; words[i] != NULL; i++)
		*list_add(import->arena, &argv) = words[i];
	r = import->agent->engine->exec(import->agent, import->arena, import->process, &argv, sql,
	                                LONG_S, &result);
	if (r == 0 && (result.timed_out || result.exit_code != 0))
		r = fail_by(import, what, &result);
	if (r < 0)
		return r;
	len = strlen(result.out);
	while (len > 0 && strchr(" \r\n", result.out[len - 1]) != NULL)
		result.out[--len] = '\0';
	*ret = result.out + strspn(result.out, " \r\n");
	return 0;
}

static const char *beside(const struct import *import, const char *what)
{
	return arena_printf(import->arena, "%s_%s", import->spec.name, what);
}

static bool is_plain(const struct import *import)
{
	return import->spec.kind == DUMP_PLAIN;
}

/* --- before anything is changed --- */

int import_check_empty(struct import *import)
{
	const char *answer;
	int r = ask(import, "the database cannot be asked whether it is unused", import->spec.name,
	            import->spec.empty, &answer);

	if (r < 0 || str_equal(answer, "t"))
		return r;
	return agent_fail(import->agent, -EEXIST,
	                  "this node is in use already: an import goes into an empty one only");
}

int import_check_dump(struct import *import)
{
	const char *const words[] = { import->dump_inside, NULL };
	const char *server;
	char *said;
	long from, here;
	int r = script(import, "the dump cannot be used",
	               is_plain(import) ? look_plain : look_other, words, &said);

	if (r == 0)
		r = ask(import, "the database's version cannot be asked", import->spec.name,
		        "SELECT current_setting('server_version_num')", &server);
	if (r < 0)
		return r;
	said[strcspn(said, "\n")] = '\0';
	if (!str_to_long(said, &from) || !str_to_long(server, &here))
		return agent_fail(import->agent, -EINVAL,
		                  "the dump does not say of which PostgreSQL it is");
	if (from > here / MAJOR)
		return agent_fail(import->agent, -EINVAL,
		                  "the dump is PostgreSQL %ld's, and this node has %ld", from,
		                  here / MAJOR);
	(void)printf("a dump of PostgreSQL %ld, for %ld\n", from, here / MAJOR);
	return 0;
}

/* --- beside the present one --- */

static int drop(struct import *import, const char *database, const char *what)
{
	const char *ignored;

	return ask(
		import, what, "postgres",
		arena_printf(import->arena, "DROP DATABASE IF EXISTS %s WITH (FORCE);\n", database),
		&ignored);
}

int import_drop_new(struct import *import)
{
	return drop(import, beside(import, "import"), "the imported database cannot be removed");
}

/* Sorted as the present one is, whatever the dump's was: its texts are sorted anew. */
static int create(struct import *import)
{
	const char *ignored;

	return ask(import, "a database for it cannot be made", "postgres",
	           arena_printf(import->arena,
	                        "SELECT format('CREATE DATABASE %s OWNER %s TEMPLATE template0 "
	                        "ENCODING %%L LC_COLLATE %%L LC_CTYPE %%L', "
	                        "pg_encoding_to_char(encoding), datcollate, datctype)\n"
	                        "FROM pg_database WHERE datname = '%s' \\gexec\n",
	                        beside(import, "import"), import->spec.owner, import->spec.name),
	           &ignored);
}

static int restore_other(struct import *import)
{
	const struct import_spec *spec = &import->spec;
	struct strings argv = { 0 };
	struct process_result result;
	const char *const words[] = { "pg_restore",
		                      "--exit-on-error",
		                      "--no-owner",
		                      "--no-privileges",
		                      "-U",
		                      spec->user,
		                      arena_printf(import->arena, "--role=%s", spec->owner),
		                      arena_printf(import->arena, "--schema=%s", spec->schema),
		                      arena_printf(import->arena, "--dbname=%s",
		                                   beside(import, "import")),
		                      NULL };
	int r;

	for (size_t i = 0; words[i] != NULL; i++)
		*list_add(import->arena, &argv) = words[i];
	if (spec->kind == DUMP_CUSTOM || spec->kind == DUMP_DIRECTORY)
		*list_add(import->arena, &argv) = "--jobs=2";
	*list_add(import->arena, &argv) = import->dump_inside;
	r = import->agent->engine->exec(import->agent, import->arena, import->process, &argv, NULL,
	                                LONG_S, &result);
	if (r == 0 && (result.timed_out || result.exit_code != 0))
		r = fail_by(import, "the dump cannot be restored", &result);
	return r;
}

int import_restore(struct import *import)
{
	const struct import_spec *spec = &import->spec;
	const char *const words[] = { import->dump_inside, spec->user, beside(import, "import"),
		                      spec->owner, NULL };
	const char *ignored;
	char *output;
	int r = import_drop_new(import);

	if (r == 0)
		r = create(import);
	if (r == 0)
		r = is_plain(import) ? script(import, "the dump cannot be restored", restore_plain,
		                              words, &output)
		                     : restore_other(import);
	return r < 0 ? r
	             : ask(import, "the imported database cannot be looked through",
	                   beside(import, "import"), "ANALYZE;\n", &ignored);
}

/* --- what was restored --- */

static int check_version(struct import *import)
{
	const struct import_run *newest = &import->spec.newest;
	struct engine_job job = {
		.container = "stead-job-import",
		.process = plan_process_find(import->agent->plan, newest->process),
		.run = &newest->run,
		.deadline_s = QUICK_S,
	};
	struct process_result result;
	const char *version;
	int r = ask(import, "the dump does not say its version", beside(import, "import"),
	            import->spec.version, &version);

	if (r == 0)
		r = import->agent->engine->run_job(import->agent, import->arena, &job, &result);
	if (r == 0 && (result.timed_out || result.exit_code != 0))
		r = fail_by(import, "the image does not say its version", &result);
	if (r < 0)
		return r;
	result.out[strcspn(result.out, "\r\n")] = '\0';
	if (*version == '\0' || *result.out == '\0')
		return agent_fail(import->agent, -EINVAL, "the versions are not known");
	if (strcmp(version, result.out) > 0)
		return agent_fail(import->agent, -EINVAL,
		                  "the dump is newer (%.40s) than the image (%.40s): name a newer "
		                  "image",
		                  version, result.out);
	(void)printf("version %s of the tables, %s of the image\n", version, result.out);
	return 0;
}

static int check_refusals(struct import *import)
{
	for (size_t i = 0; i < import->spec.refuse.count && !import->spec.fork; i++) {
		const struct import_refusal *refusal = &import->spec.refuse.items[i];
		const char *answer;
		int r = ask(import, "the imported database cannot be asked",
		            beside(import, "import"), refusal->sql, &answer);

		if (r < 0)
			return r;
		if (str_equal(answer, "t"))
			return agent_fail(import->agent, -EPERM, "%s", refusal->why);
	}
	return 0;
}

/* The dump is counted by its own text, without the database. */
static int check_count(struct import *import, const char *table)
{
	const char *const words[] = { import->dump_inside, table,
		                      is_plain(import) ? "plain" : "other", NULL };
	const char *rows;
	char *lines;
	long in_dump, restored;
	int r = script(import, "the dump cannot be counted", count_rows, words, &lines);

	if (r == 0)
		r = ask(import, "the imported database cannot be counted", beside(import, "import"),
		        arena_printf(import->arena, "SELECT count(*) FROM %s.%s;\n",
		                     import->spec.schema, table),
		        &rows);
	if (r < 0)
		return r;
	lines[strcspn(lines, "\n")] = '\0';
	if (!str_to_long(lines + strspn(lines, " "), &in_dump) || !str_to_long(rows, &restored))
		return agent_fail(import->agent, -EINVAL, "the rows of %s cannot be counted",
		                  table);
	/* COPY and its end; a dump of INSERTs has neither. */
	if (in_dump >= 2 && in_dump - 2 != restored)
		return agent_fail(import->agent, -EIO, "%s: %ld rows in the dump, %ld restored",
		                  table, in_dump - 2, restored);
	if (in_dump >= 2)
		(void)printf("%s: %ld rows in the dump, %ld restored\n", table, in_dump - 2,
		             restored);
	else
		(void)printf("%s: %ld restored, not counted in the dump\n", table, restored);
	return 0;
}

int import_check_restored(struct import *import)
{
	int r = check_version(import);

	if (r == 0)
		r = check_refusals(import);
	for (size_t i = 0; r == 0 && i < import->spec.counts.count; i++)
		r = check_count(import, import->spec.counts.items[i]);
	return r;
}

/* --- the switch: both names in one transaction; nothing when it was done --- */

int import_switch_database(struct import *import)
{
	const char *now = import->spec.name, *new = beside(import, "import"),
		   *old = beside(import, "before"), *ignored;

	return ask(
		import, "the databases cannot change names", "postgres",
		arena_printf(
			import->arena,
			"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '%s') AS todo "
			"\\gset\n"
			"\\if :todo\n"
			"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity\n"
			"WHERE datname IN ('%s', '%s') AND pid <> pg_backend_pid();\n"
			"BEGIN;\nALTER DATABASE %s RENAME TO %s;\nALTER DATABASE %s RENAME TO %s;\n"
			"COMMIT;\n"
			"\\endif\n",
			new, now, new, now, old, new, now),
		&ignored);
}

int import_drop_old(struct import *import)
{
	return drop(import, beside(import, "before"), "the database of before cannot be removed");
}
