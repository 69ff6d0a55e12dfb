/*
 * Who answers at the node's own address?
 */
#ifndef STEAD_AGENT_MEET_H
#define STEAD_AGENT_MEET_H

#include "agent/agent.h"
#include "agent/http.h"

enum meeting { MEETING_MET, MEETING_ELSEWHERE, MEETING_UNKNOWN };

struct meet_answer {
	enum meeting meeting;
	const char *what; /* for a sentence that begins with the address: "answers 404 (nginx)" */
};

/* What an HTTP answer to the question for NONCE tells. A redirect to https of the same HOST and an
 * error of a server (5xx) are no answer: something in between did not ask us. */
struct meet_answer meet_judge(struct arena *arena, const struct http_answer *answer,
                              const char *host, const char *nonce);

#endif
