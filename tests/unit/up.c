/*
 * A machine over ssh, as far as it can be known without one: where it is, its key, what it says of
 * itself and what follows from that, and how a change is told.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "remote/difference.h"
#include "remote/destination.h"
#include "remote/judge.h"
#include "remote/known.h"
#include "remote/ssh.h"
#include "tap.h"

static struct arena *arena;

/* --- destinations --- */

static void check_destination(const char *text, const char *user, const char *host, unsigned port)
{
	struct destination d = { 0 };
	const char *error = NULL;

	if (!is_int(destination_parse(arena, text, &d, &error), 0, "'%s' is understood", text))
		return;
	is_str(d.user, user, "'%s': user", text);
	is_str(d.host, host, "'%s': host", text);
	is_int(d.port, port, "'%s': port", text);
	is_str(destination_text(arena, &d), text, "'%s': as it was written", text);
}

static void check_destinations(void)
{
	static const char *const bad[] = {
		"",           "@host",      "root@", "-oProxyCommand=x",
		"root@-host", "-x@host",    "host:", "host:0",
		"host:65536", "host:22x",   "a b",   "host;x",
		"root@host/", "[host]:22",  "[::1",  "[::1]x",
		"$(x)",       "ssh://host", "a@b@c", "host\nUser x",
		"h*",         "%h",
	};

	check_destination("host", NULL, "host", 0);
	check_destination("root@social.example.org", "root", "social.example.org", 0);
	check_destination("root@192.0.2.1:2222", "root", "192.0.2.1", 2222);
	check_destination("2001:db8::1", NULL, "2001:db8::1", 0);
	check_destination("core@[2001:db8::1]:22", "core", "2001:db8::1", 22);
	check_destination("my_alias-1", NULL, "my_alias-1", 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct destination d = { .host = "before" };
		const char *error = NULL;

		is_int(destination_parse(arena, bad[i], &d, &error), -EINVAL, "'%s' is refused",
		       bad[i]);
		ok(error != NULL && strcmp(d.host, "before") == 0, "with a sentence, untouched");
	}
	is_str(destination_known_name(arena,
	                              &(struct destination){ .host = "A.Example", .port = 22 }),
	       "a.example", "its name in known_hosts");
	is_str(destination_known_name(arena, &(struct destination){ .host = "a", .port = 2222 }),
	       "[a]:2222", "and with a port");
}

/* --- host keys; the fingerprints are ssh-keygen's --- */

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIBEBAwUHCQsNDxETFRcZGx0fISMlJykrLS8xMzU3OTs9"
#define OTHER "AAAAC3NzaC1lZDI1NTE5AAAAIBEBAwUHCQsNDxETFRcZGx0fISMlJykrLS8xMzU3OTs+"

static void check_known_hosts(void)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "@revoked a ssh-ed25519 " OTHER "\n"
				   "|1|c2FsdA==|aGFzaA== ssh-ed25519 " OTHER "\n"
				   "b,A,[a]:22 ssh-ed25519 " ED25519 " root@a\r\n"
				   "a ssh-rsa " ED25519 "\n" /* another type than it says */
				   "a ssh-ed25519 notbase64\n"
				   "a ssh-ed25519";
	struct host_keys keys = { 0 }, none = { 0 }, others = { 0 };
	const struct host_key *known, *found;
	const char *print, *added;

	known_hosts_find(arena, text, "a", &keys);
	if (!is_int(keys.count, 1, "one key is the host's"))
		return;
	print = keys.items[0].fingerprint;
	is_str(keys.items[0].base64, ED25519, "its value");
	is_str(print, "SHA256:AqH6DvSZTJLPqsuxL/DNarHdSca/a4fNp5xgCUKkYg8", "its fingerprint");
	known_hosts_find(arena, text, "[a]:2222", &none);
	is_int(none.count, 0, "another port is another host");
	ok(host_keys_by_fingerprint(&keys, print) == &keys.items[0], "found by its fingerprint");
	ok(host_keys_by_fingerprint(&keys, print + 7) != NULL, "also without SHA256:");
	ok(host_keys_by_fingerprint(&keys, arena_printf(arena, "%s=", print)) != NULL,
	   "also with padding");
	ok(host_keys_by_fingerprint(&keys, "SHA256:") == NULL, "an empty one is none's");
	ok(host_keys_by_fingerprint(&keys, arena_strndup(arena, print, 49)) == NULL,
	   "nor is a part of it");

	added = known_hosts_add(arena, "x y z", "c", &keys);
	is_str(added, "x y z\nc ssh-ed25519 " ED25519 "\n", "a key is added");
	is_str(known_hosts_add(arena, added, "c", &keys), added, "once");

	ok(!host_keys_conflict(&keys, &keys, &known, &found), "the same key is no conflict");
	known_hosts_find(arena, "a ssh-ed25519 " OTHER "\n", "a", &others);
	ok(host_keys_conflict(&keys, &others, &known, &found), "another of its type is");
	is_str(found->base64, OTHER, "which one");
}

