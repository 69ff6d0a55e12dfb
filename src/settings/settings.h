/*
 * stead.yaml and stead.lock: rows and structs. Nothing here knows of applications or targets.
 */
#ifndef STEAD_SETTINGS_SETTINGS_H
#define STEAD_SETTINGS_SETTINGS_H

#include "schema/schema.h"

struct settings_admin {
	struct value_text name; /* account name, without @domain */
	struct value_text email;
};

struct settings_mail { /* word "none": no mail is sent */
	struct value_text word;
	struct value_text host;
	struct value_int port;
	struct value_text tls;  /* auto | starttls | tls | none; auto: 465 is tls, else starttls */
	struct value_text user; /* the password is a secret: mail.password */
	struct value_text from;
};

struct settings_keep {
	struct value_int days, weeks, months;
};

struct settings_backup { /* word "none" */
	struct value_text word;
	struct value_text to, media, drill, restore;
	struct value_int every;
	struct settings_keep keep;
	struct value_bool wal, append_only;
};

struct settings_interface {
	struct value_text interface, address, gateway;
	struct value_list dns;
};

struct settings_firewall {
	struct value_text lan;  /* deny | allow: may containers reach private addresses? */
	struct value_list open; /* more ports of the host itself: settings_open_parse() */
};

struct settings_user {
	struct value_text name;
	struct value_list ssh_keys;
	struct value_bool sudo;
};

struct settings_machine {
	struct value_int size; /* bytes of RAM */
	struct value_text os;  /* as-is | flatcar | fcos */
	struct value_text host;
	struct value_text hostname;  /* default: `web`, else `domain` */
	struct value_text engine;    /* auto | podman | docker */
	struct value_text arch;      /* x86_64 | aarch64 */
	struct value_list ssh_keys;  /* public keys as text, or paths of public key files */
	struct schema_array users;   /* struct settings_user */
	struct schema_array network; /* struct settings_interface; word dhcp */
	struct value_text data;
	struct value_text swap;
	long swap_bytes; /* what `swap` says; 0: none is made */
	struct value_text time_zone;
	struct value_text guest_agent; /* none | qemu */
	struct value_pairs sysctls;
	struct settings_firewall firewall;
	struct value_text provider;
	struct value_list snippets;
};

struct settings_tls {
	struct value_text word;
	struct value_text issuer;    /* acme | internal | upstream */
	struct value_text email;     /* "admin": the admin's address */
	struct value_text challenge; /* http | dns */
	struct value_bool staging;
};

struct settings_proxy {
	struct value_list trusted;
	struct value_text snippet;
};

/* A service elsewhere, its address taken apart: "SCHEME://USER@HOST:PORT/NAME?sslmode=SSLMODE".
 * What was not written has no v; but for the port, which has a default. */
struct settings_place {
	struct value_text scheme, user, host, name, sslmode;
	struct value_int port;
};

struct settings_s3 {
	struct value_text endpoint, bucket, region, prefix, public_host, acl;
	struct value_bool path_style, serve;
	struct settings_place place; /* of `endpoint` */
};

struct settings_store { /* word "local" */
	struct value_text word;
	struct settings_s3 s3;
};

struct settings_media {
	struct value_int keep_remote; /* seconds */
	struct settings_store store;
};

struct settings_service { /* word "here", or where it is */
	struct value_text word;
	struct value_text url, direct_url;
	struct settings_place place,
		direct; /* `direct` is `place` where no direct_url is written */
};

/* In the machine's time zone. */
struct settings_window {
	bool given;
	unsigned days;       /* those it begins on; bit 0: Sunday, bit 6: Saturday */
	unsigned start_min;  /* minutes since midnight */
	unsigned length_min; /* 1 to 1440: it may end on the day after */
	struct span at;
};

struct settings_updates {
	struct value_text app, os, window;
	struct settings_window when; /* what `window` says */
};

struct settings_monitoring { /* a word is the level */
	struct value_text word;
	struct value_text level, remote_write;
	struct value_bool public;
};

struct settings_alerts {
	struct value_text mail, ping, webhook;
};

struct settings {
	struct value_text app, domain, web;
	struct settings_admin admin;
	struct settings_mail mail;
	struct settings_backup backup;
	struct settings_machine machine;
	struct value_text delivery; /* ssh | inline */
	struct value_text reach;    /* auto | checked | unchecked | quarantined */
	struct settings_tls tls;
	struct settings_proxy proxy;
	struct settings_media media;
	struct settings_service database, redis, search;
	struct settings_updates updates;
	/* later: decoded, so that mistakes are found, but without effect in this version */
	struct value_pairs versions; /* release lines: "postgres": "17" */
	struct settings_monitoring monitoring;
	struct settings_alerts alerts;
	struct value_pairs images; /* `mirror`, or PROCESS: image */
	struct value_tree
		section; /* the application's own part, under its name; NULL node: not written */
	const struct yaml_node *root;
	const struct source *source;
};

