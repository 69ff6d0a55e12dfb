/* Names of other scripts. Which characters a name may have is a table of thousands of lines that
 * changes every year: it is libidn2's, as curl's is. */
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/schema.h"

enum { FLAGS = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL };

char *domain_to_ascii(struct arena *arena, const char *unicode)
{
	char *name = NULL, *ret = NULL;

	if (idn2_to_ascii_8z(unicode, &name, FLAGS) == IDN2_OK)
		ret = arena_strdup(arena, name);
	idn2_free(name);
	return ret;
}

static bool has_encoded_label(const char *s)
{
	return str_starts(s, "xn--") || strstr(s, ".xn--") != NULL;
}

char *domain_to_unicode(struct arena *arena, const char *ascii)
{
	char *name = NULL, *back, *ret = NULL;

	if (!has_encoded_label(ascii))
		return arena_strdup(arena, ascii);
	/* There and back: the library reads some labels that nobody could have registered. */
	if (idn2_to_unicode_8z8z(ascii, &name, 0) == IDN2_OK) {
		back = domain_to_ascii(arena, name);
		if (back != NULL && str_equal(back, ascii) && !str_equal(name, ascii))
			ret = arena_strdup(arena, name);
	}
	idn2_free(name);
	return ret;
}
