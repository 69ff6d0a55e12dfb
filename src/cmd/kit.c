#include "cmd/kit.h"

#include <dlfcn.h>
#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cmd/commands.h"
#include "remote/known.h"

#define HOST_KEY "ssh_host_ed25519_key"
#define BACKUP_PASSWORD "backup.password"
#define QR_LIBRARY "libqrencode.so.4"

enum {
	/* With level M that is version 12 at most: 65 modules and the quiet zone, so it fits into
	 * 80 columns (ISO/IEC 18004, table 7). */
	CODE_BYTES = 280,
	CODES_MAX = 16,
	QUIET = 4, /* modules around a code */
	DAY_LEN = 10,
};

/* --- the text --- */

static void add_line(struct text *text, const char *name, const char *value)
{
	text_addf(text, "%-10s %s\n", name, value);
}

static const char *fingerprint(const struct compile *c)
{
	const struct secret *key = secrets_get(&c->secrets, HOST_KEY);
	const char *line = key != NULL ? secret_ssh_public(c->secret_arena, key->value) : NULL;
	struct host_key parsed;

	return line != NULL && host_key_parse(c->arena, line, &parsed) ? parsed.fingerprint : NULL;
}

/* One line, whatever the value holds: what is no printable ASCII is escaped as in YAML. */
static void add_secret(struct text *text, const char *name, const char *value)
{
	text_addf(text, "%s: \"", name);
	for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			text_addf(text, "\\%c", *p);
		else if (*p == '\n')
			text_add(text, "\\n");
		else if (*p < ' ' || *p == 0x7f)
			text_addf(text, "\\x%02x", *p);
		else
			text_addc(text, (char)*p);
	}
	text_add(text, "\"\n");
}

/* Those whose loss cannot be made good: what they protect is gone with them. */
static void add_secrets(struct text *text, const struct compile *c)
{
	const struct app_secret *declared = c->app.secrets.items;
	const struct secret *backup = secrets_get(&c->secrets, BACKUP_PASSWORD);
	size_t count = 0;

	text_add(text, "\nSecrets that can never be made again:\n");
	if (backup != NULL && ++count > 0)
		add_secret(text, BACKUP_PASSWORD, backup->value);
	for (size_t i = 0; i < c->app.secrets.count; i++) {
		const char *name = arena_printf(c->arena, "app.%s", declared[i].name.v);
		const struct secret *secret = secrets_get(&c->secrets, name);

		if (!declared[i].permanent.v || secret == NULL)
			continue;
		add_secret(text, name, secret->value);
		count++;
	}
	if (count == 0)
		text_add(text, "(none: all of them can be made anew)\n");
}

/* Where the folder is on this computer. */
static const char *folder(const struct compile *c)
{
	char *absolute = realpath(c->dir, NULL);
	const char *copy = arena_strdup(c->arena, absolute != NULL ? absolute : c->dir);

	free(absolute);
	return copy;
}

char *kit_text(const struct compile *c)
{
	const struct settings *s = &c->settings;
	const char *key = fingerprint(c);
	struct text text;

	text_init(&text, c->secret_arena);
	text_addf(
		&text,
		"Recovery kit of @%s@%s\n\n"
		"Keep it on paper, away from the computer and from the machine. With it and a\n"
		"backup the node can be made again under its name; without it others may have to\n"
		"be told that you begin anew. While the machine runs, 'stead adopt root@HOST'\n"
		"brings the settings back.\n\n",
		s->admin.name.v, s->domain.v);
	add_line(&text, "date", arena_strndup(c->arena, clock_now_utc(c->arena), DAY_LEN));
	add_line(&text, "stead", STEAD_VERSION);
	add_line(&text, "app", s->app.v);
	add_line(&text, "domain", s->domain.v);
	add_line(&text, "site", settings_web(s)->v);
	if (s->media.store.s3.serve.v)
		add_line(&text, "files", s->media.store.s3.public_host.v);
	add_line(&text, "handle", arena_printf(c->arena, "@%s@%s", s->admin.name.v, s->domain.v));
	add_line(&text, "lineage", c->has_lock ? c->lock.lineage : "none: there is no " LOCK_FILE);
	if (s->machine.host.v != NULL)
		add_line(&text, "host", s->machine.host.v);
	if (key != NULL)
		add_line(&text, "host key", key);
	add_line(&text, "backup", s->backup.to.v != NULL ? s->backup.to.v : "none");
	add_line(&text, "settings", folder(c));
	add_line(&text, "secrets",
	         arena_printf(c->arena,
	                      "%s/" SECRETS_FILE ", and on the node "
	                      "/etc/stead/secrets/" SECRETS_FILE,
	                      folder(c)));
	add_secrets(&text, c);
	return text.data;
}

