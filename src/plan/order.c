#include "plan/order.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define UNIT_DIR "/etc/systemd/system/"

const char *const order_what_words[] = { "stop",    "reload", "make anew", "run again",
	                                 "restart", "start",  NULL };

/* The daemons of engines are not stead's. */
static bool is_ours(const char *unit)
{
	return str_starts(unit, "stead-");
}

static const char *const own_units[] = { "stead-prepare.service", "stead-setup.service",
	                                 "stead-page.service", "stead-meet.service",
	                                 "stead-ready.service" };

static bool is_own(const char *unit)
{
	for (size_t i = 0; i < sizeof(own_units) / sizeof(own_units[0]); i++)
		if (str_equal(own_units[i], unit))
			return true;
	return false;
}

static void add(struct arena *arena, struct strings *list, const char *text)
{
	if (!strings_have(list, text))
		*list_add(arena, list) = text;
}

void order_daemons(struct arena *arena, const struct effects *effects, struct strings *ret)
{
	for (size_t i = 0; i < effects->restarts.count; i++)
		if (!is_ours(effects->restarts.items[i]))
			add(arena, ret, effects->restarts.items[i]);
}

static bool on_changed_network(const struct plan_process *process, const struct effects *effects)
{
	for (size_t i = 0; i < process->networks.count; i++)
		if (strings_have(&effects->networks, process->networks.items[i]))
			return true;
	return false;
}

void order_network_users(struct arena *arena, const struct plan *from, const struct plan *to,
                         const struct effects *effects, struct strings *ret)
{
	const struct plan *const plans[] = { from, to };

	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; plans[p] != NULL && i < plans[p]->processes.count; i++)
			if (on_changed_network(&plans[p]->processes.items[i], effects))
				add(arena, ret, plans[p]->processes.items[i].unit);
}

void order_network_units(struct arena *arena, const struct plan *to, const struct effects *effects,
                         struct strings *ret)
{
	for (size_t i = 0; to != NULL && i < to->networks.count; i++)
		if (strings_have(&effects->networks, to->networks.items[i].name))
			add(arena, ret, to->networks.items[i].unit);
}

void order_again(struct arena *arena, const struct plan *to, struct strings *ret)
{
	for (size_t i = 0; i < sizeof(own_units) / sizeof(own_units[0]); i++)
		if (plan_file_find(to, arena_printf(arena, UNIT_DIR "%s", own_units[i])) != NULL)
			add(arena, ret, own_units[i]);
}

static const struct plan_process *process_of(const struct plan *plan, const char *unit)
{
	for (size_t i = 0; plan != NULL && i < plan->processes.count; i++)
		if (str_equal(plan->processes.items[i].unit, unit))
			return &plan->processes.items[i];
	return NULL;
}

/* PROCESS behind those it waits for. What waits in a circle (no plan of ours has one) ends at the
 * depth. */
static void add_process(struct arena *arena, const struct plan *plan,
                        const struct plan_process *process, size_t depth, struct strings *ret)
{
	if (process == NULL || strings_have(ret, process->unit) || depth > plan->processes.count)
		return;
	for (size_t i = 0; i < process->after.count; i++)
		add_process(arena, plan, plan_process_find(plan, process->after.items[i]),
		            depth + 1, ret);
	add(arena, ret, process->unit);
}

/* The units of all processes, each behind those it waits for. */
static void chain(struct arena *arena, const struct plan *plan, struct strings *ret)
{
	for (size_t i = 0; plan != NULL && i < plan->processes.count; i++)
		add_process(arena, plan, &plan->processes.items[i], 0, ret);
}

void order_restarts(struct arena *arena, const struct plan *to, const struct effects *effects,
                    struct strings *ret)
{
	struct strings units = { 0 };

	for (size_t i = 0; i < effects->restarts.count; i++) {
		const char *unit = effects->restarts.items[i];

		if (is_ours(unit) && !is_own(unit) && process_of(to, unit) == NULL)
			add(arena, ret, unit);
	}
	chain(arena, to, &units);
	for (size_t i = 0; i < units.count; i++)
		if (strings_have(&effects->restarts, units.items[i]))
			add(arena, ret, units.items[i]);
}

/* --- for people --- */

static struct order_step *add_step(struct arena *arena, struct order *order, enum order_what what,
                                   const char *name)
{
	struct order_step *step = list_add(arena, order);

	step->what = what;
	step->name = name;
	return step;
}

static void add_steps(struct arena *arena, struct order *order, enum order_what what,
                      const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++)
		(void)add_step(arena, order, what, names->items[i]);
}

/* Of a process in the new plan. One that stops and is in it comes back: for another engine. */
static bool begins(const struct effects *effects, const char *unit)
{
	return strings_have(&effects->restarts, unit) || strings_have(&effects->starts, unit) ||
	       strings_have(&effects->stops, unit);
}

static void add_chain(struct arena *arena, const struct plan *to, const struct effects *effects,
                      struct order *ret)
{
	struct strings units = { 0 };

	chain(arena, to, &units);
	for (size_t i = 0; i < units.count; i++) {
		const struct plan_process *process = process_of(to, units.items[i]);
		struct order_step *step;

		if (!begins(effects, process->unit))
			continue;
		step = add_step(arena, ret,
		                strings_have(&effects->restarts, process->unit) ? ORDER_RESTART
		                                                                : ORDER_START,
		                process->unit);
		for (size_t k = 0; k < process->after.count; k++) {
			const struct plan_process *first =
				plan_process_find(to, process->after.items[k]);

			if (first != NULL && begins(effects, first->unit))
				*list_add(arena, &step->after) = first->name;
		}
	}
}

void order_of(struct arena *arena, const struct plan *from, const struct plan *to,
              const struct effects *effects, struct order *ret)
{
	struct strings daemons = { 0 }, users = { 0 }, again = { 0 }, others = { 0 };

	*ret = (struct order){ 0 };
	add_steps(arena, ret, ORDER_STOP, &effects->stops);
	if (effects->firewall && to != NULL)
		(void)add_step(arena, ret, ORDER_RELOAD, EFFECTS_FIREWALL);
	order_daemons(arena, effects, &daemons);
	add_steps(arena, ret, ORDER_RESTART, &daemons);
	order_network_users(arena, from, to, effects, &users);
	for (size_t i = 0; i < users.count; i++)
		if (!strings_have(&effects->stops, users.items[i]) &&
		    process_of(from, users.items[i]) != NULL)
			(void)add_step(arena, ret, ORDER_STOP, users.items[i]);
	add_steps(arena, ret, ORDER_REMAKE, &effects->networks);
	if (to == NULL)
		return;
	order_again(arena, to, &again);
	add_steps(arena, ret, ORDER_AGAIN, &again);
	order_restarts(arena, to, effects, &others);
	for (size_t i = 0; i < others.count; i++)
		if (process_of(to, others.items[i]) == NULL)
			(void)add_step(arena, ret, ORDER_RESTART, others.items[i]);
	add_chain(arena, to, effects, ret);
}

void order_untouched(struct arena *arena, const struct plan *from, const struct plan *to,
                     const struct effects *effects, struct strings *ret)
{
	for (size_t i = 0; to != NULL && i < to->processes.count; i++) {
		const char *unit = to->processes.items[i].unit;

		if (process_of(from, unit) != NULL && !begins(effects, unit))
			add(arena, ret, unit);
	}
}
