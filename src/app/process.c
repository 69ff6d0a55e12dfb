/* The checks of processes: isolation above all. */
#include <string.h>

#include "app/internal.h"
#include "base/arena.h"
#include "base/text.h"

static const char *const capabilities[] = {
	"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID",
};

enum { CAPABILITY_COUNT = sizeof(capabilities) / sizeof(capabilities[0]) };

/* Mounting here would hide the image's own programs, or reach for the kernel. */
static const char *const refused_exactly[] = {
	"/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/run", "/sbin", "/tmp", "/usr", "/var",
};
static const char *const refused_below[] = { "/dev", "/proc", "/sys", "/run/secrets" };

/* What a process mounts, one by one, to find two at one place. */
struct mounted {
	LIST_OF(struct value_text);
};

static void check_target(struct checker *c, const struct value_text *path, bool tmpfs)
{
	bool refused = false;

	for (size_t i = 0; i < sizeof(refused_exactly) / sizeof(refused_exactly[0]); i++)
		refused |= strcmp(path->v, refused_exactly[i]) == 0;
	if (tmpfs && (strcmp(path->v, "/tmp") == 0 || strcmp(path->v, "/run") == 0))
		refused = false;
	for (size_t i = 0; i < sizeof(refused_below) / sizeof(refused_below[0]); i++)
		refused |= path_below(path->v, refused_below[i]);
	if (tmpfs && strcmp(path->v, "/dev/shm") == 0)
		refused = false;
	if (refused)
		report(c, "app.mount", path->at, "choose a directory of the application's own",
		       "nothing can be mounted at '%s'", path->v);
}

static void add_mount(struct checker *c, struct mounted *mounted, const struct value_text *path,
                      bool tmpfs)
{
	if (path->v == NULL)
		return;
	check_target(c, path, tmpfs);
	for (size_t i = 0; i < mounted->count; i++)
		if (strcmp(mounted->items[i].v, path->v) == 0) {
			report(c, "app.mount", path->at, NULL,
			       "two things are mounted at '%s', the other in line %u", path->v,
			       mounted->items[i].at.line);
			return;
		}
	*list_add(c->arena, mounted) = *path;
}

static bool reads(const struct app_process *process, const struct app_config *config)
{
	for (size_t i = 0; i < config->processes.count; i++)
		if (str_equal(config->processes.items[i].v, process->name.v))
			return true;
	return str_equal(config->process.v, process->name.v);
}

static bool seen_config_dir(const struct app *app, const struct app_process *process,
                            const struct app_config *config)
{
	const struct app_config *configs = app->configs.items;

	for (const struct app_config *other = configs; other < config; other++)
		if (reads(process, other) && config->path.v != NULL &&
		    str_equal(other->path.v, config->path.v))
			return true;
	return false;
}

static void check_mounts(struct checker *c, const struct app_process *process)
{
	const struct app_mount *mounts = process->volumes.items;
	const struct app_config *configs = c->app->configs.items;
	struct mounted mounted = { 0 };

	for (size_t i = 0; i < process->volumes.count; i++) {
		const struct value_text *volume = &mounts[i].volume;

		if (volume->v != NULL && find_volume(c->app, volume->v) == NULL)
			report(c, "app.name", volume->at,
			       hint_of_names(c, volume->v, &c->app->volumes,
			                     sizeof(struct app_volume)),
			       "there is no volume '%s'", volume->v);
		add_mount(c, &mounted, &mounts[i].path, false);
	}
	for (size_t i = 0; i < process->tmpfs.count; i++)
		add_mount(c, &mounted, &process->tmpfs.items[i], true);
	for (size_t i = 0; i < c->app->configs.count; i++)
		if (reads(process, &configs[i]) && !seen_config_dir(c->app, process, &configs[i]))
			add_mount(c, &mounted,
			          configs[i].file.v != NULL ? &configs[i].file : &configs[i].path,
			          false);
}

static void check_networks(struct checker *c, const struct app_process *process)
{
	for (size_t i = 0; i < process->networks.count; i++) {
		const struct value_text *network = &process->networks.items[i];

		if (strcmp(network->v, "int") != 0 && strcmp(network->v, "ext") != 0)
			report(c, "app.network", network->at,
			       "int has no way out, ext reaches other servers",
			       "there is no network '%s'", network->v);
	}
}

static void check_capabilities(struct checker *c, const struct app_process *process)
{
	for (size_t i = 0; i < process->capabilities.count; i++) {
		const struct value_text *wanted = &process->capabilities.items[i];
		bool found = false;

		for (size_t k = 0; k < CAPABILITY_COUNT; k++)
			found |= strcmp(capabilities[k], wanted->v) == 0;
		if (!found)
			report(c, "app.capability", wanted->at,
			       str_starts(wanted->v, "CAP_")
			               ? "without CAP_ in front"
			               : "CHOWN, DAC_OVERRIDE, FOWNER, KILL, NET_BIND_SERVICE, "
			                 "SETGID, SETUID",
			       "a definition cannot have the capability '%s'", wanted->v);
	}
}

