/*
 * install: engines and tools from the distribution, never from anywhere else. Only names of a
 * fixed set; what is done is said line by line on stderr.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/failpoint.h"
#include "agent/software.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	FETCH_MS = 5 * 60 * 1000,
	/* Killing a package manager leaves a half configured system, so this is long. */
	INSTALL_MS = 60 * 60 * 1000,
	START_MS = 2 * 60 * 1000,
	BUSY_MS = 10 * 60 * 1000, /* how long another package manager may work */
	BUSY_POLL_MS = 3000,
	LAST_LINES = 8,
};

/* The machine's first boot may still be installing its updates. */
#define APT_WAIT "DPkg::Lock::Timeout=600"

static const char *const known_names[] = { "podman", "docker", "nftables", "qemu-guest-agent" };

/* What is no engine: any version of it will do. */
static const struct tool {
	const char *name, *program;
} tools[] = { { "nftables", "nft" }, { "qemu-guest-agent", "qemu-ga" } };

/* Where QEMU talks to it. */
#define GUEST_PORT "/dev/virtio-ports/org.qemu.guest_agent.0"

static bool is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++)
		if (str_equal(known_names[i], name))
			return true;
	return false;
}

static const struct tool *find_tool(const char *name)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (str_equal(tools[i].name, name))
			return &tools[i];
	return NULL;
}

static void log_command(struct agent *agent, const char *const *argv)
{
	struct text line;

	text_init(&line, agent->arena);
	for (size_t i = 0; argv[i] != NULL; i++)
		text_addf(&line, "%s%s", i > 0 ? " " : "", argv[i]);
	agent_log("%s", line.data);
}

/* The last lines that say something. */
static void log_last_words(struct arena *arena, const char *output)
{
	size_t start = strlen(output), lines = 0;

	while (start > 0 && lines <= LAST_LINES)
		lines += output[--start] == '\n' && output[start + 1] != '\0' &&
		         output[start + 1] != '\n';
	for (const char *line = output + start; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		if (len > 0)
			(void)fprintf(stderr, "  %s\n", os_clean(arena, line, len));
		line += len + (line[len] == '\n');
	}
}

static int run(struct agent *agent, const char *const *argv, unsigned deadline_ms,
               struct process_result *ret)
{
	struct process_run run = { .argv = argv, .deadline_ms = deadline_ms };
	int r;

	log_command(agent, argv);
	r = failpoint_run(agent->arena, &run, ret);
	if (r < 0)
		return agent_fail(agent, r, "%s cannot be run: %s", argv[0], strerror(-r));
	if (ret->timed_out)
		return agent_fail(agent, -ETIMEDOUT, "%s took too long", argv[0]);
	if (ret->exit_code == 0)
		return 0;
	return agent_fail(agent, -EIO, "%s exits with %d", argv[0], ret->exit_code);
}

static int run_or_show(struct agent *agent, const char *const *argv, unsigned deadline_ms)
{
	struct process_result result = { 0 };
	int r = run(agent, argv, deadline_ms, &result);

	if (r < 0 && result.out != NULL) {
		log_last_words(agent->arena, result.out);
		log_last_words(agent->arena, result.err);
	}
	return r;
}

/* apt-get has no option that waits for the lock of the package lists. */
static int apt_update(struct agent *agent)
{
	static const char *const argv[] = { "apt-get", "--quiet", "update", NULL };
	int64_t end = clock_ms() + failpoint_pause_ms(BUSY_MS);
	struct process_result result = { 0 };
	int r;

	while ((r = run(agent, argv, FETCH_MS, &result)) == -EIO &&
	       strstr(result.err, "Could not get lock") != NULL && clock_ms() < end) {
		agent_log("another package manager is at work; waiting for it");
		clock_sleep_ms(failpoint_pause_ms(BUSY_POLL_MS));
	}
	if (r < 0 && result.out != NULL)
		log_last_words(agent->arena, result.err);
	return r;
}

/* 0 when the distribution's NAME is good enough, with its version in a line on stderr. */
static int check_version(struct agent *agent, const struct os_release *os, const char *name)
{
	const char *version;

	if (find_tool(name) != NULL)
		return 0;
	version = software_candidate(agent->arena, os, name);
	if (version == NULL)
		return agent_fail(agent, -ENOENT, "%s has no package of %s",
		                  os->name != NULL ? os->name : "this distribution", name);
	if (str_equal(name, "podman") && os_version_major(version) < SOFTWARE_PODMAN_MIN)
		return agent_fail(agent, -ENOTSUP, "%s has podman %s; stead needs %d or later",
		                  os->name != NULL ? os->name : "this distribution", version,
		                  SOFTWARE_PODMAN_MIN);
	agent_log("the distribution has %s %s", name, version);
	return 0;
}

static bool listed(const struct strings *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], name))
			return true;
	return false;
}

