/*
 * The writers of a host tree and what they share. Private to host.
 */
#ifndef STEAD_HOST_WRITERS_H
#define STEAD_HOST_WRITERS_H

#include "host/host.h"

#define HOST_CONFIG_DIR "/etc/stead/config"
#define HOST_SECRETS_DIR "/etc/stead/secrets"
#define HOST_FIREWALL_PATH "/etc/stead/firewall.nft"
/* While this file is there, the application does not start. On every unit and not only on the
 * target: a target's condition does not hold back what it pulls in. */
#define HOST_MAINTENANCE "ConditionPathExists=!/var/lib/stead/state/maintenance"
#define HOST_DATA_MOUNT "var-lib-stead.mount"
#define HOST_SWAP_UNIT "var-lib-stead-swap.swap"
#define HOST_PLAN_PATH "/etc/stead/node.json"
/* Behind all others: of two files that set one parameter the later one wins (sysctl.d(5)). */
#define HOST_SYSCTL_PATH "/etc/sysctl.d/zz-stead.conf"
#define HOST_ZINCATI_PATH "/etc/zincati/config.d/55-stead-updates.toml"
#define HOST_UPDATE_CONF_PATH "/etc/flatcar/update.conf"

void host_units(struct host_context *host); /* targets, page, prepare, setup, ready, … */
void host_firewall_service(struct host_context *host);
void host_firewall(struct host_context *host); /* firewall.nft */
void host_proxy(struct host_context *host);    /* Caddyfile */
void host_configs(struct host_context *host);  /* files mounted into containers, env files */
void host_disk(struct host_context *host);     /* the data's own file system */
void host_swap(struct host_context *host);
void host_system(struct host_context *host);  /* host name, ssh, time zone, users, kernel */
void host_network(struct host_context *host); /* addresses that do not come from DHCP */
void host_updates(struct host_context *host); /* of the system */

/* Refuses secrets in what ends up in node.json or in a unit. */
void host_plan_check(struct host_context *host);

/* A file's first lines, the same everywhere. COMMENT is what starts a comment: "#". */
void host_banner(struct output *file, const char *comment);

/* Adds a finding about something that lies at ORIGIN. */
void host_error(struct host_context *host, const char *code, struct origin origin, const char *hint,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* One word of an Exec=, Environment= or PodmanArgs= line of a quadlet, such that Quadlet's parser
 * (pkg/systemd/parser/split.go) and then systemd (systemd.service(5), "Command lines", and
 * systemd.unit(5), "Specifiers") give the container just S. */
const char *host_quote(struct arena *arena, const char *s);

/* True when a process has environment values made from a secret: these are in
 * host_env_path(), which only root reads. */
bool host_has_secret_env(const struct node_process *process);
const char *host_env_path(struct arena *arena, const struct node_process *process);

const char *host_unit_name(struct arena *arena, const struct node_process *process);

/* Where a configuration file of an application is, and where the proxy's is (NULL: no proxy). */
const char *host_config_path(struct arena *arena, const struct node_config *config);
const char *host_proxy_path(struct arena *arena, const struct node *node);

/* proxy_bucket.c: what the proxy does with a request for ROUTE, a bucket's. */
void host_proxy_bucket(struct output *file, const struct node_route *route);

enum { HOST_PIDS = 2048 };

/* What no engine can carry is refused here, with a finding. */
bool host_env_allowed(struct host_context *host, const struct node_env *env);
bool host_path_allowed(struct host_context *host, const char *path, struct origin origin);
bool host_image_allowed(struct host_context *host, const struct node_process *process);
bool host_mirror_allowed(struct host_context *host); /* the node has one */

/* For a unit that calls the engine: the daemon comes first, if it has one. */
void host_after_daemon(struct host_context *host, struct output *file);

/* The parts of a process's unit that are not the engine's: [Unit] as a whole; the line that waits
 * for what must come before; and the end of [Service]. */
void host_unit_section(struct host_context *host, struct output *file,
                       const struct node_process *process);
void host_wait_before(struct host_context *host, struct output *file,
                      const struct node_process *process);
void host_service_lines(struct host_context *host, struct output *file,
                        const struct node_process *process);

/* The process that is reached from outside; NULL when there is none. */
const struct node_process *host_proxy_process(const struct node *node);

#endif
