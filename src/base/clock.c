#include "base/clock.h"

#include <errno.h>
#include <time.h>

#include "base/arena.h"

int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_sleep_ms(unsigned ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		continue;
}

const char *clock_now_utc(struct arena *arena)
{
	time_t now = time(NULL);
	struct tm parts;
	char *text = arena_alloc(arena, sizeof("2026-01-31T12:00:00Z") + 8);

	(void)gmtime_r(&now, &parts);
	(void)strftime(text, sizeof("2026-01-31T12:00:00Z") + 8, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return text;
}
