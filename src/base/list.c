#include "base/list.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

enum { FIRST_CAPACITY = 8 };

void *list_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
	size_t larger;
	char *moved;

	if (count < *capacity)
		return items;
	/* Doubling an existing count cannot overflow: the items fit in memory. */
	larger = (*capacity == 0) ? FIRST_CAPACITY : *capacity * 2;
	moved = arena_array(arena, larger, size);
	if (count > 0)
		memcpy(moved, items, count * size);
	*capacity = larger;
	return moved;
}
