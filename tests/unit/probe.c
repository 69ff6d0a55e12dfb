/* probe/: which command a reply answers, and the test message. The rest is tests/cli/mail.sh. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "probe/dialogue.h"
#include "probe/message.h"

#include "tap.h"

/* Feeds lines parted by '\n'; false as soon as one says so. */
static bool feed(struct dialogue *d, const char *lines)
{
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");

		if (!dialogue_line(d, lines, n))
			return false;
		lines += n + (lines[n] == '\n');
	}
	return true;
}

static void test_whole(void)
{
	struct dialogue d = { .want_starttls = true, .want_login = true, .want_message = true };

	ok(feed(&d, "220 hi\n250-a\n250 STARTTLS"), "a greeting and what it can");
	is_int(d.phase, SMTP_STARTTLS, "next is STARTTLS");
	ok(d.offers_starttls && !d.offers_login, "it offers it, and no login yet");
	ok(feed(&d, "220 go\n250-a\n250-auth=PLAIN\n250 AUTH LOGIN PLAIN"), "again, with TLS");
	is_int(d.phase, SMTP_LOGIN, "next is the login");
	ok(!d.offers_starttls && d.offers_login, "what was offered before does not count");
	ok(feed(&d, "334 VXNlcg==\n235 yes\n250 yes\n250 yes\n354 go\n250 queued"),
	   "all goes well");
	is_int(d.phase, SMTP_END, "that was all");
	ok(feed(&d, "221 bye"), "it says good-bye");
	is_int(d.code, 250, "which is not what counts");
}

static void test_refusals(void)
{
	struct dialogue d = { .want_message = true };

	ok(feed(&d, "220 hi\n250 a\n250 yes\n550-no\n550 such\tbox\n221 bye"), "a refusal");
	is_int(d.phase, SMTP_RECIPIENT, "of the recipient");
	is_int(d.code, 550, "with its number");
	is_str(d.text, "no such?box", "and all its lines");
	d = (struct dialogue){ .want_login = true };
	ok(feed(&d, "220 hi\n250 AUTH PLAIN\n535 AGhlbGxvAHNlY3JldA=="), "a login that is refused");
	is_int(d.phase, SMTP_LOGIN, "is seen");
	is_str(d.text, "", "what the server repeats is not kept");
	d = (struct dialogue){ .want_login = true };
	ok(!feed(&d, "220 hi\n250-AUTHOR\n250 HELP"), "without a login there is no going on");
	ok(d.no_login, "for that reason");
	d = (struct dialogue){ 0 };
	ok(!feed(&d, "HTTP/1.1 400 Bad Request"), "a web server");
	ok(d.not_smtp, "is no mail server");
	d = (struct dialogue){ 0 };
	ok(feed(&d, "220 hi\n500 what?\n250 a"), "one that only knows HELO");
	is_int(d.phase, SMTP_COMMAND, "is one too");
}

static void test_message(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct message m = { .from = "A \"b\" \\ <x@example.org>",
		             .to = "y@example.net",
		             .domain = "example.org",
		             .app = "snac",
		             .id = "00ff",
		             .when = 1795314600 };
	const char *text = message_write(arena, &m);
	bool crlf = true, short_lines = true;

	ok(strstr(text, "From: \"A \\\"b\\\" \\\\\" <x@example.org>\r\n") != NULL,
	   "a name is quoted");
	ok(strstr(text, "Date: Sun, 22 Nov 2026 02:30:00 +0000\r\n") != NULL, "the date");
	ok(strstr(text, "Message-ID: <00ff@example.org>\r\n") != NULL, "the id");
	m.from = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4"
		 "\xc3\xb6"
		 "\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc"
		 "\xc3\xa4"
		 "\xc3\xb6\xc3\xbc\xc3\xa4 <x@example.org>";
	text = message_write(arena, &m);
	for (const char *p = text; *p != '\0'; p++)
		crlf &= *p != '\n' || (p > text && p[-1] == '\r');
	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		short_lines &= strcspn(p, "\r") <= 78;
	ok(crlf, "every line ends in CRLF");
	ok(short_lines, "no line is long");
	ok(strstr(text, "?=\r\n =?UTF-8?B?") != NULL, "a long name is folded");
	is_str(message_address(arena, "x@y"), "x@y", "an address alone");
	is_str(message_address(arena, "A <x@y>"), "x@y", "and out of a sender");
}

int main(void)
{
	test_whole();
	test_refusals();
	test_message();
	return tap_done();
}
