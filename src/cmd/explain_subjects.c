/* Settings, units, ports, images, secrets, networks and volumes: what each is, and where it comes
 * from and goes to. */
#include "cmd/explain.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* Where the agent keeps what set-up captured. */
#define CAPTURED_DIR "/var/lib/stead/state/secrets/"

enum { LINES_SHOWN = 8 };

static struct explain_answer *answer(struct explain *e, const char *kind, const char *name,
                                     const char *doc)
{
	struct explain_answer *a = list_add(e->arena, &e->answers);

	*a = (struct explain_answer){ .kind = kind, .name = name, .doc = doc };
	return a;
}

static void fact(struct explain *e, struct explain_answer *a, const char *label, const char *value,
                 struct origin origin)
{
	*list_add(e->arena, &a->facts) = (struct explain_fact){ label, value, origin };
}

static void name(struct explain *e, const char *text)
{
	*list_add(e->arena, &e->names) = text;
}

static const struct origin nowhere;

/* --- where it goes --- */

/* The units that restart when the file changes. */
static const char *readers_of(struct explain *e, const char *path)
{
	struct text text;

	text_init(&text, e->arena);
	for (size_t i = 0; i < e->plan->restart.count; i++) {
		const struct plan_restart *restart = &e->plan->restart.items[i];

		for (size_t k = 0; str_equal(restart->path, path) && k < restart->units.count; k++)
			text_addf(&text, "%s%s", text.len > 0 ? ", " : "", restart->units.items[k]);
	}
	return text.data;
}

/* "/etc/hostname:1", or the first of many; nothing of the lines themselves. */
static void add_reach(struct explain *e, struct explain_answer *a, const struct output *file,
                      const char *key)
{
	size_t count = 0;
	const char *units;
	struct text text;

	text_init(&text, e->arena);
	for (size_t i = 0; i < file->lines.count; i++) {
		if (!span_has_key(&file->lines.items[i].origin.span, key))
			continue;
		if (count == 0)
			text_addf(&text, "%s:%zu", file->path, i + 1);
		else if (count < LINES_SHOWN)
			text_addf(&text, ",%zu", i + 1);
		count++;
	}
	if (count == 0)
		return;
	if (count > LINES_SHOWN)
		text_addf(&text, " and %zu more", count - LINES_SHOWN);
	units = readers_of(e, file->path);
	if (units != NULL && *units != '\0')
		text_addf(&text, " (%s)", units);
	fact(e, a, "reaches", text.data, nowhere);
}

static void add_reaches(struct explain *e, struct explain_answer *a, const char *key)
{
	size_t before = a->facts.count;

	for (size_t i = 0; i < e->tree->files.count; i++)
		add_reach(e, a, e->tree->files.items[i], key);
	for (size_t i = 0; i < e->tree->links.count; i++)
		if (span_has_key(&e->tree->links.items[i].origin.span, key))
			fact(e, a, "reaches", e->tree->links.items[i].path, nowhere);
	if (a->facts.count == before)
		fact(e, a, "reaches",
		     "no line as a value; it may decide what there is, or stand in the plan",
		     nowhere);
}

/* --- settings --- */

/* What was written under a dotted key; NULL when nothing was. */
static const struct yaml_node *written(const struct yaml_node *node, struct arena *arena,
                                       const char *key)
{
	while (node != NULL && *key != '\0') {
		size_t len = strcspn(key, ".");

		node = node->kind == YAML_MAP ? yaml_get(node, arena_strndup(arena, key, len))
		                              : NULL;
		key += len + (key[len] == '.');
	}
	return node != NULL && yaml_is_null(node) ? NULL : node;
}

static void add_value(struct explain *e, struct explain_answer *a, const char *key,
                      const char *fallback)
{
	const struct yaml_node *node = written(e->compile->settings.root, e->arena, key);
	const char *value;

	if (node == NULL) {
		fact(e, a, "value", fallback != NULL ? fallback : "not set",
		     origin_rule("node.default"));
		return;
	}
	value = node->kind == YAML_SCALAR ? node->text
	                                  : arena_printf(e->arena, "%zu %s", node->count,
	                                                 node->kind == YAML_MAP ? "keys" : "items");
	fact(e, a, "value", value, origin_at(node->span));
}

