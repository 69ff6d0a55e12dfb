/* dotenv/: what is read, where, and what is refused; app/import.c: what becomes of it. */
#include <string.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "dotenv/dotenv.h"

#include "tap.h"

static struct arena *arena;
static struct findings findings;

static bool parse_bytes(const char *data, size_t len, struct dotenv *ret)
{
	struct source *source = arena_alloc(arena, sizeof(*source));

	*source = (struct source){ .name = "t.env", .data = data, .len = len, .secret = true };
	findings_init(&findings, arena);
	return dotenv_parse(arena, source, ret, &findings);
}

static bool parse(const char *text, struct dotenv *ret)
{
	return parse_bytes(text, strlen(text), ret);
}

static void reads(const char *text, const char *value, const char *name)
{
	const struct dotenv_variable *variable;
	struct dotenv d;

	ok(parse(text, &d), "%s: is read", name);
	variable = dotenv_get(&d, "A");
	is_str(variable != NULL ? variable->value : NULL, value, "%s: its value", name);
}

static void test_values(void)
{
	reads("A=b", "b", "plain, without a line's end");
	reads("A=\n", "", "empty");
	reads("A=\"\"\n", "", "empty quotes");
	reads("  export  A = b c \t\n", "b c", "blanks around");
	reads("A=b # c\n", "b", "a comment behind a blank");
	reads("A=b#c\n", "b#c", "no comment without one");
	reads("A=#b\n", "#b", "nor at the beginning");
	reads("A= # b\n", "", "a comment alone");
	reads("A='b # \"c\" \\n $D'\n", "b # \"c\" \\n $D",
	      "single quotes: nothing means anything");
	reads("A=\"b\\n\\\"c\\\"\\t\\$D\\`\\\\\\x\" # d\n", "b\n\"c\"\t$D`\\\\x",
	      "double quotes: escapes");
	reads("A=\"b\nc\"\nD=e\n", "b\nc", "several lines in quotes");
	reads("A='b\r\nc'\r\n", "b\nc", "with line ends of Windows");
	reads("A=\"b\\\nc\"\n", "bc", "joined lines in quotes");
	reads("A=b\\\nc\n", "bc", "joined lines");
	reads("A=b\\\r\nc\r\n", "bc", "joined lines of Windows");
	reads("A=b=c==\n", "b=c==", "more equal signs");
	reads("\xef\xbb\xbf"
	      "A=b\n",
	      "b", "the mark of Windows' editors");
	reads("A=b\nA=c\n", "c", "twice: the last one");
	is_int((long long)findings.warnings, 1, "twice: is said");
	reads("A=pa$$word5$5\n", "pa$$word5$5", "a dollar");
	is_int((long long)findings.warnings, 1, "a dollar before a name is said");
	reads("A=5$ 5$5$\n", "5$ 5$5$", "dollars before no name");
	is_int((long long)findings.warnings, 0, "are nothing to speak of");
	reads("exportA=x\nA=b\n", "b", "a name that begins with export");
}

static void test_places(void)
{
	struct dotenv d;

	ok(parse("# \xc3\xa9\n\"\n", &d) == false, "a lone quote is refused");
	ok(parse("\xc3\xa9", &d) == false, "a letter that no name has");
	is_int(findings.items[0].span.col, 1, "its column");
	ok(parse("B='a\nb'\n\texport A=c\n", &d), "values of several lines");
	is_int((long long)d.count, 2, "both are there");
	is_int(d.items[1].at.line, 3, "the line behind them");
	is_int(d.items[1].at.col, 9, "the column behind export");
	is_int(d.items[1].at.end_col, 10, "and its end");
}

static void refuses(const char *text, const char *code, const char *name)
{
	struct dotenv d;

	ok(!parse(text, &d), "%s: is refused", name);
	is_str(findings.count > 0 ? findings.items[0].code : NULL, code, "%s: its code", name);
}

