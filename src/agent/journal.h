/*
 * /var/lib/stead/state/jobs/JOB.json: what was begun and what was done, kept through power cuts.
 *
 *   {"v":1,"job":"…","plan_sha256":"…","steps":[{"id","key","state":"begun|done|failed",
 *    "attempt":1,"at":"…Z","note":"…"|null}]}
 */
#ifndef STEAD_AGENT_JOURNAL_H
#define STEAD_AGENT_JOURNAL_H

#include "agent/agent.h"

enum journal_state { JOURNAL_NEW, JOURNAL_BEGUN, JOURNAL_DONE, JOURNAL_FAILED };

struct journal_record {
	const char *key; /* the step's key when this was written; NULL when new */
	enum journal_state state;
	long attempt;
	const char *at, *note;
};

struct journal {
	struct arena *arena;
	const struct plan_job *job;
	struct journal_record *records; /* one for each step of the job */
};

/* Reads the journal of a job. One that cannot be understood (cut short, garbage, of a newer
 * version) is set aside as JOB.json.bad, and every step is new. Steps the job no longer has are
 * dropped. */
int journal_read(struct agent *agent, struct arena *arena, const struct plan_job *job,
                 struct journal *ret);

/* Records a state of step INDEX, on the disk when this returns. */
int journal_write(struct agent *agent, struct journal *journal, size_t index,
                  enum journal_state state, const char *note);

#endif
