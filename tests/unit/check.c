/* The families of checks: each rule has a case that fails and a neighbour that passes. What no
 * definition can say any more is tried on a model that was changed by hand. */
#include "fixture.h"

#define LOCK "lock: 1\napp: demo\ndomain: example.org\nlineage: 00112233445566778899aabbccddeeff\n"

static char *host_key;

/* Builds, checks; the host key is there. */
static void check(struct fixture *f, const char *settings, const char *app, const char *lock)
{
	secrets_set(&f->secrets, "ssh_host_ed25519_key", host_key);
	if (fixture_build(f, settings, app, lock) != NULL)
		(void)check_node(f->node, &f->inputs, &f->findings);
}

struct rule_case {
	const char *name;
	const char *good_settings, *good_app; /* what is added; NULL: nothing */
	const char *bad_settings, *bad_app;
	const char *code, *message;
	unsigned line;
};

#define PROCESS(name, more)                                                                        \
	"  " name ":\n    image: docker.io/demo/" name ":1\n    user: \"1001:1001\"\n" more

static const struct rule_case cases[] = {
	{ "owner's pattern", NULL, "owner: { pattern: \"[a-z]+\" }\n", NULL,
	  "owner: { pattern: \"[b-z]+\" }\n", "names.owner", "does not accept 'alice'", 3 },
	{ "owner's pattern is for the whole name", NULL, "owner: { pattern: \"x|alice\" }\n", NULL,
	  "owner: { pattern: \"x|alic\" }\n", "names.owner", "does not accept 'alice'", 3 },
	{ "reserved name", NULL, "owner: { reserved: [admin] }\n", NULL,
	  "owner: { reserved: [Alice] }\n", "names.owner", "for itself", 3 },
	{ "web elsewhere", "web: www.example.org\n", "split_domain: true\n",
	  "web: www.example.org\n", NULL, "names.web", "from another name", 6 },
	{ "web is the domain", "web: example.org\n", NULL, "web: www.example.org\n", NULL,
	  "names.web", "from another name", 6 },
	{ "hostname", "machine: { hostname: a.example.org }\n", NULL,
	  "machine: { hostname: abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.example.org "
	  "}\n",
	  NULL, "names.hostname", "longer than 63", 6 },
	{ "open port", "machine: { firewall: { open: [tcp/8443, udp/80] } }\n", NULL,
	  "machine: { firewall: { open: [tcp/443] } }\n", NULL, "ports.open",
	  "tcp/443 belongs to caddy", 6 },
	{ "open udp port", "machine: { firewall: { open: [udp/444] } }\n", NULL,
	  "machine: { firewall: { open: [udp/443] } }\n", NULL, "ports.open",
	  "udp/443 belongs to caddy", 6 },
	{ "ssh's port", "machine: { firewall: { open: [udp/22] } }\n", NULL,
	  "machine: { firewall: { open: [tcp/22] } }\n", NULL, "ports.open", "belongs to ssh", 6 },
	{ "a port twice", "machine: { firewall: { open: [tcp/9000, udp/9000] } }\n", NULL,
	  "machine: { firewall: { open: [tcp/9000, tcp/9000] } }\n", NULL, "ports.twice",
	  "opened twice", 6 },
	{ "data without a way out", NULL, PROCESS("db", "    group: data\n    networks: [int]\n"),
	  NULL, PROCESS("db", "    group: data\n    networks: [ext]\n"), "isolation.data",
	  "'db' is on the network with a way out", 13 },
	{ "a route's process is reachable", NULL,
	  PROCESS("api", "    port: 80\n    networks: [int]\n") "routes: [ { path: /api/, process: "
	                                                        "api } ]\n",
	  NULL, PROCESS("api", "    port: 80\n") "routes: [ { path: /api/, process: api } ]\n",
	  "isolation.route", "on no network", 17 },
	{ "a cycle", NULL, PROCESS("b", "    after: [c]\n") PROCESS("c", "    after: [web]\n"),
	  NULL,
	  PROCESS("b", "    after: [c]\n") PROCESS("c", "    after: [d]\n")
	          PROCESS("d", "    after: [b]\n"),
	  "order.cycle", "'b' after 'c' after 'd' after 'b'", 13 },
	{ "data waits for data", NULL,
	  PROCESS("db", "    group: data\n    after: [c]\n") PROCESS("c", "    group: data\n"),
	  NULL, PROCESS("db", "    group: data\n    after: [web]\n"), "order.group",
	  "'db' waits for 'web'", 13 },
	{ "set-up asks nobody who is not there", NULL,
	  "jobs: { j: { phase: post-start, process: web, steps: [ { id: s, run: [x], done: { http: "
	  "/ } } ] } }\n",
	  NULL,
	  "jobs: { j: { phase: setup, process: web, steps: [ { id: s, run: [x], done: { http: / } "
	  "} ] } }\n",
	  "order.job", "starts after the set-up", 13 },
	{ "the password for mail", NULL, "mail_used: false\n", NULL, NULL, "secrets.missing",
	  "'mail.password' is missing", 4 },
	{ "a tag", "images: { web: ghcr.io/a/b:1 }\n", NULL, "images: { web: ghcr.io/a/b }\n", NULL,
	  "image.tag", "no tag", 6 },
};

