/*
 * Config -> JSON. Written by hand and not with a library: all of it has to stay in the arena that
 * is wiped. Keys are in the order of Ignition's Go types, empty parts are left out.
 */
#include "ignition/ignition.h"

#include "base/arena.h"
#include "base/text.h"

#include <string.h>

/* JSON under construction; `fresh`: no comma is due. */
struct json {
	struct text text;
	bool fresh;
};

static void comma(struct json *json)
{
	if (!json->fresh)
		text_addc(&json->text, ',');
	json->fresh = false;
}

static void open(struct json *json, char bracket)
{
	text_addc(&json->text, bracket);
	json->fresh = true;
}

static void close(struct json *json, char bracket)
{
	text_addc(&json->text, bracket);
	json->fresh = false;
}

/* As Go's encoding/json: <, > and & too, and the two line separators JavaScript knows. */
static void add_string(struct json *json, const char *s)
{
	struct text *text = &json->text;

	text_addc(text, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			text_addc(text, '\\');
			text_addc(text, *s);
		} else if (c == '\n') {
			text_add(text, "\\n");
		} else if (c == '\r') {
			text_add(text, "\\r");
		} else if (c == '\t') {
			text_add(text, "\\t");
		} else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
			text_addf(text, "\\u%04x", c);
		} else if (strncmp(s, "\xe2\x80\xa8", 3) == 0 ||
		           strncmp(s, "\xe2\x80\xa9", 3) == 0) {
			text_addf(text, "\\u202%c", s[2] == '\xa8' ? '8' : '9');
			s += 2;
		} else {
			text_addc(text, *s);
		}
	}
	text_addc(text, '"');
}

static void key(struct json *json, const char *name)
{
	comma(json);
	add_string(json, name);
	text_addc(&json->text, ':');
}

static void string(struct json *json, const char *name, const char *value)
{
	key(json, name);
	add_string(json, value);
}

static void boolean(struct json *json, const char *name, bool value)
{
	key(json, name);
	text_add(&json->text, value ? "true" : "false");
}

static void number(struct json *json, const char *name, unsigned value)
{
	key(json, name);
	text_addf(&json->text, "%u", value);
}

static void object(struct json *json, const char *name)
{
	key(json, name);
	open(json, '{');
}

static void strings(struct json *json, const char *name, const struct strings *list)
{
	if (list->count == 0)
		return;
	key(json, name);
	open(json, '[');
	for (size_t i = 0; i < list->count; i++) {
		comma(json);
		add_string(json, list->items[i]);
	}
	close(json, ']');
}

static void resource(struct json *json, const char *name, const struct ignition_resource *value)
{
	object(json, name);
	if (value->compression != NULL)
		string(json, "compression", value->compression);
	string(json, "source", value->source);
	if (value->hash != NULL) {
		object(json, "verification");
		string(json, "hash", value->hash);
		close(json, '}');
	}
	close(json, '}');
}

/* Numbers, never names: a name is looked up on the machine, and may not be there. root is left out,
 * it is Ignition's default. */
static void owner(struct json *json, const char *name, unsigned id)
{
	if (id == 0)
		return;
	object(json, name);
	number(json, "id", id);
	close(json, '}');
}

static void write_header(struct json *json, const struct ignition_config *config)
{
	object(json, "ignition");
	if (config->replace.source != NULL) {
		object(json, "config");
		resource(json, "replace", &config->replace);
		close(json, '}');
	}
	string(json, "version", IGNITION_VERSION);
	close(json, '}');
}

static void write_users(struct json *json, const struct ignition_config *config)
{
	if (config->users.count == 0)
		return;
	object(json, "passwd");
	key(json, "users");
	open(json, '[');
	for (size_t i = 0; i < config->users.count; i++) {
		const struct ignition_user *user = &config->users.items[i];

		comma(json);
		open(json, '{');
		strings(json, "groups", &user->groups);
		string(json, "name", user->name);
		strings(json, "sshAuthorizedKeys", &user->ssh_keys);
		close(json, '}');
	}
	close(json, ']');
	close(json, '}');
}

static void write_dirs(struct json *json, const struct ignition_config *config)
{
	if (config->dirs.count == 0)
		return;
	key(json, "directories");
	open(json, '[');
	for (size_t i = 0; i < config->dirs.count; i++) {
		const struct ignition_dir *dir = &config->dirs.items[i];

		comma(json);
		open(json, '{');
		owner(json, "group", dir->gid);
		string(json, "path", dir->path);
		owner(json, "user", dir->uid);
		number(json, "mode", dir->mode);
		close(json, '}');
	}
	close(json, ']');
}

