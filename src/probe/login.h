/*
 * The user's logins at registries, as `podman login` and `docker login` leave them
 * (containers-auth.json(5); docker's config.json).
 */
#ifndef STEAD_PROBE_LOGIN_H
#define STEAD_PROBE_LOGIN_H

#include <stddef.h>
#include <stdint.h>

struct arena;

/* The login for an image of this registry, as "Basic" wants it (base64 of USER:PASSWORD), in
 * SECRET_ARENA; NULL when there is none. Looks in $REGISTRY_AUTH_FILE, in podman's files and in
 * docker's; the first that has one counts. Files that cannot be read are passed over, and
 * programs that have not answered at UNTIL_MS, by clock_ms(). */
const char *login_find(struct arena *secret_arena, const char *registry, const char *path,
                       int64_t until_ms);

/* The same from the text of one such file; *ret_helper names the program that keeps the login
 * instead ("secretservice": docker-credential-secretservice), or is NULL. */
const char *login_parse(struct arena *secret_arena, const char *data, size_t len,
                        const char *registry, const char *path, const char **ret_helper);

#endif
