/*
 * The units that are not containers. Upholds= and waiting inside the agent replace Requires=: what
 * requires a one-shot that failed once stays dead for ever (docs/ARCHITECTURE.md, "On the
 * machine").
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <string.h>

static struct output *unit(struct host_context *host, const char *name, const char *rule)
{
	char *path = arena_printf(host->set->arena, "/etc/systemd/system/%s", name);
	struct output *file = output_file(host->set, path, 0644, OUTPUT_UNIT, origin_rule(rule));

	host_banner(file, "#");
	return file;
}

static void lines(struct output *file, const char *rule, const char *const *texts)
{
	for (size_t i = 0; texts[i] != NULL; i++)
		output_line(file, origin_rule(rule), "%s", texts[i]);
}

#define LINES(file, rule, ...) lines((file), (rule), (const char *const[]){ __VA_ARGS__, NULL })

/* One line "KEY=unit unit …" with the units of a group's processes. */
static void group_line(struct host_context *host, struct output *file, const char *rule,
                       const char *key, enum node_group group)
{
	const struct node *node = host->node;
	struct text text;

	text_init(&text, host->set->arena);
	for (size_t i = 0; i < node->processes.count; i++) {
		const struct node_process *process = node->processes.items[i];

		if (process->group != group)
			continue;
		text_addf(&text, "%sstead-%s.service", text.len > 0 ? " " : "", process->name);
	}
	if (text.len > 0)
		output_line(file, origin_rule(rule), "%s=%s", key, text.data);
}

/* A target that is reached at once: with the default dependencies it would come after everything it
 * upholds, and could not uphold it before. */
static struct output *target(struct host_context *host, const char *name, const char *description)
{
	struct output *file = unit(host, name, "host.target");

	output_line(file, origin_rule("host.target"), "[Unit]");
	output_line(file, origin_rule("host.target"), "Description=%s", description);
	LINES(file, "host.target", "DefaultDependencies=no", "Conflicts=shutdown.target",
	      "Before=shutdown.target");
	return file;
}

static void targets(struct host_context *host)
{
	struct output *file;

	file = target(host, "stead.target", "stead: the whole node");
	LINES(file, "host.target",
	      "Upholds=stead-page.service stead-prepare.service stead-setup.service");
	if (host->node->reach == NODE_REACH_CHECKED)
		output_line(file, host->node->reach_origin, "Upholds=stead-meet.service");
	/* Targets cannot fail. Upholding them would undo `systemctl stop stead-app.target`, and try
	 * all the time to start what maintenance holds back. */
	LINES(file, "host.target", "Wants=stead-data.target stead-app.target");
	LINES(file, "host.target", "", "[Install]", "WantedBy=multi-user.target");
	output_unit(host->set, "stead.target", true, false, origin_rule("host.target"));

	file = target(host, "stead-data.target", "stead: data services");
	LINES(file, "host.target", "PartOf=stead.target");
	group_line(host, file, "host.target", "Upholds", NODE_GROUP_DATA);

	file = target(host, "stead-app.target", "stead: processes of the application");
	LINES(file, "host.target", "PartOf=stead.target");
	LINES(file, "host.maintenance", HOST_MAINTENANCE);
	group_line(host, file, "host.target", "Upholds", NODE_GROUP_APP);
	LINES(file, "host.target", "Upholds=stead-ready.service");
}

/* As Fedora's own nftables.service: before any network, and tried again when it failed. */
void host_firewall_service(struct host_context *host)
{
	struct output *file = unit(host, "stead-firewall.service", "firewall.service");

	LINES(file, "firewall.service", "[Unit]", "Description=stead: firewall",
	      "DefaultDependencies=no", "Wants=network-pre.target",
	      "Before=network-pre.target shutdown.target", "Conflicts=shutdown.target",
	      "RequiresMountsFor=/etc/stead", "StartLimitIntervalSec=0", "", "[Service]",
	      "Type=oneshot", "RemainAfterExit=yes",
	      "ExecStart=/usr/sbin/nft -f " HOST_FIREWALL_PATH,
	      "ExecReload=/usr/sbin/nft -f " HOST_FIREWALL_PATH, "Restart=on-failure",
	      "RestartSec=2", "", "[Install]", "WantedBy=sysinit.target");
	output_unit(host->set, "stead-firewall.service", true, false,
	            origin_rule("firewall.service"));
}

