#include "agent/page_text.h"

#include <stdbool.h>
#include <string.h>

#include "agent/judge.h"
#include "base/arena.h"
#include "base/text.h"

enum { MAX_ISSUE = 300 };

enum part { PART_CHECKS, PART_IMAGES, PART_DOMAIN, PART_SETUP, PART_START, PART_COUNT };

static const char *const titles[PART_COUNT] = {
	"Getting the machine ready",
	"Fetching the programs",
	"Finding the domain",
	"Setting up",
	"Starting",
};

/* How far one part is. */
struct progress {
	size_t done, total;
	const json_t *current; /* the step that waits or failed, else one that runs; NULL: none */
};

static void add(struct text *text, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&':
			text_add(text, "&amp;");
			break;
		case '<':
			text_add(text, "&lt;");
			break;
		case '>':
			text_add(text, "&gt;");
			break;
		case '"':
			text_add(text, "&quot;");
			break;
		case '\'':
			text_add(text, "&#39;");
			break;
		default:
			text_addc(text, (unsigned char)*s < ' ' ? ' ' : *s);
		}
	}
}

/* --- how far it is --- */

static enum part part_of(const char *name)
{
	if (str_starts(name, "prepare.image:"))
		return PART_IMAGES;
	if (str_starts(name, "prepare."))
		return PART_CHECKS;
	if (str_starts(name, "meet."))
		return PART_DOMAIN;
	if (str_starts(name, "setup.") || str_starts(name, "migrate."))
		return PART_SETUP;
	return PART_START;
}

static size_t count_dots(const char *s)
{
	size_t count = 0;

	while ((s = strchr(s, '.')) != NULL) {
		count++;
		s++;
	}
	return count;
}

/* Steps that only wait for others are not among what is counted. */
static bool is_counted(enum part part, const char *name)
{
	if (part == PART_SETUP)
		return count_dots(name) == 2; /* setup.JOB.STEP */
	return part != PART_START || str_starts(name, "start.");
}

static size_t total_of(const struct plan *plan, enum part part)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct strings images = { 0 };
	size_t count = 0;

	switch (part) {
	case PART_CHECKS:
		return 2; /* firewall, directories */
	case PART_IMAGES:
		plan_images(scratch, plan, &images);
		return images.count;
	case PART_DOMAIN:
		return plan->reach == PLAN_REACH_CHECKED ? 1 : 0;
	case PART_SETUP:
		for (size_t i = 0; i < plan->jobs.count; i++)
			if (plan_is_setup(&plan->jobs.items[i]))
				count += plan->jobs.items[i].steps.count;
		return count;
	default:
		return plan->processes.count;
	}
}

static bool is_worse(const char *state, const json_t *than)
{
	return than == NULL || str_equal(state, "failed") ||
	       (str_equal(state, "waiting") && str_equal(status_text(than, "state"), "running"));
}

static struct progress progress_of(const struct status *status, enum part part)
{
	struct progress progress = { .total = total_of(status->agent->plan, part) };
	json_t *step;
	size_t i;

	json_array_foreach(status->steps, i, step)
	{
		const char *name = status_text(step, "name"), *state = status_text(step, "state");

		if (name == NULL || state == NULL || part_of(name) != part)
			continue;
		if (!str_equal(state, "done")) {
			if (is_worse(state, progress.current))
				progress.current = step;
		} else if (is_counted(part, name) && progress.done < progress.total) {
			progress.done++;
		}
	}
	return progress;
}

/* --- the page --- */

/* "docker.io/library/caddy@sha256:…" -> "caddy" */
static const char *short_image(struct arena *arena, const char *reference)
{
	const char *slash = strrchr(reference, '/');
	const char *name = slash != NULL ? slash + 1 : reference;

	return arena_strndup(arena, name, strcspn(name, "@:"));
}

