#include "probe/dialogue.h"

#include <string.h>
#include <strings.h>

enum { CODE_LEN = 3 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "250 text", "250-text" or "250"; RFC 5321, 4.2. */
static bool is_reply(const char *line, size_t len)
{
	return len >= CODE_LEN && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) &&
	       is_digit(line[2]) && (len == CODE_LEN || line[3] == ' ' || line[3] == '-');
}

static void add_text(struct dialogue *d, const char *s, size_t len)
{
	if (d->phase == SMTP_LOGIN)
		return;
	if (d->len > 0 && d->len + 1 < sizeof(d->text))
		d->text[d->len++] = ' ';
	for (size_t i = 0; i < len && d->len + 1 < sizeof(d->text); i++)
		d->text[d->len++] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	d->text[d->len] = '\0';
}

static bool is_word(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && strncasecmp(s, word, n) == 0 && (len == n || s[n] == ' ' || s[n] == '=');
}

static void take_capability(struct dialogue *d, const char *s, size_t len)
{
	if (is_word(s, len, "STARTTLS"))
		d->offers_starttls = true;
	if (is_word(s, len, "AUTH"))
		d->offers_login = true;
}

static enum smtp_phase first_command(const struct dialogue *d)
{
	return d->want_message ? SMTP_SENDER : SMTP_COMMAND;
}

/* Which command curl sends after a reply that was fine. */
static void advance(struct dialogue *d)
{
	switch (d->phase) {
	case SMTP_GREETING:
		d->phase = SMTP_HELLO;
		break;
	case SMTP_HELLO:
		if (d->want_starttls && !d->tls)
			d->phase = SMTP_STARTTLS;
		else
			d->phase = d->want_login ? SMTP_LOGIN : first_command(d);
		break;
	case SMTP_STARTTLS:
		d->tls = true;
		d->phase = SMTP_HELLO;
		d->offers_starttls = d->offers_login = false;
		break;
	case SMTP_LOGIN:
		d->login = true;
		d->phase = first_command(d);
		break;
	case SMTP_SENDER:
	case SMTP_RECIPIENT:
	case SMTP_DATA:
		d->phase++;
		break;
	case SMTP_BODY:
	case SMTP_COMMAND:
	case SMTP_END:
		d->phase = SMTP_END;
		break;
	}
}

static bool is_good(const struct dialogue *d)
{
	if (d->phase == SMTP_DATA)
		return d->code == 354;
	return d->code / 100 == 2;
}

bool dialogue_line(struct dialogue *d, const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (!is_reply(line, len)) {
		d->not_smtp = true;
		return false;
	}
	/* The answer to QUIT, which curl also sends after a refusal: that is what counts. */
	if (!d->more && strncmp(line, "221", CODE_LEN) == 0)
		return true;
	if (!d->more) {
		d->len = 0;
		d->text[0] = '\0';
		d->code = 0;
	}
	d->more = len > CODE_LEN && line[CODE_LEN] == '-';
	if (len > CODE_LEN + 1) {
		add_text(d, line + CODE_LEN + 1, len - CODE_LEN - 1);
		if (d->phase == SMTP_HELLO)
			take_capability(d, line + CODE_LEN + 1, len - CODE_LEN - 1);
	}
	if (d->more)
		return true;
	d->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (is_good(d))
		advance(d);
	/* curl would go on without a login. */
	d->no_login = d->phase == SMTP_LOGIN && !d->offers_login;
	return !d->no_login;
}
