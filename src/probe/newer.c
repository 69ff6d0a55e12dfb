#include "probe/newer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/image.h"

enum { APP_NUMBERS = 2, DATA_NUMBERS = 3 };

static const struct app_process *definition_of(const struct node *node,
                                               const struct node_process *process)
{
	const struct app_process *all = node->app_definition->processes.items;

	for (size_t i = 0; i < node->app_definition->processes.count; i++)
		if (str_equal(all[i].name.v, process->name))
			return &all[i];
	return NULL;
}

static const char *tag_of(struct arena *arena, const struct node_process *process)
{
	struct image image;

	/* It was parsed when the node was built. */
	(void)image_parse(arena, process->image_name, &image);
	return image.tag;
}

static bool came_before(const struct node *node, size_t index)
{
	const struct node_process *process = node_container(node, index);

	for (size_t i = 0; i < index; i++)
		if (str_equal(node_container(node, i)->image_name, process->image_name))
			return true;
	return false;
}

/* Those that it belongs to, or new ones. */
static struct newer *group_of(struct arena *arena, const struct node_process *process, bool data,
                              struct newers *ret)
{
	for (size_t i = 0; !data && process->image_family != NULL && i < ret->count; i++) {
		const struct node_process *first = ret->items[i].processes.items[0];

		if (first->group != NODE_GROUP_DATA &&
		    str_equal(first->image_family, process->image_family))
			return &ret->items[i];
	}
	return list_add(arena, ret);
}

static void add(struct arena *arena, const struct node *node, const struct node_process *process,
                enum tag_channel channel, struct newers *ret)
{
	const struct app_process *from = definition_of(node, process);
	bool data = from == NULL || process->group == NODE_GROUP_DATA;
	const char *tag = tag_of(arena, process);
	bool moves = !process->image_fixed && tag != NULL &&
	             tag_is_version(tag, data ? DATA_NUMBERS : APP_NUMBERS);
	struct newer *newer;

	if (!moves && (data || process->image_family == NULL))
		return;
	newer = group_of(arena, process, data, ret);
	newer->apart |= !moves || (newer->wish.now.count > 0 &&
	                           !tag_is_same_form(tag, newer->wish.now.items[0]));
	*list_add(arena, &newer->processes) = process;
	if (moves)
		*list_add(arena, &newer->wish.now) = tag;
	newer->wish.channel = data ? TAG_PATCH : channel;
	if (from != NULL && newer->wish.versions == NULL)
		newer->wish.versions = version_asked_of(node->app_definition, from);
}

void newer_list(struct arena *arena, const struct node *node, enum tag_channel channel,
                struct newers *ret)
{
	const struct node_process *process;
	struct newers all = { 0 };

	*ret = (struct newers){ 0 };
	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++)
		if (channel != TAG_NONE && process->image_name != NULL && !came_before(node, i))
			add(arena, node, process, channel, &all);
	for (size_t i = 0; i < all.count; i++)
		if (!all.items[i].apart ||
		    (all.items[i].processes.count > 1 && all.items[i].wish.now.count > 0))
			*list_add(arena, ret) = all.items[i];
}

char *newer_names(struct arena *arena, const struct newer *newer)
{
	struct strings names = { 0 };

	for (size_t i = 0; i < newer->processes.count; i++)
		*list_add(arena, &names) = newer->processes.items[i]->name;
	return strings_join(arena, &names, ", ");
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(struct strings *list)
{
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), compare_texts);
}

/* Both are sorted. */
static struct strings common(struct arena *arena, const struct strings *a, const struct strings *b)
{
	struct strings both = { 0 };

	for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
		int order = strcmp(a->items[i], b->items[k]);

		if (order == 0)
			*list_add(arena, &both) = a->items[i];
		i += order <= 0;
		k += order >= 0;
	}
	return both;
}

bool newer_ask(struct arena *arena, const struct newer *newer,
               const struct registry_question *question, struct tag_choice *ret,
               struct registry_answer *ret_answer, const struct node_process **ret_at)
{
	struct strings tags = { 0 };

	*ret = (struct tag_choice){ 0 };
	for (size_t i = 0; i < newer->processes.count; i++) {
		struct registry_question asked = *question;

		*ret_at = newer->processes.items[i];
		asked.image = (*ret_at)->image_asked;
		registry_ask_tags(arena, &asked, ret_answer);
		if (ret_answer->result != REGISTRY_OK)
			return false;
		sort(&ret_answer->tags);
		tags = i == 0 ? ret_answer->tags : common(arena, &tags, &ret_answer->tags);
	}
	if (!newer->apart)
		tag_choose(&newer->wish, &tags, ret);
	return true;
}
