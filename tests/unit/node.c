/* The model from settings and application. */
#include "fixture.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static const struct node_env *env_of(const struct node *node, const char *process, const char *name)
{
	const struct node_process *p = node_process_find(node, process);

	for (size_t i = 0; p != NULL && i < p->env.count; i++) {
		if (str_equal(p->env.items[i].name, name))
			return &p->env.items[i];
	}
	return NULL;
}

static const char *env_text(const struct node *node, const char *name)
{
	const struct node_env *env = node != NULL ? env_of(node, "web", name) : NULL;

	return env != NULL ? env->value.v : NULL;
}

static void test_smallest(void)
{
	struct fixture f;
	const struct node_process *web, *proxy;

	fixture_init(&f);
	if (fixture_build(&f, STEAD_YAML, APP_YAML, NULL) == NULL ||
	    !fixture_is_clean(&f, "smallest"))
		exit(1);
	is_str(f.node->web.v, "example.org", "the site is at the domain");
	is_str(f.node->machine.hostname.v, "example.org", "the machine has the site's name");
	is_str(f.node->machine.engine, "podman", "engine auto is podman");
	is_str(f.node->tls.issuer, "acme", "issuer");
	is_str(f.node->tls.email, "alice@example.net", "tls.email admin is the admin's address");
	is_str(f.node->lineage, NULL, "no lock, no lineage");
	web = node_process_find(f.node, "web");
	is_str(web->image, "docker.io/demo/demo:1", "image as named");
	is_int(web->uid, 1000, "uid");
	is_int(web->mounts.count, 1, "one mount");
	is_str(web->mounts.items[0].volume->path, "/var/lib/stead/data/web/data", "volume's path");
	is_int(web->mounts.items[0].volume->mode, 0700, "volume's mode");
	ok(web->networks[NODE_NET_INT] && web->networks[NODE_NET_EXT], "networks");
	is_int(web->origin.span.line, 7, "a process comes from its line");
	proxy = node_process_find(f.node, "caddy");
	ok(proxy == f.node->processes.items[f.node->processes.count - 1], "the proxy is last");
	is_str(proxy->image, "docker.io/library/caddy:2", "the proxy's image");
	is_int(proxy->uid, 10080, "the proxy's user");
	is_int(proxy->port_count, 3, "the proxy's ports");
	is_str(proxy->capabilities.items[0], "NET_BIND_SERVICE", "the proxy's capability");
	ok(!f.node->frozen, "not frozen");
	node_freeze(f.node);
	ok(f.node->frozen, "frozen");
	fixture_done(&f);
}

static void test_networks(void)
{
	struct fixture a, b;
	const struct node_network *net;

	fixture_init(&a);
	fixture_build(&a, STEAD_YAML, APP_YAML, NULL);
	net = a.node->networks;
	is_str(net[NODE_NET_INT].name, "stead-int", "name");
	ok(net[NODE_NET_INT].internal && !net[NODE_NET_EXT].internal, "only one has a way out");
	is_str(net[NODE_NET_INT].subnet4, "10.217.1.0/24", "IPv4");
	is_str(net[NODE_NET_EXT].gateway4, "10.217.2.1", "IPv4 gateway");
	/* printf %s example.org | sha256sum: bfabc37432958b06… */
	is_str(net[NODE_NET_INT].subnet6, "fdbf:abc3:7432:1::/64", "ULA of the domain");
	is_str(net[NODE_NET_EXT].gateway6, "fdbf:abc3:7432:2::1", "IPv6 gateway");
	fixture_init(&b);
	fixture_build(&b,
	              "app: demo\ndomain: example.net\nadmin: { name: a, email: a@b.org }\n"
	              "mail: none\nbackup: none\n",
	              APP_YAML, NULL);
	ok(!str_equal(net[NODE_NET_INT].subnet6, b.node->networks[NODE_NET_INT].subnet6),
	   "another domain, another prefix");
	fixture_done(&a);
	fixture_done(&b);
}

static void test_references(void)
{
	struct fixture f;
	const struct node_env *env;

	fixture_init(&f);
	secrets_set(&f.secrets, "app.key", "p@ss $w\"ord'");
	fixture_build(&f, STEAD_YAML "demo: { count: 7, title: \"$HOME ${settings.web}\" }\n",
	              APP_YAML
	              "    env:\n"
	              "      HOST: ${settings.web}\n"
	              "      URL: "
	              "postgres://u:${secret.key:url}@${process.web.host}:${process.web.port}/x\n"
	              "      B64: ${secret.key:base64}\n"
	              "      UP: x${settings.admin.name:upper}$${y}\n"
	              "      COUNT: ${own.count}\n"
	              "      TITLE: ${own.title}\n"
	              "      SLOGAN: ${own.slogan}\n"
	              "      PLAIN: plain\n"
	              "settings:\n"
	              "  count: { type: int, default: 3, doc: number }\n"
	              "  title: { type: text, doc: title }\n"
	              "  slogan: { type: text, default: \"at ${settings.domain}\", doc: s }\n"
	              "secrets:\n"
	              "  key: { kind: hex }\n",
	              NULL);
	if (!fixture_is_clean(&f, "references"))
		exit(1);
	is_str(env_text(f.node, "HOST"), "example.org", "a setting");
	is_str(env_text(f.node, "URL"), "postgres://u:p%40ss%20%24w%22ord%27@web:8001/x",
	       "a secret in a URL, a process");
	is_str(env_text(f.node, "B64"), "cEBzcyAkdyJvcmQn", "base64");
	is_str(env_text(f.node, "UP"), "xALICE${y}", "upper, and $$");
	is_str(env_text(f.node, "COUNT"), "7", "own number");
	is_str(env_text(f.node, "TITLE"), "$HOME ${settings.web}",
	       "what the user writes is never a reference");
	is_str(env_text(f.node, "SLOGAN"), "at example.org", "a default with a reference");
	ok(env_of(f.node, "web", "URL")->value.secret, "made of a secret");
	ok(!env_of(f.node, "web", "HOST")->value.secret, "not made of a secret");
	env = env_of(f.node, "web", "HOST");
	is_str(env->value.origin.span.source->name, "stead.yaml", "origin: what the user wrote");
	is_int(env->value.origin.span.line, 2, "origin: its line");
	env = env_of(f.node, "web", "PLAIN");
	is_str(env->value.origin.span.source->name, "app.yaml", "origin: the definition");
	fixture_done(&f);
}

