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
#include "cli/terminal.h"
#include "cmd/answers.h"
#include "cmd/compile.h"
#include "cmd/files.h"
#include "cmd/given_secrets.h"
#include "cmd/init.h"
#include "cmd/kit.h"

enum { LINEAGE_BYTES = 16, ATTEMPTS = 100 };

struct init {
	struct cli *cli;
	struct arena *arena;
	struct compile compile;
	struct answers answers;
	struct secrets secrets;
	struct lock lock;
	struct app app;
	const struct init_source *source; /* NULL: none */
	bool ask;
	int dir_fd;
	bool made_dir;
};

/* What must be answered: the key, or one below it. */
struct question {
	const char *key;    /* what counts as answered */
	const char *target; /* where an answer goes that is not the word "none"; NULL: to `key` */
	const char *text;
	const char *fallback;
	const char *example; /* for the report without a terminal */
};

static const struct question questions[] = {
	{ "app", NULL, "application", NULL, "--set app=snac" },
	{ "domain", NULL, "domain, the part after the @ of every handle", NULL,
	  "--set domain=example.org" },
	{ "admin.name", NULL, "the owner's account name, like alice", NULL,
	  "--set admin.name=alice" },
	{ "admin.email", NULL, "the owner's mail address", NULL,
	  "--set admin.email=alice@example.net" },
	{ "mail", "mail.host", "mail server that sends for this node, or none", "none",
	  "--set mail.host=smtp.example.net, or --set mail=none" },
	{ "backup", "backup.to", "where backups go, like sftp://user@host/path, or none", NULL,
	  "--set backup.to=sftp://user@host/path, or --set backup=none" },
};

/* --- asking --- */

static void print_findings(struct init *init, struct findings *findings)
{
	findings_print(findings, stderr, terminal_color(stderr, cli_text(init->cli, "color")));
}

/* Every value has its rules; the application and its owner's name have more. */
static bool accept_answer(struct init *init, const char *key, const char *value)
{
	struct findings findings;
	struct span at;

	findings_init(&findings, init->arena);
	if (answers_set(&init->answers, key, value, &findings)) {
		at = init->answers.items[init->answers.count - 1].at;
		if (strcmp(key, "app") == 0)
			(void)app_load(init->arena, init->compile.apps_dir, value, at, &init->app,
			               &findings);
		else if (strcmp(key, "admin.name") == 0)
			(void)check_owner_name(&init->app, value, at, &findings);
		if (findings.errors > 0)
			answers_drop(&init->answers);
	}
	if (findings.errors == 0)
		return true;
	print_findings(init, &findings);
	return false;
}

static bool ask_one(struct init *init, const struct question *question)
{
	const char *text = question->text;
	struct strings names = { 0 };
	struct text with_names;
	char *answer;

	if (strcmp(question->key, "app") == 0) {
		text_init(&with_names, init->arena);
		text_add(&with_names, text);
		app_names(init->arena, init->compile.apps_dir, &names);
		for (size_t i = 0; i < names.count; i++)
			text_addf(&with_names, "%s%s", i == 0 ? " (" : ", ", names.items[i]);
		text_add(&with_names, ")");
		text = with_names.data;
	}
	for (int i = 0; i < ATTEMPTS; i++) {
		bool none;

		if (terminal_ask(init->arena, text, question->fallback, &answer) < 0)
			return false;
		none = strcmp(answer, "none") == 0;
		if (*answer != '\0' &&
		    accept_answer(init,
		                  none || question->target == NULL ? question->key
		                                                   : question->target,
		                  answer))
			return true;
	}
	return false;
}

static void report_missing(struct init *init, const struct question *question)
{
	diag_error(&init->compile.findings, "cli.missing", (struct span){ 0 }, question->example,
	           "'%s' is missing: %s", question->key, question->text);
}

