/*
 * The difference of two texts, for people.
 */
#ifndef STEAD_OUTPUT_DIFF_H
#define STEAD_OUTPUT_DIFF_H

struct arena;

/* The unified difference of OLD and NEW ("@@ -1,2 +1,3 @@", then lines that begin with ' ', '-' or
 * '+'), with CONTEXT unchanged lines around; "" when they are the same. NULL stands for a text
 * without lines. A last line without a newline is followed by "\ No newline at end of file", as
 * diff(1) does. Texts that differ in many thousands of lines are shown as removed and added whole,
 * instead of as the shortest difference. */
char *diff_unified(struct arena *arena, const char *old, const char *new, unsigned context);

#endif
