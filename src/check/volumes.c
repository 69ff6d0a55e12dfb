/* Volumes: used, written by who may write, and not hidden by what is mounted into them. */
#include "check/families.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* True when PATH lies below DIR, both inside one container. */
static bool lies_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* By the definition alone: a process that is switched off may be switched on. */
static bool is_mounted(const struct app *app, const char *volume)
{
	const struct app_process *processes = app->processes.items;

	for (size_t i = 0; i < app->processes.count; i++) {
		const struct app_mount *mounts = processes[i].volumes.items;

		for (size_t n = 0; n < processes[i].volumes.count; n++) {
			if (str_equal(mounts[n].volume.v, volume))
				return true;
		}
	}
	return false;
}

static void check_used(const struct app *app, struct findings *findings)
{
	const struct app_volume *volumes = app->volumes.items;

	for (size_t i = 0; i < app->volumes.count; i++) {
		if (!is_mounted(app, volumes[i].name.v))
			diag_warning(findings, "volumes.unused", volumes[i].name.at, NULL,
			             "volume '%s' is mounted by no process", volumes[i].name.v);
	}
}

static bool may_write(const struct node_process *process, const struct node_volume *volume)
{
	for (size_t i = 0; i < process->capabilities.count; i++) {
		if (str_equal(process->capabilities.items[i], "DAC_OVERRIDE"))
			return true;
	}
	/* That nothing runs as root is another check's. */
	return process->uid == 0 || process->uid == volume->uid ||
	       (process->gid == volume->gid && (volume->mode & 020) != 0);
}

static void check_user(const struct node_process *process, const struct node_mount *mount,
                       struct findings *findings)
{
	const struct node_volume *volume = mount->volume;

	if (mount->read_only || may_write(process, volume))
		return;
	diag_error(findings, "volumes.user", mount->origin.span,
	           "one user for both, or one group and 'mode: 0770'",
	           "process '%s' runs as %u:%u and cannot write volume '%s' of %u:%u",
	           process->name, process->uid, process->gid, volume->name, volume->uid,
	           volume->gid);
}

/* Whoever mounts only the outer one sees another directory there, and so does its backup. */
static void check_nested(const struct node_process *process, const struct node_mount *mount,
                         struct findings *findings)
{
	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct node_mount *outer = &process->mounts.items[i];

		if (outer->volume == NULL || !lies_in(mount->target, outer->target))
			continue;
		if (outer->read_only)
			diag_error(findings, "volumes.nested", mount->origin.span, NULL,
			           "'%s' cannot be mounted inside volume '%s', which is read-only",
			           mount->target, outer->volume->name);
		else
			diag_warning(findings, "volumes.nested", mount->origin.span,
			             "mount them beside each other",
			             "'%s' is mounted inside volume '%s', where it hides what lies "
			             "there",
			             mount->target, outer->volume->name);
	}
}

static void check_emptied(const struct node_process *process, struct findings *findings)
{
	for (size_t i = 0; i < process->tmpfs.count; i++) {
		for (size_t n = 0; n < process->mounts.count; n++) {
			const struct node_mount *mount = &process->mounts.items[n];

			if (mount->volume != NULL && mount->volume->class == NODE_PRECIOUS &&
			    lies_in(process->tmpfs.items[i], mount->target))
				diag_warning(
					findings, "volumes.emptied", mount->origin.span,
					"a tmpfs outside of it",
					"precious volume '%s' of process '%s' has a tmpfs at "
					"'%s': what is written there is gone at the next start",
					mount->volume->name, process->name,
					process->tmpfs.items[i]);
		}
	}
}

/* The mount by which PROCESS writes VOLUME, or NULL. */
static const struct node_mount *writes(const struct node_process *process,
                                       const struct node_volume *volume)
{
	for (size_t i = 0; i < process->mounts.count; i++) {
		if (process->mounts.items[i].volume == volume &&
		    !process->mounts.items[i].read_only)
			return &process->mounts.items[i];
	}
	return NULL;
}

/* Processes of an application may share files; no two databases share theirs. */
static void check_shared(const struct node *node, const struct node_volume *volume,
                         struct findings *findings)
{
	const struct node_process *process;
	const struct node_process *database = NULL, *first = NULL;

	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		const struct node_mount *mount = writes(process, volume);

		if (mount == NULL)
			continue;
		if (first != NULL && (database != NULL || process->group == NODE_GROUP_DATA))
			diag_error(findings, "volumes.writers", mount->origin.span,
			           "a volume for each, or 'read_only: true'",
			           "'%s' and '%s' both write volume '%s', and one of them is a "
			           "data process",
			           first->name, process->name, volume->name);
		if (process->group == NODE_GROUP_DATA)
			database = process;
		if (first == NULL)
			first = process;
	}
	if (first == NULL)
		diag_warning(findings, "volumes.unwritten", volume->origin.span, NULL,
		             "volume '%s' is read-only for every process, so it stays empty",
		             volume->name);
}

CHECK_FAMILY(volumes)
{
	const struct node_process *process;
	check_used(inputs->app, findings);
	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		for (size_t n = 0; n < process->mounts.count; n++) {
			if (process->mounts.items[n].volume != NULL)
				check_user(process, &process->mounts.items[n], findings);
			check_nested(process, &process->mounts.items[n], findings);
		}
		check_emptied(process, findings);
	}
	for (size_t i = 0; i < node->volumes.count; i++)
		check_shared(node, node->volumes.items[i], findings);
}
