/* secret/: the document, generators, host keys; ssh-keygen is the judge of these. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "secret/secret.h"

#include "tap.h"

static struct arena *arena;
static char dir[] = "/tmp/stead-secret-XXXXXX";

static const char *path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static bool read_text(const char *text, unsigned mode, struct secrets *ret,
                      struct findings *findings)
{
	const char *path = path_of("stead.secrets.yaml");

	findings_init(findings, arena);
	(void)unlink(path);
	if (file_create(AT_FDCWD, path, mode, text, strlen(text)) != 0 || chmod(path, mode) != 0)
		return false;
	return secrets_read(arena, path, ret, findings);
}

static char *report(struct findings *findings, bool json)
{
	char *data = NULL, *copy;
	size_t len = 0;
	FILE *out = open_memstream(&data, &len);

	if (json)
		findings_print_json(findings, out);
	else
		findings_print(findings, out, false);
	(void)fclose(out);
	copy = arena_strdup(arena, data);
	free(data);
	return copy;
}

static void test_document(void)
{
	static const char *const values[] = {
		"plain",        "with \"quotes\" and \\",
		"two\nlines\n", "trailing blank \nx\n",
		"\ttab",        " leading",
		"null",         "123",
		"a: b # c",     "\xc3\xbc\xe2\x80\xa8",
		"\n",           "x\n\n",
		"é\n",
	};
	enum { COUNT = sizeof(values) / sizeof(values[0]) };
	struct secrets secrets = { .arena = arena }, again;
	struct findings findings;
	size_t len;
	char *text;

	for (size_t i = COUNT; i-- > 0;)
		secrets_set(&secrets, arena_printf(arena, "app.s%02zu", i), values[i]);
	secrets_set(&secrets, "app.s00", "first");
	secrets_set(&secrets, "app.s00", values[0]);
	is_int((long long)secrets.count, COUNT, "setting twice replaces");
	text = secrets_write(&secrets, &len);
	is_int((long long)strlen(text), (long long)len, "the document's length");
	ok(strstr(text, "app.s00") < strstr(text, "app.s01"), "it is sorted");
	ok(strstr(text, "app.s02: |\n  two\n  lines\n") != NULL, "several lines are a block");
	ok(read_text(text, 0600, &again, &findings), "it reads back");
	for (size_t i = 0; i < COUNT; i++) {
		const struct secret *s = secrets_get(&again, arena_printf(arena, "app.s%02zu", i));

		is_str(s != NULL ? s->value : NULL, values[i], "value %zu is the same", i);
	}
	ok(secrets_get(&again, "app.s99") == NULL, "an unknown name gives nothing");
	secrets = (struct secrets){ .arena = arena };
	ok(read_text(secrets_write(&secrets, &len), 0600, &again, &findings) && again.count == 0,
	   "an empty document reads back");
}

static void test_refusals(void)
{
	struct secrets secrets;
	struct findings findings;
	static char long_text[64 * 1024 + 5];
	const char *text;

	ok(secrets_read(arena, path_of("nowhere"), &secrets, &findings) && secrets.count == 0,
	   "a missing file is an empty set");
	ok(!read_text("a: hunter2\n", 0640, &secrets, &findings), "others may read: refused");
	is_str(findings.items[0].code, "secret.mode", "with its code");
	ok(strstr(findings.items[0].hint, "chmod 600") != NULL, "and a hint");
	memset(long_text, 'x', sizeof(long_text) - 1);
	memcpy(long_text, "a: ", 3);
	ok(!read_text(long_text, 0600, &secrets, &findings), "longer than 64 KiB: refused");
	is_str(findings.items[0].code, "secret.size", "with its code");
	ok(!read_text("a: {b: hunter2}\nc: [hunter2]\nd:\ne f: hunter2\n", 0600, &secrets,
	              &findings),
	   "not a flat map: refused");
	is_int((long long)findings.errors, 4, "with all four problems");
	text = report(&findings, false);
	ok(strstr(text, "stead.secrets.yaml:2:4: error[secret.type]") != NULL, "each has a place");
	ok(strstr(text, "hunter2") == NULL, "no value is shown");
	ok(strstr(report(&findings, true), "hunter2") == NULL, "not as JSON either");
	ok(!read_text("a: 'hunter2\nb: hunter2\n", 0600, &secrets, &findings), "broken YAML");
	ok(strstr(report(&findings, false), "hunter2") == NULL, "shows no value");
	ok(!read_text("hunter2\n", 0600, &secrets, &findings), "a bare text");
	ok(strstr(report(&findings, false), "hunter2") == NULL, "is not shown");
}

static bool all_of(const char *s, const char *set, size_t len)
{
	return s != NULL && strlen(s) == len && strspn(s, set) == len;
}

static void test_make(void)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	bool seen[256] = { false };
	const char *long_one;
	size_t kinds = 0;

	ok(all_of(secret_make(arena, SECRET_HEX, 16), hex, 32), "16 bytes as hex");
	ok(all_of(secret_random_hex(arena, 16), hex, 32), "the same for a lineage");
	is_int((long long)strlen(secret_make(arena, SECRET_BASE64, 32)), 44, "base64 is padded");
	is_int((long long)strlen(secret_make(arena, SECRET_URLSAFE, 32)), 43, "urlsafe is not");
	ok(strpbrk(secret_make(arena, SECRET_URLSAFE, 3000), "+/=") == NULL, "and is safe");
	long_one = secret_make(arena, SECRET_ALNUM, 5000);
	ok(all_of(long_one, letters, 5000), "letters and digits");
	for (const char *s = long_one; *s != '\0'; s++) {
		kinds += !seen[(unsigned char)*s];
		seen[(unsigned char)*s] = true;
	}
	is_int((long long)kinds, 62, "all of them");
	ok(strcmp(secret_make(arena, SECRET_HEX, 16), secret_make(arena, SECRET_HEX, 16)) != 0,
	   "two are different");
	ok(secret_make(arena, SECRET_CAPTURED, 16) == NULL &&
	           secret_make(arena, SECRET_ASKED, 16) == NULL &&
	           secret_make(arena, SECRET_HEX, 0) == NULL,
	   "nobody makes what is captured, asked for, or empty");
}

static void test_uuid(void)
{
	static const char hex[] = "0123456789abcdef";
	const char *uuid = secret_make(arena, SECRET_UUID, 32);
	bool good = strlen(uuid) == 36 && uuid[14] == '4' && strchr("89ab", uuid[19]) != NULL;

	for (size_t i = 0; i < 36; i++)
		good &= i == 8 || i == 13 || i == 18 || i == 23 ? uuid[i] == '-'
		                                                : strchr(hex, uuid[i]) != NULL;
	ok(good, "a uuid of version 4");
	ok(strcmp(uuid, secret_make(arena, SECRET_UUID, 32)) != 0, "two are different");
}

/* The private half as openssl reads it: SEC 1, C.4, an ECPrivateKey without its public half. */
static const char *openssl_public(const char *private)
{
	static const unsigned char head[] = { 0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20 };
	static const unsigned char tail[] = { 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
		                              0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
	const char *path = path_of("key");
	const char *script = arena_printf(arena,
	                                  "set -e; openssl ec -inform DER -in %s -pubout -outform "
	                                  "DER 2>/dev/null | tail -c 65 |"
	                                  " base64 -w0 | tr +/ -_",
	                                  path);
	const char *const decode[] = { "sh", "-c",
		                       arena_printf(arena,
		                                    "printf %%s '%s' | tr -- -_ +/ |"
		                                    " base64 -d",
		                                    private),
		                       NULL };
	const char *const ask[] = { "sh", "-c", script, NULL };
	struct process_run run = { .argv = decode, .deadline_ms = 30000 };
	struct process_result result = { 0 };
	char der[sizeof(head) + 32 + sizeof(tail)];

	if (process_run(arena, &run, &result) != 0 || result.out_len != 32)
		return "it is not 32 bytes";
	memcpy(der, head, sizeof(head));
	memcpy(der + sizeof(head), result.out, 32);
	memcpy(der + sizeof(head) + 32, tail, sizeof(tail));
	(void)unlink(path);
	if (file_create(AT_FDCWD, path, 0600, der, sizeof(der)) != 0)
		return "it cannot be written";
	run.argv = ask;
	if (process_run(arena, &run, &result) != 0)
		return "openssl does not run";
	(void)unlink(path);
	return result.out;
}

static void test_vapid(void)
{
	/* As another generator made it, and another reader took it. */
	static const char known[] = "LQC3tmL3DLtmm_sFxQUxlZ2nOf7uv_AiM4Jpq6Jq_vA=";
	static const char known_public[] =
		"BFHNwLsIRsid6z8rY1_7yNbiQeB9KrSkRzPvgbmps0MaWutHGbSW3DgEAKSg_"
		"VJGaeMRGVdVfylUhQlrNEoMdhk=";
	const char *private;

	is_str(secret_vapid_public(arena, known), known_public, "the public half of a known pair");
	is_str(secret_vapid_public(arena, arena_strndup(arena, known, 43)), known_public,
	       "also without padding");
	for (size_t i = 0; i < 3; i++) {
		private = secret_make(arena, SECRET_VAPID, 32);
		is_int((long long)strlen(private), 44, "a private half is 44 letters");
		is_str(secret_vapid_public(arena, private), openssl_public(private),
		       "openssl finds the same public half");
	}
	ok(secret_vapid_public(arena, "") == NULL &&
	           secret_vapid_public(arena, known + 1) == NULL &&
	           secret_vapid_public(arena, known_public) == NULL,
	   "what has another length is no private half");
	ok(secret_vapid_public(arena, "LQC3tmL3DLtmm!sFxQUxlZ2nOf7uv_AiM4Jpq6Jq_vA=") == NULL,
	   "nor what is not base64");
	ok(secret_vapid_public(arena, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") == NULL &&
	           secret_vapid_public(arena, "__________________________________________8=") ==
	                   NULL,
	   "nor a number outside of the group");
}

static void test_ssh_key(void)
{
	const char *path = path_of("key");
	const char *const argv[] = { "ssh-keygen", "-y", "-P", "", "-f", path, NULL };
	struct process_run run = { .argv = argv, .deadline_ms = 30000 };
	struct process_result result = { 0 };
	char *private = NULL, *public = NULL, *broken;

	secret_make_ssh_key(arena, "stead@example.org", &private, &public);
	ok(str_starts(public, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI") &&
	           str_ends(public, " stead@example.org"),
	   "its public line");
	is_str(secret_ssh_public(arena, private), public, "is found in the private key");
	is_int(file_create(AT_FDCWD, path, 0600, private, strlen(private)), 0, "written");
	is_int(process_run(arena, &run, &result), 0, "ssh-keygen runs");
	is_int(result.exit_code, 0, "and reads it");
	is_str(result.out, arena_printf(arena, "%s\n", public), "and sees the same public key");

	broken = arena_strdup(arena, private);
	broken[120] = broken[120] == 'A' ? 'B' : 'A';
	ok(secret_ssh_public(arena, broken) == NULL ||
	           strcmp(secret_ssh_public(arena, broken), public) != 0,
	   "a changed key is not the same key");
	broken = arena_strndup(arena, private, 200);
	ok(secret_ssh_public(arena, broken) == NULL, "half a key is none");
	ok(secret_ssh_public(arena, public) == NULL, "a public key is no private one");
	ok(secret_ssh_public(arena, "") == NULL, "nor is nothing");
}

int main(void)
{
	arena = arena_new_secret();
	if (mkdtemp(dir) == NULL)
		return 1;
	test_document();
	test_refusals();
	test_make();
	test_uuid();
	test_vapid();
	test_ssh_key();
	(void)unlink(path_of("key"));
	(void)unlink(path_of("stead.secrets.yaml"));
	(void)rmdir(dir);
	arena_free(arena);
	return tap_done();
}
