/* Ignition may run twice: after a power cut in the initramfs it starts again, and a node that is
 * installed anew meets its old data disk. So nothing that it writes may lie where data is. */
#include "check/families.h"

#include "base/text.h"

CHECK_FAMILY(ignition)
{
	(void)inputs;
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		for (size_t n = 0; n < process->mounts.count; n++) {
			const struct node_mount *mount = &process->mounts.items[n];

			if (mount->volume == NULL && !str_equal(mount->host_path, NODE_PAGE_DIR) &&
			    !str_starts(mount->host_path, "/etc/stead/"))
				diag_error(
					findings, "ignition.config", mount->origin.span, NULL,
					"'%s' of process '%s' would be written outside /etc/stead",
					mount->host_path, process->name);
		}
	}
	for (size_t i = 0; i < node->volumes.count; i++) {
		const struct node_volume *volume = node->volumes.items[i];

		if (!str_starts(volume->path, "/var/lib/stead/data/"))
			diag_error(findings, "ignition.data", volume->origin.span, NULL,
			           "volume '%s' would lie outside /var/lib/stead/data, at '%s'",
			           volume->name, volume->path);
	}
}
