/* What a name server, or somebody in its place, may answer; and what answers at an address. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/http.h"
#include "agent/meet.h"
#include "base/arena.h"
#include "base/text.h"
#include "dns/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	struct dns_message message = { 0 };
	struct http_answer answer = { 0 };

	if (dns_parse(arena, data, len, &message) == 0) {
		for (size_t i = 0; i < message.records.count; i++)
			require(message.records.items[i].name != NULL &&
			        message.records.items[i].value != NULL);
	}
	if (http_parse_answer(arena, (const char *)data, len, &answer) == 0) {
		struct meet_answer judged =
			meet_judge(arena, &answer, "example.org", "0123456789abcdef");

		require(answer.status > 0 && answer.body != NULL);
		require(judged.meeting != MEETING_MET || answer.status == 200);
		require(strpbrk(judged.what, "<>\n\033\\") == NULL);
	}
	return 0;
}
