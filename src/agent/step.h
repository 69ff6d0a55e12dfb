/*
 * One step of a job: its done test, its run or repair or merge, its capture.
 */
#ifndef STEAD_AGENT_STEP_H
#define STEAD_AGENT_STEP_H

#include "agent/agent.h"

struct step_context {
	struct agent *agent;
	const struct plan_job *job;
	const struct plan_process *process;
	const struct plan_step *step;
	bool running; /* the process runs: exec in its container instead of a container of its own
	               */
};

/* Makes the step be done, whatever an interrupted try left behind:
 *   - a guard only asks its done test, and fails with its own sentence when that does not hold;
 *   - a merge is applied (it is the same when applied twice);
 *   - when the done test holds and nothing is to be captured, or it is stored, nothing is run;
 *   - when it holds but the capture is missing, `repair` runs, which must print it anew;
 *   - else the step runs, its capture is stored, and its done test must hold then.
 * RAN: a program of the step's own was run, with whatever end.
 * All it wrote is on the disk when this returns 0. Otherwise agent->why says why; -EAGAIN: the
 * program asked for another try. */
int step_perform(const struct step_context *context, bool *ret_ran);

/* Nothing is to be captured, or it is stored. */
bool step_is_captured(const struct agent *agent, const struct plan_step *step);

/* The value PATTERN (POSIX ERE; group 1, or all of it without groups; ^ and $ match at lines) finds
 * in TEXT: 0 and start and length, -ENOENT when it finds none, -EINVAL for a broken pattern. */
int step_match(const char *pattern, const char *text, size_t *ret_start, size_t *ret_len);

/* What an exit code means for the step. */
enum plan_exit step_exit_meaning(const struct plan_step *step, int code);

#endif
