/*
 * Growing lists in an arena.
 *
 *     struct things { LIST_OF(struct thing); } things = { 0 };
 *     struct thing *t = list_add(arena, &things);      // zeroed; older pointers may go stale
 *     for (size_t i = 0; i < things.count; i++) use(&things.items[i]);
 *
 * Growing moves the items, so keep indexes (or make lists of pointers) while a list still grows,
 * and read nothing of the list on the right side of `*list_add(arena, &list) = ...`: which of the
 * two comes first is not defined.
 */
#ifndef STEAD_BASE_LIST_H
#define STEAD_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define LIST_OF(type)                                                                              \
	type *items;                                                                               \
	size_t count;                                                                              \
	size_t capacity

/* Makes room for one more element of SIZE bytes; returns the (possibly moved) items, the new one
 * zeroed. */
void *list_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size);

#define list_add(arena, list)                                                                      \
	((list)->items = list_grow((arena), (list)->items, (list)->count, &(list)->capacity,       \
	                           sizeof(*(list)->items)),                                        \
	 &(list)->items[(list)->count++])

/* A list of strings is wanted everywhere. */
struct strings {
	LIST_OF(const char *);
};

bool strings_have(const struct strings *strings, const char *text);

/* "a, b, c" */
char *strings_join(struct arena *arena, const struct strings *strings, const char *separator);

#endif
