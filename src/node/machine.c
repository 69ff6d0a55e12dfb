/* The machine: name, keys, ports, engine. */
#include "node/build.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* The kernel holds 64 characters (HOST_NAME_MAX); 63 also fit into one label. */
static struct node_text hostname_of(const struct build *b)
{
	enum { LONGEST = 63 };
	const struct value_text *given = &b->settings->machine.hostname;
	struct node_text name = b->node->web;

	if (given->v != NULL)
		return (struct node_text){ .v = given->v, .origin = origin_at(given->at) };
	if (strlen(name.v) > LONGEST) {
		name.v = arena_strndup(b->arena, name.v, strcspn(name.v, "."));
		name.origin.rule = "node.hostname";
	}
	return name;
}

/* What cannot be read has been reported with the settings. */
static void build_open(struct build *b)
{
	const struct value_list *open = &b->settings->machine.firewall.open;

	for (size_t i = 0; i < open->count; i++) {
		struct settings_open parsed;

		if (!settings_open_parse(open->items[i].v, &parsed))
			continue;
		*list_add(b->arena, &b->node->machine.open) = (struct node_open){
			.first = parsed.first,
			.last = parsed.last,
			.udp = parsed.udp,
			.from = parsed.from_text,
			.from_v6 = parsed.from.v6,
			.origin = origin_at(open->items[i].at),
		};
	}
}

static void build_users(struct build *b)
{
	const struct schema_array *users = &b->settings->machine.users;
	const struct settings_user *items = users->items;

	for (size_t i = 0; i < users->count; i++) {
		struct node_user *user;

		if (items[i].name.v == NULL)
			continue;
		user = list_add(b->arena, &b->node->machine.users);
		user->name = items[i].name.v;
		user->sudo = items[i].sudo.v;
		user->origin = origin_at(items[i].name.at);
		build_ssh_keys(b, &items[i].ssh_keys, &user->keys);
	}
}

static void build_sysctls(struct build *b)
{
	const struct value_pairs *pairs = &b->settings->machine.sysctls;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct value_pair *pair = &pairs->items[i];

		if (pair->value.v != NULL)
			*list_add(b->arena, &b->node->machine.sysctls) = (struct node_env){
				.name = pair->key,
				.value = { .v = pair->value.v, .origin = origin_at(pair->key_at) },
			};
	}
}

static void build_host_key(struct build *b)
{
	const struct secret *key = secrets_get(b->in->secrets, "ssh_host_ed25519_key");
	struct node_machine *machine = &b->node->machine;

	if (key == NULL)
		return; /* check/secrets.c says so */
	machine->ssh_host_key = (struct node_text){ .v = key->value,
		                                    .secret = true,
		                                    .origin = origin_rule("host.hostkey") };
	machine->ssh_host_key_public =
		(struct node_text){ .v = secret_ssh_public(b->arena, key->value),
		                    .origin = origin_rule("host.hostkey") };
	if (machine->ssh_host_key_public.v == NULL)
		diag_error(b->findings, "secrets.value", (struct span){ 0 },
		           "run 'stead init' in a new folder and copy the one made there",
		           "'ssh_host_ed25519_key' is not a private key of OpenSSH");
}

static const char *engine_of(struct build *b)
{
	const struct settings_machine *machine = &b->settings->machine;

	if (!str_equal(machine->engine.v, "auto"))
		return machine->engine.v;
	if (b->in->engine != NULL)
		return b->in->engine;
	return str_equal(machine->os.v, "flatcar") ? "docker" : "podman";
}

/* Where the data is. On fcos the system's disk has a name before Ignition runs, and its root can be
 * kept small; Flatcar's has none, and its root grows over the whole disk; a machine that was there
 * before has its disks parted as its owner wanted. */
static void build_data(struct build *b)
{
	const struct value_text *given = &b->settings->machine.data;
	struct node_machine *machine = &b->node->machine;
	bool is_auto = str_equal(given->v, "auto");
	const char *device = given->v;

	if (str_equal(given->v, "system") || (is_auto && !str_equal(machine->os, "fcos")))
		return;
	if (b->in->data_device != NULL)
		device = b->in->data_device;
	else if (is_auto)
		device = NODE_DATA_PARTITION;
	machine->data_partition = is_auto && b->in->data_device == NULL;
	machine->data_device = (struct node_text){ .v = device, .origin = origin_at(given->at) };
	if (b->in->data_device != NULL)
		machine->data_device.origin.rule = "node.vm-disk";
}

void build_machine(struct build *b)
{
	const struct settings_machine *from = &b->settings->machine;
	struct node_machine *machine = &b->node->machine;

	machine->size_bytes = from->size.given ? from->size.v : 0;
	machine->os = from->os.v;
	machine->engine = engine_of(b);
	machine->arch = from->arch.v;
	machine->hostname = hostname_of(b);
	machine->host = from->host.v;
	machine->lan_allowed = str_equal(from->firewall.lan.v, "allow");
	machine->lan_origin = origin_at(from->firewall.lan.at);
	machine->time_zone = (struct node_text){ .v = from->time_zone.v,
		                                 .origin = origin_at(from->time_zone.at) };
	build_data(b);
	machine->swap_bytes = from->swap_bytes;
	machine->swap_origin = origin_at(from->swap.at);
	build_ssh_keys(b, &from->ssh_keys, &machine->ssh_keys);
	build_users(b);
	build_interfaces(b);
	build_sysctls(b);
	build_open(b);
	build_host_key(b);
}
