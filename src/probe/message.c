#include "probe/message.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum {
	WORD_BYTES = 42, /* in one encoded word: with base64 and frame at most 75 (RFC 2047, 2) */
	LINE_LEN = 72,
};

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Encoded words, split between characters. */
static void add_encoded(struct text *text, const char *s)
{
	const char *separator = "";

	while (*s != '\0') {
		size_t len = strlen(s);

		if (len > WORD_BYTES)
			for (len = WORD_BYTES; len > 1 && is_continuation(s[len]); len--)
				;
		text_addf(text, "%s=?UTF-8?B?%s?=", separator, base64_encode(text->arena, s, len));
		separator = "\r\n ";
		s += len;
	}
}

/* A display name: in quotes, so that no character of it means something. */
static void add_name(struct text *text, const char *name)
{
	if (!is_ascii(name)) {
		add_encoded(text, name);
		return;
	}
	text_addc(text, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			text_addc(text, '\\');
		text_addc(text, *name);
	}
	text_addc(text, '"');
}

const char *message_address(struct arena *arena, const char *from)
{
	const char *open = strrchr(from, '<');

	return open == NULL ? from : arena_strndup(arena, open + 1, strcspn(open + 1, ">"));
}

static void add_from(struct text *text, const char *from)
{
	const char *open = strrchr(from, '<');
	const char *start = from;
	size_t len;
	char *name;

	if (open == NULL) {
		text_add(text, from);
		return;
	}
	len = (size_t)(open - from);
	while (len > 0 && from[len - 1] == ' ')
		len--;
	if (len >= 2 && from[0] == '"' && from[len - 1] == '"') {
		start++;
		len -= 2;
	}
	name = arena_strndup(text->arena, start, len);
	if (*name != '\0') {
		add_name(text, name);
		text_addc(text, ' ');
	}
	text_addf(text, "<%s>", message_address(text->arena, from));
}

/* "Sun, 22 Nov 2026 02:30:00 +0000", whatever the locale. */
static void add_date(struct text *text, time_t when)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	(void)gmtime_r(&when, &tm);
	text_addf(text, "%s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
	          months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Quoted-printable (RFC 2045, 6.7), lines ended by CRLF. */
static void add_quoted(struct text *text, const char *s)
{
	size_t column = 0;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = c != '=' && c < 0x7f && (c > ' ' || (c == ' ' && s[1] != '\n'));

		if (c == '\n') {
			text_add(text, "\r\n");
			column = 0;
			continue;
		}
		if (column + 3 > LINE_LEN) {
			text_add(text, "=\r\n");
			column = 0;
		}
		/* A dot at the start of a line is curl's to double. */
		if (plain)
			text_addc(text, (char)c);
		else
			text_addf(text, "=%02X", c);
		column += plain ? 1 : 3;
	}
}

char *message_write(struct arena *arena, const struct message *m)
{
	struct text text;

	text_init(&text, arena);
	text_add(&text, "From: ");
	add_from(&text, m->from);
	text_addf(&text, "\r\nTo: <%s>\r\nSubject: Mail from %s works\r\nDate: ", m->to, m->domain);
	add_date(&text, m->when);
	text_addf(&text,
	          "\r\nMessage-ID: <%s@%s>\r\n"
	          "Auto-Submitted: auto-generated\r\n"
	          "MIME-Version: 1.0\r\n"
	          "Content-Type: text/plain; charset=utf-8\r\n"
	          "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
	          m->id, m->domain);
	add_quoted(&text,
	           arena_printf(arena,
	                        "This message was sent through the node %s (%s), from \xe2\x80"
	                        "\x9c%s\xe2\x80\x9d,\n"
	                        "by \"stead mail test\" or the first \"stead up\".\n\n"
	                        "If you can read it, mail from the node arrives. There is "
	                        "nothing to do.\n",
	                        m->domain, m->app, m->from));
	return text.data;
}