static void add_setting(struct explain *e, const char *key, const char *doc, const char *fallback)
{
	struct explain_answer *a = answer(e, "setting", key, doc);

	add_value(e, a, key, fallback);
	add_reaches(e, a, key);
}

struct setting_walk {
	struct explain *explain;
	const char *arg;
};

static void visit_setting(void *context, const char *key, const struct schema_row *row)
{
	struct setting_walk *walk = context;

	name(walk->explain, arena_strdup(walk->explain->arena, key));
	if (str_equal(key, walk->arg))
		add_setting(walk->explain, walk->arg, row->doc, row->fallback);
}

static void explain_settings(struct explain *e, const char *arg)
{
	struct setting_walk walk = { e, arg };
	const struct app *app = &e->compile->app;
	const struct app_setting *own = app->settings.items;

	schema_walk(settings_rows, visit_setting, &walk);
	for (size_t i = 0; i < app->settings.count; i++) {
		const char *key = arena_printf(e->arena, "%s.%s", app->name.v, own[i].name.v);

		name(e, key);
		if (str_equal(key, arg))
			add_setting(e, key, own[i].doc.v, own[i].fallback.v);
	}
}

/* --- processes and units --- */

static const char *networks_of(struct explain *e, const struct node_process *process)
{
	struct text text;

	text_init(&text, e->arena);
	for (size_t i = 0; i < NODE_NET_COUNT; i++)
		if (process->networks[i])
			text_addf(&text, "%s%s", text.len > 0 ? ", " : "",
			          e->node->networks[i].name);
	return text.data;
}

static void add_process(struct explain *e, struct explain_answer *a,
                        const struct node_process *process)
{
	fact(e, a, "process", process->name, process->origin);
	fact(e, a, "image", process->image, process->image_origin);
	fact(e, a, "networks", networks_of(e, process), process->origin);
	for (size_t i = 0; i < process->after.count; i++)
		fact(e, a, "after", process->after.items[i], process->origin);
	for (size_t i = 0; i < process->port_count; i++)
		fact(e, a, "port of the machine",
		     arena_printf(e->arena, "%s/%u", process->ports[i].udp ? "udp" : "tcp",
		                  process->ports[i].port),
		     process->ports[i].origin);
	for (size_t i = 0; i < process->mounts.count; i++) {
		const struct node_mount *mount = &process->mounts.items[i];

		fact(e, a, "mounts",
		     arena_printf(e->arena, "%s at %s",
		                  mount->volume != NULL ? mount->volume->path : mount->host_path,
		                  mount->target),
		     mount->origin);
	}
	for (size_t i = 0; i < e->plan->restart.count; i++) {
		const struct plan_restart *restart = &e->plan->restart.items[i];

		for (size_t k = 0; k < restart->units.count; k++)
			if (str_equal(restart->units.items[k],
			              arena_printf(e->arena, "stead-%s.service", process->name)))
				fact(e, a, "restarts for", restart->path, nowhere);
	}
}

/* ARG is "snac", "stead-snac" or "stead-snac.service". */
static bool means_unit(struct explain *e, const char *arg, const char *unit)
{
	const char *dot = strrchr(unit, '.');
	const char *stem = arena_strndup(e->arena, unit, (size_t)(dot - unit));

	return str_equal(arg, unit) || str_equal(arg, stem) ||
	       (str_starts(stem, "stead-") && str_equal(arg, stem + strlen("stead-")));
}

static void explain_processes(struct explain *e, const char *arg)
{
	for (size_t i = 0; i < e->node->processes.count; i++) {
		const struct node_process *process = e->node->processes.items[i];
		const char *unit = arena_printf(e->arena, "stead-%s.service", process->name);

		name(e, process->name);
		name(e, unit);
		if (means_unit(e, arg, unit))
			add_process(e, answer(e, "unit", unit, NULL), process);
	}
}