/* What the part waits for, as far as everybody may know, and what one can do. NULL: nothing. */
static const char *explain(struct arena *arena, enum part part, const json_t *step)
{
	const char *name = status_text(step, "name"), *state = status_text(step, "state");
	long long attempt = json_integer_value(json_object_get(step, "attempt"));
	bool stuck = str_equal(state, "waiting") || str_equal(state, "failed") || attempt > 1;

	if (part == PART_IMAGES)
		return arena_printf(
			arena,
			stuck ? "The image of %s has not come yet (try %lld). It is tried again; "
				"`stead status` says what the registry answers."
			      : "The image of %s is being fetched.",
			short_image(arena, name + strlen("prepare.image:")), attempt);
	if (part == PART_DOMAIN)
		return status_text(step, "note");
	return stuck && part != PART_START ? "This does not work yet. It is tried again; "
	                                     "`stead status` says more."
	                                   : NULL;
}

static void add_part(struct text *text, const struct status *status, enum part part)
{
	struct progress progress = progress_of(status, part);
	const char *state =
		progress.current != NULL ? status_text(progress.current, "state") : NULL;
	const char *why =
		progress.current != NULL ? explain(status->arena, part, progress.current) : NULL;

	if (progress.total == 0)
		return;
	text_addf(text, "<li class=\"%s\"><b>%s</b> ",
	          progress.current != NULL          ? state
	          : progress.done == progress.total ? "done"
	                                            : "later",
	          titles[part]);
	if (progress.done == progress.total && progress.current == NULL)
		text_add(text, "done");
	else if (progress.current == NULL && progress.done == 0)
		text_add(text, "comes later");
	else if (progress.total > 1)
		text_addf(text, "%zu of %zu", progress.done, progress.total);
	else
		text_add(text, state != NULL ? state : "");
	if (progress.current != NULL && status_text(progress.current, "started") != NULL) {
		text_add(text, ", since ");
		add(text, status_text(progress.current, "started"));
	}
	if (why != NULL) {
		text_add(text, "<p>");
		add(text, why);
		text_add(text, "</p>");
	}
	text_add(text, "</li>\n");
}

static const char *headline(const struct status *status)
{
	if (str_equal(status->state, "ready"))
		return "is ready";
	if (agent_in_maintenance(status->agent))
		return "is in maintenance";
	if (str_equal(status->state, "stopped"))
		return "is stopped";
	return "is being set up";
}

const char *page_html(struct arena *arena, const struct status *status)
{
	struct text text;

	text_init(&text, arena);
	text_add(&text, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	                "<meta http-equiv=\"refresh\" content=\"10\">\n"
	                "<meta name=\"viewport\" content=\"width=device-width\">\n"
	                "<meta name=\"robots\" content=\"noindex\">\n<title>");
	add(&text, status->agent->plan->web);
	text_add(&text,
	         "</title>\n<style>body{font:1rem/1.5 sans-serif;max-width:40rem;"
	         "margin:2rem auto;padding:0 1rem}li{margin:.5rem 0}.later{color:#666}"
	         ".failed b,.waiting b{color:#a00}p{margin:.2rem 0}</style></head>\n<body><h1>");
	add(&text, status->agent->plan->web);
	text_addf(&text, " %s</h1>\n<ul>\n", headline(status));
	for (enum part part = PART_CHECKS; part < PART_COUNT; part++)
		add_part(&text, status, part);
	text_add(&text, "</ul>\n<p>This page reloads itself. Its owner sees more with "
	                "<code>stead status</code>.</p>\n</body></html>\n");
	return text.data;
}

/* --- the console --- */

const char *page_issue(struct arena *arena, const struct status *status)
{
	const struct plan *plan = status->agent->plan;
	struct text text;
	size_t line;

	text_init(&text, arena);
	if (str_equal(status->state, "ready")) {
		text_addf(&text, "stead: %s is ready\nstead: https://%s/\n\n", plan->app,
		          plan->web);
		return text.data;
	}
	text_addf(&text, "stead: %s at %s: %s", plan->app, plan->web, status->state);
	if (status->since != NULL)
		text_addf(&text, " since %s", status->since);
	text_add(&text, "\nstead: waiting for ");
	line = text.len;
	for (const char *s = status->waiting_for != NULL ? status->waiting_for : "";
	     *s != '\0' && text.len - line < MAX_ISSUE; s++)
		text_addc(&text, (unsigned char)*s < ' ' || *s == '\\' ? ' ' : *s);
	text_add(&text, "\n\n");
	return text.data;
}
