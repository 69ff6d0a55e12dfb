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

static const char *const word_none[] = { "none", NULL };
static const char *const word_dhcp[] = { "dhcp", NULL };
static const char *const words_mail_tls[] = { "auto", "starttls", "tls", "none", NULL };
static const char *const words_media[] = { "local", "bucket", "none", NULL };
static const char *const words_drill[] = { "weekly", "monthly", "none", NULL };
static const char *const words_restore[] = { "ask", "never", "auto", NULL };
static const char *const words_os[] = { "as-is", "flatcar", "fcos", NULL };
static const char *const words_engine[] = { "auto", "podman", "docker", NULL };
static const char *const words_arch[] = { "x86_64", "aarch64", NULL };
static const char *const words_lan[] = { "deny", "allow", NULL };
static const char *const words_delivery[] = { "ssh", "inline", NULL };
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
	    "name of the network interface", .flags = SCHEMA_NEEDED),
	ROW("address", SCHEMA_TEXT, settings_interface, address,
	    "its address with prefix length, like 192.0.2.10/24", .flags = SCHEMA_NEEDED),
	ROW("gateway", SCHEMA_TEXT, settings_interface, gateway, "address of the router"),
	ROW("dns", SCHEMA_LIST, settings_interface, dns, "addresses of the name servers",
	    .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row firewall_rows[] = {
	ROW("lan", SCHEMA_WORD, settings_firewall, lan,
	    "whether containers may reach private addresses", .fallback = "deny",
	    .words = words_lan),
	ROW("open", SCHEMA_LIST, settings_firewall, open,
	    "more open ports of the machine itself, like tcp/9000", .item = SCHEMA_TEXT),
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
	    "where ssh goes, as a host name or an address; the site's name when not written"),
	ROW("hostname", SCHEMA_DOMAIN, settings_machine, hostname,
	    "the machine's own name; the site's name when not written"),
	ROW("engine", SCHEMA_WORD, settings_machine, engine, "what runs the containers",
	    .fallback = "auto", .words = words_engine),
	ROW("arch", SCHEMA_WORD, settings_machine, arch, "the machine's processor",
	    .fallback = "x86_64", .words = words_arch),
	ROW("ssh_keys", SCHEMA_LIST, settings_machine, ssh_keys,
	    "public keys that may sign in, as text or as files", .item = SCHEMA_TEXT),
	ROW("users", SCHEMA_NAMED, settings_machine, users, "more accounts on the machine",
	    .flags = SCHEMA_LATER, .item = SCHEMA_NAME, .rows = user_rows,
	    .size = sizeof(struct settings_user)),
	ROW("network", SCHEMA_MAPS, settings_machine, network,
	    "how the machine gets its addresses: dhcp, or a list of interfaces", .fallback = "dhcp",
	    .words = word_dhcp, .rows = interface_rows, .size = sizeof(struct settings_interface)),
	ROW("data", SCHEMA_TEXT, settings_machine, data,
	    "the disk for the data, like /dev/disk/by-id/NAME; auto means the system's own disk",
	    .fallback = "auto"),
	ROW("swap", SCHEMA_TEXT, settings_machine, swap, "size of the swap, or auto",
	    .fallback = "auto", .flags = SCHEMA_LATER),
	ROW("time_zone", SCHEMA_TEXT, settings_machine, time_zone,
	    "the machine's time zone, like Europe/Berlin", .fallback = "UTC"),
	ROW("sysctls", SCHEMA_PAIRS, settings_machine, sysctls, "kernel parameters to set",
	    .flags = SCHEMA_LATER, .item = SCHEMA_TEXT),
	ROW("firewall", SCHEMA_MAP, settings_machine, firewall, "what the firewall lets through",
	    .rows = firewall_rows),
	ROW("provider", SCHEMA_TEXT, settings_machine, provider,
	    "who runs the machine, for known limits: hetzner, digitalocean, aws and others",
	    .flags = SCHEMA_LATER),
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
	ROW("tls", SCHEMA_MAP, settings, tls, "the site's certificate; a bare word is the issuer",
	    .words = words_issuer, .rows = tls_rows),
	ROW("proxy", SCHEMA_MAP, settings, proxy, "the web server in front of the application",
	    .rows = proxy_rows),
	ROW("images", SCHEMA_PAIRS, settings, images,
	    "mirror: a registry to pull everything from; PROCESS: the image of that process",
	    .flags = SCHEMA_NULL_OMITS, .item = SCHEMA_TEXT),
	ROW("media", SCHEMA_TREE, settings, media, "where uploaded files are kept, and how long",
	    .flags = SCHEMA_LATER),
	ROW("database", SCHEMA_TREE, settings, database, "the database: here, or elsewhere",
	    .flags = SCHEMA_LATER),
	ROW("redis", SCHEMA_TREE, settings, redis, "the queue and cache: here, or elsewhere",
	    .flags = SCHEMA_LATER),
	ROW("search", SCHEMA_TREE, settings, search, "full-text search: here, or elsewhere",
	    .flags = SCHEMA_LATER),
	ROW("updates", SCHEMA_TREE, settings, updates, "what is updated by itself, and when",
	    .flags = SCHEMA_LATER),
	ROW("versions", SCHEMA_TREE, settings, versions, "release lines of the data services",
	    .flags = SCHEMA_LATER),
	ROW("monitoring", SCHEMA_TREE, settings, monitoring, "how much is measured",
	    .flags = SCHEMA_LATER),
	ROW("alerts", SCHEMA_TREE, settings, alerts, "who is told when something is wrong",
	    .flags = SCHEMA_LATER),
	END,
};
