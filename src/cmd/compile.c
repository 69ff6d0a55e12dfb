#include "cmd/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "ignition/ignition.h"
#include "provider/provider.h"

enum { AGENT_MAX_BYTES = 64 * 1024 * 1024 };

const char *const report_formats[] = { "text", "json", NULL };

#define DIR_ROW                                                                                    \
	{                                                                                          \
		.name = "dir", .type = CLI_TEXT, .value = "DIR", .fallback = ".",                  \
		.doc = "the folder of stead.yaml", .complete = CLI_COMPLETE_DIR                    \
	}
#define APPS_ROW                                                                                   \
	{                                                                                          \
		.name = "apps", .type = CLI_TEXT, .value = "DIR",                                  \
		.doc = "a folder of application definitions, before the built-in ones",            \
		.complete = CLI_COMPLETE_DIR                                                       \
	}
#define FORMAT_ROW                                                                                 \
	{                                                                                          \
		.name = "format", .type = CLI_WORD, .value = "FORMAT", .fallback = "text",         \
		.doc = "how problems are printed: text or json", .words = report_formats           \
	}

const struct cli_option dir_options[] = { DIR_ROW, { .name = NULL } };
const struct cli_option apps_options[] = { APPS_ROW, { .name = NULL } };
const struct cli_option node_options[] = { DIR_ROW, APPS_ROW, { .name = NULL } };

const struct cli_option compile_options[] = {
	DIR_ROW,
	APPS_ROW,
	FORMAT_ROW,
	{ .name = NULL },
};

const struct cli_option report_options[] = { FORMAT_ROW, { .name = NULL } };

