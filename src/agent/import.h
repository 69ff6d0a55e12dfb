/*
 * import: a database dump and an archive of files of another installation become this node's.
 *
 * The node's own database is not touched before all is restored and found right beside it; then
 * names are changed. state/import.json says how far it came:
 *
 *   {"v":1,"stage":"begun|database|media|switching|switched","maintenance":bool,"files":N,"spec":{…}}
 *
 * Up to `media` nothing of the node has changed, and it can be dropped; from `switching` on it only
 * goes forward.
 */
#ifndef STEAD_AGENT_IMPORT_H
#define STEAD_AGENT_IMPORT_H

#include "agent/agent.h"
#include "archive/dump.h"
#include "base/list.h"

#define IMPORT_STATE AGENT_STATE "/import.json"

enum import_stage {
	IMPORT_NONE,
	IMPORT_BEGUN,
	IMPORT_DATABASE,
	IMPORT_MEDIA,
	IMPORT_SWITCHING,
	IMPORT_SWITCHED
};

struct import_run { /* a program in the container of a process */
	const char *process;
	struct strings run;
};

struct import_refusal {
	const char *why, *sql;
};

struct import_spec {         /* what the compiler says of the application, checked */
	const char *process; /* the database's own */
	const char *user, *name, *owner, *schema;
	const char *empty, *version; /* SQL */
	struct import_run newest;    /* the newest version that the image knows; no process: any */
	struct {
		LIST_OF(struct import_refusal);
	} refuse;
	struct strings counts; /* tables */
	enum dump_kind kind;
	long long database_bytes, media_bytes; /* media_bytes -1: there is none */
	const char *volume, *strip;
	struct {
		LIST_OF(struct import_run);
	} clear; /* what must forget the database of before */
	bool fork;
};

struct import {
	struct agent *agent;
	struct arena *arena;
	enum import_stage stage;
	bool maintenance; /* it was on before */
	long long files;
	const char *spec_text;
	struct import_spec spec;
	const struct plan_process *process;
	const struct plan_volume *volume; /* NULL: no media */
	const char *dump_host,
		*dump_inside; /* folder of the dump, on the host and in the container */
};

/* Cut short where it can only go forward. */
bool import_is_switching(struct agent *agent);

/* import_spec.c: -EINVAL with the reason in agent->why. */
int import_spec_read(struct agent *agent, struct arena *arena, const char *json,
                     struct import_spec *ret);

/* import_database.c. All ask the database in its container. */
int import_check_empty(struct import *import);    /* nobody has used this node yet */
int import_check_dump(struct import *import);     /* whole, and not newer than the server */
int import_restore(struct import *import);        /* into a database beside the present one */
int import_check_restored(struct import *import); /* version, forks, counts; says what it finds */
int import_switch_database(struct import *import);
int import_drop_new(struct import *import); /* the one beside; fine when there is none */
int import_drop_old(struct import *import);

/* import_files.c */
int import_receive_dump(struct import *import, int fd);
int import_receive_media(struct import *import, int fd); /* sets files */
int import_switch_media(struct import *import);
int import_remove_staged(struct import *import); /* dump and files */
int import_remove_old(struct import *import);

#endif
