/*
 * What a program prints when it fails may quote a secret it was given ("cannot connect to
 * postgres://user:password@…"). Before a line is shown, every value of the process's secret
 * environment files and every captured secret in it becomes "***".
 */
#ifndef STEAD_AGENT_MASK_H
#define STEAD_AGENT_MASK_H

#include "agent/agent.h"

/* LINE without secrets of PROCESS. ARENA should be a secret one: the files are read into it. When
 * the files cannot be read, nothing of LINE is shown. */
const char *mask_line(struct agent *agent, struct arena *arena, const struct plan_process *process,
                      const char *line);

#endif
