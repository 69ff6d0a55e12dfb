#include "agent/software.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/failpoint.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { ASK_MS = 20 * 1000, MAX_OS_BYTES = 64 * 1024 };

static const char *const engine_names[] = { "podman", "docker" };
enum { ENGINE_COUNT = sizeof(engine_names) / sizeof(engine_names[0]) };

int software_os(const struct agent *agent, struct arena *arena, struct os_release *ret)
{
	char *text = NULL;
	size_t len = 0;
	int r = file_read(arena, agent->root_fd, "etc/os-release", MAX_OS_BYTES, &text, &len);

	if (r < 0)
		r = file_read(arena, agent->root_fd, "usr/lib/os-release", MAX_OS_BYTES, &text,
		              &len);
	if (r == 0)
		os_release_parse(arena, text, ret);
	return r;
}

const char *software_immutable(const struct agent *agent, const struct os_release *os)
{
	if (str_equal(os->id, "flatcar"))
		return "Flatcar has no package manager; it brings docker";
	if (str_equal(os->variant, "coreos"))
		return "Fedora CoreOS installs nothing while it runs; it brings podman and docker";
	if (faccessat(agent->root_fd, "run/ostree-booted", F_OK, 0) == 0)
		return "this system is an image that is replaced as a whole, not changed";
	if (faccessat(agent->root_fd, "usr/sbin/transactional-update", F_OK, 0) == 0)
		return "this system is changed by transactions that need a reboot";
	return NULL;
}

void software_complete_path(void)
{
	static const char sbin[] = "/usr/local/sbin:/usr/sbin:/sbin";
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = getenv("PATH");

	if (path == NULL || *path == '\0')
		path = "/usr/local/bin:/usr/bin:/bin";
	(void)setenv("PATH", arena_printf(scratch, "%s:%s", path, sbin), 1);
}

bool software_has(const char *name)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *path = getenv("PATH");

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");
		const char *file = arena_printf(scratch, "%.*s/%s", (int)len, path, name);
		struct stat st;

		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

/* What a program prints when it ends well, else NULL. */
static const char *ask(struct arena *arena, const char *const *argv)
{
	struct process_run run = { .argv = argv, .deadline_ms = ASK_MS };
	struct process_result result;

	if (failpoint_run(arena, &run, &result) < 0 || result.timed_out || result.exit_code != 0)
		return NULL;
	return result.out;
}

#define ASK(arena, ...) ask((arena), (const char *const[]){ __VA_ARGS__, NULL })

static void find_podman(struct arena *arena, struct software_engines *ret)
{
	const char *out = ASK(arena, "podman", "--version");

	if (out != NULL)
		*list_add(arena, ret) =
			(struct software_engine){ "podman", os_version_in(arena, out),
			                          SOFTWARE_ANSWERS };
}

/* The client's name comes first: `docker` may be podman in disguise. */
static void find_docker(struct arena *arena, struct software_engines *ret)
{
	struct software_engine docker = { .name = "docker" };
	const char *client = ASK(arena, "docker", "--version"), *server;

	if (client == NULL || !str_starts(client, "Docker version"))
		return;
	docker.version = os_version_in(arena, client);
	server = ASK(arena, "docker", "version", "--format", "{{.Server.Version}}");
	if (server != NULL && os_version_in(arena, server) != NULL) {
		docker.version = os_version_in(arena, server);
		docker.answers = SOFTWARE_ANSWERS;
	} else {
		docker.answers = geteuid() == 0 ? SOFTWARE_SILENT : SOFTWARE_UNKNOWN;
	}
	*list_add(arena, ret) = docker;
}

void software_engines(struct arena *arena, struct software_engines *ret)
{
	find_podman(arena, ret);
	find_docker(arena, ret);
}

/* --- what could be installed --- */

/* podman's networks and names are made by netavark and aardvark-dns, which Debian only recommends;
 * docker's client is a package of its own in some releases ('?': only where there is one). */
