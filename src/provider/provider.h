/*
 * What is known about those who run machines: ports they block, how much user data they take, how a
 * machine of theirs is known again. The table is data, providers/providers.yaml, built into the
 * compiler; its head says what its words mean.
 */
#ifndef STEAD_PROVIDER_PROVIDER_H
#define STEAD_PROVIDER_PROVIDER_H

#include "schema/schema.h"

struct provider_dmi {
	struct value_list vendor;  /* /sys/class/dmi/id/sys_vendor, any of these */
	struct value_list product; /* /sys/class/dmi/id/product_name, any of these */
};

struct provider_block {
	struct value_list ports;
	struct value_text rule; /* a sentence without its full stop */
	struct value_text source, seen;
};

struct provider_user_data {
	struct value_int bytes; /* not given: unknown */
	struct value_text source, seen;
};

struct provider_images { /* "stock" | "upload"; NULL: unknown */
	struct value_text debian, flatcar, fcos;
};

struct provider {
	struct value_text name;  /* "hetzner": the word in machine.provider */
	struct value_text title; /* "Hetzner Cloud" */
	struct provider_dmi dmi;
	struct schema_array blocked; /* struct provider_block */
	struct provider_user_data user_data;
	struct provider_images images;
	struct value_text ipv6; /* a sentence without its full stop */
};

struct providers {
	struct value_int format;
	struct schema_array table; /* struct provider */
};

/* Reads a table. False with findings (provider.*), each at its place. */
bool provider_decode(struct arena *arena, const struct source *source, struct providers *ret,
                     struct findings *findings);

/* The built-in table; ends the process when it is broken, which a test of the build rules out. */
void provider_builtin(struct arena *arena, struct providers *ret);

/* The built-in table's text. */
struct source provider_builtin_source(void);

/* By the word in machine.provider; NULL: not known. */
const struct provider *provider_find(const struct providers *providers, const char *name);

/* By what the firmware says, as it is in /sys/class/dmi/id (without the newline); NULL: not known.
 * Either text may be NULL. */
const struct provider *provider_by_dmi(const struct providers *providers, const char *vendor,
                                       const char *product);

/* The rule about outgoing connections to PORT; NULL: none is known. PROVIDER may be NULL. */
const struct provider_block *provider_blocks(const struct provider *provider, long port);

/* What to say about a word that is no provider: "did you mean 'x'?", else all that are known. */
const char *provider_hint(struct arena *arena, const struct providers *providers, const char *name);

#endif
