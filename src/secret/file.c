/*
 * The secrets document: one flat map of name to text. No OpenSSL here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/text.h"
#include "secret/secret.h"

enum { NAME_MAX_LEN = 100, VALUE_MAX_LEN = 64 * 1024, COUNT_MAX = 1000 };

static bool is_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t len = strlen(s);

	return len > 0 && len <= NAME_MAX_LEN && strspn(s, allowed) == len;
}

/* Others on this computer must not be able to read it. *RET_MISSING: there is no such file. */
static bool check_mode(const char *path, bool *ret_missing, struct findings *findings)
{
	struct source *source;
	struct stat st;
	struct span span;

	*ret_missing = false;
	if (stat(path, &st) < 0) {
		*ret_missing = errno == ENOENT;
		return true; /* anything else: reading will say why */
	}
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) == 0)
		return true;
	source = arena_alloc(findings->arena, sizeof(*source));
	*source = (struct source){ .name = arena_strdup(findings->arena, path),
		                   .data = "",
		                   .secret = true };
	span = (struct span){ .source = source };
	diag_error(findings, "secret.mode", span,
	           arena_printf(findings->arena, "chmod 600 %s", path),
	           "other users may read this file (mode %04o)", (unsigned)st.st_mode & 07777);
	return false;
}

static void decode_pair(struct secrets *ret, const struct yaml_pair *pair,
                        struct findings *findings)
{
	if (!is_name(pair->key->text))
		diag_error(findings, "secret.name", pair->key->span,
		           "letters, digits, '_', '.' and '-'", "this is not the name of a secret");
	else if (pair->value->kind != YAML_SCALAR)
		diag_error(findings, "secret.type", pair->value->span,
		           "the document is flat: name: text", "the secret '%s' is not a text",
		           pair->key->text);
	else if (yaml_is_null(pair->value) || pair->value->len == 0)
		diag_error(findings, "secret.empty", pair->key->span, NULL,
		           "the secret '%s' is empty", pair->key->text);
	else if (pair->value->len > VALUE_MAX_LEN)
		diag_error(findings, "secret.size", pair->key->span, NULL,
		           "the secret '%s' is longer than %d bytes", pair->key->text,
		           VALUE_MAX_LEN);
	else
		secrets_set(ret, pair->key->text, pair->value->text);
}

bool secrets_read(struct arena *arena, const char *path, struct secrets *ret,
                  struct findings *findings)
{
	size_t errors = findings->errors;
	struct source *source = arena_alloc(arena, sizeof(*source));
	const struct yaml_node *root;
	bool missing;

	*ret = (struct secrets){ .arena = arena };
	if (!check_mode(path, &missing, findings))
		return false;
	if (missing)
		return true;
	if (!yaml_read_source(arena, path, true, source, findings))
		return false;
	ret->text = source->data;
	root = yaml_parse(arena, source, findings);
	if (root == NULL)
		return false;
	if (root->kind != YAML_MAP || root->count > COUNT_MAX) {
		diag_error(findings, "secret.type", root->span, NULL,
		           "the document is not a map of names and texts");
		return false;
	}
	for (size_t i = 0; i < root->count; i++)
		decode_pair(ret, &root->pairs[i], findings);
	return findings->errors == errors;
}

static struct secret *find(const struct secrets *secrets, const char *name)
{
	for (size_t i = 0; i < secrets->count; i++)
		if (strcmp(secrets->items[i].name, name) == 0)
			return &secrets->items[i];
	return NULL;
}

const struct secret *secrets_get(const struct secrets *secrets, const char *name)
{
	return find(secrets, name);
}

void secrets_set(struct secrets *secrets, const char *name, const char *value)
{
	struct secret *secret = find(secrets, name);

	if (secret == NULL) {
		secret = list_add(secrets->arena, secrets);
		secret->name = arena_strdup(secrets->arena, name);
	}
	secret->value = arena_strdup(secrets->arena, value);
	secret->len = strlen(value);
}

/* A literal block keeps lines as they are: no control characters, no blanks that an editor would
 * take away, no leading blank that would need an indentation mark, one newline at the end. */
static bool fits_block(const struct secret *secret)
{
	const char *s = secret->value;

	if (secret->len < 2 || strchr(s, '\n') == s + secret->len - 1 || s[secret->len - 1] != '\n')
		return false;
	for (size_t i = 0; i < secret->len; i++) {
		bool line_start = i == 0 || s[i - 1] == '\n';

		if (s[i] == '\n' ? (line_start || s[i - 1] == ' ') : (s[i] < ' ' || s[i] > '~'))
			return false;
		if (line_start && s[i] == ' ')
			return false;
	}
	return true;
}

static void write_block(struct text *text, const char *value)
{
	text_add(text, "|\n");
	while (*value != '\0') {
		size_t len = strcspn(value, "\n");

		text_add(text, "  ");
		text_addn(text, value, len);
		text_addc(text, '\n');
		value += len + 1;
	}
}

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static void write_quoted(struct text *text, const char *value)
{
	if (!is_ascii(value)) { /* some of these are line breaks in YAML: its own writer knows which
		                 */
		yaml_write_scalar(text, value);
		text_addc(text, '\n');
		return;
	}
	text_addc(text, '"');
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			text_addf(text, "\\%c", c);
		else if (c == '\n')
			text_add(text, "\\n");
		else if (c == '\t')
			text_add(text, "\\t");
		else if (c < ' ' || c == 0x7f)
			text_addf(text, "\\x%02x", c);
		else
			text_addc(text, (char)c);
	}
	text_add(text, "\"\n");
}

static int compare_names(const void *a, const void *b)
{
	const struct secret *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

char *secrets_write(const struct secrets *secrets, size_t *ret_len)
{
	const struct secret **sorted =
		arena_array(secrets->arena, secrets->count + 1, sizeof(*sorted));
	struct text text;

	for (size_t i = 0; i < secrets->count; i++)
		sorted[i] = &secrets->items[i];
	if (secrets->count > 0)
		qsort(sorted, secrets->count, sizeof(*sorted), compare_names);
	text_init(&text, secrets->arena);
	text_add(&text, "# Secrets of the node. Made by stead; keep it safe, and never in git.\n");
	if (secrets->count == 0)
		text_add(&text, "{}\n");
	for (size_t i = 0; i < secrets->count; i++) {
		text_addf(&text, "%s: ", sorted[i]->name);
		if (fits_block(sorted[i]))
			write_block(&text, sorted[i]->value);
		else
			write_quoted(&text, sorted[i]->value);
	}
	*ret_len = text.len;
	return text.data;
}
