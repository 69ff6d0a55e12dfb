/*
 * The data's own file system: how it is made at the first boot (by the agent on a machine that ssh
 * reaches), and how it is mounted at every boot. The swap file, which the agent makes beside the
 * data.
 */
#include "base/text.h"
#include "host/writers.h"

/* Fedora CoreOS, "Configuring storage": the link that its initramfs makes, and the root's number.
 */
#define SYSTEM_DISK "/dev/disk/by-id/coreos-boot-disk"
enum { ROOT_NUMBER = 4, DATA_NUMBER };

/* What the system, its images and its logs have; 8 GiB are the least that Fedora CoreOS wants. */
enum { ROOT_MIB = 12 * 1024 };

/* The system keeps its size from the first boot on, and the data gets the rest. */
static void partitions(struct host_context *host, struct origin origin)
{
	*list_add(host->set->arena, &host->set->partitions) = (struct output_partition){
		.disk = SYSTEM_DISK,
		.label = "root",
		.number = ROOT_NUMBER,
		.size_mib = ROOT_MIB,
		.resize = true,
		.origin = origin,
	};
	*list_add(host->set->arena, &host->set->partitions) = (struct output_partition){
		.disk = SYSTEM_DISK,
		.label = NODE_DATA_LABEL,
		.number = DATA_NUMBER,
		.origin = origin,
	};
}

/* Nothing of the system needs it: a machine without its data still boots, is reached by ssh, and
 * says what is missing. The time-out is that of the device, too. Not before stead-prepare.service:
 * as long as the disk is missing, processes that are upheld ask for the mount again and again, and
 * what waits for it would wait for ever. stead-resume.service asks once, and prepare comes after
 * that. */
static void mount_unit(struct host_context *host, const struct node_text *device)
{
	static const char path[] = "/etc/systemd/system/" HOST_DATA_MOUNT;
	struct origin rule = origin_rule("host.disk");
	struct output *file = output_file(host->set, path, 0644, OUTPUT_UNIT, rule);

	host_banner(file, "#");
	output_text(file, rule,
	            "[Unit]\n"
	            "Description=stead: the data\n"
	            "DefaultDependencies=no\n"
	            "Conflicts=umount.target\n"
	            "Before=umount.target stead-resume.service\n"
	            "JobTimeoutSec=45\n"
	            "\n"
	            "[Mount]\n");
	output_line(file, device->origin, "What=%s", device->v);
	output_text(file, rule,
	            "Where=/var/lib/stead\n"
	            "Type=xfs\n"
	            "Options=noatime,nodev,nosuid\n"
	            "\n"
	            "[Install]\n"
	            "WantedBy=multi-user.target\n");
	output_unit(host->set, HOST_DATA_MOUNT, true, false, rule);
}

void host_disk(struct host_context *host)
{
	const struct node_machine *machine = &host->node->machine;
	const struct node_text *device = &machine->data_device;

	if (device->v == NULL)
		return;
	mount_unit(host, device);
	/* Any other device is formatted by the agent: Ignition would take a disk with partitions
	 * for an empty one, because it asks for a file system only. */
	if (!machine->data_partition || str_equal(machine->os, "as-is"))
		return;
	partitions(host, device->origin);
	*list_add(host->set->arena, &host->set->filesystems) = (struct output_filesystem){
		.device = device->v,
		.format = "xfs",
		.label = NODE_DATA_LABEL,
		.origin = device->origin,
	};
}

/* As with the data, nothing waits for it: not of swap.target, which the boot of the system needs.
 * Its file system comes before it by its path (systemd.swap(5)). */
void host_swap(struct host_context *host)
{
	static const char path[] = "/etc/systemd/system/" HOST_SWAP_UNIT;
	const struct node_machine *machine = &host->node->machine;
	struct origin rule = origin_rule("host.swap");
	struct output *file;

	if (machine->swap_bytes == 0)
		return;
	file = output_file(host->set, path, 0644, OUTPUT_UNIT, rule);
	host_banner(file, "#");
	output_line(file, rule, "[Unit]");
	output_line(file, machine->swap_origin, "Description=stead: swap, %lld MiB",
	            machine->swap_bytes >> 20);
	output_text(file, rule,
	            "DefaultDependencies=no\n"
	            "Conflicts=umount.target\n"
	            "After=local-fs.target\n"
	            "Before=umount.target stead-prepare.service\n"
	            "ConditionPathExists=/var/lib/stead/swap\n"
	            "\n"
	            "[Swap]\n"
	            "What=/var/lib/stead/swap\n"
	            "\n"
	            "[Install]\n"
	            "WantedBy=multi-user.target\n");
	output_unit(host->set, HOST_SWAP_UNIT, true, false, rule);
}
