/* The application's processes, their volumes and what they mount. */
#include "node/build.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define DATA_DIR "/var/lib/stead/data"

bool parse_user(const char *s, unsigned *ret_uid, unsigned *ret_gid)
{
	enum { LARGEST = 65533 }; /* 65534 is nobody, 65535 means "no change" to chown */
	const char *colon = s != NULL ? strchr(s, ':') : NULL;
	char uid_text[12];
	long uid, gid;

	if (colon == NULL || colon == s || (size_t)(colon - s) >= sizeof(uid_text))
		return false;
	memcpy(uid_text, s, (size_t)(colon - s));
	uid_text[colon - s] = '\0';
	if (!str_to_long(uid_text, &uid) || !str_to_long(colon + 1, &gid) || uid < 0 || gid < 0 ||
	    uid > LARGEST || gid > LARGEST)
		return false;
	*ret_uid = (unsigned)uid;
	*ret_gid = (unsigned)gid;
	return true;
}

bool is_plain_path(const char *path)
{
	if (path[0] != '/' || path[1] == '\0')
		return false;
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	}
	return true;
}

const struct app_process *app_process_find(const struct app *app, const char *name)
{
	const struct app_process *processes = app->processes.items;

	for (size_t i = 0; i < app->processes.count; i++) {
		if (str_equal(processes[i].name.v, name))
			return &processes[i];
	}
	return NULL;
}

static const struct app_volume *app_volume_find(const struct app *app, const char *name)
{
	const struct app_volume *volumes = app->volumes.items;

	for (size_t i = 0; i < app->volumes.count; i++) {
		if (str_equal(volumes[i].name.v, name))
			return &volumes[i];
	}
	return NULL;
}

static enum node_class class_of(const struct app_volume *volume)
{
	if (str_equal(volume->class.v, "rebuildable"))
		return NODE_REBUILDABLE;
	return str_equal(volume->class.v, "cache") ? NODE_CACHE : NODE_PRECIOUS;
}

/* The volume of that name, made when its first process mounts it. */
static struct node_volume *need_volume(struct build *b, const struct node_process *process,
                                       const struct app_volume *from)
{
	struct node_volume *volume;

	for (size_t i = 0; i < b->node->volumes.count; i++) {
		if (str_equal(b->node->volumes.items[i]->name, from->name.v))
			return b->node->volumes.items[i];
	}
	volume = arena_alloc(b->arena, sizeof(*volume));
	volume->name = from->name.v;
	volume->path = arena_printf(b->arena, DATA_DIR "/%s/%s", process->name, from->name.v);
	volume->class = class_of(from);
	volume->uid = process->uid;
	volume->gid = process->gid;
	volume->mode = from->mode.given ? (unsigned)from->mode.v : 0700;
	volume->origin = origin_at(from->name.at);
	if (from->user.v != NULL && !parse_user(from->user.v, &volume->uid, &volume->gid))
		diag_error(b->findings, "app.user", from->user.at, "like \"1000:1000\"",
		           "'%s' is not a numeric user and group", from->user.v);
	*list_add(b->arena, &b->node->volumes) = volume;
	return volume;
}

static void build_mounts(struct build *b, struct node_process *process,
                         const struct app_process *from)
{
	const struct app_mount *mounts = from->volumes.items;

	for (size_t i = 0; i < from->volumes.count; i++) {
		const struct app_volume *volume = app_volume_find(b->app, mounts[i].volume.v);

		if (volume == NULL) {
			diag_error(b->findings, "app.reference", mounts[i].volume.at, NULL,
			           "there is no volume '%s'", mounts[i].volume.v);
			continue;
		}
		*list_add(b->arena, &process->mounts) = (struct node_mount){
			.volume = need_volume(b, process, volume),
			.target = mounts[i].path.v,
			.read_only = mounts[i].read_only.v,
			.origin = origin_at(mounts[i].path.at),
		};
	}
}

/* A line break in a value would be a second variable. */
static void add_env(struct build *b, struct node_process *process, const char *name,
                    struct node_text value, struct span at)
{
	if (value.v == NULL)
		value.v = "";
	if (strpbrk(value.v, "\n\r") != NULL) {
		diag_error(b->findings, "config.value", at, NULL,
		           "the value of '%s' has a line break", name);
		return;
	}
	for (size_t i = 0; i < process->env.count; i++) {
		if (str_equal(process->env.items[i].name, name)) {
			process->env.items[i].value = value;
			return;
		}
	}
	*list_add(b->arena, &process->env) = (struct node_env){ .name = name, .value = value };
}

