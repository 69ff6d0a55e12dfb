/* Images. Whether a reference is one at all is decided where it is read (node/image.c). */
#include "check/families.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/image.h"

/* "postgres:17-alpine" of "docker.io/library/postgres:17-alpine". */
static const char *last_part(const char *image)
{
	const char *slash = strrchr(image, '/');

	return slash != NULL ? slash + 1 : image;
}

static void check_tag(const struct node_process *process, struct findings *findings)
{
	const char *part = last_part(process->image_name), *colon = strchr(part, ':');

	if (strchr(part, '@') != NULL)
		return;
	if (colon == NULL)
		diag_warning(findings, "image.tag", process->image_origin.span,
		             "add a tag, like :2",
		             "the image of '%s' has no tag: every pull may bring another one",
		             process->name);
	else if (str_equal(colon, ":latest"))
		diag_warning(findings, "image.latest", process->image_origin.span,
		             "name a version, like :2",
		             "the image of '%s' is 'latest', which may be another major version "
		             "tomorrow",
		             process->name);
}

/* musl sorts texts in another way than glibc: indexes made with one are broken with the other. */
static void check_collation(const struct node_process *process, struct findings *findings)
{
	const char *part = last_part(process->image_name), *colon = strchr(part, ':');

	if (str_starts(part, "postgres") && colon != NULL && strstr(colon, "alpine") != NULL)
		diag_error(findings, "image.alpine", process->image_origin.span,
		           "the one without 'alpine', which is Debian's",
		           "the PostgreSQL of '%s' is an Alpine one: its order of texts is not "
		           "that of others, so its data could never move",
		           process->name);
}

/* The lock says which machines an image is for, once it was asked for. */
static void check_arch(const struct node *node, const struct node_process *process,
                       const struct lock *lock, struct findings *findings)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *arches;
	struct image image;

	if (lock == NULL || !image_parse(scratch, process->image_name, &image))
		return;
	arches = lock_find(&lock->arches, image_lock_name(scratch, &image));
	if (arches != NULL && !lock_arches_have(arches, node->machine.arch))
		diag_error(findings, "image.arch", process->image_origin.span,
		           "choose another image, or a machine it is for: machine.arch",
		           "'%s' is for %s, not for the machine's %s", process->image_name, arches,
		           node->machine.arch);
}

/* "version >= 0.19, version < 0.21" */
static const char *versions_text(struct arena *arena, const struct app *app)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < app->versions.count; i++)
		text_addf(&text, "%s%s", i > 0 ? ", " : "", app->versions.items[i].v);
	return text.data;
}

/* An image that settings or lock name. Whether it is the application's at all, and not that of a
 * database, is seen from the one that the definition has in its place. */
static void check_version(const struct app *app, const struct node *node,
                          const struct app_process *from, struct findings *findings)
{
	cleanup_arena struct arena *scratch = arena_new();
	const struct value_list *versions = version_asked_of(app, from);
	const struct node_process *process = node_process_find(node, from->name.v);
	const char *version;

	if (versions == NULL || process == NULL || process->image_name == NULL)
		return;
	version = version_of_image(scratch, process->image_name);
	if (version == NULL || version_meets(versions, version))
		return;
	diag_warning(findings, "image.version", process->image_origin.span,
	             arena_printf(findings->arena,
	                          "it is for these: %s; a newer stead may know more",
	                          versions_text(scratch, app)),
	             "the definition of %s was not written for version %s", app->name.v, version);
}

CHECK_FAMILY(images)
{
	const struct app_process *processes = inputs->app->processes.items;
	const struct node_process *process;
	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		if (process->image_name == NULL)
			continue; /* a finding already */
		check_tag(process, findings);
		check_collation(process, findings);
		check_arch(node, process, inputs->lock, findings);
	}
	for (size_t i = 0; i < inputs->app->processes.count; i++)
		check_version(inputs->app, node, &processes[i], findings);
}
