/*
 * space: what takes the disk, when it will be full, and what can go. Nothing is removed here.
 *
 *   {"v":1,"path":"/var/lib/stead","size":N,"free":N,"per_day":N|null,"since":SECONDS,
 *    "full_in_days":N|null,"uses":[{"what","kind","bytes","partly"}],
 *    "can_go":[{"what","bytes","how"}]}
 */
#include "agent/agent.h"

#include <string.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/growth.h"
#include "agent/room.h"
#include "agent/usage.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "plan/json.h"

#define SYSTEM_JOURNAL "/var/log/journal"

enum {
	LOOK_MS = 10 * 60 * 1000, /* millions of small files on a slow disk take their time */
	JOURNAL_KEEP_MIB = 200,
};

struct use {
	const char *what, *kind;
	long long bytes;
	bool partly;
};

struct space {
	struct agent *agent;
	struct arena *arena;
	struct growth_sample now;
	long long free;
	struct growth growth;
	struct {
		LIST_OF(struct use);
	} uses;
	struct {
		LIST_OF(struct use); /* kind: how */
	} can_go;
};

#define MIB (1024.0 * 1024)

static int look_at_disk(struct space *space)
{
	struct room room;
	int r = room_look(space->agent, &room);

	if (r < 0)
		return r;
	space->free = room.free;
	space->now = (struct growth_sample){
		.at_s = (long long)time(NULL),
		.size = room.size,
		.used = room.used,
	};
	return 0;
}

static struct use *add_use(struct space *space, const char *what, const char *kind, long long bytes)
{
	struct use *use = list_add(space->arena, &space->uses);

	*use = (struct use){ .what = what, .kind = kind, .bytes = bytes };
	return use;
}

static void add_can_go(struct space *space, const char *what, const char *how, long long bytes)
{
	if (bytes > 0)
		*list_add(space->arena, &space->can_go) =
			(struct use){ .what = what, .kind = how, .bytes = bytes };
}

static void add_folder(struct space *space, const char *what, const char *kind, const char *path)
{
	struct usage usage;

	usage_of(space->agent, space->arena, path, clock_ms() + LOOK_MS, &usage);
	add_use(space, what, kind, usage.bytes)->partly = usage.partly;
}

static void add_volumes(struct space *space)
{
	const struct plan *plan = space->agent->plan;

	for (size_t i = 0; i < plan->volumes.count; i++) {
		const struct plan_volume *volume = &plan->volumes.items[i];
		const struct use *use;

		add_folder(space, volume->name, volume->class, volume->path);
		use = &space->uses.items[space->uses.count - 1];
		if (str_equal(volume->class, "cache"))
			add_can_go(space, volume->name,
			           arena_printf(space->arena,
			                        "what lies in %s, while the node is stopped",
			                        volume->path),
			           use->bytes);
	}
}

/* docker leaves out what it takes for granted: "docker.io/library/caddy:2" is "caddy:2" there. */
static bool has_name(const struct engine_image *image, const char *name)
{
	static const char *const prefixes[] = { "", "docker.io/", "docker.io/library/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_starts(name, prefixes[i]) &&
		    strings_have(&image->names, name + strlen(prefixes[i])))
			return true;
	return false;
}

static bool is_used(const struct plan *plan, const struct engine_image *image)
{
	for (size_t i = 0; i < plan->processes.count; i++)
		if (has_name(image, plan->processes.items[i].image))
			return true;
	return false;
}

static void add_images(struct space *space)
{
	const struct engine *engine = space->agent->engine;
	long long bytes = 0, unused = 0;
	struct engine_images images = { 0 };

	if (engine->list_images(space->agent, space->arena, &images) < 0) {
		agent_log("space: %s", space->agent->why);
		add_use(space, "images", "could not be asked", 0)->partly = true;
		return;
	}
	for (size_t i = 0; i < images.count; i++) {
		bytes += images.items[i].bytes;
		if (!is_used(space->agent->plan, &images.items[i]))
			unused += images.items[i].bytes;
	}
	/* Layers that images have in common are counted with each of them. */
	add_use(space, "images", "at most", bytes);
	add_can_go(space, "images that no process of this node has",
	           arena_printf(space->arena, "%s image prune --all", engine->name), unused);
}

static void add_journal(struct space *space)
{
	const struct use *use;

	add_folder(space, "the system's journal", "logs", SYSTEM_JOURNAL);
	use = &space->uses.items[space->uses.count - 1];
	add_can_go(space, "old entries of the journal",
	           arena_printf(space->arena, "journalctl --vacuum-size=%dM", JOURNAL_KEEP_MIB),
	           use->bytes - (long long)(JOURNAL_KEEP_MIB * MIB));
}

