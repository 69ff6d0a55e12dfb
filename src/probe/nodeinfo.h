/*
 * What a server of the fediverse says of itself (NodeInfo, FEP-f1d5). Strangers write it.
 */
#ifndef STEAD_PROBE_NODEINFO_H
#define STEAD_PROBE_NODEINFO_H

#include <stddef.h>

struct arena;

/* The address of the document that /.well-known/nodeinfo names, if it lies on HOST itself: others
 * are not asked on a stranger's word. NULL: there is none. */
const char *nodeinfo_link(struct arena *arena, const char *data, size_t len, const char *host);

/* "mastodon 4.3.1" out of that document: plain words only. NULL: it is none. */
const char *nodeinfo_software(struct arena *arena, const char *data, size_t len);

#endif
