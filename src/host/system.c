/*
 * The machine itself: host name, ssh, time zone, the admin user.
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

/* `core` exists on both systems and may become root; it only needs the keys. */
static void admin_user(struct host_context *host)
{
	const struct node_machine *machine = &host->node->machine;
	struct output_user *user;

	if (!made_by_us(host) || machine->ssh_keys.count == 0)
		return;
	user = list_add(host->set->arena, &host->set->users);
	user->name = "core";
	user->origin = machine->ssh_keys.items[0].origin;
	for (size_t i = 0; i < machine->ssh_keys.count; i++) {
		/* Ignition refuses a key that is there twice. */
		if (!key_known(&user->ssh_keys, machine->ssh_keys.items[i].line))
			*list_add(host->set->arena, &user->ssh_keys) =
				machine->ssh_keys.items[i].line;
	}
}

void host_system(struct host_context *host)
{
	hostname(host);
	host_key(host);
	time_zone(host);
	admin_user(host);
}
