#include "cmd/given_secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cmd/compile.h"

enum { VALUE_MAX = 64 * 1024 };

/* Editors end a file with a newline that is not part of the password; a key's own must stay. */
static void trim_newline(const char *key, char *data, size_t *len)
{
	if (strcmp(key, HOST_KEY_SECRET) == 0)
		return;
	if (*len > 0 && data[*len - 1] == '\n')
		data[--*len] = '\0';
	if (*len > 0 && data[*len - 1] == '\r')
		data[--*len] = '\0';
}

static int take(struct secrets *secrets, const char *key, char *data, size_t len)
{
	size_t bad;

	trim_newline(key, data, &len);
	if (len == 0)
		return fail(CLI_USAGE, NULL, "the secret '%s' is empty", key);
	if (strlen(data) != len || !utf8_valid(data, len, &bad))
		return fail(CLI_USAGE, NULL, "the secret '%s' is not text", key);
	if (strcmp(key, HOST_KEY_SECRET) == 0 && secret_ssh_public(secrets->arena, data) == NULL)
		return fail(CLI_USAGE, "make one with: ssh-keygen -t ed25519 -N '' -f FILE",
		            "'%s' is not an unencrypted OpenSSH private key of type ed25519", key);
	secrets_set(secrets, key, data);
	return CLI_OK;
}

static int take_stdin(struct secrets *secrets, const char *key)
{
	char *data;
	size_t len;
	int r;

	if (terminal_can_ask()) {
		r = terminal_ask_secret(secrets->arena, key, &data);
		len = r < 0 ? 0 : strlen(data);
	} else {
		r = file_read(secrets->arena, AT_FDCWD, "/dev/stdin", VALUE_MAX, &data, &len);
	}
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read the secret '%s' from stdin: %s",
		            key, strerror(-r));
	return take(secrets, key, data, len);
}

int given_secret(struct secrets *secrets, const char *assignment)
{
	const char *equals = strchr(assignment, '='), *source;
	char *key, *data;
	size_t len;
	int r;

	if (equals == NULL || equals == assignment)
		return fail(CLI_USAGE, "like --secret mail.password=@FILE",
		            "'--secret' needs KEY=@FILE, or KEY=- for stdin");
	key = arena_strndup(secrets->arena, assignment, (size_t)(equals - assignment));
	source = equals + 1;
	if (secrets_get(secrets, key) != NULL)
		return fail(CLI_USAGE, NULL, "the secret '%s' was given twice", key);
	if (strcmp(source, "-") == 0)
		return take_stdin(secrets, key);
	if (source[0] != '@' || source[1] == '\0')
		return fail(CLI_USAGE,
		            arena_printf(secrets->arena, "--secret %s=@FILE, or %s=- for stdin",
		                         key, key),
		            "the secret '%s' stands in the arguments, which every user of this "
		            "computer can see",
		            key);
	r = file_read(secrets->arena, AT_FDCWD, source + 1, VALUE_MAX, &data, &len);
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read the secret '%s' from '%s': %s", key,
		            source + 1, r == -EFBIG ? "it is larger than 64 KiB" : strerror(-r));
	return take(secrets, key, data, len);
}

static const struct app_secret *app_secret_at(const struct app *app, size_t i)
{
	return (const struct app_secret *)app->secrets.items + i;
}

/* Those a user may bring: all but what appears only on the node. */
static void known_names(struct arena *arena, const struct app *app, struct strings *ret)
{
	*list_add(arena, ret) = HOST_KEY_SECRET;
	for (const struct settings_secret *s = settings_secrets; s->name != NULL; s++)
		*list_add(arena, ret) = s->name;
	for (size_t i = 0; i < app->secrets.count; i++)
		if (!str_equal(app_secret_at(app, i)->kind.v, "captured"))
			*list_add(arena, ret) =
				arena_printf(arena, "app.%s", app_secret_at(app, i)->name.v);
}

bool given_secrets_check(struct arena *arena, const struct secrets *secrets, const struct app *app,
                         struct findings *findings)
{
	size_t errors = findings->errors;
	struct strings known = { 0 };

	known_names(arena, app, &known);
	for (size_t i = 0; i < secrets->count; i++) {
		const char *name = secrets->items[i].name, *near;
		bool found = false;

		for (size_t k = 0; k < known.count; k++)
			found |= strcmp(known.items[k], name) == 0;
		if (found)
			continue;
		near = str_nearest(name, known.items, known.count);
		diag_error(findings, "cli.secret", (struct span){ 0 },
		           near == NULL ? NULL : arena_printf(arena, "did you mean '%s'?", near),
		           "'%s' has no secret '%s'", app->name.v, name);
	}
	return findings->errors == errors;
}

/* One that only the user knows. */
static bool need(struct arena *arena, struct secrets *secrets, const char *name, const char *doc,
                 bool ask, struct findings *findings)
{
	char *value;

	if (secrets_get(secrets, name) != NULL)
		return true;
	while (ask) {
		if (terminal_ask_secret(secrets->arena, doc, &value) < 0)
			break;
		if (*value != '\0') {
			secrets_set(secrets, name, value);
			return true;
		}
	}
	diag_error(findings, "cli.missing", (struct span){ 0 },
	           arena_printf(arena, "--secret %s=@FILE", name), "the secret '%s' is missing: %s",
	           name, doc);
	return false;
}

static bool complete_app(struct arena *arena, struct secrets *secrets,
                         const struct app_secret *wanted, bool ask, struct findings *findings)
{
	static const struct {
		const char *word;
		enum secret_kind kind;
	} kinds[] = {
		{ "hex", SECRET_HEX },         { "base64", SECRET_BASE64 },
		{ "urlsafe", SECRET_URLSAFE }, { "alnum", SECRET_ALNUM },
		{ "uuid", SECRET_UUID },       { "vapid", SECRET_VAPID },
	};
	const char *name = arena_printf(arena, "app.%s", wanted->name.v);

	if (str_equal(wanted->kind.v, "captured") || str_equal(wanted->kind.v, "optional") ||
	    secrets_get(secrets, name) != NULL)
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_equal(wanted->kind.v, kinds[i].word)) {
			secrets_set(
				secrets, name,
				secret_make(secrets->arena, kinds[i].kind, (size_t)wanted->size.v));
			return true;
		}
	/* Asked for, or of a kind that this version cannot make. */
	return need(arena, secrets, name, wanted->doc.v != NULL ? wanted->doc.v : name, ask,
	            findings);
}

/* An address without a user needs no password. */
static bool asks_for(const struct settings_secret *secret, const char *answer)
{
	return answer != NULL && (!str_ends(secret->key, ".url") || strchr(answer, '@') != NULL);
}

bool given_secrets_complete(struct arena *arena, struct secrets *secrets, const struct app *app,
                            const struct answers *answers, bool ask, struct findings *findings)
{
	char *private_key, *public_key;
	bool ok = true;

	if (secrets_get(secrets, HOST_KEY_SECRET) == NULL) {
		secret_make_ssh_key(secrets->arena, answers_get(answers, "domain"), &private_key,
		                    &public_key);
		secrets_set(secrets, HOST_KEY_SECRET, private_key);
	}
	for (const struct settings_secret *s = settings_secrets; s->name != NULL; s++)
		if (asks_for(s, answers_get(answers, s->key)))
			ok &= need(arena, secrets, s->name, s->doc, ask, findings);
	for (size_t i = 0; i < app->secrets.count; i++)
		ok &= complete_app(arena, secrets, app_secret_at(app, i), ask, findings);
	return ok;
}
