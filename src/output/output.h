/*
 * What a target renders: files as lines with origin, directories, links, users, and which units are
 * switched on. Joined to bytes only at the edge. Files marked SECRET live in the secret arena; they
 * are masked wherever a person may see them.
 */
#ifndef STEAD_OUTPUT_OUTPUT_H
#define STEAD_OUTPUT_OUTPUT_H

#include "base/list.h"
#include "diag/diag.h"

#include <stdio.h>

struct arena;

enum output_flags {
	OUTPUT_SECRET = 1 << 0,
	OUTPUT_EXEC = 1 << 1,
	OUTPUT_BINARY = 1 << 2, /* one "line" with all bytes */
	OUTPUT_UNIT = 1 << 3,   /* a systemd unit below /etc/systemd/system */
};

struct output_line {
	const char *data; /* without the newline */
	size_t len;
	struct origin origin;
};

struct output {
	const char *path; /* absolute */
	unsigned mode, uid, gid, flags;
	struct {
		LIST_OF(struct output_line);
	} lines;
	struct origin origin; /* why the file is there at all */
	struct output_set *set;
	bool broken; /* a writer put a line break into a line: output_conflicts() reports it */
	struct origin broken_origin;
	size_t order; /* of creation; keeps the sort stable */
};

struct output_dir {
	const char *path;
	unsigned mode, uid, gid;
	struct origin origin;
};

struct output_link {
	const char *path, *target;
	struct origin origin;
};

struct output_unit { /* a unit switched on or masked, whoever ships it */
	const char *name;
	bool enabled, masked;
	struct origin origin;
};

struct output_user {
	const char *name;
	struct strings ssh_keys, groups;
	struct origin origin;
};

/* Disks are for first boots: what is there already is used as it is, and nothing is wiped. */
struct output_partition {
	const char *disk, *label;
	unsigned number, size_mib; /* 0: the next one; all that is left */
	bool resize;               /* the one that is there gets this size */
	struct origin origin;
};

struct output_filesystem {
	const char *device, *format, *label;
	struct origin origin;
};

struct output_set {
	struct arena *arena, *secret_arena;
	struct {
		LIST_OF(struct output *);
	} files;
	struct {
		LIST_OF(struct output_dir);
	} dirs;
	struct {
		LIST_OF(struct output_link);
	} links;
	struct {
		LIST_OF(struct output_unit);
	} units;
	struct {
		LIST_OF(struct output_user);
	} users;
	struct {
		LIST_OF(struct output_partition);
	} partitions; /* of one disk together, in its order */
	struct {
		LIST_OF(struct output_filesystem);
	} filesystems;
};

struct output_set *output_set_new(struct arena *arena, struct arena *secret_arena);

/* A new, empty file. Two files with one path are both kept: output_conflicts() reports them. */
struct output *output_file(struct output_set *set, const char *path, unsigned mode, unsigned flags,
                           struct origin origin);

/* Adds one line. A value with a line break in it would become lines of its own in the file: nothing
 * is added then, and output_conflicts() reports `output.line-break`. */
void output_line(struct output *file, struct origin origin, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds text that may have several lines; each gets the same origin. */
void output_text(struct output *file, struct origin origin, const char *text);
/* Adds bytes as they are (only to OUTPUT_BINARY files). They are copied. */
void output_bytes(struct output *file, struct origin origin, const void *data, size_t len);

/* Saying the same thing of one directory, link or unit twice counts once; saying different things
 * is a conflict. */
void output_dir(struct output_set *set, const char *path, unsigned mode, unsigned uid, unsigned gid,
                struct origin origin);
void output_unit(struct output_set *set, const char *name, bool enabled, bool masked,
                 struct origin origin);
void output_link(struct output_set *set, const char *path, const char *target,
                 struct origin origin);

/* All lines joined, each with its newline, or the bytes of a BINARY file; in the secret arena for a
 * SECRET file. A NUL follows that *ret_len does not count. */
char *output_join(const struct output *file, size_t *ret_len);

/* Sorts everything by path or name, so that the order of writers never shows. */
void output_sort(struct output_set *set);

/* Two writers of one path, a path below a file or link, a file where a directory is, a unit both on
 * and off: findings output.conflict naming both origins. Also output.line-break and output.path.
 * False when there were any. Works on sorted and unsorted sets. */
bool output_conflicts(const struct output_set *set, struct findings *findings);

struct output *output_find(const struct output_set *set, const char *path);

/* An origin in words, in ARENA: "stead.yaml:3 domain", "rule host.firewall", or both. */
const char *output_origin_text(struct arena *arena, struct origin origin);

/* What may be shown of a line: nothing of a secret, and no byte that moves a cursor. */
const char *output_line_shown(struct arena *arena, const struct output *file,
                              const struct output_line *line);

/* `explain`: prints where a file's lines (or one line, from 1; 0: all) come from, one line each:
 *     /etc/hostname:1  example.org  ← stead.yaml:2 domain
 * Secret lines are shown as <secret>, binary files as one line with their size. RULE_TEXT gives a
 * rule's sentence; it may be NULL. */
void output_explain(const struct output *file, size_t line, FILE *out,
                    const char *(*rule_text)(const char *rule));

#endif
