/*
 * A node from texts, for the tests of node and check.
 */
#ifndef STEAD_TESTS_FIXTURE_H
#define STEAD_TESTS_FIXTURE_H

#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "check/check.h"
#include "tap.h"

struct fixture {
	struct arena *arena, *secret_arena;
	struct source settings_source, app_source, lock_source;
	struct settings settings;
	struct app app;
	struct secrets secrets;
	struct lock lock;
	bool has_lock;
	struct node_inputs inputs;
	struct findings findings;
	struct node *node;
};

/* What nearly every test needs of stead.yaml; tests add lines. */
#define STEAD_YAML                                                                                 \
	"app: demo\n"                                                                              \
	"domain: example.org\n"                                                                    \
	"admin: { name: alice, email: alice@example.net }\n"                                       \
	"mail: none\n"                                                                             \
	"backup: none\n"

#define APP_YAML                                                                                   \
	"format: 1\n"                                                                              \
	"name: demo\n"                                                                             \
	"title: Demo\n"                                                                            \
	"volumes:\n"                                                                               \
	"  data: { class: precious, user: \"1000:1000\" }\n"                                       \
	"processes:\n"                                                                             \
	"  web:\n"                                                                                 \
	"    image: docker.io/demo/demo:1\n"                                                       \
	"    user: \"1000:1000\"\n"                                                                \
	"    port: 8001\n"                                                                         \
	"    networks: [int, ext]\n"                                                               \
	"    volumes: [ { volume: data, path: /data } ]\n"

static inline const struct yaml_node *fixture_parse(struct fixture *f, struct source *source,
                                                    const char *name, const char *text)
{
	*source = (struct source){ .name = name, .data = text, .len = strlen(text) };
	return yaml_parse(f->arena, source, &f->findings);
}

static inline void fixture_init(struct fixture *f)
{
	*f = (struct fixture){ .arena = arena_new(), .secret_arena = arena_new_secret() };
	f->secrets.arena = f->secret_arena;
	findings_init(&f->findings, f->arena);
}

static inline void fixture_done(struct fixture *f)
{
	arena_free(f->arena);
	arena_free(f->secret_arena);
}

/* Everything up to the model; the node is NULL when an input was broken. Secrets are set before. */
static inline struct node *fixture_build(struct fixture *f, const char *settings, const char *app,
                                         const char *lock)
{
	const struct yaml_node *root =
		fixture_parse(f, &f->settings_source, "stead.yaml", settings);
	const struct yaml_node *app_root = fixture_parse(f, &f->app_source, "app.yaml", app);
	bool fine = root != NULL && app_root != NULL;

	fine = fine &&
	       settings_decode(f->arena, root, &f->settings_source, &f->settings, &f->findings);
	fine = fine && app_decode(f->arena, app_root, &f->app_source, &f->app, &f->findings);
	if (fine && lock != NULL) {
		root = fixture_parse(f, &f->lock_source, "stead.lock", lock);
		fine = root != NULL && lock_decode(f->arena, root, &f->lock, &f->findings);
		f->has_lock = true;
	}
	if (!fine)
		return NULL;
	/* `engine` and `trial` are as the test set them. */
	f->inputs.settings = &f->settings;
	f->inputs.app = &f->app;
	f->inputs.secrets = &f->secrets;
	f->inputs.lock = f->has_lock ? &f->lock : NULL;
	f->inputs.secret_arena = f->secret_arena;
	f->node = node_build(f->arena, &f->inputs, &f->findings);
	return f->node;
}

static inline const struct finding *fixture_find(const struct fixture *f, const char *code)
{
	for (size_t i = 0; i < f->findings.count; i++) {
		if (str_equal(f->findings.items[i].code, code))
			return &f->findings.items[i];
	}
	return NULL;
}

static inline void fixture_show(struct fixture *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	findings_print(&f->findings, out, false);
	fclose(out);
	tap_diagnose("findings", text);
	free(text);
}

/* Fails, and shows what was found, unless the counts are as expected. */
static inline bool fixture_is_clean(struct fixture *f, const char *name)
{
	if (ok(f->node != NULL && f->findings.errors == 0, "%s: no errors", name))
		return true;
	fixture_show(f);
	return false;
}

/* Exactly one error, of that code, at that line, with that in its message. */
static inline bool fixture_is_error(struct fixture *f, const char *code, unsigned line,
                                    const char *message, const char *name)
{
	const struct finding *found = fixture_find(f, code);
	bool right = found != NULL && f->findings.errors == 1 && found->span.line == line &&
	             strstr(found->message, message) != NULL;

	if (ok(right, "%s: %s", name, code))
		return true;
	fixture_show(f);
	return false;
}

#endif
