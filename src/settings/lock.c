/*
 * stead.lock: the facts that never change, and image digests.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "settings/settings.h"

enum { LOCK_FORMAT = 1, LINEAGE_DIGITS = 32, DIGEST_LEN = 7 + 64 };

struct lock_file {
	struct value_int format;
	struct value_text app, domain, lineage;
	struct value_pairs tags, images, arches;
};

#define ROW(key_, type_, field_, ...)                                                              \
	{                                                                                          \
		.key = (key_), .type = (type_), .offset = offsetof(struct lock_file, field_),      \
		.since = "0.1", .doc = __VA_ARGS__                                                 \
	}

static const struct schema_row lock_rows[] = {
	ROW("lock", SCHEMA_INT, format, "version of this file's format", .flags = SCHEMA_NEEDED,
	    .min = 1, .max = 1000000),
	ROW("app", SCHEMA_NAME, app, "the application the node was made with",
	    .flags = SCHEMA_NEEDED),
	ROW("domain", SCHEMA_DOMAIN, domain, "the domain the node was made with",
	    .flags = SCHEMA_NEEDED),
	ROW("lineage", SCHEMA_TEXT, lineage, "names this node through its backups",
	    .flags = SCHEMA_NEEDED),
	ROW("tags", SCHEMA_PAIRS, tags, "newer tags that were taken for what is named",
	    .item = SCHEMA_TEXT),
	ROW("images", SCHEMA_PAIRS, images, "digests of the images", .item = SCHEMA_TEXT),
	ROW("arches", SCHEMA_PAIRS, arches, "the machines each image is for", .item = SCHEMA_TEXT),
	{ .key = NULL },
};

static bool is_hex(const char *s, size_t digits)
{
	return strlen(s) == digits && strspn(s, "0123456789abcdef") == digits;
}

static void check_images(const struct value_pairs *images, struct findings *findings)
{
	for (size_t i = 0; i < images->count; i++) {
		const struct value_text *digest = &images->items[i].value;

		if (digest->v != NULL && str_starts(digest->v, "sha256:") &&
		    is_hex(digest->v + 7, DIGEST_LEN - 7))
			continue;
		diag_error(findings, "lock.value",
		           digest->v != NULL ? digest->at : images->items[i].key_at, NULL,
		           "the digest of '%s' is not sha256: and 64 hex digits",
		           images->items[i].key);
	}
}

/* Words of machine.arch; others may come, and are nothing to complain of. */
static void check_arches(const struct value_pairs *arches, struct findings *findings)
{
	for (size_t i = 0; i < arches->count; i++) {
		const struct value_text *names = &arches->items[i].value;

		if (names->v != NULL && names->v[0] != '\0' &&
		    names->v[strspn(names->v, "abcdefghijklmnopqrstuvwxyz0123456789_ ")] == '\0')
			continue;
		diag_error(findings, "lock.value",
		           names->v != NULL ? names->at : arches->items[i].key_at, NULL,
		           "the machines of '%s' are not architectures, like 'aarch64 x86_64'",
		           arches->items[i].key);
	}
}

/* What could stand behind a name and a colon (distribution's grammar of references). */
static void check_tags(const struct value_pairs *tags, struct findings *findings)
{
	enum { LONGEST = 128 };

	for (size_t i = 0; i < tags->count; i++) {
		const struct value_text *tag = &tags->items[i].value;
		size_t len = tag->v != NULL ? strlen(tag->v) : 0;

		if (len > 0 && len <= LONGEST && tag->v[0] != '.' && tag->v[0] != '-' &&
		    strspn(tag->v,
		           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		            len)
			continue;
		diag_error(findings, "lock.value", tag->v != NULL ? tag->at : tags->items[i].key_at,
		           NULL, "the newer tag of '%s' is no tag", tags->items[i].key);
	}
}

bool lock_decode(struct arena *arena, const struct yaml_node *root, struct lock *ret,
                 struct findings *findings)
{
	size_t errors = findings->errors;
	struct lock_file file = { 0 };

	schema_decode(arena, "lock", "", lock_rows, root, &file, findings);
	if (file.format.given && file.format.v > LOCK_FORMAT)
		diag_error(findings, "lock.format", file.format.at, "install a newer stead",
		           "this lock has format %ld, this stead knows format %d only",
		           file.format.v, LOCK_FORMAT);
	if (file.lineage.v != NULL && !is_hex(file.lineage.v, LINEAGE_DIGITS))
		diag_error(findings, "lock.value", file.lineage.at, NULL,
		           "'lineage' is not %d hex digits", LINEAGE_DIGITS);
	check_tags(&file.tags, findings);
	check_images(&file.images, findings);
	check_arches(&file.arches, findings);
	*ret = (struct lock){
		.app = file.app.v,
		.domain = file.domain.v,
		.lineage = file.lineage.v,
		.app_at = file.app.at,
		.domain_at = file.domain.at,
		.tags = file.tags,
		.images = file.images,
		.arches = file.arches,
	};
	return findings->errors == errors;
}

const char *lock_find(const struct value_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (str_equal(pairs->items[i].key, key))
			return pairs->items[i].value.v;
	return NULL;
}

bool lock_arches_have(const char *arches, const char *arch)
{
	size_t len = strlen(arch);

	for (; *arches != '\0'; arches += strspn(arches, " ")) {
		size_t n = strcspn(arches, " ");

		if (n == len && strncmp(arches, arch, n) == 0)
			return true;
		arches += n;
	}
	return false;
}

void lock_set(struct arena *arena, struct value_pairs *pairs, const char *key, const char *value)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (str_equal(pairs->items[i].key, key)) {
			pairs->items[i].value.v = value;
			return;
		}
	*list_add(arena, pairs) = (struct value_pair){ .key = key, .value = { .v = value } };
}

void lock_remove(struct value_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (str_equal(pairs->items[i].key, key)) {
			pairs->items[i] = pairs->items[--pairs->count];
			return;
		}
}

static void write_pair(struct text *text, const char *indent, const char *key, const char *value)
{
	text_add(text, indent);
	yaml_write_scalar(text, key);
	text_add(text, ": ");
	yaml_write_scalar(text, value);
	text_addc(text, '\n');
}

/* Sorted by key, so that the order in which digests became known never shows. */
static void write_pairs(struct text *text, struct arena *arena, const char *name,
                        const struct value_pairs *pairs)
{
	bool *written = arena_array(arena, pairs->count, sizeof(*written));

	if (pairs->count > 0)
		text_addf(text, "%s:\n", name);
	for (size_t n = 0; n < pairs->count; n++) {
		size_t next = pairs->count;

		for (size_t i = 0; i < pairs->count; i++)
			if (!written[i] &&
			    (next == pairs->count ||
			     strcmp(pairs->items[i].key, pairs->items[next].key) < 0))
				next = i;
		written[next] = true;
		write_pair(text, "  ", pairs->items[next].key, pairs->items[next].value.v);
	}
}

char *lock_write(struct arena *arena, const struct lock *lock)
{
	struct text text;

	text_init(&text, arena);
	text_add(&text,
	         "# Made by stead; keep it with stead.yaml, also in git, and do not edit it.\n");
	text_addf(&text, "lock: %d\n", LOCK_FORMAT);
	write_pair(&text, "", "app", lock->app);
	write_pair(&text, "", "domain", lock->domain);
	write_pair(&text, "", "lineage", lock->lineage);
	write_pairs(&text, arena, "tags", &lock->tags);
	write_pairs(&text, arena, "images", &lock->images);
	write_pairs(&text, arena, "arches", &lock->arches);
	return text.data;
}
