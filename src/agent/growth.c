#include "agent/growth.h"

#include <string.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/text.h"
#include "plan/json.h"

#define FILE_PATH AGENT_STATE "/space.json"

enum {
	MAX_SAMPLES = 100,
	MAX_BYTES = 64 * 1024,
	DAY_S = 24 * 60 * 60,
	APART_S = 20 * 60 * 60, /* a daily timer is late at times */
	MONTH_S = 30 * DAY_S,
};

static void add_sample(struct arena *arena, struct growth *growth, const json_t *json)
{
	struct growth_sample sample = {
		.at_s = json_integer_value(json_object_get(json, "at")),
		.used = json_integer_value(json_object_get(json, "used")),
		.size = json_integer_value(json_object_get(json, "size")),
	};
	const struct growth_sample *last =
		growth->count > 0 ? &growth->items[growth->count - 1] : NULL;

	if (sample.at_s > 0 && sample.used >= 0 && sample.size >= sample.used &&
	    (last == NULL || last->at_s < sample.at_s))
		*list_add(arena, growth) = sample;
}

bool growth_parse(struct arena *arena, const char *text, size_t len, struct growth *ret)
{
	cleanup_json json_t *root = json_loadb(text, len, 0, NULL);
	const json_t *samples = json_object_get(root, "samples");
	json_t *one;
	size_t i;

	*ret = (struct growth){ 0 };
	json_array_foreach(samples, i, one)
	{
		if (ret->count < MAX_SAMPLES)
			add_sample(arena, ret, one);
	}
	return json_is_array(samples);
}

void growth_add(struct arena *arena, struct growth *growth, const struct growth_sample *now)
{
	struct growth kept = { 0 };

	for (size_t i = 0; i < growth->count; i++)
		if (growth->items[i].size == now->size && growth->items[i].at_s < now->at_s)
			*list_add(arena, &kept) = growth->items[i];
	if (kept.count > 1 &&
	    kept.items[kept.count - 1].at_s - kept.items[kept.count - 2].at_s < APART_S)
		kept.count--;
	*list_add(arena, &kept) = *now;
	if (kept.count > MAX_SAMPLES) {
		memmove(kept.items, kept.items + 1, --kept.count * sizeof(*kept.items));
	}
	*growth = kept;
}

bool growth_per_day(const struct growth *growth, long long *ret_bytes, long long *ret_since_s)
{
	const struct growth_sample *first = growth->items, *last;

	if (growth->count < 2)
		return false;
	last = &growth->items[growth->count - 1];
	while (last->at_s - first->at_s > MONTH_S)
		first++;
	if (last->at_s - first->at_s < DAY_S)
		return false;
	*ret_bytes = (long long)((double)(last->used - first->used) * DAY_S /
	                         (double)(last->at_s - first->at_s));
	*ret_since_s = first->at_s;
	return true;
}

static int write_samples(struct agent *agent, struct arena *arena, const struct growth *growth)
{
	cleanup_json json_t *root = json_pack("{s:i,s:[]}", "v", 1, "samples");
	json_t *samples = json_object_get(root, "samples");
	const char *text;

	for (size_t i = 0; i < growth->count; i++)
		json_array_append_new(samples, json_pack("{s:I,s:I,s:I}", "at",
		                                         (json_int_t)growth->items[i].at_s, "used",
		                                         (json_int_t)growth->items[i].used, "size",
		                                         (json_int_t)growth->items[i].size));
	text = json_text(arena, root, JSON_COMPACT);
	return disk_write(agent->root_fd, agent_below_root(FILE_PATH), NULL, text, strlen(text));
}

void growth_note(struct agent *agent, struct arena *arena, const struct growth_sample *now,
                 struct growth *ret)
{
	char *text;
	size_t len;
	int r;

	*ret = (struct growth){ 0 };
	if (disk_read(arena, agent->root_fd, agent_below_root(FILE_PATH), MAX_BYTES, &text, &len,
	              NULL) == 0)
		(void)growth_parse(arena, text, len, ret);
	growth_add(arena, ret, now);
	r = write_samples(agent, arena, ret);
	if (r < 0)
		agent_log("space: %s cannot be written: %s", FILE_PATH, strerror(-r));
}