/* Units that are files of their own, or only switched on. */
static void explain_units(struct explain *e, const char *arg)
{
	for (size_t i = 0; i < e->tree->units.count; i++) {
		const struct output_unit *unit = &e->tree->units.items[i];
		struct explain_answer *a;

		name(e, unit->name);
		if (!means_unit(e, arg, unit->name))
			continue;
		a = answer(e, "unit", unit->name, node_rule_text(unit->origin.rule));
		fact(e, a, "state",
		     unit->masked    ? "masked"
		     : unit->enabled ? "enabled"
		                     : "disabled",
		     unit->origin);
	}
	for (size_t i = 0; i < e->tree->files.count; i++) {
		const struct output *file = e->tree->files.items[i];
		const char *base = strrchr(file->path, '/') + 1;
		struct explain_answer *a;

		if ((file->flags & OUTPUT_UNIT) == 0 || strchr(base, '.') == NULL)
			continue;
		name(e, base);
		if (!means_unit(e, arg, base))
			continue;
		a = answer(e, "unit", base, node_rule_text(file->origin.rule));
		fact(e, a, "file", file->path, file->origin);
	}
}

/* --- ports --- */

static bool means_range(const char *arg, unsigned first, unsigned last, bool udp)
{
	long number;

	if (str_starts(arg, "tcp/") || str_starts(arg, "udp/")) {
		if (udp != str_starts(arg, "udp/"))
			return false;
		arg += strlen("tcp/");
	}
	return str_to_long(arg, &number) && number >= (long)first && number <= (long)last;
}

static bool means_port(const char *arg, unsigned port, bool udp)
{
	return means_range(arg, port, port, udp);
}

static struct explain_answer *port_answer(struct explain *e, const char *arg, const char *doc)
{
	return answer(e, "port", arg, doc);
}

static void explain_ports(struct explain *e, const char *arg)
{
	enum { SSH_PORT = 22 };

	if (means_port(arg, SSH_PORT, false))
		fact(e, port_answer(e, arg, "the machine can be administered"), "process", "ssh",
		     origin_rule("firewall.ssh"));
	for (size_t i = 0; i < e->node->machine.open.count; i++) {
		const struct node_open *open = &e->node->machine.open.items[i];

		if (means_range(arg, open->first, open->last, open->udp))
			fact(e, port_answer(e, arg, "a port of the machine that is open too"),
			     "opened by", "machine.firewall.open", open->origin);
	}
	for (size_t i = 0; i < e->node->processes.count; i++) {
		const struct node_process *process = e->node->processes.items[i];

		for (size_t k = 0; k < process->port_count; k++)
			if (means_port(arg, process->ports[k].port, process->ports[k].udp))
				fact(e,
				     port_answer(e, arg,
				                 "a port of the machine, open to the world"),
				     process->ports[k].udp ? "udp" : "tcp", process->name,
				     process->ports[k].origin);
		if (process->port != 0 && means_port(arg, process->port, false))
			fact(e, port_answer(e, arg, "a port inside the node's networks only"),
			     "process", process->name, process->origin);
	}
}

/* --- images, networks, volumes, secrets --- */

/* Without tag and digest will do. */
static bool means_image(const char *arg, const char *image)
{
	size_t len = strlen(arg);

	return strncmp(image, arg, len) == 0 && (image[len] == '\0' || strchr(":@", image[len]));
}

static void explain_images(struct explain *e, const char *arg)
{
	const struct node_process *process;

	for (size_t i = 0; (process = node_container(e->node, i)) != NULL; i++) {
		name(e, process->image);
		name(e, process->image_name);
		if (!means_image(arg, process->image) && !means_image(arg, process->image_name) &&
		    !means_image(arg, process->image_named))
			continue;
		struct explain_answer *a = answer(e, "image", process->image, NULL);

		fact(e, a, "process", process->name, process->image_origin);
	}
}

static void explain_networks(struct explain *e, const char *arg)
{
	for (size_t i = 0; i < NODE_NET_COUNT; i++) {
		const struct node_network *network = &e->node->networks[i];
		struct explain_answer *a;

		name(e, network->name);
		if (!str_equal(arg, network->name) &&
		    !str_equal(arg, network->name + strlen("stead-")))
			continue;
		a = answer(e, "network", network->name, node_rule_text(network->origin.rule));
		fact(e, a, "IPv4", network->subnet4, network->origin);
		fact(e, a, "IPv6", network->subnet6, e->node->domain.origin);
		for (size_t k = 0; k < e->node->processes.count; k++)
			if (e->node->processes.items[k]->networks[i])
				fact(e, a, "on it", e->node->processes.items[k]->name,
				     e->node->processes.items[k]->origin);
	}
}