static int install_packages(struct agent *agent, const struct os_release *os,
                            const struct strings *names)
{
	static const char *const apt[] = { "apt-get",      "--quiet",
		                           "--assume-yes", "--no-install-recommends",
		                           "-o",           APT_WAIT,
		                           "-o",           "Dpkg::Options::=--force-confdef",
		                           "-o",           "Dpkg::Options::=--force-confold",
		                           "install",      NULL };
	static const char *const dnf[] = { "dnf", "--quiet", "--assumeyes", "install", NULL };
	bool debian = str_equal(software_family(os), "debian");
	const char *const *command = debian ? apt : dnf;
	struct strings argv = { 0 };

	for (; *command != NULL; command++)
		*list_add(agent->arena, &argv) = *command;
	for (size_t i = 0; i < names->count; i++) {
		const char *const *package = software_packages(os, names->items[i]);

		for (; *package != NULL; package++) {
			const char *name = *package + (**package == '?');

			if ((**package != '?' ||
			     software_apt_candidate(agent->arena, name) != NULL) &&
			    !listed(&argv, name))
				*list_add(agent->arena, &argv) = name;
		}
	}
	*list_add(agent->arena, &argv) = NULL;
	return run_or_show(agent, argv.items, INSTALL_MS);
}

/* Its package starts it when the port appears, which was before. A machine whose host has no port
 * for it has nobody to talk to. */
static int start_guest_agent(struct agent *agent)
{
	static const char *const start[] = { "systemctl", "start", "qemu-guest-agent.service",
		                             NULL };

	if (access(GUEST_PORT, F_OK) < 0) {
		agent_log("the host has no port for qemu-guest-agent: it starts when there is one");
		return 0;
	}
	return run_or_show(agent, start, START_MS);
}

static int check_tool(struct agent *agent, const struct tool *tool)
{
	if (!software_has(tool->program))
		return agent_fail(agent, -ENOENT, "there is still no %s", tool->program);
	return str_equal(tool->name, "qemu-guest-agent") ? start_guest_agent(agent) : 0;
}

/* docker is a service that some distributions install without starting it. */
static int check_result(struct agent *agent, const char *name)
{
	static const char *const start[] = { "systemctl", "enable", "--now", "docker.service",
		                             NULL };
	struct software_engines engines = { 0 };
	int r;

	if (str_equal(name, "docker") && (r = run_or_show(agent, start, START_MS)) < 0)
		return r;
	if (find_tool(name) != NULL)
		return check_tool(agent, find_tool(name));
	software_engines(agent->arena, &engines);
	for (size_t i = 0; i < engines.count; i++)
		if (str_equal(engines.items[i].name, name) &&
		    engines.items[i].answers == SOFTWARE_ANSWERS) {
			agent_log("%s %s is there", name,
			          engines.items[i].version != NULL ? engines.items[i].version
			                                           : "of a version of its own");
			return 0;
		}
	return agent_fail(agent, -EIO, "%s is installed and does not answer", name);
}

static int install_missing(struct agent *agent, const struct os_release *os,
                           const struct strings *names)
{
	const char *reason = software_immutable(agent, os);
	int r;

	if (reason != NULL)
		return agent_fail(agent, -EROFS, "%s", reason);
	for (size_t i = 0; i < names->count; i++)
		if (software_packages(os, names->items[i]) == NULL)
			return agent_fail(
				agent, -ENOTSUP, "stead does not know how to install %s on %s",
				names->items[i], os->name != NULL ? os->name : "this system");
	if (str_equal(software_family(os), "debian") && (r = apt_update(agent)) < 0)
		return r;
	for (size_t i = 0; i < names->count; i++)
		if ((r = check_version(agent, os, names->items[i])) < 0)
			return r;
	return install_packages(agent, os, names);
}

/* docker that is there only needs to be started. podman may be too old, and nothing is lost when
 * what is there is installed again. */
static bool is_there(const char *name)
{
	return str_equal(name, "docker") && software_has("docker") && software_has("dockerd");
}

static int install(struct agent *agent, const struct strings *names)
{
	struct os_release os = { 0 };
	struct strings missing = { 0 };
	int r = software_os(agent, agent->arena, &os);

	if (r < 0)
		return agent_fail(agent, r, "/etc/os-release: %s", strerror(-r));
	if (geteuid() != 0)
		return agent_fail(agent, -EPERM, "only root can install packages");
	for (size_t i = 0; i < names->count; i++)
		if (!is_there(names->items[i]))
			*list_add(agent->arena, &missing) = names->items[i];
	if (missing.count > 0 && (r = install_missing(agent, &os, &missing)) < 0)
		return r;
	for (size_t i = 0; i < names->count; i++)
		if ((r = check_result(agent, names->items[i])) < 0)
			return r;
	return 0;
}

int agent_install(struct agent *agent, char *const *args)
{
	struct strings names = { 0 };

	for (; *args != NULL; args++) {
		if (!is_known(*args)) {
			agent_log("install: '%.60s' is none of podman, docker, nftables, "
			          "qemu-guest-agent",
			          *args);
			return AGENT_USAGE;
		}
		if (!listed(&names, *args))
			*list_add(agent->arena, &names) = *args;
	}
	software_complete_path();
	(void)setenv("DEBIAN_FRONTEND", "noninteractive", 1);
	(void)setenv("NEEDRESTART_SUSPEND", "1", 1); /* it would restart what it likes */
	(void)setenv("APT_LISTCHANGES_FRONTEND", "none", 1);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	if (install(agent, &names) < 0) {
		agent_log("install: %s", agent->why);
		return AGENT_FAILED;
	}
	return AGENT_OK;
}
