/* archive/: tar as others write it, and as nobody should; what pg_dump makes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "archive/dump.h"
#include "archive/tar.h"

#include "tap.h"

/* --- an archive in memory --- */

static char archive[64 * 1024];
static size_t archive_len, archive_at;

static long read_archive(void *context, void *data, size_t len)
{
	size_t left = archive_len - archive_at;

	(void)context;
	if (len > left)
		len = left;
	if (len > 700) /* no reader gets all at once */
		len = 700;
	memcpy(data, archive + archive_at, len);
	archive_at += len;
	return (long)len;
}

static void add_block(const void *data, size_t len)
{
	memset(archive + archive_len, 0, TAR_BLOCK);
	if (len > 0)
		memcpy(archive + archive_len, data, len);
	archive_len += TAR_BLOCK;
}

static void add_header(const char *name, char type, const char *size_field)
{
	char block[TAR_BLOCK] = { 0 };
	unsigned sum = 0;

	memcpy(block, name, strnlen(name, 100));
	memcpy(block + 100, "0000644", 8);
	memcpy(block + 124, size_field, 12);
	memset(block + 148, ' ', 8);
	block[156] = type;
	memcpy(block + 257,
	       "ustar\0"
	       "00",
	       8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += (unsigned char)block[i];
	(void)snprintf(block + 148, 8, "%06o", sum);
	add_block(block, sizeof(block));
}

static void add(const char *name, char type, const char *content)
{
	char size[32];
	size_t len = strlen(content);

	(void)snprintf(size, sizeof(size), "%011zo", len);
	add_header(name, type, size);
	for (size_t at = 0; at < len; at += TAR_BLOCK)
		add_block(content + at, len - at < TAR_BLOCK ? len - at : TAR_BLOCK);
}

static void begin(void)
{
	archive_len = archive_at = 0;
}

static void finish(void)
{
	add_block("", 0);
	add_block("", 0);
}

static struct tar tar;

static void open_archive(void)
{
	tar = (struct tar){ .read = read_archive };
	archive_at = 0;
}

/* --- what is right --- */

static void next_is(enum tar_kind kind, const char *path, const char *content)
{
	struct tar_member member = { .path = NULL };
	char data[4096] = { 0 };
	size_t len = 0;
	long n;

	is_int(tar_next(&tar, &member), 1, "%s: there is a member", path);
	is_str(member.path, path, "%s: its name", path);
	is_int(member.kind, kind, "%s: its kind", path);
	while ((n = tar_content(&tar, data + len, sizeof(data) - 1 - len)) > 0)
		len += (size_t)n;
	is_int(n, 0, "%s: its content ends", path);
	is_str(data, content, "%s: its content", path);
}

static void test_members(void)
{
	static char two_blocks[900], pax[128];
	struct tar_member member;

	memset(two_blocks, 'x', sizeof(two_blocks) - 1);
	(void)snprintf(pax, sizeof(pax), "%s%s", "25 path=a/very/long/name\n", "10 size=3\n");
	begin();
	add("./", '5', "");
	add("./a//b/./c", '0', "hello");
	add("empty", '0', "");
	add("old", '\0', "of V7");
	add("big", '0', two_blocks);
	add("pax", 'x', pax);
	add_header("short", '0', "00000000000");
	add_block("abc", 3);
	add("././@LongLink", 'L', "long/by/gnu");
	add("short", '0', "def");
	add("global", 'g', "11 comment=\n");
	add_header("base256", '0', "\x80\0\0\0\0\0\0\0\0\0\0\x02");
	add_block("yz", 2);
	add("link", '2', "");
	finish();
	open_archive();
	next_is(TAR_FOLDER, "", "");
	next_is(TAR_FILE, "a/b/c", "hello");
	next_is(TAR_FILE, "empty", "");
	next_is(TAR_FILE, "old", "of V7");
	next_is(TAR_FILE, "big", two_blocks);
	next_is(TAR_FILE, "a/very/long/name", "abc");
	next_is(TAR_FILE, "long/by/gnu", "def");
	next_is(TAR_FILE, "base256", "yz");
	next_is(TAR_OTHER, "link", "");
	is_int(tar_next(&tar, &member), 0, "the end");
	open_archive();
	for (int i = 0; i < 9; i++)
		is_int(tar_next(&tar, &member), 1, "a content that nobody reads is skipped (%d)",
		       i);
	is_int(tar_next(&tar, &member), 0, "to the end");
}

/* --- what is not --- */

static void refuses(const char *why, const char *name)
{
	struct tar_member member;
	int r;

	open_archive();
	while ((r = tar_next(&tar, &member)) > 0)
		;
	is_int(r, -EINVAL, "%s: is refused", name);
	ok(strstr(tar.why, why) != NULL, "%s: the reason", name);
	if (strstr(tar.why, why) == NULL)
		printf("#   %s\n", tar.why);
}

static void test_refusals(void)
{
	static const char *const names[] = { "../a", "a/../../b", "a/..", "..", "./../a" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin();
		add(names[i], '0', "x");
		finish();
		refuses("leads out", names[i]);
	}
	begin();
	add("/etc/passwd", '0', "x");
	finish();
	refuses("absolute", "an absolute name");
	begin();
	add("pax", 'x', "18 path=../../etc\n");
	add("good", '0', "x");
	finish();
	refuses("leads out", "one in a pax header");
	begin();
	add("a", '0', "x");
	refuses("cut short", "no end");
	archive_len -= 100;
	refuses("cut short", "half a block");
	begin();
	finish();
	archive[3] = 'x';
	refuses("no tar", "no checksum");
	begin();
	add("pax", 'x', "99 path=a\n");
	finish();
	refuses("broken", "a pax line that is longer than its header");
	begin();
	add_header("big", '0', "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
	finish();
	refuses("size", "a size below nothing");
	begin();
	add("s", 'S', "");
	finish();
	refuses("sparse", "GNU's sparse files");
	begin();
	for (int i = 0; i < 12; i++)
		add("pax", 'x', "10 a=bcde\n");
	finish();
	refuses("too many headers", "headers without end");
	begin();
	refuses("cut short", "nothing at all");
}

static void test_dumps(void)
{
	char head[600] = "toc.dat";

	memcpy(head + 257, "ustar", 5);
	is_int(dump_kind_of(head, sizeof(head)), DUMP_TAR, "pg_dump's tar");
	head[0] = 'x';
	is_int(dump_kind_of(head, sizeof(head)), DUMP_UNKNOWN, "another tar");
	is_int(dump_kind_of("PGDMP\1\17\0", 8), DUMP_CUSTOM, "custom");
	is_int(dump_kind_of("--\n-- PostgreSQL database dump\n--\n", 34), DUMP_PLAIN, "plain");
	is_int(dump_kind_of("\x1f\x8b\x08", 3), DUMP_COMPRESSED, "packed");
	is_int(dump_kind_of("SELECT 1;\n", 10), DUMP_UNKNOWN, "other SQL");
	is_int(dump_kind_of("", 0), DUMP_UNKNOWN, "nothing");
}

int main(void)
{
	test_members();
	test_refusals();
	test_dumps();
	return tap_done();
}
