/*
 * Ignition configs, spec 3.3.0: typed model, validation, JSON.
 * Source of the rules: coreos/ignition docs/configuration-v3_3.md and config/v3_3/types.
 */
#ifndef STEAD_IGNITION_IGNITION_H
#define STEAD_IGNITION_IGNITION_H

#include "base/list.h"
#include "diag/diag.h"

#include <stdbool.h>

struct arena;
struct output_set;

#define IGNITION_VERSION "3.3.0"

struct ignition_resource {
	const char *source;      /* URL, mostly data: */
	const char *compression; /* "gzip" or NULL */
	const char *hash;        /* "sha512-…" or NULL */
};

struct ignition_file {
	const char *path;
	unsigned mode, uid, gid;
	bool overwrite;
	struct ignition_resource contents;
	struct origin origin;
};
struct ignition_dir {
	const char *path;
	unsigned mode, uid, gid;
	struct origin origin;
};
struct ignition_link {
	const char *path, *target;
	bool overwrite;
	struct origin origin;
};
struct ignition_unit {
	const char *name;
	const char *contents; /* NULL: shipped by the OS, or a quadlet's */
	bool enabled, has_enabled, mask;
	struct origin origin;
};
struct ignition_user {
	const char *name;
	struct strings ssh_keys, groups;
	struct origin origin;
};

struct ignition_partition {
	const char *label;
	unsigned number, size_mib; /* 0: chosen by label; all that is left */
	bool resize, wipe_entry;
	struct origin origin;
};
struct ignition_disk {
	const char *device;
	bool wipe_table;
	struct {
		LIST_OF(struct ignition_partition);
	} partitions;
	struct origin origin;
};
struct ignition_filesystem {
	const char *device, *format, *label; /* label may be NULL */
	bool wipe;
	struct origin origin;
};

struct ignition_config {
	struct arena *secret_arena;
	struct ignition_resource replace; /* ignition.config.replace; source NULL: none */
	struct {
		LIST_OF(struct ignition_file);
	} files;
	struct {
		LIST_OF(struct ignition_dir);
	} dirs;
	struct {
		LIST_OF(struct ignition_link);
	} links;
	struct {
		LIST_OF(struct ignition_unit);
	} units;
	struct {
		LIST_OF(struct ignition_user);
	} users;
	struct {
		LIST_OF(struct ignition_disk);
	} disks;
	struct {
		LIST_OF(struct ignition_filesystem);
	} filesystems;
};

/* The config of a host tree. Every file and link has overwrite: true, because Ignition may run
 * twice (a power cut in the initramfs). Directories have not: there it would empty them. Everything
 * is in SECRET_ARENA: the whole config may hold secrets. */
struct ignition_config *ignition_from_tree(struct arena *secret_arena,
                                           const struct output_set *tree);

/* The rules of the spec, and three of stead: nothing below /var/lib/stead is written, no disk is
 * wiped, and a second run of Ignition succeeds. Findings ignition.*. False when there were errors.
 */
bool ignition_validate(const struct ignition_config *config, struct findings *findings);

/* One line of JSON and a newline; keys in the order of the spec's Go types. In the config's arena.
 */
char *ignition_write(const struct ignition_config *config, size_t *ret_len);

/* The config to hand out: an outer config whose ignition.config.replace is INNER as one gzip data
 * URL when that is smaller, else INNER itself. */
char *ignition_pack(struct arena *secret_arena, const char *inner, size_t len, size_t *ret_len);

/* data: URL of some bytes: the shortest of percent-escaped, base64, and gzip with base64 (then
 * compression "gzip"). zlib level 9, no name, no time: same bytes in, same bytes out. */
struct ignition_resource ignition_data_url(struct arena *arena, const void *data, size_t len);

/* The bytes of a data URL as ignition_data_url() makes them, or NULL when it is none (any other
 * parameter, broken base64, broken or more than MAX_BYTES of gzip). In the arena, with a NUL
 * behind. */
char *ignition_data_read(struct arena *arena, const struct ignition_resource *resource,
                         size_t max_bytes, size_t *ret_len);

#endif