static void test_cases(void)
{
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rule_case *c = &cases[i];
		const char *base = STEAD_YAML;
		const struct finding *found;
		char settings[2048], app[4096];

		if (str_equal(c->code, "secrets.missing"))
			base = "app: demo\ndomain: example.org\n"
			       "admin: { name: alice, email: alice@example.net }\n"
			       "mail: { host: smtp.example.net, user: me }\nbackup: none\n";
		snprintf(settings, sizeof(settings), "%s%s", base,
		         c->good_settings != NULL ? c->good_settings : "");
		snprintf(app, sizeof(app), "%s%s", APP_YAML,
		         c->good_app != NULL ? c->good_app : "");
		fixture_init(&f);
		check(&f, settings, app, LOCK);
		fixture_is_clean(&f, c->name);
		fixture_done(&f);

		snprintf(settings, sizeof(settings), "%s%s", base,
		         c->bad_settings != NULL ? c->bad_settings : "");
		snprintf(app, sizeof(app), "%s%s", APP_YAML, c->bad_app != NULL ? c->bad_app : "");
		fixture_init(&f);
		check(&f, settings, app, LOCK);
		found = fixture_find(&f, c->code);
		if (!ok(found != NULL && found->span.line == c->line &&
		                strstr(found->message, c->message) != NULL &&
		                f.findings.errors + f.findings.warnings == 1,
		        "%s: %s", c->name, c->code))
			fixture_show(&f);
		fixture_done(&f);
	}
}

static void test_domains(void)
{
	static const struct {
		const char *domain, *tls;
		bool good;
	} domains[] = {
		{ "example.org", "acme", true },     { "social.test", "acme", false },
		{ "social.test", "internal", true }, { "node.internal", "acme", false },
		{ "a.home.arpa", "acme", false },    { "test.org", "acme", true },
		{ "192.0.2.1", "internal", false },
	};
	struct fixture f;
	char settings[512], lock[256];

	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		snprintf(settings, sizeof(settings),
		         "app: demo\ndomain: %s\nadmin: { name: a, email: a@b.org }\nmail: none\n"
		         "backup: none\ntls: %s\n",
		         domains[i].domain, domains[i].tls);
		snprintf(lock, sizeof(lock),
		         "lock: 1\napp: demo\ndomain: %s\n"
		         "lineage: 00112233445566778899aabbccddeeff\n",
		         domains[i].domain);
		fixture_init(&f);
		check(&f, settings, APP_YAML, lock);
		is_int(f.findings.errors == 0, domains[i].good, "domain %s with tls %s",
		       domains[i].domain, domains[i].tls);
		fixture_done(&f);
	}
}