static bool is_env_name(const char *s)
{
	if (*s == '\0' || (*s >= '0' && *s <= '9'))
		return false;
	for (; *s != '\0'; s++) {
		if ((*s < 'A' || *s > 'Z') && (*s < 'a' || *s > 'z') && (*s < '0' || *s > '9') &&
		    *s != '_')
			return false;
	}
	return true;
}

/* A variable whose value is a reference to something that is not set is left out. */
static void add_pairs(struct build *b, struct node_process *process,
                      const struct value_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const struct value_pair *pair = &pairs->items[i];
		struct reference_value whole;

		if (build_whole_reference(b, &pair->value, &whole) && whole.kind == REFERENCE_UNSET)
			continue;
		add_env(b, process, pair->key, build_text(b, &pair->value), pair->value.at);
	}
}

static bool names(const struct value_list *processes, const struct node_process *process)
{
	for (size_t i = 0; i < processes->count; i++) {
		if (str_equal(processes->items[i].v, process->name))
			return true;
	}
	return false;
}

static const struct value_pairs *mail_pairs(const struct build *b)
{
	const struct app_mail *mail = &b->app->mail;
	const char *way = settings_mail_way(b->settings);

	return str_equal(way, "none")       ? &mail->none
	       : str_equal(way, "plain")    ? &mail->plain
	       : str_equal(way, "starttls") ? &mail->starttls
	                                    : &mail->tls;
}

/* From what is shared to what is the process's own. The user's variables come last and win; nothing
 * in them is a reference. */
static void build_env(struct build *b, struct node_process *process, const struct app_process *from)
{
	const struct app_env *envs = b->app->envs.items;

	for (size_t i = 0; i < b->app->envs.count; i++) {
		if (names(&envs[i].processes, process) && build_conditions(b, &envs[i].when, from))
			add_pairs(b, process, &envs[i].values);
	}
	if (names(&b->app->mail.processes, process))
		add_pairs(b, process, mail_pairs(b));
	add_pairs(b, process, &from->env);
	for (size_t i = 0; i < b->own_env.count; i++) {
		const struct value_pair *pair = &b->own_env.items[i];
		struct node_text value = { .v = pair->value.v,
			                   .origin = origin_at(pair->value.at) };

		if (process->group != NODE_GROUP_DATA && is_env_name(pair->key))
			add_env(b, process, pair->key, value, pair->value.at);
	}
}

static void check_own_env(struct build *b)
{
	for (size_t i = 0; i < b->own_env.count; i++) {
		const struct value_pair *pair = &b->own_env.items[i];

		if (!is_env_name(pair->key))
			diag_error(b->findings, "settings.value", pair->key_at,
			           "letters, digits and '_', not a digit first",
			           "'%s' is not the name of a variable", pair->key);
		for (size_t k = 0; k < b->app->env_kept.count; k++) {
			if (str_equal(b->app->env_kept.items[k].v, pair->key))
				diag_error(b->findings, "settings.value", pair->key_at,
				           "the settings that it follows from can be changed",
				           "'%s' is set by the definition of %s, and the node "
				           "would break with another value",
				           pair->key, b->settings->app.v);
		}
	}
}

static void build_health(struct build *b, struct node_process *process,
                         const struct app_process *from)
{
	const struct app_health *h = &from->health;
	struct node_health *ret = &process->health;

	ret->port = h->port.given ? (unsigned)h->port.v : process->port;
	ret->status = h->status.given ? (unsigned)h->status.v : 200;
	ret->start_s = h->start_s.given ? (unsigned)h->start_s.v : 60;
	ret->origin = process->origin;
	if (h->http.v != NULL) {
		ret->kind = NODE_HEALTH_HTTP;
		ret->path = build_public(b, &h->http, "a path").v;
		ret->origin = origin_at(h->http.at);
	} else if (h->tcp.given && h->tcp.v) {
		ret->kind = NODE_HEALTH_TCP;
		ret->origin = origin_at(h->tcp.at);
	} else if (h->exec.count > 0) {
		ret->kind = NODE_HEALTH_EXEC;
		build_texts(b, &h->exec, &ret->exec);
		ret->origin = origin_at(h->exec.at);
	}
}

