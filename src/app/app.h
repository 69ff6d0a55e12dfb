/*
 * app.yaml: what one application needs, as data. Rows, structs, and the rules on what a definition
 * may never say. docs/app-format.md is the text for authors.
 *
 * Texts may hold references `${settings.KEY} ${secret.NAME} ${secret.NAME.public} ${size.KEY}
 * ${process.NAME.host|port} ${own.KEY}` with filters `:url :base64 :upper :days :address
 * :passfile`; they are resolved by node_build(), not here. `$$` is a dollar sign.
 */
#ifndef STEAD_APP_APP_H
#define STEAD_APP_APP_H

#include "dotenv/dotenv.h"
#include "schema/schema.h"

enum { APP_FORMAT = 1 };

struct app_setting { /* one key of the application's own section */
	struct value_text name;
	struct value_text type; /* text | word | int | bool | size | duration | domain | email |
	                           list | pairs | options */
	struct value_list words;
	struct value_pairs options; /* of type options: KEY: TYPE */
	struct value_text fallback; /* `default:` */
	struct value_text doc;
	struct value_int min, max;
};

struct app_secret {
	struct value_text name;
	struct value_text kind; /* hex | base64 | urlsafe | alnum | uuid | vapid | asked | optional
	                           | captured; later rsa */
	struct value_int size;
	struct value_bool permanent;
	struct value_text doc;
};

struct app_volume {
	struct value_text name;
	struct value_text class; /* precious | rebuildable | cache */
	struct value_text user;  /* "UID:GID", numeric */
	struct value_int mode;   /* of the volume's directory */
	struct value_bool hard_links;
};

struct app_mount {
	struct value_text volume, path;
	struct value_bool read_only;
};

struct app_health {             /* exactly one of http, tcp, exec */
	struct value_text http; /* path; status below */
	struct value_int status;
	struct value_bool tcp;
	struct value_list exec;
	struct value_int port;
	struct value_int start_s; /* how long a start may take */
};

struct app_process {
	struct value_text name;
	struct value_text image;      /* NULL: the user must name it under `images:` */
	struct value_bool entrypoint; /* false: the image's own is left out */
	struct value_text image_doc;  /* which ones there are, for when it is missing */
	struct value_list command;
	struct value_text user; /* "UID:GID" */
	struct value_pairs env;
	struct schema_array volumes; /* struct app_mount */
	struct value_list tmpfs;
	struct value_list networks; /* int | ext */
	struct value_int port;      /* the one it listens on */
	struct app_health health;
	struct value_text group; /* data | app */
	struct value_list after; /* processes that must be healthy first */
	struct value_text stop_signal;
	struct value_int stop_s;
	struct value_text memory; /* a size, or a reference to one */
	struct value_list capabilities;
	struct value_bool writable_root;
	struct value_list db_connections; /* factors: their product is the most it holds */
	struct value_text db_limit;       /* of a database: the most connections it takes */
	struct value_list when;           /* comparisons, see check_conditions(); all must hold */
};

struct app_done {                  /* exactly one, or none: then only the journal tells */
	struct value_text file;    /* path inside the container's volumes; exists */
	struct value_list exec;    /* exit code 0 */
	struct value_text process; /* of exec: in whose container; default: the job's */
	struct value_list
		stdin_from; /* of exec: a program in the job's container; its output is read */
	struct value_text expect; /* of exec: what it prints, but for blanks around it */
	struct value_text http;   /* path on the process; 200 */
};

struct app_merge {                /* decoded from app_step.merge by app_merge_decode() */
	struct value_text file;   /* path inside the container's volumes */
	struct value_text format; /* json */
	struct value_tree values; /* a map; merged by RFC 7396 */
};

struct app_capture {               /* what a run prints becomes a secret on the node */
	struct value_text pattern; /* POSIX ERE; group 1 is the value */
	struct value_text secret;  /* name of a secret of kind captured */
};

struct app_step {
	struct value_text id;
	struct value_list run; /* argv inside the container */
	struct value_text
		guard; /* instead of run: why the node does not start, unless `done` holds */
	struct value_text stdin_text;
	struct value_tree merge; /* instead of run: see struct app_merge */
	struct app_done done;
	struct value_list
		repair; /* argv: a begun step whose done test holds, but whose capture is missing */
	struct app_capture capture;
	struct value_pairs exit;   /* "1": ok | retry | fail */
	struct value_list restart; /* processes that start anew once the step has run */
	struct value_int deadline_s;
};

struct app_job {
	struct value_text name;
	struct value_text
		phase; /* setup | post-start | migrate | upgrade | clean | backup | restore */
	struct value_text process; /* whose image, user, volumes, env and networks it runs with */
	struct schema_array steps; /* struct app_step */
	struct value_text schedule;
	struct value_list when;
};

