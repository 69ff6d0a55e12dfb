#include "cmd/mail.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "probe/mail.h"

#define MARK STATE_DIR "/mail.json"
#define PASSWORD "mail.password"

enum { MARK_MAX = 4096, AFTER_UP_DEADLINE_MS = 60000, SECOND_MS = 1000 };

/* --- what is tested --- */

static enum mail_tls tls_of(const struct settings_mail *mail)
{
	if (str_equal(mail->tls.v, "none"))
		return MAIL_TLS_NONE;
	if (str_equal(mail->tls.v, "tls") ||
	    (str_equal(mail->tls.v, "auto") && mail->port.v == 465))
		return MAIL_TLS_TLS;
	return MAIL_TLS_STARTTLS;
}

/* Without mail.from, the login where it is an address. */
static const char *sender(struct arena *arena, const struct settings *settings)
{
	const struct settings_mail *mail = &settings->mail;

	if (mail->from.v != NULL)
		return mail->from.v;
	if (mail->user.v != NULL && strchr(mail->user.v, '@') != NULL)
		return mail->user.v;
	return arena_printf(arena, "%s@%s", settings->admin.name.v, settings->domain.v);
}

/* As the settings say, else as the machine itself does. */
static const struct provider *known_provider(struct arena *arena, const struct settings *settings,
                                             const struct machine *machine)
{
	struct providers *providers = arena_alloc(arena, sizeof(*providers));
	const char *name = settings->machine.provider.v;

	if (name == NULL && (name = machine->provider) == NULL)
		return NULL;
	provider_builtin(arena, providers);
	return provider_find(providers, name);
}

/* "ssh … stead-node connect HOST PORT" */
static const char *const *connect_words(const struct machine *machine,
                                        const struct settings_mail *mail)
{
	struct strings words = { 0 }, *argv = arena_alloc(machine->arena, sizeof(*argv));
	struct machine quiet = *machine;

	quiet.ssh.ask = false; /* it speaks SMTP with us, not with a person */
	/* Its first line begins on a line of its own, whatever a shell's start-up file prints. */
	machine_words(machine, &words, "sh", "-c", "echo; exec \"$@\"", "sh", NULL);
	machine_root(machine, &words);
	machine_words(machine, &words, machine->agent, "connect", mail->host.v,
	              arena_printf(machine->arena, "%ld", mail->port.v), NULL);
	machine_ssh(&quiet, &words, argv);
	return argv->items;
}

void mail_describe(struct arena *arena, const struct compile *compile,
                   const struct machine *machine, struct mail_test *ret)
{
	const struct settings *settings = &compile->settings;
	const struct secret *password = secrets_get(&compile->secrets, PASSWORD);

	*ret = (struct mail_test){
		.connect = machine != NULL ? connect_words(machine, &settings->mail) : NULL,
		.host = settings->mail.host.v,
		.port = (unsigned)settings->mail.port.v,
		.tls = tls_of(&settings->mail),
		.user = settings->mail.user.v,
		.password = password != NULL ? password->value : NULL,
		.from = sender(arena, settings),
		.to = settings->admin.email.v,
		.domain = settings->domain.v,
		.app = settings->app.v,
		.hello = settings_web(settings)->v,
		.ca_file = getenv("SSL_CERT_FILE"),
		.provider = machine != NULL ? known_provider(arena, settings, machine) : NULL,
		.deadline_ms = AFTER_UP_DEADLINE_MS,
	};
}

/* --- stead mail test --- */

static int refuse(const struct compile *compile)
{
	const struct settings_mail *mail = &compile->settings.mail;

	if (mail->host.v == NULL)
		return fail(CLI_FINDINGS, "write a mail server: mail: {host: smtp.example.net}",
		            "'mail' is 'none', so there is nothing to test");
	if (mail->user.v != NULL && secrets_get(&compile->secrets, PASSWORD) == NULL)
		return fail(CLI_FINDINGS, "add '" PASSWORD "' to " SECRETS_FILE,
		            "there is no password for '%s'", mail->user.v);
	return CLI_OK;
}