/* --- ssh --- */

static void check_ssh(void)
{
	struct ssh_settings settings = { .name = "vps",
		                         .usual_user = "root",
		                         .known_name = "vps",
		                         .known_hosts = "/a b/100%/\"known\"",
		                         .own_config = true };
	struct ssh ssh = { .config = "/c", .name = "vps", .control = "/run/x" };
	const char *text = ssh_config_text(arena, &settings), *path, *again;
	struct strings words = { 0 };
	char dir[] = "/tmp/unit-up.XXXXXX";

	ok(strstr(text, "\"/a b/100%%/\\\"known\\\"\"") != NULL, "a path is quoted");
	ok(strstr(text, "StrictHostKeyChecking yes") < strstr(text, "Include"),
	   "what may not be overruled stands before the user's own");
	ok(strstr(text, "Include") < strstr(text, "User root"), "what may be, behind it");
	settings.user = "core";
	settings.own_config = false;
	text = ssh_config_text(arena, &settings);
	ok(strstr(text, "Include") == NULL && strstr(text, "User core") != NULL,
	   "a VM's does not read the user's");

	ssh_command(arena, &ssh, (const char *const[]){ "echo", "it's", "", NULL }, &words);
	is_str(words.items[words.count - 2], "''", "an empty word arrives");
	is_str(words.items[words.count - 3], "'it'\\''s'", "a quote arrives");
	ok(words.items[words.count - 1] == NULL, "the end");

	if (mkdtemp(dir) == NULL)
		abort();
	(void)setenv("XDG_RUNTIME_DIR", dir, 1);
	path = ssh_control_path(arena, (const char *const[]){ "ab", "c", NULL });
	again = ssh_control_path(arena, (const char *const[]){ "a", "bc", NULL });
	ok(path != NULL && str_starts(path, dir), "a socket in the private directory");
	ok(again != NULL && strcmp(path, again) != 0, "another configuration has another");
	(void)chmod(arena_printf(arena, "%s/stead-ssh", dir), 0755);
	path = ssh_control_path(arena, (const char *const[]){ "ab", NULL });
	ok(path == NULL || !str_starts(path, dir), "not in a directory that others may enter");
	(void)rmdir(arena_printf(arena, "%s/stead-ssh", dir));
	(void)rmdir(dir);
	(void)setenv("XDG_RUNTIME_DIR", arena_printf(arena, "/tmp/%0100d", 0), 1);
	path = ssh_control_path(arena, (const char *const[]){ "ab", NULL });
	ok(path == NULL || strlen(path) < 90, "a socket's path is short enough");
	is_str(ssh_last_line(arena, "a\nssh: \033[2Jno\r\n\n"), "ssh:  [2Jno", "ssh's last line");
}

/* --- what a machine says, and the verdict --- */

#define GOOD                                                                                       \
	"\"os\":{\"id\":\"debian\",\"name\":\"Debian 13\",\"immutable\":null},\"systemd\":257,"    \
	"\"arch\":\"x86_64\",\"memory_bytes\":4100000000,"                                         \
	"\"disk\":{\"free_bytes\":20000000000,\"total_bytes\":40000000000,\"read_only\":false},"   \
	"\"clock\":{\"now\":\"2026-01-31T12:00:00Z\",\"synced\":true},"