/* Mail needs more than its server: asked only where the server was asked for. */
static bool ask_mail_details(struct init *init)
{
	char *user;

	if (answers_get(&init->answers, "mail.host") == NULL ||
	    answers_has(&init->answers, "mail.user"))
		return true;
	for (int i = 0; i < ATTEMPTS; i++) {
		if (terminal_ask(init->arena, "user name at the mail server, or none", "none",
		                 &user) < 0)
			return false;
		if (strcmp(user, "none") == 0 || accept_answer(init, "mail.user", user))
			return true;
	}
	return false;
}

/* --- answers --- */

static void take_options(struct init *init)
{
	struct strings sets = { 0 };

	cli_list(init->cli, "set", &sets);
	for (size_t i = 0; i < sets.count; i++)
		(void)answers_add(&init->answers, sets.items[i], &init->compile.findings);
}

static int take_secrets(struct init *init)
{
	struct strings given = { 0 };
	bool used_stdin = false;
	int code = CLI_OK;

	cli_list(init->cli, "secret", &given);
	for (size_t i = 0; i < given.count && code == CLI_OK; i++) {
		bool from_stdin = str_ends(given.items[i], "=-");

		if (from_stdin && used_stdin)
			return fail(CLI_USAGE, "use files for the others",
			            "only one secret can come from stdin");
		used_stdin |= from_stdin;
		code = given_secret(&init->secrets, given.items[i]);
	}
	return code;
}

/* With the usual public key of this computer's user, ssh works without a word about it. */
static void default_ssh_key(struct init *init)
{
	static const char *const names[] = { ".ssh/id_ed25519.pub", ".ssh/id_ecdsa.pub",
		                             ".ssh/id_rsa.pub" };
	const char *home = getenv("HOME");
	struct findings ignored;

	if (home == NULL || answers_has(&init->answers, "machine.ssh_keys"))
		return;
	findings_init(&ignored, init->arena);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (access(arena_printf(init->arena, "%s/%s", home, names[i]), R_OK) == 0) {
			(void)answers_set(&init->answers, "machine.ssh_keys",
			                  arena_printf(init->arena, "~/%s", names[i]), &ignored);
			return;
		}
}

static bool load_app(struct init *init)
{
	struct findings *findings = &init->compile.findings;
	const char *name = answers_get(&init->answers, "app");

	for (size_t i = 0; i < init->answers.count; i++)
		if (strcmp(init->answers.items[i].key, "app") == 0)
			return app_load(init->arena, init->compile.apps_dir, name,
			                init->answers.items[i].at, &init->app, findings);
	return false;
}

/* An application that publishes no image needs to be told one. */
static bool collect_images(struct init *init)
{
	for (size_t i = 0; i < init->app.processes.count; i++) {
		const struct app_process *process =
			(const struct app_process *)init->app.processes.items + i;
		struct question question = {
			.key = arena_printf(init->arena, "images.%s", process->name.v),
			.text = arena_printf(init->arena,
			                     "image of %s, like registry.example.net/%s:1",
			                     process->name.v, process->name.v),
			.example = arena_printf(init->arena, "--set images.%s=REGISTRY/NAME:TAG",
			                        process->name.v),
		};

		if (process->image.v != NULL || answers_has(&init->answers, question.key))
			continue;
		if (!init->ask || init->compile.findings.errors > 0)
			report_missing(init, &question);
		else if (!ask_one(init, &question))
			return false;
	}
	return true;
}

/* All that is wrong or missing is found before anything is asked or made. */
static bool collect_answers(struct init *init)
{
	struct findings *findings = &init->compile.findings;
	const char *app = answers_get(&init->answers, "app");

	(void)answers_check(&init->answers, app, findings);
	if (app != NULL && findings->errors == 0)
		(void)load_app(init);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (answers_has(&init->answers, questions[i].key))
			continue;
		if (!init->ask || findings->errors > 0)
			report_missing(init, &questions[i]);
		else if (!ask_one(init, &questions[i]))
			return false;
	}
	if (!collect_images(init) || findings->errors > 0)
		return false;
	if (init->ask && !ask_mail_details(init))
		return false;
	default_ssh_key(init);
	return given_secrets_check(init->arena, &init->secrets, &init->app, findings) &&
	       given_secrets_complete(init->arena, &init->secrets, &init->app, &init->answers,
	                              init->ask, findings);
}

