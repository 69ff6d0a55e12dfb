#include "base/list.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

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

bool strings_have(const struct strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (str_equal(strings->items[i], text))
			return true;
	return false;
}

char *strings_join(struct arena *arena, const struct strings *strings, const char *separator)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < strings->count; i++)
		text_addf(&text, "%s%s", i > 0 ? separator : "", strings->items[i]);
	return text.data;
}