static int test_now(struct cli *cli, const struct compile *compile, struct machine *machine)
{
	const char *to = cli_text(cli, "to");
	struct mail_report report;
	struct mail_test test;

	mail_describe(cli->arena, compile, machine, &test);
	test.deadline_ms = (unsigned)cli_count(cli, "deadline") * SECOND_MS;
	if (to != NULL)
		test.to = to;
	if (cli_flag(cli, "no-message"))
		test.to = NULL;
	mail_test(cli->arena, &test, &report);
	if (report.result != MAIL_OK)
		return fail(report.result == MAIL_NO_NODE ? CLI_ENVIRONMENT : CLI_FINDINGS,
		            report.hint, "%s", report.sentence);
	(void)printf("%s\n", report.sentence);
	return flush_output(stdout);
}

/* One address for RCPT TO, nothing else. */
static bool is_address(const char *s)
{
	const char *at = strchr(s, '@');

	for (const char *p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f || strchr("<>,;:\"()\\", *p) != NULL)
			return false;
	return at != NULL && at != s && at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

int cmd_mail(struct cli *cli)
{
	const char *to = cli_text(cli, "to");
	struct machine machine;
	struct compile compile;
	int code;

	if (to != NULL && !is_address(to))
		return fail(CLI_USAGE, "like --to alice@example.net", "'%s' is not a mail address",
		            to);
	compile_init(&compile, cli);
	code = compile_files(&compile) ? refuse(&compile) : compile_report(&compile, cli, stderr);
	if (code == CLI_OK)
		code = machine_open(cli, true, &machine);
	if (code == CLI_OK)
		code = test_now(cli, &compile, &machine);
	compile_done(&compile);
	return code;
}

/* --- after up --- */

static void add_field(struct text *text, const char *s)
{
	text_addn(text, s != NULL ? s : "", (s != NULL ? strlen(s) : 0) + 1);
}

/* Changes with everything that decides whether mail works. The file is as private as the password
 * that goes into it. */
static const char *hash_of(struct arena *secret_arena, const struct mail_test *test)
{
	struct text text;

	text_init(&text, secret_arena);
	add_field(&text, test->host);
	add_field(&text, arena_printf(secret_arena, "%u %d", test->port, test->tls));
	add_field(&text, test->user);
	add_field(&text, test->password);
	add_field(&text, test->from);
	add_field(&text, test->to);
	return hash_sha256(secret_arena, text.data, text.len);
}

static bool passed_before(struct arena *arena, const char *path, const char *hash)
{
	const char *found;
	json_t *root;
	char *text;
	size_t len;
	bool same;

	if (file_read(arena, AT_FDCWD, path, MARK_MAX, &text, &len) < 0)
		return false;
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	same = root != NULL && json_unpack(root, "{s:s}", "passed", &found) == 0 &&
	       strcmp(found, hash) == 0;
	json_decref(root);
	return same;
}

static void mark_passed(struct arena *arena, const char *path, const char *hash)
{
	const char *text = arena_printf(arena, "{\"v\":1,\"passed\":\"%s\",\"at\":\"%s\"}\n", hash,
	                                clock_now_utc(arena));

	/* Without the mark the next `up` tests again, no more. */
	(void)file_write_atomic(AT_FDCWD, path, 0600, text, strlen(text));
}

int mail_after_up(struct cli *cli, const struct compile *compile, struct machine *machine,
                  struct progress *progress)
{
	const char *path = compile_path(cli->arena, compile->dir, MARK);
	struct mail_report report;
	struct mail_test test;
	const char *hash;
	int step;

	if (compile->settings.mail.host.v == NULL || !compile->app.mail_used.v)
		return CLI_OK;
	step = progress_begin(progress, -1, "mail");
	if (compile->node->reach == NODE_REACH_QUARANTINED) {
		progress_end(progress, step, true,
		             "not tested, the node is quarantined: 'stead mail test' does it");
		return CLI_OK;
	}
	mail_describe(cli->arena, compile, machine, &test);
	hash = hash_of(compile->secret_arena, &test);
	if (passed_before(cli->arena, path, hash)) {
		progress_end(progress, step, true, "tested before, with the same settings");
		return CLI_OK;
	}
	mail_test(cli->arena, &test, &report);
	progress_end(progress, step, report.result == MAIL_OK, report.sentence);
	if (report.result == MAIL_OK)
		mark_passed(cli->arena, path, hash);
	else
		(void)fail(CLI_OK,
		           report.hint != NULL ? report.hint : "'stead mail test' tries again",
		           "warning: mail does not work: %s", report.sentence);
	return CLI_OK;
}
