/*
 * The keys of stead.yaml. One table feeds decoding, "did you mean", init's --set, the reference
 * page and completion, so every sentence here is read by users.
 */
#include "settings/settings.h"

/* The last arguments: the sentence, then what else the row has. */
#define ROW(key_, type_, struct_, field_, ...)                                                     \
	{                                                                                          \
		.key = (key_), .type = (type_), .offset = offsetof(struct struct_, field_),        \
		.since = "0.1", .doc = __VA_ARGS__                                                 \
	}
#define END                                                                                        \
	{                                                                                          \
		.key = NULL                                                                        \
	}

static const char *const words_acl[] = { "none", "public-read", "private", NULL };
static const char *const word_local[] = { "local", NULL };
static const char *const word_here[] = { "here", NULL };
static const char *const words_search[] = { "none", "here", "opensearch", "elasticsearch", NULL };
static const char *const words_updates[] = { "none", "patch", "minor", NULL };
static const char *const words_os_updates[] = { "auto", "none", NULL };
static const char *const words_monitoring[] = { "auto", "full", "light", "none", NULL };
static const char *const word_none[] = { "none", NULL };
static const char *const word_dhcp[] = { "dhcp", NULL };
static const char *const words_mail_tls[] = { "auto", "starttls", "tls", "none", NULL };
static const char *const words_media[] = { "local", "bucket", "none", NULL };
static const char *const words_drill[] = { "weekly", "monthly", "none", NULL };
static const char *const words_restore[] = { "ask", "never", "auto", NULL };
static const char *const words_os[] = { "as-is", "flatcar", "fcos", NULL };
static const char *const words_engine[] = { "auto", "podman", "docker", NULL };
static const char *const words_arch[] = { "x86_64", "aarch64", NULL };
static const char *const words_guest_agent[] = { "none", "qemu", NULL };
static const char *const words_lan[] = { "deny", "allow", NULL };
static const char *const words_delivery[] = { "ssh", "inline", NULL };
static const char *const words_reach[] = { "auto", "checked", "unchecked", "quarantined", NULL };
static const char *const words_issuer[] = { "acme", "internal", "upstream", NULL };
static const char *const words_challenge[] = { "http", "dns", NULL };

static const struct schema_row admin_rows[] = {
	ROW("name", SCHEMA_TEXT, settings_admin, name,
	    "the owner's account name, the part before the @ of the handle; it can never change",
	    .flags = SCHEMA_NEEDED),
	ROW("email", SCHEMA_EMAIL, settings_admin, email,
	    "where the owner gets mail: sign-in, alerts, certificates", .flags = SCHEMA_NEEDED),
	END,
};

static const struct schema_row mail_rows[] = {
	ROW("host", SCHEMA_TEXT, settings_mail, host,
	    "the mail server that accepts mail from this node", .flags = SCHEMA_NEEDED),
	ROW("port", SCHEMA_PORT, settings_mail, port,
	    "its port: 587 for STARTTLS, 465 for TLS from the start", .fallback = "587"),
	ROW("tls", SCHEMA_WORD, settings_mail, tls,
	    "how the connection is encrypted; auto means tls on port 465 and starttls elsewhere",
	    .fallback = "auto", .words = words_mail_tls),
	ROW("user", SCHEMA_TEXT, settings_mail, user,
	    "the user name for sending; the password is the secret mail.password"),
	ROW("from", SCHEMA_TEXT, settings_mail, from,
	    "the sender, as an address or as \"Name <address>\""),
	END,
};

static const struct schema_row keep_rows[] = {
	ROW("days", SCHEMA_INT, settings_keep, days, "daily backups that are kept", .fallback = "7",
	    .min = 1, .max = 3650),
	ROW("weeks", SCHEMA_INT, settings_keep, weeks, "weekly backups that are kept",
	    .fallback = "5", .min = 0, .max = 520),
	ROW("months", SCHEMA_INT, settings_keep, months, "monthly backups that are kept",
	    .fallback = "12", .min = 0, .max = 120),
	END,
};

static const struct schema_row backup_rows[] = {
	ROW("to", SCHEMA_TEXT, settings_backup, to,
	    "the repository the backups go to, like \"sftp://user@host/path\"",
	    .flags = SCHEMA_NEEDED),
	ROW("every", SCHEMA_DURATION, settings_backup, every, "time between two backups",
	    .fallback = "1d", .min = 600, .max = 30 * 86400),
	ROW("keep", SCHEMA_MAP, settings_backup, keep, "how many backups are kept",
	    .rows = keep_rows),
	ROW("media", SCHEMA_WORD, settings_backup, media, "which uploaded files are backed up",
	    .fallback = "local", .words = words_media),
	ROW("wal", SCHEMA_BOOL, settings_backup, wal,
	    "also keep the database's log, so that a restore can reach any moment",
	    .fallback = "false"),
	ROW("append_only", SCHEMA_BOOL, settings_backup, append_only,
	    "the repository refuses deletion, so the node does not prune it", .fallback = "false"),
	ROW("drill", SCHEMA_WORD, settings_backup, drill, "how often a restore is rehearsed",
	    .fallback = "weekly", .words = words_drill),
	ROW("restore", SCHEMA_WORD, settings_backup, restore,
	    "what an empty node does when the repository holds a backup of it", .fallback = "ask",
	    .words = words_restore),
	END,
};

