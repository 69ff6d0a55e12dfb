/* Public keys for ssh: as text, or files of them. */
#include "node/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { KEY_FILE_MAX_BYTES = 64 * 1024, KEY_MAX_BYTES = 16 * 1024 };

/* sshd(8), "AUTHORIZED_KEYS FILE FORMAT". DSA keys are refused by every current sshd. */
static const char *const types[] = {
	"ssh-ed25519",
	"ssh-rsa",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
};

static bool is_type(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i]) == len && strncmp(types[i], s, len) == 0)
			return true;
	}
	return false;
}

static size_t read_length(const unsigned char *p)
{
	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* RFC 4253, 6.6: the name of the type, then more fields; each field has its length in front, in all
 * known types. A key that was cut off, or copied with a gap, does not end where its last field
 * ends. */
static bool is_key_blob(const unsigned char *blob, size_t len, const char *type, size_t type_len)
{
	size_t fields = 0;

	for (size_t at = 0; at < len; fields++) {
		size_t field_len;

		if (len - at < 4)
			return false;
		field_len = read_length(blob + at);
		at += 4;
		if (field_len > len - at)
			return false;
		if (fields == 0 &&
		    (field_len != type_len || memcmp(blob + at, type, type_len) != 0))
			return false;
		at += field_len;
	}
	return fields > 1;
}

static bool is_key(struct arena *arena, const char *base64, size_t len, const char *type,
                   size_t type_len)
{
	unsigned char *blob;
	const char *end;
	size_t n;

	if (len == 0 || len > KEY_MAX_BYTES)
		return false;
	blob = arena_alloc(arena, len);
	return sodium_base642bin(blob, len, base64, len, NULL, &n, &end,
	                         sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       end == base64 + len && is_key_blob(blob, n, type, type_len);
}

/* One line; WHERE names its file in findings, or is empty. */
static void add_key(struct build *b, const char *line, struct span at, const char *where,
                    struct node_keys *ret)
{
	size_t type_len = strcspn(line, " \t"), len = strlen(line);
	const char *blob = line + type_len + strspn(line + type_len, " \t");

	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		len--;
	if (!is_type(line, type_len)) {
		diag_error(b->findings, "ssh.key", at, "like 'ssh-ed25519 AAAA… alice@laptop'",
		           "%snot a public key of a known kind", where);
		return;
	}
	if (!is_key(b->arena, blob, strcspn(blob, " \t\r"), line, type_len)) {
		diag_error(b->findings, "ssh.key", at, "copy the whole line of the .pub file",
		           "%sthis public key is damaged or cut off", where);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t') {
			diag_error(b->findings, "ssh.key", at, NULL,
			           "%sa control character in a public key", where);
			return;
		}
	}
	*list_add(b->arena, ret) = (struct node_key){
		.line = arena_strndup(b->arena, line, len),
		.origin = origin_at(at),
	};
}

static bool holds_private_key(const char *s)
{
	return strstr(s, "PRIVATE KEY") != NULL || strstr(s, "PuTTY-User-Key-File") != NULL;
}

/* The place without the line it stands on: a key must not be shown by the report that refuses it.
 */
static struct span unquoted(struct build *b, struct span at)
{
	struct source *source;

	if (at.source == NULL)
		return at;
	source = arena_memdup(b->arena, at.source, sizeof(*at.source));
	source->secret = true;
	at.source = source;
	return at;
}

static const char *resolve_path(struct build *b, const char *path)
{
	const char *home = getenv("HOME");

	if (str_starts(path, "~/") && home != NULL)
		return arena_printf(b->arena, "%s%s", home, path + 1);
	if (path[0] == '/' || b->in->settings_dir == NULL)
		return path;
	return arena_printf(b->arena, "%s/%s", b->in->settings_dir, path);
}

/* Read into the secret arena: it may turn out to be a private key. */
static void add_file(struct build *b, const char *path, struct span at, struct node_keys *ret)
{
	size_t before = ret->count, len, errors = b->findings->errors;
	const char *found = resolve_path(b, path);
	struct stat st;
	char *data;
	int rc;

	/* A fifo would hold us until somebody writes to it, which may be never. */
	if (stat(found, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		rc = -EINVAL;
	else
		rc = file_read(b->secret_arena, AT_FDCWD, found, KEY_FILE_MAX_BYTES, &data, &len);
	if (rc < 0) {
		diag_error(b->findings, "ssh.key-file", at,
		           rc == -ENOENT ? "a path is relative to the folder of stead.yaml" : NULL,
		           "cannot read '%s': %s", path, strerror(-rc));
		return;
	}
	if (holds_private_key(data)) {
		diag_error(b->findings, "ssh.private-key", at,
		           "write the public one, it ends in .pub", "'%s' is a private key", path);
		return;
	}
	/* One report for a file that is something else altogether. */
	for (char *line = strtok_r(data, "\n", &data);
	     line != NULL && b->findings->errors == errors; line = strtok_r(NULL, "\n", &data)) {
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#' && *line != '\r')
			add_key(b, line, at, arena_printf(b->arena, "'%s': ", path), ret);
	}
	if (ret->count == before && b->findings->errors == errors)
		diag_error(b->findings, "ssh.key", at, NULL, "there is no key in '%s'", path);
}

void build_ssh_keys(struct build *b, const struct value_list *keys, struct node_keys *ret)
{
	for (size_t i = 0; i < keys->count; i++) {
		const char *s = keys->items[i].v;
		struct span at = keys->items[i].at;

		if (holds_private_key(s))
			diag_error(b->findings, "ssh.private-key", unquoted(b, at),
			           "write the public one, and make a new pair: this one has been "
			           "shown",
			           "this is a private key");
		else if (strpbrk(s, "\n\r") != NULL)
			diag_error(b->findings, "ssh.key", at, "one key for each item of the list",
			           "a key of several lines");
		else if (is_type(s, strcspn(s, " \t")) || str_starts(s, "ssh-") ||
		         str_starts(s, "ecdsa-"))
			add_key(b, s, at, "", ret);
		else
			add_file(b, s, at, ret);
	}
}