static void test_missing_values(void)
{
	struct fixture f;

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML, APP_YAML "    env: { H: \"at ${settings.mail.host}\" }\n",
	              NULL);
	fixture_is_error(&f, "app.reference", 13, "'settings.mail.host' is not set",
	                 "unset setting");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML,
	              APP_YAML "    env: { H: \"${secret.key}\" }\n"
	                       "secrets: { key: { kind: hex } }\n",
	              NULL);
	fixture_is_clean(&f, "a missing secret is left to the checks");
	is_str(env_text(f.node, "H"), "", "and empty here");
	ok(env_of(f.node, "web", "H")->value.secret, "but still marked");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML,
	              APP_YAML "    health: { http: \"/${own.l}\" }\n"
	                       "settings: { l: { type: list, doc: d } }\n",
	              NULL);
	ok(f.findings.errors > 0, "a list cannot be part of a text");
	fixture_done(&f);
}

static void test_own(void)
{
	struct fixture f;

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo:\n  cuont: 3\n",
	              APP_YAML "settings: { count: { type: int, default: 3, doc: number } }\n",
	              NULL);
	fixture_is_error(&f, "settings.unknown-key", 7, "cuont", "unknown key");
	is_str(f.findings.items[0].hint, "did you mean 'count'?", "with a hint");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { count: 11 }\n",
	              APP_YAML "settings: { count: { type: int, max: 10, doc: number } }\n", NULL);
	fixture_is_error(&f, "settings.value", 6, "", "out of range");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { env: { LOG: \"${x} $y\", A: b } }\n",
	              APP_YAML "    env: { A: a }\n", NULL);
	fixture_is_clean(&f, "env");
	is_str(env_text(f.node, "LOG"), "${x} $y", "more variables, as they are");
	is_str(env_text(f.node, "A"), "b", "the user's variable wins");
	ok(env_of(f.node, "caddy", "LOG") == NULL, "but not for the proxy");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { env: { 1A: b } }\n", APP_YAML, NULL);
	fixture_is_error(&f, "settings.value", 6, "1A", "bad name of a variable");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { env: { A: \"a\\nB=c\" } }\n", APP_YAML, NULL);
	fixture_is_error(&f, "config.value", 6, "line break", "a value that would be two");
	fixture_done(&f);
}

static void test_sizes(void)
{
#define SIZES                                                                                      \
	"    memory: ${size.mem}\nsizes:\n  2g: { mem: 512m }\n  1g: { mem: 256m }\n  4g: { mem: " \
	"1g }\n"
	static const struct {
		const char *size;
		long mib;
	} cases[] = {
		{ "1g", 256 }, { "2g", 512 }, { "3g", 512 }, { "4g", 1024 }, { "64g", 1024 }
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char settings[512];

		snprintf(settings, sizeof(settings), STEAD_YAML "machine: { size: %s }\n",
		         cases[i].size);
		fixture_init(&f);
		fixture_build(&f, settings, APP_YAML SIZES, NULL);
		fixture_is_clean(&f, cases[i].size);
		is_int(node_process_find(f.node, "web")->memory_bytes, cases[i].mib << 20,
		       "memory of a machine of %s", cases[i].size);
		fixture_done(&f);
	}
	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "machine: { size: 512m }\n", APP_YAML SIZES, NULL);
	fixture_is_error(&f, "memory.size", 6, "512 MiB are too little for demo", "too small");
	is_str(f.findings.items[0].hint, "'machine.size: 1g' is the least that fits",
	       "and what fits");
	fixture_done(&f);
}

#define TWO_PROCESSES                                                                              \
	APP_YAML "    after: [extra]\n"                                                            \
		 "  extra:\n"                                                                      \
		 "    image: docker.io/demo/extra:1\n"                                             \
		 "    user: \"1001:1001\"\n"                                                       \
		 "    when: [ \"own.extra == true\", \"${settings.admin.name} != bob\" ]\n"        \
		 "commands: { x: { process: extra, run: [x] } }\n"                                 \
		 "settings: { extra: { type: bool, default: false, doc: d } }\n"

