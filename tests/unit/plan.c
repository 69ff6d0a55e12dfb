#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "plan/json.h"
#include "plan/plan.h"

#include "tap.h"

static const char full[] = "{\n"
			   " \"plan\": 1,\n"
			   " \"stead\": \"0.1.0\",\n"
			   " \"app\": \"snac\",\n"
			   " \"domain\": \"example.org\",\n"
			   " \"web\": \"social.example.org\",\n"
			   " \"lineage\": \"0123456789abcdef0123456789abcdef\",\n"
			   " \"engine\": \"podman\",\n"
			   " \"owner\": {\n"
			   "  \"name\": \"alice\",\n"
			   "  \"login\": \"owner_password\"\n"
			   " },\n"
			   " \"ca\": \"/var/lib/stead/data/proxy/data/root.crt\",\n"
			   " \"reach\": \"quarantined\",\n"
			   " \"tls\": {\n"
			   "  \"issuer\": \"acme\",\n"
			   "  \"staging\": true\n"
			   " },\n"
			   " \"processes\": [\n"
			   "  {\n"
			   "   \"name\": \"snac\",\n"
			   "   \"image\": \"docker.io/library/snac@sha256:00\",\n"
			   "   \"unit\": \"stead-snac.service\",\n"
			   "   \"user\": [\n"
			   "    1600,\n"
			   "    1601\n"
			   "   ],\n"
			   "   \"group\": \"app\",\n"
			   "   \"command\": [\n"
			   "    \"snac\",\n"
			   "    \"httpd\"\n"
			   "   ],\n"
			   "   \"env\": {\n"
			   "    \"B\": \"2 \\\"x\\\" \xc3\xa4\",\n"
			   "    \"A\": \"\"\n"
			   "   },\n"
			   "   \"env_files\": [\n"
			   "    \"/etc/stead/secrets/snac.env\"\n"
			   "   ],\n"
			   "   \"mounts\": [\n"
			   "    {\n"
			   "     \"host\": \"/var/lib/stead/data/snac/data\",\n"
			   "     \"target\": \"/data\",\n"
			   "     \"ro\": false\n"
			   "    }\n"
			   "   ],\n"
			   "   \"tmpfs\": [\n"
			   "    \"/run\"\n"
			   "   ],\n"
			   "   \"networks\": [\n"
			   "    \"stead-int\"\n"
			   "   ],\n"
			   "   \"capabilities\": [\n"
			   "    \"NET_BIND_SERVICE\"\n"
			   "   ],\n"
			   "   \"writable_root\": false,\n"
			   "   \"memory_bytes\": 67108864,\n"
			   "   \"after\": [\n"
			   "    \"proxy\"\n"
			   "   ],\n"
			   "   \"health\": {\n"
			   "    \"kind\": \"http\",\n"
			   "    \"port\": 8001,\n"
			   "    \"path\": \"/.well-known/nodeinfo\",\n"
			   "    \"status\": 200,\n"
			   "    \"start_s\": 60\n"
			   "   },\n"
			   "   \"stop_s\": 10\n"
			   "  },\n"
			   "  {\n"
			   "   \"name\": \"proxy\",\n"
			   "   \"image\": \"docker.io/library/caddy\",\n"
			   "   \"unit\": \"stead-proxy.service\",\n"
			   "   \"user\": [\n"
			   "    0,\n"
			   "    0\n"
			   "   ],\n"
			   "   \"group\": \"data\",\n"
			   "   \"writable_root\": true,\n"
			   "   \"public\": true,\n"
			   "   \"health\": {\n"
			   "    \"kind\": \"none\"\n"
			   "   },\n"
			   "   \"stop_s\": 0\n"
			   "  }\n"
			   " ],\n"
			   " \"volumes\": [\n"
			   "  {\n"
			   "   \"name\": \"data\",\n"
			   "   \"path\": \"/var/lib/stead/data/snac/data\",\n"
			   "   \"user\": [\n"
			   "    1600,\n"
			   "    1601\n"
			   "   ],\n"
			   "   \"mode\": 448,\n"
			   "   \"class\": \"precious\"\n"
			   "  }\n"
			   " ],\n"
			   " \"jobs\": [\n"
			   "  {\n"
			   "   \"name\": \"setup\",\n"
			   "   \"phase\": \"setup\",\n"
			   "   \"process\": \"snac\",\n"
			   "   \"steps\": [\n"
			   "    {\n"
			   "     \"id\": \"init\",\n"
			   "     \"key\": \"k1\",\n"
			   "     \"run\": [\n"
			   "      \"snac\",\n"
			   "      \"init\",\n"
			   "      \"/data/snac\"\n"
			   "     ],\n"
			   "     \"stdin\": \"0.0.0.0\\n8001\\n\",\n"
			   "     \"done\": {\n"
			   "      \"kind\": \"file\",\n"
			   "      \"path\": \"/var/lib/stead/data/snac/data/snac/server.json\"\n"
			   "     },\n"
			   "     \"deadline_s\": 60\n"
			   "    },\n"
			   "    {\n"
			   "     \"id\": \"settings\",\n"
			   "     \"key\": \"k2\",\n"
			   "     \"merge\": {\n"
			   "      \"file\": \"/data/snac/server.json\",\n"
			   "      \"values\": {\n"
			   "       \"title\": \"x\",\n"
			   "       \"layout\": 2.7,\n"
			   "       \"none\": null\n"
			   "      }\n"
			   "     },\n"
			   "     \"done\": {\n"
			   "      \"kind\": \"journal\"\n"
			   "     },\n"
			   "     \"deadline_s\": 10\n"
			   "    },\n"
			   "    {\n"
			   "     \"id\": \"owner\",\n"
			   "     \"key\": \"k3\",\n"
			   "     \"run\": [\n"
			   "      \"snac\"\n"
			   "     ],\n"
			   "     \"done\": {\n"
			   "      \"kind\": \"exec\",\n"
			   "      \"exec\": [\n"
			   "       \"test\"\n"
			   "      ]\n"
			   "     },\n"
			   "     \"repair\": [\n"
			   "      \"snac\",\n"
			   "      \"resetpwd\"\n"
			   "     ],\n"
			   "     \"capture\": {\n"
			   "      \"pattern\": \"is ([^ ]+)\",\n"
			   "      \"secret\": \"owner_password\"\n"
			   "     },\n"
			   "     \"exits\": {\n"
			   "      \"1\": \"ok\",\n"
			   "      \"75\": \"retry\"\n"
			   "     },\n"
			   "     \"deadline_s\": 60\n"
			   "    }\n"
			   "   ]\n"
			   "  }\n"
			   " ],\n"
			   " \"networks\": [\n"
			   "  {\n"
			   "   \"name\": \"stead-int\",\n"
			   "   \"internal\": true,\n"
			   "   \"unit\": \"stead-int-network.service\"\n"
			   "  }\n"
			   " ],\n"
			   " \"commands\": [\n"
			   "  {\n"
			   "   \"name\": \"snac\",\n"
			   "   \"process\": \"snac\",\n"
			   "   \"run\": [\n"
			   "    \"snac\"\n"
			   "   ],\n"
			   "   \"doc\": \"everything\"\n"
			   "  }\n"
			   " ],\n"
			   " \"swap_bytes\": 2147483648,\n"
			   " \"files\": [\n"
			   "  {\n"
			   "   \"path\": \"/etc/stead/secrets/snac.env\",\n"
			   "   \"mode\": 384,\n"
			   "   \"user\": [\n"
			   "    0,\n"
			   "    0\n"
			   "   ],\n"
			   "   \"secret\": true\n"
			   "  }\n"
			   " ],\n"
			   " \"dirs\": [\n"
			   "  {\n"
			   "   \"path\": \"/etc/stead\",\n"
			   "   \"mode\": 493,\n"
			   "   \"user\": [\n"
			   "    0,\n"
			   "    0\n"
			   "   ]\n"
			   "  }\n"
			   " ],\n"
			   " \"links\": [\n"
			   "  {\n"
			   "   \"path\": \"/etc/localtime\",\n"
			   "   \"target\": \"../usr/share/zoneinfo/Europe/Berlin\"\n"
			   "  }\n"
			   " ],\n"
			   " \"units\": [\n"
			   "  {\n"
			   "   \"name\": \"stead.target\",\n"
			   "   \"state\": \"enabled\"\n"
			   "  }\n"
			   " ],\n"
			   " \"restart\": {\n"
			   "  \"/etc/stead/secrets/snac.env\": [\n"
			   "   \"stead-snac.service\"\n"
			   "  ]\n"
			   " }\n"
			   "}\n";

