/* Connections to the database: all that may be open at once, against what it takes. */
#include "check/families.h"

#include "base/arena.h"
#include "base/text.h"

/* PostgreSQL's superuser_reserved_connections: the owner must get in when all others are taken. */
enum { RESERVED = 3 };

/* "web 10, worker 25" */
static const char *who_holds(struct arena *arena, const struct node *node, long *ret_sum)
{
	struct text text;

	*ret_sum = 0;
	text_init(&text, arena);
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		if (process->db_connections == 0)
			continue;
		text_addf(&text, "%s%s %ld", *ret_sum > 0 ? ", " : "", process->name,
		          process->db_connections);
		*ret_sum += process->db_connections;
	}
	return text.data;
}

CHECK_FAMILY(database)
{
	cleanup_arena struct arena *scratch = arena_new();
	long sum;
	const char *holders = who_holds(scratch, node, &sum);

	(void)inputs;
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		if (process->db_limit == 0 || sum + RESERVED <= process->db_limit)
			continue;
		diag_error(findings, "database.connections", process->db_limit_origin.span, holders,
		           "'%s' takes %ld connections, but the others may hold %ld, and %d are "
		           "kept for the administrator",
		           process->name, process->db_limit, sum, RESERVED);
	}
}
