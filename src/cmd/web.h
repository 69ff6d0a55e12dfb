/*
 * Does the site answer, with a certificate that its CA vouches for. Every host name leads to the
 * machine's own address, whatever DNS says.
 */
#ifndef STEAD_CMD_WEB_H
#define STEAD_CMD_WEB_H

struct arena;

/* GET https://HOST/ by way of ADDRESS:PORT, trusting CA_FILE alone (NULL: the system's CAs). 0
 * and the status, or -EIO with a sentence at *ret_error. */
int web_get(struct arena *arena, const char *host, const char *address, unsigned port,
            const char *ca_file, long *ret_status, const char **ret_error);

#endif