static void check_health(struct checker *c, const struct app_process *process)
{
	const struct app_health *health = &process->health;
	int kinds = (health->http.v != NULL) + health->tcp.v + (health->exec.count > 0);
	const struct span at = health->http.v != NULL     ? health->http.at
	                       : health->tcp.at.line != 0 ? health->tcp.at
	                                                  : process->name.at;

	if (kinds > 1)
		report(c, "app.health", at, "keep one of http, tcp and exec",
		       "process '%s' has more than one kind of health test", process->name.v);
	if (health->exec.at.line != 0 && health->exec.count == 0)
		report(c, "app.health", health->exec.at, "leave it out, or name a program",
		       "the health test of process '%s' runs nothing", process->name.v);
	(void)check_url_path(c, &health->http, "health.http");
	if ((health->http.v != NULL || health->tcp.v) && !health->port.given &&
	    !process->port.given)
		report(c, "app.health", at, "give the process its 'port'",
		       "process '%s' has no port that could be tested", process->name.v);
	check_reference_list(c, &health->exec, PLACE_ARGV, "health.exec");
}

static void check_after(struct checker *c, const struct app_process *process)
{
	for (size_t i = 0; i < process->after.count; i++) {
		const struct value_text *after = &process->after.items[i];

		const struct app_process *other = need_process(c, after);

		if (other == process)
			report(c, "app.name", after->at, NULL, "process '%s' waits for itself",
			       process->name.v);
		else if (other != NULL && str_equal(other->group.v, "tool"))
			report(c, "app.name", after->at, "it runs in jobs only",
			       "process '%s' waits for a tool", process->name.v);
	}
}

void check_variables(struct checker *c, const struct value_pairs *env)
{
	for (size_t i = 0; i < env->count; i++) {
		const struct value_pair *pair = &env->items[i];
		static const char letters[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
		size_t len = strspn(pair->key, "0123456789") == 0 ? strlen(pair->key) : 0;

		for (const char *s = pair->key; len > 0 && *s != '\0'; s++)
			if (strchr(letters, *s) == NULL && (*s < '0' || *s > '9'))
				len = 0;
		if (len == 0)
			report(c, "app.value", pair->key_at, "letters, digits and '_'",
			       "'%s' is not the name of a variable", pair->key);
		if (strchr(pair->value.v, '\n') != NULL)
			report(c, "app.value", pair->value.at, "use a config file",
			       "the variable '%s' has more than one line", pair->key);
		check_references(c, &pair->value, PLACE_FILE, pair->key);
	}
}

static void check_memory(struct checker *c, const struct app_process *process)
{
	static const struct schema_row row = { .key = "memory",
		                               .type = SCHEMA_SIZE,
		                               .min = 4L << 20 };
	const struct value_text *memory = &process->memory;
	struct yaml_node node = { .kind = YAML_SCALAR, .span = memory->at, .text = memory->v };
	struct value_int ignored;

	if (memory->v == NULL)
		return;
	check_references(c, memory, PLACE_PUBLIC, "memory");
	node.len = strlen(memory->v);
	if (strchr(memory->v, '$') == NULL)
		(void)schema_decode_value(
			c->arena, "app",
			arena_printf(c->arena, "processes.%s.memory", process->name.v), &row, &node,
			&ignored, c->findings);
}

static void check_count(struct checker *c, const struct app_process *process,
                        const struct value_text *count, const char *key)
{
	long number;

	if (count->v == NULL)
		return;
	check_references(c, count, PLACE_PUBLIC, key);
	if (strchr(count->v, '$') == NULL &&
	    (!str_to_long(count->v, &number) || number < 1 || number > 1000000))
		report(c, "app.value", count->at, "from 1 to 1000000, or a reference",
		       "'%s' of process '%s' is not a number of connections", key, process->name.v);
}

static void check_database(struct checker *c, const struct app_process *process)
{
	check_count(c, process, &process->db_limit, "db_limit");
	for (size_t i = 0; i < process->db_connections.count; i++)
		check_count(c, process, &process->db_connections.items[i], "db_connections");
}

static void check_image(struct checker *c, const struct app_process *process)
{
	const char *s = process->image.v;

	if (process->image_doc.v != NULL && holds_control(process->image_doc.v))
		report(c, "app.value", process->image_doc.at, NULL,
		       "this text has control characters");
	if (s == NULL)
		return;
	if (*s == '\0' || *s == '-' || strlen(s) > 512 || strpbrk(s, " \t\r\n\"'\\") != NULL)
		report(c, "app.value", process->image.at, "like docker.io/library/redis:7",
		       "this is not the name of an image");
	check_references(c, &process->image, PLACE_PUBLIC, "image");
}

/* The image's own command is made for its entry point. */
static void check_entrypoint(struct checker *c, const struct app_process *process)
{
	if (process->entrypoint.given && !process->entrypoint.v && process->command.count == 0 &&
	    !str_equal(process->group.v, "tool"))
		report(c, "app.value", process->entrypoint.at, "give it a 'command'",
		       "without its entry point the image of '%s' runs nothing", process->name.v);
}

void check_processes(struct checker *c)
{
	const struct app_process *processes = c->app->processes.items;

	if (c->app->processes.at.line != 0 && c->app->processes.count == 0)
		report(c, "app.value", c->app->processes.at, NULL, "there is no process");
	for (size_t i = 0; i < c->app->processes.count; i++) {
		const struct app_process *process = &processes[i];

		if (str_equal(process->name.v, "caddy"))
			report(c, "app.name", process->name.at, "choose another name",
			       "'caddy' is stead's own process");
		check_image(c, process);
		check_user(c, &process->user);
		check_entrypoint(c, process);
		check_reference_list(c, &process->command, PLACE_ARGV, "command");
		check_variables(c, &process->env);
		check_mounts(c, process);
		check_networks(c, process);
		check_capabilities(c, process);
		check_health(c, process);
		check_after(c, process);
		check_memory(c, process);
		check_database(c, process);
		check_conditions(c, &process->when);
	}
}
