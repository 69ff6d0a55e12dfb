/* Any map as the values of a configuration file, and as what a user passes on: what is written can
 * be read. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char settings_text[] = "app: demo\ndomain: example.org\n"
				    "admin: { name: alice, email: alice@example.net }\n"
				    "mail: none\nbackup: none\n";

#define FILE_OF(syntax)                                                                            \
	"  " syntax ": { processes: [web, tool], path: /config, syntax: " syntax                   \
	", values: {}, parts: [{ when: [own.speed == fast], values: {} }],"                        \
	" options: { setting: more, below: a } }\n"

static const char app_text[] =
	"format: 1\nname: demo\ntitle: Demo\nsecrets: { key: { kind: hex } }\n"
	"settings:\n  speed: { type: text, default: fast, doc: speed }\n"
	"  more: { type: options, doc: more, options: { b.c: int, b.d: text, e: bool, f: list, g: "
	"x|y } }\n"
	"processes:\n  web: { image: docker.io/demo/demo:1, user: \"1000:1000\", networks: [ext] "
	"}\n"
	"  tool: { group: tool, image: \"${image.web}\", user: \"1000:1000\", networks: [ext] }\n"
	"config:\n" FILE_OF("json") FILE_OF("yaml") FILE_OF("toml") FILE_OF("ini") FILE_OF("env");

static void require(bool condition)
{
	if (!condition)
		abort();
}

static const struct yaml_node *parse(struct arena *arena, const char *name, const char *text,
                                     size_t len, struct findings *findings)
{
	struct source *source = arena_alloc(arena, sizeof(*source));

	*source = (struct source){ .name = name, .data = text, .len = len };
	return yaml_parse(arena, source, findings);
}

static void check_lines(const char *text)
{
	size_t len = strlen(text);

	require(len == 0 || text[len - 1] == '\n');
	for (; *text != '\0'; text++)
		require((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t');
}

static void check_file(struct arena *arena, const struct node_config *config)
{
	const char *text = config->content.v;
	struct findings findings;
	json_t *json;

	findings_init(&findings, arena);
	check_lines(text);
	if (str_equal(config->name, "json")) {
		json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		require(json != NULL);
		json_decref(json);
	} else if (str_equal(config->name, "yaml")) {
		require(parse(arena, "again", text, strlen(text), &findings) != NULL &&
		        findings.errors == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new();
	struct secrets secrets = { .arena = arena };
	struct settings settings;
	struct findings findings;
	struct app app;
	const struct yaml_node *values;
	const struct node *node;
	struct app_config *configs;

	findings_init(&findings, arena);
	values = parse(arena, "values", (const char *)data, len, &findings);
	if (values == NULL || values->kind != YAML_MAP || findings.errors > 0)
		return 0;
	require(settings_decode(
		arena, parse(arena, "stead.yaml", settings_text, strlen(settings_text), &findings),
		&(struct source){ .name = "stead.yaml" }, &settings, &findings));
	require(app_decode(arena, parse(arena, "app.yaml", app_text, strlen(app_text), &findings),
	                   &(struct source){ .name = "app.yaml", .data = app_text }, &app,
	                   &findings));
	secrets_set(&secrets, "app.key", "a secret: \"\\'\t\xe2\x80\xa8");
	settings.section.node = yaml_get(values, "demo");
	configs = app.configs.items;
	for (size_t i = 0; i < app.configs.count; i++) {
		configs[i].values.node = values;
		((struct app_part *)configs[i].parts.items)->values.node = values;
	}
	node = node_build(arena,
	                  &(struct node_inputs){ .settings = &settings,
	                                         .app = &app,
	                                         .secrets = &secrets,
	                                         .secret_arena = arena },
	                  &findings);
	require(node != NULL);
	for (size_t i = 0; i < node->configs.count; i++)
		check_file(arena, node->configs.items[i]);
	return 0;
}