static void test_conditions(void)
{
	struct fixture f;

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML, TWO_PROCESSES, NULL);
	fixture_is_clean(&f, "switched off");
	ok(node_process_find(f.node, "extra") == NULL, "a process that is switched off");
	is_int(node_process_find(f.node, "web")->after.count, 0, "nobody waits for it");
	is_int(f.node->commands.count, 0, "its command is not there");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { extra: true }\n", TWO_PROCESSES, NULL);
	fixture_is_clean(&f, "switched on");
	ok(node_process_find(f.node, "extra") != NULL, "a process that is switched on");
	is_int(node_process_find(f.node, "web")->after.count, 1, "it is waited for");
	is_int(f.node->commands.count, 1, "its command is there");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML,
	              TWO_PROCESSES "jobs: { j: { phase: setup, process: extra, steps: "
	                            "[ { id: s, run: [x] } ] } }\n",
	              NULL);
	fixture_is_error(&f, "app.reference", 20, "job 'j' needs process 'extra'",
	                 "a job of a process that is switched off");
	fixture_done(&f);
}

/* By the tag of the process that it is about, and by the definition's own version without one. */
static void test_version_conditions(void)
{
#define BY_VERSION                                                                                 \
	APP_YAML                                                                                   \
	"    entrypoint: false\n"                                                                  \
	"    command: [web]\n"                                                                     \
	"version: \"3.1\"\n"                                                                       \
	"env: { new: { processes: [web], when: [version >= 3], values: { NEW: yes } } }\n"         \
	"jobs: { j: { phase: post-start, process: web, when: [version < 3], steps: [ "             \
	"{ id: s, run: [x], restart: [web] } ] } }\n"
	static const struct {
		const char *images;
		bool is_new;
	} cases[] = {
		{ "", false }, /* demo:1 */
		{ "images: { web: docker.io/demo/demo:v3.0.1-rc1 }\n", true },
		{ "images: { web: docker.io/demo/demo:2.9 }\n", false },
		{ "images: { web: docker.io/demo/demo:latest }\n", true },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct node_process *web;
		char settings[1024];
		bool has = false;

		snprintf(settings, sizeof(settings), STEAD_YAML "%s", cases[i].images);
		fixture_init(&f);
		fixture_build(&f, settings, BY_VERSION, NULL);
		fixture_is_clean(&f, cases[i].images);
		web = node_process_find(f.node, "web");
		for (size_t n = 0; n < web->env.count; n++)
			has |= strcmp(web->env.items[n].name, "NEW") == 0;
		ok(has == cases[i].is_new, "variables for a version: %s", cases[i].images);
		is_int(f.node->jobs.count, !cases[i].is_new, "jobs for one");
		ok(web->no_entrypoint, "no entry point");
		if (f.node->jobs.count > 0)
			is_str(f.node->jobs.items[0]->steps.items[0].restart.items[0], "web",
			       "what restarts");
		fixture_done(&f);
	}
}

/* What `stead lock --update` took stands before what is named, until that is newer or the user
 * names another. */
static void test_update(void)
{
#define DEMO_APP(tag)                                                                              \
	"format: 1\nname: demo\ntitle: D\n"                                                        \
	"env: { new: { processes: [web], when: [version >= 1.3], values: { NEW: yes } } }\n"       \
	"processes:\n"                                                                             \
	"  web: { image: \"docker.io/demo/demo:" tag "\", user: \"1:1\" }\n"                       \
	"  work: { image: \"${image.web}\", user: \"1:1\" }\n"
	static const struct {
		const char *app, *images, *tags, *expected;
		bool is_new;
	} cases[] = {
		{ DEMO_APP("1.2.1"), "", "demo:1.2.1: 1.3.0", "1.3.0", true },
		{ DEMO_APP("1.2.1"), "", "demo:1.2.0: 1.2.3", "1.2.3", false },
		{ DEMO_APP("1.2.4"), "", "demo:1.2.0: 1.2.3", "1.2.4", false },
		{ DEMO_APP("1.2.1"), "", "demo:1.2.1: 1.2.0", "1.2.1", false },
		{ DEMO_APP("1.2.1"), "", "demo:1.2.1: 1.3.0-rc1", "1.2.1", false },
		{ DEMO_APP("1.2.1"), "", "other:1.2.1: 1.3.0", "1.2.1", false },
		{ DEMO_APP("1.2.1"), "1.2.2", "demo:1.2.1: 1.3.0", "1.2.2", false },
		{ DEMO_APP("1.2.1"), "1.2.2", "demo:1.2.2: 1.3.0", "1.3.0", true },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct node_process *web, *work;
		char settings[1024] = STEAD_YAML, lock[1024], expected[256];

		if (cases[i].images[0] != '\0')
			snprintf(settings, sizeof(settings),
			         STEAD_YAML "images: { web: docker.io/demo/demo:%s }\n",
			         cases[i].images);
		snprintf(lock, sizeof(lock),
		         "lock: 1\napp: demo\ndomain: example.org\n"
		         "lineage: 00112233445566778899aabbccddeeff\ntags:\n  docker.io/demo/%s\n",
		         cases[i].tags);
		snprintf(expected, sizeof(expected), "docker.io/demo/demo:%s", cases[i].expected);
		fixture_init(&f);
		fixture_build(&f, settings, cases[i].app, lock);
		fixture_is_clean(&f, cases[i].tags);
		web = node_process_find(f.node, "web");
		work = node_process_find(f.node, "work");
		is_str(web->image, expected, "%s", cases[i].tags);
		is_str(work->image, expected, "and of the one that has the same");
		ok((web->env.count > 0) == cases[i].is_new, "it tells the version");
		is_str(web->image_origin.rule,
		       strcmp(web->image_name, web->image_named) != 0 ? "node.update" : NULL,
		       "and why");
		fixture_done(&f);
	}
}

