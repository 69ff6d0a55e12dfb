#include "cmd/locking.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "node/image.h"
#include "probe/registry.h"

enum { LOCK_MAX_BYTES = 1024 * 1024, UP_DEADLINE_MS = 20000 };

/* A registry that could not be asked, and what was wrong. */
struct silent {
	const char *registry;
	struct registry_answer answer;
};
struct silents {
	LIST_OF(struct silent);
};

/* --- asking --- */

const char *locking_name(struct arena *arena, const struct node_process *process)
{
	struct image image;

	/* It was parsed when the node was built. */
	(void)image_parse(arena, process->image_name, &image);
	return image_lock_name(arena, &image);
}

bool locking_wants(const struct locking *l, const struct node_process *process)
{
	const char *name = locking_name(l->compile->arena, process);

	if (l->only == NULL || l->only->count == 0)
		return true;
	for (size_t i = 0; i < l->only->count; i++)
		if (str_equal(l->only->items[i], process->name) ||
		    str_equal(l->only->items[i], process->image_name) ||
		    str_equal(l->only->items[i], process->image_named) ||
		    str_equal(l->only->items[i], name))
			return true;
	return false;
}

/* Several processes may share an image. */
static bool came_before(const struct locking *l, size_t index, const char *name)
{
	const struct node *node = l->compile->built;

	for (size_t i = 0; i < index; i++) {
		const struct node_process *process = node_container(node, i);

		if (process->image_name != NULL &&
		    str_equal(locking_name(l->compile->arena, process), name) &&
		    locking_wants(l, process))
			return true;
	}
	return false;
}

static void report(struct locking *l, const struct node_process *process, const char *name,
                   const struct registry_answer *answer)
{
	struct findings *findings = &l->compile->findings;
	struct span at = process->image_origin.span;

	if (!l->must && registry_unasked(answer->result))
		diag_warning(findings, "image.unlocked", at,
		             "where the registry can be reached, 'stead lock' fixes what it is",
		             "'%s' is not locked, so the node pulls whatever it is then: %s", name,
		             answer->sentence);
	else
		diag_error(findings, "image.registry", at, answer->hint, "%s", answer->sentence);
}

static const struct locking_move *find_move(const struct locking *l, const char *name)
{
	for (size_t i = 0; i < l->moves.count; i++)
		if (str_equal(l->moves.items[i].to, name))
			return &l->moves.items[i];
	return NULL;
}

static void show(const struct locking *l, const struct node_process *process, const char *name,
                 const char *digest, const char *arches)
{
	const struct locking_move *move = find_move(l, name);
	const char *before = lock_find(&l->lock.images, name);

	if (move != NULL)
		(void)printf("%s: %s goes on to %s, which is %s (%s)\n", process->name, move->from,
		             strrchr(name, ':') + 1, digest, arches);
	else if (before != NULL)
		(void)printf("%s: %s is %s now, and was %s\n", process->name, name, digest, before);
	else
		(void)printf("%s: %s is %s (%s)\n", process->name, name, digest, arches);
}

/* Takes an answer into the lock. */
static void take(struct locking *l, const struct node_process *process, const char *name,
                 const struct registry_answer *answer)
{
	struct arena *arena = l->compile->arena;
	const char *arch = l->compile->built->machine.arch;
	const char *before = lock_find(&l->lock.images, name);
	const char *arches = answer->arches.count > 0 ? strings_join(arena, &answer->arches, " ")
	                     : str_equal(before, answer->digest) ? lock_find(&l->lock.arches, name)
	                                                         : NULL;

	if (arches == NULL || !lock_arches_have(arches, arch)) {
		diag_error(&l->compile->findings, "image.arch", process->image_origin.span,
		           "choose another image, or a machine it is for: machine.arch",
		           "'%s' is for %s, not for the machine's %s", name,
		           arches != NULL ? arches : "other machines", arch);
		return;
	}
	if (find_move(l, name) != NULL || !str_equal(before, answer->digest)) {
		l->changed++;
		l->missing += before == NULL && find_move(l, name) == NULL;
		if (l->show)
			show(l, process, name, answer->digest, arches);
	}
	lock_set(arena, &l->lock.images, name, answer->digest);
	lock_set(arena, &l->lock.arches, name, arches);
}

/* One that could not be asked is not asked again, for every image has its own deadline. */
static void ask_one(struct locking *l, const struct node_process *process, const char *name,
                    struct silents *silents)
{
	struct compile *c = l->compile;
	bool known = lock_find(&l->lock.images, name) != NULL &&
	             lock_find(&l->lock.arches, name) != NULL;
	struct registry_question question = {
		.image = process->image_asked,
		.plain = c->built->mirror_insecure,
		.known = known ? lock_find(&l->lock.images, name) : NULL,
		.ca_file = getenv("SSL_CERT_FILE"),
		.deadline_ms = l->deadline_ms,
		.secret_arena = c->secret_arena,
	};
	struct registry_answer answer;
	const char *registry =
		arena_strndup(c->arena, question.image, strcspn(question.image, "/"));

