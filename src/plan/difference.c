#include "plan/difference.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { SHOWN_MAX_BYTES = 64 * 1024 };

static void add_processes(struct arena *arena, const struct plan *from, const struct plan *to,
                          const struct effects *effects, struct difference *ret)
{
	const struct plan *const plans[] = { to, from };

	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; plans[p] != NULL && i < plans[p]->processes.count; i++) {
			struct difference_process process = {
				.name = plans[p]->processes.items[i].name,
			};
			bool seen = p == 1 && plan_process_find(to, process.name) != NULL;

			if (!seen && effects_on(effects, from, to, process.name, &process.what))
				*list_add(arena, &ret->processes) = process;
		}
}

void difference_make(struct arena *arena, const struct plan *from, const struct plan *to,
                     const struct change *change, struct difference *ret)
{
	struct effects effects;

	*ret = (struct difference){
		.id = "", .base = "", .first = from == NULL, .same = change->count == 0
	};
	for (size_t i = 0; i < change->count; i++)
		*list_add(arena, &ret->files) =
			(struct difference_file){ .path = change->items[i].path,
			                          .what = change->items[i].what,
			                          .secret = change->items[i].secret };
	effects_of(arena, from, to, change, false, &effects);
	add_processes(arena, from, to, &effects, ret);
	if (effects.firewall)
		*list_add(arena, &ret->restarts) = EFFECTS_FIREWALL;
	for (size_t i = 0; i < effects.restarts.count; i++)
		*list_add(arena, &ret->restarts) = effects.restarts.items[i];
	ret->networks = effects.networks;
	ret->stops = effects.stops;
	ret->images = effects.images;
	if (!ret->same)
		order_of(arena, from, to, &effects, &ret->order);
	order_untouched(arena, from, to, &effects, &ret->untouched);
}

const char *difference_text_of(struct arena *arena, const char *data, size_t len)
{
	size_t bad;

	if (len > SHOWN_MAX_BYTES)
		len = SHOWN_MAX_BYTES;
	if (memchr(data, '\0', len) != NULL)
		return NULL;
	/* What was cut in two at the end is left out; what is no text at all is not shown. */
	if (!utf8_valid(data, len, &bad)) {
		if (len - bad > 3)
			return NULL;
		len = bad;
	}
	return arena_strndup(arena, data, len);
}

static const char *text_in(struct arena *arena, const struct bundle *bundle, const char *path)
{
	const struct bundle_file *file = bundle_find(bundle, path);
	const struct plan_link *link = plan_link_find(bundle->plan, path);

	if (file != NULL)
		return difference_text_of(arena, file->data, file->len);
	return link != NULL ? link->target : NULL;
}

void difference_between(struct arena *arena, const struct bundle *old, const struct bundle *new,
                        struct difference *ret)
{
	struct change change;

	change_between(arena, old, new, &change);
	difference_make(arena, old->plan, new->plan, &change, ret);
	ret->id = new->id;
	ret->base = old->id;
	for (size_t i = 0; i < ret->files.count; i++) {
		struct difference_file *file = &ret->files.items[i];

		if (file->secret)
			continue;
		file->old = text_in(arena, old, file->path);
		file->new = text_in(arena, new, file->path);
	}
}

/* --- JSON --- */

static json_t *texts_json(const struct strings *texts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < texts->count; i++)
		json_array_append_new(array, json_string(texts->items[i]));
	return array;
}

static json_t *files_json(const struct difference *difference)
{
	json_t *array = json_array();

	for (size_t i = 0; i < difference->files.count; i++) {
		const struct difference_file *file = &difference->files.items[i];

		json_array_append_new(array,
		                      json_pack("{s:s,s:s,s:b,s:s?,s:s?}", "path", file->path,
		                                "what", change_what_words[file->what], "secret",
		                                file->secret, "old", file->old, "new", file->new));
	}
	return array;
}

static json_t *processes_json(const struct difference *difference)
{
	json_t *array = json_array();

	for (size_t i = 0; i < difference->processes.count; i++)
		json_array_append_new(
			array,
			json_pack("{s:s,s:s}", "name", difference->processes.items[i].name, "what",
		                  change_what_words[difference->processes.items[i].what]));
	return array;
}

static json_t *order_json(const struct order *order)
{
	json_t *array = json_array();

	for (size_t i = 0; i < order->count; i++)
		json_array_append_new(array, json_pack("{s:s,s:s,s:o}", "do",
		                                       order_what_words[order->items[i].what],
		                                       "name", order->items[i].name, "after",
		                                       texts_json(&order->items[i].after)));
	return array;
}

json_t *difference_json(const struct difference *d)
{
	return json_pack("{s:i,s:s,s:s,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "v", 1, "id",
	                 d->id, "base", d->base, "first", d->first, "same", d->same, "changes",
	                 files_json(d), "processes", processes_json(d), "networks",
	                 texts_json(&d->networks), "restarts", texts_json(&d->restarts), "stops",
	                 texts_json(&d->stops), "images", texts_json(&d->images), "order",
	                 order_json(&d->order), "untouched", texts_json(&d->untouched));
}
