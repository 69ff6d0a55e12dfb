/*
 * What kind of system this is, from texts it keeps about itself. Pure functions: nothing is read
 * from the machine here. What they return is UTF-8 without control characters, whatever stood
 * there.
 */
#ifndef STEAD_AGENT_OS_H
#define STEAD_AGENT_OS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct arena;

struct os_release {
	const char *id, *version, *name, *variant; /* NULL: not said */
	struct strings like;
};

/* os-release(5): KEY=VALUE with the quotes of a shell. Lines it does not understand are skipped. */
void os_release_parse(struct arena *arena, const char *text, struct os_release *ret);

/* ID itself or one of ID_LIKE. */
bool os_is_like(const struct os_release *os, const char *id);

/* The first number with its dots in TEXT, at the beginning of a word: "5.4.2" of
 * "podman version 5.4.2", "20.10.5" of "5:20.10.5+dfsg1-1" (dpkg's epoch is no part of it). NULL
 * when there is none. */
const char *os_version_in(struct arena *arena, const char *text);

/* Its first part, at most 999999. */
unsigned os_version_major(const char *version);

/* What `apt-cache policy` says PACKAGE would be installed as; NULL: nothing. */
const char *os_apt_candidate(struct arena *arena, const char *policy, const char *package);

/* Anything but accepting stands in this nftables configuration, or it includes others. */
bool os_nft_restricts(const char *config);

/* KEY=yes (or true, 1) in a file of shell assignments. */
bool os_is_yes(struct arena *arena, const char *text, const char *key);

/* LEN bytes of TEXT with '?' for what is no UTF-8 and ' ' for control characters. */
const char *os_clean(struct arena *arena, const char *text, size_t len);

#endif
