/*
 * The model: what a node is, whatever the target. Built from settings, application, secrets and
 * lock; checked; then frozen: targets get a `const struct node *` and never see YAML.
 *
 * Every value that reaches an output carries its origin. Values that hold a secret are marked, so
 * that writers know which file they may go into.
 */
#ifndef STEAD_NODE_NODE_H
#define STEAD_NODE_NODE_H

#include "app/app.h"
#include "secret/secret.h"
#include "settings/settings.h"

struct node_text {
	const char *v;
	bool secret; /* made (also) from a secret; lives in the secret arena */
	struct origin origin;
};
struct node_env {
	const char *name;
	struct node_text value;
};
struct node_envs {
	LIST_OF(struct node_env);
};
struct node_texts {
	LIST_OF(struct node_text);
};

enum node_network_id { NODE_NET_INT, NODE_NET_EXT, NODE_NET_COUNT };

struct node_network {
	const char *name;              /* stead-int, stead-ext; also the bridge's name */
	bool internal;                 /* no way out */
	const char *subnet4, *subnet6; /* CIDR; the ULA comes from the domain (RFC 4193) */
	const char *gateway4, *gateway6;
	struct origin origin;
};

enum node_class { NODE_PRECIOUS, NODE_REBUILDABLE, NODE_CACHE };

struct node_volume {
	const char *name;
	const char *path; /* on the host: /var/lib/stead/data/PROCESS/NAME; PROCESS: the first that
	                     mounts it */
	enum node_class class;
	unsigned uid, gid, mode;
	struct origin origin;
};

/* The agent's page and the nonce by which the node knows itself; the proxy serves them too. */
#define NODE_PAGE_DIR "/run/stead/page"

struct node_mount {
	const struct node_volume
		*volume; /* NULL: `host_path` of stead's own, read-only configuration */
	const char *host_path;
	const char *target;
	bool read_only;
	struct origin origin;
};

enum node_health_kind { NODE_HEALTH_NONE, NODE_HEALTH_HTTP, NODE_HEALTH_TCP, NODE_HEALTH_EXEC };

struct node_health {
	enum node_health_kind kind;
	const char *path;
	unsigned port, status, start_s;
	struct node_texts exec;
	struct origin origin;
};

struct node_port { /* published on the machine; only the proxy has any */
	unsigned port;
	bool udp;
	struct origin origin;
};

enum node_group { NODE_GROUP_DATA, NODE_GROUP_APP, NODE_GROUP_TOOL };

struct node_process {
	const char *name;  /* unit stead-NAME.service, container stead-NAME, DNS alias NAME */
	const char *image; /* as it is pulled: mirror applied, digest once the lock knows it */
	const char *image_named;  /* as it was written: "docker.io/library/caddy:2" */
	const char *image_name;   /* the same, or with the newer tag that the lock has for it */
	const char *image_asked;  /* as its registry is asked: image_name with the mirror applied */
	const char *image_family; /* the version that the definition names it with; those with the
	                             same belong together; NULL: it names none */
	bool image_fixed;         /* written with its digest */
	const char *image_digest; /* that is pulled; NULL: neither written nor in the lock */
	struct origin image_origin;
	bool no_entrypoint;        /* the image's own is left out */
	struct node_texts command; /* empty: the image's own */
	unsigned uid, gid;
	struct node_envs env;
	struct {
		LIST_OF(struct node_mount);
	} mounts;
	struct strings tmpfs;
	bool networks[NODE_NET_COUNT];
	unsigned port; /* 0: none */
	struct node_port ports[4];
	size_t port_count;
	struct node_health health;
	enum node_group group;
	struct strings after; /* process names */
	const char *stop_signal;
	unsigned stop_s;
	long long memory_bytes;      /* 0: no limit */
	struct strings capabilities; /* kept, all others dropped: "NET_BIND_SERVICE" */
	bool writable_root;
	long db_connections; /* the most it holds at once; 0: none */
	long db_limit; /* of a database: the most it takes; 0: it is none, or takes any number */
	struct origin db_limit_origin;
	struct origin origin;
};

enum node_done_kind { NODE_DONE_JOURNAL, NODE_DONE_FILE, NODE_DONE_EXEC, NODE_DONE_HTTP };
enum node_exit { NODE_EXIT_FAIL, NODE_EXIT_OK, NODE_EXIT_RETRY };

struct node_exit_rule {
	unsigned code;
	enum node_exit meaning;
};

