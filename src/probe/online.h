/*
 * `stead check --online`: what can be seen from this computer of what the settings name. Each probe
 * looks at one thing, in a thread of its own; whatever it asks has a deadline. Nothing is changed,
 * but probe_backup() makes a folder at the place of the backups and removes it again.
 */
#ifndef STEAD_PROBE_ONLINE_H
#define STEAD_PROBE_ONLINE_H

#include "dns/dns.h"
#include "node/node.h"
#include "probe/mail.h"
#include "settings/settings.h"

struct online {
	const struct settings *settings;
	const struct node *node;
	struct dns_source dns;
	const char *ca_file;          /* NULL: the system's authorities */
	const char *known_hosts;      /* beside stead.yaml; need not be there */
	const struct mail_test *mail; /* NULL: no mail is sent */
	const char *const *ask_nonce; /* prints what the settings' own node is known by; NULL:
	                                 there is none yet */
};

enum probe_state { PROBE_OK, PROBE_SKIPPED, PROBE_NOTE, PROBE_WARNING, PROBE_ERROR };

struct probe {
	const char *name; /* "address" */
	const struct online *online;
	struct arena *arena;
	struct findings findings;
	enum probe_state state;
	const char *seen; /* what was seen, in a line */
};

typedef void probe_tell_fn(void *context, const struct probe *probe);

/* Whether anything can be asked. NULL, or why not; *ret_hint as well. */
const char *online_why_not(struct arena *arena, const struct online *online, const char **ret_hint);

/* Runs all of them at once. TELL gets each in the order of the table as soon as it and those before
 * it have ended; what they found is added to FINDINGS. */
void online_run(const struct online *online, struct findings *findings, probe_tell_fn *tell,
                void *context);

/* "ok", "skipped", "note", "warning", "error" */
const char *probe_state_name(enum probe_state state);

/* --- for the probes --- */

void probe_saw(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
void probe_skip(struct probe *probe, const char *why);

/* An address that only a local network reaches, or only this computer. */
bool probe_is_private(const char *address);

/* Whether this computer has a way there at all. */
bool probe_has_route(const char *address);

void probe_delegation(struct probe *probe);
void probe_address(struct probe *probe);
void probe_caa(struct probe *probe);
void probe_mx(struct probe *probe);
void probe_media(struct probe *probe);
void probe_occupant(struct probe *probe);
void probe_mail(struct probe *probe);
void probe_images(struct probe *probe);
void probe_backup(struct probe *probe);
void probe_clock(struct probe *probe);

#endif
