/* base: arenas, lists, texts, files, processes, the clock. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/process.h"
#include "base/text.h"
#include "tap.h"

static bool is_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void test_arena(struct arena *(*make)(void), const char *kind)
{
	cleanup_arena struct arena *arena = make();
	bool aligned = true, zeroed = true;
	unsigned char *large, *a, *b;

	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = arena_alloc(arena, size);

		aligned = aligned && (uintptr_t)p % _Alignof(max_align_t) == 0;
		zeroed = zeroed && is_zero(p, size);
		memset(p, 0xff, size);
	}
	ok(aligned, "%s arena: aligned for any type", kind);
	ok(zeroed, "%s arena: zeroed, also behind used memory", kind);
	a = arena_alloc(arena, 0);
	b = arena_alloc(arena, 0);
	ok(a != b, "%s arena: empty allocations differ", kind);
	large = arena_alloc(arena, 5 * 1024 * 1024);
	ok(is_zero(large, 5 * 1024 * 1024), "%s arena: larger than any block", kind);
	large[5 * 1024 * 1024 - 1] = 1;
	is_str(arena_printf(arena, "%s-%05d", "x", 42), "x-00042", "%s arena: printf", kind);
	is_str(arena_strndup(arena, "abcdef", 3), "abc", "%s arena: strndup ends in a NUL", kind);
	is_int(((char *)arena_memdup(arena, "a\0b", 3))[2], 'b', "%s arena: memdup keeps NULs",
	       kind);
}

/* A child that does what must end the process; true when it died of SIGABRT. */
static bool aborts(void (*f)(void))
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		f();
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void overflow_product(void)
{
	(void)arena_array(arena_new(), SIZE_MAX / 2, 3);
}

static void overflow_size(void)
{
	(void)arena_alloc(arena_new(), SIZE_MAX - 8);
}

static void test_list(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct strings list = { 0 };
	bool same = true;

	for (int i = 0; i < 1000; i++)
		*list_add(arena, &list) = arena_printf(arena, "%d", i);
	for (int i = 0; i < 1000; i++)
		same = same && atoi(list.items[i]) == i;
	is_int((long long)list.count, 1000, "list: counts");
	ok(same, "list: growing keeps the items in order");
	for (int i = 0; i < 100; i++)
		(void)list_add(arena, &list);
	ok(list.items[1050] == NULL, "list: a new element is zeroed");
}

static void test_text(void)
{
	cleanup_arena struct arena *arena = arena_new();
	struct text text;

	text_init(&text, arena);
	is_str(text.data, "", "text: empty at first");
	for (int i = 0; i < 200; i++)
		text_addf(&text, "%d,", i);
	text_addc(&text, '!');
	text_addn(&text, "abc", 0);
	text_addn(&text, "abc", 2);
	ok(str_starts(text.data, "0,1,2,") && str_ends(text.data, "198,199,!ab"),
	   "text: all that was added");
	is_int((long long)text.len, (long long)strlen(text.data), "text: its length");
	text_init(&text, arena);
	for (int i = 0; i < 63; i++)
		text_addc(&text, 'x');
	text_addf(&text, "%s", "y");
	is_int((long long)text.len, 64, "text: grows exactly at its capacity");
	is_str(text.data + 60, "xxxy", "text: nothing is lost when it grows");
}

static void test_strings(void)
{
	static const char *const keys[] = { "mail", "domain", "admin", "app", "backup" };
	static const struct {
		const char *a, *b;
		unsigned distance;
	} distances[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "abc", "abc", 0 },
		{ "abc", "abd", 1 },
		{ "abc", "acb", 1 },
		{ "abc", "ab", 1 },
		{ "kitten", "sitting", 3 },
		{ "domian", "domain", 1 },
		{ "ca", "abc", 3 },
	};
	long value = 7;

	ok(str_equal(NULL, NULL) && !str_equal(NULL, "") && !str_equal("", NULL) &&
	           str_equal("a", "a"),
	   "str_equal: NULL equals only NULL");
	ok(str_ends("abc", "") && str_ends("abc", "bc") && !str_ends("c", "bc"), "str_ends");
	for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++)
		is_int(str_distance(distances[i].a, distances[i].b), distances[i].distance,
		       "str_distance: '%s' to '%s'", distances[i].a, distances[i].b);
	is_str(str_nearest("mial", keys, 5), "mail", "str_nearest: letters swapped");
	is_str(str_nearest("domains", keys, 5), "domain", "str_nearest: a letter too many");
	is_str(str_nearest("monitoring", keys, 5), NULL, "str_nearest: nothing is near");
	is_str(str_nearest("", keys, 5), NULL, "str_nearest: of an empty word");
	is_str(str_nearest("x", keys, 0), NULL, "str_nearest: no candidates");
	ok(str_to_long("-42", &value) && value == -42, "str_to_long: negative");
	ok(str_to_long("9223372036854775807", &value) && value == INT64_MAX,
	   "str_to_long: the largest");
	value = 7;
	for (const char *const *bad =
	             (const char *const[]){ "", "-", "+1", " 1", "1 ", "0x1", "1e3", "--1",
	                                    "9223372036854775808", NULL };
	     *bad != NULL; bad++)
		ok(!str_to_long(*bad, &value) && value == 7, "str_to_long: not '%s'", *bad);
}