/* FULL with the first OLD replaced. */
static char *changed(struct arena *arena, const char *old, const char *new)
{
	const char *at = strstr(full, old);

	if (at == NULL)
		abort(); /* the test itself is wrong */
	return arena_printf(arena, "%.*s%s%s", (int)(at - full), full, new, at + strlen(old));
}

static void refused(struct arena *arena, const char *old, const char *new, const char *expected)
{
	const char *error = NULL;
	const char *json = changed(arena, old, new);

	ok(plan_read(arena, json, strlen(json), &error) == NULL, "refused: %s", expected);
	is_str(error, expected, "and says so");
}

/* What fits stands in a line; nothing is indented. */
static void test_lines(struct arena *arena)
{
	cleanup_json json_t *value =
		json_pack("{s:s,s:[i,b],s:{},s:[s,s]}", "a", "b \"c\"", "short", 1, 1, "none",
	                  "long", "012345678901234567890123456789012345678901234567",
	                  "012345678901234567890123456789012345678901234567");

	is_str(json_lines(arena, value),
	       "{\n\"a\":\"b \\\"c\\\"\",\n\"short\":[1,true],\n\"none\":{},\n\"long\":[\n"
	       "\"012345678901234567890123456789012345678901234567\",\n"
	       "\"012345678901234567890123456789012345678901234567\"\n]\n}",
	       "a line for each item");
}