static const char *image_with(struct fixture *f, const char *images, const char *lock)
{
	char settings[1024];
	const struct node_process *web;

	snprintf(settings, sizeof(settings), STEAD_YAML "%s", images);
	fixture_init(f);
	fixture_build(f, settings, APP_YAML, lock);
	web = f->node != NULL ? node_process_find(f->node, "web") : NULL;
	return web != NULL ? web->image : NULL;
}

static void test_images(void)
{
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const struct {
		const char *images, *expected;
	} good[] = {
		{ "", "docker.io/demo/demo:1" },
		{ "images: { web: ghcr.io/a/b:2 }\n", "ghcr.io/a/b:2" },
		{ "images: { web: \"localhost/a:2\" }\n", "localhost/a:2" },
		{ "images: { web: \"reg.example:5000/a/b_c/d-e.f:v1.0_X\" }\n",
		  "reg.example:5000/a/b_c/d-e.f:v1.0_X" },
		{ "images: { web: \"ghcr.io/a/b:2@" DIGEST "\" }\n", "ghcr.io/a/b@" DIGEST },
		{ "images: { mirror: \"http://10.0.2.2:5000\" }\n",
		  "10.0.2.2:5000/docker.io/demo/demo:1" },
		{ "images: { mirror: reg.example.net/cache/all, web: ghcr.io/a/b:2 }\n",
		  "reg.example.net/cache/all/ghcr.io/a/b:2" },
		{ "images: { mirror: \"[fd00::1]:5000\" }\n",
		  "[fd00::1]:5000/docker.io/demo/demo:1" },
	};
	static const struct {
		const char *images, *code;
	} bad[] = {
		{ "images: { web: caddy }\n", "image.short" },
		{ "images: { web: \"library/caddy:2\" }\n", "image.short" },
		{ "images: { web: \"ghcr.io/A/b:2\" }\n", "image.syntax" },
		{ "images: { web: \"ghcr.io/a//b:2\" }\n", "image.syntax" },
		{ "images: { web: \"ghcr.io/a/b:\" }\n", "image.syntax" },
		{ "images: { web: \"ghcr.io/a/b@sha256:12\" }\n", "image.syntax" },
		{ "images: { web: \"ghcr.io:99999/a/b:1\" }\n", "image.syntax" },
		{ "images: { wbe: ghcr.io/a/b:2 }\n", "image.process" },
		{ "images: { mirror: \"http://\" }\n", "image.mirror" },
		{ "images: { mirror: \"host:0\" }\n", "image.mirror" },
		{ "images: { mirror: \"host/UP\" }\n", "image.mirror" },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		is_str(image_with(&f, good[i].images, NULL), good[i].expected, "image %zu", i);
		fixture_is_clean(&f, "image");
		fixture_done(&f);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		image_with(&f, bad[i].images, NULL);
		fixture_is_error(&f, bad[i].code, 6, "", "image");
		fixture_done(&f);
	}
	is_str(image_with(&f, "images: { mirror: \"http://m:5000\" }\n",
	                  "lock: 1\napp: demo\ndomain: example.org\n"
	                  "lineage: 00112233445566778899aabbccddeeff\n"
	                  "images: { \"docker.io/demo/demo:1\": \"" DIGEST "\" }\n"),
	       "m:5000/docker.io/demo/demo@" DIGEST, "the lock's digest");
	ok(f.node->mirror_insecure, "a mirror with http:// has no TLS");
	is_str(f.node->mirror, "m:5000", "the mirror's name");
	is_str(f.node->lineage, "00112233445566778899aabbccddeeff", "the lock's lineage");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML,
	              "format: 1\nname: demo\ntitle: D\nprocesses:\n"
	              "  web: { user: \"1:1\" }\n",
	              NULL);
	fixture_is_error(&f, "image.missing", 1, "no image of its own for 'web'", "no image");
	fixture_done(&f);
}

#define STEP(body)                                                                                 \
	APP_YAML "jobs:\n  init:\n    phase: setup\n    process: web\n    steps:\n      - id: "    \
		 "s\n" body
#define STEP_LINE 19 /* where the body begins */