#define NOON 1769860800
#define PODMAN5 "\"engines\":[{\"name\":\"podman\",\"version\":\"5.4.2\",\"answers\":true}],"
#define NFT "\"tools\":[\"nft\"]"

static struct settings settings;
static struct findings findings;
static long ssh_port;

static struct judge_verdict verdict_of(const char *json)
{
	const struct judge_wish wish = {
		.settings = &settings,
		.lineage = "aa",
		.machine = "root@host",
		.now_s = NOON,
		.ssh_port = ssh_port,
	};
	struct judge_verdict verdict = { .engine = "?" };
	struct inspect inspect;
	const char *error;

	findings_init(&findings, arena);
	if (inspect_read(arena, json, strlen(json), &inspect, &error) < 0) {
		ok(false, "%s", error);
		return verdict;
	}
	judge(&inspect, &wish, &findings, &verdict);
	return verdict;
}

static const char *codes(void)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < findings.count; i++) {
		text_addf(&text, "%s%s", i == 0 ? "" : " ", findings.items[i].code);
		if (findings.items[i].hint == NULL)
			text_add(&text, " (no hint)");
	}
	return text.data;
}

static void check_verdict(const char *name, const char *json, const char *want_codes,
                          const char *engine, bool install)
{
	struct judge_verdict verdict = verdict_of(json);

	is_str(codes(), want_codes, "%s: what is refused", name);
	is_str(verdict.engine, engine, "%s: the engine", name);
	is_int(verdict.install, install, "%s: whether to install", name);
}

static void check_engines(void)
{
	check_verdict("podman 5", "{\"v\":1," GOOD PODMAN5 NFT "}", "", "podman", false);
	check_verdict("no nft", "{\"v\":1," GOOD PODMAN5 "\"tools\":[]}", "", "podman", false);
	ok(verdict_of("{\"v\":1," GOOD PODMAN5 "\"tools\":[]}").tools.count == 1,
	   "nft is to be installed");
	check_verdict("no nft and no way",
	              "{\"v\":1,\"systemd\":250,\"os\":{\"immutable\":\"ro\"}," PODMAN5
	              "\"tools\":[]}",
	              "up.tools", "podman", false);
	check_verdict("nothing there",
	              "{\"v\":1," GOOD "\"install\":[{\"engine\":\"podman\",\"version\":\"5.4\"},"
	              "{\"engine\":\"docker\",\"version\":\"26\"}]," NFT "}",
	              "", "podman", true);
	check_verdict("podman 4 and docker",
	              "{\"v\":1," GOOD
	              "\"engines\":[{\"name\":\"podman\",\"version\":\"4.3.1\"},{\"name\":"
	              "\"docker\",\"version\":\"20.10\"}]," NFT "}",
	              "", "docker", false);
	check_verdict("podman 4, docker possible",
	              "{\"v\":1," GOOD "\"engines\":[{\"name\":\"podman\",\"version\":\"4.3.1\"}],"
	              "\"install\":[{\"engine\":\"docker\",\"version\":\"20.10\"}]," NFT "}",
	              "", "docker", true);
	check_verdict("podman 4 alone",
	              "{\"v\":1," GOOD
	              "\"engines\":[{\"name\":\"podman\",\"version\":\"4.3.1\"}]," NFT "}",
	              "up.engine", NULL, false);
	check_verdict("nothing to be had", "{\"v\":1," GOOD NFT "}", "up.engine", NULL, false);
	check_verdict("docker is stopped",
	              "{\"v\":1," GOOD "\"engines\":[{\"name\":\"docker\",\"version\":\"26\","
	              "\"answers\":false}]," NFT "}",
	              "", "docker", false);
	ok(verdict_of("{\"v\":1," GOOD "\"engines\":[{\"name\":\"docker\",\"version\":\"26\","
	              "\"answers\":false}]," NFT "}")
	           .start,
	   "docker is to be started");
	check_verdict("the node has docker",
	              "{\"v\":1," GOOD "\"engines\":[{\"name\":\"podman\",\"version\":\"5.4\"},{"
	              "\"name\":\"docker\",\"version\":\"26\"}],\"stead\":{\"engine\":\"docker\","
	              "\"domain\":\"example.org\",\"lineage\":\"aa\",\"app\":\"snac\"}," NFT "}",
	              "", "docker", false);
	settings.machine.engine.v = "podman";
	check_verdict("the node keeps docker",
	              "{\"v\":1," GOOD PODMAN5 "\"stead\":{\"engine\":\"docker\",\"domain\":"
	              "\"example.org\",\"lineage\":\"aa\",\"app\":\"snac\"}," NFT "}",
	              "up.engine", NULL, false);
	settings.machine.engine.v = "auto";
}

