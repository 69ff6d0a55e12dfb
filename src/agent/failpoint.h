/*
 * Every fsync, rename, link, unlink and program the agent runs to change a node goes through here,
 * so that a test can end the agent right before and right after each of them: STEAD_CRASH_AT=N
 * kills it at the N-th point. With STEAD_AT_POINT the agent goes on, and runs that command of the
 * shell at each point, with the point's number in $STEAD_POINT; or at each STEAD_POINT_STEP-th,
 * from STEAD_POINT_FIRST on. Only in stead-node-fail, which is built for the tests with
 * STEAD_FAILPOINTS; the shipped program reads none of these variables.
 */
#ifndef STEAD_AGENT_FAILPOINT_H
#define STEAD_AGENT_FAILPOINT_H

#include "base/process.h"

/* All return 0 or a negative errno. */
int failpoint_fsync(int fd);
int failpoint_syncfs(int fd);
int failpoint_rename(int dir_fd, const char *from, const char *to);
int failpoint_link(int dir_fd, const char *from,
                   const char *to);                            /* a second name, never followed */
int failpoint_unlink(int dir_fd, const char *name, int flags); /* fine when it is not there */
int failpoint_run(struct arena *arena, const struct process_run *run, struct process_result *ret);

/* MS; in the test program divided by STEAD_PAUSE_DIVIDE. */
unsigned failpoint_pause_ms(unsigned ms);

#endif