static void test_jobs(void)
{
	struct fixture f;
	const struct node_step *step;

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML,
	              STEP("        run: [snac, adduser, /data, \"${settings.admin.name}\"]\n"
	                   "        stdin: \"${settings.web}\\n\"\n"
	                   "        done: { file: \"/data/user/${settings.admin.name}/u.json\" }\n"
	                   "        exit: { \"1\": ok, \"2\": retry, \"3\": fail }\n"
	                   "        deadline: 30s\n"),
	              NULL);
	if (!fixture_is_clean(&f, "job"))
		exit(1);
	step = &f.node->jobs.items[0]->steps.items[0];
	is_str(step->run.items[3].v, "alice", "arguments are resolved");
	is_str(step->stdin_text.v, "example.org\n", "stdin is resolved");
	is_int(step->done, NODE_DONE_FILE, "done by a file");
	is_str(step->done_path, "/var/lib/stead/data/web/data/user/alice/u.json", "on the host");
	is_int(step->exit_count, 3, "exit rules");
	is_int(step->exits[1].code, 2, "code");
	is_int(step->exits[1].meaning, NODE_EXIT_RETRY, "meaning");
	is_int(step->deadline_s, 30, "deadline");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { up: \"../../x\" }\n",
	              STEP("        run: [x]\n"
	                   "        done: { file: \"/data/${own.up}\" }\n"
	                   "settings: { up: { type: text, doc: d } }\n"),
	              NULL);
	fixture_is_error(&f, "app.path", STEP_LINE + 1, "not below a volume",
	                 "a user's text cannot leave the volume");
	fixture_done(&f);
}

