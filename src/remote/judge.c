#include "remote/judge.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define MIB (1024 * 1024LL)
#define GIB (1024 * MIB)

enum {
	SYSTEMD_MIN = 249, /* Upholds= in units */
	PODMAN_MIN = 5,    /* quadlets as they are written */
	CLOCK_MAX_S = 60,  /* certificates and signatures of other servers mind more */
	SSH_PORT = 22,
	MEMORY_PERCENT_MIN = 80 /* what a kernel leaves of the RAM a provider sells */
};

static const long long disk_free_min = 3 * GIB; /* images of a small application, and its data */

struct judging {
	const struct inspect *machine;
	const struct judge_wish *wish;
	struct findings *findings;
};

/* Where a setting stands, or the file as a whole when it was not written. */
static struct span place(const struct judging *j, struct span at)
{
	return at.source != NULL ? at : (struct span){ .source = j->wish->settings->source };
}

static struct span nowhere(void)
{
	return (struct span){ 0 };
}

static void judge_system(const struct judging *j)
{
	const struct inspect *m = j->machine;
	const struct settings_machine *wish = &j->wish->settings->machine;

	if (m->systemd <= 0)
		diag_error(
			j->findings, "up.systemd", nowhere(),
			"use Debian, Ubuntu, Fedora, Fedora CoreOS or Flatcar; a container without "
			"systemd will not do",
			"systemd does not run on %s", j->wish->machine);
	else if (m->systemd < SYSTEMD_MIN)
		diag_error(j->findings, "up.systemd", nowhere(),
		           "a newer release of the distribution has it",
		           "systemd %lld on %s is too old: %d is needed", m->systemd,
		           j->wish->machine, SYSTEMD_MIN);
	if (m->arch != NULL && !str_equal(m->arch, wish->arch.v))
		diag_error(j->findings, "up.arch", place(j, wish->arch.at),
		           str_equal(m->arch, "x86_64") || str_equal(m->arch, "aarch64")
		                   ? "write its architecture at machine.arch"
		                   : "x86_64 and aarch64 are known",
		           "%s has the architecture '%s', not '%s'", j->wish->machine, m->arch,
		           wish->arch.v);
}

static void judge_size(const struct judging *j)
{
	const struct value_int *size = &j->wish->settings->machine.size;
	const struct inspect *m = j->machine;

	if (size->given && m->memory_bytes >= 0 &&
	    m->memory_bytes < size->v / 100 * MEMORY_PERCENT_MIN)
		diag_error(j->findings, "up.memory", place(j, size->at),
		           "write the size it has, or take a larger machine",
		           "%s has %lld MiB of RAM, less than the %lld MiB of 'machine.size'",
		           j->wish->machine, m->memory_bytes / MIB, (long long)size->v / MIB);
	if (m->read_only)
		diag_error(j->findings, "up.disk", nowhere(),
		           "'mount -o remount,rw /' may do; after an error of the disk its log "
		           "says why",
		           "the file system of /var/lib on %s is read-only", j->wish->machine);
	/* A node that is there has its images and data already. */
	else if (!m->has_stead && m->free_bytes >= 0 && m->free_bytes < disk_free_min)
		diag_error(j->findings, "up.disk", nowhere(), "make room, or take a larger disk",
		           "/var/lib on %s has %lld MiB left, and %lld MiB are needed to begin",
		           j->wish->machine, m->free_bytes / MIB, disk_free_min / MIB);
}

/* What /var/lib has says nothing of a disk of the data's own. */
static bool has_data_disk(const struct settings_machine *wish)
{
	return str_starts(wish->data.v, "/dev/") ||
	       (str_equal(wish->data.v, "auto") && str_equal(wish->os.v, "fcos"));
}

/* The node may have to go without it. */
static void judge_swap(const struct judging *j)
{
	const struct settings_machine *wish = &j->wish->settings->machine;
	const struct inspect *m = j->machine;
	long long need = wish->swap_bytes + disk_free_min;

	if (wish->swap_bytes == 0 || has_data_disk(wish) || m->has_stead || m->read_only ||
	    m->free_bytes < disk_free_min || m->free_bytes >= need)
		return;
	diag_warning(j->findings, "up.swap", place(j, wish->swap.at),
	             "make room, or write a smaller one",
	             "/var/lib on %s has %lld MiB left, and with this swap file %lld MiB are "
	             "needed to begin",
	             j->wish->machine, m->free_bytes / MIB, need / MIB);
}

