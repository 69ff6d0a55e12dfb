/*
 * Host tree -> config.
 */
#include "ignition/ignition.h"

#include "base/arena.h"
#include "base/text.h"
#include "output/output.h"

#include <stdlib.h>
#include <string.h>

static const char unit_dir[] = "/etc/systemd/system/";

static void add_file(struct ignition_config *config, const struct output *from)
{
	struct arena *arena = config->secret_arena;
	struct ignition_file *to = list_add(arena, &config->files);
	size_t len;
	char *data = output_join(from, &len);

	to->path = arena_strdup(arena, from->path);
	to->mode = from->mode;
	to->uid = from->uid;
	to->gid = from->gid;
	to->overwrite = true;
	to->contents = ignition_data_url(arena, data, len);
	to->origin = from->origin;
}

static struct ignition_unit *unit_find(struct ignition_config *config, const char *name)
{
	for (size_t i = 0; i < config->units.count; i++) {
		if (str_equal(config->units.items[i].name, name))
			return &config->units.items[i];
	}
	return NULL;
}

static void add_unit(struct ignition_config *config, const struct output *from)
{
	struct arena *arena = config->secret_arena;
	struct ignition_unit *to = list_add(arena, &config->units);
	size_t len;

	to->name = arena_strdup(arena, from->path + strlen(unit_dir));
	to->contents = arena_strdup(arena, output_join(from, &len));
	to->origin = from->origin;
}

static void switch_unit(struct ignition_config *config, const struct output_unit *from)
{
	struct ignition_unit *to = unit_find(config, from->name);

	if (to == NULL) {
		to = list_add(config->secret_arena, &config->units);
		to->name = arena_strdup(config->secret_arena, from->name);
		to->origin = from->origin;
	}
	/* Never `enabled: false`: for a unit with a SysV twin it fails the whole run. */
	if (from->enabled) {
		to->has_enabled = true;
		to->enabled = true;
	}
	to->mask = from->masked;
}

static void add_user(struct ignition_config *config, const struct output_user *from)
{
	struct arena *arena = config->secret_arena;
	struct ignition_user *to = list_add(arena, &config->users);

	to->name = arena_strdup(arena, from->name);
	to->origin = from->origin;
	for (size_t i = 0; i < from->ssh_keys.count; i++)
		*list_add(arena, &to->ssh_keys) = arena_strdup(arena, from->ssh_keys.items[i]);
	for (size_t i = 0; i < from->groups.count; i++)
		*list_add(arena, &to->groups) = arena_strdup(arena, from->groups.items[i]);
}

/* A unit proper: directly in the directory, not a drop-in. */
static bool is_unit(const struct output *file)
{
	return (file->flags & OUTPUT_UNIT) != 0 && str_starts(file->path, unit_dir) &&
	       strchr(file->path + strlen(unit_dir), '/') == NULL;
}

static void add_nodes(struct ignition_config *config, const struct output_set *tree)
{
	struct arena *arena = config->secret_arena;

	for (size_t i = 0; i < tree->dirs.count; i++) {
		const struct output_dir *from = &tree->dirs.items[i];

		*list_add(arena, &config->dirs) = (struct ignition_dir){
			.path = arena_strdup(arena, from->path),
			.mode = from->mode,
			.uid = from->uid,
			.gid = from->gid,
			.origin = from->origin,
		};
	}
	for (size_t i = 0; i < tree->links.count; i++) {
		const struct output_link *from = &tree->links.items[i];

		*list_add(arena, &config->links) = (struct ignition_link){
			.path = arena_strdup(arena, from->path),
			.target = arena_strdup(arena, from->target),
			.overwrite = true,
			.origin = from->origin,
		};
	}
}

static struct ignition_disk *disk_of(struct ignition_config *config,
                                     const struct output_partition *partition)
{
	struct ignition_disk *disk;

	for (size_t i = 0; i < config->disks.count; i++) {
		if (str_equal(config->disks.items[i].device, partition->disk))
			return &config->disks.items[i];
	}
	disk = list_add(config->secret_arena, &config->disks);
	disk->device = arena_strdup(config->secret_arena, partition->disk);
	disk->origin = partition->origin;
	return disk;
}

/* Nothing is wiped: neither what an earlier system left for this one, nor on a second run what the
 * first one made. */
static void add_disks(struct ignition_config *config, const struct output_set *tree)
{
	struct arena *arena = config->secret_arena;

	for (size_t i = 0; i < tree->partitions.count; i++) {
		const struct output_partition *from = &tree->partitions.items[i];

		*list_add(arena, &disk_of(config, from)->partitions) = (struct ignition_partition){
			.label = arena_strdup(arena, from->label),
			.number = from->number,
			.size_mib = from->size_mib,
			.resize = from->resize,
			.origin = from->origin,
		};
	}
	for (size_t i = 0; i < tree->filesystems.count; i++) {
		const struct output_filesystem *from = &tree->filesystems.items[i];

		*list_add(arena, &config->filesystems) = (struct ignition_filesystem){
			.device = arena_strdup(arena, from->device),
			.format = arena_strdup(arena, from->format),
			.label = arena_strdup(arena, from->label),
			.origin = from->origin,
		};
	}
}

/* Only of texts: others are compressed already. */
static size_t text_length(const struct ignition_file *file)
{
	return str_starts(file->contents.source, "data:,") ? strlen(file->contents.source) : 0;
}

static int compare_files(const void *left, const void *right)
{
	const struct ignition_file *a = left, *b = right;
	size_t a_len = text_length(a), b_len = text_length(b);

	return a_len != b_len ? (a_len < b_len ? 1 : -1) : strcmp(a->path, b->path);
}

static int compare_units(const void *left, const void *right)
{
	const struct ignition_unit *a = left, *b = right;
	size_t a_len = a->contents != NULL ? strlen(a->contents) : 0;
	size_t b_len = b->contents != NULL ? strlen(b->contents) : 0;

	return a_len != b_len ? (a_len < b_len ? 1 : -1) : strcmp(a->name, b->name);
}

/* Texts of one kind are of like length, and compressed together they are smaller the nearer they
 * are to each other. The longest of all, the agent's plan, has most in common with the units: it
 * stands between the files and these. Ignition does not care for the order. */
static void put_like_together(struct ignition_config *config)
{
	struct ignition_file *files = config->files.items, plan;
	size_t count = config->files.count;

	if (count > 0) {
		qsort(files, count, sizeof(*files), compare_files);
		plan = files[0];
		memmove(files, files + 1, (count - 1) * sizeof(*files));
		files[count - 1] = plan;
	}
	if (config->units.count > 0)
		qsort(config->units.items, config->units.count, sizeof(*config->units.items),
		      compare_units);
}

struct ignition_config *ignition_from_tree(struct arena *secret_arena,
                                           const struct output_set *tree)
{
	struct ignition_config *config = arena_alloc(secret_arena, sizeof(*config));

	config->secret_arena = secret_arena;
	for (size_t i = 0; i < tree->files.count; i++) {
		if (is_unit(tree->files.items[i]))
			add_unit(config, tree->files.items[i]);
		else
			add_file(config, tree->files.items[i]);
	}
	add_nodes(config, tree);
	add_disks(config, tree);
	for (size_t i = 0; i < tree->units.count; i++)
		switch_unit(config, &tree->units.items[i]);
	put_like_together(config);
	for (size_t i = 0; i < tree->users.count; i++)
		add_user(config, &tree->users.items[i]);
	return config;
}