static void test_identity(void)
{
	struct fixture f;

	fixture_init(&f);
	check(&f, STEAD_YAML, APP_YAML,
	      "lock: 1\napp: demo\ndomain: example.net\n"
	      "lineage: 00112233445566778899aabbccddeeff\n");
	fixture_is_error(&f, "identity.domain", 2, "made for 'example.net'", "another domain");
	fixture_done(&f);
	fixture_init(&f);
	check(&f, STEAD_YAML, APP_YAML,
	      "lock: 1\napp: other\ndomain: example.org\n"
	      "lineage: 00112233445566778899aabbccddeeff\n");
	fixture_is_error(&f, "identity.app", 1, "made with 'other'", "another application");
	fixture_done(&f);
	fixture_init(&f);
	check(&f, STEAD_YAML, APP_YAML, NULL);
	fixture_is_error(&f, "identity.lock", 0, "no stead.lock", "no lock");
	fixture_done(&f);
}

static void test_secrets(void)
{
#define WITH_SECRET APP_YAML "    env: { K: \"${secret.key}\" }\nsecrets: { key: { kind: hex } }\n"
	struct fixture f;
	const struct finding *unused;
	struct node_process *web;
	struct node_job *job;

	fixture_init(&f);
	check(&f, STEAD_YAML, WITH_SECRET, LOCK);
	fixture_is_error(&f, "secrets.missing", 14, "'app.key' is missing", "a declared secret");
	fixture_done(&f);

	fixture_init(&f);
	secrets_set(&f.secrets, "app.key", "");
	check(&f, STEAD_YAML, WITH_SECRET, LOCK);
	fixture_is_error(&f, "secrets.missing", 14, "'app.key' is missing", "an empty secret");
	fixture_done(&f);

	fixture_init(&f);
	secrets_set(&f.secrets, "app.key", "k");
	secrets_set(&f.secrets, "app.old", "very-secret-value");
	check(&f, STEAD_YAML, WITH_SECRET, LOCK);
	fixture_is_clean(&f, "an unused secret is no error");
	unused = fixture_find(&f, "secrets.unused");
	ok(unused != NULL && strstr(unused->message, "'app.old'") != NULL, "but a warning");
	ok(unused != NULL && strstr(unused->message, "very-secret-value") == NULL,
	   "that does not show it");
	fixture_done(&f);

	fixture_init(&f);
	fixture_build(&f, STEAD_YAML, APP_YAML, LOCK);
	(void)check_node(f.node, &f.inputs, &f.findings);
	fixture_is_error(&f, "secrets.missing", 0, "ssh_host_ed25519_key", "no host key");
	fixture_done(&f);

	fixture_init(&f);
	check(&f, STEAD_YAML,
	      APP_YAML "    command: [x, y]\njobs: { j: { phase: setup, process: web, "
	               "steps: [ { id: s, run: [x], stdin: y } ] } }\n",
	      LOCK);
	fixture_is_clean(&f, "arguments without secrets");
	web = node_process_find(f.node, "web");
	job = f.node->jobs.items[0];
	web->command.items[1].secret = true;
	job->steps.items[0].stdin_text.secret = true;
	(void)check_node(f.node, &f.inputs, &f.findings);
	ok(fixture_find(&f, "secrets.argv") != NULL, "a secret among arguments");
	ok(fixture_find(&f, "secrets.stdin") != NULL, "a secret on stdin");
	is_int(f.findings.errors, 2, "and nothing else");
	fixture_done(&f);
}

/* Each change breaks one rule of a model that was fine. */
static void publish_80(struct node *node)
{
	struct node_process *web = node_process_find(node, "web");

	web->ports[web->port_count++] = (struct node_port){ .port = 80 };
}

static void publish_22(struct node *node)
{
	struct node_process *web = node_process_find(node, "web");

	web->ports[web->port_count++] = (struct node_port){ .port = 22 };
}

