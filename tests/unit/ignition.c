/* ignition: data URLs, JSON, the rules of the spec, the packed form. */
#include "base/arena.h"
#include "base/text.h"
#include "ignition/ignition.h"
#include "output/output.h"

#include <jansson.h>
#include <stdlib.h>

#include "tap.h"

static struct origin nowhere(void)
{
	return (struct origin){ .rule = "host.files" };
}

/* --- data URLs --- */

static void round_trip(const char *data, size_t len, const char *name)
{
	cleanup_arena struct arena *arena = arena_new();
	struct ignition_resource resource = ignition_data_url(arena, data, len);
	size_t got_len = 0;
	const char *got = ignition_data_read(arena, &resource, 1 << 20, &got_len);

	ok(got != NULL && got_len == len && memcmp(got, data, len) == 0, "data URL: %s comes back",
	   name);
}

static void test_data(void)
{
	cleanup_arena struct arena *arena = arena_new();
	char zeros[5000] = { 0 }, bytes[256];
	struct ignition_resource resource;

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	is_str(ignition_data_url(arena, "", 0).source, "data:,", "data URL: nothing");
	is_str(ignition_data_url(arena, "a b\nc", 5).source, "data:,a%20b%0Ac",
	       "data URL: escaped");
	is_str(ignition_data_url(arena, "     ", 5).source, "data:,%20%20%20%20%20",
	       "data URL: a tie stays escaped");
	is_str(ignition_data_url(arena, "/a?b=c,d\"%", 10).source, "data:,/a?b=c,d%22%25",
	       "data URL: what needs no escape has none");
	is_str(ignition_data_url(arena, "\1\1\1\1\1\1", 6).source, "data:;base64,AQEBAQEB",
	       "data URL: base64 when shorter");
	resource = ignition_data_url(arena, zeros, sizeof(zeros));
	is_str(resource.compression, "gzip", "data URL: gzip when shorter");
	ok(str_starts(resource.source, "data:;base64,H4sIAAAAAAAA/"),
	   "data URL: the gzip header has no time and no system");
	round_trip("", 0, "nothing");
	round_trip("a", 1, "one byte");
	round_trip("a b\n%", 5, "text");
	round_trip(zeros, sizeof(zeros), "zeros");
	round_trip(bytes, sizeof(bytes), "every byte");
	round_trip(bytes + 200, 55, "high bytes");
}

static void test_data_broken(void)
{
	static const struct ignition_resource broken[] = {
		{ .source = "data:text/plain,x" },
		{ .source = "data:;base64,AAA" },
		{ .source = "data:;base64,A=AA" },
		{ .source = "data:;base64,AA*A" },
		{ .source = "data:,%2" },
		{ .source = "data:,%zz" },
		{ .source = "data:,a b" },
		{ .source = "data:,abc", .compression = "gzip" },
		{ .source = "data:;base64,H4sIAAAAAAAC/w==", .compression = "gzip" },
		{ .source = "data:,abc", .compression = "xz" },
		{ .source = "http://example.org/" },
	};
	cleanup_arena struct arena *arena = arena_new();
	char zeros[5000] = { 0 };
	struct ignition_resource bomb = ignition_data_url(arena, zeros, sizeof(zeros));
	size_t len;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		ok(ignition_data_read(arena, &broken[i], 1000, &len) == NULL,
		   "data URL: '%s' is refused", broken[i].source);
	ok(ignition_data_read(arena, &bomb, 4999, &len) == NULL, "data URL: more than was allowed");
	ok(ignition_data_read(arena, &bomb, 5000, &len) != NULL, "data URL: just what was allowed");
}

/* --- a tree --- */

static struct output_set *make_tree(struct arena *arena, struct arena *secret)
{
	struct output_set *set = output_set_new(arena, secret);
	struct output *file;
	struct output_user *user;

