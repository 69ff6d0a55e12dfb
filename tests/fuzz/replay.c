/*
 * Runs a fuzz target over the files given, one after the other: what a fuzzer once found stays
 * tested in builds without one. Prints TAP; a crash or a sanitizer's report ends the program before
 * its plan, which the suite counts as a failure.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

enum { MAX_BYTES = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay(int number, const char *path)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *slash = strrchr(path, '/');
	char *data = NULL;
	size_t len = 0;

	if (file_read(arena, AT_FDCWD, path, MAX_BYTES, &data, &len) < 0) {
		printf("not ok %d - %s cannot be read\n", number, path);
		return 1;
	}
	/* Exactly as long as the input, so that reading past its end is seen. */
	(void)LLVMFuzzerTestOneInput(arena_memdup(arena, data, len), len);
	printf("ok %d - %s\n", number, slash != NULL ? slash + 1 : path);
	(void)fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed += replay(i, argv[i]);
	printf("1..%d\n", argc - 1);
	return failed > 0;
}
