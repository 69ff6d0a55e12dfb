#include "remote/bundle.h"

#include "base/arena.h"

struct bundle *remote_bundle(struct arena *secret_arena, const struct output_set *set)
{
	struct bundle *bundle = arena_alloc(secret_arena, sizeof(*bundle));

	for (size_t i = 0; i < set->files.count; i++) {
		const struct output *file = set->files.items[i];
		struct bundle_file *to;

		if ((file->flags & OUTPUT_BINARY) != 0)
			continue;
		to = list_add(secret_arena, &bundle->files);
		to->path = file->path;
		to->data = output_join(file, &to->len);
	}
	return bundle;
}