/* --- files --- */

static const char *handle(const struct init *init)
{
	return arena_printf(init->arena, "@%s@%s", answers_get(&init->answers, "admin.name"),
	                    answers_get(&init->answers, "domain"));
}

static const struct source *as_source(struct init *init, const char *name, const char *data)
{
	struct source *source = arena_alloc(init->arena, sizeof(*source));

	*source = (struct source){ .name = compile_path(init->arena, init->compile.dir, name),
		                   .data = data,
		                   .len = strlen(data) };
	return source;
}

static char *settings_text(struct init *init)
{
	return answers_write(
		&init->answers,
		arena_printf(init->arena,
	                     "# The settings of one node. All keys: man 5 stead.yaml\n"
	                     "# It is %s for ever: app, domain and admin.name never change.\n"
	                     "# Passwords and keys are in " SECRETS_FILE ".\n",
	                     handle(init)));
}

static bool confirm(const struct init *init)
{
	(void)fprintf(
		stderr,
		"\nThe owner will be  %s\n\n"
		"This name is for ever: other servers remember it together with its keys, so\n"
		"neither the domain nor the account's name can be changed later.\n\n",
		handle(init));
	return terminal_confirm("Is it right?", false);
}

static int make_files(struct init *init, const char *settings, const char *lock)
{
	static const char *const ignored[] = { SECRETS_FILE, "." SECRETS_FILE ".*", STATE_DIR "/",
		                               NULL };
	size_t secrets_len;
	const char *secrets = secrets_write(&init->secrets, &secrets_len), *name;
	const struct new_file files[] = {
		{ SECRETS_FILE, 0600, secrets, secrets_len },
		{ LOCK_FILE, 0644, lock, strlen(lock) },
		{ SETTINGS_FILE, 0644, settings, strlen(settings) },
	};
	int r = files_make(init->arena, init->dir_fd, files, 3, ignored, &name);

	if (r < 0)
		return fail(CLI_ENVIRONMENT, "nothing was made", "cannot make '%s': %s",
		            compile_path(init->arena, init->compile.dir, name), strerror(-r));
	return CLI_OK;
}

/* What was written is read back and compiled: init ends with the report that check would give, and
 * with the question whether to keep the kit. */
static int check_result(struct init *init)
{
	struct compile result;
	int code;

	compile_init(&result, init->cli);
	(void)compile_files(&result);
	code = compile_report(&result, init->cli, stderr);
	if (code == CLI_OK && init->ask && !cli_flag(init->cli, "yes") &&
	    flush_output(stdout) == CLI_OK &&
	    terminal_confirm("Print the recovery kit now, to keep on paper?", false))
		code = kit_print(init->cli, &result, false);
	compile_done(&result);
	return code;
}

static void print_result(const struct init *init)
{
	struct arena *arena = init->arena;
	const char *dir = init->compile.dir;
	const char *where = strcmp(dir, ".") == 0
	                            ? ""
	                            : arena_printf(arena, " --dir %s", cli_shell_quote(arena, dir));

	(void)printf("made %s, %s and %s\n", compile_path(arena, dir, SETTINGS_FILE),
	             compile_path(arena, dir, SECRETS_FILE), compile_path(arena, dir, LOCK_FILE));
	(void)printf("the owner is %s\n", handle(init));
	(void)printf("keep %s safe: without it the node cannot be made again\n",
	             compile_path(arena, dir, SECRETS_FILE));
	(void)printf("the recovery kit, to keep on paper: stead kit%s\n", where);
	(void)printf("next: stead check%s\n", where);
}

