/*
 * What a machine says of itself: the answer of `stead-node inspect` (docs/ARCHITECTURE.md). The
 * machine is not trusted: sizes are within budgets, and texts hold no control characters.
 */
#ifndef STEAD_REMOTE_INSPECT_H
#define STEAD_REMOTE_INSPECT_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

enum { INSPECT_MAX_BYTES = 1024 * 1024 };

struct inspect_engine {
	const char *name, *version; /* version NULL: not known */
	bool silent;                /* it is there and does not answer */
};

struct inspect_port {
	const char *proto, *by; /* by: a program's name; NULL: not known */
	long long port;
};

struct inspect_engines {
	LIST_OF(struct inspect_engine);
};

/* What it does not say is NULL or -1. */
struct inspect {
	const char *os_id, *os_name, *os_version;
	const char *immutable; /* why packages cannot be installed; NULL: they can */
	long long systemd;     /* version; 0: it does not run */
	const char *arch;
	long long memory_bytes, free_bytes, total_bytes;
	bool read_only;
	int64_t clock_s; /* seconds since 1970 */
	bool unsynced;   /* nobody sets its clock */
	struct inspect_engines engines, installable;
	struct strings tools, firewalls, addresses;
	struct {
		LIST_OF(struct inspect_port);
	} ports;                 /* that somebody listens on */
	bool has_stead;          /* there is a node already */
	const char *stead_error; /* why its plan cannot be read; NULL: it can */
	const char *app, *domain, *lineage, *engine;
	const char *vendor, *product; /* who made the machine, as its firmware says */
};

/* 0, or -EINVAL with one sentence at *ret_error. */
int inspect_read(struct arena *arena, const char *json, size_t len, struct inspect *ret,
                 const char **ret_error);

/* NULL: not among them. */
const struct inspect_engine *inspect_engine(const struct inspect_engines *engines,
                                            const char *name);

/* The number before the first dot; 0: there is none. */
long inspect_major(const char *version);

/* Whether NAME is among the tools or firewalls. */
bool inspect_has(const struct strings *list, const char *name);

#endif