static void test_merge(void)
{
	struct fixture f;
	const struct node_step *step;

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { n: 5, b: true, l: [x, \"y\"], p: { k: v } }\n",
	              STEP("        merge:\n"
	                   "          file: /data/server.json\n"
	                   "          values:\n"
	                   "            z: ${own.n}\n"
	                   "            b: ${own.b}\n"
	                   "            l: ${own.l}\n"
	                   "            p: ${own.p}\n"
	                   "            unset: ${own.unset}\n"
	                   "            text: \"n is ${own.n}\"\n"
	                   "            quoted: \"5\"\n"
	                   "            number: -5.5e3\n"
	                   "            zip: 0123\n"
	                   "            truth: true\n"
	                   "            word: yes\n"
	                   "            \"null\": null\n"
	                   "            a: [1, [], {}, \"a\\\"\\\\\\n\\u0001\\u00e9\"]\n"
	                   "settings:\n"
	                   "  n: { type: int, doc: d }\n"
	                   "  b: { type: bool, doc: d }\n"
	                   "  l: { type: list, doc: d }\n"
	                   "  p: { type: pairs, doc: d }\n"
	                   "  unset: { type: text, doc: d }\n"),
	              NULL);
	if (!fixture_is_clean(&f, "merge"))
		exit(1);
	step = &f.node->jobs.items[0]->steps.items[0];
	is_str(step->merge_file, "/data/server.json", "file inside the container");
	is_str(step->merge_json,
	       "{\"a\":[1,[],{},\"a\\\"\\\\\\n\\u0001\xc3\xa9\"],\"b\":true,\"l\":[\"x\",\"y\"],"
	       "\"null\":null,\"number\":-5.5e3,\"p\":{\"k\":\"v\"},\"quoted\":\"5\","
	       "\"text\":\"n is 5\",\"truth\":true,\"word\":\"yes\",\"z\":5,\"zip\":\"0123\"}",
	       "typed, sorted, on one line");
	fixture_done(&f);

	fixture_init(&f);
	secrets_set(&f.secrets, "app.key", "hidden");
	fixture_build(&f, STEAD_YAML,
	              STEP("        merge: { file: /data/x, values: { k: \"${secret.key}\" } }\n"
	                   "secrets: { key: { kind: hex } }\n"),
	              NULL);
	fixture_is_error(&f, "app.secret-in-plan", STEP_LINE, "secret", "a secret in the plan");
	fixture_done(&f);
}

#define CONFIG(syntax, values)                                                                     \
	APP_YAML "config:\n  file:\n    process: web\n    path: /etc/demo\n    syntax: " syntax    \
		 "\n    values:\n" values

static const char *config_text(struct fixture *f, const char *settings, const char *app)
{
	fixture_init(f);
	secrets_set(&f->secrets, "app.key", "s3'\"\\$`# {}\t\xc3\xa9\xf0\x9f\x98\x80 ");
	fixture_build(f, settings, app, NULL);
	if (f->node == NULL || f->node->configs.count == 0) {
		fixture_show(f);
		return NULL;
	}
	return f->node->configs.items[0]->content.v;
}

#define VALUES                                                                                     \
	"      plain: text\n"                                                                      \
	"      truth: true\n"                                                                      \
	"      no: \"no\"\n"                                                                       \
	"      table: { number: 5, nested: { \"odd key\": x } }\n"                                 \
	"      list: [1, \"2\", { a: b }]\n"                                                       \
	"      last: \"a\\\\b \\\"c\\\" \\u2028\"\n"

static void test_config(void)
{
	struct fixture f;

	is_str(config_text(&f, STEAD_YAML, CONFIG("json", VALUES)),
	       "{\n  \"plain\": \"text\",\n  \"truth\": true,\n  \"no\": \"no\",\n"
	       "  \"table\": {\n    \"number\": 5,\n    \"nested\": {\n      \"odd key\": \"x\"\n"
	       "    }\n  },\n  \"list\": [\n    1,\n    \"2\",\n    {\n      \"a\": \"b\"\n    }\n"
	       "  ],\n  \"last\": \"a\\\\b \\\"c\\\" \\u2028\"\n}\n",
	       "json");
	ok(!f.node->configs.items[0]->content.secret, "no secret in it");
	is_str(node_process_find(f.node, "web")->mounts.items[1].host_path, "/etc/stead/config/web",
	       "its directory is mounted");
	fixture_done(&f);
	is_str(config_text(&f, STEAD_YAML, CONFIG("yaml", VALUES)),
	       "plain: \"text\"\ntruth: true\n\"no\": \"no\"\ntable:\n  number: 5\n  nested:\n"
	       "    \"odd key\": \"x\"\nlist:\n  - 1\n  - \"2\"\n  -\n    a: \"b\"\n"
	       "last: \"a\\\\b \\\"c\\\" \\u2028\"\n",
	       "yaml");
	fixture_done(&f);
	is_str(config_text(&f, STEAD_YAML, CONFIG("toml", VALUES)),
	       "plain = \"text\"\ntruth = true\nno = \"no\"\nlist = [1, \"2\", { a = \"b\" }]\n"
	       "last = \"a\\\\b \\\"c\\\" \\u2028\"\n\n[table]\nnumber = 5\n\n[table.nested]\n"
	       "\"odd key\" = \"x\"\n",
	       "toml");
	fixture_done(&f);
	is_str(config_text(&f, STEAD_YAML,
	                   CONFIG("ini", "      a: 1\n      s: { b: x y, c: true }\n")),
	       "a = 1\n\n[s]\nb = x y\nc = true\n", "ini");
	fixture_done(&f);
}

static void test_config_refusals(void)
{
	static const struct {
		const char *app, *name;
		unsigned line;
	} cases[] = {
		{ CONFIG("json", "      a: \"x\\ny\"\n"), "json, line break", 19 },
		{ CONFIG("env", "      A: \"x\\ny\"\n"), "env, line break", 19 },
		{ CONFIG("env", "      A: [1]\n"), "env, list", 19 },
		{ CONFIG("env", "      a-b: 1\n"), "env, name", 19 },
		{ CONFIG("toml", "      a: null\n"), "toml, null", 19 },
		{ CONFIG("ini", "      a: \"x;y\"\n"), "ini, semicolon", 19 },
		{ CONFIG("ini", "      a: { b: { c: d } }\n"), "ini, depth", 19 },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_init(&f);
		fixture_build(&f, STEAD_YAML, cases[i].app, NULL);
		fixture_is_error(&f, "config.value", cases[i].line, "", cases[i].name);
		fixture_done(&f);
	}
}

/* A secret with every awkward character comes back from real readers as it was. */
static void test_config_secrets(void)
{
	struct fixture f;
	const char *text, *secret;
	const char *argv[] = { "sh", "-c", ". /dev/stdin; printf %s \"$K\"", NULL };
	struct process_run run = { .argv = argv };
	struct process_result result;
	struct findings findings;
	struct source source;
	const struct yaml_node *root;
	json_t *json;

	text = config_text(&f, STEAD_YAML,
	                   CONFIG("env", "      K: ${secret.key}\n"
	                                 "secrets: { key: { kind: hex } }\n"));
	secret = secrets_get(&f.secrets, "app.key")->value;
	ok(f.node->configs.items[0]->content.secret, "a file with a secret is marked");
	run.stdin_data = text;
	run.stdin_len = strlen(text);
	is_int(process_run(f.arena, &run, &result), 0, "a shell reads the variables");
	is_str(result.out, secret, "env: the same text");
	fixture_done(&f);

	text = config_text(&f, STEAD_YAML,
	                   CONFIG("json", "      k: ${secret.key}\n"
	                                  "secrets: { key: { kind: hex } }\n"));
	json = json_loads(text, 0, NULL);
	is_str(json_string_value(json_object_get(json, "k")),
	       secrets_get(&f.secrets, "app.key")->value, "json: the same text");
	json_decref(json);
	fixture_done(&f);

	text = config_text(&f, STEAD_YAML,
	                   CONFIG("yaml", "      k: ${secret.key}\n"
	                                  "secrets: { key: { kind: hex } }\n"));
	findings_init(&findings, f.arena);
	source = (struct source){ .name = "x", .data = text, .len = strlen(text) };
	root = yaml_parse(f.arena, &source, &findings);
	is_str(yaml_get(root, "k")->text, secrets_get(&f.secrets, "app.key")->value,
	       "yaml: the same text");
	fixture_done(&f);

	text = config_text(&f, STEAD_YAML,
	                   CONFIG("text", "      text: ${secret.key}\n"
	                                  "secrets: { key: { kind: hex } }\n"));
	is_str(text, arena_printf(f.arena, "%s\n", secrets_get(&f.secrets, "app.key")->value),
	       "text: the secret and nothing else");
	ok(f.node->configs.items[0]->content.secret, "text: it is marked");
	fixture_done(&f);
}

/* JavaScript's dotenv knows no escapes: the quotes are chosen, or there is no way. */
static void test_config_env_js(void)
{
	struct fixture f;

	is_str(config_text(&f, STEAD_YAML,
	                   CONFIG("env-js", "      A: plain\n      B: 'a\"b\\c $d'\n"
	                                    "      C: \"it's \\\"5\\\"\"\n"
	                                    "      D: \"'`\"\n")),
	       "A=plain\nB='a\"b\\c $d'\nC=`it's \"5\"`\nD=\"'`\"\n", "env-js");
	fixture_done(&f);
	ok(config_text(&f, STEAD_YAML,
	               CONFIG("env-js",
	                      "      K: ${secret.key}\nsecrets: { key: { kind: hex } }\n")) == NULL,
	   "all kinds of quotes are refused");
	fixture_done(&f);
}

/* One that lies among the image's own files is mounted by itself; texts have parts too. */
static void test_config_file(void)
{
	struct fixture f;
	const char *text = config_text(
		&f, STEAD_YAML,
		APP_YAML "config:\n  passfile:\n    process: web\n    file: /srv/.pgpass\n"
			 "    syntax: text\n    values: { text: a }\n    parts:\n"
			 "      - when: [settings.mail.way == none]\n"
			 "        values: { text: \"*:*:${secret.key:passfile}\" }\n"
			 "secrets: { key: { kind: hex } }\n");
	const struct node_mount *mount;

	is_str(text, "*:*:s3'\"\\\\$`# {}\t\xc3\xa9\xf0\x9f\x98\x80 \n", "a part of a text");
	mount = &node_process_find(f.node, "web")->mounts.items[1];
	is_str(mount->host_path, "/etc/stead/config/web/passfile", "the file itself");
	is_str(mount->target, "/srv/.pgpass", "where the image expects it");
	fixture_done(&f);
}

#define OPTIONS                                                                                    \
	"settings:\n  more:\n    type: options\n    doc: more of it\n    options:\n"               \
	"      a.b.number: int\n      a.b.truth: bool\n      a.text: text\n      word: x|y\n"      \
	"      names: list\n      time: duration\n"

/* The definition's values, those under conditions, and the user's, each over those before. */
static void test_config_parts(void)
{
	struct fixture f;

	is_str(config_text(&f,
	                   STEAD_YAML "demo:\n  more: { a.b.number: 7, a.text: \"${x}\\ny\", "
	                              "word: y, names: [p, \"1\"], time: 2m }\n",
	                   CONFIG("json",
	                          "      top: { a: { b: { number: 1, other: 2 } } }\n"
	                          "    parts:\n"
	                          "      - when: [settings.mail.way == none]\n"
	                          "        values: { top: { a: { b: { other: 3 }, c: 4 } } }\n"
	                          "      - when: [settings.mail.way != none]\n"
	                          "        values: { top: gone }\n"
	                          "    options: { setting: more, below: top }\n" OPTIONS)),
	       "{\n  \"top\": {\n    \"a\": {\n      \"b\": {\n        \"number\": 7,\n"
	       "        \"other\": 3\n      },\n      \"c\": 4,\n      \"text\": \"${x}\\ny\"\n    "
	       "},\n"
	       "    \"word\": \"y\",\n    \"names\": [\n      \"p\",\n      \"1\"\n    ],\n"
	       "    \"time\": 120\n  }\n}\n",
	       "parts and options");
	fixture_done(&f);
	is_str(config_text(
		       &f, STEAD_YAML "demo: { more: { a.b.truth: false } }\n",
		       CONFIG("toml", "      a: text\n    options: { setting: more }\n" OPTIONS)),
	       "\n[a]\n\n[a.b]\ntruth = false\n" + 1, "an option takes the place of a text");
	fixture_done(&f);
	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "demo: { more: { a.text: \"x\\ny\" } }\n",
	              CONFIG("ini", "      k: v\n    options: { setting: more }\n" OPTIONS), NULL);
	fixture_is_error(&f, "config.value", 6, "line break", "an option that ini cannot hold");
	fixture_done(&f);
}