static const struct {
	const char *like, *what;
	const char *packages[6];
} package_rows[] = {
	{ "debian",
	  "podman",
	  { "podman", "netavark", "aardvark-dns", "ca-certificates", "nftables" } },
	{ "debian", "docker", { "docker.io", "?docker-cli", "ca-certificates", "nftables" } },
	{ "debian", "nftables", { "nftables" } },
	{ "debian", "qemu-guest-agent", { "qemu-guest-agent" } },
	{ "fedora", "podman", { "podman", "nftables" } },
	{ "fedora", "docker", { "moby-engine", "docker-cli", "nftables" } },
	{ "fedora", "nftables", { "nftables" } },
	{ "fedora", "qemu-guest-agent", { "qemu-guest-agent" } },
	{ "rhel", "podman", { "podman", "nftables" } },
	{ "rhel", "nftables", { "nftables" } },
	{ "rhel", "qemu-guest-agent", { "qemu-guest-agent" } },
};

/* Fedora's descendants name it in ID_LIKE as well as rhel, but have no docker. */
const char *software_family(const struct os_release *os)
{
	if (os_is_like(os, "debian") || str_equal(os->id, "ubuntu"))
		return "debian";
	if (str_equal(os->id, "fedora"))
		return "fedora";
	return os_is_like(os, "rhel") || os_is_like(os, "centos") ? "rhel" : NULL;
}

const char *const *software_packages(const struct os_release *os, const char *what)
{
	const char *family = software_family(os);

	for (size_t i = 0; i < sizeof(package_rows) / sizeof(package_rows[0]); i++)
		if (family != NULL && str_equal(package_rows[i].like, family) &&
		    str_equal(package_rows[i].what, what))
			return package_rows[i].packages;
	return NULL;
}

/* What releases hold, for machines whose package lists were never fetched. */
static const struct {
	const char *id, *version, *podman, *docker;
} releases[] = {
	{ "debian", "11", "3.0.1", "20.10.5" },   { "debian", "12", "4.3.1", "20.10.24" },
	{ "debian", "13", "5.4.2", "26.1.5" },    { "ubuntu", "22.04", "3.4.4", "20.10.12" },
	{ "ubuntu", "24.04", "4.9.3", "24.0.7" }, { "ubuntu", "25.04", "5.4.1", "26.1.3" },
	{ "ubuntu", "25.10", "5.4.2", "28.2.2" }, { "fedora", "41", "5.2.3", "27.3.1" },
	{ "fedora", "42", "5.4.1", "28.0.4" },    { "fedora", "43", "5.6.2", "28.4.0" },
};

const char *software_known_version(const struct os_release *os, const char *engine)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
		if (str_equal(releases[i].id, os->id) &&
		    str_equal(releases[i].version, os->version))
			return str_equal(engine, "podman") ? releases[i].podman
			                                   : releases[i].docker;
	return NULL;
}

const char *software_apt_candidate(struct arena *arena, const char *package)
{
	const char *out = ASK(arena, "env", "LC_ALL=C", "apt-cache", "policy", "--", package);

	return out != NULL ? os_apt_candidate(arena, out, package) : NULL;
}

const char *software_candidate(struct arena *arena, const struct os_release *os, const char *engine)
{
	const char *const *packages = software_packages(os, engine);
	const char *out, *version = NULL;

	if (packages == NULL)
		return NULL;
	if (str_equal(software_family(os), "debian")) {
		version = software_apt_candidate(arena, packages[0]);
	} else {
		out = ASK(arena, "dnf", "--quiet", "--cacheonly", "repoquery", "--latest-limit=1",
		          "--queryformat", "%{version}\n", packages[0]);
		version = out != NULL ? os_version_in(arena, out) : NULL;
	}
	return version != NULL ? version : software_known_version(os, engine);
}

static bool is_there(const struct software_engines *engines, const char *name)
{
	for (size_t i = 0; i < engines->count; i++)
		if (str_equal(engines->items[i].name, name))
			return true;
	return false;
}

void software_installable(const struct agent *agent, struct arena *arena,
                          const struct os_release *os, const struct software_engines *there,
                          struct software_engines *ret)
{
	if (software_immutable(agent, os) != NULL)
		return;
	for (size_t i = 0; i < ENGINE_COUNT; i++) {
		const char *version;

		if (is_there(there, engine_names[i]))
			continue;
		version = software_candidate(arena, os, engine_names[i]);
		if (version == NULL || (str_equal(engine_names[i], "podman") &&
		                        os_version_major(version) < SOFTWARE_PODMAN_MIN))
			continue;
		*list_add(arena, ret) =
			(struct software_engine){ .name = engine_names[i], .version = version };
	}
}
