/* host: a hand-made node as files, units and plan. */
#include "base/arena.h"
#include "base/text.h"
#include "host/host.h"
#include "host/writers.h"

#include <stdlib.h>

#include "tap.h"

static const char secret_value[] = "s3cret \"$%\\' #value";

struct fixture {
	struct arena *arena, *secret_arena;
	struct findings findings;
	struct settings settings;
	struct node node;
	struct node_process snac, caddy, db;
	struct node_job job;
	struct node_config config;
	struct node_volume volume;
};

static struct node_text text(const char *v)
{
	return (struct node_text){ .v = v, .origin = origin_rule("node.default") };
}

static struct node_text secret_text(const char *v)
{
	struct node_text result = text(v);

	result.secret = true;
	return result;
}

static void add_env(struct fixture *f, struct node_process *process, const char *name,
                    struct node_text value)
{
	*list_add(f->arena, &process->env) = (struct node_env){ .name = name, .value = value };
}

static void make_networks(struct fixture *f)
{
	f->node.networks[NODE_NET_INT] = (struct node_network){
		.name = "stead-int",
		.internal = true,
		.subnet4 = "10.217.1.0/24",
		.subnet6 = "fd11:2233:4455:1::/64",
		.gateway4 = "10.217.1.1",
		.gateway6 = "fd11:2233:4455:1::1",
		.origin = origin_rule("node.network-int"),
	};
	f->node.networks[NODE_NET_EXT] = (struct node_network){
		.name = "stead-ext",
		.subnet4 = "10.217.2.0/24",
		.subnet6 = "fd11:2233:4455:2::/64",
		.gateway4 = "10.217.2.1",
		.gateway6 = "fd11:2233:4455:2::1",
		.origin = origin_rule("node.network-ext"),
	};
}

static void make_process(struct fixture *f, struct node_process *process, const char *name)
{
	process->name = name;
	process->image = "registry.example.org/image:1";
	process->image_origin = process->origin = process->health.origin =
		origin_rule("node.default");
	process->uid = process->gid = 1500;
	process->group = NODE_GROUP_APP;
	process->networks[NODE_NET_INT] = process->networks[NODE_NET_EXT] = true;
	process->port = 8001;
	process->stop_s = 20;
	process->health.start_s = 30;
	*list_add(f->arena, &f->node.processes) = process;
}

static void make_snac(struct fixture *f)
{
	f->volume = (struct node_volume){ .name = "data",
		                          .path = "/var/lib/stead/data/snac/data",
		                          .uid = 1500,
		                          .gid = 1500,
		                          .mode = 0700,
		                          .origin = origin_rule("node.default") };
	make_process(f, &f->snac, "snac");
	*list_add(f->arena, &f->snac.command) = text("snac");
	*list_add(f->arena, &f->snac.command) = text("httpd");
	*list_add(f->arena, &f->snac.mounts) = (struct node_mount){
		.volume = &f->volume, .target = "/data", .origin = origin_rule("node.default")
	};
	*list_add(f->arena, &f->snac.after) = "db";
	f->snac.memory_bytes = 268435456;
	add_env(f, &f->snac, "PLAIN", text("value"));
	add_env(f, &f->snac, "HARD", text("a b\t'\"\\ $HOME ${X} %n %% # ; \xc3\xbc"));
	add_env(f, &f->snac, "EMPTY", text(""));
	add_env(f, &f->snac, "KEY", secret_text(arena_strdup(f->secret_arena, secret_value)));
	*list_add(f->arena, &f->node.volumes) = &f->volume;
}

static void make_caddy(struct fixture *f)
{
	make_process(f, &f->caddy, "caddy");
	f->caddy.ports[0] = (struct node_port){ .port = 80, .origin = origin_rule("proxy.ports") };
	f->caddy.ports[1] = (struct node_port){ .port = 443, .origin = origin_rule("proxy.ports") };
	f->caddy.ports[2] = (struct node_port){ .port = 443,
		                                .udp = true,
		                                .origin = origin_rule("proxy.ports") };
	f->caddy.port_count = 3;
	*list_add(f->arena, &f->caddy.capabilities) = "NET_BIND_SERVICE";
	*list_add(f->arena, &f->caddy.tmpfs) = "/run/caddy";
	*list_add(f->arena, &f->caddy.mounts) = (struct node_mount){
		.host_path = "/etc/stead/config/caddy",
		.target = "/etc/caddy",
		.read_only = true,
		.origin = origin_rule("proxy.config"),
	};
}

static void add_route(struct fixture *f, const char *host, const char *path)
{
	*list_add(f->arena, &f->node.routes) = (struct node_route){
		.host = host,
		.path = path,
		.process = &f->snac,
		.max_body = 1048576,
		.websocket = true,
		.origin = origin_rule("proxy.route"),
	};
}

