/*
 * Words for completion, from rows and definitions: it starts no program and reads no folder, so
 * what only a node's own settings know is not among them.
 */
#ifndef STEAD_CMD_SUGGEST_H
#define STEAD_CMD_SUGGEST_H

#include "base/list.h"

struct arena;

/* The settings' keys, each with '=' behind it, for --set. */
void suggest_settings(struct arena *arena, struct strings *ret_words);

void suggest_providers(struct arena *arena, struct strings *ret_words);

/* The applications that are built in; their processes, and the proxy; their own tools. */
void suggest_apps(struct arena *arena, struct strings *ret_words);
void suggest_processes(struct arena *arena, struct strings *ret_words);
void suggest_tools(struct arena *arena, struct strings *ret_words);

/* What `explain` can be asked of every node. */
void suggest_subjects(struct arena *arena, struct strings *ret_words);

#endif
