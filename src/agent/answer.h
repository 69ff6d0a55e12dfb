/*
 * What verbs for programs say when they fail: one JSON object on stdout, and exit status 1.
 */
#ifndef STEAD_AGENT_ANSWER_H
#define STEAD_AGENT_ANSWER_H

#include "agent/agent.h"

/* {"v":1,"error":agent->why,"hint":HINT|null}, also on stderr. Returns AGENT_FAILED. */
int answer_error(struct agent *agent, const char *hint);

#endif