/* As it was written, and the same for each that reads it. */
static void test_config_text(void)
{
	struct fixture f;

	is_str(config_text(&f, STEAD_YAML,
	                   CONFIG("text",
	                          "      text: |\n        echo \"$HOME\" ${settings.domain}\n"
	                          "        exit 0\n")),
	       "echo \"$HOME\" example.org\nexit 0\n", "a text");
	fixture_done(&f);
	is_str(config_text(&f, STEAD_YAML, CONFIG("text", "      text: no end\n")), "no end\n",
	       "a text ends with a line break");
	fixture_done(&f);
}

static void test_keys(void)
{
	static const struct {
		const char *key, *code;
	} bad[] = {
		{ "\"ssh-dss AAAAB3NzaC1kc3MAAACBAA==\"", "ssh.key" },
		{ "\"ssh-ed25519 AAAAC3Nza\"", "ssh.key" },
		{ "\"ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAABAQ==\"", "ssh.key" },
		{ "\"" KEY "=\"", "ssh.key" },
		{ "\"" KEY "AAAA\"", "ssh.key" },
		{ "\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8Q\"", "ssh.key" },
		{ "missing.pub", "ssh.key-file" },
		{ "private", "ssh.private-key" },
		{ "empty", "ssh.key" },
	};
	char dir[] = "/tmp/unit-node-XXXXXX", settings[1024];
	struct fixture f;
	int fd;

	if (mkdtemp(dir) == NULL)
		exit(1);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	file_create(fd, "two.pub", 0644, "# mine\n\n" KEY " one\r\n" KEY " two\n",
	            strlen("# mine\n\n" KEY " one\r\n" KEY " two\n"));
	file_create(fd, "private", 0600, "-----BEGIN OPENSSH PRIVATE KEY-----\nTOPSECRET\n", 46);
	file_create(fd, "empty", 0644, "\n", 1);
	if (chdir(dir) != 0)
		exit(1);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML "machine: { ssh_keys: [ \"" KEY " me\", two.pub ] }\n",
	              APP_YAML, NULL);
	fixture_is_clean(&f, "keys");
	is_int(f.node->machine.ssh_keys.count, 3, "one as text, two in a file");
	is_str(f.node->machine.ssh_keys.items[0].line, KEY " me", "text");
	is_str(f.node->machine.ssh_keys.items[1].line, KEY " one", "file");
	fixture_done(&f);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(settings, sizeof(settings), STEAD_YAML "machine: { ssh_keys: [ %s ] }\n",
		         bad[i].key);
		fixture_init(&f);
		fixture_build(&f, settings, APP_YAML, NULL);
		fixture_is_error(&f, bad[i].code, 6, "", bad[i].key);
		for (size_t n = 0; n < f.findings.count; n++)
			ok(strstr(f.findings.items[n].message, "TOPSECRET") == NULL,
			   "no report shows a key");
		fixture_done(&f);
	}
	unlinkat(fd, "two.pub", 0);
	unlinkat(fd, "private", 0);
	unlinkat(fd, "empty", 0);
	close(fd);
	rmdir(dir);
}

