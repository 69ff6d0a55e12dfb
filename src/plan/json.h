/*
 * Small helpers around jansson, for plan and agent. A json_t is not in an arena: it is released by
 * scope cleanup.
 */
#ifndef STEAD_PLAN_JSON_H
#define STEAD_PLAN_JSON_H

#include <jansson.h>
#include <stddef.h>

struct arena;

void json_cleanup(json_t **json);
#define cleanup_json __attribute__((cleanup(json_cleanup)))

/* The text of VALUE, by jansson's dump flags. Numbers are written as short as they read back the
 * same (2.7, not 2.7000000000000002). Ends the process when there is no memory. */
char *json_text(struct arena *arena, const json_t *value, size_t flags);

/* VALUE for people and for comparing, and yet small: what fits into a line stands in one, what does
 * not has a line for each of its items. Nothing is indented. */
char *json_lines(struct arena *arena, const json_t *value);

/* Depth of nesting: 1 for a scalar or an empty list. */
size_t json_depth(const json_t *value);

#endif