/* The rows of stead.yaml, needed keys first, for help, init and completion. */
extern const struct schema_row settings_rows[];

/* Decodes a tree. One top-level key with the name of the application (`app:`) goes to `section`
 * unread; every other unknown key is a finding. False when there were errors. */
bool settings_decode(struct arena *arena, const struct yaml_node *root, const struct source *source,
                     struct settings *ret, struct findings *findings);

/* The secrets of services that only the user knows. */
enum settings_want { SETTINGS_NOT, SETTINGS_MAY, SETTINGS_MUST };
struct settings_secret {
	const char *name;
	const char *key; /* the setting that asks for it */
	const char *doc;
	/* Whether there may or must be one, and where that was written. */
	enum settings_want (*want)(const struct settings *settings, struct span *ret_at);
};
extern const struct settings_secret settings_secrets[]; /* ends with a name that is NULL */
const struct settings_secret *settings_secret_find(const char *name); /* or NULL */

/* How mail goes: none, plain, starttls or tls, as `mail.tls` and `mail.port` say. */
const char *settings_mail_way(const struct settings *settings);

/* The host name the site is served at: `web`, else `domain`. */
const struct value_text *settings_web(const struct settings *settings);

/* "Sun 03:00-05:00", "Sat,Sun 22:00-02:00", "Mon-Fri 03:00-05:00"; without days: every day. Does
 * not set `at`. */
bool settings_window_parse(const char *s, struct settings_window *ret);

/* "Sun 04:30" or "04:30": how such a window begins. Sets days and start_min only. */
bool settings_schedule_parse(const char *s, struct settings_window *ret);

/* True when MINUTE (since midnight) of DAY (0: Sunday) lies in it. */
bool settings_window_holds(const struct settings_window *window, unsigned day, unsigned minute);

/* "Sun" for 0. */
const char *settings_day_name(unsigned day);

struct settings_address {
	bool v6, has_bits;
	unsigned char bytes[16]; /* network byte order; IPv4 has 4, the others are 0 */
	unsigned bits;           /* prefix length; all of them when none is written */
};

/* "192.0.2.7", "2001:db8::/32". */
bool settings_address_parse(const char *s, struct settings_address *ret);
bool settings_address_in(const struct settings_address *address,
                         const struct settings_address *network);
bool settings_address_equal(const struct settings_address *a, const struct settings_address *b);
bool settings_address_is_link_local(const struct settings_address *a); /* of IPv6 */

/* "52:54:00:12:34:56" */
bool settings_is_mac(const char *s);

struct settings_open {
	bool udp;
	unsigned first, last;
	const char *from_text; /* inside the text that was parsed; NULL: from everywhere */
	struct settings_address from;
};

/* "tcp/9000", "udp/5000-5010", "tcp/9000 from 192.0.2.0/24". */
bool settings_open_parse(const char *s, struct settings_open *ret);

/*
 * stead.lock: facts that never change (identity) and image digests. Written by init, compared at
 * every compile. The lineage names this node through its backups; 32 hex digits from the system's
 * random source.
 */
struct lock {
	const char *app, *domain, *lineage;
	struct span app_at, domain_at;
	struct value_pairs tags;   /* "docker.io/library/caddy:2.8.1": "2.8.4", a newer tag that was
	                              taken for what is named so */
	struct value_pairs images; /* "docker.io/library/caddy:2": "sha256:…" */
	struct value_pairs arches; /* "docker.io/library/caddy:2": "aarch64 x86_64"; older locks do
	                              not have them */
};

bool lock_decode(struct arena *arena, const struct yaml_node *root, struct lock *ret,
                 struct findings *findings);

/* The value of a key, or NULL. */
const char *lock_find(const struct value_pairs *pairs, const char *key);
/* Whether ARCH is one of the words of ARCHES. */
bool lock_arches_have(const char *arches, const char *arch);
/* Sets the value of a key. */
void lock_set(struct arena *arena, struct value_pairs *pairs, const char *key, const char *value);

/* Takes a key out; it need not be there. */
void lock_remove(struct value_pairs *pairs, const char *key);

/* The file's text, the same for the same facts. */
char *lock_write(struct arena *arena, const struct lock *lock);

#endif