static void make_job(struct fixture *f)
{
	struct node_step *step;

	f->job = (struct node_job){ .name = "init",
		                    .phase = "setup",
		                    .process = &f->snac,
		                    .origin = origin_rule("agent.setup") };
	step = list_add(f->arena, &f->job.steps);
	step->id = "store";
	step->deadline_s = 60;
	step->origin = origin_rule("agent.setup");
	*list_add(f->arena, &step->run) = text("snac");
	*list_add(f->arena, &step->run) = text("init");
	*list_add(f->arena, &f->node.jobs) = &f->job;
}

static void make_machine(struct fixture *f)
{
	struct node_machine *machine = &f->node.machine;

	machine->os = "fcos";
	machine->engine = "podman";
	machine->arch = "x86_64";
	machine->hostname = text("example.org");
	machine->time_zone = text("Europe/Berlin");
	machine->lan_origin = origin_rule("firewall.forward");
	machine->ssh_host_key = secret_text("-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n"
	                                    "-----END OPENSSH PRIVATE KEY-----\n");
	machine->ssh_host_key_public = text("ssh-ed25519 AAAA node");
	for (int i = 0; i < 2; i++)
		*list_add(f->arena, &machine->ssh_keys) =
			(struct node_key){ .line = "ssh-ed25519 AAAA alice",
			                   .origin = origin_rule("node.default") };
	*list_add(f->arena, &machine->open) = (struct node_open){
		.first = 9000, .last = 9000, .udp = true, .origin = origin_rule("firewall.input")
	};
}

/* A node with all that the writers know. The caller frees both arenas. */
static struct fixture *fixture_new(void)
{
	struct arena *arena = arena_new();
	struct fixture *f = arena_alloc(arena, sizeof(*f));

	f->arena = f->node.arena = arena;
	f->secret_arena = f->node.secret_arena = arena_new_secret();
	findings_init(&f->findings, arena);
	f->node.settings = &f->settings;
	f->node.app = "snac";
	f->node.lineage = "00112233445566778899aabbccddeeff";
	f->node.domain = f->node.web = text("example.org");
	f->node.owner_name = "alice";
	f->node.tls = (struct node_tls){ .issuer = "internal",
		                         .email = "alice@example.org",
		                         .origin = origin_rule("node.default") };
	f->node.reach_origin = origin_rule("node.default");
	f->node.kept = (struct node_kept){
		.settings = "app: snac # mine\n",
		.lock = "lineage: 0011\n",
		.secrets = "k: s3cret-kept\n",
	};
	make_networks(f);
	make_machine(f);
	make_snac(f);
	make_process(f, &f->db, "db");
	f->db.group = NODE_GROUP_DATA;
	f->db.networks[NODE_NET_EXT] = false;
	f->db.stop_signal = "SIGINT";
	make_caddy(f);
	make_job(f);
	f->config = (struct node_config){ .process = &f->snac,
		                          .name = "snac.json",
		                          .content = secret_text("{\"key\":\"s3cret-config\"}\n"),
		                          .origin = origin_rule("host.config") };
	*list_add(f->arena, &f->node.configs) = &f->config;
	*list_add(f->arena, &f->snac.mounts) = (struct node_mount){
		.host_path = "/etc/stead/config/snac",
		.target = "/etc/snac",
		.read_only = true,
		.origin = origin_rule("host.config"),
	};
	add_route(f, "example.org", "/");
	add_route(f, "example.org", "/api/");
	add_route(f, "example.org", "/api/v1/media");
	f->node.frozen = true;
	return f;
}

static void fixture_free(struct fixture *f)
{
	arena_free(f->secret_arena);
	arena_free(f->arena);
}

static struct output_set *render(struct fixture *f)
{
	return host_render(&f->node, NULL, &f->findings);
}

static const char *file_text(const struct output_set *set, const char *path)
{
	const struct output *file = set != NULL ? output_find(set, path) : NULL;
	size_t len;

	return file != NULL ? output_join(file, &len) : NULL;
}

static bool has_line(const struct output_set *set, const char *path, const char *line)
{
	const struct output *file = set != NULL ? output_find(set, path) : NULL;

	for (size_t i = 0; file != NULL && i < file->lines.count; i++) {
		if (file->lines.items[i].len == strlen(line) &&
		    memcmp(file->lines.items[i].data, line, strlen(line)) == 0)
			return true;
	}
	return false;
}

static bool has_finding(const struct fixture *f, const char *code)
{
	for (size_t i = 0; i < f->findings.count; i++) {
		if (str_equal(f->findings.items[i].code, code))
			return true;
	}
	return false;
}

/* --- the tree --- */

#define SNAC "/etc/containers/systemd/stead-snac.container"
#define CADDY "/etc/containers/systemd/stead-caddy.container"

