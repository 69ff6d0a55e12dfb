/* Start order: data processes, set-up, application; within a group by `after`. */
#include "check/families.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct search {
	struct arena *arena;
	const struct node *node;
	struct findings *findings;
	enum mark *marks;
	size_t *path; /* indexes of the processes from the start to here */
	size_t depth;
};

static size_t index_of(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->processes.count; i++) {
		if (str_equal(node->processes.items[i]->name, name))
			return i;
	}
	return node->processes.count;
}

/* The cycle is the end of the path, from where the process already stood. */
static void report_cycle(const struct search *s, size_t again)
{
	const struct node_process *process = s->node->processes.items[again];
	size_t start = s->depth;
	struct text text;

	while (s->path[--start] != again)
		;
	text_init(&text, s->arena);
	for (size_t i = start; i < s->depth; i++)
		text_addf(&text, "'%s' after ", s->node->processes.items[s->path[i]]->name);
	text_addf(&text, "'%s'", process->name);
	diag_error(s->findings, "order.cycle", process->origin.span, "one of them must not wait",
	           "processes wait for each other: %s", text.data);
}

static void visit(struct search *s, size_t index)
{
	const struct node_process *process = s->node->processes.items[index];

	s->marks[index] = MARK_OPEN;
	s->path[s->depth++] = index;
	for (size_t i = 0; i < process->after.count; i++) {
		size_t next = index_of(s->node, process->after.items[i]);

		if (next == s->node->processes.count)
			continue;
		if (s->marks[next] == MARK_OPEN)
			report_cycle(s, next);
		else if (s->marks[next] == MARK_NEW)
			visit(s, next);
	}
	s->depth--;
	s->marks[index] = MARK_DONE;
}

static void check_cycles(const struct node *node, struct findings *findings)
{
	cleanup_arena struct arena *scratch = arena_new();
	size_t count = node->processes.count;
	struct search search = {
		.arena = scratch,
		.node = node,
		.findings = findings,
		.marks = arena_array(scratch, count + 1, sizeof(*search.marks)),
		.path = arena_array(scratch, count + 1, sizeof(*search.path)),
	};

	for (size_t i = 0; i < count; i++) {
		if (search.marks[i] == MARK_NEW)
			visit(&search, i);
	}
}

/* Set-up waits for the data processes, and the application for set-up. */
static void check_groups(const struct node *node, const struct node_process *process,
                         struct findings *findings)
{
	if (process->group != NODE_GROUP_DATA)
		return;
	for (size_t i = 0; i < process->after.count; i++) {
		const struct node_process *other = node_process_find(node, process->after.items[i]);

		if (other != NULL && other->group == NODE_GROUP_APP)
			diag_error(findings, "order.group", process->origin.span,
			           "data processes start before the application",
			           "data process '%s' waits for '%s' of the application",
			           process->name, other->name);
	}
}

static void check_job(const struct node_job *job, struct findings *findings)
{
	if (str_equal(job->phase, "post-start") || job->process->group == NODE_GROUP_DATA)
		return;
	for (size_t i = 0; i < job->steps.count; i++) {
		const struct node_step *step = &job->steps.items[i];

		if (step->done == NODE_DONE_HTTP)
			diag_error(
				findings, "order.job", step->origin.span,
				"phase: post-start, or another 'done'",
				"step '%s' of the set-up asks '%s', which starts after the set-up",
				step->id, job->process->name);
	}
}

CHECK_FAMILY(order)
{
	(void)inputs;
	check_cycles(node, findings);
	for (size_t i = 0; i < node->processes.count; i++)
		check_groups(node, node->processes.items[i], findings);
	for (size_t i = 0; i < node->jobs.count; i++)
		check_job(node->jobs.items[i], findings);
}
