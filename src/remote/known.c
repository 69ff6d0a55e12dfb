#include "remote/known.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"

enum { KEY_MAX = 16 * 1024 };

#define BLANKS " \t"
#define PREFIX "SHA256:"

/* The next word of *LINE, which moves on behind it; NULL at the end of the line. */
static const char *next_word(struct arena *arena, const char **line)
{
	const char *start = *line + strspn(*line, BLANKS);
	size_t len = strcspn(start, BLANKS "\r\n");

	*line = start + len;
	return len == 0 ? NULL : arena_strndup(arena, start, len);
}

/* The SHA-256 of the key, in base64 without padding (ssh-keygen -l). NULL when it is no base64. */
static const char *fingerprint_of(struct arena *arena, const char *base64, const char *type)
{
	size_t len = strlen(base64), type_len = strlen(type);
	unsigned char *key = arena_alloc(arena, len + 1), digest[crypto_hash_sha256_BYTES];
	char *text;
	size_t n;

	if (len > KEY_MAX || sodium_base642bin(key, len, base64, len, NULL, &n, NULL,
	                                       sodium_base64_VARIANT_ORIGINAL) != 0)
		return NULL;
	/* A key begins with its own type, with its length in 4 bytes before it (RFC 4253, 6.6). */
	if (n < 4 + type_len || key[2] != type_len >> 8 || key[3] != (type_len & 255) ||
	    memcmp(key + 4, type, type_len) != 0)
		return NULL;
	(void)crypto_hash_sha256(digest, key, n);
	text = arena_printf(arena, PREFIX "%s", base64_encode(arena, digest, sizeof(digest)));
	text[strcspn(text, "=")] = '\0';
	return text;
}

bool host_key_parse(struct arena *arena, const char *line, struct host_key *ret)
{
	struct host_key key = { .type = next_word(arena, &line) };

	key.base64 = key.type == NULL ? NULL : next_word(arena, &line);
	key.fingerprint = key.base64 == NULL ? NULL : fingerprint_of(arena, key.base64, key.type);
	if (key.fingerprint != NULL)
		*ret = key;
	return key.fingerprint != NULL;
}

/* NAMES is a list with commas. */
static bool names_have(const char *names, const char *name)
{
	size_t len = strlen(name);

	while (*names != '\0') {
		size_t n = strcspn(names, ",");

		if (n == len && strncasecmp(names, name, n) == 0)
			return true;
		names += n + (names[n] == ',');
	}
	return false;
}

void known_hosts_find(struct arena *arena, const char *text, const char *name,
                      struct host_keys *ret)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		const char *line = arena_strndup(arena, text, len);
		const char *names = next_word(arena, &line);
		struct host_key key;

		if (names != NULL && *names != '#' && *names != '@' && names_have(names, name) &&
		    host_key_parse(arena, line, &key))
			*list_add(arena, ret) = key;
		text += len + (text[len] == '\n');
	}
}

static bool is_among(const struct host_keys *keys, const struct host_key *key)
{
	for (size_t i = 0; i < keys->count; i++)
		if (str_equal(keys->items[i].type, key->type) &&
		    str_equal(keys->items[i].base64, key->base64))
			return true;
	return false;
}

char *known_hosts_add(struct arena *arena, const char *old, const char *name,
                      const struct host_keys *keys)
{
	struct host_keys known = { 0 };
	struct text text;

	known_hosts_find(arena, old, name, &known);
	text_init(&text, arena);
	text_add(&text, old);
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		text_addc(&text, '\n');
	for (size_t i = 0; i < keys->count; i++)
		if (!is_among(&known, &keys->items[i]))
			text_addf(&text, "%s %s %s\n", name, keys->items[i].type,
			          keys->items[i].base64);
	return text.data;
}

const struct host_key *host_keys_by_fingerprint(const struct host_keys *keys,
                                                const char *fingerprint)
{
	size_t len;

	if (str_starts(fingerprint, PREFIX))
		fingerprint += strlen(PREFIX);
	len = strlen(fingerprint);
	while (len > 0 && fingerprint[len - 1] == '=')
		len--;
	for (size_t i = 0; i < keys->count; i++) {
		const char *own = keys->items[i].fingerprint + strlen(PREFIX);

		if (strlen(own) == len && memcmp(own, fingerprint, len) == 0)
			return &keys->items[i];
	}
	return NULL;
}

bool host_keys_conflict(const struct host_keys *known, const struct host_keys *found,
                        const struct host_key **ret_known, const struct host_key **ret_found)
{
	for (size_t i = 0; i < known->count; i++)
		for (size_t n = 0; n < found->count; n++) {
			if (!str_equal(known->items[i].type, found->items[n].type) ||
			    str_equal(known->items[i].base64, found->items[n].base64))
				continue;
			*ret_known = &known->items[i];
			*ret_found = &found->items[n];
			return true;
		}
	return false;
}
