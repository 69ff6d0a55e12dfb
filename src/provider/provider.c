#include "provider/provider.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "provider/builtin.h"

/* The last arguments: the sentence, then what else the row has. */
#define ROW(key_, type_, struct_, field_, ...)                                                     \
	{                                                                                          \
		.key = (key_), .type = (type_), .offset = offsetof(struct struct_, field_),        \
		.since = "0.1", .doc = __VA_ARGS__                                                 \
	}
#define END                                                                                        \
	{                                                                                          \
		.key = NULL                                                                        \
	}

static const char *const words_image[] = { "stock", "upload", NULL };

static const struct schema_row dmi_rows[] = {
	ROW("vendor", SCHEMA_LIST, provider_dmi, vendor, "what sys_vendor says",
	    .item = SCHEMA_TEXT),
	ROW("product", SCHEMA_LIST, provider_dmi, product, "what product_name says",
	    .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row block_rows[] = {
	ROW("ports", SCHEMA_LIST, provider_block, ports, "ports that cannot be reached",
	    .flags = SCHEMA_NEEDED, .item = SCHEMA_PORT),
	ROW("rule", SCHEMA_TEXT, provider_block, rule, "the rule in one sentence",
	    .flags = SCHEMA_NEEDED),
	ROW("source", SCHEMA_TEXT, provider_block, source, "the page that says so",
	    .flags = SCHEMA_NEEDED),
	ROW("seen", SCHEMA_TEXT, provider_block, seen, "the day it was last looked at",
	    .flags = SCHEMA_NEEDED),
	END,
};

static const struct schema_row user_data_rows[] = {
	ROW("bytes", SCHEMA_INT, provider_user_data, bytes, "the most it takes",
	    .flags = SCHEMA_NEEDED, .min = 256, .max = 16 << 20),
	ROW("source", SCHEMA_TEXT, provider_user_data, source, "the page that says so",
	    .flags = SCHEMA_NEEDED),
	ROW("seen", SCHEMA_TEXT, provider_user_data, seen, "the day it was last looked at",
	    .flags = SCHEMA_NEEDED),
	END,
};

static const struct schema_row images_rows[] = {
	ROW("debian", SCHEMA_WORD, provider_images, debian, "how one gets Debian",
	    .words = words_image),
	ROW("flatcar", SCHEMA_WORD, provider_images, flatcar, "how one gets Flatcar",
	    .words = words_image),
	ROW("fcos", SCHEMA_WORD, provider_images, fcos, "how one gets Fedora CoreOS",
	    .words = words_image),
	END,
};

static const struct schema_row provider_rows[] = {
	ROW("title", SCHEMA_TEXT, provider, title, "what it is called", .flags = SCHEMA_NEEDED),
	ROW("dmi", SCHEMA_MAP, provider, dmi, "how a machine of it is known", .rows = dmi_rows),
	ROW("blocked", SCHEMA_MAPS, provider, blocked, "outgoing ports that are blocked",
	    .rows = block_rows, .size = sizeof(struct provider_block)),
	ROW("images", SCHEMA_MAP, provider, images, "which systems it offers", .rows = images_rows),
	ROW("ipv6", SCHEMA_TEXT, provider, ipv6, "what there is to know about IPv6"),
	ROW("user_data", SCHEMA_MAP, provider, user_data, "how much user data it takes",
	    .rows = user_data_rows),
	END,
};

static const struct schema_row table_rows[] = {
	ROW("format", SCHEMA_INT, providers, format, "the format of the table",
	    .flags = SCHEMA_NEEDED, .min = 1, .max = 1),
	ROW("providers", SCHEMA_NAMED, providers, table, "the providers by name",
	    .flags = SCHEMA_NEEDED, .item = SCHEMA_NAME, .rows = provider_rows,
	    .size = sizeof(struct provider)),
	END,
};

struct checker {
	struct arena *arena;
	struct findings *findings;
};

/* --- what no single row can say --- */

static void refuse(struct checker *c, struct span at, const char *hint, const char *name,
                   const char *problem)
{
	diag_error(c->findings, "provider.value", at, hint, "provider '%s' %s", name, problem);
}

static void check_sentence(struct checker *c, const char *name, const struct value_text *text)
{
	if (text->v != NULL && (text->v[0] == '\0' || str_ends(text->v, ".")))
		refuse(c, text->at, "it stands in the middle of a report", name,
		       "has a sentence that is empty or ends in a full stop");
}

static bool is_day(const char *s)
{
	return strlen(s) == 10 && strspn(s, "0123456789-") == 10 && s[4] == '-' && s[7] == '-' &&
	       strspn(s, "0123456789") == 4 && strspn(s + 5, "0123456789") == 2 &&
	       strspn(s + 8, "0123456789") == 2;
}

/* Every fact can be looked up again. */
static void check_source(struct checker *c, const char *name, const struct value_text *source,
                         const struct value_text *seen)
{
	if (source->v != NULL &&
	    (!str_starts(source->v, "https://") || strpbrk(source->v, " \t\"'<>") != NULL))
		refuse(c, source->at, "like https://example.net/limits", name,
		       "has a source that is no https address");
	if (seen->v != NULL && !is_day(seen->v))
		refuse(c, seen->at, "like 2026-11-22", name, "has a 'seen' that is not a day");
}

static void check_blocks(struct checker *c, const struct provider *p)
{
	const struct provider_block *blocks = p->blocked.items;

	for (size_t i = 0; i < p->blocked.count; i++) {
		if (blocks[i].ports.count == 0)
			refuse(c, blocks[i].ports.at, NULL, p->name.v, "has a rule about no port");
		check_sentence(c, p->name.v, &blocks[i].rule);
		check_source(c, p->name.v, &blocks[i].source, &blocks[i].seen);
		for (size_t k = 0; k < blocks[i].ports.count; k++) {
			const struct value_text *port = &blocks[i].ports.items[k];
			long n;

			if (str_to_long(port->v, &n) && provider_blocks(p, n) != &blocks[i])
				refuse(c, port->at, NULL, p->name.v, "has two rules for one port");
		}
	}
}

static bool has(const struct value_list *list, const char *s)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i].v, s))
			return true;
	return false;
}

