#include "remote/inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "remote/json.h"

/* "2026-01-31T12:00:00Z" (RFC 3339), or -1. */
static int64_t seconds_of(const char *text)
{
	struct tm tm = { 0 };
	const char *end = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end == NULL || *end != '\0' ? -1 : (int64_t)timegm(&tm);
}

/* NAME: the member that holds the engine's name. */
static void read_engines(struct arena *arena, const json_t *array, const char *name,
                         struct inspect_engines *ret)
{
	for (size_t i = 0; i < json_array_size(array) && i < REMOTE_LIST_MAX; i++) {
		const json_t *item = json_array_get(array, i);
		struct inspect_engine engine = {
			.name = remote_member(arena, item, name),
			.version = remote_member(arena, item, "version"),
			.silent = json_is_false(json_object_get(item, "answers")),
		};

		if (engine.name != NULL)
			*list_add(arena, ret) = engine;
	}
}

static void read_ports(struct arena *arena, const json_t *array, struct inspect *ret)
{
	for (size_t i = 0; i < json_array_size(array) && i < REMOTE_LIST_MAX; i++) {
		const json_t *item = json_array_get(array, i);
		struct inspect_port port = {
			.proto = remote_member(arena, item, "proto"),
			.by = remote_member(arena, item, "by"),
			.port = remote_number(item, "port"),
		};

		if (port.proto != NULL && port.port > 0)
			*list_add(arena, &ret->ports) = port;
	}
}

static void read_stead(struct arena *arena, const json_t *stead, struct inspect *ret)
{
	ret->has_stead = json_is_object(stead);
	ret->stead_error = remote_member(arena, stead, "error");
	ret->app = remote_member(arena, stead, "app");
	ret->domain = remote_member(arena, stead, "domain");
	ret->lineage = remote_member(arena, stead, "lineage");
	ret->engine = remote_member(arena, stead, "engine");
}

static void read_system(struct arena *arena, const json_t *root, struct inspect *ret)
{
	const json_t *os = json_object_get(root, "os"), *disk = json_object_get(root, "disk");
	const json_t *clock = json_object_get(root, "clock");

	ret->os_id = remote_member(arena, os, "id");
	ret->os_name = remote_member(arena, os, "name");
	ret->os_version = remote_member(arena, os, "version");
	ret->immutable = remote_member(arena, os, "immutable");
	ret->systemd = remote_number(root, "systemd");
	ret->vendor = remote_member(arena, json_object_get(root, "dmi"), "vendor");
	ret->product = remote_member(arena, json_object_get(root, "dmi"), "product");
	ret->arch = remote_member(arena, root, "arch");
	ret->memory_bytes = remote_number(root, "memory_bytes");
	ret->free_bytes = remote_number(disk, "free_bytes");
	ret->total_bytes = remote_number(disk, "total_bytes");
	ret->read_only = json_is_true(json_object_get(disk, "read_only"));
	ret->clock_s = seconds_of(json_string_value(json_object_get(clock, "now")));
	ret->unsynced = json_is_false(json_object_get(clock, "synced"));
}

int inspect_read(struct arena *arena, const char *json, size_t len, struct inspect *ret,
                 const char **ret_error)
{
	struct inspect inspect = { 0 };
	const char *hint;
	json_t *root;
	int r = remote_answer(arena, "inspect", json, len, INSPECT_MAX_BYTES, &root, ret_error,
	                      &hint);

	if (r < 0)
		return -EINVAL;
	read_system(arena, root, &inspect);
	read_engines(arena, json_object_get(root, "engines"), "name", &inspect.engines);
	read_engines(arena, json_object_get(root, "install"), "engine", &inspect.installable);
	remote_texts(arena, json_object_get(root, "tools"), &inspect.tools);
	remote_texts(arena, json_object_get(root, "firewalls"), &inspect.firewalls);
	remote_texts(arena, json_object_get(root, "addresses"), &inspect.addresses);
	read_ports(arena, json_object_get(root, "ports"), &inspect);
	read_stead(arena, json_object_get(root, "stead"), &inspect);
	json_decref(root);
	*ret = inspect;
	return 0;
}

const struct inspect_engine *inspect_engine(const struct inspect_engines *engines, const char *name)
{
	for (size_t i = 0; i < engines->count; i++)
		if (str_equal(engines->items[i].name, name))
			return &engines->items[i];
	return NULL;
}

long inspect_major(const char *version)
{
	return version == NULL ? 0 : strtol(version, NULL, 10);
}

bool inspect_has(const struct strings *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], name))
			return true;
	return false;
}
