/*
 * Time. Everything that measures uses the monotonic clock; only what is shown or stored for people
 * uses the calendar.
 */
#ifndef STEAD_BASE_CLOCK_H
#define STEAD_BASE_CLOCK_H

#include <stdint.h>

struct arena;

int64_t clock_ms(void); /* monotonic */
void clock_sleep_ms(unsigned ms);
const char *clock_now_utc(struct arena *arena); /* "2026-01-31T12:00:00Z" */

#endif
