#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
/* As in sanitizer/asan_interface.h, which not every clang brings along. */
void __asan_poison_memory_region(const volatile void *start, size_t size);
void __asan_unpoison_memory_region(const volatile void *start, size_t size);
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum {
	ALIGNMENT = _Alignof(max_align_t),
	FIRST_BLOCK_BYTES = 16 * 1024,
	LARGEST_BLOCK_BYTES = 1024 * 1024, /* where doubling ends; bigger requests get their own */
#ifdef ARENA_ASAN
	RED_ZONE_BYTES = ALIGNMENT, /* stays poisoned, so that running over an end is seen */
#else
	RED_ZONE_BYTES = 0,
#endif
};

struct block {
	struct block *next;
	size_t mapped_bytes; /* of the whole block, header included */
	size_t used, room;   /* of data[] */
	_Alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *blocks; /* the newest first */
	size_t next_block_bytes;
	bool secret;
};

static _Noreturn void out_of_memory(void)
{
	fputs("stead: out of memory\n", stderr);
	abort();
}

static struct arena *new_arena(bool secret)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		out_of_memory();
	arena->secret = secret;
	arena->next_block_bytes = FIRST_BLOCK_BYTES;
	return arena;
}

struct arena *arena_new(void)
{
	return new_arena(false);
}

struct arena *arena_new_secret(void)
{
	return new_arena(true);
}

/* Own pages: malloc's could share one with data that is neither locked nor wiped. */
static struct block *map_secret_pages(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	/* Both are best effort: RLIMIT_MEMLOCK may be small, and an old kernel may know neither. */
	(void)mlock(pages, bytes);
	(void)madvise(pages, bytes, MADV_DONTDUMP);
	return pages;
}

static struct block *add_block(struct arena *arena, size_t needed)
{
	size_t bytes = arena->next_block_bytes;
	struct block *block;

	if (needed > SIZE_MAX / 2)
		out_of_memory();
	if (bytes < needed + sizeof(*block))
		bytes = (needed + sizeof(*block) + 4095) & ~(size_t)4095;
	else if (arena->next_block_bytes < LARGEST_BLOCK_BYTES)
		arena->next_block_bytes *= 2;
	block = arena->secret ? map_secret_pages(bytes) : calloc(1, bytes);
	if (block == NULL)
		out_of_memory();
	block->mapped_bytes = bytes;
	block->room = bytes - sizeof(*block);
	block->next = arena->blocks;
	arena->blocks = block;
	POISON(block->data, block->room);
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->blocks;
	size_t needed;
	void *result;

	if (size > SIZE_MAX / 4)
		out_of_memory();
	/* Also an empty allocation gets an address of its own. */
	needed = (size == 0) ? 1 : size;
	needed = (needed + RED_ZONE_BYTES + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (block == NULL || block->room - block->used < needed)
		block = add_block(arena, needed);
	result = block->data + block->used;
	block->used += needed;
	UNPOISON(result, size);
	return result; /* calloc and mmap gave zeroes, and nothing is ever given out twice */
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory();
	return arena_alloc(arena, bytes);
}

void arena_free(struct arena *arena)
{
	struct block *next;

	if (arena == NULL)
		return;
	for (struct block *block = arena->blocks; block != NULL; block = next) {
		size_t bytes = block->mapped_bytes;

		next = block->next;
		UNPOISON(block->data, block->room);
		if (arena->secret) {
			explicit_bzero(block, bytes);
			(void)munmap(block, bytes);
		} else {
			free(block);
		}
	}
	free(arena);
}

void arena_cleanup(struct arena **arena)
{
	arena_free(*arena);
	*arena = NULL;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_strndup(arena, s, strlen(s));
}

char *arena_strndup(struct arena *arena, const char *s, size_t len)
{
	char *copy;

	if (len > SIZE_MAX / 4)
		out_of_memory();
	copy = arena_alloc(arena, len + 1);
	if (len > 0)
		memcpy(copy, s, len);
	return copy;
}

void *arena_memdup(struct arena *arena, const void *data, size_t len)
{
	return arena_strndup(arena, data, len);
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *result;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		out_of_memory();
	result = arena_alloc(arena, (size_t)len + 1);
	(void)vsnprintf(result, (size_t)len + 1, format, args);
	return result;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *result;

	va_start(args, format);
	result = arena_vprintf(arena, format, args);
	va_end(args);
	return result;
}