static void judge_clock(const struct judging *j)
{
	int64_t ahead = j->machine->clock_s - j->wish->now_s;

	if (j->machine->clock_s < 0 || (ahead <= CLOCK_MAX_S && ahead >= -CLOCK_MAX_S))
		return;
	diag_error(
		j->findings, "up.clock", nowhere(),
		"other servers refuse what a wrong clock signs: switch time synchronisation on "
		"('timedatectl set-ntp true'); if this computer's clock is the wrong one, set it",
		"the clock of %s is %lld s %s this computer's", j->wish->machine,
		(long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of");
}

/* Ports of a node that is there are its own. */
static void judge_ports(const struct judging *j)
{
	const struct inspect *m = j->machine;

	if (m->has_stead)
		return;
	for (size_t i = 0; i < m->ports.count; i++) {
		const struct inspect_port *port = &m->ports.items[i];
		bool seen = false;

		if (!str_equal(port->proto, "tcp") || (port->port != 80 && port->port != 443))
			continue;
		/* by IPv4 and IPv6: once is enough */
		for (size_t n = 0; n < i; n++)
			seen |= str_equal(m->ports.items[n].proto, port->proto) &&
			        m->ports.items[n].port == port->port;
		if (!seen)
			diag_error(j->findings, "up.port", nowhere(),
			           "stead needs ports 80 and 443 for itself: stop and disable what "
			           "uses them, or take a machine of its own",
			           "port %lld on %s is in use by %s", port->port, j->wish->machine,
			           port->by != NULL ? port->by : "another program");
	}
}

/* The firewall must not close the door that we came in by. */
static void judge_ssh(const struct judging *j)
{
	const struct settings_firewall *firewall = &j->wish->settings->machine.firewall;
	const char *word = arena_printf(j->findings->arena, "tcp/%ld", j->wish->ssh_port);

	if (j->wish->ssh_port == 0 || j->wish->ssh_port == SSH_PORT)
		return;
	for (size_t i = 0; i < firewall->open.count; i++) {
		struct settings_open open;

		if (settings_open_parse(firewall->open.items[i].v, &open) && !open.udp &&
		    open.from_text == NULL && open.first <= j->wish->ssh_port &&
		    j->wish->ssh_port <= open.last)
			return;
	}
	diag_error(
		j->findings, "up.ssh", nowhere(),
		arena_printf(j->findings->arena, "write machine: {firewall: {open: [%s]}}", word),
		"ssh on %s is at port %ld, which stead's firewall would close", j->wish->machine,
		j->wish->ssh_port);
}

/* Their own rules stay in force beside ours: a packet must be let through by both. */
static void judge_firewalls(const struct judging *j)
{
	const struct strings *firewalls = &j->machine->firewalls;

	for (size_t i = 0; i < firewalls->count; i++) {
		const char *name = firewalls->items[i],
			   *how = "switch it off: stead has a firewall";

		if (str_equal(name, "ufw"))
			how = "'ufw disable' switches it off: stead has a firewall, which lets in "
			      "ssh, HTTP and HTTPS";
		else if (str_equal(name, "firewalld"))
			how = "'systemctl disable --now firewalld' switches it off: stead has a "
			      "firewall, which lets in ssh, HTTP and HTTPS";
		diag_error(j->findings, "up.firewall", nowhere(), how,
		           "the firewall '%s' is active on %s: it keeps visitors out that stead's "
		           "own lets in, and may undo its rules",
		           name, j->wish->machine);
	}
}

/* --- whose it is --- */

static void judge_node(const struct judging *j)
{
	const struct inspect *m = j->machine;
	const struct settings *s = j->wish->settings;

	if (!m->has_stead)
		return;
	if (m->stead_error != NULL)
		diag_error(j->findings, "up.node", nowhere(),
		           "a newer stead may have made it: update stead on this computer",
		           "the node on %s cannot be read: %s", j->wish->machine, m->stead_error);
	else if (m->domain != NULL && !str_equal(m->domain, s->domain.v))
		diag_error(j->findings, "up.node", place(j, s->domain.at),
		           "one machine holds one node: take another machine, or 'stead destroy' "
		           "there "
		           "from its own folder",
		           "the node on %s is %s", j->wish->machine, m->domain);
	else if (m->lineage != NULL && j->wish->lineage != NULL &&
	         !str_equal(m->lineage, j->wish->lineage))
		diag_error(
			j->findings, "up.node", nowhere(),
			"use the folder it was made from, or make one from it with 'stead adopt'",
			"the node on %s is another %s: its lineage is not that of stead.lock",
			j->wish->machine, m->domain != NULL ? m->domain : "node");
	else if (m->app != NULL && !str_equal(m->app, s->app.v))
		diag_error(j->findings, "up.node", place(j, s->app.at),
		           "an application cannot be changed into another",
		           "the node on %s runs %s", j->wish->machine, m->app);
}

/* --- the engine --- */

static bool is_usable(const struct inspect_engine *engine)
{
	return engine != NULL && (!str_equal(engine->name, "podman") || engine->version == NULL ||
	                          inspect_major(engine->version) >= PODMAN_MIN);
}

/* What `engine: auto` is here: what the node has, else what is there, else what could be. */
static const char *engine_by_itself(const struct inspect *m)
{
	static const char *const names[] = { "podman", "docker" };
	const struct inspect_engines *const lists[] = { &m->engines, &m->installable };

	if (m->engine != NULL)
		return m->engine;
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < 2; i++)
			if (is_usable(inspect_engine(lists[l], names[i])))
				return names[i];
	return NULL;
}

static void no_engine(const struct judging *j, const char *name)
{
	const struct inspect_engine *there = inspect_engine(&j->machine->engines, name);
	struct span at = place(j, j->wish->settings->machine.engine.at);

	if (there != NULL)
		diag_error(j->findings, "up.engine", at,
		           "write machine: {engine: docker}, or take a newer release",
		           "podman %s on %s is too old: %d is needed", there->version,
		           j->wish->machine, PODMAN_MIN);
	else if (j->machine->immutable != NULL)
		diag_error(j->findings, "up.engine", at, "write the engine it has",
		           "%s has no %s, and none can be installed: %s", j->wish->machine, name,
		           j->machine->immutable);
	else
		diag_error(
			j->findings, "up.engine", at,
			"install podman 5 or later, or docker, by hand, then run 'stead up' again",
			"%s has no %s, and its distribution%s%s has none that would do",
			j->wish->machine, name, j->machine->os_name != NULL ? ", " : "",
			j->machine->os_name != NULL ? j->machine->os_name : "");
}

/* The node keeps the engine it was made with: containers and networks of one mean nothing to the
 * other. */
static bool may_have(const struct judging *j, const char *engine)
{
	if (j->machine->engine == NULL || str_equal(j->machine->engine, engine))
		return true;
	diag_error(j->findings, "up.engine", place(j, j->wish->settings->machine.engine.at),
	           arena_printf(j->findings->arena, "write machine: {engine: %s}, or leave it out",
	                        j->machine->engine),
	           "the node on %s was made with %s, and keeps it", j->wish->machine,
	           j->machine->engine);
	return false;
}

static void judge_tools(const struct judging *j, struct judge_verdict *ret)
{
	const struct value_text *guest_agent = &j->wish->settings->machine.guest_agent;
	const struct inspect *m = j->machine;
	bool no_nft = !inspect_has(&m->tools, "nft");
	bool no_guest_agent =
		str_equal(guest_agent->v, "qemu") && !inspect_has(&m->tools, "qemu-ga");

	if (no_nft && m->immutable != NULL)
		diag_error(j->findings, "up.tools", nowhere(), "take another image of the OS",
		           "%s has no nft, and it cannot be installed: %s", j->wish->machine,
		           m->immutable);
	else if (no_nft)
		*list_add(j->findings->arena, &ret->tools) = "nftables";
	if (no_guest_agent && m->immutable != NULL)
		diag_warning(j->findings, "up.guest-agent", place(j, guest_agent->at),
		             "leave it out: the host's power button works without it",
		             "%s has no qemu-ga, and it cannot be installed: %s", j->wish->machine,
		             m->immutable);
	else if (no_guest_agent)
		*list_add(j->findings->arena, &ret->tools) = "qemu-guest-agent";
}

static void judge_engine(const struct judging *j, struct judge_verdict *ret)
{
	const struct inspect *m = j->machine;
	const char *name = j->wish->settings->machine.engine.v;
	const struct inspect_engine *there, *possible;

	if (str_equal(name, "auto") && (name = engine_by_itself(m)) == NULL) {
		no_engine(j, inspect_engine(&m->engines, "podman") != NULL ? "podman"
		                                                           : "container engine");
		return;
	}
	there = inspect_engine(&m->engines, name);
	possible = inspect_engine(&m->installable, name);
	if (!may_have(j, name))
		return;
	if (!is_usable(there) && !is_usable(possible)) {
		no_engine(j, name);
		return;
	}
	*ret = (struct judge_verdict){ .engine = name,
		                       .install = !is_usable(there),
		                       .start = is_usable(there) && there->silent,
		                       .version = is_usable(there) ? there->version
		                                                   : possible->version };
	judge_tools(j, ret);
}

void judge(const struct inspect *machine, const struct judge_wish *wish, struct findings *findings,
           struct judge_verdict *ret)
{
	const struct judging j = { .machine = machine, .wish = wish, .findings = findings };

	*ret = (struct judge_verdict){ 0 };
	judge_node(&j);
	judge_system(&j);
	judge_size(&j);
	judge_swap(&j);
	judge_clock(&j);
	judge_ports(&j);
	judge_ssh(&j);
	judge_firewalls(&j);
	judge_engine(&j, ret);
}