static void test_refusals(void)
{
	static char big[DOTENV_MAX_BYTES + 2];
	struct dotenv d;
	struct text many;

	refuses("A b\n", "env.syntax", "no equal sign");
	refuses("A-B=c\n", "env.syntax", "a name with a dash");
	refuses("1A=c\n", "env.syntax", "a name that begins with a digit");
	refuses("=c\n", "env.syntax", "no name");
	refuses("A='b\n", "env.quote", "an open quote");
	refuses("A=\"b\\", "env.quote", "a backslash at the end");
	refuses("A='b'c\n", "env.quote", "something behind a quote");
	refuses("A=\xff\n", "env.utf8", "no UTF-8");
	ok(!parse_bytes("A=b\0c\n", 6, &d), "a NUL is refused");
	is_str(findings.items[0].code, "env.utf8", "its code");
	memset(big, 'a', sizeof(big) - 1);
	refuses(big, "env.size", "too large");
	memcpy(big, "A=", 2);
	big[DOTENV_MAX_VALUE + 10] = '\0';
	refuses(big, "env.size", "a value that is too long");
	memset(big, 'A', DOTENV_MAX_NAME + 1);
	memcpy(big + DOTENV_MAX_NAME + 1, "=b", 3);
	refuses(big, "env.syntax", "a name that is too long");
	text_init(&many, arena);
	for (int i = 0; i <= DOTENV_MAX_VARIABLES; i++)
		text_addf(&many, "A%d=\n", i);
	refuses(many.data, "env.size", "too many");
}

/* --- what becomes of it --- */

static const char *became(const struct app_imports *imports, enum app_imported_kind kind,
                          const char *key)
{
	for (size_t i = 0; i < imports->count; i++)
		if (imports->items[i].kind == kind && str_equal(imports->items[i].key, key))
			return imports->items[i].value;
	return NULL;
}

static void import_env(struct app *app, const char *text, struct app_imports *ret)
{
	struct dotenv d;

	ok(parse(text, &d), "the variables are read");
	app_import_env(arena, app, &d, ret);
}

/* The rules of Mastodon, which is the definition that has some. */
static void test_mapping(void)
{
	struct app_imports imports;
	struct app app;

	findings_init(&findings, arena);
	ok(app_load(arena, NULL, "mastodon", (struct span){ 0 }, &app, &findings),
	   "mastodon's rules are whole");
	ok(app_can_import(&app), "it has some");
	import_env(&app, "", &imports);
	is_int((long long)imports.count, 0, "nothing: defaults alone make nothing");
	import_env(&app, "DB_HOST=db.example.net\nDB_USER=a/b\n", &imports);
	is_str(became(&imports, APP_IMPORT_SETTING, "database.url"),
	       "postgres://a%2Fb@db.example.net:5432/mastodon_production", "an address of parts");
	ok(became(&imports, APP_IMPORT_SECRET, "database.password") == NULL, "without a password");
	import_env(&app, "DB_HOST=\nDB_PASS=x\n", &imports);
	ok(became(&imports, APP_IMPORT_SETTING, "database.url") == NULL, "an empty host is here");
	is_int((long long)imports.count, 2, "both are left behind");
	is_int(imports.items[0].kind, APP_IMPORT_DROPPED, "indeed");
	import_env(&app, "SMTP_SERVER=m.example.net\nSMTP_SSL=true\nSMTP_ENABLE_STARTTLS=never\n",
	           &imports);
	is_str(became(&imports, APP_IMPORT_SETTING, "mail.tls"), "tls", "the first rule counts");
	is_str(became(&imports, APP_IMPORT_SETTING, "mail.port"), "25",
	       "a default beside what is written");
	import_env(&app, "SINGLE_USER_MODE=yes\nOIDC_X=1\nSAML_CERT=\"a\nb\"\nHOME_MADE=2\n",
	           &imports);
	ok(became(&imports, APP_IMPORT_SETTING, "mastodon.single_user") == NULL,
	   "another word is no truth value");
	is_str(became(&imports, APP_IMPORT_UNKNOWN, "SINGLE_USER_MODE"), "yes",
	       "it is not understood");
	is_str(became(&imports, APP_IMPORT_UNKNOWN, "HOME_MADE"), "2", "nor is what nobody knows");
	is_str(became(&imports, APP_IMPORT_ENV, "OIDC_X"), "1", "a family passes");
	ok(became(&imports, APP_IMPORT_DROPPED, "SAML_CERT") != NULL, "several lines do not");
	is_str(app_import_variable(arena, &app, "app.encryption_salt"),
	       "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT", "where a secret comes from");
	ok(app_import_variable(arena, &app, "app.redis_password") == NULL,
	   "some come from nowhere");
}

int main(void)
{
	arena = arena_new();
	test_values();
	test_places();
	test_refusals();
	test_mapping();
	arena_free(arena);
	return tap_done();
}
