#include "settings/internal.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static void refuse(struct settings_checker *c, const struct value_text *value, const char *hint,
                   const char *key, const char *problem)
{
	diag_error(c->findings, "settings.value", value->at, hint, "'%s' %s", key, problem);
}

static bool only(const char *s, const char *more)
{
	for (; *s != '\0'; s++) {
		bool alnum = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		             (*s >= '0' && *s <= '9');

		if (!alnum && strchr(more, *s) == NULL)
			return false;
	}
	return true;
}

/* Bytes that would end a line or hide text wherever the value goes. */
static bool has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

static bool is_set(const struct value_text *value)
{
	return value->v != NULL;
}

static void check_account(struct settings_checker *c, const struct value_text *name)
{
	if (!is_set(name))
		return;
	if (name->v[0] == '@')
		refuse(c, name, "write it without @ and domain, like alice", "admin.name",
		       "is an account name, not a handle");
	else if (name->v[0] == '\0' || strlen(name->v) > 64 || !only(name->v, "_.-"))
		refuse(c, name, "1 to 64 letters, digits, '_', '.' or '-'", "admin.name",
		       "cannot be an account name");
}

/* "a@b" or "Name <a@b>". Header injection ends here: no control characters at all. */
static void check_from(struct settings_checker *c, const struct value_text *from)
{
	const char *hint = "like hello@example.org or \"Example <hello@example.org>\"";
	const char *open, *address;
	size_t len;

	if (!is_set(from))
		return;
	open = strchr(from->v, '<');
	address = open != NULL ? open + 1 : from->v;
	len = strcspn(address, open != NULL ? ">" : "");
	if (has_control(from->v) ||
	    (open != NULL && (address[len] != '>' || address[len + 1] != '\0'))) {
		refuse(c, from, hint, "mail.from", "is not a sender");
		return;
	}
	address = arena_strndup(c->arena, address, len);
	if (strchr(address, '@') == NULL || strchr(address, '@') != strrchr(address, '@') ||
	    address[0] == '@' || str_ends(address, "@") || strpbrk(address, " ,;<>\"()") != NULL)
		refuse(c, from, hint, "mail.from", "is not a sender");
}

/* Goes to ssh and into configurations as a word: it must never look like an option. */
static void check_host(struct settings_checker *c, const struct value_text *host, const char *key)
{
	if (is_set(host) && (host->v[0] == '\0' || host->v[0] == '-' || strlen(host->v) > 253 ||
	                     !only(host->v, ".-_:")))
		refuse(c, host, "only the name, without user, 'https://', port and path", key,
		       "is not a host name or an address");
}

/* Where ssh goes: [USER@]HOST[:PORT]; what is more to say of it is said before it is used. */
static void check_machine_host(struct settings_checker *c, const struct value_text *host)
{
	if (is_set(host) && (host->v[0] == '\0' || host->v[0] == '-' || strlen(host->v) > 512 ||
	                     !only(host->v, ".-_:@[]")))
		refuse(c, host,
		       "like 203.0.113.7, root@node.example.org or core@[2001:db8::7]:2222",
		       "machine.host", "is not a machine that ssh can go to");
}

static void check_mail(struct settings_checker *c, const struct settings_mail *mail)
{
	if (is_set(&mail->user) && (mail->user.v[0] == '\0' || has_control(mail->user.v)))
		refuse(c, &mail->user, NULL, "mail.user", "is empty or holds control characters");
	check_host(c, &mail->host, "mail.host");
	check_from(c, &mail->from);
}

static void check_trusted(struct settings_checker *c, const struct value_text *item)
{
	struct settings_address network;

	if (!settings_address_parse(item->v, &network))
		diag_error(c->findings, "settings.value", item->at,
		           "like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
		           "'%s' is not an address or a network", item->v);
	else if (network.bits == 0)
		diag_error(c->findings, "settings.value", item->at,
		           "name the proxy's own addresses",
		           "'%s' would believe anybody about who they are", item->v);
}