/* --- codes --- */

/* A module of the code or of the light zone around it. */
static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return (code->data[y * code->width + x] & 1) != 0;
}

/* Two rows of modules in a line. Light ones are drawn, because most terminals are dark. */
static void draw(struct text *text, const QRcode *code, bool color)
{
	static const char *const halves[] = { " ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88" };

	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		if (color)
			text_add(text, "\033[40;97m");
		for (int x = -QUIET; x < code->width + QUIET; x++)
			text_add(text, halves[!is_dark(code, x, y) * 2 + !is_dark(code, x, y + 1)]);
		text_add(text, color ? "\033[0m\n" : "\n");
	}
}

/* How much of TEXT goes into one code: never a part of a character. */
static size_t portion(const char *text)
{
	size_t len = strlen(text);

	if (len <= CODE_BYTES)
		return len;
	for (len = CODE_BYTES; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	return len > 0 ? len : CODE_BYTES;
}

/* Loaded here, since one command out of many draws codes. */
static struct {
	__typeof__(QRcode_encodeData) *encode;
	__typeof__(QRcode_free) *free;
} qr;

static bool load_qr(void)
{
	void *library = dlopen(QR_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return false;
	/* POSIX: what dlsym() returns may be kept as a function, though C has no such cast. */
	*(void **)&qr.encode = dlsym(library, "QRcode_encodeData");
	*(void **)&qr.free = dlsym(library, "QRcode_free");
	return qr.encode != NULL && qr.free != NULL;
}

/* A text as QR codes for a terminal, each with a line that counts them; together they hold just
 * that text. NULL when it is too long for sixteen codes. COLOR: the codes are black on white,
 * whatever the terminal's colours are. */
static char *codes_of(struct arena *arena, const char *text, bool color)
{
	size_t count = 0, n = 0;
	struct text out;

	for (const char *p = text; *p != '\0'; p += portion(p))
		count++;
	if (count > CODES_MAX)
		return NULL;
	text_init(&out, arena);
	for (const char *p = text; *p != '\0'; p += portion(p)) {
		QRcode *code =
			qr.encode((int)portion(p), (const unsigned char *)p, 0, QR_ECLEVEL_M);

		if (code == NULL)
			return NULL;
		text_addf(&out, "\n%zu of %zu\n", ++n, count);
		draw(&out, code, color);
		qr.free(code);
	}
	return out.data;
}

/* --- stead kit --- */

int kit_print(struct cli *cli, const struct compile *compile, bool codes)
{
	const char *text = kit_text(compile), *drawn = NULL;

	if (!isatty(STDOUT_FILENO))
		(void)fail(CLI_OK, "print it, and leave no file behind",
		           "the kit holds secrets, and stdout is no terminal");
	if (codes && !load_qr())
		return fail(CLI_ENVIRONMENT,
		            "install it (Debian: libqrencode4), or print the text: stead kit",
		            QR_LIBRARY " draws QR codes, and is not there");
	if (codes) {
		drawn = codes_of(compile->secret_arena, text,
		                 terminal_color(stdout, cli_text(cli, "color")));
		if (drawn == NULL)
			return fail(CLI_ENVIRONMENT, "print the text: stead kit",
			            "the kit is too long for QR codes");
	}
	(void)fputs(text, stdout);
	if (drawn != NULL)
		(void)fputs(drawn, stdout);
	return flush_output(stdout);
}

int cmd_kit(struct cli *cli)
{
	struct compile compile;
	int code;

	compile_init(&compile, cli);
	if (compile_files(&compile))
		code = kit_print(cli, &compile, cli_flag(cli, "qr"));
	else
		code = compile_report(&compile, cli, stderr);
	compile_done(&compile);
	return code;
}