static void test_utf8(void)
{
	static const struct {
		const char *s;
		int bad; /* -1: valid */
		const char *what;
	} cases[] = {
		{ "", -1, "empty" },
		{ "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", -1, "all lengths" },
		{ "\xf4\x8f\xbf\xbf", -1, "U+10FFFF" },
		{ "a\xf4\x90\x80\x80", 1, "over U+10FFFF" },
		{ "ab\xed\xa0\x80", 2, "a surrogate" },
		{ "\xc0\x80", 0, "an overlong NUL" },
		{ "\xe0\x9f\xbf", 0, "overlong, three bytes" },
		{ "\xf0\x8f\xbf\xbf", 0, "overlong, four bytes" },
		{ "abc\x80", 3, "a lone continuation byte" },
		{ "abc\xe2\x82", 3, "cut short" },
		{ "a\xff", 1, "0xff" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t at = SIZE_MAX;
		bool valid = utf8_valid(cases[i].s, strlen(cases[i].s), &at);

		ok(cases[i].bad < 0 ? valid : !valid && at == (size_t)cases[i].bad, "utf8: %s",
		   cases[i].what);
	}
}

static void test_base64(void)
{
	cleanup_arena struct arena *arena = arena_new();
	/* RFC 4648, section 10 */
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		is_str(base64_encode(arena, vectors[i][0], strlen(vectors[i][0])), vectors[i][1],
		       "base64: '%s'", vectors[i][0]);
	is_str(base64_encode(arena, "\xfb\xff\x00", 3), "+/8A", "base64: bytes over 127 and NUL");
}

static int count_entries(int dir)
{
	cleanup_arena struct arena *arena = arena_new();
	char path[32];
	const char *const argv[] = { "ls", "-A", path, NULL };
	struct process_result result;
	int count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d/", (int)getpid(), dir);
	if (process_run(arena, &(struct process_run){ .argv = argv }, &result) < 0)
		return -1;
	for (const char *p = result.out; *p != '\0'; p++)
		count += *p == '\n';
	return count;
}

/* The one-block messages of FIPS 180-2, appendices B and C. */
static void test_hash(void)
{
	cleanup_arena struct arena *arena = arena_new();

	is_str(hash_sha256(arena, "abc", 3),
	       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256");
	is_str(hash_sha512(arena, "abc", 3),
	       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	       "SHA-512");
	is_str(hash_hex(arena, (const unsigned char *)"", 0), "", "no bytes are no text");
}

static void test_files(int dir)
{
	cleanup_arena struct arena *arena = arena_new();
	struct stat st;
	char *data = NULL;
	size_t len = 0;
	int pipe_fds[2];

	is_int(file_write_atomic(dir, "a", 0640, "one", 3), 0, "file: written");
	is_int(file_write_atomic(dir, "a", 0604, "two\0x", 5), 0, "file: written over");
	is_int(file_read(arena, dir, "a", 5, &data, &len), 0,
	       "file: read, exactly as big as may be");
	ok(len == 5 && memcmp(data, "two\0x", 6) == 0, "file: the new content, a NUL behind it");
	(void)fstatat(dir, "a", &st, 0);
	is_int(st.st_mode & 07777, 0604, "file: the mode, whatever the umask");
	len = 99;
	is_int(file_read(arena, dir, "a", 4, &data, &len), -EFBIG, "file: too big");
	is_int((long long)len, 99, "file: outputs untouched on failure");
	is_int(file_read(arena, dir, "none", 9, &data, &len), -ENOENT, "file: not there");
	is_int(file_read(arena, dir, ".", 9, &data, &len), -EISDIR, "file: a directory");
	is_int(file_create(dir, "a", 0600, "x", 1), -EEXIST, "file: create finds it there");
	(void)!symlinkat("nowhere", dir, "link");
	is_int(file_create(dir, "link", 0600, "x", 1), -EEXIST,
	       "file: create finds a dangling link there");
	is_int(file_create(dir, "b", 0400, "", 0), 0, "file: created, empty");
	is_int(file_write_atomic(dir, "missing/x", 0600, "x", 1), -ENOENT, "file: no such folder");
	is_int(file_write_atomic(dir, "d/", 0600, "x", 1), -EINVAL, "file: no name");
	is_int(dir_make(dir, "d/e//f/", 0700), 0, "dir: made with its parents");
	is_int(dir_make(dir, "d/e/f", 0755), 0, "dir: there already");
	is_int(dir_make(dir, "a/x", 0755), -ENOTDIR, "dir: below a file");
	(void)fstatat(dir, "d/e/f", &st, 0);
	is_int(st.st_mode & 07777, 0700, "dir: mode of the last part");
	is_int(file_write_atomic(dir, "d", 0600, "x", 1), -EISDIR, "file: not over a directory");
	is_int(dir_sync(dir, "d/e"), 0, "dir: synced");
	is_int(count_entries(dir), 4, "file: no temporary files are left behind");

	is_int(file_read(arena, AT_FDCWD, "/proc/self/status", 1 << 20, &data, &len), 0,
	       "file: from /proc");
	ok(str_starts(data, "Name:") && len == strlen(data),
	   "file: all of it, though its size is 0");
	if (pipe(pipe_fds) == 0) {
		(void)!write(pipe_fds[1], "piped", 5);
		(void)close(pipe_fds[1]);
		is_int(file_read(arena, AT_FDCWD,
		                 arena_printf(arena, "/proc/self/fd/%d", pipe_fds[0]), 10, &data,
		                 &len),
		       0, "file: from a pipe");
		is_str(data, "piped", "file: what was in the pipe");
		(void)close(pipe_fds[0]);
	}
}

static struct process_result run(struct arena *arena, const char *script, struct process_run run,
                                 int expected)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct process_result result = { 0 };

	run.argv = argv;
	is_int(process_run(arena, &run, &result), expected, "process: sh -c '%.40s'", script);
	return result;
}

static void test_processes(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *const nothing[] = { "/does/not/exist", NULL };
	struct process_result r = { .exit_code = 99 };
	char *big = arena_alloc(arena, 300001);
	int64_t start;

	r = run(arena, "echo out; echo err >&2; exit 3", (struct process_run){ 0 }, 0);
	is_int(r.exit_code, 3, "process: its exit code");
	is_str(r.out, "out\n", "process: stdout");
	is_str(r.err, "err\n", "process: stderr");

	memset(big, 'x', 300000);
	r = run(arena, "cat", (struct process_run){ .stdin_data = big, .stdin_len = 300000 }, 0);
	is_str(r.out, big, "process: more input and output than a pipe holds");

	r = run(arena, "exit 0", (struct process_run){ .stdin_data = big, .stdin_len = 300000 }, 0);
	is_int(r.exit_code, 0, "process: one that does not read its input");

	r = run(arena, "cat; echo end", (struct process_run){ 0 }, 0);
	is_str(r.out, "end\n", "process: no input is an empty one");

	r = run(arena, "head -c 100000 /dev/zero | tr '\\0' y; echo done >&2",
	        (struct process_run){ .max_output_bytes = 10 }, 0);
	is_str(r.out, "yyyyyyyyyy", "process: output beyond the limit is dropped");
	is_str(r.err, "done\n", "process: and the program not stopped by it");

	r = run(arena, "kill -9 $$", (struct process_run){ 0 }, 0);
	is_int(r.exit_code, 128 + 9, "process: killed by a signal");

	start = clock_ms();
	r = run(arena, "sleep 30 & sleep 30", (struct process_run){ .deadline_ms = 200 }, 0);
	ok(r.timed_out && r.exit_code == 128 + 15, "process: past its deadline it is terminated");
	ok(clock_ms() - start < 3000, "process: its children, too: nobody holds the pipes");

	start = clock_ms();
	r = run(arena, "sleep 5 >/dev/null 2>&1 & echo started", (struct process_run){ 0 }, 0);
	r = run(arena, "sleep 5 & echo started", (struct process_run){ 0 }, 0);
	is_str(r.out, "started\n", "process: one that leaves a daemon behind");
	ok(clock_ms() - start < 3000, "process: nobody waits for the daemon");

	r.exit_code = 99;
	is_int(process_run(arena, &(struct process_run){ .argv = nothing }, &r), -ENOENT,
	       "process: no such program");
	is_int(r.exit_code, 99, "process: result untouched on failure");
	is_int(process_exec(nothing), -ENOENT, "process_exec: no such program");
}

static void test_clock(void)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *now = clock_now_utc(arena);
	int64_t start = clock_ms(), took;

	clock_sleep_ms(30);
	took = clock_ms() - start;
	ok(took >= 30 && took < 3000, "clock: sleeps as long as asked");
	ok(strlen(now) == 20 && now[4] == '-' && now[10] == 'T' && now[19] == 'Z',
	   "clock: RFC 3339 in UTC");
}

int main(void)
{
	char path[] = "/tmp/stead-unit-XXXXXX";
	const char *const remove[] = { "rm", "-rf", path, NULL };
	cleanup_arena struct arena *arena = arena_new();
	struct process_result ignored;
	int dir;

	test_arena(arena_new, "plain");
	test_arena(arena_new_secret, "secret");
	ok(aborts(overflow_product), "arena: a product that overflows ends the process");
	ok(aborts(overflow_size), "arena: a size that overflows ends the process");
	arena_free(NULL);
	test_list();
	test_text();
	test_strings();
	test_utf8();
	test_base64();
	test_hash();
	(void)umask(077);
	if (mkdtemp(path) == NULL || (dir = open(path, O_RDONLY | O_DIRECTORY)) < 0)
		return 1;
	test_files(dir);
	(void)close(dir);
	(void)process_run(arena, &(struct process_run){ .argv = remove }, &ignored);
	test_processes();
	test_clock();
	return tap_done();
}