static void build_networks_of(struct node_process *process, const struct app_process *from)
{
	for (size_t i = 0; i < from->networks.count; i++) {
		if (str_equal(from->networks.items[i].v, "int"))
			process->networks[NODE_NET_INT] = true;
		if (str_equal(from->networks.items[i].v, "ext"))
			process->networks[NODE_NET_EXT] = true;
	}
}

static void copy_words(struct arena *arena, const struct value_list *from, struct strings *ret)
{
	for (size_t i = 0; i < from->count; i++)
		*list_add(arena, ret) = from->items[i].v;
}

/* Processes that are switched off need not be waited for. */
static void build_after(struct build *b, struct node_process *process,
                        const struct app_process *from)
{
	const struct app_process *all = b->app->processes.items;

	for (size_t i = 0; i < from->after.count; i++) {
		const struct value_text *name = &from->after.items[i];
		const struct app_process *other = app_process_find(b->app, name->v);

		if (other == NULL)
			diag_error(b->findings, "app.reference", name->at, NULL,
			           "there is no process '%s'", name->v);
		else if (b->process_on[other - all])
			*list_add(b->arena, &process->after) = name->v;
	}
}

/* Connections are a product, like processes and their threads. */
static void build_database(struct build *b, struct node_process *process,
                           const struct app_process *from)
{
	const struct value_list *factors = &from->db_connections;

	process->db_limit = build_count(b, &from->db_limit, "db_limit");
	process->db_limit_origin = origin_at(from->db_limit.at);
	if (factors->count > 0)
		process->db_connections = 1;
	for (size_t i = 0; i < factors->count; i++) {
		long factor = build_count(b, &factors->items[i], "db_connections");

		if (__builtin_mul_overflow(process->db_connections, factor,
		                           &process->db_connections))
			process->db_connections = INT_MAX;
	}
	if (process->db_connections > INT_MAX)
		process->db_connections = INT_MAX;
}

/* v NULL: there is none, or none of the process that it is taken from. */
static struct node_text given_image(struct build *b, const struct app_process *from)
{
	struct reference_value whole;

	if (build_whole_reference(b, &from->image, &whole) && whole.kind == REFERENCE_UNSET)
		return (struct node_text){ .origin = origin_at(from->image.at) };
	return build_public(b, &from->image, "an image's name");
}

static void build_process(struct build *b, const struct app_process *from)
{
	struct node_process *process = arena_alloc(b->arena, sizeof(*process));
	struct node_text image = given_image(b, from);

	process->group = str_equal(from->group.v, "data")   ? NODE_GROUP_DATA
	                 : str_equal(from->group.v, "tool") ? NODE_GROUP_TOOL
	                                                    : NODE_GROUP_APP;
	if (process->group == NODE_GROUP_TOOL)
		*list_add(b->arena, &b->node->tools) = process;
	else
		*list_add(b->arena, &b->node->processes) = process;
	process->name = from->name.v;
	process->origin = origin_at(from->name.at);
	build_image(b, process, from, &image);
	if (!parse_user(from->user.v, &process->uid, &process->gid))
		diag_error(b->findings, "app.user", from->user.at, "like \"1000:1000\"",
		           "process '%s' needs a numeric user and group", process->name);
	process->port = from->port.given ? (unsigned)from->port.v : 0;
	process->stop_signal = from->stop_signal.v;
	process->stop_s = from->stop_s.given ? (unsigned)from->stop_s.v : 10;
	process->writable_root = from->writable_root.v;
	process->no_entrypoint = from->entrypoint.given && !from->entrypoint.v;
	process->memory_bytes = build_bytes(b, &from->memory, "memory");
	build_database(b, process, from);
	build_texts(b, &from->command, &process->command);
	build_networks_of(process, from);
	build_env(b, process, from);
	build_mounts(b, process, from);
	build_health(b, process, from);
	build_after(b, process, from);
	copy_words(b->arena, &from->tmpfs, &process->tmpfs);
	copy_words(b->arena, &from->capabilities, &process->capabilities);
}

void build_processes(struct build *b)
{
	const struct app_process *processes = b->app->processes.items;
	size_t count = b->app->processes.count;
	bool *on = arena_array(b->arena, count + 1, sizeof(*on));

	for (size_t i = 0; i < count; i++)
		on[i] = build_conditions(b, &processes[i].when, &processes[i]);
	b->process_on = on;
	check_own_env(b);
	for (size_t i = 0; i < count; i++) {
		if (on[i])
			build_process(b, &processes[i]);
	}
}
