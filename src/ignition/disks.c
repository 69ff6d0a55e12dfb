/*
 * The rules for disks, partitions and file systems: spec 3.3 (coreos/ignition config/v3_3/types,
 * disk.go, partition.go, filesystem.go), and stead's own: nothing is ever wiped.
 */
#include "ignition/internal.h"

#include "base/text.h"

#include <string.h>

enum { PARTITION_LABEL_MAX = 36 }; /* bytes */

/* The format and how long its labels may be, in bytes. */
static const struct format {
	const char *name;
	size_t label_max;
} formats[] = {
	{ "ext4", 16 }, { "btrfs", 256 }, { "xfs", 12 },
	{ "swap", 15 }, { "vfat", 11 },   { "none", 0 },
};

static void check_device(struct check *check, const char *device, struct origin origin)
{
	if (device == NULL || device[0] == '\0')
		ignition_error(check, "ignition.device", origin, "a disk has no device");
	else if (device[0] != '/')
		ignition_error(check, "ignition.device", origin, "device '%s' is not absolute",
		               device);
	else if (!ignition_path_simplified(device))
		ignition_error(check, "ignition.device", origin,
		               "device '%s' is not fully simplified", device);
}

static void refuse_wiping(struct check *check, bool wipes, const char *what, struct origin origin)
{
	if (wipes)
		ignition_error(check, "ignition.wipe", origin,
		               "%s would be wiped, on a second run with what the first one made",
		               what);
}

static void check_partition(struct check *check, const struct ignition_disk *disk, size_t index)
{
	const struct ignition_partition *partition = &disk->partitions.items[index];
	const char *label = partition->label != NULL ? partition->label : "";
	struct origin origin = partition->origin;

	if (label[0] == '\0' && partition->number == 0)
		ignition_error(check, "ignition.partition", origin,
		               "a partition of '%s' has neither number nor label", disk->device);
	if (strlen(label) > PARTITION_LABEL_MAX || strchr(label, ':') != NULL)
		ignition_error(check, "ignition.partition", origin,
		               "'%s' is no label of a partition (%d bytes, no colon)", label,
		               PARTITION_LABEL_MAX);
	if (partition->resize && partition->number == 0)
		ignition_error(check, "ignition.partition", origin,
		               "partition '%s' is to be resized and has no number", label);
	refuse_wiping(check, partition->wipe_entry, "a partition", origin);
	for (size_t i = 0; i < index; i++) {
		const struct ignition_partition *other = &disk->partitions.items[i];

		if (partition->number != 0 && partition->number == other->number)
			ignition_error(check, "ignition.duplicate", origin,
			               "partition %u of '%s' is given twice", partition->number,
			               disk->device);
		if (label[0] != '\0' && str_equal(label, other->label))
			ignition_error(check, "ignition.duplicate", origin,
			               "partition label '%s' is given twice", label);
		/* Both would take all that is left. */
		if (partition->size_mib == 0 && other->size_mib == 0)
			ignition_error(check, "ignition.partition", origin,
			               "two partitions of '%s' want the rest of it", disk->device);
	}
}

static void check_filesystem(struct check *check, const struct ignition_filesystem *fs)
{
	const struct format *format = NULL;

	check_device(check, fs->device, fs->origin);
	refuse_wiping(check, fs->wipe, "a file system", fs->origin);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (str_equal(fs->format, formats[i].name))
			format = &formats[i];
	}
	if (format == NULL)
		ignition_error(check, "ignition.filesystem", fs->origin,
		               "'%s' is no format of a file system",
		               fs->format != NULL ? fs->format : "");
	else if (fs->label != NULL && strlen(fs->label) > format->label_max)
		ignition_error(check, "ignition.filesystem", fs->origin,
		               "label '%s' is longer than %s allows (%zu bytes)", fs->label,
		               format->name, format->label_max);
}

void ignition_check_disks(struct check *check)
{
	const struct ignition_config *config = check->config;

	for (size_t i = 0; i < config->disks.count; i++) {
		const struct ignition_disk *disk = &config->disks.items[i];

		check_device(check, disk->device, disk->origin);
		refuse_wiping(check, disk->wipe_table, "a disk's table", disk->origin);
		for (size_t k = 0; k < disk->partitions.count; k++)
			check_partition(check, disk, k);
		for (size_t k = 0; k < i; k++) {
			if (str_equal(disk->device, config->disks.items[k].device))
				ignition_error(check, "ignition.duplicate", disk->origin,
				               "disk '%s' is given twice", disk->device);
		}
	}
	for (size_t i = 0; i < config->filesystems.count; i++) {
		const struct ignition_filesystem *fs = &config->filesystems.items[i];

		check_filesystem(check, fs);
		for (size_t k = 0; k < i; k++) {
			if (str_equal(fs->device, config->filesystems.items[k].device))
				ignition_error(check, "ignition.duplicate", fs->origin,
				               "a file system of '%s' is given twice", fs->device);
		}
	}
}