/* RULE: why this unit is there, for all of its lines that have no reason of their own. */
static struct output *agent_unit(struct host_context *host, const char *rule, const char *verb,
                                 const char *description)
{
	char *name = arena_printf(host->set->arena, "stead-%s.service", verb);
	struct output *file = unit(host, name, rule);

	output_line(file, origin_rule(rule), "[Unit]");
	output_line(file, origin_rule(rule), "Description=%s", description);
	LINES(file, "host.order", "Wants=network-online.target",
	      "After=network-online.target stead-firewall.service");
	host_after_daemon(host, file);
	LINES(file, "host.restart", "StartLimitIntervalSec=0");
	return file;
}

static void agent_service(struct host_context *host, struct output *file, const char *rule,
                          const char *verb)
{
	LINES(file, rule, "", "[Service]", "Type=oneshot", "RemainAfterExit=yes");
	output_line(file, origin_rule(rule), "ExecStart=%s %s", host_agent_path(host->node), verb);
	LINES(file, "host.restart", "TimeoutStartSec=infinity", "Restart=on-failure",
	      "RestartSec=10");
}

/* Port 80 until the proxy has it. When it changes hands, and back, is agreed between `page` and
 * `wait`: systemd's Conflicts= would stop the page before the proxy has begun to wait. */
static void page(struct host_context *host)
{
	struct output *file = unit(host, "stead-page.service", "agent.page");

	LINES(file, "agent.page", "[Unit]", "Description=stead: what the node waits for, as a page",
	      "After=stead-firewall.service");
	LINES(file, "host.target", "PartOf=stead.target");
	LINES(file, "host.restart", "StartLimitIntervalSec=0");
	LINES(file, "agent.page", "", "[Service]", "Type=simple");
	output_line(file, origin_rule("agent.page"), "ExecStart=%s page",
	            host_agent_path(host->node));
	LINES(file, "host.restart", "Restart=always", "RestartSec=2");
}

static void meet(struct host_context *host)
{
	struct output *file;

	if (host->node->reach != NODE_REACH_CHECKED)
		return;
	file = agent_unit(host, "agent.meet", "meet", "stead: is the domain this node's?");
	LINES(file, "host.target", "PartOf=stead.target");
	LINES(file, "host.order", "After=stead-page.service");
	agent_service(host, file, "agent.meet", "meet");
}

/* At boot, before anything of stead. Not wanted by stead.target: `apply` starts that one while its
 * own journal is there. */
static void resume(struct host_context *host)
{
	struct output *file = unit(host, "stead-resume.service", "agent.resume");

	LINES(file, "agent.resume", "[Unit]",
	      "Description=stead: go on with a change that was cut short",
	      "ConditionPathExists=/var/lib/stead/state/apply/journal.json",
	      "RequiresMountsFor=/etc/stead /var/lib/stead",
	      "Before=stead-page.service stead-prepare.service stead-data.target "
	      "stead-app.target");
	LINES(file, "host.restart", "StartLimitIntervalSec=0");
	LINES(file, "agent.resume", "", "[Service]", "Type=oneshot");
	output_line(file, origin_rule("agent.resume"), "ExecStart=%s resume",
	            host_agent_path(host->node));
	LINES(file, "host.restart", "TimeoutStartSec=infinity", "Restart=on-failure",
	      "RestartSec=10");
	LINES(file, "agent.resume", "", "[Install]", "WantedBy=multi-user.target");
	output_unit(host->set, "stead-resume.service", true, false, origin_rule("agent.resume"));
}

