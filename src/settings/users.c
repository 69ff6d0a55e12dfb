/* machine.users: more accounts. */
#include "settings/internal.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { LONGEST = 32 }; /* useradd(8) */

/* What images have already, or give a meaning of its own. */
static const char *const taken[] = {
	"adm",     "bin",     "chrony",   "clevis", "core",     "daemon",   "dbus",    "dnsmasq",
	"docker",  "etcd",    "ftp",      "games",  "halt",     "lp",       "mail",    "messagebus",
	"news",    "nobody",  "ntp",      "polkit", "operator", "polkitd",  "root",    "rpc",
	"rpcuser", "shadow",  "shutdown", "sshd",   "sssd",     "sudo",     "sync",    "tcpdump",
	"tss",     "unbound", "utmp",     "uucp",   "wheel",    "www-data", "zincati",
};

void settings_check_users(struct settings_checker *c, const struct schema_array *users)
{
	const struct settings_user *items = users->items;

	for (size_t i = 0; i < users->count; i++) {
		const char *name = items[i].name.v;
		bool is_taken;

		if (name == NULL)
			continue; /* the schema has said so */
		is_taken = str_starts(name, "systemd-") || str_starts(name, "stead-");
		for (size_t k = 0; k < sizeof(taken) / sizeof(taken[0]); k++)
			is_taken |= str_equal(name, taken[k]);
		if (strlen(name) > LONGEST)
			diag_error(c->findings, "settings.value", items[i].name.at, NULL,
			           "account name '%s' is longer than %d characters", name, LONGEST);
		else if (is_taken)
			diag_error(c->findings, "settings.value", items[i].name.at,
			           str_equal(name, "core") ? "its keys are 'machine.ssh_keys'"
			                                   : "choose another name",
			           "the system has an account '%s' already", name);
		settings_check_keys(c, &items[i].ssh_keys,
		                    arena_printf(c->arena, "machine.users.%s.ssh_keys", name));
	}
}