int fail(int code, const char *hint, const char *format, ...)
{
	va_list args;

	(void)fputs("stead: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	if (hint != NULL)
		(void)fprintf(stderr, "  hint: %s\n", hint);
	return code;
}

int flush_output(FILE *out)
{
	if (fflush(out) == 0 && !ferror(out))
		return CLI_OK;
	return fail(CLI_ENVIRONMENT, NULL, "cannot write the output: %s", strerror(errno));
}

const char *compile_path(struct arena *arena, const char *dir, const char *name)
{
	if (strcmp(dir, ".") == 0)
		return arena_strdup(arena, name);
	return arena_printf(arena, "%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

void compile_init(struct compile *compile, struct cli *cli)
{
	*compile = (struct compile){
		.arena = cli->arena,
		.secret_arena = arena_new_secret(),
		.dir = cli_text(cli, "dir"),
		.apps_dir = cli_text(cli, "apps"),
	};
	compile->secrets.arena = compile->secret_arena;
	findings_init(&compile->findings, compile->arena);
}

void compile_done(struct compile *compile)
{
	arena_free(compile->secret_arena);
	compile->secret_arena = NULL;
}

/* The tree of a file; NULL with findings. */
static const struct yaml_node *read_tree(struct compile *compile, const char *name,
                                         const struct source **ret_source)
{
	struct source *source = arena_alloc(compile->arena, sizeof(*source));
	const char *path = compile_path(compile->arena, compile->dir, name);

	if (strcmp(name, SETTINGS_FILE) == 0 && compile->settings_path != NULL)
		path = compile->settings_path;
	if (strcmp(name, SETTINGS_FILE) == 0 && access(path, F_OK) < 0 && errno == ENOENT) {
		*source = (struct source){ .name = path };
		diag_error(&compile->findings, "yaml.missing", (struct span){ .source = source },
		           "'stead init' makes it; --dir names another folder",
		           "cannot read the file: %s", strerror(ENOENT));
		return NULL;
	}
	if (!yaml_read_source(compile->arena, path, false, source, &compile->findings))
		return NULL;
	*ret_source = source;
	return yaml_parse(compile->arena, source, &compile->findings);
}

static const struct yaml_node *parse_text(struct compile *compile, const char *path,
                                          const char *text, const struct source **ret_source)
{
	struct source *source = arena_alloc(compile->arena, sizeof(*source));

	*source = (struct source){ .name = path, .data = text, .len = strlen(text) };
	*ret_source = source;
	return yaml_parse(compile->arena, source, &compile->findings);
}

static void decode_settings(struct compile *c, const struct yaml_node *root,
                            const struct source *source)
{
	if (root == NULL || !settings_decode(c->arena, root, source, &c->settings, &c->findings))
		return;
	(void)app_load(c->arena, c->apps_dir, c->settings.app.v, c->settings.app.at, &c->app,
	               &c->findings);
}

static void decode_lock(struct compile *c, const struct yaml_node *root)
{
	c->has_lock = root != NULL && lock_decode(c->arena, root, &c->lock, &c->findings);
}

static bool build(struct compile *c)
{
	if (c->findings.errors > 0)
		return false;
	c->inputs = (struct node_inputs){
		.settings = &c->settings,
		.app = &c->app,
		.secrets = &c->secrets,
		.lock = c->has_lock ? &c->lock : NULL,
		.settings_dir = c->dir,
		.kept = c->kept,
		.engine = c->engine,
		.provider = c->provider,
		.asked_provider = c->asked_provider,
		.trial = c->trial,
		.data_device = c->data_device,
		.secret_arena = c->secret_arena,
	};
	struct node *node = node_build(c->arena, &c->inputs, &c->findings);
	if (node == NULL)
		return false;
	/* The checks run on what there is even when building found errors: one report says all. */
	(void)check_node(node, &c->inputs, &c->findings);
	c->built = node;
	if (c->findings.errors > 0)
		return false;
	node_freeze(node);
	c->node = node;
	return true;
}

bool compile_files(struct compile *c)
{
	const char *lock_path = compile_path(c->arena, c->dir, LOCK_FILE);
	const struct source *source = NULL, *lock_source = NULL;
	const struct yaml_node *root = read_tree(c, SETTINGS_FILE, &source);

	decode_settings(c, root, source);
	(void)secrets_read(c->secret_arena, compile_path(c->arena, c->dir, SECRETS_FILE),
	                   &c->secrets, &c->findings);
	/* No lock is what a node has whose owner wrote the settings by hand: check says what it
	 * thinks. */
	if (c->lock_text != NULL)
		decode_lock(c, parse_text(c, lock_path, c->lock_text, &lock_source));
	else if (access(lock_path, F_OK) == 0 || errno != ENOENT)
		decode_lock(c, read_tree(c, LOCK_FILE, &lock_source));
	c->kept = (struct node_kept){
		.settings = source != NULL ? source->data : NULL,
		.lock = lock_source != NULL ? lock_source->data : NULL,
		.secrets = c->secrets.text,
	};
	return build(c);
}

bool compile_again(struct compile *c, const char *engine)
{
	findings_init(&c->findings, c->arena);
	c->engine = engine;
	return build(c);
}

bool compile_with_lock(struct compile *c, const char *lock_text)
{
	findings_init(&c->findings, c->arena);
	c->settings = (struct settings){ 0 };
	c->app = (struct app){ 0 };
	c->secrets = (struct secrets){ .arena = c->secret_arena };
	c->lock = (struct lock){ 0 };
	c->has_lock = false;
	c->built = c->node = NULL;
	c->lock_text = lock_text;
	return compile_files(c);
}

bool compile_texts(struct compile *c, const struct compile_texts *texts)
{
	decode_settings(c, yaml_parse(c->arena, texts->settings, &c->findings), texts->settings);
	c->secrets = *texts->secrets;
	decode_lock(c, yaml_parse(c->arena, texts->lock, &c->findings));
	return build(c);
}

/* The agent lies beside stead in a build folder, in lib/stead of an installed one. */
int compile_agent(struct arena *arena, struct host_agent *ret)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *places[3] = { STEAD_LIBDIR "/stead-node" };
	char *data;
	size_t count = 1, data_len;

	if (len > 0) {
		self[len] = '\0';
		*strrchr(self, '/') = '\0';
		places[2] = places[0];
		places[0] = arena_printf(arena, "%s/stead-node", self);
		places[1] = arena_printf(arena, "%s/../lib/stead/stead-node", self);
		count = 3;
	}
	for (size_t i = 0; i < count; i++) {
		int r = file_read(arena, AT_FDCWD, places[i], AGENT_MAX_BYTES, &data, &data_len);

		if (r == 0) {
			*ret = (struct host_agent){ .data = data, .len = data_len };
			return CLI_OK;
		}
		if (r != -ENOENT && r != -ENOTDIR)
			return fail(CLI_ENVIRONMENT, NULL, "cannot read '%s': %s", places[i],
			            strerror(-r));
	}
	return fail(CLI_ENVIRONMENT, "install stead whole, or build it with 'make build'",
	            "cannot find the agent's program 'stead-node'");
}

struct output_set *compile_tree(struct compile *c, const struct host_agent *agent)
{
	return host_render(c->node, agent, &c->findings);
}

/* Where a setting stands, or the file as a whole when it was not written. */
static struct span place(const struct compile *c, struct span at)
{
	return at.source != NULL ? at : (struct span){ .source = c->settings.source };
}

#if defined(__aarch64__)
#define AGENT_ARCH "aarch64"
#else
#define AGENT_ARCH "x86_64"
#endif

const char *compile_agent_arch(void)
{
	return AGENT_ARCH;
}

typedef void report_fn(struct findings *findings, const char *code, struct span span,
                       const char *hint, const char *format, ...);

/* What keeps Ignition from making the machine, and the agent of this build from working there. */
static void check_os(struct compile *c, report_fn *report)
{
	const struct value_text *os = &c->settings.machine.os;

	if (str_equal(os->v, "as-is"))
		report(&c->findings, "render.os", place(c, os->at),
		       "write machine: {os: fcos}; a machine that is there already is for 'stead "
		       "up --on root@HOST'",
		       "'machine.os' is 'as-is', which has no Ignition");
}

static void check_arch(struct compile *c, report_fn *report)
{
	const struct settings *s = &c->settings;

	if (!str_equal(s->machine.arch.v, AGENT_ARCH))
		report(&c->findings, "render.arch", place(c, s->machine.arch.at), NULL,
		       "the agent of this build runs on " AGENT_ARCH ", not on '%s'",
		       s->machine.arch.v);
}

static const struct provider *chosen_provider(struct compile *c)
{
	const char *name =
		c->asked_provider != NULL ? c->asked_provider : c->settings.machine.provider.v;
	struct providers providers;

	if (name == NULL)
		return NULL;
	provider_builtin(c->arena, &providers);
	return provider_find(&providers, name);
}

/* Who asked wants to hear the numbers, and cannot go on with a config that is too large. */
const char *compile_note_size(struct compile *c, const struct compile_config *config)
{
	const struct provider *provider = chosen_provider(c);
	struct span at = place(c, c->settings.machine.provider.at);
	const struct value_int *most;

	if (provider == NULL)
		return "";
	most = &provider->user_data.bytes;
	if (most->given && config->len > (size_t)most->v) {
		(c->asked_provider != NULL ? diag_error : diag_warning)(
			&c->findings, "provider.user-data", at,
			str_equal(c->settings.delivery.v, "ssh")
				? "put it on a web server of yours and pass a config that only "
				  "replaces itself by it"
				: "have the agent fetched with 'stead render ignition "
				  "--agent-url', or write delivery: ssh, then the config holds no "
				  "more than keys and base",
			"the Ignition config has %zu bytes, and %s takes %ld", config->len,
			provider->title.v, most->v);
	} else if (c->asked_provider != NULL && most->given) {
		diag_note(&c->findings, "provider.user-data", at, NULL,
		          "the Ignition config has %zu bytes, and %s takes %ld", config->len,
		          provider->title.v, most->v);
	} else if (c->asked_provider != NULL) {
		diag_note(&c->findings, "provider.user-data", at, NULL,
		          "the Ignition config has %zu bytes; how many %s takes is not known",
		          config->len, provider->title.v);
	}
	return most->given ? arena_printf(c->arena, " of the %ld that %s takes", most->v,
	                                  provider->title.v)
	                   : "";
}

/* The size counts what would be handed out, so it is rendered, agent and all. */
static void note_rendered_size(struct compile *c)
{
	bool whole = str_equal(c->settings.delivery.v, "inline");
	struct compile_config config;
	struct host_agent agent;

	if (chosen_provider(c) == NULL || str_equal(c->settings.machine.os.v, "as-is") ||
	    c->findings.errors > 0)
		return;
	if (whole && str_equal(c->settings.machine.arch.v, AGENT_ARCH) &&
	    compile_agent(c->arena, &agent) == CLI_OK && compile_ignition(c, &agent, NULL, &config))
		(void)compile_note_size(c, &config);
	else if (!whole && c->asked_provider != NULL && compile_ignition_base(c, &config))
		(void)compile_note_size(c, &config);
}

void compile_note_delivery(struct compile *c)
{
	if (str_equal(c->settings.delivery.v, "inline"))
		check_os(c, diag_note);
	check_arch(c, diag_note);
	note_rendered_size(c);
}

static void agent_by_url(struct compile *c, struct ignition_config *config,
                         const struct host_agent *agent, const char *url)
{
	const char *path = host_agent_path(c->node);

	for (size_t i = 0; i < config->files.count; i++)
		if (str_equal(config->files.items[i].path, path))
			config->files.items[i].contents = (struct ignition_resource){
				.source = url,
				.hash = arena_printf(
					c->arena, "sha256-%s",
					hash_sha256(c->arena, agent->data, agent->len)),
			};
}

static bool write_ignition(struct compile *c, const struct ignition_config *config,
                           struct compile_config *ret)
{
	char *inner;

	if (!ignition_validate(config, &c->findings))
		return false;
	inner = ignition_write(config, &ret->inner_len);
	ret->text = ignition_pack(c->secret_arena, inner, ret->inner_len, &ret->len);
	ret->packed = ret->len != ret->inner_len || memcmp(ret->text, inner, ret->len) != 0;
	return true;
}

bool compile_ignition(struct compile *c, const struct host_agent *agent, const char *agent_url,
                      struct compile_config *ret)
{
	struct output_set *tree;
	struct ignition_config *config;

	check_os(c, diag_error);
	check_arch(c, diag_error);
	if (c->findings.errors > 0 || (tree = compile_tree(c, agent)) == NULL)
		return false;
	config = ignition_from_tree(c->secret_arena, tree);
	if (agent_url != NULL)
		agent_by_url(c, config, agent, agent_url);
	return write_ignition(c, config, ret);
}

bool compile_ignition_base(struct compile *c, struct compile_config *ret)
{
	struct output_set *tree;

	check_os(c, diag_error);
	if (c->findings.errors > 0 || (tree = host_render_base(c->node, &c->findings)) == NULL)
		return false;
	return write_ignition(c, ignition_from_tree(c->secret_arena, tree), ret);
}

static void add_number(struct text *text, size_t n, const char *what)
{
	if (n > 0)
		text_addf(text, "%s%zu %s%s", text->len > 0 ? ", " : "", n, what,
		          n == 1 ? "" : "s");
}

const char *compile_summary(struct arena *arena, const struct findings_count *count)
{
	struct text text;

	text_init(&text, arena);
	add_number(&text, count->errors, "error");
	add_number(&text, count->warnings, "warning");
	add_number(&text, count->notes, "note");
	return text.len > 0 ? text.data : "no problems";
}

int report_findings(struct findings *findings, struct cli *cli, FILE *out)
{
	if (strcmp(cli_text(cli, "format"), "json") == 0)
		findings_print_json(findings, out);
	else
		findings_print(findings, out, terminal_color(out, cli_text(cli, "color")));
	if (flush_output(out) != CLI_OK)
		return CLI_ENVIRONMENT;
	return findings->errors > 0 ? CLI_FINDINGS : CLI_OK;
}

int compile_report(struct compile *c, struct cli *cli, FILE *out)
{
	return report_findings(&c->findings, cli, out);
}
