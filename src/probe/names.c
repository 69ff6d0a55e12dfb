/*
 * What DNS says of the settings' names, asked from those who are to answer for them.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "probe/fetch.h"
#include "probe/online.h"
#include "remote/destination.h"

enum { DNS_MS = 25 * 1000 };

#define REGISTERED "is it spelled right, registered and not expired?"

static void lookup(struct probe *probe, const char *name, enum dns_type type,
                   struct dns_result *ret)
{
	dns_lookup(probe->arena, &probe->online->dns, name, type, DNS_MS, ret);
}

/* --- domain --- */

static void judge_server(struct probe *probe, const char *zone, const struct dns_server *server)
{
	static const char hint[] =
		"who serves only some of the time loses mail and followers: have it "
		"put right, or taken out, where the domain is registered";
	struct span at = probe->online->settings->domain.at;

	if (server->state == DNS_SERVER_LAME)
		diag_warning(&probe->findings, "dns.lame", at, hint,
		             "the name server %s (%s) knows nothing about %s", server->name,
		             server->address, zone);
	else if (server->state == DNS_SERVER_NO_ADDRESS)
		diag_warning(&probe->findings, "dns.homeless", at, hint,
		             "%s, a name server of %s, has no address", server->name, zone);
	else if (server->state == DNS_SERVER_SILENT && probe_has_route(server->address))
		diag_warning(&probe->findings, "dns.silent", at, hint,
		             "the name server %s (%s) of %s does not answer", server->name,
		             server->address, zone);
}

void probe_delegation(struct probe *probe)
{
	const struct value_text *domain = &probe->online->settings->domain;
	struct strings answering = { 0 };
	struct dns_delegation found;

	dns_delegation(probe->arena, &probe->online->dns, domain->v, DNS_MS, &found);
	if (found.answer == DNS_NO_DOMAIN) {
		diag_error(&probe->findings, "dns.no-domain", domain->at, REGISTERED, "%s",
		           found.why);
		return;
	}
	if (found.answer != DNS_FOUND) {
		diag_warning(&probe->findings, "dns.unknown", domain->at, NULL, "%s", found.why);
		return;
	}
	for (size_t i = 0; i < found.servers.count; i++) {
		const struct dns_server *server = &found.servers.items[i];

		judge_server(probe, found.zone, server);
		if (server->state == DNS_SERVER_ANSWERS && !strings_have(&answering, server->name))
			*list_add(probe->arena, &answering) = server->name;
	}
	if (answering.count == 0 && found.cut)
		diag_warning(&probe->findings, "dns.unknown", domain->at, NULL,
		             "the name servers of %s take too long to answer", found.zone);
	else if (answering.count == 0)
		diag_error(&probe->findings, "dns.dead", domain->at,
		           "set them up, or name others where the domain is registered",
		           "none of the name servers of %s answers for it", found.zone);
	else
		probe_saw(probe, "%s%s%s is answered for by %s", domain->v,
		          str_equal(found.zone, domain->v) ? "" : " lies in ",
		          str_equal(found.zone, domain->v) ? "" : found.zone,
		          strings_join(probe->arena, &answering, ", "));
}

/* --- address --- */

/* As everybody writes it; NULL: it is a name. */
static const char *address_text(struct arena *arena, const char *host)
{
	int family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	return inet_pton(family, host, &address) == 1 &&
	                       inet_ntop(family, &address, text, sizeof(text)) != NULL
	               ? arena_strdup(arena, text)
	               : NULL;
}

/* What the settings say of the machine's address; NULL: nothing. */
static const char *machine_address(struct probe *probe)
{
	const char *host = probe->online->settings->machine.host.v, *error;
	struct destination to;

	return host != NULL && destination_parse(probe->arena, host, &to, &error) == 0
	               ? address_text(probe->arena, to.host)
	               : NULL;
}

