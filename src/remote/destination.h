/*
 * Where a machine is: [USER@]HOST[:PORT], as people write it for ssh and scp.
 */
#ifndef STEAD_REMOTE_DESTINATION_H
#define STEAD_REMOTE_DESTINATION_H

struct arena;

struct destination {
	const char *user; /* NULL: not said */
	const char
		*host; /* a name, an address without brackets, or an alias of the user's own ssh */
	unsigned port; /* 0: not said */
};

/* 0, or -EINVAL with one sentence at *ret_error. An IPv6 address with a port stands in brackets.
 * Nothing that ssh could take for an option or expand is let through. */
int destination_parse(struct arena *arena, const char *text, struct destination *ret,
                      const char **ret_error);

/* "root@host:2222", as it was meant; for people. */
const char *destination_text(struct arena *arena, const struct destination *destination);

/* What the host is called in known_hosts (sshd(8)): "host", or "[host]:2222". In lower case. */
const char *destination_known_name(struct arena *arena, const struct destination *destination);

#endif
