#include "plan/bundle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "plan/json.h"

enum { HEX_LEN = 65 };

_Static_assert(sizeof(((struct bundle *)0)->id) == HEX_LEN, "SHA-256 in hex");

static void finish_hex(crypto_hash_sha256_state *state, char ret[HEX_LEN])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(state, digest);
	(void)sodium_bin2hex(ret, HEX_LEN, digest, sizeof(digest));
}

static void hash_text(crypto_hash_sha256_state *state, const char *s)
{
	crypto_hash_sha256_update(state, (const unsigned char *)s, strlen(s) + 1);
}

/* Of sorted files. */
static void make_id(const struct bundle *bundle, char ret[HEX_LEN])
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < bundle->files.count; i++) {
		const struct bundle_file *file = &bundle->files.items[i];
		char len[32];

		(void)snprintf(len, sizeof(len), "%zu", file->len);
		hash_text(&state, file->path);
		hash_text(&state, len);
		crypto_hash_sha256_update(&state, (const unsigned char *)file->data, file->len);
	}
	finish_hex(&state, ret);
}

static int compare_files(const void *a, const void *b)
{
	const struct bundle_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void sort_files(struct bundle *bundle)
{
	if (bundle->files.count > 1)
		qsort(bundle->files.items, bundle->files.count, sizeof(*bundle->files.items),
		      compare_files);
}

const struct bundle_file *bundle_find(const struct bundle *bundle, const char *path)
{
	const struct bundle_file key = { .path = path };

	if (bundle->files.count == 0)
		return NULL;
	return bsearch(&key, bundle->files.items, bundle->files.count, sizeof(*bundle->files.items),
	               compare_files);
}

/* --- writing --- */

/* By hand and not with jansson, whose memory is neither locked nor wiped. */
static void add_string(struct text *text, const char *s, size_t len)
{
	size_t from = 0;

	text_addc(text, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		text_addn(text, s + from, i - from);
		from = i + 1;
		if (c == '\n')
			text_add(text, "\\n");
		else if (c >= ' ')
			text_addf(text, "\\%c", c);
		else
			text_addf(text, "\\u%04x", c);
	}
	text_addn(text, s + from, len - from);
	text_addc(text, '"');
}

static bool is_text(const char *data, size_t len)
{
	size_t offset;

	return memchr(data, '\0', len) == NULL && utf8_valid(data, len, &offset);
}

static const char *unwritable(struct arena *arena, const struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->files.count; i++) {
		const struct bundle_file *file = &bundle->files.items[i];

		if (!is_text(file->path, strlen(file->path)))
			return "the path of a file is not UTF-8 text";
		if (!is_text(file->data, file->len))
			return arena_printf(arena, "'%s' is not UTF-8 text", file->path);
		if (i > 0 && str_equal(file->path, file[-1].path))
			return arena_printf(arena, "'%s' is there twice", file->path);
	}
	return NULL;
}

char *bundle_write(struct arena *arena, struct bundle *bundle, size_t *ret_len,
                   const char **ret_error)
{
	const char *error;
	struct text text;

	sort_files(bundle);
	error = unwritable(arena, bundle);
	if (error != NULL) {
		*ret_error = error;
		return NULL;
	}
	make_id(bundle, bundle->id);
	text_init(&text, arena);
	text_addf(&text, "{\"bundle\":%d,\"id\":\"%s\",\"files\":{", BUNDLE_VERSION, bundle->id);
	for (size_t i = 0; i < bundle->files.count; i++) {
		const struct bundle_file *file = &bundle->files.items[i];

		text_add(&text, i > 0 ? ",\n" : "\n");
		add_string(&text, file->path, strlen(file->path));
		text_addc(&text, ':');
		add_string(&text, file->data, file->len);
	}
	text_add(&text, "}}\n");
	if (text.len > BUNDLE_MAX_BYTES) {
		*ret_error = arena_printf(arena, "all files together are larger than %d bytes",
		                          BUNDLE_MAX_BYTES);
		return NULL;
	}
	*ret_len = text.len;
	return text.data;
}

/* --- reading --- */

static bool only_known_keys(const json_t *root, const char **ret_key)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)root, key, value)
	{
		if (str_equal(key, "bundle") || str_equal(key, "id") || str_equal(key, "files"))
			continue;
		*ret_key = key;
		return false;
	}
	return true;
}

