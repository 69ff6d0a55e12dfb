/*
 * The user's own OpenSSH, as it is told about a machine.
 *
 * Each machine has an ssh_config of its own, which ssh, scp and rsync can use by hand (-F). What it
 * says wins; for a host it then reads the user's own configuration, so that keys, jump hosts and
 * aliases that are written there help. For a VM it does not: everything is known.
 */
#ifndef STEAD_REMOTE_SSH_H
#define STEAD_REMOTE_SSH_H

#include "base/list.h"

#include <stdbool.h>

struct arena;

struct ssh_settings {
	const char *name;        /* as it stands on ssh's command line; "stead" works always */
	const char *host_name;   /* NULL: the name, or what the user's configuration makes of it */
	const char *user;        /* NULL: not fixed */
	const char *usual_user;  /* when neither `user` nor the user's configuration says one */
	unsigned port;           /* 0: the user's configuration says it, or it is 22 */
	const char *known_name;  /* in known_hosts, whatever address it has */
	const char *known_hosts; /* that file, absolute */
	struct strings identities; /* private keys to try */
	bool only_identities;      /* and no others */
	bool learn;                /* write new keys to known_hosts, and do not log in */
	bool own_config;           /* read the user's configuration behind this */
};

/* The file's text (ssh_config(5)). */
char *ssh_config_text(struct arena *arena, const struct ssh_settings *settings);

/* A connection that several calls share. */
struct ssh {
	const char *config;  /* the file */
	const char *name;    /* of the settings */
	const char *control; /* a socket's path: calls share one connection; NULL: they do not */
	bool ask;            /* ssh may ask for a passphrase or a password on the terminal */
};

/* "ssh -F … NAME", then "-- COMMAND…", each word quoted for the machine's shell, so that it arrives
 * as it is. Ends with NULL. */
void ssh_command(struct arena *arena, const struct ssh *ssh, const char *const *command,
                 struct strings *ret);

/* The same for a line that the machine's shell is to understand. */
void ssh_line(struct arena *arena, const struct ssh *ssh, const char *line, struct strings *ret);

/* Where the socket of a connection may be: a path in a directory that is only ours, named by a hash
 * of PARTS (ends with NULL), so that two configurations never share a connection. Short enough for
 * a socket. NULL when there is no such directory: then nothing is shared. */
const char *ssh_control_path(struct arena *arena, const char *const *parts);

/* A path inside double quotes, as ssh_config(5) and -o want it. */
const char *ssh_quoted(struct arena *arena, const char *path);

/* ssh's own last line, which says why it failed, without control characters. */
const char *ssh_last_line(struct arena *arena, const char *err);

enum { SSH_FAILED = 255 }; /* ssh(1), EXIT STATUS */

#endif
