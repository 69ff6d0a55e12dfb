/* What the processes may use at most, for this size of the machine and for the others. */
#include "node/build.h"

#include "base/arena.h"
#include "base/text.h"

static long long limits_together(struct build *b)
{
	const struct app_process *processes = b->app->processes.items;
	long long sum = 0;

	for (size_t i = 0; i < b->app->processes.count; i++) {
		/* Tools run now and then, and end. */
		if (b->process_on[i] && !str_equal(processes[i].group.v, "tool"))
			sum += build_bytes(b, &processes[i].memory, "memory");
	}
	return sum;
}

/* From which size of the machine on a column counts; 0 after a finding of build_size(). */
static long long column_bytes(struct build *b, const struct yaml_node *key)
{
	struct value_text text = { key->text, key->span };

	return build_bytes(b, &text, "sizes");
}

static void add_size(struct build *b, const struct yaml_node *key, const struct yaml_node *column)
{
	const struct yaml_node *chosen = b->size_column;
	struct node_size *size = list_add(b->arena, &b->node->sizes);

	b->size_column = column;
	*size = (struct node_size){ .used = column == chosen,
		                    .from_bytes = key != NULL ? column_bytes(b, key) : 0,
		                    .limits_bytes = limits_together(b) };
	b->size_column = chosen;
}

void build_sizes(struct build *b)
{
	const struct yaml_node *sizes = b->app->sizes.node;
	struct findings *findings = b->findings, ignored;

	/* What is wrong with the size of this machine was said; the others are only for the hint.
	 */
	findings_init(&ignored, b->arena);
	b->findings = &ignored;
	if (sizes == NULL || sizes->kind != YAML_MAP || sizes->count == 0)
		add_size(b, NULL, NULL);
	for (size_t i = 0; sizes != NULL && sizes->kind == YAML_MAP && i < sizes->count; i++)
		add_size(b, sizes->pairs[i].key, sizes->pairs[i].value);
	b->findings = findings;
}
