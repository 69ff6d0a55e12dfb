#include "probe/mail.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "probe/dialogue.h"
#include "probe/message.h"
#include "probe/pipe.h"
#include "secret/secret.h"

enum { LINE_MAX_BYTES = 512, GREETING_LINES = 200, ID_BYTES = 16 };

#define OTHER_PORT "many providers block ports 25 and 465: ask yours, or try port 587 or 2525"

struct run {
	struct arena *arena;
	const struct mail_test *test;
	struct mail_report *report;
	struct probe_pipe pipe;
	struct dialogue dialogue;
	const char *address; /* that was connected to */
	const char *message;
	size_t sent;
	int64_t until_ms;
};

static void set(struct run *run, enum mail_result result, const char *hint, const char *sentence)
{
	*run->report = (struct mail_report){ result, sentence, hint };
}

static const char *at(const struct run *run)
{
	return arena_printf(run->arena, "%s:%u", run->test->host, run->test->port);
}

/* Who connects, for people. */
static const char *who(const struct run *run)
{
	return run->test->connect != NULL ? "the node" : "this computer";
}

/* --- connecting --- */

/* A port that nothing answers on is most often blocked; who blocks it may be known. */
static const char *blocked_hint(const struct run *run)
{
	const struct provider_block *block = provider_blocks(run->test->provider, run->test->port);

	if (block == NULL)
		return OTHER_PORT;
	return arena_printf(run->arena, "%s (%s); or try another port, like 587 or 2525",
	                    block->rule.v, block->source.v);
}

static const struct {
	const char *why;
	enum mail_result result;
	int error;
	const char *before, *after; /* of the sentence: around who connects; then comes where */
	const char *hint;           /* NULL: that of a blocked port */
} failures[] = {
	{ "unknown-host", MAIL_UNKNOWN_HOST, -ENOENT, "", " finds no address for ",
	  "look at mail.host for a typing error, and at the name servers" },
	{ "refused", MAIL_REFUSED, -ECONNREFUSED, "", " is refused a connection to ", NULL },
	{ "timed-out", MAIL_TIMED_OUT, -ETIMEDOUT, "nothing answers ", " at ", NULL },
	{ "unreachable", MAIL_UNREACHABLE, -ENETUNREACH, "", " has no way to ",
	  "the server may have an IPv6 address only, or the network no way out" },
};

static bool judge_known(struct run *run, const char *why, size_t len, int error)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (why != NULL ? strlen(failures[i].why) != len ||
		                          strncmp(failures[i].why, why, len) != 0
		                : failures[i].error != error)
			continue;
		set(run, failures[i].result,
		    failures[i].hint != NULL ? failures[i].hint : blocked_hint(run),
		    arena_printf(run->arena, "%s%s%s%s", failures[i].before, who(run),
		                 failures[i].after, at(run)));
		return true;
	}
	return false;
}

static void judge_failure(struct run *run, const char *why)
{
	size_t len = strcspn(why, " ");

	if (!judge_known(run, why, len, 0))
		set(run, MAIL_NOT_CONNECTED, NULL,
		    arena_printf(run->arena, "the node cannot connect to %s: %s", at(run),
		                 why[len] == ' ' ? why + len + 1 : why));
}

static void judge_no_line(struct run *run, int r)
{
	const char *complaint = probe_pipe_complaint(run->arena, &run->pipe);

	if (r == -ETIMEDOUT)
		set(run, MAIL_TIMED_OUT, blocked_hint(run),
		    arena_printf(run->arena, "nothing answers the node at %s", at(run)));
	else
		set(run, MAIL_NO_NODE, "'stead status' says whether the node is there",
		    complaint != NULL
		            ? arena_printf(run->arena, "the node was not reached: %s", complaint)
		            : "the node was not reached");
}

static unsigned left_ms(const struct run *run)
{
	int64_t left = run->until_ms - clock_ms();

	return left < 1 ? 1 : (unsigned)left;
}

/* What a shell's start-up file prints comes first, and is passed over. */
static int first_word(struct run *run, char *line, size_t size)
{
	int r;

	for (int i = 0; i < GREETING_LINES; i++) {
		r = probe_pipe_line(&run->pipe, line, size, left_ms(run));
		if (r != -E2BIG &&
		    (r < 0 || str_starts(line, "connected ") || str_starts(line, "failed ")))
			return r;
	}
	return -ECONNRESET;
}

