/* The parts of the agent that need no machine; the whole is tested in tests/agent. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/compare.h"
#include "agent/disk.h"
#include "plan/order.h"
#include "agent/engine.h"
#include "agent/http.h"
#include "agent/mask.h"
#include "agent/merge.h"
#include "agent/settle.h"
#include "agent/step.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#include "tap.h"

/* RFC 7396, appendix A: original, patch, result. */
static const char *const patches[][3] = {
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
	{ "{\"a\":\"foo\"}", "null", "null" },
	{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
	{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
};

static void test_merge_patch(struct arena *arena)
{
	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		cleanup_json json_t *target = json_loads(patches[i][0], JSON_DECODE_ANY, NULL);
		cleanup_json json_t *patch = json_loads(patches[i][1], JSON_DECODE_ANY, NULL);
		cleanup_json json_t *result = merge_patch(target, patch);

		is_str(json_text(arena, result, JSON_COMPACT), patches[i][2], "%s with %s",
		       patches[i][0], patches[i][1]);
	}
	cleanup_json json_t *patch = json_loads("{\"a\":1,\"b\":null}", 0, NULL);
	cleanup_json json_t *result = merge_patch(NULL, patch);
	is_str(json_text(arena, result, JSON_COMPACT), "{\"a\":1}", "merged into nothing");
}

static void test_merge_path(struct arena *arena)
{
	struct plan_process process = { .name = "x" };

	*list_add(arena, &process.mounts) = (struct plan_mount){ "/host/data", "/data", false };
	*list_add(arena, &process.mounts) =
		(struct plan_mount){ "/host/inner", "/data/inner", false };
	*list_add(arena, &process.mounts) =
		(struct plan_mount){ "/host/fixed", "/data/fixed", true };
	is_str(merge_host_path(arena, &process, "/data/a/b"), "/host/data/a/b", "in a volume");
	is_str(merge_host_path(arena, &process, "/data/inner/b"), "/host/inner/b", "the inner one");
	is_str(merge_host_path(arena, &process, "/data/inner2"), "/host/data/inner2",
	       "the same beginning is not the same folder");
	is_str(merge_host_path(arena, &process, "/data/fixed/b"), NULL, "a read-only one");
	is_str(merge_host_path(arena, &process, "/data"), NULL, "the volume itself");
	is_str(merge_host_path(arena, &process, "/other/b"), NULL, "nowhere");
}

static void matches(const char *pattern, const char *text, const char *expected)
{
	cleanup_arena struct arena *arena = arena_new();
	size_t start = 0, len = 0;
	int r = step_match(pattern, text, &start, &len);

	is_str(r == 0 ? arena_strndup(arena, text + start, len) : NULL, expected, "'%s'", pattern);
}

static void test_match(void)
{
	static const char text[] = "making keys\nUser password is Ab+/=9\n";
	size_t start, len;

	matches("password is ([A-Za-z0-9+/=]+)", text, "Ab+/=9");
	matches("[A-Z][a-z][+]", text, "Ab+");
	matches("^User .* is (.*)$", text, "Ab+/=9");
	matches("^password", text, NULL);
	matches("is (x*)", text, NULL);
	matches("(x)|password", text, NULL);
	is_int(step_match("(", text, &start, &len), -EINVAL, "a broken pattern");
}

static void test_exits(struct arena *arena)
{
	struct plan_step step = { .id = "x" };

	is_int(step_exit_meaning(&step, 0), PLAN_EXIT_OK, "0 is fine");
	is_int(step_exit_meaning(&step, 1), PLAN_EXIT_FAIL, "1 is not");
	*list_add(arena, &step.exits) = (struct plan_exit_rule){ 1, PLAN_EXIT_OK };
	*list_add(arena, &step.exits) = (struct plan_exit_rule){ 75, PLAN_EXIT_RETRY };
	*list_add(arena, &step.exits) = (struct plan_exit_rule){ 0, PLAN_EXIT_FAIL };
	is_int(step_exit_meaning(&step, 1), PLAN_EXIT_OK, "by rule it is");
	is_int(step_exit_meaning(&step, 75), PLAN_EXIT_RETRY, "once more");
	is_int(step_exit_meaning(&step, 0), PLAN_EXIT_FAIL, "even 0 by rule");
}

static void test_http_status(void)
{
	static const struct {
		const char *answer;
		unsigned status;
	} answers[] = {
		{ "HTTP/1.1 200 OK\r\n", 200 },
		{ "HTTP/1.0 404\r\n", 404 },
		{ "HTTP/1.1 503", 503 },
		{ "HTTP/1.1 2000", 0 },
		{ "HTTP/2 200 OK", 0 },
		{ "HTTP/1.1 20", 0 },
		{ "HTTP/1.1 2x0 OK", 0 },
		{ "SSH-2.0-x 200", 0 },
		{ "", 0 },
		{ "HTTP/1.1\t200 OK", 0 },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		is_int(http_parse_status(answers[i].answer, strlen(answers[i].answer)),
		       answers[i].status, "an answer, number %zu", i);
}

static void test_last_line(struct arena *arena)
{
	char *long_line = arena_alloc(arena, 1001);

	is_str(engine_last_line(arena, "a\nError: no\n\n"), "Error: no",
	       "the last that says something");
	is_str(engine_last_line(arena, ""), "", "of nothing");
	is_str(engine_last_line(arena, "\n \n"), "", "of blanks");
	is_str(engine_last_line(arena, "a\033[31mb\r\n"), "a [31mb", "control characters are gone");
	is_str(engine_last_line(arena, "x\xff\xc3"), "x??", "as are bytes that are no text");
	memset(long_line, 'x', 1000);
	memcpy(long_line, "who", 3);
	memcpy(long_line + 997, "why", 3);
	const char *cut = engine_last_line(arena, long_line);

	ok(strlen(cut) < 210 && str_starts(cut, "whox") && str_ends(cut, "xwhy"),
	   "a long one is cut in its middle");
}

/* --- files, in a folder of their own --- */

static int make_folder(char path[static 64])
{
	strcpy(path, "/tmp/stead-unit-XXXXXX");
	if (mkdtemp(path) == NULL)
		abort();
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_folder(const char *path)
{
	const char *argv[] = { "rm", "-rf", path, NULL };
	cleanup_arena struct arena *arena = arena_new();
	struct process_result result;

	(void)process_run(arena, &(struct process_run){ .argv = argv }, &result);
}

static void test_disk(struct arena *arena)
{
	const struct disk_owner mine = { geteuid(), getegid(), 02750 };
	char path[64], *data = NULL;
	cleanup_fd int dir = make_folder(path);
	bool there = true;
	size_t len = 0;
	struct stat st;

	is_int(disk_make_dir(dir, "a", &mine), 0, "a folder is made");
	is_int(fstatat(dir, "a", &st, 0) == 0 ? st.st_mode & 07777 : 0, 02750, "with its mode");
	is_int(disk_make_dir(dir, "a", &mine), 0, "once more is fine");
	is_int(disk_make_dir(dir, "b/c", &mine), -ENOENT, "not without its parent");
	is_int(disk_write(dir, "a/file", NULL, "one", 3), 0, "a file is written");
	is_int(fstatat(dir, "a/file", &st, 0) == 0 ? st.st_mode & 07777 : 0, 0600, "for us alone");
	is_int(disk_write(dir, "/a/file", NULL, "three", 5), 0, "and replaced");
	is_int(disk_read(arena, dir, "a/file", 5, &data, &len, NULL), 0, "and read");
	is_str(data, "three", "as it is");
	is_int(disk_read(arena, dir, "a/file", 4, &data, &len, NULL), -EFBIG, "within a budget");
	is_int(disk_has_content(dir, "a/none", &there), 0, "a file that is not there");
	ok(!there, "has no content");
	is_int(disk_write(dir, "a/empty", NULL, "", 0), 0, "an empty one");
	is_int(disk_has_content(dir, "a/empty", &there), 0, "can be looked at");
	ok(!there, "and has none either");
	is_int(disk_has_content(dir, "a", &there), 0, "so can a folder");
	ok(!there, "which is no file");

	is_int(symlinkat("a", dir, "link"), 0, "a link to a folder");
	is_int(symlinkat("file", dir, "a/link"), 0, "a link to a file");
	is_int(disk_read(arena, dir, "link/file", 10, &data, &len, NULL), -ELOOP,
	       "no folder is reached by a link");
	is_int(disk_read(arena, dir, "a/link", 10, &data, &len, NULL), -ELOOP, "and no file");
	is_int(disk_write(dir, "link/new", NULL, "x", 1), -ELOOP, "nor written");
	is_int(disk_make_dir(dir, "link", &mine), -ELOOP, "nor made");
	is_int(disk_open_dir(dir, "a/../a"), -EINVAL, "nothing is reached by ..");
	is_int(disk_read(arena, dir, "..", 10, &data, &len, NULL), -EINVAL, "not even at the end");
	is_int(disk_write(dir, "a/link", NULL, "new", 3), 0, "a link is replaced by a file");
	is_int(disk_read(arena, dir, "a/file", 10, &data, &len, NULL), 0, "what it pointed to");
	is_str(data, "three", "stays");
	(void)mkfifoat(dir, "a/fifo", 0600);
	is_int(disk_read(arena, dir, "a/fifo", 10, &data, &len, NULL), -ENOENT,
	       "a fifo does not hold us");
	remove_folder(path);
}

static void test_mask(struct arena *arena)
{
	static const char env[] =
		"URL=\"quoted value\"\n# PASSWORD=commented\nSHORT=abc\nKEY=k=ey1\n";
	char path[64];
	cleanup_fd int dir = make_folder(path);
	struct plan plan = { .app = "x" };
	struct plan_process process = { .name = "x" };
	struct agent agent = { .arena = arena, .root = path, .root_fd = dir, .plan = &plan };

	*list_add(arena, &process.env_files) = "/x.env";
	is_str(mask_text(&agent, arena, &process, "a k=ey1"), "a k=ey1", "no file, no secrets");
	is_int(disk_write(dir, "x.env", NULL, env, strlen(env)), 0, "a file with secrets");
	is_str(mask_text(&agent, arena, &process, "k=ey1 and k=ey1, abc: quoted value"),
	       "*** and ***, abc: ***", "every value that can be a secret is masked");
	(void)unlinkat(dir, "x.env", 0);
	is_int(symlinkat("/etc/hostname", dir, "x.env"), 0, "a link instead");
	is_str(mask_text(&agent, arena, &process, "a"), "(not shown)",
	       "secrets that cannot be read: nothing is shown");
	remove_folder(path);
}

/* ROOT has a link PATH to "old", which no plan names; the new plan wants it to lead elsewhere. */
static int change_link(struct arena *arena, const char *path, struct change *ret)
{
	char root[] = "/tmp/stead-unit-XXXXXX";
	struct plan plan = { 0 };
	struct bundle bundle = { .plan = &plan };
	struct agent agent = { .arena = arena };
	int r;

	if (mkdtemp(root) == NULL)
		abort();
	cleanup_fd int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	agent.root_fd = fd;
	if (mkdirat(fd, "etc", 0755) < 0 || symlinkat("old", fd, path + 1) < 0)
		abort();
	*list_add(arena, &plan.links) = (struct plan_link){ path, "new" };
	r = change_compute(&agent, arena, NULL, &bundle, ret);
	(void)unlinkat(fd, path + 1, 0);
	(void)unlinkat(fd, "etc", AT_REMOVEDIR);
	(void)rmdir(root);
	return r;
}

static void test_time_zone(struct arena *arena)
{
	struct change change;

	is_int(change_link(arena, "/etc/other", &change), -EEXIST,
	       "a link that is not stead's is not taken over");
	is_int(change_link(arena, "/etc/localtime", &change), 0, "the time zone's is");
	is_int((long long)change.count, 1, "as one change");
	is_int(change.items[0].what, CHANGE_CHANGED, "of what was there");
}

static const char *joined(struct arena *arena, const struct strings *list)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < list->count; i++)
		text_addf(&text, "%s%s", i > 0 ? " " : "", list->items[i]);
	return text.data;
}

/* Two processes; the second plan has another second one, and another network file. */
static struct plan *small_plan(struct arena *arena, const char *second, const char *engine)
{
	struct plan *plan = arena_alloc(arena, sizeof(*plan));
	const char *names[] = { "db", second };

	plan->engine = engine;
	*list_add(arena, &plan->networks) =
		(struct plan_network){ .name = "stead-int", .unit = "stead-int-network.service" };
	for (size_t i = 0; i < 2; i++) {
		struct plan_process *process = list_add(arena, &plan->processes);

		process->name = names[i];
		process->unit = arena_printf(arena, "stead-%s.service", names[i]);
		process->image = "image";
		process->group = "app";
		process->health_start_s = i == 0 ? 30 : 0;
		if (i == 0)
			*list_add(arena, &process->networks) = "stead-int";
	}
	return plan;
}

/* What happens to a process; -1: nothing. */
static int on(const struct effects *effects, const struct plan *from, const struct plan *to,
              const char *name)
{
	enum change_what what;

	return effects_on(effects, from, to, name, &what) ? (int)what : -1;
}

static void test_order(struct arena *arena, const struct plan *old, const struct plan *new,
                       const struct effects *effects)
{
	struct strings after = { 0 };
	struct order order;
	struct text text;

	*list_add(arena, &after) = "web";
	((struct plan *)new)->processes.items[0].after = after;
	order_of(arena, old, new, effects, &order);
	text_init(&text, arena);
	for (size_t i = 0; i < order.count; i++)
		text_addf(&text, "%s %s %s\n", order_what_words[order.items[i].what],
		          order.items[i].name, joined(arena, &order.items[i].after));
	is_str(text.data,
	       "stop stead-db.service \n"
	       "stop stead-web.service \n"
	       "make anew stead-int \n"
	       "start stead-web.service \n"
	       "start stead-db.service web\n",
	       "they come back, each behind what it waits for");
}

static void test_effects(struct arena *arena)
{
	const struct plan *old = small_plan(arena, "web", "podman");
	const struct plan *new = small_plan(arena, "api", "podman");
	const struct plan *other = small_plan(arena, "web", "docker");
	struct change change = { 0 };
	struct effects effects;

	effects_of(arena, old, new, &change, false, &effects);
	is_str(joined(arena, &effects.stops), "stead-web.service",
	       "a process that goes is stopped");
	is_str(joined(arena, &effects.starts), "stead-api.service", "one that comes is started");
	is_str(joined(arena, &effects.restarts), "", "nothing restarts");
	is_int(on(&effects, old, new, "web"), CHANGE_REMOVED, "web is removed");
	is_int(on(&effects, old, new, "api"), CHANGE_ADDED, "api is added");
	is_int(on(&effects, old, new, "db"), -1, "db stays");

	*list_add(arena, &change) =
		(struct change_entry){ .path = "/etc/containers/systemd/stead-int.network",
		                       .what = CHANGE_CHANGED };
	*list_add(arena, &change) =
		(struct change_entry){ .path = "/etc/systemd/system/stead-x.timer",
		                       .what = CHANGE_ADDED };
	effects_of(arena, old, new, &change, false, &effects);
	is_str(joined(arena, &effects.networks), "stead-int", "its file changes a network");
	is_str(joined(arena, &effects.restarts), "stead-db.service", "who is on it restarts");
	effects_of(arena, new, old, &change, true, &effects);
	is_str(joined(arena, &effects.stops), "stead-api.service stead-x.timer",
	       "on the way back what was added goes");
	effects_of(arena, old, other, &(struct change){ 0 }, false, &effects);
	is_str(joined(arena, &effects.stops), "stead-db.service stead-web.service",
	       "all stop for another engine");
	is_str(joined(arena, &effects.containers), "stead-db stead-web", "whose containers go");
	test_order(arena, old, other, &effects);
	is_int(settle_deadline_s(old, new), 120 + 30 + 60, "two minutes and each start");
}

int main(void)
{
	cleanup_arena struct arena *arena = arena_new();

	test_merge_patch(arena);
	test_merge_path(arena);
	test_effects(arena);
	test_match();
	test_exits(arena);
	test_http_status();
	test_last_line(arena);
	test_disk(arena);
	test_mask(arena);
	test_time_zone(arena);
	return tap_done();
}
