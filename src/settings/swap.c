/* machine.swap: a size, or that there is none. */
#include "settings/internal.h"

#include <string.h>

#include "base/text.h"

void settings_check_swap(struct settings_checker *c, struct settings_machine *machine)
{
	static const struct schema_row row = {
		.key = "swap", .type = SCHEMA_SIZE, .min = 64L << 20, .max = 256L << 30
	};
	const struct value_text *swap = &machine->swap;
	struct value_int bytes = { 0 };
	struct yaml_node node = { .kind = YAML_SCALAR, .span = swap->at, .text = swap->v };

	if (swap->v == NULL || str_equal(swap->v, "auto") || str_equal(swap->v, "none"))
		return;
	node.len = strlen(swap->v);
	if (schema_decode_value(c->arena, "settings", "machine.swap", &row, &node, &bytes,
	                        c->findings))
		machine->swap_bytes = bytes.v;
}
