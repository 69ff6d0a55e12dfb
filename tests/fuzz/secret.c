/* Any bytes as the secrets document and as a private key; what is read is written and read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "secret/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Reads the bytes as a file that only its owner may read. */
static bool read_bytes(struct arena *arena, const void *data, size_t len, struct secrets *ret,
                       struct findings *findings)
{
	cleanup_fd int fd = memfd_create("secrets", 0);
	char path[64];

	require(fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return secrets_read(arena, path, ret, findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup_arena struct arena *arena = arena_new_secret();
	struct secrets first, again;
	struct findings findings;
	const char *text;
	size_t text_len;

	if (len > 65536)
		return 0;
	(void)secret_ssh_public(arena, arena_strndup(arena, (const char *)data, len));
	findings_init(&findings, arena);
	if (!read_bytes(arena, data, len, &first, &findings))
		return 0;
	text = secrets_write(&first, &text_len);
	require(strlen(text) == text_len);
	require(read_bytes(arena, text, text_len, &again, &findings) && findings.errors == 0);
	require(again.count == first.count);
	for (size_t i = 0; i < first.count; i++) {
		const struct secret *same = secrets_get(&again, first.items[i].name);

		require(same != NULL && strcmp(same->value, first.items[i].value) == 0);
	}
	return 0;
}
