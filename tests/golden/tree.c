/*
 * Renders one case as `stead` would, into a folder that can be compared and judged.
 *
 *     golden-tree CASE OUT [AGENT]
 *
 * CASE has stead.yaml, stead.lock, stead.secrets.yaml and perhaps apps/. OUT gets
 *     tree/…      every file and link of the host tree, with its mode
 *     manifest    what files cannot show: owners, flags, directories, users, units switched on
 *     config.ign  the Ignition config; packed.ign: as it would be handed out
 * Findings go to stderr; errors end with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "check/check.h"
#include "host/host.h"
#include "ignition/ignition.h"
#include "node/node.h"

struct run {
	struct arena *arena, *secret_arena;
	struct findings findings;
	const char *dir, *out;
	struct settings settings;
	struct app app;
	struct secrets secrets;
	struct lock lock;
};

static void die(const char *path, int error)
{
	fprintf(stderr, "golden-tree: %s: %s\n", path, strerror(-error));
	exit(3);
}

static const struct yaml_node *read_yaml(struct run *run, const char *name,
                                         const struct source **ret_source)
{
	struct source *source = arena_alloc(run->arena, sizeof(*source));
	char *path = arena_printf(run->arena, "%s/%s", run->dir, name);

	if (!yaml_read_source(run->arena, path, false, source, &run->findings))
		return NULL;
	source->name = name; /* the same wherever the case lies */
	*ret_source = source;
	return yaml_parse(run->arena, source, &run->findings);
}

static struct node *build(struct run *run)
{
	char *apps = arena_printf(run->arena, "%s/apps", run->dir);
	const struct source *source = NULL, *lock_source = NULL;
	const struct yaml_node *root = read_yaml(run, "stead.yaml", &source);
	struct node_inputs inputs;
	struct node *node;

	if (root != NULL)
		(void)settings_decode(run->arena, root, source, &run->settings, &run->findings);
	root = read_yaml(run, "stead.lock", &lock_source);
	if (root != NULL)
		(void)lock_decode(run->arena, root, &run->lock, &run->findings);
	(void)secrets_read(run->secret_arena,
	                   arena_printf(run->arena, "%s/stead.secrets.yaml", run->dir),
	                   &run->secrets, &run->findings);
	if (run->findings.errors > 0)
		return NULL;
	(void)app_load(run->arena, access(apps, F_OK) == 0 ? apps : NULL, run->settings.app.v,
	               run->settings.app.at, &run->app, &run->findings);
	if (run->findings.errors > 0)
		return NULL;
	inputs = (struct node_inputs){ .settings = &run->settings,
		                       .app = &run->app,
		                       .secrets = &run->secrets,
		                       .lock = &run->lock,
		                       .settings_dir = run->dir,
		                       .kept = { source->data, lock_source->data,
		                                 run->secrets.text },
		                       .secret_arena = run->secret_arena };
	node = node_build(run->arena, &inputs, &run->findings);
	if (node == NULL || !check_node(node, &inputs, &run->findings) || run->findings.errors > 0)
		return NULL;
	node_freeze(node);
	return node;
}

static void write_file(struct run *run, const char *name, unsigned mode, const char *data,
                       size_t len)
{
	char *path = arena_printf(run->arena, "%s%s", run->out, name);
	char *dir = arena_strdup(run->arena, path);
	int r;

	*strrchr(dir, '/') = '\0';
	r = dir_make(AT_FDCWD, dir, 0755);
	if (r < 0)
		die(dir, r);
	r = file_create(AT_FDCWD, path, mode, data, len);
	if (r < 0)
		die(path, r);
	if (chmod(path, mode) < 0)
		die(path, -errno);
}

static void write_tree(struct run *run, const struct output_set *set)
{
	for (size_t i = 0; i < set->files.count; i++) {
		const struct output *file = set->files.items[i];
		size_t len;
		const char *data = output_join(file, &len);

		write_file(run, arena_printf(run->arena, "/tree%s", file->path), file->mode, data,
		           len);
	}
	for (size_t i = 0; i < set->links.count; i++) {
		const struct output_link *link = &set->links.items[i];
		char *path = arena_printf(run->arena, "%s/tree%s", run->out, link->path);

		if (symlink(link->target, path) < 0)
			die(path, -errno);
	}
}

