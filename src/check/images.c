/* Images. Whether a reference is one at all is decided where it is read (node/image.c). */
#include "check/families.h"

#include <string.h>

CHECK_FAMILY(images)
{
	(void)inputs;
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];
		const char *name;

		if (process->image == NULL)
			continue; /* a finding already */
		name = strrchr(process->image, '/');
		if (name != NULL && strpbrk(name, ":@") == NULL)
			diag_warning(
				findings, "image.tag", process->image_origin.span,
				"add a tag, like :2",
				"the image of '%s' has no tag: every pull may bring another one",
				process->name);
	}
}