struct node_step {
	const char *id;
	const char *guard; /* instead of run: the sentence for when the done test does not hold */
	struct node_texts run;
	struct node_text stdin_text; /* v NULL: none */
	const char *merge_file;      /* instead of run: path inside the container */
	const char *merge_json;      /* the object to merge (RFC 7396), canonical JSON */
	enum node_done_kind done;
	const char *done_path; /* FILE: host path of the file; HTTP: path */
	struct node_texts done_exec;
	const struct node_process *done_process; /* EXEC: where; NULL: where the step runs */
	struct node_texts done_stdin; /* EXEC: a program of the step's own whose output it reads */
	const char *done_expect; /* EXEC: what it prints; NULL: that it ends with 0 is enough */
	struct node_texts repair;
	const char *capture_pattern, *capture_secret;
	struct node_exit_rule exits[8];
	size_t exit_count;
	struct strings restart; /* processes that start anew once it has run */
	unsigned deadline_s;
	struct origin origin;
};

struct node_job {
	const char *name, *phase;
	const char *calendar; /* of phase clean: when, as systemd.time(7) writes it */
	const struct node_process *process;
	struct {
		LIST_OF(struct node_step);
	} steps;
	struct origin origin;
};

struct node_command {
	const char *name, *doc;
	const struct node_process *process;
	struct node_texts run;
};

struct node_bucket { /* files that everybody may read, by the names they have there */
	const char *name;
	const char *url;  /* "https://s3.example.net:9000", for the proxy */
	const char *host; /* the same without scheme and usual port */
	const char *path; /* "/NAME" before each file's name; "": the bucket stands in `host` */
};

struct node_route {
	const char *host; /* host name */
	const char *path;
	const struct node_process *process; /* NULL: a redirect, a bucket, or nothing is there */
	const char *redirect;               /* "https://example.org", the path is put behind it */
	const struct node_bucket *bucket;   /* whose files are there; NULL: none */
	long max_body;
	bool websocket;
	const char *cache;        /* Cache-Control of good answers; NULL: as the process says */
	struct node_envs headers; /* of every answer, in place of the process's own */
	struct origin origin;
};

struct node_config { /* a file mounted read-only: /etc/stead/config/PROCESS/NAME */
	const struct node_process *process;
	const char *name;
	struct node_text content; /* whole text; secret: then it is 0600 of the process's user */
	struct origin origin;
};

struct node_key { /* an ssh public key: "ssh-ed25519 AAAA… comment" */
	const char *line;
	struct origin origin;
};

struct node_keys {
	LIST_OF(struct node_key);
};

struct node_open { /* more open ports of the host: one, or a range */
	unsigned first, last;
	bool udp;
	const char *from; /* who may come in; NULL: everybody */
	bool from_v6;
	struct origin origin;
};

struct node_user { /* one more account on the host */
	const char *name;
	struct node_keys keys;
	bool sudo;
	struct origin origin;
};

struct node_address {
	const char *v; /* "192.0.2.10/24" */
	bool v6;
	struct origin origin;
};
struct node_gateway {
	const char *v;
	bool v6;
	bool on_link; /* outside the network of the address, but on the same wire */
	struct origin origin;
};

/* An interface with addresses of its own. A kind (IPv4, IPv6) that has none here is left to DHCP
 * and to router advertisements. */
struct node_interface {
	const char *name; /* or hardware address */
	bool is_mac;
	struct {
		LIST_OF(struct node_address);
	} addresses;
	struct {
		LIST_OF(struct node_gateway);
	} gateways;
	struct {
		LIST_OF(struct node_address);
	} dns;
	struct origin origin;
};

/* The data's own partition on the system's disk, by its label. */
#define NODE_DATA_LABEL "stead-data"
#define NODE_DATA_PARTITION "/dev/disk/by-partlabel/" NODE_DATA_LABEL

struct node_machine {
	long long size_bytes;
	const char *os;     /* as-is | fcos | flatcar */
	const char *engine; /* podman | docker */
	const char *arch;
	struct node_text hostname;
	const char *host;          /* for ssh; may be NULL */
	struct node_keys ssh_keys; /* of the admin user */
	struct {
		LIST_OF(struct node_user);
	} users;
	struct {
		LIST_OF(struct node_interface);
	} interfaces;             /* none: all is left to DHCP */
	struct node_envs sysctls; /* kernel parameters */
	bool lan_allowed;
	struct origin lan_origin;
	struct {
		LIST_OF(struct node_open);
	} open;
	struct node_text ssh_host_key; /* private, secret */
	struct node_text ssh_host_key_public;
	struct node_text time_zone;
	struct node_text data_device; /* v NULL: the data is on the system's own file system */
	bool data_partition;  /* the device is a partition that is made on the system's disk */
	long long swap_bytes; /* of a swap file beside the data; 0: none */
	struct origin swap_origin;
};