static void explain_volumes(struct explain *e, const char *arg)
{
	static const char *const classes[] = {
		[NODE_PRECIOUS] = "precious: it is backed up",
		[NODE_REBUILDABLE] = "rebuildable",
		[NODE_CACHE] = "a cache",
	};

	for (size_t i = 0; i < e->node->volumes.count; i++) {
		const struct node_volume *volume = e->node->volumes.items[i];
		struct explain_answer *a;

		name(e, volume->name);
		name(e, volume->path);
		if (!str_equal(arg, volume->name) && !str_equal(arg, volume->path))
			continue;
		a = answer(e, "volume", volume->name, NULL);
		fact(e, a, "folder", volume->path, volume->origin);
		fact(e, a, "class", classes[volume->class], volume->origin);
		for (size_t k = 0; k < e->node->processes.count; k++) {
			const struct node_process *process = e->node->processes.items[k];

			for (size_t m = 0; m < process->mounts.count; m++)
				if (process->mounts.items[m].volume == volume)
					fact(e, a, "mounted by", process->name,
					     process->mounts.items[m].origin);
		}
	}
}

static void add_secret(struct explain *e, const char *secret, const char *key, const char *doc,
                       struct origin origin)
{
	struct explain_answer *a = answer(e, "secret", secret, doc);

	fact(e, a, "value", "never shown; it is in stead.secrets.yaml", origin);
	add_reaches(e, a, key);
}

/* Made on the node, and never known here. */
static void add_captured(struct explain *e, const char *secret, const struct app_secret *declared)
{
	struct explain_answer *a = answer(e, "secret", secret, declared->doc.v);

	fact(e, a, "value", "never shown; set-up on the node makes it and keeps it there",
	     origin_at(declared->name.at));
	fact(e, a, "file", arena_printf(e->arena, CAPTURED_DIR "%s", declared->name.v),
	     origin_at(declared->name.at));
}

static void add_host_key(struct explain *e, const char *secret)
{
	struct explain_answer *a = answer(e, "secret", secret, node_rule_text("host.hostkey"));

	fact(e, a, "value", "never shown; it is in stead.secrets.yaml",
	     e->node->machine.ssh_host_key.origin);
	for (size_t i = 0; i < e->tree->files.count; i++)
		if ((e->tree->files.items[i]->flags & OUTPUT_SECRET) != 0 &&
		    str_equal(e->tree->files.items[i]->origin.rule, "host.hostkey"))
			fact(e, a, "reaches", e->tree->files.items[i]->path,
			     e->tree->files.items[i]->origin);
}

static void explain_secrets(struct explain *e, const char *arg)
{
	const struct app *app = &e->compile->app;
	const struct app_secret *secrets = app->secrets.items;

	for (size_t i = 0; i < app->secrets.count; i++) {
		const char *bare = secrets[i].name.v;
		const char *full = arena_printf(e->arena, "app.%s", bare);

		name(e, full);
		if (!str_equal(arg, bare) && !str_equal(arg, full))
			continue;
		if (str_equal(secrets[i].kind.v, "captured"))
			add_captured(e, full, &secrets[i]);
		else
			add_secret(e, full, arena_printf(e->arena, "secret.%s", bare),
			           secrets[i].doc.v, origin_at(secrets[i].name.at));
	}
	name(e, "ssh_host_ed25519_key");
	if (str_equal(arg, "ssh_host_ed25519_key"))
		add_host_key(e, arg);
	name(e, "mail.password");
	if (str_equal(arg, "mail.password"))
		add_secret(e, arg, "secret.mail.password", "the password of the mail server",
		           origin_at(e->compile->settings.mail.user.at));
}

void explain_subjects(struct explain *e, const char *arg)
{
	explain_settings(e, arg);
	explain_processes(e, arg);
	explain_units(e, arg);
	explain_ports(e, arg);
	explain_images(e, arg);
	explain_networks(e, arg);
	explain_volumes(e, arg);
	explain_secrets(e, arg);
}
