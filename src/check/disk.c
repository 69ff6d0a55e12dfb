/* The data's disk: a name that means the same one at every boot, and nobody else's. */
#include "check/families.h"

#include <string.h>

#include "base/text.h"

/* The part of PATH behind /dev/disk/by-KIND/, or NULL. */
static const char *lasting_name(const char *path)
{
	static const char *const kinds[] = {
		"id", "path", "partlabel", "partuuid", "label", "uuid"
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]);

		if (str_starts(path, "/dev/disk/by-") &&
		    strncmp(path + strlen("/dev/disk/by-"), kinds[i], len) == 0 &&
		    path[strlen("/dev/disk/by-") + len] == '/')
			return path + strlen("/dev/disk/by-") + len + 1;
	}
	return NULL;
}

/* What udev leaves in a name, without what systemd and shells would read otherwise. */
static bool name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789#+-.:=@_";

	return name[0] != '\0' && name[0] != '.' && name[strspn(name, allowed)] == '\0' &&
	       strlen(name) <= 200;
}

static void check_data(const struct node *node, const struct value_text *data,
                       struct findings *findings)
{
	const char *name;

	if (str_equal(data->v, "auto") || str_equal(data->v, "system"))
		return;
	name = lasting_name(data->v);
	if (name == NULL || !name_valid(name))
		diag_error(findings, "disk.name", data->at,
		           "one of those that 'ls /dev/disk/by-id' shows on the machine",
		           "'%s' is not a name that means the same disk at every boot", data->v);
	else if (str_equal(name, "coreos-boot-disk"))
		diag_error(findings, "disk.system", data->at,
		           "write 'data: auto', which gives the data a partition of its own there",
		           "'%s' is the disk of the system itself", data->v);
	else if (!str_equal(node->machine.os, "as-is") &&
	         (str_starts(data->v, "/dev/disk/by-label/") ||
	          str_starts(data->v, "/dev/disk/by-uuid/")))
		diag_error(findings, "disk.unmade", data->at, "name the disk by /dev/disk/by-id/",
		           "'%s' is there only once the disk has a file system", data->v);
}

CHECK_FAMILY(disk)
{
	check_data(node, &inputs->settings->machine.data, findings);
}