/* A text that two claim would make the answer depend on their order. */
static void check_dmi(struct checker *c, const struct provider *table, size_t index)
{
	const struct provider_dmi *mine = &table[index].dmi;

	for (size_t i = 0; i < index; i++) {
		for (size_t k = 0; k < mine->vendor.count; k++)
			if (has(&table[i].dmi.vendor, mine->vendor.items[k].v))
				refuse(c, mine->vendor.items[k].at, NULL, table[index].name.v,
				       "is known by what another one is known by");
		for (size_t k = 0; k < mine->product.count; k++)
			if (has(&table[i].dmi.product, mine->product.items[k].v))
				refuse(c, mine->product.items[k].at, NULL, table[index].name.v,
				       "is known by what another one is known by");
	}
}

bool provider_decode(struct arena *arena, const struct source *source, struct providers *ret,
                     struct findings *findings)
{
	struct checker c = { .arena = arena, .findings = findings };
	size_t errors = findings->errors;
	const struct yaml_node *root = yaml_parse(arena, source, findings);
	const struct provider *table;

	if (root == NULL)
		return false;
	(void)schema_decode(arena, "provider", "", table_rows, root, ret, findings);
	table = ret->table.items;
	for (size_t i = 0; i < ret->table.count; i++) {
		check_sentence(&c, table[i].name.v, &table[i].ipv6);
		check_blocks(&c, &table[i]);
		check_source(&c, table[i].name.v, &table[i].user_data.source,
		             &table[i].user_data.seen);
		check_dmi(&c, table, i);
	}
	return findings->errors == errors;
}

struct source provider_builtin_source(void)
{
	return (struct source){ .name = "providers/providers.yaml",
		                .data = (const char *)provider_yaml,
		                .len = provider_yaml_len };
}

void provider_builtin(struct arena *arena, struct providers *ret)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	struct findings findings;

	*source = provider_builtin_source();
	findings_init(&findings, arena);
	if (!provider_decode(arena, source, ret, &findings))
		abort();
}

const struct provider *provider_find(const struct providers *providers, const char *name)
{
	const struct provider *table = providers->table.items;

	for (size_t i = 0; i < providers->table.count; i++)
		if (str_equal(table[i].name.v, name))
			return &table[i];
	return NULL;
}

const struct provider *provider_by_dmi(const struct providers *providers, const char *vendor,
                                       const char *product)
{
	const struct provider *table = providers->table.items;

	/* The product is the surer one: a vendor may sell its hardware to others. */
	for (size_t i = 0; i < providers->table.count; i++)
		if (product != NULL && has(&table[i].dmi.product, product))
			return &table[i];
	for (size_t i = 0; i < providers->table.count; i++)
		if (vendor != NULL && has(&table[i].dmi.vendor, vendor))
			return &table[i];
	return NULL;
}

const struct provider_block *provider_blocks(const struct provider *provider, long port)
{
	const struct provider_block *blocks = provider != NULL ? provider->blocked.items : NULL;
	long n;

	for (size_t i = 0; blocks != NULL && i < provider->blocked.count; i++)
		for (size_t k = 0; k < blocks[i].ports.count; k++)
			if (str_to_long(blocks[i].ports.items[k].v, &n) && n == port)
				return &blocks[i];
	return NULL;
}

const char *provider_hint(struct arena *arena, const struct providers *providers, const char *name)
{
	const struct provider *table = providers->table.items;
	struct strings names = { 0 };
	const char *nearest;
	struct text text;

	for (size_t i = 0; i < providers->table.count; i++)
		*list_add(arena, &names) = table[i].name.v;
	nearest = str_nearest(name, names.items, names.count);
	if (nearest != NULL)
		return arena_printf(arena, "did you mean '%s'?", nearest);
	text_init(&text, arena);
	text_add(&text, "leave it out, or one of: ");
	for (size_t i = 0; i < names.count; i++)
		text_addf(&text, "%s%s", i > 0 ? ", " : "", names.items[i]);
	return text.data;
}
