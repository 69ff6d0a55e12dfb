#include "secret/ssh.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "secret/secret.h"

#define ARMOR_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define ARMOR_END "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC "openssh-key-v1" /* the NUL behind it belongs to the format */
#define KEY_TYPE "ssh-ed25519"

enum { ARMOR_COLUMNS = 70, BLOCK_LEN = 8, COMMENT_MAX = 200 };

/* -- writing -- */

static void put_u32(struct text *out, size_t value)
{
	text_addc(out, (char)(value >> 24 & 0xff));
	text_addc(out, (char)(value >> 16 & 0xff));
	text_addc(out, (char)(value >> 8 & 0xff));
	text_addc(out, (char)(value & 0xff));
}

static void put_string(struct text *out, const void *data, size_t len)
{
	put_u32(out, len);
	text_addn(out, data, len);
}

static struct text public_blob(struct arena *arena, const unsigned char point[SSH_ED25519_LEN])
{
	struct text blob;

	text_init(&blob, arena);
	put_string(&blob, KEY_TYPE, strlen(KEY_TYPE));
	put_string(&blob, point, SSH_ED25519_LEN);
	return blob;
}

static struct text private_section(struct arena *arena, const struct ssh_key *key,
                                   const char *comment)
{
	struct text out;

	text_init(&out, arena);
	text_addn(&out, (const char *)key->check, sizeof(key->check));
	text_addn(&out, (const char *)key->check, sizeof(key->check));
	put_string(&out, KEY_TYPE, strlen(KEY_TYPE));
	put_string(&out, key->point, sizeof(key->point));
	put_u32(&out, sizeof(key->seed) + sizeof(key->point));
	text_addn(&out, (const char *)key->seed, sizeof(key->seed));
	text_addn(&out, (const char *)key->point, sizeof(key->point));
	put_string(&out, comment, strlen(comment));
	for (char pad = 1; out.len % BLOCK_LEN != 0; pad++)
		text_addc(&out, pad);
	return out;
}

char *ssh_private_text(struct arena *arena, const struct ssh_key *key, const char *comment)
{
	struct text blob = public_blob(arena, key->point);
	struct text section = private_section(arena, key, comment);
	struct text raw, out;
	const char *base64;

	text_init(&raw, arena);
	text_addn(&raw, MAGIC, sizeof(MAGIC));
	put_string(&raw, "none", 4); /* cipher */
	put_string(&raw, "none", 4); /* key derivation */
	put_string(&raw, "", 0);
	put_u32(&raw, 1);
	put_string(&raw, blob.data, blob.len);
	put_string(&raw, section.data, section.len);

	base64 = base64_encode(arena, raw.data, raw.len);
	text_init(&out, arena);
	text_add(&out, ARMOR_BEGIN "\n");
	for (size_t len = strlen(base64); len > 0;) {
		size_t n = len < ARMOR_COLUMNS ? len : ARMOR_COLUMNS;

		text_addn(&out, base64, n);
		text_addc(&out, '\n');
		base64 += n;
		len -= n;
	}
	text_add(&out, ARMOR_END "\n");
	return out.data;
}

char *ssh_public_line(struct arena *arena, const unsigned char point[SSH_ED25519_LEN],
                      const char *comment)
{
	struct text blob = public_blob(arena, point);
	const char *base64 = base64_encode(arena, blob.data, blob.len);

	if (comment == NULL || comment[0] == '\0')
		return arena_printf(arena, KEY_TYPE " %s", base64);
	return arena_printf(arena, KEY_TYPE " %s %s", base64, comment);
}

/* -- reading -- */

struct reader {
	const unsigned char *data;
	size_t len;
};

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes up to END; line breaks are skipped, anything else but padding at the end is refused. */
static bool decode_armor(struct text *out, const char *s, const char *end)
{
	uint32_t bits = 0;
	unsigned count = 0;

	for (; s < end && *s != '='; s++) {
		int value = base64_value(*s);

		if (*s == '\n' || *s == '\r')
			continue;
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			text_addc(out, (char)(bits >> count & 0xff));
		}
	}
	for (; s < end; s++)
		if (strchr("=\r\n", *s) == NULL)
			return false;
	return true;
}

static bool take(struct reader *in, size_t len, const unsigned char **ret)
{
	if (in->len < len)
		return false;
	*ret = in->data;
	in->data += len;
	in->len -= len;
	return true;
}

static bool take_u32(struct reader *in, uint32_t *ret)
{
	const unsigned char *b;

	if (!take(in, 4, &b))
		return false;
	*ret = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return true;
}

static bool take_string(struct reader *in, struct reader *ret)
{
	uint32_t len;

	if (!take_u32(in, &len))
		return false;
	ret->len = len;
	return take(in, len, &ret->data);
}

static bool take_exactly(struct reader *in, const char *expected)
{
	struct reader s;

	return take_string(in, &s) && s.len == strlen(expected) &&
	       memcmp(s.data, expected, s.len) == 0;
}

/* The public half, and the comment with its length. */
static bool read_key(struct reader in, const unsigned char **ret_point, struct reader *ret_comment)
{
	const unsigned char *bytes;
	struct reader blob, section, point, pair;
	uint32_t count, check1, check2;

	if (!take(&in, sizeof(MAGIC), &bytes) || memcmp(bytes, MAGIC, sizeof(MAGIC)) != 0)
		return false;
	if (!take_exactly(&in, "none") || !take_exactly(&in, "none") || !take_exactly(&in, "") ||
	    !take_u32(&in, &count) || count != 1 || !take_string(&in, &blob) ||
	    !take_string(&in, &section) || in.len != 0)
		return false;
	if (!take_exactly(&blob, KEY_TYPE) || !take_string(&blob, &point) ||
	    point.len != SSH_ED25519_LEN || blob.len != 0)
		return false;
	if (!take_u32(&section, &check1) || !take_u32(&section, &check2) || check1 != check2 ||
	    !take_exactly(&section, KEY_TYPE) || !take_string(&section, &blob) ||
	    !take_string(&section, &pair) || !take_string(&section, ret_comment))
		return false;
	/* The three copies of the public half must be one. */
	if (blob.len != point.len || memcmp(blob.data, point.data, point.len) != 0 ||
	    pair.len != 2 * point.len || memcmp(pair.data + point.len, point.data, point.len) != 0)
		return false;
	*ret_point = point.data;
	return true;
}

char *secret_ssh_public(struct arena *arena, const char *private_key)
{
	const char *begin = private_key + strspn(private_key, " \r\n");
	const char *end = strstr(private_key, ARMOR_END);
	const unsigned char *point;
	struct reader comment;
	struct text raw;

	if (!str_starts(begin, ARMOR_BEGIN) || end == NULL)
		return NULL;
	text_init(&raw, arena);
	if (!decode_armor(&raw, begin + strlen(ARMOR_BEGIN), end) ||
	    !read_key((struct reader){ (const unsigned char *)raw.data, raw.len }, &point,
	              &comment) ||
	    comment.len > COMMENT_MAX)
		return NULL;
	for (size_t i = 0; i < comment.len; i++)
		if (comment.data[i] < ' ' || comment.data[i] > '~')
			return NULL;
	return ssh_public_line(arena, point,
	                       arena_strndup(arena, (const char *)comment.data, comment.len));
}