	file = output_file(set, "/etc/stead/node.json", 0644, 0, nowhere());
	output_line(file, nowhere(), "{}");
	file = output_file(set, "/etc/ssh/key", 0600, OUTPUT_SECRET, nowhere());
	output_line(file, nowhere(), "<secret> & \"more\" \\ \xe2\x80\xa8");
	file->uid = 1500;
	file->gid = 1501;
	file = output_file(set, "/etc/systemd/system/stead.target", 0644, OUTPUT_UNIT, nowhere());
	output_line(file, nowhere(), "[Unit]");
	output_line(file, nowhere(), "Description=a <b> & \"c\"");
	output_line(file, nowhere(), "[Install]");
	output_line(file, nowhere(), "WantedBy=multi-user.target");
	output_unit(set, "stead.target", true, false, nowhere());
	output_unit(set, "zincati.service", false, true, nowhere());
	output_dir(set, "/etc/stead", 0755, 0, 0, nowhere());
	output_link(set, "/etc/localtime", "../usr/share/zoneinfo/Europe/Berlin", nowhere());
	user = list_add(arena, &set->users);
	user->name = "core";
	*list_add(arena, &user->ssh_keys) = "ssh-ed25519 AAAA x";
	output_sort(set);
	return set;
}

static const char expected_json[] =
	"{\"ignition\":{\"version\":\"3.3.0\"},"
	"\"passwd\":{\"users\":[{\"name\":\"core\",\"sshAuthorizedKeys\":[\"ssh-ed25519 AAAA "
	"x\"]}]},"
	"\"storage\":{\"directories\":[{\"path\":\"/etc/stead\",\"mode\":493}],"
	"\"files\":[{\"overwrite\":true,\"path\":\"/etc/stead/node.json\","
	"\"contents\":{\"source\":\"data:,%7B%7D%0A\"},\"mode\":420},"
	"{\"group\":{\"id\":1501},\"overwrite\":true,\"path\":\"/etc/ssh/key\","
	"\"user\":{\"id\":1500},\"contents\":{\"source\":\"data:,"
	"%3Csecret%3E%20%26%20%22more%22%20%5C%20%E2%80%A8%0A\"},\"mode\":384}],"
	"\"links\":[{\"overwrite\":true,\"path\":\"/etc/localtime\","
	"\"target\":\"../usr/share/zoneinfo/Europe/Berlin\"}]},"
	"\"systemd\":{\"units\":[{\"contents\":\"[Unit]\\nDescription=a \\u003cb\\u003e \\u0026 "
	"\\\"c\\\"\\n[Install]\\nWantedBy=multi-user.target\\n\",\"enabled\":true,"
	"\"name\":\"stead.target\"},{\"mask\":true,\"name\":\"zincati.service\"}]}}\n";

static void test_tree(void)
{
	cleanup_arena struct arena *arena = arena_new(), *secret = arena_new_secret();
	struct ignition_config *config = ignition_from_tree(secret, make_tree(arena, secret));
	struct findings findings;
	size_t len;
	const char *json = ignition_write(config, &len);

	findings_init(&findings, arena);
	is_str(json, expected_json, "tree: the config");
	is_int((long long)len, (long long)strlen(json), "tree: its length");
	ok(ignition_validate(config, &findings), "tree: valid");
	findings_print(&findings, stdout, false);
}

static void test_empty(void)
{
	cleanup_arena struct arena *arena = arena_new(), *secret = arena_new_secret();
	size_t len;

	is_str(ignition_write(ignition_from_tree(secret, output_set_new(arena, secret)), &len),
	       "{\"ignition\":{\"version\":\"3.3.0\"}}\n", "an empty tree");
}

/* --- the packed form --- */

static void test_pack(void)
{
	cleanup_arena struct arena *arena = arena_new(), *secret = arena_new_secret();
	struct text inner;
	struct ignition_resource resource = { 0 };
	const char *packed, *back;
	size_t len, back_len = 0;
	json_t *json, *replace;

	packed = ignition_pack(secret, "{}\n", 3, &len);
	is_str(packed, "{}\n", "pack: what would grow stays");
	is_int((long long)len, 3, "pack: its length");
	text_init(&inner, arena);
	for (int i = 0; i < 500; i++)
		text_addf(&inner, "{\"path\":\"/etc/file%d\"},", i);
	packed = ignition_pack(secret, inner.data, inner.len, &len);
	ok(len < inner.len && len == strlen(packed), "pack: smaller");
	json = json_loads(packed, 0, NULL);
	replace = json_object_get(json_object_get(json_object_get(json, "ignition"), "config"),
	                          "replace");
	resource.source = json_string_value(json_object_get(replace, "source"));
	resource.compression = json_string_value(json_object_get(replace, "compression"));
	back = ignition_data_read(arena, &resource, 1 << 20, &back_len);
	ok(back != NULL && back_len == inner.len && memcmp(back, inner.data, back_len) == 0,
	   "pack: the inner config comes back");
	json_decref(json);
}

