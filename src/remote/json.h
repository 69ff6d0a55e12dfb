/*
 * Reading what a machine answers. Private to remote.
 */
#ifndef STEAD_REMOTE_JSON_H
#define STEAD_REMOTE_JSON_H

#include "base/list.h"

#include <jansson.h>
#include <stdbool.h>

enum { REMOTE_LIST_MAX = 2000, REMOTE_TEXT_MAX = 500 };

/* A text without control characters, cut to REMOTE_TEXT_MAX bytes; NULL when it is none. */
const char *remote_text(struct arena *arena, const json_t *value);
const char *remote_member(struct arena *arena, const json_t *object, const char *key);

/* A whole number that is not negative, or -1. */
long long remote_number(const json_t *object, const char *key);

/* The texts of an array, as many as REMOTE_LIST_MAX. */
void remote_texts(struct arena *arena, const json_t *array, struct strings *ret);

/* The answer as an object, which the caller drops. -EINVAL when it is too large, no JSON, of
 * another version than 1; -EREMOTEIO when it is an error of the agent, whose sentence is then at
 * *ret_error and its hint (or NULL) at *ret_hint. WHAT names the verb in sentences of our own. */
int remote_answer(struct arena *arena, const char *what, const char *json, size_t len, size_t max,
                  json_t **ret, const char **ret_error, const char **ret_hint);

#endif
