/* `stead lock --update`: newer tags, within the channel of `updates.app`. */
#include "cmd/locking.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "node/image.h"
#include "probe/newer.h"

struct update {
	struct locking *locking;
	struct compile *compile;
	struct arena *arena;
	struct newers all;
	struct strings silent; /* registries that could not be asked */
};

static bool is_wanted(const struct update *u, const struct newer *newer)
{
	const struct node_process *process;

	for (size_t n = 0; n < newer->processes.count; n++)
		for (size_t i = 0; (process = node_container(u->compile->built, i)) != NULL; i++)
			if (str_equal(process->image_name, newer->processes.items[n]->image_name) &&
			    locking_wants(u->locking, process))
				return true;
	return false;
}

/* The names of processes stay what they are when their images go on. */
static void widen(struct update *u)
{
	struct strings *only = arena_alloc(u->arena, sizeof(*only));
	const struct node_process *process;

	if (u->locking->only == NULL || u->locking->only->count == 0)
		return;
	for (size_t i = 0; (process = node_container(u->compile->built, i)) != NULL; i++)
		if (process->image_name != NULL && locking_wants(u->locking, process))
			*list_add(u->arena, only) = process->name;
	for (size_t i = 0; i < u->all.count; i++)
		for (size_t n = 0;
		     is_wanted(u, &u->all.items[i]) && n < u->all.items[i].processes.count; n++)
			*list_add(u->arena, only) = u->all.items[i].processes.items[n]->name;
	u->locking->only = only;
}

static void say_apart(struct update *u, const struct newer *newer)
{
	*list_add(u->arena, &u->locking->newer) = arena_printf(
		u->arena,
		"%s: they belong together, and are not named with one kind of tag, so they stay",
		newer_names(u->arena, newer));
}

static void say_beyond(struct update *u, const struct newer *newer, const struct tag_choice *choice)
{
	const char *names = newer_names(u->arena, newer), *why;

	if (choice->beyond == NULL)
		return;
	if (choice->unfit)
		why = arena_printf(u->arena,
		                   "the definition of %s was not written for it; a newer stead may "
		                   "know it",
		                   u->compile->app.name.v);
	else if (newer->wish.channel != tag_channel(u->compile->settings.updates.app.v))
		why = "what keeps data goes on in its last number only";
	else
		why = arena_printf(u->arena, "beyond 'updates.app: %s'",
		                   u->compile->settings.updates.app.v);
	*list_add(u->arena, &u->locking->newer) =
		arena_printf(u->arena, "%s: %s is newer still: %s", names, choice->beyond, why);
}

/* A registry may give images and no lists of tags, or not to everybody: what it has stays then, and
 * the rest goes on. One that does not answer at all is an error. */
static void report(struct update *u, const struct node_process *process,
                   const struct registry_answer *answer)
{
	const char *sentence = arena_printf(u->arena, "what is newer than '%s' is not known: %s",
	                                    process->image_name, answer->sentence);

	if (registry_unasked(answer->result))
		diag_error(&u->compile->findings, "image.registry", process->image_origin.span,
		           answer->hint, "%s", sentence);
	else
		*list_add(u->arena, &u->locking->newer) =
			arena_printf(u->arena, "%s: %s", process->name, sentence);
}

/* Names that nobody uses any more, of the same images: the definition has gone on since. */
static void forget_tags(struct update *u, const struct image *image)
{
	struct value_pairs *tags = &u->locking->lock.tags;

	for (size_t n = tags->count; n-- > 0;) {
		const struct node_process *process;
		struct image key;
		bool used = false;

		for (size_t i = 0; (process = node_container(u->compile->built, i)) != NULL; i++)
			used |= str_equal(process->image_named, tags->items[n].key);
		if (!used && image_parse(u->arena, tags->items[n].key, &key) &&
		    str_equal(key.registry, image->registry) && str_equal(key.path, image->path))
			lock_remove(tags, tags->items[n].key);
	}
}

static void move(struct update *u, const struct node_process *process, const char *tag)
{
	struct image image;

	(void)image_parse(u->arena, process->image_name, &image);
	if (!tag_is_newer(tag, image.tag))
		return;
	forget_tags(u, &image);
	lock_set(u->arena, &u->locking->lock.tags, process->image_named, tag);
	*list_add(u->arena, &u->locking->moves) = (struct locking_move){
		.from = image_lock_name(u->arena, &image),
		.to = arena_printf(u->arena, "%s/%s:%s", image.registry, image.path, tag),
	};
}

static void update_one(struct update *u, const struct newer *newer)
{
	struct registry_question question = {
		.plain = u->compile->built->mirror_insecure,
		.ca_file = getenv("SSL_CERT_FILE"),
		.deadline_ms = u->locking->deadline_ms,
		.secret_arena = u->compile->secret_arena,
	};
	const struct node_process *at;
	struct registry_answer answer;
	struct tag_choice choice;

	if (newer->apart) {
		say_apart(u, newer);
		return;
	}
	/* One that could not be asked is not asked again, for each has its own deadline. */
	for (size_t i = 0; i < newer->processes.count; i++) {
		const char *asked = newer->processes.items[i]->image_asked;

		if (strings_have(&u->silent, arena_strndup(u->arena, asked, strcspn(asked, "/"))))
			return;
	}
	if (!newer_ask(u->arena, newer, &question, &choice, &answer, &at)) {
		report(u, at, &answer);
		if (registry_unasked(answer.result))
			*list_add(u->arena, &u->silent) = arena_strndup(
				u->arena, at->image_asked, strcspn(at->image_asked, "/"));
		return;
	}
	say_beyond(u, newer, &choice);
	for (size_t i = 0; choice.tag != NULL && i < newer->processes.count; i++)
		move(u, newer->processes.items[i], choice.tag);
}

bool locking_update(struct locking *l)
{
	struct compile *c = l->compile;
	struct update u = { .locking = l, .compile = c, .arena = c->arena };
	size_t errors = c->findings.errors;

	locking_begin(l);
	newer_list(c->arena, c->built, tag_channel(c->settings.updates.app.v), &u.all);
	widen(&u);
	for (size_t i = 0; i < u.all.count; i++)
		if (is_wanted(&u, &u.all.items[i]))
			update_one(&u, &u.all.items[i]);
	if (c->findings.errors > errors)
		return false;
	if (l->moves.count > 0)
		(void)compile_with_lock(c, lock_write(c->arena, &l->lock));
	return true;
}