/* --- the rules --- */

static void refused(const char *code, const char *name,
                    void (*make)(struct ignition_config *config))
{
	cleanup_arena struct arena *arena = arena_new(), *secret = arena_new_secret();
	struct ignition_config config = { .secret_arena = secret };
	struct findings findings;
	bool valid;

	findings_init(&findings, arena);
	make(&config);
	valid = ignition_validate(&config, &findings);
	ok(!valid && findings.count == 1 && str_equal(findings.items[0].code, code),
	   "refused: %s (%s)", name, code);
	if (findings.count != 1)
		findings_print(&findings, stdout, false);
}

static struct ignition_file *add_file(struct ignition_config *config, const char *path)
{
	struct ignition_file *file = list_add(config->secret_arena, &config->files);

	*file = (struct ignition_file){
		.path = path, .mode = 0644, .overwrite = true, .contents = { .source = "data:," }
	};
	return file;
}

static struct ignition_unit *add_unit(struct ignition_config *config, const char *name,
                                      const char *contents)
{
	struct ignition_unit *unit = list_add(config->secret_arena, &config->units);

	*unit = (struct ignition_unit){ .name = name, .contents = contents };
	return unit;
}

static void relative(struct ignition_config *c)
{
	add_file(c, "etc/x");
}
static void no_path(struct ignition_config *c)
{
	add_file(c, "");
}
static void dots(struct ignition_config *c)
{
	add_file(c, "/etc/../x");
}
static void slashes(struct ignition_config *c)
{
	add_file(c, "/etc//x");
}
static void trailing(struct ignition_config *c)
{
	add_file(c, "/etc/");
}
static void data_dir(struct ignition_config *c)
{
	add_file(c, "/var/lib/stead/state/x");
}
static void mode(struct ignition_config *c)
{
	add_file(c, "/etc/x")->mode = 010000;
}
static void setuid(struct ignition_config *c)
{
	add_file(c, "/etc/x")->mode = 04755;
}
static void no_source(struct ignition_config *c)
{
	add_file(c, "/etc/x")->contents.source = NULL;
}
static void once(struct ignition_config *c)
{
	add_file(c, "/etc/x")->overwrite = false;
}
static void scheme(struct ignition_config *c)
{
	add_file(c, "/etc/x")->contents.source = "ftp://x";
}
static void bad_data(struct ignition_config *c)
{
	add_file(c, "/x")->contents.source = "data:;base64,A";
}
static void xz(struct ignition_config *c)
{
	add_file(c, "/etc/x")->contents.compression = "xz";
}
static void short_hash(struct ignition_config *c)
{
	add_file(c, "/etc/x")->contents.hash = "sha512-00";
}
static void odd_hash(struct ignition_config *c)
{
	add_file(c, "/etc/x")->contents.hash = "md5-00";
}
static void extension(struct ignition_config *c)
{
	add_unit(c, "stead.services", "[Unit]\nA=b\n");
}
static void no_name(struct ignition_config *c)
{
	add_unit(c, ".service", "[Unit]\nA=b\n");
}
static void section(struct ignition_config *c)
{
	add_unit(c, "a.service", "[Unit\nA=b\n");
}
static void garbage(struct ignition_config *c)
{
	add_unit(c, "a.service", "[Unit] x\nA=b\n");
}
static void no_value(struct ignition_config *c)
{
	add_unit(c, "a.service", "[Unit]\nA\n");
}
static void no_section(struct ignition_config *c)
{
	add_unit(c, "a.service", "A=b\n");
}
static void continued(struct ignition_config *c)
{
	add_unit(c, "a.service", "[Unit]\nA=b\\");
}

static struct ignition_filesystem *add_filesystem(struct ignition_config *config,
                                                  const char *device)
{
	struct ignition_filesystem *fs = list_add(config->secret_arena, &config->filesystems);

	*fs = (struct ignition_filesystem){ .device = device, .format = "xfs" };
	return fs;
}

static struct ignition_partition *add_partition(struct ignition_config *config, const char *label)
{
	struct ignition_partition *partition;