struct node_updates {
	bool os; /* the system may update itself */
	struct settings_window window;
	struct origin os_origin, window_origin;
};

struct node_tls {
	const char *issuer; /* acme | internal | upstream */
	const char *email;
	bool staging; /* acme: certificates for trials, which no browser trusts */
	struct origin origin;
};

/* A size of the machine by which the definition tells its values, or the only one there is. */
struct node_size {
	bool used;              /* it is the one of this machine */
	long long from_bytes;   /* it counts for machines of at least this memory */
	long long limits_bytes; /* the limits of all processes together */
};

/* What the kernel, systemd, the engine, the proxy and the agent need: the lab's VM had 257 MiB in
 * use with podman, and some more for a change under way. */
#define NODE_RESERVE_BYTES (320LL << 20)

/* The texts the node is made from, as they were read. The machine keeps them, so that another
 * computer can get them back from it. NULL: this one is not kept. */
struct node_kept {
	const char *settings, *lock;
	const char *secrets; /* in the secret arena */
};

/* May the node speak under its domain (see plan.h)? */
enum node_reach { NODE_REACH_CHECKED, NODE_REACH_UNCHECKED, NODE_REACH_QUARANTINED };

struct node {
	struct arena *arena, *secret_arena;
	const struct settings *settings;
	const struct app *app_definition;
	const char *app, *lineage; /* lineage NULL: there is no lock yet */
	struct node_text domain, web;
	const char *owner_name, *owner_email; /* account @owner_name@domain */
	struct origin owner_origin;
	const char *
		owner_login; /* name of the captured secret with the owner's password; NULL: none */
	struct node_machine machine;
	struct node_tls tls;
	struct node_updates updates;
	struct value_list trusted_proxies;
	const char *mirror;   /* "10.0.2.2:5000"; NULL: none */
	bool mirror_insecure; /* it was written with http:// */
	struct origin mirror_origin;
	const char *delivery;
	enum node_reach reach;
	struct origin reach_origin;
	struct node_kept kept;
	bool frozen;
	struct node_network networks[NODE_NET_COUNT];
	struct {
		LIST_OF(struct node_process *);
	} processes; /* the application's, then the proxy */
	struct {
		LIST_OF(struct node_process *);
	} tools; /* no units: jobs and commands run in containers made like them */
	struct node_envs permanent; /* generated secrets that can never change, by name */
	struct {
		LIST_OF(struct node_size);
	} sizes;
	struct {
		LIST_OF(struct node_volume *);
	} volumes;
	struct {
		LIST_OF(struct node_job *);
	} jobs;
	struct {
		LIST_OF(struct node_command);
	} commands;
	struct {
		LIST_OF(struct node_route);
	} routes;
	struct {
		LIST_OF(struct node_config *);
	} configs;
};

struct node_inputs {
	const struct settings *settings;
	const struct app *app;
	struct secrets *secrets;    /* may lack some: check reports them */
	const struct lock *lock;    /* NULL: no lock yet */
	const char *settings_dir;   /* relative key files are looked up here */
	const char *engine;         /* what `machine.engine: auto` means on this machine; NULL: what
	                               the OS brings (flatcar: docker, else podman) */
	const char *provider;       /* who runs the machine, as it said; NULL: not known */
	const char *asked_provider; /* whose rules shall be looked at, before those of the others */
	bool trial; /* a machine nobody else reaches: quarantined, whatever the settings say */
	const char *data_device; /* what stands in for a disk of its own: a VM has another than the
	                            machine that is meant; NULL: as the settings say */
	struct node_kept kept;
	struct arena *secret_arena;
};

/* Builds the model: resolves references, sizes and conditions, adds the proxy process and networks.
 * Values that cannot be resolved are findings. Returns NULL only when nothing useful could be
 * built. */
struct node *node_build(struct arena *arena, const struct node_inputs *inputs,
                        struct findings *findings);

/* After this nothing may change it; targets assert `frozen`. */
void node_freeze(struct node *node);

/* Of a process or a tool; NULL when there is none. */
struct node_process *node_process_find(const struct node *node, const char *name);

/* Processes, then tools, by index from 0; NULL behind the last. */
const struct node_process *node_container(const struct node *node, size_t index);

/* The sentence that explains a rule of stead, for `explain`; NULL for an unknown rule. Rules are
 * "area.name", e.g. "host.hardening". One table, in node/rules.c. */
const char *node_rule_text(const char *rule);

/* The names in that table, by index from 0; NULL behind the last. For tests. */
const char *node_rule_name(size_t index);

struct origin origin_rule(const char *rule);
/* A span without a source, as defaults have it, becomes the rule "node.default". */
struct origin origin_at(struct span span);

#endif