static bool is_dry(const struct init *init)
{
	return init->source != NULL && init->source->dry_run;
}

static int make_node(struct init *init)
{
	struct compile *compile = &init->compile;
	struct lock lock = {
		.app = answers_get(&init->answers, "app"),
		.domain = answers_get(&init->answers, "domain"),
		.lineage = secret_random_hex(init->arena, LINEAGE_BYTES),
	};
	const char *settings = settings_text(init), *lock_text = lock_write(init->arena, &lock);
	struct compile_texts texts = {
		.settings = as_source(init, SETTINGS_FILE, settings),
		.lock = as_source(init, LOCK_FILE, lock_text),
		.secrets = &init->secrets,
	};
	int code;

	if (!compile_texts(compile, &texts)) {
		(void)compile_report(compile, init->cli, stderr);
		return fail(CLI_FINDINGS, NULL, "nothing was made");
	}
	if (init->ask && !cli_flag(init->cli, "yes") && !is_dry(init) && !confirm(init))
		return fail(CLI_FINDINGS, NULL, "nothing was made");
	if (is_dry(init)) {
		(void)printf("\n%s would be:\n\n%s",
		             compile_path(init->arena, compile->dir, SETTINGS_FILE), settings);
		code = flush_output(stdout);
		return code != CLI_OK ? code : compile_report(compile, init->cli, stderr);
	}
	code = make_files(init, settings, lock_text);
	if (code != CLI_OK)
		return code;
	print_result(init);
	code = check_result(init);
	return code != CLI_OK ? code : flush_output(stdout);
}

static int refuse_existing(struct init *init)
{
	static const char *const names[] = { SETTINGS_FILE, SECRETS_FILE, LOCK_FILE };
	struct stat st;

	for (size_t i = 0; i < 3; i++)
		if (fstatat(init->dir_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return fail(
				CLI_ENVIRONMENT,
				"change the file with an editor, or use another folder: --dir DIR",
				"'%s' exists already, and init never overwrites",
				compile_path(init->arena, init->compile.dir, names[i]));
	return CLI_OK;
}

static int run(struct init *init)
{
	struct compile *compile = &init->compile;
	int code = refuse_existing(init);

	if (code == CLI_OK)
		code = take_secrets(init);
	if (code != CLI_OK)
		return code;
	take_options(init);
	if (init->source != NULL)
		code = init->source->take(init->source->context, compile, &init->answers,
		                          &init->secrets);
	if (code != CLI_OK)
		return code;
	if (!collect_answers(init)) {
		if (compile->findings.errors == 0)
			return fail(CLI_FINDINGS, NULL, "there was no answer; nothing was made");
		return compile_report(compile, init->cli, stderr);
	}
	return make_node(init);
}

int cmd_init(struct cli *cli)
{
	return init_make(cli, NULL);
}

int init_make(struct cli *cli, const struct init_source *source)
{
	struct init init = {
		.cli = cli, .arena = cli->arena, .source = source, .ask = terminal_can_ask()
	};
	int code;

	compile_init(&init.compile, cli);
	init.answers.arena = cli->arena;
	init.secrets.arena = init.compile.secret_arena;
	init.dir_fd = files_begin(cli->arena, init.compile.dir, &init.made_dir);
	if (init.dir_fd == -EBUSY)
		code = fail(CLI_ENVIRONMENT, NULL, "another 'stead init' is at work in '%s'",
		            init.compile.dir);
	else if (init.dir_fd < 0)
		code = fail(CLI_ENVIRONMENT, NULL, "cannot use the folder '%s': %s",
		            init.compile.dir, strerror(-init.dir_fd));
	else
		code = run(&init);
	if ((code != CLI_OK || is_dry(&init)) && init.made_dir)
		(void)rmdir(init.compile.dir); /* only when it is empty */
	fd_cleanup(&init.dir_fd);
	compile_done(&init.compile);
	return code;
}
