/*
 * Arenas: memory that is dropped at once.
 *
 * One arena holds all that one compile (or one job of the agent) makes: sources, trees, model,
 * findings, outputs. Nothing in it is freed alone. Out of memory ends the process: there is
 * nothing better to do in a program that runs for milliseconds.
 */
#ifndef STEAD_BASE_ARENA_H
#define STEAD_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* A new arena; the caller frees it with arena_free(). */
struct arena *arena_new(void);

/* An arena for secrets: its pages are locked (as far as the limits allow), kept out of core dumps,
 * and wiped when it is freed. */
struct arena *arena_new_secret(void);

/* Frees everything made in the arena. NULL is fine. */
void arena_free(struct arena *arena);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);

/* Zeroed memory for COUNT elements; ends the process when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies, always with a NUL behind them. */
char *arena_strdup(struct arena *arena, const char *s);
char *arena_strndup(struct arena *arena, const char *s, size_t len);
void *arena_memdup(struct arena *arena, const void *data, size_t len);

/* sprintf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Scope cleanup: `cleanup_arena struct arena *a = arena_new();` */
void arena_cleanup(struct arena **arena);
#define cleanup_arena __attribute__((cleanup(arena_cleanup)))

#endif