/* The version first of all: what another one wrote may mean anything. */
static const char *wrong_shape(struct arena *arena, const json_t *root)
{
	const json_t *version = json_object_get(root, "bundle");
	const char *key = NULL;

	if (!json_is_object(root))
		return "a bundle is a map";
	if (!json_is_integer(version))
		return "the bundle's version is missing";
	if (json_integer_value(version) != BUNDLE_VERSION)
		return arena_printf(arena, "bundle version %lld is not known here, only %d",
		                    (long long)json_integer_value(version), BUNDLE_VERSION);
	if (!only_known_keys(root, &key))
		return arena_printf(arena, "'%.60s' is not a key known here", key);
	if (!json_is_string(json_object_get(root, "id")))
		return "the bundle's id is missing";
	if (!json_is_object(json_object_get(root, "files")))
		return "the bundle's files are missing";
	return NULL;
}

static const char *read_files(struct arena *arena, struct bundle *bundle, const json_t *files)
{
	const char *path;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)files, path, value)
	{
		struct bundle_file *file;

		if (!json_is_string(value))
			return arena_printf(arena, "'%.200s' is not a text", path);
		file = list_add(arena, &bundle->files);
		file->path = arena_strdup(arena, path);
		file->len = json_string_length(value);
		file->data = arena_strndup(arena, json_string_value(value), file->len);
	}
	sort_files(bundle);
	return NULL;
}

static const char *read_plan(struct arena *arena, struct bundle *bundle)
{
	const struct bundle_file *file = bundle_find(bundle, BUNDLE_PLAN);
	crypto_hash_sha256_state state;
	const char *error = NULL;

	if (file == NULL)
		return "the plan is missing: " BUNDLE_PLAN;
	bundle->plan = plan_read(arena, file->data, file->len, &error);
	if (bundle->plan == NULL)
		return arena_printf(arena, BUNDLE_PLAN ": %s", error);
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)file->data, file->len);
	finish_hex(&state, bundle->plan_sha256);
	return NULL;
}

/* The plan says who owns a file and who may read it: none may be there without it. */
static const char *compare_with_plan(struct arena *arena, const struct bundle *bundle)
{
	const struct plan *plan = bundle->plan;
	bool *named = arena_array(arena, bundle->files.count, sizeof(*named));

	for (size_t i = 0; i < plan->files.count; i++) {
		const char *path = plan->files.items[i].path;
		const struct bundle_file *file = bundle_find(bundle, path);

		if (file == NULL)
			return arena_printf(arena, "the plan names '%s', which is not there", path);
		named[file - bundle->files.items] = true;
	}
	for (size_t i = 0; i < bundle->files.count; i++)
		if (!named[i])
			return arena_printf(arena, "the plan does not name '%.200s'",
			                    bundle->files.items[i].path);
	return NULL;
}

static const char *read_checked(struct arena *arena, struct bundle *bundle, const json_t *root)
{
	const char *error = wrong_shape(arena, root);

	if (error == NULL)
		error = read_files(arena, bundle, json_object_get(root, "files"));
	if (error != NULL)
		return error;
	make_id(bundle, bundle->id);
	if (!str_equal(bundle->id, json_string_value(json_object_get(root, "id"))))
		return "the id does not fit the files: the bundle was cut or changed on its way";
	error = read_plan(arena, bundle);
	return error != NULL ? error : compare_with_plan(arena, bundle);
}

struct bundle *bundle_read(struct arena *arena, const char *json, size_t len,
                           const char **ret_error)
{
	struct bundle *bundle = arena_alloc(arena, sizeof(*bundle));
	cleanup_json json_t *root = NULL;
	json_error_t error;
	const char *problem;

	if (len > BUNDLE_MAX_BYTES) {
		*ret_error = arena_printf(arena, "is larger than %d bytes", BUNDLE_MAX_BYTES);
		return NULL;
	}
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) /* its text could show a part of a secret */
		problem = arena_printf(arena, "line %d: is not whole JSON",
		                       error.line > 0 ? error.line : 1);
	else
		problem = read_checked(arena, bundle, root);
	if (problem != NULL) {
		*ret_error = problem;
		return NULL;
	}
	return bundle;
}