	if (config->disks.count == 0)
		list_add(config->secret_arena, &config->disks)->device = "/dev/vda";
	partition = list_add(config->secret_arena, &config->disks.items[0].partitions);
	*partition = (struct ignition_partition){ .label = label, .size_mib = 100 };
	return partition;
}

static void relative_device(struct ignition_config *c)
{
	add_filesystem(c, "vdb");
}
static void odd_device(struct ignition_config *c)
{
	add_filesystem(c, "/dev/../vdb");
}
static void wiped_filesystem(struct ignition_config *c)
{
	add_filesystem(c, "/dev/vdb")->wipe = true;
}
static void format(struct ignition_config *c)
{
	add_filesystem(c, "/dev/vdb")->format = "ext3";
}
static void long_label(struct ignition_config *c)
{
	add_filesystem(c, "/dev/vdb")->label = "stead-data-xx";
}
static void one_device_twice(struct ignition_config *c)
{
	add_filesystem(c, "/dev/vdb");
	add_filesystem(c, "/dev/vdb");
}
static void wiped_table(struct ignition_config *c)
{
	add_partition(c, "data");
	c->disks.items[0].wipe_table = true;
}
static void wiped_partition(struct ignition_config *c)
{
	add_partition(c, "data")->wipe_entry = true;
}
static void no_partition(struct ignition_config *c)
{
	add_partition(c, "");
}
static void colon(struct ignition_config *c)
{
	add_partition(c, "a:b");
}
static void resize_by_label(struct ignition_config *c)
{
	add_partition(c, "data")->resize = true;
}
static void two_rests(struct ignition_config *c)
{
	add_partition(c, "a")->size_mib = 0;
	add_partition(c, "b")->size_mib = 0;
}
static void one_label_twice(struct ignition_config *c)
{
	add_partition(c, "a");
	add_partition(c, "a");
}

static void test_disks(void)
{
	cleanup_arena struct arena *arena = arena_new(), *secret = arena_new_secret();
	struct output_set *set = output_set_new(arena, secret);
	struct ignition_config *config;
	struct findings findings;
	size_t len;

	*list_add(arena, &set->partitions) = (struct output_partition){
		.disk = "/dev/vda", .label = "root", .number = 4, .size_mib = 8192, .resize = true
	};
	*list_add(arena, &set->partitions) =
		(struct output_partition){ .disk = "/dev/vda", .label = "data" };
	*list_add(arena, &set->filesystems) = (struct output_filesystem){
		.device = "/dev/disk/by-partlabel/data", .format = "xfs", .label = "data"
	};
	config = ignition_from_tree(secret, set);
	is_str(ignition_write(config, &len),
	       "{\"ignition\":{\"version\":\"3.3.0\"},\"storage\":{\"disks\":[{\"device\":"
	       "\"/dev/vda\",\"partitions\":[{\"label\":\"root\",\"number\":4,\"resize\":true,"
	       "\"sizeMiB\":8192,\"wipePartitionEntry\":false},{\"label\":\"data\",\"sizeMiB\":0,"
	       "\"wipePartitionEntry\":false}],\"wipeTable\":false}],\"filesystems\":[{\"device\":"
	       "\"/dev/disk/by-partlabel/data\",\"format\":\"xfs\",\"label\":\"data\","
	       "\"wipeFilesystem\":false}]}}\n",
	       "disks: nothing is wiped");
	findings_init(&findings, arena);
	ok(ignition_validate(config, &findings), "disks: valid");
	refused("ignition.device", "a relative device", relative_device);
	refused("ignition.device", "a device with ..", odd_device);
	refused("ignition.wipe", "a file system that would be wiped", wiped_filesystem);
	refused("ignition.filesystem", "an unknown format", format);
	refused("ignition.filesystem", "a label too long for its format", long_label);
	refused("ignition.duplicate", "two file systems on one device", one_device_twice);
	refused("ignition.wipe", "a table that would be wiped", wiped_table);
	refused("ignition.wipe", "a partition that would be wiped", wiped_partition);
	refused("ignition.partition", "a partition without number and label", no_partition);
	refused("ignition.partition", "a label with a colon", colon);
	refused("ignition.partition", "a resize without a number", resize_by_label);
	refused("ignition.partition", "two that want the rest", two_rests);
	refused("ignition.duplicate", "one label twice", one_label_twice);
}

