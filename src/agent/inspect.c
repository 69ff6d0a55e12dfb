/*
 * inspect: what this machine is and has, as JSON for `stead`. It changes nothing, needs no plan,
 * and works as far as it may look: a part that cannot be read is null.
 */
#include "agent/agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/failpoint.h"
#include "agent/os.h"
#include "agent/ports.h"
#include "agent/software.h"
#include "agent/units.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/json.h"

enum { MAX_FILE_BYTES = 1024 * 1024, ASK_MS = 20 * 1000 };

/* A small file's text, without the newline at its end; NULL when it cannot be read. */
static const char *read_text(const struct agent *agent, const char *path)
{
	char *text = NULL;
	size_t len = 0;

	if (file_read(agent->arena, agent->root_fd, path, MAX_FILE_BYTES, &text, &len) < 0)
		return NULL;
	while (len > 0 && (unsigned char)text[len - 1] <= ' ')
		text[--len] = '\0';
	return text;
}

/* The same for one line that goes into the JSON. */
static json_t *line_json(const struct agent *agent, const char *path)
{
	const char *text = read_text(agent, path);

	return text == NULL || *text == '\0'
	               ? json_null()
	               : json_string(os_clean(agent->arena, text, strlen(text)));
}

static json_t *text_json(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

/* --- the system --- */

static json_t *os_json(const struct agent *agent, const struct os_release *os)
{
	json_t *like = json_array();

	for (size_t i = 0; i < os->like.count; i++)
		json_array_append_new(like, json_string(os->like.items[i]));
	return json_pack("{s:s?,s:o,s:s?,s:s?,s:s?}", "id", os->id, "like", like, "version",
	                 os->version, "name", os->name, "immutable", software_immutable(agent, os));
}

/* 0: systemd does not run here. */
static json_t *systemd_json(const struct agent *agent)
{
	static const char *const argv[] = { "systemctl", "--version", NULL };
	struct process_run run = { .argv = argv, .deadline_ms = ASK_MS };
	struct process_result result;
	const char *version;

	if (faccessat(agent->root_fd, "run/systemd/system", F_OK, 0) < 0)
		return json_integer(0);
	if (failpoint_run(agent->arena, &run, &result) < 0 || result.exit_code != 0)
		return json_null();
	version = os_version_in(agent->arena, result.out);
	return version != NULL ? json_integer(os_version_major(version)) : json_null();
}

static json_t *memory_json(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? json_null()
	                          : json_integer((json_int_t)info.totalram * info.mem_unit);
}

static json_t *disk_json(const struct agent *agent)
{
	cleanup_fd int fd = openat(agent->root_fd, agent_below_root(AGENT_DATA),
	                           O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statvfs disk;

	if (fd < 0)
		fd = openat(agent->root_fd, "var/lib", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatvfs(fd, &disk) < 0)
		return json_null();
	return json_pack("{s:I,s:I,s:b}", "free_bytes",
	                 (json_int_t)disk.f_bavail * (json_int_t)disk.f_frsize, "total_bytes",
	                 (json_int_t)disk.f_blocks * (json_int_t)disk.f_frsize, "read_only",
	                 (disk.f_flag & ST_RDONLY) != 0);
}

static json_t *clock_json(struct arena *arena)
{
	struct timex timex = { .modes = 0 };
	int r = adjtimex(&timex);

	return json_pack("{s:s,s:o}", "now", clock_now_utc(arena), "synced",
	                 r < 0 ? json_null() : json_boolean((timex.status & STA_UNSYNC) == 0));
}

/* Who made this machine believes to have made it; the compiler knows which provider says what. */
static json_t *dmi_json(const struct agent *agent)
{
	static const char dir[] = "sys/class/dmi/id";
	cleanup_fd int fd = openat(agent->root_fd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return json_null();
	return json_pack("{s:o,s:o,s:o}", "vendor", line_json(agent, "sys/class/dmi/id/sys_vendor"),
	                 "product", line_json(agent, "sys/class/dmi/id/product_name"), "chassis",
	                 line_json(agent, "sys/class/dmi/id/chassis_asset_tag"));
}

/* --- software --- */

static json_t *engines_json(const struct software_engines *engines)
{
	json_t *array = json_array();

	for (size_t i = 0; i < engines->count; i++) {
		const struct software_engine *engine = &engines->items[i];

		json_array_append_new(array, json_pack("{s:s,s:s?,s:o}", "name", engine->name,
		                                       "version", engine->version, "answers",
		                                       engine->answers == SOFTWARE_UNKNOWN
		                                               ? json_null()
		                                               : json_boolean(engine->answers ==
		                                                              SOFTWARE_ANSWERS)));
	}
	return array;
}

static json_t *installable_json(const struct software_engines *engines)
{
	json_t *array = json_array();

	for (size_t i = 0; i < engines->count; i++)
		json_array_append_new(array,
		                      json_pack("{s:s,s:s}", "engine", engines->items[i].name,
		                                "version", engines->items[i].version));
	return array;
}

/* What we call on a node; those that are there. */
static json_t *tools_json(void)
{
	static const char *const tools[] = { "getent",  "journalctl", "nft",
		                             "qemu-ga", "systemctl",  "systemd-run" };
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (software_has(tools[i]))
			json_array_append_new(array, json_string(tools[i]));
	return array;
}

/* Ubuntu's ufw.service is active also when ufw is switched off, and a nftables.service that loads
 * nothing but empty chains is in nobody's way. */
static bool is_in_the_way(const struct agent *agent, const char *name)
{
	const char *text;

	if (str_equal(name, "ufw")) {
		text = read_text(agent, "etc/ufw/ufw.conf");
		return text == NULL || os_is_yes(agent->arena, text, "ENABLED");
	}
	if (str_equal(name, "nftables")) {
		text = read_text(agent, "etc/sysconfig/nftables.conf");
		if (text == NULL)
			text = read_text(agent, "etc/nftables.conf");
		return text == NULL || os_nft_restricts(text);
	}
	return true;
}

static json_t *firewalls_json(const struct agent *agent)
{
	static const char *const names[] = { "firewalld", "netfilter-persistent", "nftables",
		                             "ufw" };
	struct strings units = { 0 };
	struct units states = { 0 };
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		*list_add(agent->arena, &units) =
			arena_printf(agent->arena, "%s.service", names[i]);
	units_read(agent->arena, &units, &states);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(states.items[i].active, "active") && is_in_the_way(agent, names[i]))
			json_array_append_new(array, json_string(names[i]));
	return array;
}

/* --- the network --- */

static json_t *ports_json(const struct agent *agent)
{
	struct ports ports = { 0 };
	json_t *array;

	if (ports_read(agent, agent->arena, &ports) < 0)
		return json_null();
	array = json_array();
	for (size_t i = 0; i < ports.count; i++) {
		const struct port *port = &ports.items[i];

		json_array_append_new(array, json_pack("{s:s,s:i,s:s,s:s?}", "proto", port->proto,
		                                       "port", (int)port->number, "address",
		                                       port->address, "by", port->by));
	}
	return array;
}

/* Bridges of container engines have addresses that mean nothing to anybody else. */
static bool is_of_an_engine(const char *interface)
{
	static const char *const prefixes[] = {
		"stead-", "docker", "podman", "br-", "veth", "cni"
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_starts(interface, prefixes[i]))
			return true;
	return false;
}

/* The numeric address in RET; false for those that nobody outside can use. */
static bool usable_address(const struct ifaddrs *entry, char ret[static INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)entry->ifa_addr;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)entry->ifa_addr;

	if (entry->ifa_addr == NULL || (entry->ifa_flags & IFF_LOOPBACK) != 0 ||
	    is_of_an_engine(entry->ifa_name))
		return false;
	if (entry->ifa_addr->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 16 != 0xa9fe && /* 169.254.0.0/16 */
		       inet_ntop(AF_INET, &v4->sin_addr, ret, INET6_ADDRSTRLEN) != NULL;
	return entry->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
	       inet_ntop(AF_INET6, &v6->sin6_addr, ret, INET6_ADDRSTRLEN) != NULL;
}

static json_t *addresses_json(void)
{
	struct ifaddrs *all;
	json_t *array;

	if (getifaddrs(&all) < 0)
		return json_null();
	array = json_array();
	for (const struct ifaddrs *entry = all; entry != NULL; entry = entry->ifa_next) {
		char address[INET6_ADDRSTRLEN];

		if (usable_address(entry, address))
			json_array_append_new(array, json_string(address));
	}
	freeifaddrs(all);
	return array;
}

/* --- stead --- */

static json_t *current_id(const struct agent *agent)
{
	const char *text = read_text(agent, agent_below_root(AGENT_STATE "/apply/current.json"));
	cleanup_json json_t *current = text != NULL ? json_loads(text, 0, NULL) : NULL;

	return text_json(json_string_value(json_object_get(current, "id")));
}

/* A plan that is there and cannot be used (of a newer stead, or not for us to read) is not the same
 * as none. */
static json_t *stead_json(const struct agent *agent)
{
	const struct plan *plan = agent->plan;

	if (plan == NULL && agent->plan_error == -ENOENT)
		return json_null();
	if (plan == NULL)
		return json_pack("{s:n,s:n,s:n,s:n,s:n,s:o,s:s}", "version", "app", "domain",
		                 "lineage", "engine", "id", current_id(agent), "error",
		                 os_clean(agent->arena, agent->why, strlen(agent->why)));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "version", plan->stead, "app", plan->app,
	                 "domain", plan->domain, "lineage", plan->lineage, "engine", plan->engine,
	                 "id", current_id(agent));
}

static void set(json_t *root, const char *key, json_t *value)
{
	(void)json_object_set_new(root, key, value != NULL ? value : json_null());
}

static void add_software(const struct agent *agent, const struct os_release *os, json_t *root)
{
	struct software_engines engines = { 0 }, installable = { 0 };

	software_engines(agent->arena, &engines);
	software_installable(agent, agent->arena, os, &engines, &installable);
	set(root, "engines", engines_json(&engines));
	set(root, "install", installable_json(&installable));
	set(root, "tools", tools_json());
}

int agent_inspect(struct agent *agent, char *const *args)
{
	cleanup_json json_t *root = json_object();
	struct os_release os = { 0 };
	struct utsname name = { 0 };
	bool known = software_os(agent, agent->arena, &os) == 0;
	json_t *stead = stead_json(agent); /* agent->why is still the plan's */

	(void)args;
	software_complete_path();
	(void)uname(&name);
	set(root, "v", json_integer(1));
	set(root, "os", known ? os_json(agent, &os) : json_null());
	set(root, "systemd", systemd_json(agent));
	set(root, "arch", json_string(name.machine));
	set(root, "kernel", json_string(name.release));
	set(root, "uid", json_integer(geteuid()));
	set(root, "memory_bytes", memory_json());
	set(root, "disk", disk_json(agent));
	set(root, "clock", clock_json(agent->arena));
	set(root, "dmi", dmi_json(agent));
	add_software(agent, &os, root);
	set(root, "ports", ports_json(agent));
	set(root, "firewalls", firewalls_json(agent));
	set(root, "addresses", addresses_json());
	set(root, "stead", stead);
	(void)printf("%s\n", json_text(agent->arena, root, JSON_INDENT(1)));
	return AGENT_OK;
}