static void test_round_trip(struct arena *arena)
{
	const char *error = NULL;
	const struct plan *plan = plan_read(arena, full, strlen(full), &error);

	if (!ok(plan != NULL, "a full plan is read")) {
		tap_diagnose("error", error);
		return;
	}
	cleanup_json json_t *same = json_loads(full, 0, NULL);
	is_str(plan_write(arena, plan), arena_printf(arena, "%s\n", json_lines(arena, same)),
	       "and written the same");
	is_int((long long)plan->processes.count, 2, "two processes");
	is_int(plan->processes.items[0].uid, 1600, "uid");
	is_int(plan->processes.items[0].gid, 1601, "gid");
	is_int(plan->processes.items[0].health, PLAN_HEALTH_HTTP, "kind of health test");
	is_int(plan->processes.items[0].memory_bytes, 67108864, "memory");
	is_int(plan->swap_bytes, 2LL << 30, "swap");
	is_str(plan->processes.items[0].env.items[0].name, "B", "variables keep their order");
	is_str(plan->jobs.items[0].steps.items[1].merge_values,
	       "{\"title\":\"x\",\"layout\":2.7,\"none\":null}", "values to merge, short");
	is_int(plan->jobs.items[0].steps.items[2].exits.items[1].code, 75, "exit code");
	is_int(plan->jobs.items[0].steps.items[2].exits.items[1].meaning, PLAN_EXIT_RETRY,
	       "and its meaning");
	is_str(plan->owner_login, "owner_password", "the owner's login");
	ok(plan_process_find(plan, "proxy") == &plan->processes.items[1], "a process is found");
	ok(plan_process_find(plan, "none") == NULL, "or not");
}