/* The firewall lets in port 22 and what the settings open. */
static void check_ssh_port(void)
{
	static struct value_text open[] = { { .v = "udp/2222" },
		                            { .v = "tcp/2222 from 192.0.2.0/24" },
		                            { .v = "tcp/2222" } };
	static const char json[] = "{\"v\":1," GOOD PODMAN5 NFT "}";

	ssh_port = 22;
	check_verdict("ssh at its own port", json, "", "podman", false);
	ssh_port = 2222;
	check_verdict("ssh at a port that would be closed", json, "up.ssh", "podman", false);
	settings.machine.firewall.open.items = open;
	settings.machine.firewall.open.count = 1;
	check_verdict("open for UDP only", json, "up.ssh", "podman", false);
	settings.machine.firewall.open.count = 2;
	check_verdict("open for some", json, "up.ssh", "podman", false);
	settings.machine.firewall.open.count = 3;
	check_verdict("open", json, "", "podman", false);
	settings.machine.firewall.open.count = 0;
	ssh_port = 0;
}

/* Not refused: the node goes without it. */
static void check_swap(void)
{
	static const char room[] =
		"{\"v\":1,\"systemd\":257,\"disk\":{\"free_bytes\":5368709120,\"read_only\":false},"
		"\"clock\":{\"now\":\"2026-01-31T12:00:00Z\"}," PODMAN5 NFT "}";

	settings.machine.data.v = "system";
	settings.machine.swap_bytes = 2LL << 30;
	check_verdict("just enough room for the swap", room, "", "podman", false);
	settings.machine.swap_bytes = 3LL << 30;
	check_verdict("no room for the swap", room, "up.swap", "podman", false);
	is_int((long long)findings.errors, 0, "which is a warning");
	settings.machine.data.v = "/dev/disk/by-id/x";
	check_verdict("a disk of its own has the swap", room, "", "podman", false);
	settings.machine.data.v = NULL;
	settings.machine.swap_bytes = 0;
}

static void check_guest_agent(void)
{
	static const char bare[] = "{\"v\":1," GOOD PODMAN5 NFT "}";
	struct value_text *setting = &settings.machine.guest_agent;
	struct judge_verdict verdict;

	setting->v = "qemu";
	verdict = verdict_of(bare);
	is_int((long long)verdict.tools.count, 1, "a guest agent that lacks: one tool");
	is_str(verdict.tools.items[0], "qemu-guest-agent", "by its package's name");
	is_int((long long)verdict_of("{\"v\":1," GOOD PODMAN5 "\"tools\":[]}").tools.count, 2,
	       "nft lacks as well");
	is_int((long long)verdict_of("{\"v\":1," GOOD PODMAN5 "\"tools\":[\"nft\",\"qemu-ga\"]}")
	               .tools.count,
	       0, "it is there");
	check_verdict("a guest agent that cannot be installed",
	              "{\"v\":1,\"systemd\":250,\"os\":{\"immutable\":\"ro\"}," PODMAN5 NFT "}",
	              "up.guest-agent", "podman", false);
	is_int((long long)findings.errors, 0, "which is a warning");
	setting->v = "none";
	is_int((long long)verdict_of(bare).tools.count, 0, "nobody wants one");
}