static void judge_addresses(struct probe *probe, const struct value_text *web,
                            const struct strings *addresses, const char *waits)
{
	const char *machine = machine_address(probe);
	bool v4 = false, here = machine == NULL;

	for (size_t i = 0; i < addresses->count; i++) {
		const char *address = addresses->items[i];

		v4 |= strchr(address, ':') == NULL;
		here |= machine != NULL &&
		        (str_equal(address, machine) ||
		         (strchr(address, ':') != NULL) != (strchr(machine, ':') != NULL));
		if (probe_is_private(address))
			diag_warning(
				&probe->findings, "dns.private", web->at,
				"other servers cannot reach it there; nor can an authority that "
				"issues certificates",
				"%s leads to %s, a private address", web->v, address);
	}
	if (!v4)
		diag_note(&probe->findings, "dns.no-ipv4", web->at,
		          "servers without IPv6 cannot reach it", "%s has no IPv4 address", web->v);
	if (!here)
		diag_warning(&probe->findings, "dns.other-machine", web->at,
		             arena_printf(probe->arena, "%s until it leads to %s", waits, machine),
		             "%s leads to %s, and machine.host is %s", web->v,
		             strings_join(probe->arena, addresses, ", "), machine);
}

/* An address that is not there; one finding for each reason. */
static void judge_no_address(struct probe *probe, const struct value_text *name, const char *what,
                             const struct dns_result *found)
{
	if (found->answer == DNS_MISSING)
		diag_error(&probe->findings, "dns.no-address", name->at,
		           arena_printf(probe->arena,
		                        "at your DNS provider add an A or AAAA record with %s",
		                        what),
		           "%s", found->why);
	else if (found->answer == DNS_NO_DOMAIN)
		diag_error(&probe->findings, "dns.no-domain", name->at, REGISTERED, "%s",
		           found->why);
	else
		diag_warning(&probe->findings, "dns.unknown", name->at, NULL, "%s", found->why);
}

void probe_address(struct probe *probe)
{
	const struct value_text *web = settings_web(probe->online->settings);
	const char *machine = machine_address(probe);
	struct dns_result found;

	lookup(probe, web->v, DNS_A, &found);
	if (found.answer == DNS_NO_DOMAIN && str_equal(web->v, probe->online->settings->domain.v)) {
		probe_skip(probe, "there is no such domain");
		return;
	}
	if (found.answer != DNS_FOUND) {
		judge_no_address(probe, web, machine != NULL ? machine : "the machine's address",
		                 &found);
		return;
	}
	judge_addresses(probe, web, &found.values, "'stead up' waits");
	probe_saw(probe, "%s leads to %s, says %s", web->v,
	          strings_join(probe->arena, &found.values, ", "), found.server);
}

/* --- CAA (RFC 8659) --- */

/* The property's value, if the record has this tag; NULL: another one. */
static const char *property(const char *record, const char *tag)
{
	const char *s = strchr(record, ' ');
	size_t len = strlen(tag);

	return s != NULL && strncasecmp(s + 1, tag, len) == 0 && s[1 + len] == ' ' ? s + 2 + len
	                                                                           : NULL;
}

/* Whether VALUE names this authority, for whoever asks it. */
static bool names_authority(const char *value, const char *authority)
{
	size_t len = strlen(authority);

	value += strspn(value, " ");
	return strncasecmp(value, authority, len) == 0 && strchr(" ;", value[len]) != NULL &&
	       strstr(value, "accounturi") == NULL;
}

/* Those that Caddy asks (ZeroSSL's certificates are Sectigo's). */
static bool may_issue(const struct settings *settings, const char *value)
{
	return names_authority(value, "letsencrypt.org") ||
	       (!settings->tls.staging.v && names_authority(value, "sectigo.com"));
}

static void judge_caa(struct probe *probe, const char *name, struct span at,
                      const struct strings *records)
{
	const struct settings *settings = probe->online->settings;
	struct strings issuers = { 0 };
	bool allowed = false;

	for (size_t i = 0; i < records->count; i++) {
		const char *value = property(records->items[i], "issue");

		if (value == NULL)
			continue;
		*list_add(probe->arena, &issuers) = value;
		allowed |= may_issue(settings, value);
	}
	if (issuers.count > 0 && !allowed)
		diag_error(&probe->findings, "dns.caa", at,
		           "add one for letsencrypt.org: 0 issue \"letsencrypt.org\"",
		           "the CAA record of %s lets only '%s' issue certificates", name,
		           strings_join(probe->arena, &issuers, ", "));
	else if (issuers.count > 0)
		probe_saw(probe, "%s lets %s issue certificates", name,
		          strings_join(probe->arena, &issuers, ", "));
	else
		probe_saw(probe, "%s says nothing of who may issue certificates", name);
}

static bool has_authority(const struct probe *probe)
{
	return str_equal(probe->online->node->tls.issuer, "acme");
}