static const struct schema_row user_rows[] = {
	ROW("ssh_keys", SCHEMA_LIST, settings_user, ssh_keys,
	    "public keys of the account, as text or as files", .item = SCHEMA_TEXT),
	ROW("sudo", SCHEMA_BOOL, settings_user, sudo, "whether the account may become root",
	    .fallback = "false"),
	END,
};

static const struct schema_row interface_rows[] = {
	ROW("interface", SCHEMA_TEXT, settings_interface, interface,
	    "the network interface, by its name or its hardware address", .flags = SCHEMA_NEEDED),
	ROW("address", SCHEMA_TEXT, settings_interface, address,
	    "its address with prefix length, like 192.0.2.10/24", .flags = SCHEMA_NEEDED),
	ROW("gateway", SCHEMA_TEXT, settings_interface, gateway,
	    "the router's address, of the same kind (IPv4 or IPv6)"),
	ROW("dns", SCHEMA_LIST, settings_interface, dns, "addresses of the name servers",
	    .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row firewall_rows[] = {
	ROW("lan", SCHEMA_WORD, settings_firewall, lan,
	    "whether containers may reach private addresses", .fallback = "deny",
	    .words = words_lan),
	ROW("open", SCHEMA_LIST, settings_firewall, open,
	    "more open ports of the machine itself, like tcp/9000, udp/5000-5010 or \"tcp/9000 "
	    "from 192.0.2.0/24\"",
	    .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row machine_rows[] = {
	ROW("size", SCHEMA_SIZE, settings_machine, size,
	    "the machine's memory; it sets the number of workers and the limits", .fallback = "2g",
	    .min = 256L << 20, .max = 4L << 40),
	ROW("os", SCHEMA_WORD, settings_machine, os,
	    "the operating system; as-is keeps whatever the machine runs", .fallback = "as-is",
	    .words = words_os),
	ROW("host", SCHEMA_TEXT, settings_machine, host,
	    "where ssh goes: [USER@]HOST[:PORT]; 'stead up --on' says it as well"),
	ROW("hostname", SCHEMA_DOMAIN, settings_machine, hostname,
	    "the machine's own name; the site's name when not written"),
	ROW("engine", SCHEMA_WORD, settings_machine, engine, "what runs the containers",
	    .fallback = "auto", .words = words_engine),
	ROW("arch", SCHEMA_WORD, settings_machine, arch, "the machine's processor",
	    .fallback = "x86_64", .words = words_arch),
	ROW("ssh_keys", SCHEMA_LIST, settings_machine, ssh_keys,
	    "public keys that may sign in, as text or as files", .item = SCHEMA_TEXT),
	ROW("users", SCHEMA_NAMED, settings_machine, users, "more accounts on the machine",
	    .item = SCHEMA_NAME, .rows = user_rows, .size = sizeof(struct settings_user)),
	ROW("network", SCHEMA_MAPS, settings_machine, network,
	    "how the machine gets its addresses: dhcp, or a list with an entry for each address; "
	    "interfaces that it does not name stay with dhcp",
	    .fallback = "dhcp", .words = word_dhcp, .rows = interface_rows,
	    .size = sizeof(struct settings_interface)),
	ROW("data", SCHEMA_TEXT, settings_machine, data,
	    "where the data is: a disk of its own, like /dev/disk/by-id/NAME, which may be empty "
	    "or "
	    "stead's, and is never wiped; or system, the system's own file system; auto means a "
	    "partition behind the system's on fcos, and system elsewhere",
	    .fallback = "auto"),
	ROW("swap", SCHEMA_TEXT, settings_machine, swap,
	    "size of a swap file that the node keeps beside its data, like 2g; auto, or none, "
	    "makes none: the swap that a machine has by itself stays as it is",
	    .fallback = "auto"),
	ROW("time_zone", SCHEMA_TEXT, settings_machine, time_zone,
	    "the machine's time zone, like Europe/Berlin", .fallback = "UTC"),
	ROW("guest_agent", SCHEMA_WORD, settings_machine, guest_agent,
	    "what tells the host of a virtual machine how it is; qemu installs QEMU's, also for "
	    "Proxmox, KVM and most clouds, on a machine with 'os: as-is'; flatcar brings it, fcos "
	    "has none",
	    .fallback = "none", .words = words_guest_agent),
	ROW("sysctls", SCHEMA_PAIRS, settings_machine, sysctls,
	    "kernel parameters to set, like vm.swappiness", .item = SCHEMA_TEXT),
	ROW("firewall", SCHEMA_MAP, settings_machine, firewall, "what the firewall lets through",
	    .rows = firewall_rows),
	ROW("provider", SCHEMA_TEXT, settings_machine, provider,
	    "who runs the machine, for known limits: hetzner, digitalocean, aws and others"),
	ROW("snippets", SCHEMA_LIST, settings_machine, snippets,
	    "Butane files that are merged into the machine's configuration", .flags = SCHEMA_LATER,
	    .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row tls_rows[] = {
	ROW("issuer", SCHEMA_WORD, settings_tls, issuer,
	    "who signs the certificate: a public authority, the node itself, or whoever stands in "
	    "front",
	    .fallback = "acme", .words = words_issuer),
	ROW("email", SCHEMA_TEXT, settings_tls, email,
	    "address given to the authority; admin means the admin's address", .fallback = "admin"),
	ROW("challenge", SCHEMA_WORD, settings_tls, challenge,
	    "how the authority checks that the name is yours", .fallback = "http",
	    .words = words_challenge),
	ROW("staging", SCHEMA_BOOL, settings_tls, staging,
	    "certificates for trials, which no browser trusts, but which are not counted against "
	    "the "
	    "authority's limits",
	    .fallback = "false"),
	END,
};

static const struct schema_row proxy_rows[] = {
	ROW("trusted", SCHEMA_LIST, settings_proxy, trusted,
	    "addresses or networks of proxies in front whose word about the client is believed",
	    .item = SCHEMA_TEXT),
	ROW("snippet", SCHEMA_TEXT, settings_proxy, snippet, "a file with more rules for the proxy",
	    .flags = SCHEMA_LATER),
	END,
};

static const struct schema_row s3_rows[] = {
	ROW("endpoint", SCHEMA_TEXT, settings_s3, endpoint,
	    "address of the service; its keys are the secrets media.access_key and "
	    "media.secret_key",
	    .flags = SCHEMA_NEEDED),
	ROW("bucket", SCHEMA_TEXT, settings_s3, bucket, "name of the bucket",
	    .flags = SCHEMA_NEEDED),
	ROW("region", SCHEMA_TEXT, settings_s3, region, "region of the bucket"),
	ROW("prefix", SCHEMA_TEXT, settings_s3, prefix,
	    "what every name in the bucket begins with"),
	ROW("public_host", SCHEMA_DOMAIN, settings_s3, public_host,
	    "host name the files are served at"),
	ROW("serve", SCHEMA_BOOL, settings_s3, serve,
	    "the node's own proxy serves public_host, from a bucket that everybody may read; it "
	    "keeps no copies",
	    .fallback = "false"),
	ROW("acl", SCHEMA_WORD, settings_s3, acl,
	    "the right given to each file; none where the bucket's policy decides",
	    .fallback = "none", .words = words_acl),
	ROW("path_style", SCHEMA_BOOL, settings_s3, path_style,
	    "the bucket stands in the path, not in the host name", .fallback = "false"),
	END,
};

static const struct schema_row store_rows[] = {
	ROW("s3", SCHEMA_MAP, settings_store, s3, "a bucket that speaks S3", .flags = SCHEMA_NEEDED,
	    .rows = s3_rows),
	END,
};

static const struct schema_row media_rows[] = {
	ROW("keep_remote", SCHEMA_DURATION, settings_media, keep_remote,
	    "how long copies of files from other servers are kept", .fallback = "14d", .min = 3600,
	    .max = 3650L * 86400),
	ROW("store", SCHEMA_MAP, settings_media, store, "where files are kept: local, or s3",
	    .words = word_local, .rows = store_rows),
	END,
};

static const struct schema_row service_rows[] = {
	ROW("url", SCHEMA_TEXT, settings_service, url,
	    "where it is, like postgres://USER@HOST:PORT/NAME; its password is a secret: "
	    "database.password, redis.password, search.password",
	    .flags = SCHEMA_NEEDED),
	ROW("direct_url", SCHEMA_TEXT, settings_service, direct_url,
	    "where it is without a pooler, for migrations"),
	END,
};

static const struct schema_row updates_rows[] = {
	ROW("app", SCHEMA_WORD, settings_updates, app,
	    "which newer versions 'stead lock --update' takes: none, those with another last "
	    "number, "
	    "or all with the same first one",
	    .fallback = "patch", .words = words_updates),
	ROW("os", SCHEMA_WORD, settings_updates, os, "whether flatcar and fcos update themselves",
	    .fallback = "auto", .words = words_os_updates),
	ROW("window", SCHEMA_TEXT, settings_updates, window,
	    "when that may happen, in the machine's time zone: days, if not all, and times",
	    .fallback = "Sun 03:00-05:00"),
	END,
};

static const struct schema_row monitoring_rows[] = {
	ROW("level", SCHEMA_WORD, settings_monitoring, level, "how much is measured",
	    .fallback = "auto", .words = words_monitoring),
	ROW("public", SCHEMA_BOOL, settings_monitoring, public, "whether everybody may look",
	    .fallback = "false"),
	ROW("remote_write", SCHEMA_TEXT, settings_monitoring, remote_write,
	    "a server that the measurements are sent to"),
	END,
};

static const struct schema_row alerts_rows[] = {
	ROW("mail", SCHEMA_TEXT, settings_alerts, mail,
	    "address that is told; admin means the admin's", .fallback = "admin"),
	ROW("ping", SCHEMA_TEXT, settings_alerts, ping,
	    "a URL that is called while all is well, for a watch elsewhere"),
	ROW("webhook", SCHEMA_TEXT, settings_alerts, webhook, "a URL that is told"),
	END,
};

const struct schema_row settings_rows[] = {
	ROW("app", SCHEMA_NAME, settings, app, "which application the node runs",
	    .flags = SCHEMA_NEEDED),
	ROW("domain", SCHEMA_DOMAIN, settings, domain,
	    "the part after the @ of every handle; it can never change", .flags = SCHEMA_NEEDED),
	ROW("admin", SCHEMA_MAP, settings, admin, "the owner of the node", .flags = SCHEMA_NEEDED,
	    .rows = admin_rows),
	ROW("mail", SCHEMA_MAP, settings, mail, "how the node sends mail, or none",
	    .flags = SCHEMA_NEEDED, .words = word_none, .rows = mail_rows),
	ROW("backup", SCHEMA_MAP, settings, backup,
	    "where backups go, or none; it must be written, because forgetting it is not a "
	    "decision",
	    .flags = SCHEMA_NEEDED, .words = word_none, .rows = backup_rows),
	ROW("web", SCHEMA_DOMAIN, settings, web,
	    "the host name of the site, when it is not the domain itself"),
	ROW("machine", SCHEMA_MAP, settings, machine, "the machine the node runs on",
	    .rows = machine_rows),
	ROW("delivery", SCHEMA_WORD, settings, delivery,
	    "how settings and secrets reach the machine: over ssh, or inside its first-boot config",
	    .fallback = "ssh", .words = words_delivery),
	ROW("reach", SCHEMA_WORD, settings, reach,
	    "may the node speak as its domain: checked, when it has met itself there; unchecked, "
	    "yes, "
	    "you know that no other node does; quarantined, to nobody; auto means checked with "
	    "tls: acme and unchecked otherwise",
	    .fallback = "auto", .words = words_reach),
	ROW("tls", SCHEMA_MAP, settings, tls, "the site's certificate; a bare word is the issuer",
	    .words = words_issuer, .rows = tls_rows),
	ROW("proxy", SCHEMA_MAP, settings, proxy, "the web server in front of the application",
	    .rows = proxy_rows),
	ROW("images", SCHEMA_PAIRS, settings, images,
	    "mirror: a registry to pull everything from; PROCESS: the image of that process",
	    .flags = SCHEMA_NULL_OMITS, .item = SCHEMA_TEXT),
	ROW("media", SCHEMA_MAP, settings, media, "where uploaded files are kept, and how long",
	    .rows = media_rows),
	ROW("database", SCHEMA_MAP, settings, database, "the database: here, or elsewhere",
	    .words = word_here, .rows = service_rows),
	ROW("redis", SCHEMA_MAP, settings, redis, "the queue and cache: here, or elsewhere",
	    .words = word_here, .rows = service_rows),
	ROW("search", SCHEMA_MAP, settings, search,
	    "full-text search: none, opensearch (also here) or elasticsearch on this machine, or "
	    "elsewhere",
	    .words = words_search, .rows = service_rows),
	ROW("updates", SCHEMA_MAP, settings, updates, "what is updated, and when",
	    .rows = updates_rows),
	ROW("versions", SCHEMA_PAIRS, settings, versions, "release lines of the data services",
	    .flags = SCHEMA_LATER, .item = SCHEMA_INT),
	ROW("monitoring", SCHEMA_MAP, settings, monitoring, "how much is measured",
	    .flags = SCHEMA_LATER, .words = words_monitoring, .rows = monitoring_rows),
	ROW("alerts", SCHEMA_MAP, settings, alerts, "who is told when something is wrong",
	    .flags = SCHEMA_LATER, .rows = alerts_rows),
	END,
};