static bool connect_there(struct run *run)
{
	char line[LINE_MAX_BYTES];
	int r = first_word(run, line, sizeof(line));

	for (char *p = line; r == 0 && *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	if (r == 0 && str_starts(line, "connected ")) {
		run->address = arena_strdup(run->arena, line + strlen("connected "));
		return true;
	}
	if (r == 0 && str_starts(line, "failed "))
		judge_failure(run, line + strlen("failed "));
	else
		judge_no_line(run, r);
	return false;
}

static bool connect_here(struct run *run)
{
	const struct probe_here here = { run->test->dns, run->test->host, run->test->port,
		                         left_ms(run) };
	int r = probe_pipe_here(run->arena, &here, &run->pipe, &run->address);

	if (r < 0 && !judge_known(run, NULL, 0, r == -EHOSTUNREACH ? -ENETUNREACH : r))
		set(run, MAIL_NOT_CONNECTED, NULL,
		    arena_printf(run->arena, "this computer cannot connect to %s: %s", at(run),
		                 strerror(-r)));
	return r == 0;
}

/* --- what went wrong in the talk --- */

static void judge_certificate(struct run *run, long verify, const char *error)
{
	struct arena *arena = run->arena;
	const char *server = at(run);

	if (verify == X509_V_ERR_CERT_HAS_EXPIRED || verify == X509_V_ERR_CERT_NOT_YET_VALID)
		set(run, MAIL_CERT_EXPIRED, "whoever runs it must renew it",
		    arena_printf(arena, "the certificate of %s %s", server,
		                 verify == X509_V_ERR_CERT_HAS_EXPIRED ? "has expired"
		                                                       : "is not valid yet"));
	else if (verify == X509_V_OK || verify == X509_V_ERR_UNSPECIFIED) /* curl compared names */
		set(run, MAIL_CERT_NAME, "write the name that the certificate has as mail.host",
		    arena_printf(arena, "the certificate of %s is for another name", server));
	else if (verify == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
	         verify == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	         verify == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	         verify == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	         verify == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
		set(run, MAIL_CERT_AUTHORITY,
		    "a server of your own needs a certificate of a public authority, because the "
		    "application trusts no other",
		    arena_printf(arena,
		                 "the certificate of %s comes from an authority that is not known",
		                 server));
	else
		set(run, MAIL_CERT_OTHER, NULL,
		    arena_printf(arena, "the certificate of %s is not valid: %s", server, error));
}

static const char *phase_name(enum smtp_phase phase)
{
	static const char *const names[] = {
		[SMTP_GREETING] = "its greeting",
		[SMTP_HELLO] = "EHLO",
		[SMTP_STARTTLS] = "STARTTLS",
		[SMTP_LOGIN] = "the login",
		[SMTP_SENDER] = "the sender",
		[SMTP_RECIPIENT] = "the recipient",
		[SMTP_DATA] = "DATA",
		[SMTP_BODY] = "the message",
		[SMTP_COMMAND] = "NOOP",
		[SMTP_END] = "QUIT",
	};

	return names[phase];
}

/* "535 5.7.8 bad credentials" */
static const char *reply(const struct run *run)
{
	const struct dialogue *d = &run->dialogue;

	return arena_printf(run->arena, "%d%s%s", d->code, d->text[0] != '\0' ? " " : "", d->text);
}

/* The server's last word was a refusal. */
static void judge_refusal(struct run *run)
{
	const struct mail_test *test = run->test;
	const struct dialogue *d = &run->dialogue;
	struct arena *arena = run->arena;

	if (d->code / 100 == 4)
		set(run, MAIL_LATER,
		    "it may be busy, or greet strangers later: try again in some minutes",
		    arena_printf(arena, "%s puts %s off for now: %s", at(run), phase_name(d->phase),
		                 reply(run)));
	else if (d->phase == SMTP_STARTTLS)
		set(run, MAIL_NO_STARTTLS, "port 465 with mail.tls: tls may work instead",
		    arena_printf(arena, "%s refuses STARTTLS: %s", at(run), reply(run)));
	else if (d->phase == SMTP_LOGIN)
		set(run, MAIL_LOGIN_REFUSED,
		    "look at mail.user, and at mail.password in stead.secrets.yaml; some services "
		    "want a "
		    "password made for applications",
		    arena_printf(arena, "%s refuses the login of '%s': %s", at(run), test->user,
		                 reply(run)));
	else if (d->phase == SMTP_SENDER)
		set(run, MAIL_SENDER_REFUSED,
		    test->user == NULL ? "it may want a login: mail.user"
		                       : "mail.from must be a sender that this login may use",
		    arena_printf(arena, "%s refuses the sender '%s': %s", at(run),
		                 message_address(arena, test->from), reply(run)));
	else if (d->phase == SMTP_RECIPIENT)
		set(run, MAIL_RECIPIENT_REFUSED,
		    test->user == NULL ? "it may want a login: mail.user"
		                       : "look at the address for a typing error",
		    arena_printf(arena, "%s refuses the recipient '%s': %s", at(run), test->to,
		                 reply(run)));
	else if (d->phase == SMTP_DATA || d->phase == SMTP_BODY)
		set(run, MAIL_MESSAGE_REFUSED, NULL,
		    arena_printf(arena, "%s refuses the message: %s", at(run), reply(run)));
	else
		set(run, MAIL_NOT_WELCOME, NULL,
		    arena_printf(arena, "%s wants nothing to do with %s: %s", at(run), who(run),
		                 reply(run)));
}

static void judge_silence(struct run *run)
{
	const struct dialogue *d = &run->dialogue;
	bool tls = run->test->tls == MAIL_TLS_TLS;

	if (d->phase == SMTP_GREETING)
		set(run, MAIL_SILENT,
		    tls ? "perhaps it speaks TLS later only: port 587 with mail.tls: starttls"
		        : "perhaps it waits for TLS: port 465 with mail.tls: tls",
		    arena_printf(run->arena, "%s lets %s connect, and says nothing", at(run),
		                 who(run)));
	else
		set(run, MAIL_TOO_SLOW, "try again; --deadline SECONDS waits longer",
		    arena_printf(run->arena, "%s took too long to answer %s", at(run),
		                 phase_name(d->phase)));
}

static void judge(struct run *run, CURLcode code, long verify, const char *error)
{
	const struct dialogue *d = &run->dialogue;
	struct arena *arena = run->arena;

	if (d->not_smtp)
		set(run, MAIL_NOT_SMTP, "look at mail.host and mail.port",
		    arena_printf(arena, "what answers at %s is no mail server", at(run)));
	else if (d->no_login)
		set(run, MAIL_LOGIN_NOT_OFFERED,
		    run->test->tls == MAIL_TLS_NONE
		            ? "most servers do so only after TLS: mail.tls: starttls"
		            : "leave mail.user out, if it takes mail without",
		    arena_printf(arena, "%s offers no login", at(run)));
	else if (code == CURLE_OPERATION_TIMEDOUT)
		judge_silence(run);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		judge_certificate(run, verify, error);
	else if (code == CURLE_SSL_CONNECT_ERROR)
		set(run, MAIL_TLS_FAILED,
		    run->test->tls == MAIL_TLS_TLS
		            ? "perhaps it begins without TLS: port 587 with mail.tls: starttls"
		            : NULL,
		    arena_printf(arena, "TLS with %s fails: %s", at(run), error));
	else if (d->code >= 400)
		judge_refusal(run);
	else if (code == CURLE_USE_SSL_FAILED)
		set(run, MAIL_NO_STARTTLS,
		    "port 465 with mail.tls: tls may work; mail.tls: none sends passwords in the "
		    "clear",
		    arena_printf(arena, "%s offers no STARTTLS", at(run)));
	else if (code == CURLE_LOGIN_DENIED)
		set(run, MAIL_LOGIN_METHOD, NULL,
		    arena_printf(arena, "%s offers no way to log in with a password", at(run)));
	else if (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
	         code == CURLE_GOT_NOTHING || code == CURLE_WEIRD_SERVER_REPLY)
		set(run, MAIL_HUNG_UP, NULL,
		    arena_printf(arena, "%s ended the connection at %s", at(run),
		                 phase_name(d->phase)));
	else
		set(run, MAIL_FAILED, NULL,
		    arena_printf(arena, "talking to %s failed: %s", at(run), error));
}

static void praise(struct run *run)
{
	static const char *const how[] = { "without TLS", "STARTTLS", "TLS" };
	const struct mail_test *test = run->test;
	struct text text;

	text_init(&text, run->arena);
	text_addf(&text, "%s (%s) takes mail from %s: %s", at(run), run->address, who(run),
	          how[test->tls]);
	if (test->user != NULL)
		text_addf(&text, ", login as '%s'", test->user);
	if (test->to != NULL)
		text_addf(&text, ", a message to %s is on its way", test->to);
	set(run, MAIL_OK, NULL, text.data);
}

/* --- curl --- */

static size_t hear(char *data, size_t size, size_t count, void *context)
{
	struct run *run = context;

	return dialogue_line(&run->dialogue, data, size * count) ? size * count : 0;
}

static size_t drop(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

static size_t give_message(char *buffer, size_t size, size_t count, void *context)
{
	struct run *run = context;
	size_t left = strlen(run->message) - run->sent, len = size * count;

	len = len < left ? len : left;
	memcpy(buffer, run->message + run->sent, len);
	run->sent += len;
	return len;
}

static void set_connection(CURL *curl, struct run *run)
{
	const struct mail_test *test = run->test;
	bool v6 = strchr(test->host, ':') != NULL;

	(void)curl_easy_setopt(curl, CURLOPT_URL,
	                       arena_printf(run->arena, "%s://%s%s%s:%u/%s",
	                                    test->tls == MAIL_TLS_TLS ? "smtps" : "smtp",
	                                    v6 ? "[" : "", test->host, v6 ? "]" : "", test->port,
	                                    test->hello));
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms(run));
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)left_ms(run));
	/* So the name is never looked up here. */
	(void)curl_easy_setopt(curl, CURLOPT_ABSTRACT_UNIX_SOCKET, run->pipe.name);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, run);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (test->tls == MAIL_TLS_STARTTLS)
		(void)curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (test->ca_file != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, test->ca_file);
		(void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (test->user != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_USERNAME, test->user);
		(void)curl_easy_setopt(curl, CURLOPT_PASSWORD, test->password);
	}
}