static void write_manifest(struct run *run, const struct output_set *set)
{
	struct text text;

	text_init(&text, run->arena);
	for (size_t i = 0; i < set->dirs.count; i++)
		text_addf(&text, "dir %04o %u:%u %s\n", set->dirs.items[i].mode,
		          set->dirs.items[i].uid, set->dirs.items[i].gid, set->dirs.items[i].path);
	for (size_t i = 0; i < set->files.count; i++) {
		const struct output *file = set->files.items[i];

		text_addf(&text, "file %04o %u:%u %s%s\n", file->mode, file->uid, file->gid,
		          file->path, (file->flags & OUTPUT_SECRET) != 0 ? " secret" : "");
	}
	for (size_t i = 0; i < set->links.count; i++)
		text_addf(&text, "link %s -> %s\n", set->links.items[i].path,
		          set->links.items[i].target);
	for (size_t i = 0; i < set->units.count; i++)
		text_addf(&text, "unit %s %s\n", set->units.items[i].name,
		          set->units.items[i].masked ? "masked" : "enabled");
	for (size_t i = 0; i < set->users.count; i++) {
		for (size_t j = 0; j < set->users.items[i].ssh_keys.count; j++)
			text_addf(&text, "user %s %s\n", set->users.items[i].name,
			          set->users.items[i].ssh_keys.items[j]);
	}
	for (size_t i = 0; i < set->partitions.count; i++)
		text_addf(&text, "partition %s %u %s %u MiB%s\n", set->partitions.items[i].disk,
		          set->partitions.items[i].number, set->partitions.items[i].label,
		          set->partitions.items[i].size_mib,
		          set->partitions.items[i].resize ? " resize" : "");
	for (size_t i = 0; i < set->filesystems.count; i++)
		text_addf(&text, "filesystem %s %s %s\n", set->filesystems.items[i].device,
		          set->filesystems.items[i].format, set->filesystems.items[i].label);
	write_file(run, "/manifest", 0644, text.data, text.len);
}

static bool write_config(struct run *run, const struct output_set *set)
{
	struct ignition_config *config = ignition_from_tree(run->secret_arena, set);
	size_t len, packed_len;
	char *json, *packed;

	if (!ignition_validate(config, &run->findings))
		return false;
	json = ignition_write(config, &len);
	packed = ignition_pack(run->secret_arena, json, len, &packed_len);
	write_file(run, "/config.ign", 0600, json, len);
	write_file(run, "/packed.ign", 0600, packed, packed_len);
	return true;
}

static bool render(struct run *run, const char *agent_path)
{
	const struct node *node = build(run);
	struct host_agent agent = { 0 };
	const struct output_set *set;
	char *data;
	int r;

	if (node == NULL)
		return false;
	if (agent_path != NULL) {
		r = file_read(run->arena, AT_FDCWD, agent_path, 16 << 20, &data, &agent.len);
		if (r < 0)
			die(agent_path, r);
		agent.data = data;
	}
	if (str_equal(node->delivery, "ssh") && !str_equal(node->machine.os, "as-is"))
		set = host_render_base(node, &run->findings); /* what `render ignition` hands out */
	else
		set = host_render(node, &agent, &run->findings);
	if (set == NULL)
		return false;
	write_tree(run, set);
	write_manifest(run, set);
	return write_config(run, set);
}

int main(int argc, char **argv)
{
	struct run run = { .arena = arena_new(), .secret_arena = arena_new_secret() };
	bool fine;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: golden-tree CASE OUT [AGENT]\n");
		return 2;
	}
	umask(0);
	run.dir = argv[1];
	run.out = argv[2];
	findings_init(&run.findings, run.arena);
	fine = render(&run, argc == 4 ? argv[3] : NULL);
	if (!fine)
		findings_print(&run.findings, stderr, false);
	arena_free(run.secret_arena);
	arena_free(run.arena);
	return fine ? 0 : 1;
}
