#include "yaml/names.h"

#include <string.h>

#include "base/arena.h"

enum { FIRST_CAPACITY = 16 };

/* FNV-1a. Crafted collisions cost at most what YAML_MAX_NODES squared costs. */
static size_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

static struct name *find(struct name *table, size_t capacity, const char *text)
{
	size_t i = hash(text) & (capacity - 1);

	while (table[i].text != NULL && strcmp(table[i].text, text) != 0)
		i = (i + 1) & (capacity - 1);
	return &table[i];
}

static void grow(struct names *names, struct arena *arena)
{
	size_t capacity = names->capacity == 0 ? FIRST_CAPACITY : names->capacity * 2;
	struct name *table = arena_array(arena, capacity, sizeof(*table));

	for (size_t i = 0; i < names->capacity; i++)
		if (names->table[i].text != NULL)
			*find(table, capacity, names->table[i].text) = names->table[i];
	names->table = table;
	names->capacity = capacity;
}

void **names_place(struct names *names, struct arena *arena, const char *text)
{
	struct name *name;

	if (names->count * 2 >= names->capacity)
		grow(names, arena);
	name = find(names->table, names->capacity, text);
	if (name->text == NULL) {
		name->text = text;
		names->count++;
	}
	return &name->value;
}
