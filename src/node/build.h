/*
 * Building the model. Private to node/: what its files share while one node is made.
 */
#ifndef STEAD_NODE_BUILD_H
#define STEAD_NODE_BUILD_H

#include "node/node.h"

struct own_slot { /* one value of the application's own section */
	const struct app_setting *setting;
	enum schema_type type;
	struct own_slot *options; /* of type options: one for each of its keys, the values in u */
	union {
		struct value_text text;
		struct value_int number;
		struct value_bool truth;
		struct value_list list;
		struct value_pairs pairs;
	} u;
};

struct build {
	struct arena *arena, *secret_arena;
	struct node *node;
	const struct node_inputs *in;
	const struct settings *settings;
	const struct app *app;
	struct findings *findings;
	const struct yaml_node *size_column; /* of app.sizes; NULL: the application has none */
	struct own_slot *own;                /* one for each of app.settings */
	struct value_pairs own_env;          /* `env:` of the own section: goes to every process */
	bool *process_on;                    /* for each of app.processes: its `when` holds */
	bool early;                          /* only settings and sizes can be referred to yet */
};

/* What a reference stands for. */
enum reference_kind {
	REFERENCE_UNSET, /* known, but nobody gave it a value */
	REFERENCE_TEXT,
	REFERENCE_NUMBER,
	REFERENCE_TRUTH,
	REFERENCE_LIST,
	REFERENCE_PAIRS,
};
struct reference_value {
	enum reference_kind kind;
	const char
		*text; /* also of numbers ("25") and truth values ("true"); NULL for the others */
	bool secret;
	struct span at; /* where the value was written; source NULL: a default */
	const struct value_list *list;
	const struct value_pairs *pairs;
};

/* --- resolve.c --- */

/* A text of the definition with its references replaced. v stays NULL when it is. A reference that
 * is not set is a finding app.reference and becomes nothing. */
struct node_text build_text(struct build *b, const struct value_text *text);
void build_texts(struct build *b, const struct value_list *list, struct node_texts *ret);

/* The same for a place that everybody may read, a path or an image: a secret in it is a finding
 * secrets.place. WHAT names the place ("a path"). */
struct node_text build_public(struct build *b, const struct value_text *text, const char *what);

/* True when TEXT is one reference without filters and nothing else; then *ret says what it is. A
 * reference that cannot be resolved is a finding, and REFERENCE_UNSET. */
bool build_whole_reference(struct build *b, const struct value_text *text,
                           struct reference_value *ret);

/* The setting of a name like "mail.port" or "own.KEY"; false when there is none. */
bool build_lookup(struct build *b, const char *name, struct reference_value *ret);

/* True when all conditions hold ("A == B", "A != B"; an unset reference equals the empty text;
 * "version >= 0.20" of PROCESS, or of the first one when that is NULL). */
bool build_conditions(struct build *b, const struct value_list *when,
                      const struct app_process *process);

/* Chooses the column of app.sizes for machine.size; finding memory.size when it is too small. */
void build_size(struct build *b);

/* A text as bytes ("512m"); 0 when it is NULL or wrong (finding). */
long long build_bytes(struct build *b, const struct value_text *text, const char *path);

/* A text as a number of at least 0; 0 when it is NULL or wrong (finding). */
long build_count(struct build *b, const struct value_text *text, const char *path);

/* --- size.c --- */
/* What all processes may use, by size of the machine, into node->sizes. */
void build_sizes(struct build *b);

/* --- own.c --- */
void build_own(struct build *b);
const struct own_slot *own_find(const struct build *b, const char *key);

/* --- image.c --- */
void build_mirror(struct build *b);
/* The version by the tag of a process's image; the definition's when that tells none. */
const char *build_version(struct build *b, const struct app_process *process);
/* The image of a process: what `images:` says, else GIVEN. Without one there is a finding, unless
 * FROM (NULL for stead's own) has it from another process, whose finding it is. */
void build_image(struct build *b, struct node_process *process, const struct app_process *from,
                 const struct node_text *given);

/* --- process.c, proxy.c, network.c, job.c, config.c, machine.c --- */
const struct app_process *app_process_find(const struct app *app, const char *name);
void build_processes(struct build *b);
void build_proxy(struct build *b);
void build_networks(struct build *b);
void build_jobs(struct build *b);
void build_commands(struct build *b);
void build_routes(struct build *b);
/* bucket.c: a route for the files of `media.store.s3`, when `serve` says so. */
void build_bucket(struct build *b);
void build_configs(struct build *b);
/* Settings that the definition says the application cannot follow. */
void build_refusals(struct build *b);
void build_machine(struct build *b);

/* keys.c: public keys as text, or files of them. */
void build_ssh_keys(struct build *b, const struct value_list *keys, struct node_keys *ret);

/* interface.c: machine.network. */
void build_interfaces(struct build *b);

/* "UID:GID", both decimal; false when it is anything else. */
bool parse_user(const char *s, unsigned *ret_uid, unsigned *ret_gid);

/* Absolute, without empty, "." or ".." parts. */
bool is_plain_path(const char *path);

#endif
