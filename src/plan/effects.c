#include "plan/effects.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define UNIT_DIR "/etc/systemd/system/"

struct view {
	struct arena *arena;
	const struct plan *from, *to;
	const struct change *change;
	bool back;
	struct effects *ret;
};

static void add(const struct view *view, struct strings *list, const char *text)
{
	if (!strings_have(list, text))
		*list_add(view->arena, list) = text;
}

static const struct plan_process *find_by_unit(const struct plan *plan, const char *unit)
{
	for (size_t i = 0; plan != NULL && i < plan->processes.count; i++)
		if (str_equal(plan->processes.items[i].unit, unit))
			return &plan->processes.items[i];
	return NULL;
}

static const struct plan_process *find_process(const struct plan *plan, const char *name)
{
	return plan != NULL ? plan_process_find(plan, name) : NULL;
}

static const struct plan_network *find_network(const struct plan *plan, const char *name)
{
	for (size_t i = 0; plan != NULL && i < plan->networks.count; i++)
		if (str_equal(plan->networks.items[i].name, name))
			return &plan->networks.items[i];
	return NULL;
}

/* "x.service" of "/etc/systemd/system/x.service"; NULL for other paths. */
static const char *unit_at(const char *path)
{
	static const char *const suffixes[] = { ".service", ".timer", ".target",
		                                ".socket",  ".path",  ".swap" };

	if (!str_starts(path, UNIT_DIR) || strchr(path + strlen(UNIT_DIR), '/') != NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (str_ends(path, suffixes[i]))
			return path + strlen(UNIT_DIR);
	return NULL;
}

static enum change_what what_of(const struct view *view, const struct change_entry *entry)
{
	if (!view->back || entry->what == CHANGE_CHANGED)
		return entry->what;
	return entry->what == CHANGE_ADDED ? CHANGE_REMOVED : CHANGE_ADDED;
}

/* Another engine's containers are not known to the new one: all end before it comes. */
static bool changes_engine(const struct view *view)
{
	return view->from != NULL && view->to != NULL &&
	       !str_equal(view->from->engine, view->to->engine);
}

static void find_stops(const struct view *view)
{
	struct effects *ret = view->ret;

	for (size_t i = 0; view->from != NULL && i < view->from->processes.count; i++) {
		const struct plan_process *process = &view->from->processes.items[i];

		if (find_by_unit(view->to, process->unit) == NULL || changes_engine(view))
			add(view, &ret->stops, process->unit);
		if (find_process(view->to, process->name) == NULL || changes_engine(view))
			add(view, &ret->containers,
			    arena_printf(view->arena, "stead-%s", process->name));
	}
	for (size_t i = 0; i < view->change->count; i++) {
		const char *unit = unit_at(view->change->items[i].path);

		if (unit != NULL && what_of(view, &view->change->items[i]) == CHANGE_REMOVED &&
		    find_by_unit(view->to, unit) == NULL)
			add(view, &ret->stops, unit);
	}
}

static const struct strings *units_of(const struct plan *plan, const char *path)
{
	static const struct strings none;

	for (size_t i = 0; plan != NULL && i < plan->restart.count; i++)
		if (str_equal(plan->restart.items[i].path, path))
			return &plan->restart.items[i].units;
	return &none;
}

static void add_restart(const struct view *view, const char *unit)
{
	bool is_process = find_by_unit(view->to, unit) != NULL;

	if (str_equal(unit, EFFECTS_FIREWALL))
		view->ret->firewall = true;
	else if (strings_have(&view->ret->stops, unit))
		return;
	else if (!is_process || find_by_unit(view->from, unit) != NULL)
		add(view, &view->ret->restarts, unit);
}

/* The network whose file PATH is: a quadlet, or the unit that makes it. */
static bool is_file_of(const struct plan_network *network, const struct strings *units,
                       const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	size_t len = strlen(network->name);

	return strings_have(units, network->unit) || str_equal(name, network->unit) ||
	       (strncmp(name, network->name, len) == 0 && str_equal(name + len, ".network"));
}

static void find_changed_networks(const struct view *view, const struct change_entry *entry,
                                  const struct strings *units)
{
	for (size_t i = 0; view->from != NULL && i < view->from->networks.count; i++) {
		const struct plan_network *network = &view->from->networks.items[i];

		if (is_file_of(network, units, entry->path))
			add(view, &view->ret->networks, network->name);
	}
}

static void find_changes(const struct view *view)
{
	for (size_t i = 0; i < view->change->count; i++) {
		const struct change_entry *entry = &view->change->items[i];
		enum change_what what = what_of(view, entry);
		const struct strings *units =
			units_of(what == CHANGE_REMOVED ? view->from : view->to, entry->path);
		const char *unit = unit_at(entry->path);

		if (entry->kind == CHANGE_DIR)
			continue;
		for (size_t k = 0; k < units->count; k++)
			add_restart(view, units->items[k]);
		if (unit != NULL && str_ends(unit, ".timer") && what == CHANGE_CHANGED)
			add_restart(view, unit);
		find_changed_networks(view, entry, units);
	}
	for (size_t i = 0; view->from != NULL && i < view->from->networks.count; i++) {
		const char *name = view->from->networks.items[i].name;

		if (find_network(view->to, name) == NULL || changes_engine(view))
			add(view, &view->ret->networks, name);
	}
}

static void find_images(const struct view *view)
{
	struct strings from = { 0 }, to = { 0 };

	if (view->from != NULL)
		plan_images(view->arena, view->from, &from);
	if (view->to != NULL)
		plan_images(view->arena, view->to, &to);
	for (size_t i = 0; i < to.count; i++)
		if (!strings_have(&from, to.items[i]) || changes_engine(view))
			add(view, &view->ret->images, to.items[i]);
}

static const struct plan_step *find_step(const struct plan *plan, const char *job, const char *id)
{
	for (size_t i = 0; plan != NULL && i < plan->jobs.count; i++)
		for (size_t k = 0; k < plan->jobs.items[i].steps.count; k++)
			if (str_equal(plan->jobs.items[i].name, job) &&
			    str_equal(plan->jobs.items[i].steps.items[k].id, id))
				return &plan->jobs.items[i].steps.items[k];
	return NULL;
}

/* The set-up will do something to the process's data that it reads when it starts. In a data
 * process that happens while it runs. */
static bool is_set_up_again(const struct view *view, const struct plan_process *process)
{
	if (str_equal(process->group, "data"))
		return false;
	for (size_t i = 0; i < view->to->jobs.count; i++) {
		const struct plan_job *job = &view->to->jobs.items[i];

		if (!str_equal(job->process, process->name) || !plan_is_setup(job))
			continue;
		for (size_t k = 0; k < job->steps.count; k++) {
			const struct plan_step *before =
				find_step(view->from, job->name, job->steps.items[k].id);

			if (before == NULL || !str_equal(before->key, job->steps.items[k].key))
				return true;
		}
	}
	return false;
}

/* Who is new, is set up again, is on a network that is made again, or has another image without a
 * changed file. */
static void find_affected(const struct view *view)
{
	bool daemon = strings_have(&view->ret->restarts, EFFECTS_DAEMON);

	for (size_t i = 0; view->to != NULL && i < view->to->processes.count; i++) {
		const struct plan_process *process = &view->to->processes.items[i];
		const struct plan_process *before = find_process(view->from, process->name);
		bool affected =
			before != NULL && (daemon || !str_equal(before->image, process->image) ||
		                           is_set_up_again(view, process));

		for (size_t k = 0; before != NULL && k < before->networks.count; k++)
			affected |= strings_have(&view->ret->networks, before->networks.items[k]);
		if (before == NULL)
			add(view, &view->ret->starts, process->unit);
		if (affected)
			add_restart(view, process->unit);
	}
}

void effects_of(struct arena *arena, const struct plan *from, const struct plan *to,
                const struct change *change, bool back, struct effects *ret)
{
	const struct view view = { arena, from, to, change, back, ret };

	*ret = (struct effects){ 0 };
	find_stops(&view);
	find_changes(&view);
	find_affected(&view);
	find_images(&view);
}

bool effects_on(const struct effects *effects, const struct plan *from, const struct plan *to,
                const char *name, enum change_what *ret)
{
	const struct plan_process *before = find_process(from, name),
				  *after = find_process(to, name);

	*ret = before == NULL ? CHANGE_ADDED : after == NULL ? CHANGE_REMOVED : CHANGE_CHANGED;
	return *ret != CHANGE_CHANGED || strings_have(&effects->restarts, after->unit) ||
	       strings_have(&effects->stops, after->unit);
}