struct app_command {
	struct value_text name;
	struct value_text process;
	struct value_list run;
	struct value_text doc;
};

struct app_route {
	struct value_text path; /* "/" or a prefix like "/api/"; longest wins */
	struct value_text process;
	struct value_text host;    /* web | domain; default web */
	struct value_int max_body; /* bytes */
	struct value_bool websocket;
	struct value_text redirect; /* instead of a process: an address, the path goes behind it */
	struct value_bool hidden;   /* instead of both: nothing is there */
	struct value_text cache;    /* Cache-Control of good answers */
	struct value_pairs headers;
	struct value_list when;
};

struct app_part { /* values that go over those of the file */
	struct value_list when;
	struct value_tree values;
};

struct app_passed { /* what the user wrote in a setting of type options */
	struct value_text setting;
	struct value_text below; /* the map that its dotted keys begin in; NULL: the top */
};

struct app_config {             /* a file made of typed values */
	struct value_text name; /* file name */
	struct value_text process;
	struct value_list processes; /* instead of process */
	struct value_text path;      /* directory inside the container, for NAME */
	struct value_text file;   /* instead of path: the whole path of a file that is by itself */
	struct value_text syntax; /* env | toml | yaml | json | ini | text */
	struct value_tree values;
	struct schema_array parts; /* struct app_part */
	struct app_passed options;
};

struct app_refusal { /* settings that the application cannot follow */
	struct value_list when;
	struct value_text setting; /* where the finding points */
	struct value_text why, hint;
};

struct app_env { /* variables for several processes */
	struct value_text name;
	struct value_list processes;
	struct value_list when;
	struct value_pairs values;
};

struct app_mail { /* the neutral mail settings as the application's variables */
	struct value_list processes;
	struct value_pairs none, plain, starttls, tls;
};

struct app_owner {
	struct value_text pattern; /* POSIX ERE the admin's name must match wholly */
	struct value_list reserved;
	struct value_text login; /* secret that holds the owner's password */
};

struct app_import_rule { /* holds when all of `when` does, and no variable it names is empty */
	struct value_list when;      /* "VARIABLE == text" or "VARIABLE != text" */
	struct value_pairs settings; /* "mail.host": "${SMTP_SERVER}" */
	struct value_pairs secrets;  /* "app.NAME" or one of a service: "${VARIABLE}" */
	struct value_text drop;      /* why the variables in `when` are left behind */
};

struct app_import_env {              /* what the variables of another installation become */
	struct value_pairs defaults; /* what the application takes where none is written */
	struct schema_array rules;   /* struct app_import_rule */
	struct value_pairs halves;   /* VARIABLE: the secret that it is the public half of */
	struct value_list pass;      /* go into the section's `env`; a '*' at the end: all such */
	struct value_pairs drop;     /* left behind: VARIABLE, or PREFIX*, and why */
};

struct app_import_run { /* a program in the container of a process */
	struct value_text process;
	struct value_list run;
};

struct app_import_database {
	struct value_text process;           /* the one that holds it, with psql and pg_restore */
	struct value_text user, name, owner; /* superuser; database; who owns it */
	struct value_text schema;
	struct value_text empty;      /* SQL: t when nobody has used the node */
	struct value_text version;    /* SQL: of the tables */
	struct app_import_run newest; /* prints the newest that the image knows */
	struct value_pairs refuse;    /* why: SQL that says t then */
	struct value_list counts;     /* tables whose rows are counted */
};

struct app_import_media {
	struct value_text volume, strip;
};

struct app_import {
	struct app_import_env env;
	struct app_import_database database;
	struct app_import_media media;
	struct schema_array clear; /* struct app_import_run: what must forget the old database */
	struct value_list notes;   /* what to do afterwards */
};

struct app {
	struct value_int format;
	struct value_text name, title, summary, website;
	struct value_text version;      /* the version the definition is written for */
	struct value_list versions;     /* those it is for: conditions on the version */
	struct value_bool split_domain; /* can it serve accounts of `domain` from another host? */
	struct value_list identity;     /* settings that can never change */
	struct app_owner owner;
	struct schema_array settings, secrets, volumes, processes, jobs, commands, routes, configs;
	struct value_tree sizes;     /* {2g: {KEY: VALUE}, …} */
	struct schema_array envs;    /* struct app_env */
	struct schema_array refuses; /* struct app_refusal */
	struct value_list env_kept;  /* variables that users cannot set */
	struct app_mail mail;
	struct app_import import;
	struct value_tree metrics, alerts, dashboards, backup; /* later */
	struct value_list notes; /* shown by check, e.g. "snac sends no mail" */
	struct value_bool mail_used;
	const struct source *source;
};

extern const struct schema_row app_rows[];