static void write_partitions(struct json *json, const struct ignition_disk *disk)
{
	if (disk->partitions.count == 0)
		return;
	key(json, "partitions");
	open(json, '[');
	for (size_t i = 0; i < disk->partitions.count; i++) {
		const struct ignition_partition *partition = &disk->partitions.items[i];

		comma(json);
		open(json, '{');
		string(json, "label", partition->label);
		if (partition->number != 0)
			number(json, "number", partition->number);
		if (partition->resize)
			boolean(json, "resize", true);
		number(json, "sizeMiB", partition->size_mib);
		boolean(json, "wipePartitionEntry", partition->wipe_entry);
		close(json, '}');
	}
	close(json, ']');
}

static void write_disks(struct json *json, const struct ignition_config *config)
{
	if (config->disks.count == 0)
		return;
	key(json, "disks");
	open(json, '[');
	for (size_t i = 0; i < config->disks.count; i++) {
		const struct ignition_disk *disk = &config->disks.items[i];

		comma(json);
		open(json, '{');
		string(json, "device", disk->device);
		write_partitions(json, disk);
		boolean(json, "wipeTable", disk->wipe_table);
		close(json, '}');
	}
	close(json, ']');
}

static void write_filesystems(struct json *json, const struct ignition_config *config)
{
	if (config->filesystems.count == 0)
		return;
	key(json, "filesystems");
	open(json, '[');
	for (size_t i = 0; i < config->filesystems.count; i++) {
		const struct ignition_filesystem *fs = &config->filesystems.items[i];

		comma(json);
		open(json, '{');
		string(json, "device", fs->device);
		string(json, "format", fs->format);
		if (fs->label != NULL)
			string(json, "label", fs->label);
		boolean(json, "wipeFilesystem", fs->wipe);
		close(json, '}');
	}
	close(json, ']');
}

static void write_files(struct json *json, const struct ignition_config *config)
{
	if (config->files.count == 0)
		return;
	key(json, "files");
	open(json, '[');
	for (size_t i = 0; i < config->files.count; i++) {
		const struct ignition_file *file = &config->files.items[i];

		comma(json);
		open(json, '{');
		owner(json, "group", file->gid);
		if (file->overwrite)
			boolean(json, "overwrite", true);
		string(json, "path", file->path);
		owner(json, "user", file->uid);
		if (file->contents.source != NULL)
			resource(json, "contents", &file->contents);
		number(json, "mode", file->mode);
		close(json, '}');
	}
	close(json, ']');
}

static void write_links(struct json *json, const struct ignition_config *config)
{
	if (config->links.count == 0)
		return;
	key(json, "links");
	open(json, '[');
	for (size_t i = 0; i < config->links.count; i++) {
		const struct ignition_link *link = &config->links.items[i];

		comma(json);
		open(json, '{');
		if (link->overwrite)
			boolean(json, "overwrite", true);
		string(json, "path", link->path);
		string(json, "target", link->target);
		close(json, '}');
	}
	close(json, ']');
}

static void write_units(struct json *json, const struct ignition_config *config)
{
	if (config->units.count == 0)
		return;
	object(json, "systemd");
	key(json, "units");
	open(json, '[');
	for (size_t i = 0; i < config->units.count; i++) {
		const struct ignition_unit *unit = &config->units.items[i];

		comma(json);
		open(json, '{');
		if (unit->contents != NULL)
			string(json, "contents", unit->contents);
		if (unit->has_enabled)
			boolean(json, "enabled", unit->enabled);
		if (unit->mask)
			boolean(json, "mask", true);
		string(json, "name", unit->name);
		close(json, '}');
	}
	close(json, ']');
	close(json, '}');
}

char *ignition_write(const struct ignition_config *config, size_t *ret_len)
{
	struct json json = { 0 };

	text_init(&json.text, config->secret_arena);
	open(&json, '{');
	write_header(&json, config);
	write_users(&json, config);
	if (config->dirs.count + config->files.count + config->links.count + config->disks.count +
	            config->filesystems.count >
	    0) {
		object(&json, "storage");
		write_dirs(&json, config);
		write_disks(&json, config);
		write_files(&json, config);
		write_filesystems(&json, config);
		write_links(&json, config);
		close(&json, '}');
	}
	write_units(&json, config);
	close(&json, '}');
	text_addc(&json.text, '\n');
	*ret_len = json.text.len;
	return json.text.data;
}