static void test_machine(void)
{
	struct fixture f;
	char settings[1024];

	static const struct {
		const char *machine, *found, *expected;
	} engines[] = {
		{ "", NULL, "podman" },
		{ "machine: { os: flatcar }\n", NULL, "docker" },
		{ "machine: { os: flatcar, engine: podman }\n", NULL, "podman" },
		{ "machine: { engine: docker }\n", "podman", "docker" },
		{ "machine: { engine: auto }\n", "docker", "docker" },
	};

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		fixture_init(&f);
		f.inputs.engine = engines[i].found;
		fixture_build(&f, arena_printf(f.arena, "%s%s", STEAD_YAML, engines[i].machine),
		              APP_YAML, NULL);
		is_str(f.node->machine.engine, engines[i].expected, "engine of '%s' (found: %s)",
		       engines[i].machine, engines[i].found != NULL ? engines[i].found : "-");
		fixture_done(&f);
	}

	fixture_init(&f);
	fixture_build(
		&f, STEAD_YAML "machine: { firewall: { lan: allow, open: [tcp/9000, udp/53] } }\n",
		APP_YAML, NULL);
	fixture_is_clean(&f, "firewall");
	is_int(f.node->machine.open.count, 2, "two open ports");
	is_int(f.node->machine.open.items[1].first, 53, "port");
	ok(f.node->machine.open.items[1].udp && !f.node->machine.open.items[0].udp, "udp and tcp");
	ok(f.node->machine.lan_allowed, "lan");
	fixture_done(&f);

	snprintf(settings, sizeof(settings),
	         "app: demo\ndomain: short.%s.example.org\nadmin: { name: a, email: a@b.org }\n"
	         "mail: none\nbackup: none\ntls: internal\n",
	         "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabc");
	fixture_init(&f);
	fixture_build(&f, settings, APP_YAML, NULL);
	fixture_is_clean(&f, "long name");
	is_str(f.node->machine.hostname.v, "short", "a long name is cut at its first dot");
	is_str(f.node->tls.issuer, "internal", "tls as a word");
	fixture_done(&f);

	fixture_init(&f);
	secrets_set(&f.secrets, "ssh_host_ed25519_key", "not a key");
	fixture_build(&f, STEAD_YAML, APP_YAML, NULL);
	fixture_is_error(&f, "secrets.value", 0, "ssh_host_ed25519_key", "bad host key");
	fixture_done(&f);
}

static void test_routes(void)
{
	struct fixture f;

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML,
	              APP_YAML "routes:\n  - { path: /, process: web, max_body: 40m }\n"
	                       "  - { path: /.well-known/, process: web, host: domain }\n"
	                       "  - { path: /, process: web, host: domain }\n",
	              NULL);
	fixture_is_clean(&f, "routes");
	is_int(f.node->routes.count, 2, "the same route of the same name is one");
	is_str(f.node->routes.items[1].host, "example.org", "host");
	is_int(f.node->routes.items[0].max_body, 40 << 20, "max_body");
	fixture_done(&f);
}

static void test_rules(void)
{
	for (size_t i = 0; node_rule_name(i) != NULL; i++) {
		const char *name = node_rule_name(i), *next = node_rule_name(i + 1);

		ok(next == NULL || strcmp(name, next) < 0, "rule %s stands in order", name);
		ok(node_rule_text(name) != NULL && node_rule_text(name)[0] != '\0',
		   "rule %s has a sentence", name);
	}
	is_str(node_rule_text("no.such"), NULL, "an unknown rule");
	is_str(origin_at((struct span){ 0 }).rule, "node.default", "a default is a rule");
}

int main(void)
{
	test_smallest();
	test_networks();
	test_references();
	test_missing_values();
	test_own();
	test_sizes();
	test_conditions();
	test_version_conditions();
	test_update();
	test_images();
	test_jobs();
	test_merge();
	test_config();
	test_config_refusals();
	test_config_parts();
	test_config_text();
	test_config_secrets();
	test_config_env_js();
	test_config_file();
	test_keys();
	test_machine();
	test_routes();
	test_rules();
	return tap_done();
}
