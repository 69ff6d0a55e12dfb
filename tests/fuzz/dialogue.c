/* Any lines as what a mail server says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The first byte says what is wanted. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dialogue d = { 0 };
	const char *p = (const char *)data, *end = p + len;

	if (len == 0)
		return 0;
	d.want_starttls = (*p & 1) != 0;
	d.want_login = (*p & 2) != 0;
	d.want_message = (*p & 4) != 0;
	p++;
	while (p < end) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));
		size_t n = line_end != NULL ? (size_t)(line_end - p) + 1 : (size_t)(end - p);
		bool on = dialogue_line(&d, p, n);

		p += n;
		require(on == !(d.not_smtp || d.no_login));
		require(d.phase <= SMTP_END && strlen(d.text) < sizeof(d.text));
		for (const char *c = d.text; *c != '\0'; c++)
			require(*c >= ' ' && *c <= '~');
		require(d.phase < SMTP_SENDER || d.tls || !d.want_starttls);
		require(d.phase < SMTP_SENDER || d.login || !d.want_login);
		if (!on)
			break;
	}
	return 0;
}
