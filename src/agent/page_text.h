/*
 * What people read while the node is not ready: anybody at port 80, the admin at the console.
 */
#ifndef STEAD_AGENT_PAGE_TEXT_H
#define STEAD_AGENT_PAGE_TEXT_H

struct arena;
struct status;

/* The page: how far each part is, since when, what it waits for and what one can do. It reloads
 * itself, runs no scripts, and says nothing of programs, versions or paths: everybody reads it. */
const char *page_html(struct arena *arena, const struct status *status);

/* Two lines for agetty(8), which gives a meaning to backslashes. */
const char *page_issue(struct arena *arena, const struct status *status);

#endif