/* The nearest name that has any is what counts. */
static void ask_caa(struct probe *probe, const struct value_text *host)
{
	struct dns_result found;

	for (const char *name = host->v; name != NULL && strchr(name, '.') != NULL;
	     name = strchr(name, '.') + 1) {
		lookup(probe, name, DNS_CAA, &found);
		if (found.answer == DNS_FOUND) {
			judge_caa(probe, name, host->at, &found.values);
			return;
		}
		if (found.answer == DNS_NO_DOMAIN) {
			probe_skip(probe, "there is no such domain");
			return;
		}
		if (found.answer == DNS_UNKNOWN) {
			diag_warning(&probe->findings, "dns.caa-unknown", host->at,
			             "no certificate is issued as long as nobody answers",
			             "whether %s has CAA records is not known: %s", name,
			             found.why);
			return;
		}
	}
	probe_saw(probe, "anybody may issue certificates for %s", host->v);
}

void probe_caa(struct probe *probe)
{
	if (has_authority(probe))
		ask_caa(probe, settings_web(probe->online->settings));
	else
		probe_skip(probe, "tls.issuer is not acme");
}

/* --- MX --- */

static const struct value_text *sender_setting(const struct settings *settings)
{
	const struct settings_mail *mail = &settings->mail;

	return mail->from.v != NULL   ? &mail->from
	       : mail->user.v != NULL ? &mail->user
	                              : &mail->host;
}

void probe_mx(struct probe *probe)
{
	const struct settings *settings = probe->online->settings;
	const struct mail_test *mail = probe->online->mail;
	struct span at = sender_setting(settings)->at;
	struct dns_result found;
	const char *domain;

	if (mail == NULL) {
		probe_skip(probe, "no mail is sent");
		return;
	}
	domain = strrchr(mail->from, '@');
	domain = domain == NULL
	                 ? settings->domain.v
	                 : arena_strndup(probe->arena, domain + 1, strcspn(domain + 1, " >"));
	lookup(probe, domain, DNS_MX, &found);
	if (found.answer == DNS_FOUND && str_equal(found.values.items[0], "0 ")) {
		diag_warning(&probe->findings, "dns.null-mx", at,
		             "write a mail.from that takes mail",
		             "%s says that it takes no mail (MX 0 .), so many servers refuse mail "
		             "from it",
		             domain);
	} else if (found.answer == DNS_FOUND) {
		probe_saw(probe, "%s takes mail by %s", domain,
		          strings_join(probe->arena, &found.values, ", "));
	} else if (found.answer == DNS_MISSING) {
		diag_warning(&probe->findings, "dns.no-mx", at,
		             "add an MX record, or write a mail.from of a domain that has one",
		             "%s has no MX record: answers to the node's mail get lost, and some "
		             "servers refuse it",
		             domain);
	} else {
		diag_warning(&probe->findings, "dns.unknown", at, NULL, "%s", found.why);
	}
}

/* --- media --- */

/* A host of the node's own, beside the site. */
static void probe_served(struct probe *probe, const struct value_text *host)
{
	const char *machine = machine_address(probe);
	struct dns_result found;

	lookup(probe, host->v, DNS_A, &found);
	if (found.answer != DNS_FOUND) {
		judge_no_address(probe, host, machine != NULL ? machine : "the machine's address",
		                 &found);
		return;
	}
	judge_addresses(probe, host, &found.values, "it has no certificate");
	if (has_authority(probe))
		ask_caa(probe, host);
	probe_saw(probe, "%s leads to %s, and the node serves it", host->v,
	          strings_join(probe->arena, &found.values, ", "));
}

void probe_media(struct probe *probe)
{
	const struct settings_s3 *s3 = &probe->online->settings->media.store.s3;
	const struct value_text *from =
		s3->public_host.v != NULL ? &s3->public_host : &s3->endpoint;
	struct value_text name = *from;
	struct dns_result found;
	const char *server;

	if (from->v == NULL) {
		probe_skip(probe, "media stay on the machine");
		return;
	}
	if (s3->serve.v) {
		probe_served(probe, &s3->public_host);
		return;
	}
	server = fetch_server(probe->arena, from->v);
	name.v = arena_strndup(probe->arena, server, strcspn(server, ":"));
	lookup(probe, name.v, DNS_A, &found);
	if (found.answer != DNS_FOUND)
		judge_no_address(probe, &name, "that of the media's server", &found);
	else
		probe_saw(probe, "%s leads to %s", name.v,
		          strings_join(probe->arena, &found.values, ", "));
}
