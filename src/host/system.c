/*
 * The machine itself: host name, ssh, time zone, users, parameters of the kernel.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

#include <string.h>

#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key"

/* False for a machine that was there before: its name, its keys and its users are its owner's. */
static bool made_by_us(const struct host_context *host)
{
	return !str_equal(host->node->machine.os, "as-is");
}

static void hostname(struct host_context *host)
{
	const struct node_text *name = &host->node->machine.hostname;
	struct output *file;

	if (name->v == NULL || !made_by_us(host))
		return;
	file = output_file(host->set, "/etc/hostname", 0644, 0, name->origin);
	output_line(file, name->origin, "%s", name->v);
}

/* The host key is made by `stead init`, so that ssh knows the machine before it exists. */
static void host_key(struct host_context *host)
{
	const struct node_machine *machine = &host->node->machine;
	struct output *file;

	if (machine->ssh_host_key.v == NULL || !made_by_us(host))
		return;
	file = output_file(host->set, HOST_KEY, 0600, OUTPUT_SECRET, machine->ssh_host_key.origin);
	output_text(file, machine->ssh_host_key.origin, machine->ssh_host_key.v);
	if (machine->ssh_host_key_public.v == NULL)
		return;
	file = output_file(host->set, HOST_KEY ".pub", 0644, 0,
	                   machine->ssh_host_key_public.origin);
	output_text(file, machine->ssh_host_key_public.origin, machine->ssh_host_key_public.v);
}

/* What tzfile names look like; anything else could leave the directory. */
static bool zone_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-/";

	return s[0] != '\0' && s[0] != '/' && s[strspn(s, allowed)] == '\0' &&
	       strstr(s, "//") == NULL && !str_ends(s, "/");
}

static void time_zone(struct host_context *host)
{
	const struct node_text *zone = &host->node->machine.time_zone;

	bool written = zone->origin.span.source != NULL;

	/* New machines have UTC; one that exists has whatever its owner chose. */
	if (zone->v == NULL || (made_by_us(host) ? str_equal(zone->v, "UTC") : !written))
		return;
	if (!zone_name(zone->v)) {
		host_error(host, "host.time-zone", zone->origin, "write it like Europe/Berlin",
		           "'%s' is not the name of a time zone", zone->v);
		return;
	}
	output_link(host->set, "/etc/localtime",
	            arena_printf(host->set->arena, "../usr/share/zoneinfo/%s", zone->v),
	            zone->origin);
}

static bool key_known(const struct strings *keys, const char *line)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (str_equal(keys->items[i], line))
			return true;
	}
	return false;
}

static void add_user(struct host_context *host, const char *name, const struct node_keys *keys,
                     struct origin origin)
{
	struct output_user *user = list_add(host->set->arena, &host->set->users);

	user->name = name;
	user->origin = origin;
	for (size_t i = 0; i < keys->count; i++) {
		/* Ignition refuses a key that is there twice. */
		if (!key_known(&user->ssh_keys, keys->items[i].line))
			*list_add(host->set->arena, &user->ssh_keys) = keys->items[i].line;
	}
}

/* Accounts have no password, so sudo cannot ask for one. No groups: that of docker is as good as
 * root's. */
static void sudoers(struct host_context *host)
{
	const struct node_machine *machine = &host->node->machine;
	struct output *file = NULL;

	for (size_t i = 0; i < machine->users.count; i++) {
		const struct node_user *user = &machine->users.items[i];

		if (!user->sudo)
			continue;
		if (file == NULL) {
			file = output_file(host->set, "/etc/sudoers.d/stead-users", 0440, 0,
			                   user->origin);
			host_banner(file, "#");
		}
		output_line(file, user->origin, "%s ALL=(ALL) NOPASSWD: ALL", user->name);
	}
}

/* `core` exists on both systems and may become root; it only needs the keys. */
static void users(struct host_context *host)
{
	const struct node_machine *machine = &host->node->machine;

	if (!made_by_us(host))
		return;
	if (machine->ssh_keys.count > 0)
		add_user(host, "core", &machine->ssh_keys, machine->ssh_keys.items[0].origin);
	for (size_t i = 0; i < machine->users.count; i++)
		add_user(host, machine->users.items[i].name, &machine->users.items[i].keys,
		         machine->users.items[i].origin);
	sudoers(host);
}

static void sysctls(struct host_context *host)
{
	const struct node_envs *sysctls = &host->node->machine.sysctls;
	struct output *file;

	if (sysctls->count == 0)
		return;
	file = output_file(host->set, HOST_SYSCTL_PATH, 0644, 0, sysctls->items[0].value.origin);
	host_banner(file, "#");
	for (size_t i = 0; i < sysctls->count; i++)
		output_line(file, sysctls->items[i].value.origin, "%s = %s", sysctls->items[i].name,
		            sysctls->items[i].value.v);
}

void host_system(struct host_context *host)
{
	hostname(host);
	host_key(host);
	time_zone(host);
	users(host);
	sysctls(host);
	host_network(host);
	host_updates(host);
}
