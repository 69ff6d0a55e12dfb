/* What the settings want of the machine, and what its system can do of it. */
#include "check/families.h"

#include "base/text.h"

enum { ALL_DAYS = 127, SWAP_TIMES_MAX = 4 };

static void note_as_is(struct findings *findings, const char *what, struct span at)
{
	if (at.source != NULL)
		diag_note(findings, "machine.as-is", at,
		          "it holds for 'os: flatcar' and 'os: fcos'", "with 'os: as-is' %s", what);
}

static void check_as_is(const struct node_inputs *inputs, struct findings *findings)
{
	const struct settings_machine *machine = &inputs->settings->machine;
	const struct settings_updates *updates = &inputs->settings->updates;

	if (machine->network.count > 0)
		note_as_is(findings, "the machine's network stays its owner's",
		           machine->network.at);
	if (machine->users.count > 0)
		note_as_is(findings, "the machine's accounts stay its owner's", machine->users.at);
	note_as_is(findings, "the system updates itself as its owner has set it up",
	           updates->os.at);
	note_as_is(findings, "the system updates itself as its owner has set it up",
	           updates->window.at);
}

static void check_guest_agent(const struct settings_machine *machine, struct findings *findings)
{
	if (str_equal(machine->guest_agent.v, "qemu") && str_equal(machine->os.v, "fcos"))
		diag_error(findings, "machine.guest-agent", machine->guest_agent.at,
		           "leave it out: the host's power button works without it",
		           "Fedora CoreOS has no guest agent, and installs nothing while it runs");
}

/* Without a key there is no way into the account: passwords are not set. */
static void check_users(const struct node *node, struct findings *findings)
{
	for (size_t i = 0; i < node->machine.users.count; i++) {
		const struct node_user *user = &node->machine.users.items[i];

		if (user->keys.count == 0)
			diag_warning(findings, "machine.user-key", user->origin.span,
			             "give it 'ssh_keys'", "nobody can sign in as '%s'",
			             user->name);
	}
}

/* Whoever has the address from DHCP has the name servers from there too. */
static void check_dns(const struct node *node, struct findings *findings)
{
	const struct node_gateway *way_out = NULL;

	for (size_t i = 0; i < node->machine.interfaces.count; i++) {
		const struct node_interface *interface = &node->machine.interfaces.items[i];

		if (interface->dns.count > 0)
			return;
		for (size_t k = 0; k < interface->gateways.count; k++)
			if (!interface->gateways.items[k].v6)
				way_out = &interface->gateways.items[k];
	}
	if (way_out != NULL)
		diag_warning(findings, "machine.dns", way_out->origin.span,
		             "write 'dns' beside the gateway",
		             "the machine has a way out, but no name server");
}

/* locksmithd(8) knows one day, or none: REBOOT_WINDOW_START. */
static void check_window(const struct node *node, struct findings *findings)
{
	unsigned days = node->updates.window.days;

	if (str_equal(node->machine.os, "flatcar") && node->updates.os && days != ALL_DAYS &&
	    (days & (days - 1)) != 0)
		diag_error(findings, "machine.window", node->updates.window_origin.span,
		           "write one day, or leave the days out",
		           "flatcar's window is on one day, or on every day");
}

/* What waits on the disk is a thousand times slower: nobody waits for a node that lives there. */
static void check_swap(const struct node *node, struct findings *findings)
{
	const struct node_machine *machine = &node->machine;

	if (machine->swap_bytes > machine->size_bytes * SWAP_TIMES_MAX)
		diag_warning(findings, "machine.swap", machine->swap_origin.span,
		             "a larger machine helps, more swap does not",
		             "the swap is more than %d times the machine's memory", SWAP_TIMES_MAX);
}

CHECK_FAMILY(machine)
{
	check_swap(node, findings);
	if (str_equal(node->machine.os, "as-is")) {
		check_as_is(inputs, findings);
		return;
	}
	check_guest_agent(&inputs->settings->machine, findings);
	check_users(node, findings);
	check_dns(node, findings);
	check_window(node, findings);
}
