/* machine.sysctls: parameters of the kernel. */
#include "settings/internal.h"

#include <string.h>

#include "base/text.h"

enum { VALUE_MAX = 200 };

/* sysctl.d(5): parts with '.' or with '/' between them. */
static bool is_name(const char *s)
{
	static const char *const trees[] = { "abi", "dev", "fs", "kernel", "net", "user", "vm" };
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-./";
	size_t len = strcspn(s, "./");
	bool known = false;

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		known |= strlen(trees[i]) == len && strncmp(s, trees[i], len) == 0;
	return known && s[len] != '\0' && s[len + 1] != '\0' && strlen(s) < VALUE_MAX &&
	       s[strspn(s, allowed)] == '\0' && strstr(s, "..") == NULL &&
	       strstr(s, "//") == NULL && strstr(s, "./") == NULL && strstr(s, "/.") == NULL;
}

static bool is_value(const char *s)
{
	if (s[0] == '\0' || strlen(s) > VALUE_MAX)
		return false;
	for (; *s != '\0'; s++)
		if ((*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

/* What the containers' networks live on. */
static bool breaks_networks(const char *name, const char *value)
{
	static const struct {
		const char *name, *value;
	} needed[] = {
		{ "net.ipv4.ip_forward", "0" },
		{ "net.ipv4.conf.all.forwarding", "0" },
		{ "net.ipv6.conf.all.forwarding", "0" },
		{ "net.ipv6.conf.all.disable_ipv6", "1" },
		{ "net.ipv6.conf.default.disable_ipv6", "1" },
		{ "user.max_net_namespaces", "0" },
	};
	char dotted[VALUE_MAX];

	for (size_t i = 0; i <= strlen(name); i++)
		dotted[i] = name[i] == '/' ? '.' : name[i];
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (str_equal(dotted, needed[i].name) && str_equal(value, needed[i].value))
			return true;
	return false;
}

void settings_check_sysctls(struct settings_checker *c, const struct value_pairs *sysctls)
{
	for (size_t i = 0; i < sysctls->count; i++) {
		const struct value_pair *pair = &sysctls->items[i];

		if (!is_name(pair->key))
			diag_error(c->findings, "settings.value", pair->key_at,
			           "like vm.swappiness",
			           "'%s' is not the name of a kernel parameter", pair->key);
		else if (pair->value.v == NULL || !is_value(pair->value.v))
			diag_error(c->findings, "settings.value",
			           pair->value.v != NULL ? pair->value.at : pair->key_at, NULL,
			           "'machine.sysctls.%s' is not one line with a value", pair->key);
		else if (breaks_networks(pair->key, pair->value.v))
			diag_error(c->findings, "settings.value", pair->value.at, NULL,
			           "with '%s' at %s containers would have no network", pair->key,
			           pair->value.v);
	}
}