static void check_images(struct settings_checker *c, const struct value_pairs *images)
{
	for (size_t i = 0; i < images->count; i++) {
		const struct value_pair *pair = &images->items[i];
		const char *s = pair->value.v;

		if (s == NULL && str_equal(pair->key, "mirror"))
			continue;
		if (s == NULL || s[0] == '\0' || s[0] == '-' || strlen(s) > 512 ||
		    !only(s, "._-/:@[]"))
			diag_error(c->findings, "settings.value",
			           s != NULL ? pair->value.at : pair->key_at,
			           str_equal(pair->key, "mirror")
			                   ? "like registry.example.net:5000"
			                   : "like docker.io/library/caddy:2",
			           "'images.%s' is not the name of %s", pair->key,
			           str_equal(pair->key, "mirror") ? "a registry" : "an image");
	}
}

void settings_check_keys(struct settings_checker *c, const struct value_list *keys, const char *key)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct value_text *item = &keys->items[i];

		if (has_control(item->v))
			diag_error(c->findings, "settings.value", item->at,
			           "one key or one file per item",
			           "an item of '%s' holds more than one line", key);
		if (strstr(item->v, "PRIVATE KEY") != NULL)
			/* Without its line, so that no report shows a part of the key. */
			diag_error(c->findings, "settings.value",
			           (struct span){ .source = item->at.source },
			           "write the public one, it ends in .pub",
			           "line %u holds a private key", item->at.line);
	}
}

static void check_zone(struct settings_checker *c, const struct value_text *zone)
{
	const char *nearest;

	if (!is_set(zone) || settings_zone_known(zone->v))
		return;
	nearest = settings_zone_nearest(zone->v);
	refuse(c, zone,
	       nearest != NULL ? arena_printf(c->findings->arena, "did you mean '%s'?", nearest)
	                       : "like UTC or Europe/Berlin",
	       "machine.time_zone", "is not a time zone");
}

static void check_machine(struct settings_checker *c, struct settings_machine *machine)
{
	check_machine_host(c, &machine->host);
	check_zone(c, &machine->time_zone);
	if (is_set(&machine->data) && !str_equal(machine->data.v, "auto") &&
	    !str_equal(machine->data.v, "system") && !str_starts(machine->data.v, "/dev/"))
		refuse(c, &machine->data, "auto, system, or like /dev/disk/by-id/NAME",
		       "machine.data", "is not a disk");
	for (size_t i = 0; i < machine->firewall.open.count; i++)
		settings_check_open(c, &machine->firewall.open.items[i]);
	settings_check_keys(c, &machine->ssh_keys, "machine.ssh_keys");
	settings_check_users(c, &machine->users);
	settings_check_network(c, &machine->network);
	settings_check_sysctls(c, &machine->sysctls);
	settings_check_swap(c, machine);
}

/* A bare word stands for the issuer. */
static void expand_tls(struct settings *s)
{
	if (is_set(&s->tls.word))
		s->tls.issuer = s->tls.word;
}

static void check_tls(struct settings_checker *c, const struct settings_tls *tls)
{
	if (is_set(&tls->email) && !str_equal(tls->email.v, "admin") &&
	    (strchr(tls->email.v, '@') == NULL || has_control(tls->email.v) ||
	     strpbrk(tls->email.v, " {}\"") != NULL))
		refuse(c, &tls->email, "an address, or the word admin", "tls.email",
		       "is not an e-mail address");
}

static const struct yaml_pair *find_pair(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++)
		if (str_equal(map->pairs[i].key->text, key))
			return &map->pairs[i];
	return NULL;
}

/* Like the schema's own note, at the key MAP_KEY.KEY, or at KEY when MAP_KEY is NULL. */
static void note_later(struct settings_checker *c, const struct yaml_node *root,
                       const char *map_key, const char *key, const char *what)
{
	const struct yaml_node *map = map_key != NULL ? yaml_get(root, map_key) : root;
	const struct yaml_pair *pair = find_pair(map, key);

	if (pair != NULL)
		diag_note(c->findings, "settings.later", pair->key->span, NULL,
		          "'%s' has no effect yet in this version", what);
}

