#include "cmd/commands.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cmd/compile.h"
#include "plan/json.h"
#include "provider/provider.h"

static const struct provider *provider_at(const struct providers *providers, size_t i)
{
	return (const struct provider *)providers->table.items + i;
}

static const struct provider_block *block_at(const struct provider *p, size_t i)
{
	return (const struct provider_block *)p->blocked.items + i;
}

static const char *or_dash(const char *s)
{
	return s != NULL ? s : "-";
}

/* "25, 465" */
static const char *ports_of(struct arena *arena, const struct provider *p)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < p->blocked.count; i++)
		for (size_t k = 0; k < block_at(p, i)->ports.count; k++)
			text_addf(&text, "%s%s", text.len > 0 ? ", " : "",
			          block_at(p, i)->ports.items[k].v);
	return text.len > 0 ? text.data : "-";
}

static const char *user_data(struct arena *arena, const struct provider *p)
{
	return p->user_data.bytes.given ? arena_printf(arena, "%ld", p->user_data.bytes.v) : "-";
}

static void print_table(struct arena *arena, const struct providers *providers)
{
	(void)printf("%-14s %-24s %-9s %9s  %-7s %s\n", "NAME", "TITLE", "BLOCKED", "USER DATA",
	             "FLATCAR", "FCOS");
	for (size_t i = 0; i < providers->table.count; i++) {
		const struct provider *p = provider_at(providers, i);

		(void)printf("%-14s %-24s %-9s %9s  %-7s %s\n", p->name.v, p->title.v,
		             ports_of(arena, p), user_data(arena, p), or_dash(p->images.flatcar.v),
		             or_dash(p->images.fcos.v));
	}
}

/* -- one -- */

static void print_page(const struct value_text *source, const struct value_text *seen)
{
	if (source->v != NULL)
		(void)printf("  %s (%s)\n", source->v, or_dash(seen->v));
}

static void print_list(const char *what, const struct value_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		(void)printf("%s%s", i == 0 ? what : ", ", list->items[i].v);
	if (list->count > 0)
		(void)printf("\n");
}

static void print_one(const struct provider *p)
{
	(void)printf("%s: %s\n", p->name.v, p->title.v);
	print_list("known by the vendor ", &p->dmi.vendor);
	print_list("known by the product ", &p->dmi.product);
	for (size_t i = 0; i < p->blocked.count; i++) {
		const struct provider_block *block = block_at(p, i);

		(void)printf("\n%s\n", block->rule.v);
		print_page(&block->source, &block->seen);
	}
	if (p->user_data.bytes.given) {
		(void)printf("\nuser data: at most %ld bytes\n", p->user_data.bytes.v);
		print_page(&p->user_data.source, &p->user_data.seen);
	}
	if (p->images.debian.v != NULL || p->images.flatcar.v != NULL || p->images.fcos.v != NULL)
		(void)printf("\nimages: debian %s, flatcar %s, fcos %s\n",
		             or_dash(p->images.debian.v), or_dash(p->images.flatcar.v),
		             or_dash(p->images.fcos.v));
	if (p->ipv6.v != NULL)
		(void)printf("\n%s\n", p->ipv6.v);
}

/* -- JSON -- */

static json_t *text_json(const struct value_text *text)
{
	return text->v != NULL ? json_string(text->v) : json_null();
}

static json_t *list_json(const struct value_list *list, bool numbers)
{
	json_t *items = json_array();
	long n = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (numbers)
			(void)str_to_long(list->items[i].v, &n);
		json_array_append_new(items,
		                      numbers ? json_integer(n) : json_string(list->items[i].v));
	}
	return items;
}

static json_t *one_json(const struct provider *p)
{
	json_t *blocked = json_array();

	for (size_t i = 0; i < p->blocked.count; i++) {
		const struct provider_block *block = block_at(p, i);

		json_array_append_new(blocked, json_pack("{s:o,s:o,s:o,s:o}", "ports",
		                                         list_json(&block->ports, true), "rule",
		                                         text_json(&block->rule), "source",
		                                         text_json(&block->source), "seen",
		                                         text_json(&block->seen)));
	}
	return json_pack(
		"{s:o,s:o,s:{s:o,s:o},s:o,s:o,s:{s:o,s:o,s:o},s:o}", "name", text_json(&p->name),
		"title", text_json(&p->title), "dmi", "vendor", list_json(&p->dmi.vendor, false),
		"product", list_json(&p->dmi.product, false), "blocked", blocked, "user_data",
		p->user_data.bytes.given
			? json_pack("{s:I,s:o,s:o}", "bytes", (json_int_t)p->user_data.bytes.v,
	                            "source", text_json(&p->user_data.source), "seen",
	                            text_json(&p->user_data.seen))
			: json_null(),
		"images", "debian", text_json(&p->images.debian), "flatcar",
		text_json(&p->images.flatcar), "fcos", text_json(&p->images.fcos), "ipv6",
		text_json(&p->ipv6));
}

static int print_json(struct arena *arena, const struct providers *providers,
                      const struct provider *only)
{
	cleanup_json json_t *report = NULL;
	json_t *list = json_array();

	for (size_t i = 0; i < providers->table.count; i++)
		if (only == NULL || only == provider_at(providers, i))
			json_array_append_new(list, one_json(provider_at(providers, i)));
	report = json_pack("{s:i,s:o}", "v", 1, "providers", list);
	if (report == NULL)
		return fail(CLI_ENVIRONMENT, NULL, "there is no memory");
	(void)puts(json_text(arena, report, JSON_COMPACT));
	return flush_output(stdout);
}

int cmd_providers(struct cli *cli)
{
	const char *name = cli->args.count > 0 ? cli->args.items[0] : NULL;
	const struct provider *only = NULL;
	struct providers providers;

	provider_builtin(cli->arena, &providers);
	if (name != NULL) {
		only = provider_find(&providers, name);
		if (only == NULL)
			return fail(CLI_USAGE, provider_hint(cli->arena, &providers, name),
			            "there is nothing about a provider '%s'", name);
	}
	if (strcmp(cli_text(cli, "format"), "json") == 0)
		return print_json(cli->arena, &providers, only);
	if (only != NULL)
		print_one(only);
	else
		print_table(cli->arena, &providers);
	return flush_output(stdout);
}
