/* Any bytes as an archive: every name stays below its folder, and it ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/dump.h"
#include "archive/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct memory {
	const uint8_t *data;
	size_t len;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static long read_memory(void *context, void *data, size_t len)
{
	struct memory *memory = context;

	if (len > memory->len)
		len = memory->len;
	if (len > 0)
		memcpy(data, memory->data, len);
	memory->data += len;
	memory->len -= len;
	return (long)len;
}

static bool stays_below(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if ((len == 0 && *path == '/') || (len == 2 && strncmp(path, "..", 2) == 0) ||
		    (len == 1 && *path == '.'))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct memory memory = { data, len };
	struct tar tar = { .read = read_memory, .context = &memory };
	struct tar_member member;
	char content[1000];
	int r;

	require(dump_kind_of((const char *)data, len < DUMP_HEAD_BYTES ? len : DUMP_HEAD_BYTES) <
	        DUMP_KIND_COUNT);
	while ((r = tar_next(&tar, &member)) > 0) {
		require(stays_below(member.path) && member.size >= 0);
		if (member.kind == TAR_FILE && member.size % 2 == 0)
			while (tar_content(&tar, content, sizeof(content)) > 0)
				;
	}
	require(r == 0 || tar.why[0] != '\0');
	return 0;
}
