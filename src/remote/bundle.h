/*
 * What is rendered, as a bundle for the agent (plan/bundle.h).
 */
#ifndef STEAD_REMOTE_BUNDLE_H
#define STEAD_REMOTE_BUNDLE_H

#include "output/output.h"
#include "plan/bundle.h"

/* The files of a rendered tree, without the agent's program, which travels alone and first. Users
 * are left out too: on a machine that runs they are its owner's business. The bundle and its
 * contents are in SECRET_ARENA or in the set's arenas; bundle_write() makes its text and id. */
struct bundle *remote_bundle(struct arena *secret_arena, const struct output_set *set);

#endif
