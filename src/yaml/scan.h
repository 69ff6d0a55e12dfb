/*
 * The look at the raw bytes before libyaml sees them. Private to yaml.
 */
#ifndef STEAD_YAML_SCAN_H
#define STEAD_YAML_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct findings;
struct source;

/* Where each line starts (line n at starts[n - 1]), so that positions need no second search. */
struct scan_lines {
	uint32_t *starts;
	size_t count;
};

/* Size, UTF-8, control characters, line breaks. The first thing wrong becomes a finding (false).
 * After this the only line breaks are \n and \r\n, which is also how excerpts count lines. */
bool scan_text(struct arena *arena, const struct source *source, struct scan_lines *ret_lines,
               struct findings *findings);

#endif