static void twice(struct ignition_config *c)
{
	add_file(c, "/etc/x");
	*list_add(c->secret_arena, &c->dirs) = (struct ignition_dir){ .path = "/etc/x" };
}

static void unit_and_file(struct ignition_config *c)
{
	add_unit(c, "a.service", "[Unit]\nA=b\n");
	add_file(c, "/etc/systemd/system/a.service");
}

static void two_units(struct ignition_config *c)
{
	add_unit(c, "a.service", NULL);
	add_unit(c, "a.service", NULL);
}

static void no_target(struct ignition_config *c)
{
	*list_add(c->secret_arena, &c->links) =
		(struct ignition_link){ .path = "/x", .target = "", .overwrite = true };
}

static void through_link(struct ignition_config *c)
{
	*list_add(c->secret_arena, &c->links) =
		(struct ignition_link){ .path = "/x", .target = "/y", .overwrite = true };
	add_file(c, "/x/z");
}

static void not_installed(struct ignition_config *c)
{
	struct ignition_unit *unit = add_unit(c, "a.service", "[Unit]\nA=b\n[Install]\n# none\n");

	unit->enabled = unit->has_enabled = true;
}

static void long_line(struct ignition_config *c)
{
	char *line = arena_alloc(c->secret_arena, 3000);

	memset(line, 'x', 2999);
	add_unit(c, "a.service", arena_printf(c->secret_arena, "[Unit]\nA=%s\n", line));
}

static void two_users(struct ignition_config *c)
{
	for (int i = 0; i < 2; i++)
		list_add(c->secret_arena, &c->users)->name = "core";
}

static void two_keys(struct ignition_config *c)
{
	struct ignition_user *user = list_add(c->secret_arena, &c->users);

	user->name = "core";
	for (int i = 0; i < 2; i++)
		*list_add(c->secret_arena, &user->ssh_keys) = "ssh-ed25519 AAAA";
}

static void lone_hash(struct ignition_config *c)
{
	c->replace.hash = "sha512-00";
}

static void test_rules(void)
{
	static const struct {
		const char *code, *name;
		void (*make)(struct ignition_config *config);
	} rows[] = {
		{ "ignition.path", "relative path", relative },
		{ "ignition.path", "empty path", no_path },
		{ "ignition.path", "path with dots", dots },
		{ "ignition.path", "path with two slashes", slashes },
		{ "ignition.path", "path ending in a slash", trailing },
		{ "ignition.data", "a path in the node's data", data_dir },
		{ "ignition.mode", "mode above 7777", mode },
		{ "ignition.mode", "setuid", setuid },
		{ "ignition.overwrite", "overwrite without source", no_source },
		{ "ignition.rerun", "a file that cannot be written again", once },
		{ "ignition.source", "unknown scheme", scheme },
		{ "ignition.source", "broken data URL", bad_data },
		{ "ignition.compression", "unknown compression", xz },
		{ "ignition.hash", "short hash", short_hash },
		{ "ignition.hash", "unknown hash", odd_hash },
		{ "ignition.hash", "hash without source", lone_hash },
		{ "ignition.duplicate", "file and directory", twice },
		{ "ignition.duplicate", "file and unit", unit_and_file },
		{ "ignition.duplicate", "two units", two_units },
		{ "ignition.duplicate", "two users", two_users },
		{ "ignition.duplicate", "two ssh keys", two_keys },
		{ "ignition.target", "link without target", no_target },
		{ "ignition.link", "a file through a link", through_link },
		{ "ignition.unit-name", "unknown extension", extension },
		{ "ignition.unit-name", "nothing but an extension", no_name },
		{ "ignition.unit", "section without end", section },
		{ "ignition.unit", "text behind a section", garbage },
		{ "ignition.unit", "option without value", no_value },
		{ "ignition.unit", "option before a section", no_section },
		{ "ignition.unit", "continued last line", continued },
		{ "ignition.unit", "line too long", long_line },
		{ "ignition.unit-install", "enabled without [Install]", not_installed },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(rows[i].code, rows[i].name, rows[i].make);
}

int main(void)
{
	test_data();
	test_data_broken();
	test_tree();
	test_empty();
	test_pack();
	test_disks();
	test_rules();
	return tap_done();
}