/* Negative: not known, or not at all. */
static long long full_in_days(const struct space *space)
{
	long long per_day, since;

	return growth_per_day(&space->growth, &per_day, &since) && per_day > 0
	               ? space->free / per_day
	               : -1;
}

/* --- how it is said --- */

static const char *date(struct arena *arena, long long at_s)
{
	time_t at = (time_t)at_s;
	char text[sizeof("2026-11-27")];
	struct tm tm;

	(void)strftime(text, sizeof(text), "%Y-%m-%d", gmtime_r(&at, &tm));
	return arena_strdup(arena, text);
}

static void print_growth(const struct space *space)
{
	long long per_day, since, days = full_in_days(space);

	if (!growth_per_day(&space->growth, &per_day, &since))
		(void)printf("when it is full is known after a day\n");
	else if (days < 0)
		(void)printf("it has not grown since %s\n", date(space->arena, since));
	else
		(void)printf("full in %lld day%s, at %s a day since %s\n", days,
		             days == 1 ? "" : "s", room_amount(space->arena, per_day),
		             date(space->arena, since));
}

static void print_text(const struct space *space)
{
	struct arena *arena = space->arena;

	(void)printf("%s: %s of %s are free (%.0f %% used)\n", AGENT_DATA,
	             room_amount(arena, space->free), room_amount(arena, space->now.size),
	             100.0 * (double)space->now.used / (double)space->now.size);
	print_growth(space);
	(void)printf("\nwhat takes it\n");
	for (size_t i = 0; i < space->uses.count; i++) {
		const struct use *use = &space->uses.items[i];

		(void)printf("  %s%9s  %s (%s)\n", use->partly ? ">" : " ",
		             room_amount(arena, use->bytes), use->what, use->kind);
	}
	if (space->can_go.count > 0)
		(void)printf("\nwhat can go\n");
	for (size_t i = 0; i < space->can_go.count; i++) {
		const struct use *use = &space->can_go.items[i];

		(void)printf("   %9s  %s: %s\n", room_amount(arena, use->bytes), use->what,
		             use->kind);
	}
}

static json_t *json_of(const struct use *use, const char *kind)
{
	return json_pack("{s:s,s:s,s:I,s:b}", "what", use->what, kind, use->kind, "bytes",
	                 (json_int_t)use->bytes, "partly", use->partly);
}

static void print_json(const struct space *space)
{
	long long per_day = 0, since = 0, days = full_in_days(space);
	bool known = growth_per_day(&space->growth, &per_day, &since);
	cleanup_json json_t *root = json_pack(
		"{s:i,s:s,s:I,s:I,s:o,s:I,s:o,s:[],s:[]}", "v", 1, "path", AGENT_DATA, "size",
		(json_int_t)space->now.size, "free", (json_int_t)space->free, "per_day",
		known ? json_integer(per_day) : json_null(), "since", (json_int_t)since,
		"full_in_days", days >= 0 ? json_integer(days) : json_null(), "uses", "can_go");

	for (size_t i = 0; i < space->uses.count; i++)
		json_array_append_new(json_object_get(root, "uses"),
		                      json_of(&space->uses.items[i], "kind"));
	for (size_t i = 0; i < space->can_go.count; i++)
		json_array_append_new(json_object_get(root, "can_go"),
		                      json_of(&space->can_go.items[i], "how"));
	(void)printf("%s\n", json_text(space->arena, root, JSON_INDENT(1)));
}

int agent_space(struct agent *agent, char *const *args)
{
	cleanup_arena struct arena *arena = arena_new();
	struct space space = { .agent = agent, .arena = arena };
	bool json = str_equal(args[0], "--json"), note = str_equal(args[0], "--note");

	if (args[0] != NULL && !json && !note) {
		agent_log("space: what is '%.60s'? (space [--json|--note])", args[0]);
		return AGENT_USAGE;
	}
	if (look_at_disk(&space) < 0) {
		agent_log("space: %s", agent->why);
		return AGENT_FAILED;
	}
	growth_note(agent, arena, &space.now, &space.growth);
	if (note)
		return AGENT_OK;
	add_volumes(&space);
	add_folder(&space, "stead's own state", "state", AGENT_STATE);
	add_images(&space);
	add_journal(&space);
	if (json)
		print_json(&space);
	else
		print_text(&space);
	return AGENT_OK;
}
