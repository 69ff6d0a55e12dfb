/* What the page is asked, what answers at the domain's addresses, and what name servers say. The
 * whole is tested in tests/agent/meet.sh. */
#include <errno.h>
#include <string.h>

#include "agent/http.h"
#include "agent/meet.h"
#include "agent/request.h"
#include "base/arena.h"
#include "base/text.h"
#include "dns/dns.h"

#include "tap.h"

/* Each with the status it is answered with, and the path. */
static const struct {
	const char *text, *path;
	unsigned status;
} requests[] = {
	{ "GET / HTTP/1.1\r\n\r\n", "/", 200 },
	{ "HEAD /a?b=c HTTP/1.0\r\nHost: x\r\n\r\n", "/a", 200 },
	{ "GET /a HTTP/1.1\n\n", "/a", 200 },
	{ "GET / HTTP/1.1\r\nHost: x\r\n", NULL, 0 },
	{ "", NULL, 0 },
	{ "POST / HTTP/1.1\r\n\r\n", NULL, 405 },
	{ "get / HTTP/1.1\r\n\r\n", NULL, 405 },
	{ "GET http://x/ HTTP/1.1\r\n\r\n", NULL, 400 },
	{ "GET /\x01 HTTP/1.1\r\n\r\n", NULL, 400 },
	{ "GET / HTTP/2.0\r\n\r\n", NULL, 400 },
	{ "GET /\r\n\r\n", NULL, 400 },
	{ "\r\n\r\n", NULL, 400 },
	{ "GET / a HTTP/1.1\r\n\r\n", NULL, 400 },
};

static void test_request(struct arena *arena)
{
	char *large = arena_alloc(arena, REQUEST_MAX_BYTES);

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct request got = { 0 };
		const char *text = requests[i].text;

		is_int(request_parse(text, strlen(text), &got), requests[i].status, "'%s'", text);
		is_str(got.path != NULL ? arena_strndup(arena, got.path, got.path_len) : NULL,
		       requests[i].path, "'%s': path", text);
		is_int(got.head, str_starts(text, "HEAD"), "'%s': HEAD", text);
	}
	memset(large, 'x', REQUEST_MAX_BYTES);
	is_int(request_parse(large, REQUEST_MAX_BYTES, &(struct request){ 0 }), 431, "too large");
	is_int(request_parse(large, REQUEST_MAX_BYTES - 1, &(struct request){ 0 }), 0, "not yet");
}

/* Answers to the question for the nonce "0123456789abcdef". */
static const struct {
	const char *answer;
	enum meeting meeting;
	const char *what;
} meetings[] = {
	{ "HTTP/1.1 200 OK\r\n\r\n0123456789abcdef\n", MEETING_MET, "is this node" },
	{ "HTTP/1.1 200 OK\n\n0123456789abcdef", MEETING_MET, "is this node" },
	{ "HTTP/1.1 200 OK\r\n\r\n0123456789abcdee\n", MEETING_ELSEWHERE,
	  "is another node of stead" },
	{ "HTTP/1.1 200 OK\r\n\r\n", MEETING_ELSEWHERE, "is something else, which answers 200" },
	{ "HTTP/1.1 404 x\r\nserver: nginx/1.2 <b>\r\n\r\n0123456789abcdef\n", MEETING_ELSEWHERE,
	  "is something else, which answers 404 (nginx)" },
	{ "HTTP/1.1 502 x\r\n\r\n", MEETING_UNKNOWN, "answers with error 502" },
	{ "HTTP/1.1 301 x\r\nLocation: https://Example.org/x\r\n\r\n", MEETING_UNKNOWN,
	  "sends everybody to https without asking this node" },
	{ "HTTP/1.1 301 x\r\nLocation: https://example.org.evil.test/\r\n\r\n", MEETING_ELSEWHERE,
	  "is something else, which answers 301" },
	{ "HTTP/1.1 302 x\r\nLocation: http://example.org/\r\n\r\n", MEETING_ELSEWHERE,
	  "is something else, which answers 302" },
};

static void test_meetings(struct arena *arena)
{
	for (size_t i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++) {
		const char *text = meetings[i].answer;
		struct http_answer answer = { 0 };
		struct meet_answer judged;

		is_int(http_parse_answer(arena, text, strlen(text), &answer), 0, "'%s'", text);
		judged = meet_judge(arena, &answer, "example.org", "0123456789abcdef");
		is_int(judged.meeting, meetings[i].meeting, "'%s': who", text);
		is_str(judged.what, meetings[i].what, "'%s': what", text);
	}
	is_int(http_parse_answer(arena, "SSH-2.0", 7, &(struct http_answer){ 0 }), -EPROTO,
	       "no HTTP");
}

static void test_dns_message(struct arena *arena)
{
	/* a.test: CNAME b.test, and its address, with compressed names. */
	static const unsigned char data[] = "\0\1\x84\0\0\1\0\2\0\0\0\0"
					    "\1a\4test\0\0\1\0\1"
					    "\xc0\x0c\0\5\0\1\0\0\0\5\0\4\1b\xc0\x0e"
					    "\xc0\x24\0\1\0\1\0\0\0\5\0\4\xc0\0\2\1";
	const size_t len = sizeof(data) - 1;
	struct dns_message message = { 0 };

	is_int(dns_parse(arena, data, len, &message), 0, "a message");
	ok(message.authoritative && message.rcode == DNS_NOERROR, "its head");
	if (is_int(message.records.count, 2, "its records")) {
		is_str(message.records.items[0].value, "b.test", "a CNAME");
		is_str(message.records.items[1].name, "b.test", "a compressed name");
		is_str(message.records.items[1].value, "192.0.2.1", "an address");
	}
	for (size_t i = 0; i < len; i++)
		is_int(dns_parse(arena, arena_memdup(arena, data, i + 1), i, &message), -EBADMSG,
		       "cut at %zu", i);
}

int main(void)
{
	cleanup_arena struct arena *arena = arena_new();

	test_request(arena);
	test_meetings(arena);
	test_dns_message(arena);
	return tap_done();
}