static void check_refusals(void)
{
	check_verdict(
		"all at once",
		"{\"v\":1,\"systemd\":0,\"arch\":\"riscv64\",\"memory_bytes\":500000000,"
		"\"disk\":{\"free_bytes\":1000,\"read_only\":true},"
		"\"clock\":{\"now\":\"2026-01-31T12:01:01Z\"},"
		"\"firewalls\":[\"ufw\"],\"ports\":[{\"proto\":\"tcp\",\"port\":80,\"by\":"
		"\"nginx\"},{\"proto\":\"tcp\",\"port\":80,\"by\":\"nginx\"},{\"proto\":\"tcp\","
		"\"port\":22,\"by\":\"sshd\"}]}",
		"up.systemd up.arch up.memory up.disk up.clock up.port up.firewall up.engine", NULL,
		false);
	check_verdict("old systemd, small disk, slow clock",
	              "{\"v\":1,\"systemd\":247,\"disk\":{\"free_bytes\":1000,\"read_only\":false},"
	              "\"clock\":{\"now\":\"2026-01-31T11:58:59Z\"}," PODMAN5 NFT "}",
	              "up.systemd up.disk up.clock", "podman", false);
	check_verdict(
		"a minute is nothing",
		"{\"v\":1,\"systemd\":249,\"clock\":{\"now\":\"2026-01-31T11:59:00Z\"}," PODMAN5 NFT
		"}",
		"", "podman", false);
	check_verdict(
		"a node of another domain",
		"{\"v\":1," GOOD PODMAN5 NFT
		",\"stead\":{\"domain\":\"other.example\",\"lineage\":\"aa\",\"app\":\"snac\"},"
		"\"ports\":[{\"proto\":\"tcp\",\"port\":80,\"by\":\"caddy\"}]}",
		"up.node", "podman", false);
	check_verdict(
		"a node of another lineage",
		"{\"v\":1," GOOD PODMAN5 NFT
		",\"stead\":{\"domain\":\"example.org\",\"lineage\":\"bb\",\"app\":\"snac\"}}",
		"up.node", "podman", false);
	check_verdict("another application",
	              "{\"v\":1," GOOD PODMAN5 NFT
	              ",\"stead\":{\"domain\":\"example.org\",\"lineage\":\"aa\",\"app\":\"gts\"}}",
	              "up.node", "podman", false);
	check_verdict("a node nobody can read",
	              "{\"v\":1," GOOD PODMAN5 NFT ",\"stead\":{\"error\":\"plan version 9\"}}",
	              "up.node", "podman", false);
}

static void check_inspect(void)
{
	static const char *const bad[] = {
		"", "[]", "{", "{\"v\":2}", "{\"v\":1,\"error\":\"no\"}", "{\"v\":1,\"v\":1}"
	};
	static const char little[] =
		"{\"v\":1,\"dmi\":{\"vendor\":\"Hetzner\"},\"arch\":\"a\\u001b[2J\\u009b\"}";
	struct inspect inspect = { .arch = "before" };
	const char *error = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(inspect_read(arena, bad[i], strlen(bad[i]), &inspect, &error), -EINVAL,
		       "'%s' is refused", bad[i]);
	is_str(inspect.arch, "before", "and nothing is touched");
	is_int(inspect_read(arena, little, strlen(little), &inspect, &error), 0,
	       "a machine that says little");
	is_str(inspect.arch, "a [2J  ", "no control characters");
	is_int(inspect.clock_s, -1, "what it does not say");
	is_str(inspect.vendor, "Hetzner", "who made it");
	ok(inspect.product == NULL, "and not what it is called");
}

/* --- changes --- */

