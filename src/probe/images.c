/*
 * Are the images there, for this architecture? And the time, as the registry tells it.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "probe/fetch.h"
#include "probe/newer.h"
#include "probe/online.h"

enum { IMAGE_MS = 20 * 1000, ALL_MS = 60 * 1000, CLOCK_MS = 10 * 1000, CLOCK_OFF_S = 60 };

static bool is_plain(const struct node *node, const char *image)
{
	size_t len = node->mirror != NULL ? strlen(node->mirror) : 0;

	return node->mirror_insecure && len > 0 && strncmp(image, node->mirror, len) == 0 &&
	       image[len] == '/';
}

static const char *code_of(enum registry_result result)
{
	switch (result) {
	case REGISTRY_MISSING:
		return "registry.missing";
	case REGISTRY_DENIED:
		return "registry.denied";
	case REGISTRY_CERTIFICATE:
	case REGISTRY_TLS:
		return "registry.tls";
	case REGISTRY_WRONG_DIGEST:
	case REGISTRY_FORMAT:
		return "registry.image";
	case REGISTRY_NONE:
		return "registry.none";
	default:
		return "registry.unreachable";
	}
}

static void judge(struct probe *probe, const struct node_process *process,
                  const struct registry_answer *answer)
{
	const char *arch = probe->online->node->machine.arch;
	struct span at = process->image_origin.span;

	if (registry_unasked(answer->result))
		diag_warning(&probe->findings, code_of(answer->result), at, answer->hint, "%s",
		             answer->sentence);
	else if (answer->result != REGISTRY_OK)
		diag_error(&probe->findings, code_of(answer->result), at, answer->hint, "%s",
		           answer->sentence);
	else if (!strings_have(&answer->arches, arch))
		diag_error(&probe->findings, "registry.arch", at,
		           "another machine.arch, or another image",
		           "the image '%s' is for %s, not for %s", process->image,
		           strings_join(probe->arena, &answer->arches, ", "), arch);
}

static void ask(struct probe *probe, struct arena *secret_arena, const struct node_process *process,
                unsigned deadline_ms, struct registry_answer *ret)
{
	struct registry_question question = {
		.image = process->image,
		.plain = is_plain(probe->online->node, process->image),
		.ca_file = probe->online->ca_file,
		.deadline_ms = deadline_ms,
		.secret_arena = secret_arena,
	};

	*ret = (struct registry_answer){ 0 };
	registry_ask(probe->arena, &question, ret);
}

/* A note each: nobody has to take them. */
static void note_newer(struct probe *probe, struct arena *secret_arena, int64_t end)
{
	const struct online *online = probe->online;
	struct newers all;

	newer_list(probe->arena, online->node, tag_channel(online->settings->updates.app.v), &all);
	for (size_t i = 0; i < all.count; i++) {
		int64_t left = end - clock_ms();
		const struct node_process *at = all.items[i].processes.items[0];
		struct registry_question question = {
			.plain = is_plain(online->node, at->image_asked),
			.ca_file = online->ca_file,
			.deadline_ms = (unsigned)(left < IMAGE_MS ? left : IMAGE_MS),
			.secret_arena = secret_arena,
		};
		struct registry_answer answer;
		struct tag_choice choice;

		if (all.items[i].apart || left <= 0)
			continue;
		if (!newer_ask(probe->arena, &all.items[i], &question, &choice, &answer, &at))
			diag_note(&probe->findings, "registry.tags", at->image_origin.span,
			          answer.hint, "what is newer than '%s' is not known: %s",
			          at->image_name, answer.sentence);
		else if (choice.tag != NULL)
			diag_note(&probe->findings, "registry.newer", at->image_origin.span,
			          "'stead lock --update' takes it, and 'stead up' brings it to the "
			          "node",
			          "%s is newer than '%s', for %s", choice.tag, at->image_name,
			          newer_names(probe->arena, &all.items[i]));
	}
}