static void test_quadlet(const struct output_set *set)
{
	static const char *const wanted[] = {
		"Image=registry.example.org/image:1",
		"ContainerName=stead-snac",
		"Pull=never",
		"Network=stead-ext.network",
		"Network=stead-int.network",
		"PodmanArgs=--network-alias=snac",
		"User=1500",
		"Group=1500",
		"NoNewPrivileges=true",
		"DropCapability=all",
		"ReadOnly=true",
		"PodmanArgs=--memory=268435456b",
		"Volume=/var/lib/stead/data/snac/data:/data",
		"Volume=/etc/stead/config/snac:/etc/snac:ro",
		"Environment=PLAIN=value",
		"Environment=EMPTY=",
		"Environment=\"HARD=a b\\t'\\\"\\\\ $$HOME $${X} %%n %%%% # ; \xc3\xbc\"",
		"EnvironmentFile=/etc/stead/secrets/snac.env",
		"Exec=snac httpd",
		"StopTimeout=20",
		"After=stead-db.service",
		"PartOf=stead-app.target",
		"ExecStartPre=/usr/local/bin/stead-node wait --before snac",
		"ExecStartPost=/usr/local/bin/stead-node wait snac",
		"Restart=always",
		"StartLimitIntervalSec=0",
		"TimeoutStartSec=930",
		"TimeoutStopSec=30",
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		ok(has_line(set, SNAC, wanted[i]), "quadlet: %s", wanted[i]);
	ok(strstr(file_text(set, SNAC), ":z") == NULL && strstr(file_text(set, SNAC), ":Z") == NULL,
	   "quadlet: no relabelling by the engine");
	ok(has_line(set, CADDY, "PublishPort=443:443/udp"), "quadlet: published udp port");
	ok(has_line(set, CADDY, "AddCapability=NET_BIND_SERVICE"), "quadlet: the kept capability");
	ok(has_line(set, CADDY, "Tmpfs=/run/caddy:mode=1777"), "quadlet: tmpfs");
	ok(has_line(set, "/etc/containers/systemd/stead-db.container",
	            "PodmanArgs=--stop-signal=SIGINT"),
	   "quadlet: stop signal, the way podman 5.0 knows");
	ok(!has_line(set, "/etc/containers/systemd/stead-db.container",
	             "Network=stead-ext.network"),
	   "quadlet: a data service has no way out");
	ok(strstr(file_text(set, "/etc/containers/systemd/stead-db.container"), "stead-setup") ==
	           NULL,
	   "quadlet: a data service does not wait for the set-up that needs it");
	ok(has_line(set, "/etc/containers/systemd/stead-int.network", "Internal=true"),
	   "network: the inner one is internal");
	ok(!has_line(set, "/etc/containers/systemd/stead-ext.network", "Internal=true"),
	   "network: the outer one is not");
}

static void test_files(const struct output_set *set)
{
	const struct output *env = output_find(set, "/etc/stead/secrets/snac.env");
	const struct output *config = output_find(set, "/etc/stead/config/snac/snac.json");
	const struct output *key = output_find(set, "/etc/ssh/ssh_host_ed25519_key");

	is_str(file_text(set, "/etc/stead/secrets/snac.env"),
	       arena_printf(set->arena, "KEY=%s\n", secret_value), "env file: the value as it is");
	ok(env != NULL && env->mode == 0600 && (env->flags & OUTPUT_SECRET) != 0 && env->uid == 0,
	   "env file: root's alone");
	ok(config != NULL && config->mode == 0600 && config->uid == 1500 && config->gid == 1500 &&
	           (config->flags & OUTPUT_SECRET) != 0,
	   "a configuration file with a secret: the process's alone");
	ok(key != NULL && key->mode == 0600 && (key->flags & OUTPUT_SECRET) != 0, "host key: 0600");
	is_str(file_text(set, "/etc/ssh/ssh_host_ed25519_key"),
	       "-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n-----END OPENSSH PRIVATE KEY-----\n",
	       "host key: its bytes");
	is_str(file_text(set, "/etc/hostname"), "example.org\n", "host name");
	is_int((long long)set->users.count, 1, "one user");
	is_int((long long)set->users.items[0].ssh_keys.count, 1, "a key given twice is there once");
	ok(output_find(set, "/etc/stead/secrets/caddy.env") == NULL,
	   "no env file for a process without secrets");
}

static void test_firewall(const struct output_set *set)
{
	static const char path[] = "/etc/stead/firewall.nft";

	ok(has_line(set, path, "\t\ttcp dport 80 accept"), "firewall: 80");
	ok(has_line(set, path, "\t\tudp dport 443 accept"), "firewall: 443/udp");
	ok(has_line(set, path, "\t\tudp dport 9000 accept"), "firewall: an opened port");
	ok(has_line(set, path, "\t\tiifname \"stead-*\" ip daddr @private4 drop"),
	   "firewall: no private addresses");
	ok(strstr(file_text(set, path), "flush ruleset") == NULL, "firewall: others' tables stay");
}

static void test_units(const struct output_set *set)
{
	static const char target[] = "/etc/systemd/system/stead.target";
	const char *resume = file_text(set, "/etc/systemd/system/stead-resume.service");
	bool enabled = false;

	ok(has_line(set, target,
	            "Upholds=stead-page.service stead-prepare.service stead-setup.service") &&
	           has_line(set, target, "Upholds=stead-meet.service"),
	   "units: the page and the meeting are upheld");
	ok(has_line(set, CADDY, "ExecStopPost=-/usr/local/bin/stead-node wait --after caddy"),
	   "units: the proxy gives port 80 back");
	ok(strstr(file_text(set, SNAC), "--after") == NULL, "units: who has no port does not");
	for (size_t i = 0; i < set->units.count; i++)
		enabled |= str_equal(set->units.items[i].name, "stead-resume.service") &&
		           set->units.items[i].enabled;
	ok(enabled && resume != NULL &&
	           strstr(resume, "Before=stead-page.service "
	                          "stead-prepare.service ") != NULL,
	   "units: a change that was cut short goes on at boot, before the rest");
}

static void test_kept(const struct output_set *set)
{
	const struct output *secrets = output_find(set, "/etc/stead/secrets/stead.secrets.yaml");

	is_str(file_text(set, "/etc/stead/stead.yaml"), "app: snac # mine\n",
	       "the settings are kept as they were written");
	is_str(file_text(set, "/etc/stead/stead.lock"), "lineage: 0011\n", "so is the lock");
	ok(secrets != NULL && secrets->mode == 0600 && (secrets->flags & OUTPUT_SECRET) != 0,
	   "and the secrets, which only root reads");
	is_str(file_text(set, "/etc/stead/secrets/stead.secrets.yaml"), "k: s3cret-kept\n",
	       "whole");
}

static void test_caddyfile(const struct output_set *set)
{
	const char *caddyfile = file_text(set, "/etc/stead/config/caddy/Caddyfile");
	const char *media, *api, *rest;

	ok(caddyfile != NULL && strstr(caddyfile, "\ttls internal\n") != NULL,
	   "Caddyfile: internal CA");
	if (caddyfile == NULL)
		return;
	media = strstr(caddyfile, "path /api/v1/media /api/v1/media/*");
	api = strstr(caddyfile, "handle /api/* {");
	rest = strstr(caddyfile, "handle {");
	ok(media != NULL && api != NULL && rest != NULL && media < api && api < rest,
	   "Caddyfile: the longest path first");
	ok(strstr(caddyfile, "max_size 1048576") != NULL, "Caddyfile: body limit");
	ok(strstr(caddyfile, "\thttps://") == NULL && strstr(caddyfile, "acme_ca") == NULL,
	   "Caddyfile: no authority is asked");
	ok(strstr(caddyfile, "\nhttp:// {") != NULL &&
	           strstr(caddyfile, "\t\t@site host example.org\n") != NULL &&
	           strstr(caddyfile, "\t\t\tredir https://example.org/ 308\n") != NULL,
	   "Caddyfile: port 80 leads to the site, once for each name");
}

/* Every line can be explained: it has a place, or a rule with a sentence. */
static void test_origins(const struct output_set *set)
{
	const char *bad = NULL;

	for (size_t i = 0; i < set->files.count; i++) {
		const struct output *file = set->files.items[i];

		for (size_t j = 0; j < file->lines.count; j++) {
			struct origin origin = file->lines.items[j].origin;

			if (origin.span.source == NULL && node_rule_text(origin.rule) == NULL)
				bad = arena_printf(set->arena, "%s: %s", file->path,
				                   origin.rule != NULL ? origin.rule : "(none)");
		}
	}
	is_str(bad, NULL, "every line has an origin that can be explained");
}

static void test_secrets(const struct output_set *set)
{
	static const char *const secrets[] = { secret_value, "s3cret", "QUJD" };
	const char *leak = NULL;

	for (size_t i = 0; i < set->files.count; i++) {
		const struct output *file = set->files.items[i];
		size_t len;
		const char *data = output_join(file, &len);

		for (size_t j = 0; j < sizeof(secrets) / sizeof(secrets[0]); j++) {
			if ((file->flags & OUTPUT_SECRET) == 0 &&
			    memmem(data, len, secrets[j], strlen(secrets[j])) != NULL)
				leak = file->path;
		}
		if ((file->flags & OUTPUT_SECRET) != 0 && file->mode != 0600)
			leak = file->path;
	}
	is_str(leak, NULL, "secrets are in 0600 files only");
}

static void test_determinism(const struct output_set *set)
{
	struct fixture *other = fixture_new();
	const struct output_set *again = render(other);
	bool same = again != NULL && again->files.count == set->files.count;

	for (size_t i = 0; same && i < set->files.count; i++) {
		size_t a_len, b_len;
		const char *a = output_join(set->files.items[i], &a_len);
		const char *b = output_join(again->files.items[i], &b_len);

		same = str_equal(set->files.items[i]->path, again->files.items[i]->path) &&
		       a_len == b_len && memcmp(a, b, a_len) == 0;
	}
	ok(same, "the same node gives the same bytes");
	fixture_free(other);
}

/* --- what is refused --- */

static void refused(const char *code, const char *name, void (*spoil)(struct fixture *f))
{
	struct fixture *f = fixture_new();

	spoil(f);
	ok(render(f) == NULL && has_finding(f, code), "refused: %s (%s)", name, code);
	fixture_free(f);
}

static void spoil_newline(struct fixture *f)
{
	add_env(f, &f->snac, "BAD", text("a\nb"));
}

static void spoil_secret_newline(struct fixture *f)
{
	add_env(f, &f->snac, "BAD", secret_text("a\rb"));
}

static void spoil_control(struct fixture *f)
{
	add_env(f, &f->snac, "BAD", text("a\xc2\x80"));
}

static void spoil_long(struct fixture *f)
{
	char *value = arena_alloc(f->arena, 70000);

	memset(value, 'x', 69999);
	add_env(f, &f->snac, "BAD", secret_text(value));
}

static void spoil_empty_argument(struct fixture *f)
{
	*list_add(f->arena, &f->snac.command) = text("");
}

static void spoil_semicolon(struct fixture *f)
{
	*list_add(f->arena, &f->snac.command) = text(";");
}

static void spoil_command(struct fixture *f)
{
	*list_add(f->arena, &f->snac.command) = secret_text("p4ss");
}

static void spoil_step(struct fixture *f)
{
	*list_add(f->arena, &f->job.steps.items[0].run) = secret_text("p4ss");
}

static void spoil_target(struct fixture *f)
{
	f->snac.mounts.items[0].target = "/da:ta";
}

static void spoil_image(struct fixture *f)
{
	f->snac.image = "image with blanks";
}

static void spoil_build(struct fixture *f)
{
	f->snac.image = "my.build";
}

static void spoil_zone(struct fixture *f)
{
	f->node.machine.time_zone = text("../../etc/shadow");
}

static void spoil_proxy(struct fixture *f)
{
	*list_add(f->arena, &f->node.trusted_proxies) = (struct value_text){ .v = "10.0.0.0/33" };
}

static void spoil_mirror(struct fixture *f)
{
	f->node.mirror = "10.0.0.1:5000\"\ninsecure";
	f->node.mirror_insecure = true;
}

static void spoil_email(struct fixture *f)
{
	f->node.tls.issuer = "acme";
	f->node.tls.email = "{$HOME}@example.org";
}

static void spoil_engine(struct fixture *f)
{
	f->node.machine.engine = "lxc";
}

static void spoil_path(struct fixture *f)
{
	*list_add(f->arena, &f->node.configs) = &f->config;
}

static void test_refusals(void)
{
	refused("env.newline", "line break in a variable", spoil_newline);
	refused("env.newline", "line break in a secret variable", spoil_secret_newline);
	refused("env.character", "U+0080 in a variable", spoil_control);
	refused("env.length", "a variable longer than podman reads", spoil_long);
	refused("host.argument", "empty argument", spoil_empty_argument);
	refused("host.argument", "semicolon as an argument", spoil_semicolon);
	refused("host.secret", "a secret in a command", spoil_command);
	refused("host.secret", "a secret in a job", spoil_step);
	refused("host.path", "a colon in a mount", spoil_target);
	refused("host.image", "blanks in an image's name", spoil_image);
	refused("host.image", "an image that Quadlet takes for a build", spoil_build);
	refused("host.time-zone", "a time zone that leaves its directory", spoil_zone);
	refused("proxy.trusted", "a range that is none", spoil_proxy);
	refused("host.mirror", "a mirror that is no address", spoil_mirror);
	refused("proxy.email", "a placeholder in an address", spoil_email);
	refused("host.engine", "an engine without a writer", spoil_engine);
	refused("output.conflict", "two writers of one path", spoil_path);
}

/* --- variants --- */

static void test_lan_allowed(void)
{
	struct fixture *f = fixture_new();
	const char *text;

	f->node.machine.lan_allowed = true;
	text = file_text(render(f), "/etc/stead/firewall.nft");
	ok(text != NULL && strstr(text, "@private4 drop") == NULL &&
	           strstr(text, "@metadata4 drop"),
	   "lan allowed: private addresses are, metadata is not");
	fixture_free(f);
}

static void test_mail_address(void)
{
	struct fixture *f = fixture_new();
	const char *text, *allowed;

	f->settings.mail.host.v = "10.1.2.3";
	f->settings.mail.port = (struct value_int){ .v = 587, .given = true };
	text = file_text(render(f), "/etc/stead/firewall.nft");
	allowed = text != NULL ? strstr(text, "ip daddr 10.1.2.3 tcp dport 587 accept") : NULL;
	ok(allowed != NULL && strstr(allowed, "@private4 drop") != NULL,
	   "a mail server given by a private address is let through before the drop");
	fixture_free(f);
}

static void test_upstream(void)
{
	struct fixture *f = fixture_new();
	const char *text;

	f->node.tls.issuer = "upstream";
	*list_add(f->arena, &f->node.trusted_proxies) = (struct value_text){ .v = "192.0.2.0/24" };
	text = file_text(render(f), "/etc/stead/config/caddy/Caddyfile");
	ok(text != NULL && strstr(text, "\nhttp://example.org {") != NULL &&
	           strstr(text, "tls internal") == NULL,
	   "upstream: plain HTTP");
	ok(text != NULL && strstr(text, "\t\t\t\ttrusted_proxies 192.0.2.0/24\n") != NULL,
	   "upstream: the outer proxy is believed");
	fixture_free(f);
}

static void test_staging(void)
{
	struct fixture *f = fixture_new();
	const char *text;

	f->node.tls.issuer = "acme";
	f->node.tls.staging = true;
	text = file_text(render(f), "/etc/stead/config/caddy/Caddyfile");
	ok(text != NULL &&
	           strstr(text,
	                  "\tacme_ca https://acme-staging-v02.api.letsencrypt.org/directory\n"),
	   "staging: the authority for trials is asked");
	fixture_free(f);
}

/* Nothing that would let a container out may stand before the drop, whatever the settings allow. */
static void test_quarantine(void)
{
	struct fixture *f = fixture_new();
	const struct output_set *set;
	const char *text, *drop;

	f->node.reach = NODE_REACH_QUARANTINED;
	f->node.machine.lan_allowed = true;
	f->settings.mail.host.v = "10.1.2.3";
	f->settings.mail.port = (struct value_int){ .v = 587, .given = true };
	set = render(f);
	text = file_text(set, "/etc/stead/firewall.nft");
	drop = text != NULL ? strstr(text, "\t\tiifname \"stead-*\" drop\n\t}\n") : NULL;
	ok(drop != NULL, "quarantine: the last rule of the chain drops what comes from containers");
	ok(text != NULL && strstr(text, "587") == NULL && strstr(text, "@metadata4 meta") == NULL,
	   "quarantine: no mail server, no name server of the provider");
	ok(text != NULL && strstr(text, "meta l4proto { tcp, udp } th dport 53 accept") > drop,
	   "quarantine: the machine still answers for names");
	ok(file_text(set, "/etc/systemd/system/stead-meet.service") == NULL &&
	           !has_line(set, "/etc/systemd/system/stead.target", "Upholds=stead-meet.service"),
	   "quarantine: there is nobody to meet");
	fixture_free(f);
}

static bool has_link(const struct output_set *set, const char *path)
{
	for (size_t i = 0; i < set->links.count; i++)
		if (str_equal(set->links.items[i].path, path))
			return true;
	return false;
}

static void test_as_is(void)
{
	static const struct source settings = { .name = "stead.yaml" };
	struct fixture *f = fixture_new();
	const struct output_set *set;

	f->node.machine.os = "as-is";
	set = render(f);
	ok(file_text(set, "/etc/hostname") == NULL && set->users.count == 0 &&
	           file_text(set, "/etc/ssh/ssh_host_ed25519_key") == NULL &&
	           file_text(set, "/etc/ssh/ssh_host_ed25519_key.pub") == NULL,
	   "as-is: name, keys and users are the owner's");
	ok(!has_link(set, "/etc/localtime"), "as-is: so is the time zone");
	ok(file_text(set, "/etc/stead/stead.yaml") != NULL, "as-is: all else is there");
	f->node.machine.time_zone.origin = (struct origin){ .span = { &settings, 1, 1, 2 } };
	f->node.machine.time_zone.v = "UTC";
	ok(has_link(render(f), "/etc/localtime"), "as-is: a time zone in the settings is set");
	fixture_free(f);
}

static void test_mirror(void)
{
	struct fixture *f = fixture_new();
	const struct output_set *set;

	f->node.mirror = "10.0.2.2:5000";
	f->node.mirror_insecure = true;
	set = render(f);
	ok(has_line(set, "/etc/containers/registries.conf.d/50-stead.conf",
	            "location = \"10.0.2.2:5000\""),
	   "mirror without TLS: podman is told");
	fixture_free(f);
}

#define SNAC_UNIT "/etc/systemd/system/stead-snac.service"
#define CADDY_UNIT "/etc/systemd/system/stead-caddy.service"
#define DB_UNIT "/etc/systemd/system/stead-db.service"

static void test_docker_units(const struct output_set *set)
{
	static const char *const wanted[] = {
		"After=docker.service",
		"PartOf=docker.service",
		"PartOf=stead-app.target",
		"After=stead-ext-network.service",
		"ConditionPathExists=!/var/lib/stead/state/maintenance",
		"NotifyAccess=all",
		"ExecStartPre=/usr/local/bin/stead-node wait --before snac",
		"ExecStartPre=-/bin/sh -c '/usr/bin/docker rm --force --volumes stead-snac "
		">/dev/null 2>&1'",
		"SyslogIdentifier=stead-snac",
		"ExecStartPre=/usr/bin/docker create --name=stead-snac \\",
		"  --pull=never \\",
		"  --network=stead-ext \\",
		"  --network-alias=snac \\",
		"  --user=1500:1500 \\",
		"  --security-opt=no-new-privileges \\",
		"  --cap-drop=all \\",
		"  --read-only \\",
		"  --pids-limit=2048 \\",
		"  --memory=268435456b \\",
		"  --volume=/var/lib/stead/data/snac/data:/data \\",
		"  --volume=/etc/stead/config/snac:/etc/snac:ro \\",
		"  --tmpfs=/tmp:mode=1777,exec \\",
		"  --env=PLAIN=value \\",
		"  --env=EMPTY= \\",
		"  \"--env=HARD=a b\\t'\\\"\\\\ $$HOME $${X} %%n %%%% # ; \xc3\xbc\" \\",
		"  --env-file=/etc/stead/secrets/snac.env \\",
		"  --stop-timeout=20 \\",
		"  registry.example.org/image:1 \\",
		"  snac httpd",
		"ExecStartPre=/usr/bin/docker network connect --alias=snac stead-int stead-snac",
		"ExecStart=/usr/bin/docker start --attach stead-snac",
		"ExecStartPost=/usr/local/bin/stead-node wait snac",
		"ExecStop=-/usr/bin/docker stop --time=20 stead-snac",
		"Restart=always",
		"TimeoutStopSec=30",
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		ok(has_line(set, SNAC_UNIT, wanted[i]), "docker: %s", wanted[i]);
	ok(has_line(set, CADDY_UNIT, "  --publish=443:443/udp \\"), "docker: published udp port");
	ok(has_line(set, CADDY_UNIT, "  --cap-add=NET_BIND_SERVICE \\"), "docker: the capability");
	ok(has_line(set, CADDY_UNIT, "  --tmpfs=/run/caddy:mode=1777,uid=1500,gid=1500 \\"),
	   "docker: tmpfs");
	ok(has_line(set, DB_UNIT, "  --stop-signal=SIGINT \\"), "docker: stop signal");
	ok(has_line(set, DB_UNIT, "  --network=stead-int \\"), "docker: the inner network");
	ok(strstr(file_text(set, DB_UNIT), "stead-ext") == NULL &&
	           strstr(file_text(set, DB_UNIT), "network connect") == NULL,
	   "docker: and no other one");
	ok(strstr(file_text(set, DB_UNIT), "stead-setup") == NULL,
	   "docker: a data service does not wait for the set-up");
	ok(output_find(set, SNAC) == NULL, "docker: no quadlets");
	ok(has_line(set, "/etc/systemd/system/stead-prepare.service", "After=docker.service"),
	   "docker: prepare comes after it");
}

static void test_docker_networks(const struct output_set *set)
{
	const char *inner = file_text(set, "/etc/systemd/system/stead-int-network.service");
	const char *outer = file_text(set, "/etc/systemd/system/stead-ext-network.service");

	ok(inner != NULL && strstr(inner, "  --internal \\\n") != NULL, "docker: inner network");
	ok(outer != NULL && strstr(outer, "--internal") == NULL, "docker: outer network");
	ok(outer != NULL && strstr(outer, "--ipv6") != NULL &&
	           strstr(outer, "--subnet=fd11:2233:4455:2::/64 "
	                         "--gateway=fd11:2233:4455:2::1") != NULL,
	   "docker: both have IPv6");
	ok(outer != NULL && strstr(outer, "bridge.name=stead-ext ") != NULL,
	   "docker: the bridge has the name that the firewall knows");
}

static void test_docker(void)
{
	struct fixture *f = fixture_new();
	const struct output_set *set;
	const char *json;

	f->node.machine.engine = "docker";
	f->node.mirror = "10.0.2.2:5000";
	f->node.mirror_insecure = true;
	set = render(f);
	ok(set != NULL, "docker: a node is rendered");
	if (set == NULL)
		return;
	test_docker_units(set);
	test_docker_networks(set);
	is_str(file_text(set, "/etc/docker/daemon.json"),
	       "{\n"
	       "  \"experimental\": true,\n"
	       "  \"ip6tables\": true,\n"
	       "  \"insecure-registries\": [\"10.0.2.2:5000\"],\n"
	       "  \"userland-proxy\": false\n"
	       "}\n",
	       "docker: its settings");
	json = file_text(set, "/etc/stead/node.json");
	ok(strstr(json, "\"/etc/docker/daemon.json\":[\"docker.service\"]") != NULL,
	   "docker: it is restarted for them");
	ok(strstr(json, "\"" SNAC_UNIT "\":[\"stead-snac.service\"]") != NULL,
	   "docker: a changed unit is restarted");
	fixture_free(f);
	f = fixture_new();
	f->node.machine.engine = "docker";
	f->snac.command.items[0] = text("");
	*list_add(f->arena, &f->snac.command) = text(";");
	ok(has_line(render(f), SNAC_UNIT, "  \"\" httpd \";\""),
	   "docker: words that Quadlet cannot carry");
	fixture_free(f);
}

static void test_agent(void)
{
	static const char program[] = "\x7f"
				      "ELF\0program\n";
	struct host_agent agent = { .data = program, .len = sizeof(program) };
	struct fixture *f = fixture_new();
	struct output_set *set;
	const struct output *file;
	size_t len = 0;

	f->node.machine.os = "flatcar";
	set = host_render(&f->node, &agent, &f->findings);
	file = set != NULL ? output_find(set, "/opt/bin/stead-node") : NULL;
	ok(file != NULL && file->mode == 0755 && memcmp(output_join(file, &len), program, 1) == 0 &&
	           len == sizeof(program),
	   "the agent is put where Flatcar lets it be");
	ok(has_line(set, "/etc/systemd/system/stead-prepare.service",
	            "ExecStart=/opt/bin/stead-node prepare"),
	   "units call it there");
	fixture_free(f);
}

/* For `delivery: ssh`: closed, known, and nothing that runs. */
static void test_base(void)
{
	struct fixture *f = fixture_new();
	const struct output_set *set;
	const struct plan *plan;
	const char *json, *why = NULL;
	bool secret = false;

	f->node.machine.os = "flatcar";
	set = host_render_base(&f->node, &f->findings);
	if (!ok(set != NULL, "base: rendered"))
		return;
	ok(file_text(set, "/etc/ssh/ssh_host_ed25519_key") != NULL && set->users.count == 1 &&
	           has_line(set, "/etc/hostname", "example.org"),
	   "base: name, host key and user");
	is_str(file_text(set, "/etc/stead/firewall.nft"),
	       file_text(render(f), "/etc/stead/firewall.nft"),
	       "base: the firewall is the node's own");
	for (size_t i = 0; i < set->files.count; i++)
		secret |= (set->files.items[i]->flags & OUTPUT_SECRET) != 0 &&
		          !str_equal(set->files.items[i]->path, "/etc/ssh/ssh_host_ed25519_key");
	ok(!secret, "base: no secret but the host key");
	ok(set->dirs.count == 2 && str_equal(set->dirs.items[1].path, "/opt/bin"),
	   "base: a place for the agent");
	json = file_text(set, "/etc/stead/node.json");
	plan = plan_read(f->arena, json, strlen(json), &why);
	is_str(why, NULL, "base: its plan can be read by the agent");
	is_int((long long)plan->files.count, (long long)set->files.count,
	       "base: and names all files, so that `up` knows them as its own");
	ok(plan->processes.count == 0 && plan->jobs.count == 0 && plan->restart.count == 1,
	   "base: and nothing that runs");
	fixture_free(f);
}

/* --- the plan --- */

static void test_plan(void)
{
	struct fixture *f = fixture_new(), *g = fixture_new();
	const struct plan *plan = host_plan(f->arena, &f->node, output_set_new(f->arena, f->arena)),
			  *changed, *read;
	const char *why = NULL, *json = plan_write(f->arena, plan);

	read = plan_read(f->arena, json, strlen(json), &why);
	is_str(why, NULL, "the plan can be read by the agent");
	ok(read != NULL && read->processes.count == 3 && read->jobs.count == 1,
	   "the plan is whole");
	ok(strstr(json, "s3cret") == NULL, "the plan has no secret");
	g->snac.image = "registry.example.org/image:2";
	changed = host_plan(g->arena, &g->node, output_set_new(g->arena, g->arena));
	ok(!str_equal(plan->jobs.items[0].steps.items[0].key,
	              changed->jobs.items[0].steps.items[0].key),
	   "another image makes a step stale");
	g->snac.image = f->snac.image;
	g->job.steps.items[0].deadline_s = 5;
	changed = host_plan(g->arena, &g->node, output_set_new(g->arena, g->arena));
	is_str(changed->jobs.items[0].steps.items[0].key, plan->jobs.items[0].steps.items[0].key,
	       "another deadline does not");
	*list_add(g->arena, &g->job.steps.items[0].run) = text("");
	changed = host_plan(g->arena, &g->node, output_set_new(g->arena, g->arena));
	ok(!str_equal(plan->jobs.items[0].steps.items[0].key,
	              changed->jobs.items[0].steps.items[0].key),
	   "one more argument does, even an empty one");
	fixture_free(f);
	fixture_free(g);
}

static void test_quote(void)
{
	cleanup_arena struct arena *arena = arena_new();

	is_str(host_quote(arena, "a=b"), "a=b", "quote: plain words stay");
	is_str(host_quote(arena, ""), "\"\"", "quote: empty");
	is_str(host_quote(arena, "%$\\\"'"), "\"%%$$\\\\\\\"'\"", "quote: what systemd expands");
	is_str(host_quote(arena, "\x01\x7f\t"), "\"\\x01\\x7f\\t\"", "quote: control characters");
}

int main(void)
{
	struct fixture *f = fixture_new();
	struct output_set *set = render(f);

	ok(set != NULL, "a node is rendered");
	if (set == NULL) {
		findings_print(&f->findings, stdout, false);
		return tap_done();
	}
	test_quadlet(set);
	test_files(set);
	test_firewall(set);
	test_units(set);
	test_kept(set);
	test_caddyfile(set);
	test_origins(set);
	test_secrets(set);
	test_determinism(set);
	fixture_free(f);
	test_refusals();
	test_lan_allowed();
	test_mail_address();
	test_upstream();
	test_staging();
	test_quarantine();
	test_as_is();
	test_mirror();
	test_docker();
	test_agent();
	test_base();
	test_plan();
	test_quote();
	return tap_done();
}
