/* What the definition says that the application cannot do. */
#include "node/build.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* Where the setting was written, else the section that it would stand in, else the application. */
static struct span place_of(struct build *b, const struct app_refusal *refusal)
{
	const char *name = refusal->setting.v;
	struct reference_value found;
	const struct yaml_node *section = NULL;

	if (build_lookup(b, name, &found) && found.at.source != NULL)
		return found.at;
	if (b->settings->root != NULL && !str_starts(name, "own."))
		section = yaml_get(b->settings->root,
		                   arena_strndup(b->arena, name, strcspn(name, ".")));
	return section != NULL ? section->span : b->settings->app.at;
}

void build_refusals(struct build *b)
{
	const struct app_refusal *refuses = b->app->refuses.items;

	for (size_t i = 0; i < b->app->refuses.count; i++)
		if (build_conditions(b, &refuses[i].when, NULL))
			diag_error(b->findings, "app.refused", place_of(b, &refuses[i]),
			           refuses[i].hint.v, "%s", refuses[i].why.v);
}