static void test_refused(struct arena *arena)
{
	refused(arena, "\"plan\": 1", "\"plan\": 2", "plan: version 2 is not known here, only 1");
	refused(arena, "\"plan\": 1,\n", "", "plan: the version is missing");
	refused(arena, "\"app\": \"snac\",\n", "", "app: is missing");
	refused(arena, "\"app\": \"snac\",\n", "\"app\": \"snac\", \"color\": 1,\n",
	        "color: is not a key known here");
	refused(arena, "\"app\": \"snac\"", "\"app\": \"../x\"", "app: is not a name");
	refused(arena, "\"name\": \"alice\"", "\"name\": 7", "owner.name: is not a text");
	refused(arena, "\"owner_password\"", "\"../../x\"", "owner.login: is not a name");
	refused(arena, "1600,", "-1,", "processes[0].user: -1 is not between 0 and 2147483647");
	refused(arena, "1600,", "1.5,", "processes[0].user: is not a whole number");
	refused(arena, "1600,", "1, 2,", "processes[0].user: is not [uid, gid]");
	refused(arena, "\"ro\": false", "\"ro\": 0",
	        "processes[0].mounts[0].ro: is not true or false");
	refused(arena, "\"host\": \"/var/lib/stead/data/snac/data\"", "\"host\": \"/var/../etc\"",
	        "processes[0].mounts[0].host: is not a plain absolute path");
	refused(arena, "\"target\": \"/data\"", "\"target\": \"/data:rw\"",
	        "processes[0].mounts[0].target: is not a plain absolute path");
	refused(arena, "\"group\": \"app\"", "\"group\": \"apps\"",
	        "processes[0].group: 'apps' is not a word known here");
	refused(arena, "\"kind\": \"http\"", "\"kind\": \"icmp\"",
	        "processes[0].health.kind: 'icmp' is not a word known here");
	refused(arena, "\"port\": 8001,\n", "", "processes[0]: health needs a port");
	refused(arena, "\"port\": 8001", "\"port\": 65536",
	        "processes[0].health.port: 65536 is not between 1 and 65535");
	refused(arena, "\"/.well-known/nodeinfo\"", "\"/ HTTP/1.1\\r\\nX: y\"",
	        "processes[0]: health needs a path");
	refused(arena, "\"after\": [\n    \"proxy\"", "\"after\": [\n    \"nobody\"",
	        "processes[0]: comes after 'nobody', which is no process");
	refused(arena, "\"networks\": [\n    \"stead-int\"", "\"networks\": [\n    \"host\"",
	        "processes[0]: 'host' is no network of this plan");
	refused(arena, "\"name\": \"proxy\"", "\"name\": \"snac\"",
	        "processes[1]: 'snac' is there twice");
	refused(arena, "\"process\": \"snac\"", "\"process\": \"none\"",
	        "jobs[0]: 'none' is no process");
	refused(arena, "\"id\": \"owner\"", "\"id\": \"init\"",
	        "jobs[0].steps[2]: 'init' is there twice");
	refused(arena,
	        "\"run\": [\n      \"snac\",\n      \"init\",\n      \"/data/snac\"\n     ],\n", "",
	        "jobs[0].steps[0]: needs one of run, merge and guard");
	refused(arena, "\"run\": [\n      \"snac\",", "\"run\": [\n      1,",
	        "jobs[0].steps[0].run[0]: is not a text");
	refused(arena, "\"values\": {", "\"values\": [], \"x\": {",
	        "jobs[0].steps[1].merge.x: is not a key known here");
	refused(arena, "\"75\": \"retry\"", "\"256\": \"retry\"",
	        "jobs[0].steps[2].exits.256: is not an exit code");
	refused(arena, "\"75\": \"retry\"", "\"01\": \"retry\"",
	        "jobs[0].steps[2].exits.01: is not an exit code");
	refused(arena, "\"deadline_s\": 60", "\"deadline_s\": 0",
	        "jobs[0].steps[0].deadline_s: 0 is not between 1 and 86400");
	refused(arena, "\"app\": \"snac\",", "\"app\": \"snac\", \"app\": \"snac\",",
	        "line 4: duplicate object key near '\"app\"'");
	refused(arena, "\"A\": \"\"", "\"A\": \"\\u0000\"",
	        "line 35: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"'");
}

static void test_depth(struct arena *arena)
{
	struct text text;
	const char *error = NULL, *json;

	text_init(&text, arena);
	text_add(&text, "\"values\": {\"deep\":");
	for (int i = 0; i < 40; i++)
		text_add(&text, "[");
	for (int i = 0; i < 40; i++)
		text_add(&text, "]");
	text_add(&text, ",");
	json = changed(arena, "\"values\": {", text.data);
	ok(plan_read(arena, json, strlen(json), &error) == NULL, "deep values are refused");
	is_str(error, "jobs[0].steps[1].merge.values: is nested deeper than 32", "and why");

	char *deep = arena_alloc(arena, 100001);
	memset(deep, '[', 100000);
	ok(plan_read(arena, deep, 100000, &error) == NULL, "100000 brackets are refused");
	char *large = arena_alloc(arena, PLAN_MAX_BYTES + 2);
	memset(large, ' ', PLAN_MAX_BYTES + 1);
	ok(plan_read(arena, large, PLAN_MAX_BYTES + 1, &error) == NULL, "a large plan is refused");
	is_str(error, "is larger than 4194304 bytes", "and why");
	ok(plan_read(arena, "", 0, &error) == NULL, "so is nothing at all");
	ok(plan_read(arena, "[]", 2, &error) == NULL, "and a list");
	is_str(error, "a plan is a map", "which is no plan");
}

static void test_unwritable(struct arena *arena)
{
	const char *error = NULL;
	struct plan *plan = plan_read(arena, full, strlen(full), &error);

	plan->domain = "\xff";
	ok(plan_write(arena, plan) == NULL, "a text that is not UTF-8 cannot be written");
	plan->domain = "example.org";
	plan->jobs.items[0].steps.items[1].merge_values = "[]";
	ok(plan_write(arena, plan) == NULL, "nor values that are no object");
	plan->jobs.items[0].steps.items[1].merge_values = "{}";
	ok(plan_write(arena, plan) != NULL, "else it can");
}

static void test_numbers(struct arena *arena)
{
	static const char *const numbers[] = { "2.7",
		                               "0.1",
		                               "1e300",
		                               "-0.0",
		                               "123456789.123456789",
		                               "9007199254740993",
		                               "0.30000000000000004" };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		cleanup_json json_t *value = json_loads(numbers[i], JSON_DECODE_ANY, NULL);
		cleanup_json json_t *again =
			json_loads(json_text(arena, value, 0), JSON_DECODE_ANY, NULL);

		ok(json_equal(value, again), "%s stays the same number", numbers[i]);
	}
	cleanup_json json_t *value = json_loads("2.7", JSON_DECODE_ANY, NULL);
	is_str(json_text(arena, value, 0), "2.7", "and the same text");
}

int main(void)
{
	cleanup_arena struct arena *arena = arena_new();

	test_lines(arena);
	test_round_trip(arena);
	test_refused(arena);
	test_depth(arena);
	test_unwritable(arena);
	test_numbers(arena);
	return tap_done();
}
