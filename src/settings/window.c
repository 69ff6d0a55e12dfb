/* "Sun 03:00-05:00": when something may happen by itself. */
#include "settings/internal.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum {
	DAYS = 7,
	ALL_DAYS = (1 << DAYS) - 1,
	HOUR_MIN = 60,
	DAY_MIN = 24 * HOUR_MIN,
	SHORTEST_MIN = 30, /* systems look every few minutes, and count down before they restart */
};

static const char *const day_names[DAYS] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

const char *settings_day_name(unsigned day)
{
	return day_names[day % DAYS];
}

static bool read_day(const char **s, unsigned *ret)
{
	for (unsigned i = 0; i < DAYS; i++) {
		if (strncasecmp(*s, day_names[i], 3) == 0) {
			*ret = i;
			*s += 3;
			return true;
		}
	}
	return false;
}

/* "Sun", "Mon-Fri", "Sat,Sun"; a range may go over the end of the week. */
static bool read_days(const char **s, unsigned *ret)
{
	for (;;) {
		unsigned first, last;

		if (!read_day(s, &first))
			return false;
		last = first;
		if (**s == '-') {
			(*s)++;
			if (!read_day(s, &last))
				return false;
		}
		for (unsigned day = first;; day = (day + 1) % DAYS) {
			*ret |= 1u << day;
			if (day == last)
				break;
		}
		if (**s != ',')
			return true;
		(*s)++;
	}
}

static bool read_two(const char **s, unsigned *ret)
{
	const char *p = *s;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*ret = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
	*s += 2;
	return true;
}

/* HH:MM; 24:00 is the end of the day. */
static bool read_time(const char **s, unsigned *ret)
{
	unsigned hours, minutes;

	if (!read_two(s, &hours) || *(*s)++ != ':' || !read_two(s, &minutes) || minutes > 59)
		return false;
	*ret = hours * HOUR_MIN + minutes;
	return *ret <= DAY_MIN;
}

/* "Sun 03:00"; without days: every day. */
static bool read_start(const char **s, unsigned *ret_days, unsigned *ret_min)
{
	*ret_days = 0;
	if (**s >= '0' && **s <= '9') {
		*ret_days = ALL_DAYS;
	} else {
		if (!read_days(s, ret_days) || *(*s)++ != ' ')
			return false;
		*s += strspn(*s, " ");
	}
	return read_time(s, ret_min) && *ret_min < DAY_MIN;
}

bool settings_schedule_parse(const char *s, struct settings_window *ret)
{
	unsigned days, start;

	if (!read_start(&s, &days, &start) || *s != '\0')
		return false;
	*ret = (struct settings_window){ .given = true, .days = days, .start_min = start };
	return true;
}

bool settings_window_parse(const char *s, struct settings_window *ret)
{
	unsigned days, start, end;

	if (!read_start(&s, &days, &start) || *s++ != '-' || !read_time(&s, &end) || *s != '\0')
		return false;
	*ret = (struct settings_window){
		.given = true,
		.days = days,
		.start_min = start,
		.length_min = end > start ? end - start : end + DAY_MIN - start,
	};
	return start != end;
}

bool settings_window_holds(const struct settings_window *window, unsigned day, unsigned minute)
{
	unsigned end = window->start_min + window->length_min;
	unsigned today = 1u << day, yesterday = 1u << (day + DAYS - 1) % DAYS;

	if (!window->given)
		return false;
	return ((window->days & today) != 0 && minute >= window->start_min && minute < end) ||
	       ((window->days & yesterday) != 0 && minute + DAY_MIN < end);
}

void settings_check_updates(struct settings_checker *c, struct settings_updates *updates)
{
	const struct value_text *window = &updates->window;

	if (window->v == NULL)
		return;
	if (!settings_window_parse(window->v, &updates->when)) {
		updates->when.given = false;
		diag_error(c->findings, "settings.value", window->at,
		           "like \"Sun 03:00-05:00\", \"Mon-Fri 02:00-04:00\" or \"03:00-05:00\"",
		           "'updates.window' is not days and times");
		return;
	}
	updates->when.at = window->at;
	if (updates->when.length_min < SHORTEST_MIN)
		diag_error(c->findings, "settings.value", window->at, NULL,
		           "'updates.window' is shorter than %d minutes", SHORTEST_MIN);
}
