/* Images. Whether a reference is one at all is decided where it is read (node/image.c). */
#include "check/families.h"

#include <string.h>

#include "base/text.h"

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

CHECK_FAMILY(images)
{
	(void)inputs;
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		if (process->image_name == NULL)
			continue; /* a finding already */
		check_tag(process, findings);
		check_collation(process, findings);
	}
}
