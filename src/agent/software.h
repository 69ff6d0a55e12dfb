/*
 * What is installed on this machine, and what its distribution could install.
 */
#ifndef STEAD_AGENT_SOFTWARE_H
#define STEAD_AGENT_SOFTWARE_H

#include "agent/agent.h"
#include "agent/os.h"

enum { SOFTWARE_PODMAN_MIN = 5 }; /* quadlets as they are written need it */

enum software_answer { SOFTWARE_SILENT, SOFTWARE_ANSWERS, SOFTWARE_UNKNOWN };

struct software_engine {
	const char *name, *version; /* version NULL: it does not say */
	/* docker is a daemon that may be down, and only root may ask it. */
	enum software_answer answers;
};

struct software_engines {
	LIST_OF(struct software_engine);
};

/* The machine's os-release; 0 or a negative errno. */
int software_os(const struct agent *agent, struct arena *arena, struct os_release *ret);

/* Why packages cannot be installed on this system, or NULL. */
const char *software_immutable(const struct agent *agent, const struct os_release *os);

/* PATH gets the folders of root's programs, which it lacks when ssh runs us as somebody else. */
void software_complete_path(void);

/* Whether NAME is a program in PATH. */
bool software_has(const char *name);

void software_engines(struct arena *arena, struct software_engines *ret);

/* The engines that are not there and that the distribution has, without asking the network:
 * by its package lists as they lie on the disk, else by what its releases are known to hold. */
void software_installable(const struct agent *agent, struct arena *arena,
                          const struct os_release *os, const struct software_engines *there,
                          struct software_engines *ret);

/* The package manager's kin: debian (apt-get), fedora or rhel (dnf); NULL: none that we know. */
const char *software_family(const struct os_release *os);

/* The packages WHAT (podman, docker, nftables, qemu-guest-agent) is made of in this family, the
 * main one first, ending with NULL; those with a '?' in front only where they exist. NULL: it has
 * none. */
const char *const *software_packages(const struct os_release *os, const char *what);

/* The version the distribution would install, as far as the disk or we know; NULL: none. */
const char *software_candidate(struct arena *arena, const struct os_release *os,
                               const char *engine);
const char *software_apt_candidate(struct arena *arena, const char *package);

/* What a release is known to hold; NULL: not known. ENGINE is podman or docker. */
const char *software_known_version(const struct os_release *os, const char *engine);

#endif
