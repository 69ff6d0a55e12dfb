/* "tcp/9000", "udp/5000-5010", "tcp/9000 from 192.0.2.0/24": open ports of the machine itself. */
#include "settings/internal.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* Decimal without a leading zero; *s stands behind it then. */
static bool read_port(const char **s, unsigned *ret)
{
	unsigned long port = 0;
	const char *p = *s;

	if (*p < '1' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9' && port <= 65535; p++)
		port = port * 10 + (unsigned long)(*p - '0');
	*s = p;
	*ret = (unsigned)port;
	return port <= 65535;
}

bool settings_open_parse(const char *s, struct settings_open *ret)
{
	*ret = (struct settings_open){ .udp = str_starts(s, "udp/") };
	if (!ret->udp && !str_starts(s, "tcp/"))
		return false;
	s += strlen("tcp/");
	if (!read_port(&s, &ret->first))
		return false;
	ret->last = ret->first;
	if (*s == '-' && (s++, !read_port(&s, &ret->last)))
		return false;
	if (ret->last < ret->first)
		return false;
	if (*s == '\0')
		return true;
	if (!str_starts(s, " from "))
		return false;
	ret->from_text = s + strlen(" from ");
	return settings_address_parse(ret->from_text, &ret->from);
}

void settings_check_open(struct settings_checker *c, const struct value_text *item)
{
	struct settings_open open;

	if (!settings_open_parse(item->v, &open))
		diag_error(c->findings, "settings.value", item->at,
		           "like tcp/9000, udp/5000-5010 or \"tcp/9000 from 192.0.2.0/24\"",
		           "'%s' is not an open port", item->v);
	else if (open.from_text != NULL && open.from.bits == 0)
		diag_error(c->findings, "settings.value", item->at, "leave out 'from'",
		           "'%s' is from everywhere", item->v);
}