/* How full the disk is, once a day: from that the agent knows when it will be full. Not
 * Persistent=, whose stamp would stay behind a node that is destroyed. */
static void space(struct host_context *host)
{
	struct output *file = unit(host, "stead-space.service", "agent.space");

	LINES(file, "agent.space", "[Unit]", "Description=stead: how full the disk is",
	      "RequiresMountsFor=/etc/stead /var/lib/stead", "", "[Service]", "Type=oneshot");
	output_line(file, origin_rule("agent.space"), "ExecStart=%s space --note",
	            host_agent_path(host->node));

	file = unit(host, "stead-space.timer", "agent.space");
	LINES(file, "agent.space", "[Unit]", "Description=stead: how full the disk is, every day",
	      "", "[Timer]", "OnBootSec=15min", "OnCalendar=daily", "RandomizedDelaySec=1h", "",
	      "[Install]", "WantedBy=timers.target");
	output_unit(host->set, "stead-space.timer", true, false, origin_rule("agent.space"));
}

/* Only while the node is ready: a change or maintenance stops it, and its next time comes. */
static void clean_up(struct host_context *host, const struct node_job *job)
{
	struct arena *arena = host->set->arena;
	char *timer = arena_printf(arena, "stead-clean-%s.timer", job->name);
	struct output *file =
		unit(host, arena_printf(arena, "stead-clean-%s.service", job->name), "agent.clean");

	output_line(file, job->origin, "[Unit]");
	output_line(file, job->origin, "Description=stead: %s, which cleans up", job->name);
	LINES(file, "agent.clean", "Requisite=stead-ready.service", "After=stead-ready.service",
	      "PartOf=stead-app.target", "", "[Service]", "Type=oneshot");
	output_line(file, job->origin, "ExecStart=%s clean %s", host_agent_path(host->node),
	            job->name);
	output_line(file, job->origin, "ExecStopPost=-%s clean --end %s",
	            host_agent_path(host->node), job->name);

	file = unit(host, timer, "agent.clean");
	output_line(file, job->origin, "[Unit]");
	output_line(file, job->origin, "Description=stead: when %s cleans up", job->name);
	LINES(file, "agent.clean", "", "[Timer]");
	output_line(file, job->origin, "OnCalendar=%s", job->calendar);
	LINES(file, "agent.clean", "", "[Install]", "WantedBy=timers.target");
	output_unit(host->set, timer, true, false, job->origin);
}

static void clean_ups(struct host_context *host)
{
	for (size_t i = 0; i < host->node->jobs.count; i++)
		if (host->node->jobs.items[i]->calendar != NULL)
			clean_up(host, host->node->jobs.items[i]);
}

static void agent_units(struct host_context *host)
{
	struct output *file;

	file = agent_unit(host, "agent.prepare", "prepare", "stead: directories, owners, images");
	LINES(file, "host.target", "PartOf=stead.target");
	agent_service(host, file, "agent.prepare", "prepare");

	file = agent_unit(host, "agent.setup", "setup", "stead: first set-up");
	LINES(file, "host.target", "PartOf=stead.target");
	LINES(file, "host.order", "After=stead-prepare.service");
	group_line(host, file, "host.order", "After", NODE_GROUP_DATA);
	agent_service(host, file, "agent.setup", "setup");

	file = agent_unit(host, "agent.ready", "ready", "stead: all is up");
	LINES(file, "host.target", "PartOf=stead-app.target");
	LINES(file, "host.maintenance", HOST_MAINTENANCE);
	LINES(file, "host.order", "After=stead-prepare.service stead-setup.service");
	group_line(host, file, "host.order", "After", NODE_GROUP_DATA);
	group_line(host, file, "host.order", "After", NODE_GROUP_APP);
	agent_service(host, file, "agent.ready", "ready");
}

void host_units(struct host_context *host)
{
	targets(host);
	page(host);
	meet(host);
	resume(host);
	space(host);
	clean_ups(host);
	agent_units(host);
}
