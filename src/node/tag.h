/*
 * Tags of images as versions: what is of one form, what is newer, and how far an update may go. A
 * tag is taken apart into what stands before its first number ("v"), numbers with dots between them
 * ("4.7.1"), and the rest ("-bookworm"); two tags are of one form when all but the numbers is the
 * same, and they have as many numbers.
 */
#ifndef STEAD_NODE_TAG_H
#define STEAD_NODE_TAG_H

#include "app/app.h"

/* The words of updates.app, and how many numbers stay as they are. */
enum tag_channel {
	TAG_NONE,
	TAG_PATCH, /* all but the last */
	TAG_MINOR, /* the first */
};

enum tag_channel tag_channel(const char *word);

/* Whether TAG names one version: it has at least NUMBERS numbers (with fewer it names a line, whose
 * image changes below the same tag), and nothing says that it is for trials ("-rc1", "nightly"). */
bool tag_is_version(const char *tag, size_t numbers);

bool tag_is_same_form(const char *a, const char *b);

/* Whether TAG is of the same form as THAN, and newer. */
bool tag_is_newer(const char *tag, const char *than);

/* What may be taken in place of the tags of images that belong together. */
struct tag_wish {
	struct strings now; /* one for each image */
	enum tag_channel channel;
	const struct value_list *versions; /* conditions it must meet; NULL: none */
};

struct tag_choice {
	const char *tag;    /* the newest that all may have; NULL: there is none that is newer */
	const char *beyond; /* the newest of all, when it may not be taken; NULL: it may */
	bool unfit;         /* that one because it does not meet `versions` */
};

/* Chooses from TAGS, which all of the images have. What is not of the form of all that is there now
 * does not count, and nothing is older than any of it. */
void tag_choose(const struct tag_wish *wish, const struct strings *tags, struct tag_choice *ret);

#endif
