#include "cli/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/arena.h"

enum { ANSWER_MAX = 4096 };

bool terminal_color(FILE *out, const char *when)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (strcmp(when, "always") == 0)
		return true;
	if (strcmp(when, "never") == 0 || (no_color != NULL && *no_color != '\0'))
		return false;
	return isatty(fileno(out)) && term != NULL && strcmp(term, "dumb") != 0;
}

bool terminal_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* By bytes and unbuffered: no copy of a password stays in a buffer of stdio. */
static int read_line(char line[static ANSWER_MAX], size_t *ret_len)
{
	size_t len = 0;

	for (;;) {
		char c;
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0 && len == 0)
			return -ENODATA;
		if (n == 0 || c == '\n')
			break;
		if (c == '\0')
			return -EINVAL;
		if (len + 1 == ANSWER_MAX)
			return -E2BIG;
		line[len++] = c;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	*ret_len = len;
	return 0;
}

int terminal_ask(struct arena *arena, const char *question, const char *fallback, char **ret_answer)
{
	char line[ANSWER_MAX];
	size_t len = 0, skip;
	int r;

	if (fallback != NULL)
		(void)fprintf(stderr, "%s [%s]: ", question, fallback);
	else
		(void)fprintf(stderr, "%s: ", question);
	(void)fflush(stderr);
	r = read_line(line, &len);
	if (r < 0)
		return r;
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		line[--len] = '\0';
	skip = strspn(line, " \t");
	if (len == skip && fallback != NULL)
		*ret_answer = arena_strdup(arena, fallback);
	else
		*ret_answer = arena_strdup(arena, line + skip);
	return 0;
}

int terminal_ask_secret(struct arena *secret_arena, const char *question, char **ret_answer)
{
	struct termios before, silent;
	bool changed = tcgetattr(STDIN_FILENO, &before) == 0;
	char line[ANSWER_MAX];
	size_t len = 0;
	int r;

	if (changed) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		changed = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
	}
	(void)fprintf(stderr, "%s: ", question);
	(void)fflush(stderr);
	r = read_line(line, &len);
	if (changed)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)fputc('\n', stderr);
	if (r == 0)
		*ret_answer = arena_strndup(secret_arena, line, len);
	explicit_bzero(line, sizeof(line));
	return r;
}

bool terminal_confirm(const char *question, bool fallback)
{
	char line[ANSWER_MAX];
	size_t len = 0;

	for (;;) {
		(void)fprintf(stderr, "%s [%s] ", question, fallback ? "Y/n" : "y/N");
		(void)fflush(stderr);
		if (read_line(line, &len) < 0)
			return false;
		if (len == 0)
			return fallback;
		if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0)
			return true;
		if (strcasecmp(line, "n") == 0 || strcasecmp(line, "no") == 0)
			return false;
	}
}
