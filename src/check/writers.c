/* Two things at one place inside a container. The paths of the host are output_conflicts()'s. */
#include "check/families.h"

#include "base/text.h"

static void report_mount(const struct node_process *process, const char *path, struct span at,
                         struct findings *findings)
{
	diag_error(findings, "writers.mount", at, NULL, "process '%s' has two things at '%s'",
	           process->name, path);
}

static void check_mounts(const struct node_process *process, struct findings *findings)
{
	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct node_mount *mount = &process->mounts.items[i];

		for (size_t n = 0; n < i; n++) {
			if (str_equal(process->mounts.items[n].target, mount->target))
				report_mount(process, mount->target, mount->origin.span, findings);
		}
		for (size_t n = 0; n < process->tmpfs.count; n++) {
			if (str_equal(process->tmpfs.items[n], mount->target))
				report_mount(process, mount->target, mount->origin.span, findings);
		}
	}
	for (size_t i = 0; i < process->tmpfs.count; i++) {
		for (size_t n = 0; n < i; n++) {
			if (str_equal(process->tmpfs.items[n], process->tmpfs.items[i]))
				report_mount(process, process->tmpfs.items[i], process->origin.span,
				             findings);
		}
	}
}

static void check_volume_paths(const struct node *node, struct findings *findings)
{
	for (size_t i = 0; i < node->volumes.count; i++) {
		const struct node_volume *volume = node->volumes.items[i];

		for (size_t n = 0; n < i; n++) {
			if (str_equal(node->volumes.items[n]->path, volume->path))
				diag_error(findings, "writers.volume", volume->origin.span, NULL,
				           "two volumes at '%s'", volume->path);
		}
	}
}

static void check_configs(const struct node *node, struct findings *findings)
{
	for (size_t i = 0; i < node->configs.count; i++) {
		const struct node_config *config = node->configs.items[i];

		for (size_t n = 0; n < i; n++) {
			const struct node_config *before = node->configs.items[n];

			if (before->process == config->process &&
			    str_equal(before->name, config->name))
				diag_error(findings, "writers.config", config->origin.span, NULL,
				           "two configuration files '%s' for process '%s'",
				           config->name, config->process->name);
		}
	}
}

CHECK_FAMILY(writers)
{
	(void)inputs;
	for (size_t i = 0; i < node->processes.count; i++)
		check_mounts(node->processes.items[i], findings);
	check_volume_paths(node, findings);
	check_configs(node, findings);
}
