#include "agent/usage.h"

#include <errno.h>
#include <fts.h>

#include "base/arena.h"
#include "base/clock.h"

enum { BLOCK = 512, LOOK_EVERY = 256 /* at the clock */ };

static void add_entry(const FTSENT *entry, struct usage *usage, double *bytes)
{
	switch (entry->fts_info) {
	case FTS_DP: /* a folder is counted when it is entered */
	case FTS_DC:
		return;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		/* What vanished meanwhile takes nothing. */
		usage->partly |= entry->fts_errno != ENOENT;
		return;
	case FTS_D:
		*bytes += (double)entry->fts_statp->st_blocks * BLOCK;
		return;
	default:
		/* Each name has its share. */
		*bytes += (double)entry->fts_statp->st_blocks * BLOCK /
		          (double)(entry->fts_statp->st_nlink > 0 ? entry->fts_statp->st_nlink : 1);
		usage->files++;
	}
}

void usage_of(const struct agent *agent, struct arena *arena, const char *path, int64_t until_ms,
              struct usage *ret)
{
	char *paths[] = { arena_strdup(arena, agent_host_path(agent, arena, path)), NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	unsigned long seen = 0;
	double bytes = 0;
	FTSENT *entry;

	*ret = (struct usage){ .partly = tree == NULL };
	while (tree != NULL && (entry = fts_read(tree)) != NULL) {
		if (++seen % LOOK_EVERY == 0 && clock_ms() >= until_ms) {
			ret->partly = true;
			break;
		}
		add_entry(entry, ret, &bytes);
	}
	ret->bytes = (long long)(bytes + 0.5);
	if (tree != NULL)
		(void)fts_close(tree);
}