static void set_message(CURL *curl, struct run *run, struct curl_slist **recipients)
{
	const struct mail_test *test = run->test;
	struct message message = {
		.from = test->from,
		.to = test->to,
		.domain = test->domain,
		.app = test->app,
		.id = secret_random_hex(run->arena, ID_BYTES),
		.when = time(NULL),
	};

	if (test->to == NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
		return;
	}
	run->message = message_write(run->arena, &message);
	*recipients = curl_slist_append(NULL, test->to);
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, message_address(run->arena, test->from));
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, *recipients);
	(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_message);
	(void)curl_easy_setopt(curl, CURLOPT_READDATA, run);
}

static void talk(struct run *run)
{
	struct curl_slist *recipients = NULL;
	char error[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;
	long verify = 0;

	if (curl != NULL) {
		set_connection(curl, run);
		set_message(curl, run, &recipients);
		(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
		code = curl_easy_perform(curl);
		(void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verify);
		curl_easy_cleanup(curl);
	}
	curl_slist_free_all(recipients);
	if (code == CURLE_OK)
		praise(run);
	else
		judge(run, code, verify,
		      arena_strdup(run->arena, *error != '\0' ? error : curl_easy_strerror(code)));
}

void mail_test(struct arena *arena, const struct mail_test *test, struct mail_report *ret)
{
	struct run run = {
		.arena = arena,
		.test = test,
		.report = ret,
		.dialogue = { .want_starttls = test->tls == MAIL_TLS_STARTTLS,
		              .want_login = test->user != NULL,
		              .want_message = test->to != NULL },
		.until_ms = clock_ms() + test->deadline_ms,
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	bool here = test->connect == NULL;
	int r = here ? 0 : probe_pipe_open(test->connect, &run.pipe);

	if (r < 0) {
		set(&run, MAIL_NO_NODE, NULL,
		    arena_printf(arena, "cannot start '%s': %s", test->connect[0], strerror(-r)));
		return;
	}
	/* The other side may end the connection while curl writes. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	if (here ? connect_here(&run) : connect_there(&run)) {
		r = probe_pipe_offer(&run.pipe);
		if (r == 0)
			talk(&run);
		else
			set(&run, MAIL_FAILED, NULL,
			    arena_printf(arena, "cannot relay the connection: %s", strerror(-r)));
	}
	(void)sigaction(SIGPIPE, &before, NULL);
	probe_pipe_close(&run.pipe);
}