/* Decodes and checks a definition by itself: references between its parts, numeric users, allowed
 * capabilities, no host paths, no ports but by routes. False when there were errors. */
bool app_decode(struct arena *arena, const struct yaml_node *root, const struct source *source,
                struct app *ret, struct findings *findings);

/* Decodes and checks STEP's merge; false after findings. The step must have one. */
bool app_merge_decode(struct arena *arena, const struct app_step *step, struct app_merge *ret,
                      struct findings *findings);

/* Finds NAME under APPS_DIR/NAME/app.yaml (APPS_DIR may be NULL), else among the built-in ones,
 * reads and decodes it. An unknown name is a finding at AT with the known ones as hint. */
bool app_load(struct arena *arena, const char *apps_dir, const char *name, struct span at,
              struct app *ret, struct findings *findings);

/* The row that a user's value of this setting must fit; without a place in a struct. */
struct schema_row app_setting_row(struct arena *arena, const struct app_setting *setting);

/* The rows of a setting of type options, one for each of its keys, STRIDE bytes apart. */
const struct schema_row *app_option_rows(struct arena *arena, const struct app_setting *setting,
                                         size_t stride);

/* --- import.c: another installation's variables --- */

enum app_imported_kind {
	APP_IMPORT_SETTING, /* `key` of stead.yaml is `value` */
	APP_IMPORT_SECRET,  /* the secret `key` is `value` */
	APP_IMPORT_ENV,     /* goes into the section's `env` */
	APP_IMPORT_SAME,    /* says what is so anyway */
	APP_IMPORT_DROPPED, /* left behind; `why` */
	APP_IMPORT_UNKNOWN,
};

struct app_imported {
	enum app_imported_kind kind;
	const char *variables; /* those it comes from: "SMTP_SERVER, SMTP_PORT" */
	const char *key, *value, *why;
	struct span at; /* of the first of them */
};
struct app_imports {
	LIST_OF(struct app_imported);
};

/* Whether the definition says what variables become. */
bool app_can_import(const struct app *app);

/* What becomes of each variable, in the order of the kinds; texts live in ARENA, which should be a
 * secret one. */
void app_import_env(struct arena *arena, const struct app *app, const struct dotenv *variables,
                    struct app_imports *ret);

/* The variables that a secret ("app.NAME") comes from; NULL: none. */
const char *app_import_variable(struct arena *arena, const struct app *app, const char *secret);

/* Names of built-in applications and those in APPS_DIR, sorted. */
void app_names(struct arena *arena, const char *apps_dir, struct strings *ret_names);

/* --- references (app/reference.c) --- */

/* One part of a text: literal text, or a reference with filters. */
struct reference_part {
	bool is_reference;
	const char *text; /* literal, or the name without ${} and filters */
	struct strings filters;
	struct span at;
};
struct reference_parts {
	LIST_OF(struct reference_part);
};

/* The settings that `${settings.KEY}` may name; ends with NULL. */
extern const char *const app_public_settings[];

/* Splits a text. A broken reference (unclosed, empty, unknown filter) is a finding app.reference.
 */
bool reference_split(struct arena *arena, const struct value_text *text,
                     struct reference_parts *ret, struct findings *findings);

/* Applies one filter: url (RFC 3986 unreserved stay), base64, upper, days (of seconds, whole ones,
 * at least 1), address (without the name before it). */
char *reference_filter(struct arena *arena, const char *filter, const char *value);

/* --- versions (app/version.c) --- */

enum { VERSION_PARTS_MAX = 6 };

struct version {
	long parts[VERSION_PARTS_MAX];
	size_t count;
};

/* "0.19.2" and what follows it; false when there is no number, or one too many or too long. */
bool version_read(const char *s, struct version *ret, const char **ret_end);

/* Below, at or above 0; as far as ASKED goes: 0.19.2 is "0.19". */
int version_compare(const struct version *version, const struct version *asked);

/* The number in an image's tag: "0.19.2" of "example.org/gotosocial:v0.19.2-rc1"; NULL when the tag
 * is none that begins with a number, or there is no tag. */
const char *version_of_image(struct arena *arena, const char *image);
const char *version_of_tag(struct arena *arena, const char *tag);

/* True when CONDITION is about the version ("version >= 0.20"), whether it is right or not. */
bool version_is_condition(const char *condition);

/* Whether it holds for VERSION: the numbers between the dots are compared, as many as the condition
 * has. False when the condition is wrong. */
bool version_test(const char *condition, const char *version, bool *ret_holds);

/* Whether all of them hold; for NULL, a version that is not known, none does. */
bool version_meets(const struct value_list *conditions, const char *version);

/* The conditions on the version of a process's image: the definition's `versions`. NULL: there are
 * none, or they are not about that one, as its own image shows (a database's). */
const struct value_list *version_asked_of(const struct app *app, const struct app_process *process);

#endif
