/* The sentences behind the rules of stead. Sorted by name; a new rule is a new row. */
#include "node/node.h"

#include <stdlib.h>
#include <string.h>

struct rule {
	const char *name, *text;
};

static const struct rule rules[] = {
	{ "agent.clean", "an application is cleaned up at the times it names" },
	{ "agent.meet", "before it speaks, the node must meet itself at its own domain" },
	{ "agent.page", "until the proxy has port 80, a page there says what the node waits for" },
	{ "agent.plan", "the agent reads what to do from the plan, which holds no secret" },
	{ "agent.prepare", "directories, owners and images must be right before anything starts" },
	{ "agent.ready", "the node counts as ready when every process is healthy" },
	{ "agent.resume", "a change that was cut short goes on before anything else starts" },
	{ "agent.setup", "jobs of the first start run once, and are journaled" },
	{ "agent.space", "how full the disk is today tells when it will be full" },
	{ "agent.wait", "a process starts when those it comes after are healthy" },
	{ "firewall.addresses", "the addresses that are special, as sets" },
	{ "firewall.between", "one network of containers does not reach another" },
	{ "firewall.dhcp", "the machine may get its address by DHCP" },
	{ "firewall.direct", "from outside, a container is reached by its published ports only" },
	{ "firewall.forward", "containers reach neither private addresses nor metadata services" },
	{ "firewall.guests", "of the machine itself, containers reach its name server only" },
	{ "firewall.input", "only ssh and the site are open to the world" },
	{ "firewall.metadata",
	  "metadata services of providers give out credentials: containers do not reach them" },
	{ "firewall.names",
	  "containers of docker ask the machine's name servers themselves, and those "
	  "may have private addresses" },
	{ "firewall.quarantine", "no connection from a container leaves the machine" },
	{ "firewall.same-network", "containers on one network reach each other" },
	{ "firewall.service", "the firewall is loaded before the network comes up" },
	{ "firewall.ssh", "the machine can be administered" },
	{ "firewall.table", "stead has a table of its own and replaces it in one transaction" },
	{ "graph.form", "how the picture is laid out" },
	{ "host.agent", "the agent is one static program" },
	{ "host.banner", "who made the file, so that nobody edits it by hand" },
	{ "host.config", "configuration is mounted read-only, as a directory" },
	{ "host.disk", "the data has a file system of its own, which outlives the system's disk" },
	{ "host.docker",
	  "docker hands on connections over IPv6 too, and shows the client's own address" },
	{ "host.engine", "the engine of the node runs the containers" },
	{ "host.env", "variables made from secrets lie in a file that only root reads" },
	{ "host.hardening", "no capabilities, no new privileges, a read-only root: what a process "
	                    "does not need it does not get" },
	{ "host.hostkey", "the host key is known beforehand, so ssh never asks in the blind" },
	{ "host.image", "images are pulled by prepare, never while a unit starts" },
	{ "host.kept", "the node keeps what it was made from: another computer can adopt it" },
	{ "host.limits", "memory and process limits keep one process from starving the others" },
	{ "host.log", "what processes print goes to the journal" },
	{ "host.maintenance",
	  "the application stays down while the maintenance flag is there, also after a restart" },
	{ "host.mirror", "images come from the registry that the settings name" },
	{ "host.network", "processes meet on networks with fixed names and addresses" },
	{ "host.order", "what comes after what: the engine, prepare, data, set-up, application" },
	{ "host.restart", "nothing gives up: what fails is tried again with a growing pause" },
	{ "host.secrets", "secrets lie below /etc/stead/secrets, readable by their owner only" },
	{ "host.swap", "memory that is not needed at once may wait on the disk" },
	{ "host.target", "targets uphold their units: one failed start is not for ever" },
	{ "host.unit", "units are named after their process" },
	{ "ignition.overwrite", "Ignition may run twice, so every file may be written again" },
	{ "network.automatic", "a kind of address that the settings do not give comes by itself, "
	                       "the other one does not" },
	{ "node.default", "the default" },
	{ "node.hostname", "a name longer than 63 characters is cut at its first dot" },
	{ "node.mirror", "the reference goes through the mirror of 'images.mirror'" },
	{ "node.network-ext", "the network with a way out: what talks to other servers" },
	{ "node.network-int", "the network without a way out: what only this node talks to" },
	{ "node.trial", "a machine for trials speaks to nobody: another node may own the domain" },
	{ "node.update", "the tag is the newer one that 'stead lock --update' took; it stands in "
	                 "stead.lock" },
	{ "node.vm-disk", "a VM has a disk of its own for the data, whatever the settings name" },
	{ "proxy.admin", "the proxy's admin endpoint is a socket that nothing else can reach" },
	{ "proxy.bucket", "files of a bucket are read by everybody and trusted by nobody" },
	{ "proxy.config", "the proxy's configuration is mounted read-only, as a directory" },
	{ "proxy.data", "certificates and the internal authority's key are precious" },
	{ "proxy.encode", "answers are compressed for clients that can read it" },
	{ "proxy.errors", "when a process does not answer, visitors are told to come back" },
	{ "proxy.global", "one proxy serves every name of the node" },
	{ "proxy.headers", "browsers are told to come back over TLS only" },
	{ "proxy.health", "the proxy is up when it takes connections on its port" },
	{ "proxy.page", "the page and the nonce of the agent stay to be had on port 80" },
	{ "proxy.port-80", "on port 80 there is nothing but the way to the site" },
	{ "proxy.ports", "the proxy is the only process with ports of the machine" },
	{ "proxy.process", "stead puts Caddy in front of every application" },
	{ "proxy.route", "the longest path that fits decides which process answers" },
	{ "proxy.site", "the site is served at its own name only" },
	{ "proxy.trusted", "only the proxies in the settings are believed about the client" },
};

static int compare_rule(const void *key, const void *member)
{
	return strcmp(key, ((const struct rule *)member)->name);
}

const char *node_rule_text(const char *rule)
{
	const struct rule *found = NULL;

	if (rule != NULL)
		found = bsearch(rule, rules, sizeof(rules) / sizeof(rules[0]), sizeof(rules[0]),
		                compare_rule);
	return found != NULL ? found->text : NULL;
}

const char *node_rule_name(size_t index)
{
	return index < sizeof(rules) / sizeof(rules[0]) ? rules[index].name : NULL;
}

struct origin origin_rule(const char *rule)
{
	return (struct origin){ .rule = rule };
}

struct origin origin_at(struct span span)
{
	return (struct origin){ .span = span, .rule = span.source == NULL ? "node.default" : NULL };
}
