/* Any bytes: the reader ends, keeps its budgets, and what it accepts can be walked and written. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* What the writer writes must read back as the same text. */
static void round_trip(struct arena *arena, const char *s)
{
	struct findings findings;
	const struct yaml_node *node;
	struct source source = { .name = "again" };
	struct text text;

	text_init(&text, arena);
	text_add(&text, "- ");
	yaml_write_scalar(&text, s);
	source.data = text.data;
	source.len = text.len;
	findings_init(&findings, arena);
	node = yaml_parse(arena, &source, &findings);
	require(node != NULL && node->kind == YAML_LIST && node->count == 1);
	require(str_equal(node->items[0]->text, s) && !yaml_is_null(node->items[0]));
}

static size_t walk(struct arena *arena, const struct yaml_node *node, const struct source *source,
                   unsigned depth)
{
	size_t nodes = 1;

	require(depth <= YAML_MAX_DEPTH);
	require(node->span.source == source && node->span.line > 0 && node->span.col > 0);
	require(node->span.end_col >= node->span.col);
	(void)span_excerpt(arena, node->span);
	if (node->kind == YAML_SCALAR) {
		require(strlen(node->text) == node->len);
		require(utf8_valid(node->text, node->len, NULL));
		if (node->len < 4096)
			round_trip(arena, node->text);
	}
	for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++)
		nodes += walk(arena, node->items[i], source, depth + 1);
	for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++) {
		require(yaml_get(node, node->pairs[i].key->text) == node->pairs[i].value);
		nodes += 1 + walk(arena, node->pairs[i].value, source, depth + 1);
	}
	return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *null;
	cleanup_arena struct arena *arena = arena_new();
	struct source source = { .name = "fuzz.yaml", .data = (const char *)data, .len = len };
	struct findings findings;
	const struct yaml_node *root;

	if (null == NULL)
		null = fopen("/dev/null", "w");
	require(null != NULL);
	findings_init(&findings, arena);
	root = yaml_parse(arena, &source, &findings);
	require((root == NULL) == (findings.errors > 0));
	if (root != NULL)
		require(walk(arena, root, &source, 0) <= YAML_MAX_NODES);
	findings_print(&findings, null, true);
	findings_print_json(&findings, null);
	return 0;
}
