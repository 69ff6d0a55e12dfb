/*
 * The Test Anything Protocol, as little of it as the unit tests need.
 *
 *     int main(void)
 *     {
 *             is_int(2 + 2, 4, "two and two");
 *             return tap_done();
 *     }
 *
 * Every check prints one line, and on failure what was there and what was expected.
 */
#ifndef STEAD_TESTS_TAP_H
#define STEAD_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static void __attribute__((format(printf, 2, 0))) tap_line(bool ok, const char *name, va_list args)
{
	char text[256];

	tap_count++;
	tap_failed += !ok;
	(void)vsnprintf(text, sizeof(text), name, args);
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == '#') /* a # would begin a directive */
			*p = '.';
	printf("%s %d - %s\n", ok ? "ok" : "not ok", tap_count, text);
	(void)fflush(stdout); /* so that a crash loses nothing */
}

/* The name is a printf format, for checks in loops. */
static bool __attribute__((format(printf, 2, 3), unused)) ok(bool condition, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_line(condition, name, args);
	va_end(args);
	return condition;
}

static bool __attribute__((format(printf, 3, 4), unused))
is_int(long long got, long long expected, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_line(got == expected, name, args);
	va_end(args);
	if (got != expected)
		printf("#   got %lld, expected %lld\n", got, expected);
	return got == expected;
}

static inline void tap_diagnose(const char *label, const char *text)
{
	printf("#   %s:\n", label);
	if (text == NULL) {
		printf("#     NULL\n");
		return;
	}
	while (*text != '\0') {
		int len = (int)strcspn(text, "\n");

		printf("#     %.*s\n", len, text);
		text += len + (text[len] == '\n');
	}
}

static bool __attribute__((format(printf, 3, 4), unused))
is_str(const char *got, const char *expected, const char *name, ...)
{
	bool same =
		got == expected || (got != NULL && expected != NULL && strcmp(got, expected) == 0);
	va_list args;

	va_start(args, name);
	tap_line(same, name, args);
	va_end(args);
	if (!same) {
		tap_diagnose("got", got);
		tap_diagnose("expected", expected);
	}
	return same;
}

/* The plan; the result is main's. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

#endif