void probe_images(struct probe *probe)
{
	struct arena *secret_arena = arena_new_secret();
	const struct node *node = probe->online->node;
	struct strings asked = { 0 }, servers = { 0 }, silent = { 0 };
	int64_t end = clock_ms() + ALL_MS;

	const struct node_process *process;

	for (size_t i = 0; (process = node_container(node, i)) != NULL; i++) {
		int64_t left = end - clock_ms();
		struct registry_answer answer;

		if (strings_have(&asked, process->image) || left <= 0)
			continue;
		*list_add(probe->arena, &asked) = process->image;
		ask(probe, secret_arena, process, (unsigned)(left < IMAGE_MS ? left : IMAGE_MS),
		    &answer);
		/* One that could not be asked is told of once. */
		if (answer.server != NULL && strings_have(&silent, answer.server))
			continue;
		judge(probe, process, &answer);
		if (answer.server != NULL && registry_unasked(answer.result))
			*list_add(probe->arena, &silent) = answer.server;
		if (answer.server != NULL && !strings_have(&servers, answer.server))
			*list_add(probe->arena, &servers) = answer.server;
	}
	/* Who does not answer, or not rightly, need not be asked for more. */
	if (probe->findings.count == 0) {
		probe_saw(probe, "%zu image%s for %s, at %s", asked.count,
		          asked.count == 1 ? "" : "s", node->machine.arch,
		          strings_join(probe->arena, &servers, ", "));
		note_newer(probe, secret_arena, end);
	}
	arena_free(secret_arena);
}

/* --- the clock --- */

/* "2 h 3 min", "75 s" */
static const char *span_text(struct arena *arena, long seconds)
{
	if (seconds >= 2 * 86400)
		return arena_printf(arena, "%ld days", seconds / 86400);
	if (seconds >= 3600)
		return arena_printf(arena, "%ld h %ld min", seconds / 3600, seconds % 3600 / 60);
	return seconds >= 120 ? arena_printf(arena, "%ld min", seconds / 60)
	                      : arena_printf(arena, "%ld s", seconds);
}

static const char *registry_url(struct arena *arena, const struct node *node)
{
	const char *image;
	size_t len;

	if (node->processes.count == 0)
		return NULL;
	image = node->processes.items[0]->image;
	len = strcspn(image, "/");
	return arena_printf(arena, "%s://%.*s/v2/", is_plain(node, image) ? "http" : "https",
	                    (int)len, image);
}

void probe_clock(struct probe *probe)
{
	struct fetch fetch_it = {
		.url = registry_url(probe->arena, probe->online->node),
		.head = true,
		.plain = true,
		.once = true,
		.any_certificate = true, /* with a wrong clock none would do */
		.max_bytes = 4096,
		.until_ms = clock_ms() + CLOCK_MS,
	};
	struct fetch_answer answer;
	const char *date;
	time_t there;
	long off;

	if (fetch_it.url == NULL) {
		probe_skip(probe, "nobody to ask for the time");
		return;
	}
	fetch(probe->arena, &fetch_it, &answer);
	date = answer.result == FETCH_OK ? fetch_header(&answer, "Date", 0) : NULL;
	there = date != NULL ? curl_getdate(date, NULL) : -1;
	if (there < 0) {
		probe_skip(probe,
		           arena_printf(probe->arena, "%s does not tell the time", fetch_it.url));
		return;
	}
	off = (long)difftime(time(NULL), there);
	if (labs(off) > CLOCK_OFF_S)
		diag_warning(&probe->findings, "clock.off", (struct span){ 0 },
		             "set it: certificates are judged by it",
		             "this computer's clock is %s %s that of %s",
		             span_text(probe->arena, labs(off)), off < 0 ? "behind" : "before",
		             fetch_it.url);
	else
		probe_saw(probe, "this computer's clock agrees with that of %s", fetch_it.url);
}
