/* What comes after what, and words that both forms use. */
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct place {
	const struct node_process *process;
	size_t level, index;
};

static int compare(const void *a, const void *b)
{
	const struct place *one = a, *other = b;

	if (one->level != other->level)
		return one->level < other->level ? -1 : 1;
	return one->index < other->index ? -1 : 1;
}

static struct place *find(struct place *places, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(places[i].process->name, name) == 0)
			return &places[i];
	return NULL;
}

/* True when it moved. */
static bool behind_others(struct place *places, size_t count, struct place *place)
{
	const struct strings *after = &place->process->after;
	size_t level = place->level;

	for (size_t i = 0; i < after->count; i++) {
		const struct place *other = find(places, count, after->items[i]);

		if (other != NULL && other->level >= place->level)
			place->level = other->level + 1;
	}
	return place->level != level;
}

struct graph_processes graph_order(const struct node *node, enum node_group group)
{
	struct place *places = arena_array(node->arena, node->processes.count, sizeof(*places));
	struct graph_processes ordered = { 0 };
	size_t count = node->processes.count;
	bool moved = true;

	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){ .process = node->processes.items[i], .index = i };
	/* check_node() saw to it that there is no circle: the longest chain has `count` links. */
	for (size_t round = 0; moved && round <= count; round++) {
		moved = false;
		for (size_t i = 0; i < count; i++)
			moved = behind_others(places, count, &places[i]) || moved;
	}
	if (count > 0)
		qsort(places, count, sizeof(*places), compare);
	for (size_t i = 0; i < count; i++)
		if (places[i].process->group == group)
			*list_add(node->arena, &ordered) = places[i].process;
	return ordered;
}

const char *graph_port(struct arena *arena, unsigned port, bool udp)
{
	return arena_printf(arena, "%s/%u", udp ? "udp" : "tcp", port);
}

const char *graph_open(struct arena *arena, const struct node_open *open)
{
	struct text text;

	text_init(&text, arena);
	text_add(&text, graph_port(arena, open->first, open->udp));
	if (open->last != open->first)
		text_addf(&text, "-%u", open->last);
	if (open->from != NULL)
		text_addf(&text, " from %s", open->from);
	return text.data;
}

const char *graph_job(struct arena *arena, const struct node_job *job)
{
	struct text text;

	text_init(&text, arena);
	text_add(&text, job->name);
	for (size_t i = 0; i < job->steps.count; i++)
		text_addf(&text, "%s%s", i == 0 ? ": " : ", ", job->steps.items[i].id);
	return text.data;
}

bool graph_is_before_start(const struct node_job *job)
{
	return str_equal(job->phase, "setup") || str_equal(job->phase, "migrate");
}