	for (size_t i = 0; i < silents->count; i++)
		if (str_equal(silents->items[i].registry, registry)) {
			if (!l->must)
				report(l, process, name, &silents->items[i].answer);
			return;
		}
	registry_ask(c->arena, &question, &answer);
	if (answer.result == REGISTRY_OK) {
		take(l, process, name, &answer);
		return;
	}
	report(l, process, name, &answer);
	if (registry_unasked(answer.result))
		*list_add(c->arena, silents) = (struct silent){ registry, answer };
}

static void copy_pairs(struct arena *arena, const struct value_pairs *from, struct value_pairs *to)
{
	*to = (struct value_pairs){ 0 };
	for (size_t i = 0; i < from->count; i++)
		lock_set(arena, to, from->items[i].key, from->items[i].value.v);
}

void locking_begin(struct locking *l)
{
	struct compile *c = l->compile;

	if (l->read == NULL)
		l->read = c->kept.lock;
	l->lock = c->lock;
	copy_pairs(c->arena, &c->lock.tags, &l->lock.tags);
	copy_pairs(c->arena, &c->lock.images, &l->lock.images);
	copy_pairs(c->arena, &c->lock.arches, &l->lock.arches);
}

/* What an image was before it went on, unless another process has stayed there. */
static void forget_moved(struct locking *l)
{
	struct compile *c = l->compile;
	const struct node_process *process;

	for (size_t n = 0; n < l->moves.count; n++) {
		const char *from = l->moves.items[n].from;
		bool used = false;

		for (size_t i = 0; (process = node_container(c->built, i)) != NULL; i++)
			used |= str_equal(locking_name(c->arena, process), from);
		if (used)
			continue;
		lock_remove(&l->lock.images, from);
		lock_remove(&l->lock.arches, from);
	}
}

bool locking_ask(struct locking *l)
{
	struct compile *c = l->compile;
	size_t errors = c->findings.errors;
	struct silents silents = { 0 };
	const struct node_process *process;

	locking_begin(l);
	for (size_t i = 0; (process = node_container(c->built, i)) != NULL; i++) {
		const char *name;

		if (process->image_name == NULL || process->image_fixed)
			continue;
		name = locking_name(c->arena, process);
		if (locking_wants(l, process) && !came_before(l, i, name) &&
		    (l->again || lock_find(&c->lock.images, name) == NULL))
			ask_one(l, process, name, &silents);
	}
	forget_moved(l);
	return c->findings.errors == errors;
}

/* --- stead.lock --- */

int locking_write(const struct locking *l)
{
	const struct compile *c = l->compile;
	const char *path = compile_path(c->arena, c->dir, LOCK_FILE);
	const char *text = lock_write(c->arena, &l->lock);
	cleanup_fd int fd = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *now;
	size_t len;
	int r;

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot use the folder '%s': %s", c->dir,
		            strerror(errno));
	r = file_read(c->arena, fd, LOCK_FILE, LOCK_MAX_BYTES, &now, &len);
	if (r == 0 && l->read != NULL && strcmp(now, l->read) != 0)
		return fail(CLI_ENVIRONMENT, "run it again",
		            "'%s' was changed by somebody else meanwhile; nothing was written",
		            path);
	if (r == 0)
		r = file_write_atomic(fd, LOCK_FILE, 0644, text, strlen(text));
	return r == 0 ? CLI_OK
	              : fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", path, strerror(-r));
}

/* --- before a node is made --- */

static bool has_unlocked(const struct compile *c)
{
	const struct node_process *process;

	for (size_t i = 0; (process = node_container(c->node, i)) != NULL; i++)
		if (process->image_digest == NULL)
			return true;
	return false;
}

static void warn_again(struct compile *c, const struct findings *before)
{
	for (size_t i = 0; i < before->count; i++)
		if (str_equal(before->items[i].code, "image.unlocked"))
			diag_warning(&c->findings, "image.unlocked", before->items[i].span,
			             before->items[i].hint, "%s", before->items[i].message);
}

bool locking_complete(struct compile *c, bool write, int *ret_code)
{
	struct locking l = { .compile = c, .deadline_ms = UP_DEADLINE_MS };
	struct findings found;
	bool good;

	*ret_code = CLI_OK;
	if (!c->has_lock || !has_unlocked(c))
		return true;
	if (!locking_ask(&l))
		return false;
	if (l.changed == 0)
		return true;
	if (write) {
		*ret_code = locking_write(&l);
		if (*ret_code != CLI_OK)
			return false;
		(void)fprintf(stderr, "locked %zu image%s in %s\n", l.changed,
		              l.changed == 1 ? "" : "s", LOCK_FILE);
	}
	found = c->findings;
	good = compile_with_lock(c, lock_write(c->arena, &l.lock));
	warn_again(c, &found);
	return good;
}
