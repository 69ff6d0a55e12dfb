#include "cmd/suggest.h"

#include "app/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "cmd/answers.h"
#include "provider/provider.h"

static void add(struct arena *arena, struct strings *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (str_equal(words->items[i], word))
			return;
	*list_add(arena, words) = word;
}

void suggest_settings(struct arena *arena, struct strings *ret_words)
{
	struct strings keys = { 0 };

	answers_keys(arena, &keys);
	for (size_t i = 0; i < keys.count; i++)
		add(arena, ret_words, arena_printf(arena, "%s=", keys.items[i]));
}

void suggest_providers(struct arena *arena, struct strings *ret_words)
{
	struct providers providers;
	const struct provider *table;

	provider_builtin(arena, &providers);
	table = providers.table.items;
	for (size_t i = 0; i < providers.table.count; i++)
		add(arena, ret_words, table[i].name.v);
}

void suggest_apps(struct arena *arena, struct strings *ret_words)
{
	app_names(arena, NULL, ret_words);
}

/* Calls ADD_OF for each built-in application. */
static void each_app(struct arena *arena, struct strings *ret_words,
                     void (*add_of)(struct arena *arena, const struct app *app,
                                    struct strings *ret_words))
{
	struct strings names = { 0 };
	struct findings findings;
	struct app app;

	findings_init(&findings, arena);
	app_names(arena, NULL, &names);
	for (size_t i = 0; i < names.count; i++)
		if (app_load(arena, NULL, names.items[i], (struct span){ 0 }, &app, &findings))
			add_of(arena, &app, ret_words);
}

static void add_processes(struct arena *arena, const struct app *app, struct strings *ret_words)
{
	const struct app_process *processes = app->processes.items;

	for (size_t i = 0; i < app->processes.count; i++)
		add(arena, ret_words, processes[i].name.v);
}

static void add_tools(struct arena *arena, const struct app *app, struct strings *ret_words)
{
	const struct app_command *commands = app->commands.items;

	for (size_t i = 0; i < app->commands.count; i++)
		add(arena, ret_words, commands[i].name.v);
}

void suggest_processes(struct arena *arena, struct strings *ret_words)
{
	add(arena, ret_words, "caddy");
	each_app(arena, ret_words, add_processes);
}

void suggest_tools(struct arena *arena, struct strings *ret_words)
{
	each_app(arena, ret_words, add_tools);
}

void suggest_subjects(struct arena *arena, struct strings *ret_words)
{
	static const char *const everywhere[] = {
		"Caddyfile",
		"firewall.nft",
		"node.json",
		"stead-ext",
		"stead-firewall.service",
		"stead-int",
		"stead-prepare.service",
		"stead-ready.service",
		"stead-setup.service",
		"stead.target",
		"tcp/22",
		"tcp/80",
		"tcp/443",
	};
	struct strings keys = { 0 };

	answers_keys(arena, &keys);
	for (size_t i = 0; i < keys.count; i++)
		add(arena, ret_words, keys.items[i]);
	for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
		add(arena, ret_words, everywhere[i]);
	suggest_processes(arena, ret_words);
}