static void check_changes(void)
{
	static const char json[] =
		"{\"v\":1,\"id\":\"ab12\",\"base\":\"\",\"first\":false,\"same\":false,\"changes\":"
		"["
		"{\"path\":\"/etc/stead/config/snac/"
		"server.json\",\"what\":\"changed\",\"secret\":false,"
		"\"old\":\"a\\nb\\n\",\"new\":\"a\\nc\\u001b\\n\"},"
		"{\"path\":\"/etc/stead/secrets/x\",\"what\":\"changed\",\"secret\":true,"
		"\"old\":\"hunter2\",\"new\":\"hunter3\"},"
		"{\"path\":\"/etc/stead/node.json\",\"what\":\"changed\",\"secret\":false,"
		"\"old\":null,\"new\":null}],"
		"\"processes\":[{\"name\":\"snac\",\"what\":\"changed\"}],\"networks\":[],"
		"\"restarts\":[\"stead-snac.service\"],\"stops\":[],\"images\":[],"
		"\"order\":[{\"do\":\"stop\",\"name\":\"a.service\",\"after\":[]},"
		"{\"do\":\"stop\",\"name\":\"b.service\",\"after\":[]},"
		"{\"do\":\"restart\",\"name\":\"stead-snac.service\",\"after\":[\"db\"]}],"
		"\"untouched\":[\"c.service\"]}";
	static const char refusal[] = "{\"v\":1,\"error\":\"busy\",\"hint\":\"wait\"}";
	static const char bad[] = "{\"v\":1,\"id\":\"x;y\"}";
	struct difference change;
	const char *error = NULL, *hint = NULL, *text;

	if (!is_int(difference_read(arena, json, strlen(json), &change, &error, &hint), 0,
	            "a change"))
		return;
	text = difference_text(arena, &change, false);
	is_str(text,
	       "files:\n"
	       "  changed /etc/stead/config/snac/server.json\n"
	       "    @@ -1,2 +1,2 @@\n"
	       "     a\n"
	       "    -b\n"
	       "    +c?\n"
	       "  changed /etc/stead/secrets/x  (secret, not shown)\n"
	       "processes: snac (changed)\n"
	       "in this order:\n"
	       "  stop a.service, b.service\n"
	       "  restart stead-snac.service, when db is healthy\n"
	       "untouched: c.service\n",
	       "as it is shown");
	change.files.items[0] = change.files.items[2];
	change.files.count = 1;
	is_str(difference_text(arena, &change, false),
	       "files:\n"
	       "  changed /etc/stead/node.json\n"
	       "processes: snac (changed)\n"
	       "in this order:\n"
	       "  stop a.service, b.service\n"
	       "  restart stead-snac.service, when db is healthy\n"
	       "untouched: c.service\n",
	       "the plan is shown where it is all that changes");
	if (!is_int(difference_read(arena, json, strlen(json), &change, &error, &hint), 0, "again"))
		return;
	ok(strstr(difference_text(arena, &change, true), "\033[32m+c?\033[0m") != NULL,
	   "in colour");
	is_str(difference_summary(arena, &change),
	       "changed the configuration of snac and secrets: restarted stead-snac",
	       "in one line");
	is_int(difference_read(arena, refusal, strlen(refusal), &change, &error, &hint), -EREMOTEIO,
	       "a refusal");
	is_str(error, "busy", "its sentence");
	is_str(hint, "wait", "its hint");
	is_int(difference_read(arena, bad, strlen(bad), &change, &error, &hint), -EINVAL,
	       "an id that is none never reaches a command line");
}

static const char *summary_of(const char *old, const char *new)
{
	struct difference change = { 0 };

	*list_add(arena, &change.files) =
		(struct difference_file){ .path = "/etc/stead/config/a/b", .what = CHANGE_CHANGED };
	*list_add(arena, &change.files) = (struct difference_file){
		.path = "/etc/stead/stead.yaml", .what = CHANGE_CHANGED, .old = old, .new = new
	};
	return difference_summary(arena, &change);
}

static void check_summaries(void)
{
	is_str(summary_of("app: snac\nmail:\n  port: 25\n# x\nsnac:\n  a: 1\n",
	                  "app: snac\nmail:\n  port: 587\n# x\nproxy: {}\n"),
	       "changed mail settings, snac settings and proxy settings: nothing restarted",
	       "by what was written: changed, removed, added");
	is_str(summary_of("a: 1\n", "a: 1\n"),
	       "changed the configuration of a and the settings' text: nothing restarted",
	       "by the files, where the settings say nothing");
	is_str(summary_of("", "\033x: 1"), "changed ?x settings: nothing restarted",
	       "no control characters");
}

int main(void)
{
	static const struct source source = { .name = "stead.yaml", .data = "" };

	arena = arena_new();
	settings.source = &source;
	settings.app.v = "snac";
	settings.domain.v = "example.org";
	settings.machine.engine.v = "auto";
	settings.machine.arch.v = "x86_64";
	settings.machine.size.v = 2LL << 30;
	settings.machine.size.given = true;
	check_destinations();
	check_known_hosts();
	check_ssh();
	check_engines();
	check_swap();
	check_guest_agent();
	check_refusals();
	check_ssh_port();
	check_inspect();
	check_changes();
	check_summaries();
	arena_free(arena);
	return tap_done();
}
