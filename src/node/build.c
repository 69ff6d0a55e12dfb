/* Settings, application, secrets and lock become the model. */
#include "node/build.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static struct node_text text_of(const struct value_text *text)
{
	return (struct node_text){ .v = text->v, .origin = origin_at(text->at) };
}

/* tls.email: "admin" is the admin's address. */
static void build_tls(struct build *b)
{
	const struct settings_tls *from = &b->settings->tls;
	struct node_tls *tls = &b->node->tls;

	tls->issuer = from->issuer.v;
	tls->origin = origin_at(from->issuer.at);
	tls->email = str_equal(from->email.v, "admin") ? b->node->owner_email : from->email.v;
	tls->staging = from->staging.v;
}

static void build_updates(struct build *b)
{
	const struct settings_updates *from = &b->settings->updates;

	b->node->updates = (struct node_updates){
		.os = str_equal(from->os.v, "auto"),
		.window = from->when,
		.os_origin = origin_at(from->os.at),
		.window_origin = origin_at(from->window.at),
	};
}

/* A node with a public certificate is a public node: before it speaks it must have met itself. */
static void build_reach(struct build *b)
{
	const struct value_text *from = &b->settings->reach;
	struct node *node = b->node;

	node->reach_origin = origin_at(from->at);
	if (b->in->trial) {
		node->reach = NODE_REACH_QUARANTINED;
		node->reach_origin = origin_rule("node.trial");
	} else if (str_equal(from->v, "quarantined")) {
		node->reach = NODE_REACH_QUARANTINED;
	} else if (str_equal(from->v, "checked") ||
	           (str_equal(from->v, "auto") && str_equal(node->tls.issuer, "acme"))) {
		node->reach = NODE_REACH_CHECKED;
	} else {
		node->reach = NODE_REACH_UNCHECKED;
	}
}

static void build_owner(struct build *b)
{
	const struct settings_admin *admin = &b->settings->admin;

	b->node->owner_name = admin->name.v;
	b->node->owner_email = admin->email.v;
	b->node->owner_origin = origin_at(admin->name.at);
	b->node->owner_login = b->app->owner.login.v;
}

static void build_permanent(struct build *b)
{
	const struct app_secret *secrets = b->app->secrets.items;

	for (size_t i = 0; i < b->app->secrets.count; i++) {
		const char *name = secrets[i].name.v, *kind = secrets[i].kind.v;
		const struct secret *found =
			secrets_get(b->in->secrets, arena_printf(b->arena, "app.%s", name));

		if (!secrets[i].permanent.v || found == NULL || str_equal(kind, "asked") ||
		    str_equal(kind, "captured"))
			continue;
		*list_add(b->arena, &b->node->permanent) = (struct node_env){
			.name = name,
			.value = { .v = found->value, .secret = true },
		};
	}
}

static struct node *new_node(struct arena *arena, const struct node_inputs *inputs)
{
	struct node *node = arena_alloc(arena, sizeof(*node));

	node->arena = arena;
	node->secret_arena = inputs->secret_arena;
	node->settings = inputs->settings;
	node->app_definition = inputs->app;
	node->app = inputs->settings->app.v;
	node->lineage = inputs->lock != NULL ? inputs->lock->lineage : NULL;
	node->domain = text_of(&inputs->settings->domain);
	node->web = text_of(settings_web(inputs->settings));
	node->trusted_proxies = inputs->settings->proxy.trusted;
	node->delivery = inputs->settings->delivery.v;
	node->kept = inputs->kept;
	return node;
}

struct node *node_build(struct arena *arena, const struct node_inputs *inputs,
                        struct findings *findings)
{
	struct build b = {
		.arena = arena,
		.secret_arena = inputs->secret_arena,
		.in = inputs,
		.settings = inputs->settings,
		.app = inputs->app,
		.findings = findings,
	};

	/* Without these there is nothing to build on, and whoever decoded them has said so. */
	if (inputs->settings->app.v == NULL || inputs->settings->domain.v == NULL ||
	    inputs->settings->admin.name.v == NULL)
		return NULL;
	b.node = new_node(arena, inputs);
	build_owner(&b);
	build_tls(&b);
	build_reach(&b);
	build_updates(&b);
	build_size(&b);
	build_own(&b);
	build_refusals(&b);
	build_mirror(&b);
	build_networks(&b);
	build_processes(&b);
	build_sizes(&b);
	build_configs(&b);
	build_jobs(&b);
	build_commands(&b);
	build_routes(&b);
	build_bucket(&b);
	build_permanent(&b);
	build_proxy(&b);
	build_machine(&b);
	return b.node;
}

void node_freeze(struct node *node)
{
	node->frozen = true;
}

struct node_process *node_process_find(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->processes.count; i++) {
		if (str_equal(node->processes.items[i]->name, name))
			return node->processes.items[i];
	}
	for (size_t i = 0; i < node->tools.count; i++) {
		if (str_equal(node->tools.items[i]->name, name))
			return node->tools.items[i];
	}
	return NULL;
}

const struct node_process *node_container(const struct node *node, size_t index)
{
	if (index < node->processes.count)
		return node->processes.items[index];
	index -= node->processes.count;
	return index < node->tools.count ? node->tools.items[index] : NULL;
}
