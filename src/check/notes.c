/* What the definition says to everybody who uses it. */
#include "check/families.h"

CHECK_FAMILY(notes)
{
	const struct value_list *notes = &inputs->app->notes;

	(void)node;
	for (size_t i = 0; i < notes->count; i++)
		diag_note(findings, "app.note", inputs->settings->app.at, NULL, "%s",
		          notes->items[i].v);
}
