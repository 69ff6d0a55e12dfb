/*
 * Secrets that init is given (--secret, or asked for on a terminal) and those it makes.
 */
#ifndef STEAD_CMD_GIVEN_SECRETS_H
#define STEAD_CMD_GIVEN_SECRETS_H

#include "app/app.h"
#include "cmd/answers.h"
#include "secret/secret.h"

#define HOST_KEY_SECRET "ssh_host_ed25519_key"

/* Takes one "KEY=@FILE" or "KEY=-". A wrong one has been reported (code CLI_USAGE, or
 * CLI_ENVIRONMENT when a file cannot be read); CLI_OK when it was taken. The value is never shown.
 */
int given_secret(struct secrets *secrets, const char *assignment);

/* Refuses secrets that this application does not have: findings cli.secret. */
bool given_secrets_check(struct arena *arena, const struct secrets *secrets, const struct app *app,
                         struct findings *findings);

/* Asks (ASK) for what only the user can know, or reports it missing; makes all others. */
bool given_secrets_complete(struct arena *arena, struct secrets *secrets, const struct app *app,
                            const struct answers *answers, bool ask, struct findings *findings);

#endif
