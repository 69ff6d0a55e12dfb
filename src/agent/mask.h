/*
 * What a program prints when it fails may quote a secret it was given ("cannot connect to
 * postgres://user:password@…"). Before any of it is cut or shown, every value of the process's
 * secret environment files and every captured secret in it becomes "***".
 */
#ifndef STEAD_AGENT_MASK_H
#define STEAD_AGENT_MASK_H

#include "agent/agent.h"

/* TEXT without secrets of PROCESS. ARENA should be a secret one: the files are read into it. When
 * the files cannot be read, nothing of TEXT is shown. */
const char *mask_text(struct agent *agent, struct arena *arena, const struct plan_process *process,
                      const char *text);

#endif