static void add_capability(struct node *node)
{
	*list_add(node->arena, &node_process_find(node, "web")->capabilities) = "SYS_ADMIN";
}

static void run_as_root(struct node *node)
{
	node_process_find(node, "web")->uid = 0;
}

static void lose_port(struct node *node)
{
	node_process_find(node, "web")->port = 0;
}

static void move_config(struct node *node)
{
	node_process_find(node, "web")->mounts.items[1].host_path = "/var/lib/stead/config";
}

static void move_volume(struct node *node)
{
	node->volumes.items[0]->path = "/etc/stead/data";
}

static void double_volume(struct node *node)
{
	node->volumes.items[0]->path = "/var/lib/stead/data/caddy/data";
}

static void double_mount(struct node *node)
{
	node_process_find(node, "web")->mounts.items[1].target = "/data";
}

static void mount_over_tmpfs(struct node *node)
{
	*list_add(node->arena, &node_process_find(node, "web")->tmpfs) = "/data";
}

static void double_tmpfs(struct node *node)
{
	*list_add(node->arena, &node_process_find(node, "web")->tmpfs) = "/tmp";
	*list_add(node->arena, &node_process_find(node, "web")->tmpfs) = "/tmp";
}

static void double_config(struct node *node)
{
	struct node_config *first = node->configs.items[0];

	*list_add(node->arena, &node->configs) = first;
}

static void test_changed_models(void)
{
	static const struct {
		const char *code;
		void (*change)(struct node *node);
	} changes[] = {
		{ "ports.publisher", publish_80 },
		{ "ports.publisher", publish_22 },
		{ "isolation.capability", add_capability },
		{ "isolation.root", run_as_root },
		{ "isolation.port", lose_port },
		{ "ignition.config", move_config },
		{ "ignition.data", move_volume },
		{ "writers.volume", double_volume },
		{ "writers.mount", double_mount },
		{ "writers.mount", mount_over_tmpfs },
		{ "writers.mount", double_tmpfs },
		{ "writers.config", double_config },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		fixture_init(&f);
		check(&f, STEAD_YAML,
		      APP_YAML "routes: [ { path: /, process: web } ]\n"
		               "config: { f: { process: web, path: /etc/demo, syntax: json, "
		               "values: {} } }\n",
		      LOCK);
		fixture_is_clean(&f, "before the change");
		changes[i].change(f.node);
		ok(!check_node(f.node, &f.inputs, &f.findings), "%s: not passed", changes[i].code);
		ok(fixture_find(&f, changes[i].code) != NULL && f.findings.errors == 1, "%s",
		   changes[i].code);
		fixture_done(&f);
	}
}

static void test_notes(void)
{
	struct fixture f;

	fixture_init(&f);
	check(&f, STEAD_YAML, APP_YAML "notes: [ \"mind the gap\" ]\n", LOCK);
	fixture_is_clean(&f, "a note is no error");
	is_int(f.findings.notes, 1, "one note");
	is_str(f.findings.items[0].message, "mind the gap", "as it was written");
	fixture_done(&f);

	for (unsigned used = 0; used < 2; used++) {
		fixture_init(&f);
		check(&f,
		      "app: demo\ndomain: example.org\nadmin: { name: alice, email: a@example.net "
		      "}\n"
		      "mail: { host: smtp.example.net, from: a@example.net }\nbackup: none\n",
		      used ? APP_YAML "mail_used: true\n" : APP_YAML "mail_used: false\n", LOCK);
		fixture_is_clean(&f, "mail that is not used is no error");
		is_int(fixture_find(&f, "mail.unused") != NULL, !used, "but a note, mail_used %u",
		       used);
		fixture_done(&f);
	}
}

int main(void)
{
	struct arena *arena = arena_new();
	char *public;

	secret_make_ssh_key(arena, "test", &host_key, &public);
	test_cases();
	test_domains();
	test_identity();
	test_changed_models();
	test_notes();
	test_secrets();
	arena_free(arena);
	return tap_done();
}