/* Keys whose default does work, but whose other values come later. */
static void note_later_values(struct settings_checker *c, const struct settings *s)
{
	const struct yaml_node *backup = yaml_get(s->root, "backup");

	if (backup != NULL && backup->kind == YAML_MAP)
		note_later(c, s->root, NULL, "backup", "backup");
	if (str_equal(s->tls.challenge.v, "dns"))
		note_later(c, s->root, "tls", "challenge", "tls.challenge: dns");
}

static size_t row_count(const struct schema_row *rows)
{
	size_t n = 0;

	while (rows[n].key != NULL)
		n++;
	return n;
}

/* The rows plus one for the application's own section, which is not looked into here. */
static const struct schema_row *rows_with_section(struct settings_checker *c,
                                                  const struct yaml_node *root)
{
	const struct yaml_node *app = yaml_get(root, "app");
	size_t count = row_count(settings_rows);
	struct schema_row *rows;

	if (app == NULL || app->kind != YAML_SCALAR || app->len == 0)
		return settings_rows;
	if (schema_find(settings_rows, app->text) != NULL) {
		diag_error(c->findings, "settings.value", app->span, NULL,
		           "'%s' is a key of this file, no application can have that name",
		           app->text);
		return settings_rows;
	}
	rows = arena_array(c->arena, count + 2, sizeof(*rows));
	memcpy(rows, settings_rows, count * sizeof(*rows));
	rows[count] = (struct schema_row){
		.key = app->text,
		.type = SCHEMA_TREE,
		.offset = offsetof(struct settings, section),
		.doc = "the application's own settings",
		.since = "0.1",
	};
	return rows;
}

/* An unknown key with a map behind it is most likely the section of another application. */
static void hint_section(struct settings_checker *c, const struct yaml_node *root, const char *app)
{
	for (size_t i = 0; i < c->findings->count; i++) {
		struct finding *f = &c->findings->items[i];

		if (f->hint != NULL || !str_equal(f->code, "settings.unknown-key"))
			continue;
		for (size_t k = 0; root->kind == YAML_MAP && k < root->count; k++) {
			const struct yaml_node *key = root->pairs[k].key;

			if (root->pairs[k].value->kind == YAML_MAP &&
			    key->span.line == f->span.line && key->span.col == f->span.col)
				f->hint = arena_printf(c->findings->arena,
				                       "an application's own section has the name "
				                       "given at 'app', here '%s'",
				                       app);
		}
	}
}

bool settings_decode(struct arena *arena, const struct yaml_node *root, const struct source *source,
                     struct settings *ret, struct findings *findings)
{
	struct settings_checker c = { .arena = arena, .findings = findings };
	size_t errors = findings->errors;

	*ret = (struct settings){ .root = root, .source = source };
	schema_decode(arena, "settings", "", rows_with_section(&c, root), root, ret, findings);
	if (ret->app.v != NULL)
		hint_section(&c, root, ret->app.v);
	expand_tls(ret);
	check_account(&c, &ret->admin.name);
	check_mail(&c, &ret->mail);
	check_machine(&c, &ret->machine);
	check_tls(&c, &ret->tls);
	for (size_t i = 0; i < ret->proxy.trusted.count; i++)
		check_trusted(&c, &ret->proxy.trusted.items[i]);
	check_images(&c, &ret->images);
	settings_check_services(&c, ret);
	settings_check_updates(&c, &ret->updates);
	note_later_values(&c, ret);
	return findings->errors == errors;
}

const char *settings_mail_way(const struct settings *settings)
{
	const struct settings_mail *mail = &settings->mail;

	if (mail->host.v == NULL)
		return "none";
	if (str_equal(mail->tls.v, "none"))
		return "plain";
	if (str_equal(mail->tls.v, "auto"))
		return mail->port.v == 465 ? "tls" : "starttls";
	return mail->tls.v;
}

const struct value_text *settings_web(const struct settings *settings)
{
	return settings->web.v != NULL ? &settings->web : &settings->domain;
}
