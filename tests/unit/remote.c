/* The way to a machine: what is rendered, as a bundle. */
#include "base/arena.h"
#include "base/text.h"
#include "remote/bundle.h"
#include "tap.h"

static void test_bundle(void)
{
	static const struct origin rule = { .rule = "host.config" };
	cleanup_arena struct arena *arena = arena_new();
	cleanup_arena struct arena *secret_arena = arena_new_secret();
	struct output_set *set = output_set_new(arena, secret_arena);
	const struct bundle *bundle;

	output_text(output_file(set, "/etc/b", 0600, OUTPUT_SECRET, rule), rule, "two\nlines");
	output_line(output_file(set, "/etc/a", 0644, 0, rule), rule, "one");
	output_bytes(output_file(set, "/usr/local/bin/stead-node", 0755,
	                         OUTPUT_BINARY | OUTPUT_EXEC, rule),
	             rule, "\177ELF\0", 5);
	(void)output_file(set, "/etc/empty", 0644, 0, rule);
	output_sort(set);
	bundle = remote_bundle(secret_arena, set);
	is_int((long long)bundle->files.count, 3, "the agent's program is not in it");
	is_str(bundle->files.items[0].path, "/etc/a", "the rest is");
	is_str(bundle->files.items[1].data, "two\nlines\n", "with its contents");
	is_int((long long)bundle->files.items[1].len, 10, "of that length");
	is_int((long long)bundle->files.items[2].len, 0, "an empty file too");
}

int main(void)
{
	test_bundle();
	return tap_done();
}
