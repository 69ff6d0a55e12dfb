/* The owner, the domain, the machine. */
#include "check/families.h"

#include <libpsl.h>
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

/* Publicsuffix.org's list, as it was when libpsl was built: below its names everybody can have one
 * of their own. Names that end like nothing in it may still be newer than the list. */
static void check_suffix(const struct node *node, const struct node_text *name,
                         struct findings *findings)
{
	const psl_ctx_t *list = psl_builtin();
	const char *label = last_label(name->v);

	if (psl_is_public_suffix2(list, name->v, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE))
		diag_error(findings, "names.suffix", name->origin.span,
		           "the domain is what you registered below it",
		           "'%s' is a public suffix: names are registered below it, it can never "
		           "be yours",
		           name->v);
	else if (str_equal(node->tls.issuer, "acme") &&
	         !psl_is_public_suffix2(list, label, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE))
		diag_warning(findings, "names.top-level", name->origin.span,
		             "is it spelled right? A new one may be missing from the list",
		             "'%s' ends in '.%s', which is no known top-level domain", name->v,
		             label);
}

/* Other people may see 'xn--…' or what it stands for: the owner must have seen both. */
static void check_script(const struct node_text *name, struct findings *findings)
{
	cleanup_arena struct arena *scratch = arena_new();
	const char *unicode = domain_to_unicode(scratch, name->v);

	if (unicode == NULL)
		diag_error(findings, "names.punycode", name->origin.span, NULL,
		           "a part of '%s' that begins with 'xn--' stands for no text", name->v);
	else if (!str_equal(unicode, name->v))
		diag_note(findings, "names.unicode", name->origin.span, NULL,
		          "people read '%s' as '%s'", name->v, unicode);
}

static void check_domain(const struct node *node, const struct node_text *name,
                         struct findings *findings)
{
	check_script(name, findings);
	if (!is_private_name(name->v))
		check_suffix(node, name, findings);
	else if (str_equal(node->tls.issuer, "acme"))
		diag_error(findings, "names.domain", name->origin.span,
		           "for a trial write 'tls: internal'",
		           "no public authority signs a certificate for '%s'", name->v);
}

/* The files' host, when the node serves it. */
static void check_bucket(const struct node *node, struct findings *findings)
{
	for (size_t i = 0; i < node->routes.count; i++) {
		const struct node_route *route = &node->routes.items[i];

		if (route->bucket != NULL)
			check_domain(
				node,
				&(struct node_text){ .v = route->host, .origin = route->origin },
				findings);
	}
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
	check_bucket(node, findings);
	check_web(node, findings);
	check_hostname(node, findings);
}
