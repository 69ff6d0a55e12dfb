/* The owner, the domain, the machine. */
#include "check/families.h"

#include <regex.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static bool matches_wholly(const char *pattern, const char *s)
{
	cleanup_arena struct arena *scratch = arena_new();
	regex_t regex;
	bool matches;

	if (regcomp(&regex, arena_printf(scratch, "^(%s)$", pattern), REG_EXTENDED | REG_NOSUB) !=
	    0)
		return false;
	matches = regexec(&regex, s, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

bool check_owner_name(const struct app *app, const char *name, struct span at,
                      struct findings *findings)
{
	const struct app_owner *rules = &app->owner;
	size_t errors = findings->errors;

	if (rules->pattern.v != NULL && !matches_wholly(rules->pattern.v, name))
		diag_error(findings, "names.owner", at, NULL,
		           "%s does not accept '%s' as an account name (it must match %s)",
		           app->name.v, name, rules->pattern.v);
	for (size_t i = 0; i < rules->reserved.count; i++) {
		if (strcasecmp(rules->reserved.items[i].v, name) == 0)
			diag_error(findings, "names.owner", at, "choose another name",
			           "%s keeps the account name '%s' for itself", app->name.v, name);
	}
	return findings->errors == errors;
}

static const char *last_label(const char *domain)
{
	const char *dot = strrchr(domain, '.');

	return dot != NULL ? dot + 1 : domain;
}

/* RFC 6761, RFC 6762, RFC 9476 and ICANN's .internal: nobody can prove to own such a name. */
static bool is_private_name(const char *domain)
{
	static const char *const labels[] = { "alt",   "example",   "internal", "invalid", "lan",
		                              "local", "localhost", "onion",    "test" };

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (str_equal(last_label(domain), labels[i]))
			return true;
	}
	return str_ends(domain, ".home.arpa");
}

static void check_domain(const struct node *node, const struct node_text *name,
                         struct findings *findings)
{
	const char *label = last_label(name->v);

	if (label[strspn(label, "0123456789")] == '\0')
		diag_error(findings, "names.domain", name->origin.span,
		           "handles need a name that DNS knows", "'%s' is an address, not a name",
		           name->v);
	else if (str_equal(node->tls.issuer, "acme") && is_private_name(name->v))
		diag_error(findings, "names.domain", name->origin.span,
		           "for a trial write 'tls: internal'",
		           "no public authority signs a certificate for '%s'", name->v);
}

static void check_web(const struct node *node, struct findings *findings)
{
	if (str_equal(node->web.v, node->domain.v) || node->app_definition->split_domain.v)
		return;
	diag_error(findings, "names.web", node->web.origin.span,
	           "leave 'web' out, or make it the domain",
	           "%s cannot serve handles of '%s' from another name", node->app, node->domain.v);
}

static void check_hostname(const struct node *node, struct findings *findings)
{
	enum { LONGEST = 63 };
	const struct node_text *name = &node->machine.hostname;

	if (strlen(name->v) > LONGEST)
		diag_error(findings, "names.hostname", name->origin.span, NULL,
		           "the machine's name is longer than %d characters", LONGEST);
}

CHECK_FAMILY(names)
{
	(void)inputs;
	(void)check_owner_name(node->app_definition, node->owner_name, node->owner_origin.span,
	                       findings);
	check_domain(node, &node->domain, findings);
	if (!str_equal(node->web.v, node->domain.v))
		check_domain(node, &node->web, findings);
	check_web(node, findings);
	check_hostname(node, findings);
}
