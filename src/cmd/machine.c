#include "cmd/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/terminal.h"

#define SSH_CONFIG MACHINE_SSH_CONFIG
#define NEW_SSH_CONFIG SSH_CONFIG ".new"
#define KNOWN_HOSTS "known_hosts"
#define TARGET "target.json"
#define VM_NAME "stead"

enum { TARGET_MAX = 64 * 1024 };

static const char *const kinds[] = { [MACHINE_VM] = "vm", [MACHINE_HOST] = "host", NULL };

const struct cli_option machine_options[] = {
	{ .name = "on",
	  .type = CLI_WORD,
	  .value = "MACHINE",
	  .doc = "vm or host, where the folder has both",
	  .words = kinds },
	{ .name = NULL },
};

const char *machine_dir(struct arena *arena, const char *dir, enum machine_kind kind)
{
	return compile_path(arena, dir, kind == MACHINE_VM ? STATE_DIR "/vm" : STATE_DIR "/host");
}

static const char *in_dir(const struct machine *machine, const char *name)
{
	return arena_printf(machine->arena, "%s/%s", machine->dir, name);
}

bool machine_exists(struct arena *arena, const char *dir, enum machine_kind kind)
{
	const char *state = machine_dir(arena, dir, kind);

	/* A VM's folder counts as soon as it is there: what is half made can be removed. */
	if (kind == MACHINE_HOST)
		state = arena_printf(arena, "%s/" TARGET, state);
	return access(state, F_OK) == 0;
}

const char *machine_known_hosts(const struct machine *machine, const char *dir)
{
	char absolute[4096];

	if (machine->kind == MACHINE_VM)
		return in_dir(machine, KNOWN_HOSTS);
	return arena_printf(machine->arena, "%s/" KNOWN_HOSTS,
	                    realpath(dir, absolute) != NULL ? absolute : dir);
}

/* --- reading --- */

static bool read_host(struct machine *machine, const json_t *root)
{
	const char *on = json_string_value(json_object_get(root, "on")), *error;

	if (on == NULL || destination_parse(machine->arena, on, &machine->to, &error) < 0)
		return false;
	machine->label = destination_text(machine->arena, &machine->to);
	machine->sudo = json_is_true(json_object_get(root, "sudo"));
	return true;
}

static bool read_target(struct machine *m)
{
	const char *agent, *web, *handle, *issuer, *domain = "", *provider = NULL;
	json_t *root;
	char *text;
	size_t len;
	bool ok;

	if (file_read(m->arena, AT_FDCWD, in_dir(m, TARGET), TARGET_MAX, &text, &len) < 0)
		return false;
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ok = root != NULL &&
	     json_unpack(root, "{s:s, s:s, s:s, s:s, s?s, s?s}", "agent", &agent, "web", &web,
	                 "handle", &handle, "issuer", &issuer, "domain", &domain, "provider",
	                 &provider) == 0 &&
	     (m->kind == MACHINE_VM || read_host(m, root));
	if (ok) {
		m->agent = arena_strdup(m->arena, agent);
		m->web = arena_strdup(m->arena, web);
		m->handle = arena_strdup(m->arena, handle);
		m->issuer = arena_strdup(m->arena, issuer);
		m->domain = arena_strdup(m->arena, domain);
		m->provider = provider != NULL ? arena_strdup(m->arena, provider) : NULL;
	}
	json_decref(root);
	return ok;
}

static int no_machine(struct cli *cli, const char *hint)
{
	const char *dir = cli_text(cli, "dir");
	const char *state = machine_dir(cli->arena, dir, MACHINE_HOST);

	/* Its folder is private: to somebody else it looks as if it were not there. */
	if (access(arena_printf(cli->arena, "%s/" TARGET, state), F_OK) < 0 && errno == EACCES)
		return fail(CLI_ENVIRONMENT, "run stead as the user who ran 'stead up' before",
		            "cannot look into '%s': %s", state, strerror(EACCES));
	return fail(CLI_ENVIRONMENT, hint, "there is no machine in '%s'", dir);
}

static int choose(struct cli *cli, enum machine_kind *ret)
{
	const char *dir = cli_text(cli, "dir"), *on = cli_text(cli, "on");
	bool vm = machine_exists(cli->arena, dir, MACHINE_VM);
	bool host = machine_exists(cli->arena, dir, MACHINE_HOST);

	if (on == NULL && vm && host)
		return fail(CLI_USAGE, "say which one is meant: --on vm, or --on host",
		            "'%s' has a VM and a host", dir);
	*ret = on != NULL ? (strcmp(on, "vm") == 0 ? MACHINE_VM : MACHINE_HOST)
	       : host     ? MACHINE_HOST
	                  : MACHINE_VM;
	if (*ret == MACHINE_VM ? vm : host)
		return CLI_OK;
	return no_machine(cli, on == NULL ? "'stead up --on root@HOST', or '--on vm', makes it"
	                       : *ret == MACHINE_VM ? "'stead up --on vm --image FILE' makes it"
	                                            : "'stead up --on root@HOST' makes it");
}

static int open_vm(struct machine *m, const char *dir, bool running)
{
	int r = vm_read(m->arena, m->dir, &m->vm);

	m->label = "the machine";
	m->sudo = true;
	m->ssh.name = VM_NAME;
	if (r == -ENOENT)
		return fail(CLI_ENVIRONMENT, "'stead up --on vm --image FILE' makes it",
		            "there is no machine in '%s'", dir);
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read the machine's state in '%s': %s",
		            m->dir, strerror(-r));
	if (running && m->vm.pid == 0)
		return fail(CLI_ENVIRONMENT, "'stead up' starts it", "the machine is not running");
	if (running && !read_target(m))
		return fail(CLI_ENVIRONMENT, "run 'stead up' again",
		            "the machine was not started to the end");
	return CLI_OK;
}

/* Calls share a connection while nothing that says how to make one changes. */
static void share_connection(struct machine *m, const char *known_hosts)
{
	char *config = NULL, *known = NULL;
	size_t len;

	if (file_read(m->arena, AT_FDCWD, m->ssh.config, TARGET_MAX, &config, &len) == 0 &&
	    file_read(m->arena, AT_FDCWD, known_hosts, 1024 * 1024, &known, &len) == 0)
		m->ssh.control = ssh_control_path(
			m->arena, (const char *const[]){ m->ssh.config, config, known, NULL });
}

static int open_host(struct machine *m, const char *dir)
{
	if (!read_target(m))
		return fail(CLI_ENVIRONMENT, "run 'stead up --on root@HOST' again",
		            "cannot read '%s/" TARGET "'", m->dir);
	m->ssh.name = m->to.host;
	m->ssh.ask = terminal_can_ask();
	share_connection(m, machine_known_hosts(m, dir));
	return CLI_OK;
}

static int open_kind(struct cli *cli, enum machine_kind kind, bool running, struct machine *ret)
{
	const char *dir = cli_text(cli, "dir");
	struct machine *m = ret;
	char absolute[4096];

	*m = (struct machine){ .arena = cli->arena, .kind = kind };
	m->dir = machine_dir(cli->arena, dir, kind);
	if (realpath(m->dir, absolute) != NULL)
		m->dir = arena_strdup(cli->arena, absolute);
	m->ssh.config = in_dir(m, SSH_CONFIG);
	return kind == MACHINE_VM ? open_vm(m, dir, running) : open_host(m, dir);
}

int machine_open_kind(struct cli *cli, enum machine_kind kind, struct machine *ret)
{
	return open_kind(cli, kind, false, ret);
}

int machine_open(struct cli *cli, bool running, struct machine *ret)
{
	enum machine_kind kind;
	int code = choose(cli, &kind);

	return code != CLI_OK ? code : open_kind(cli, kind, running, ret);
}

/* --- describing it --- */

/* The private key beside a public one that the settings name as a file; NULL: none. */
static const char *identity_of(struct arena *arena, const char *dir, const char *item)
{
	const char *home = getenv("HOME"), *path = item;
	size_t len = strlen(item);
	char absolute[4096];

	if (!str_ends(item, ".pub") || strchr(item, ' ') != NULL)
		return NULL;
	if (str_starts(item, "~/") && home != NULL)
		path = arena_printf(arena, "%s%s", home, item + 1);
	else if (item[0] != '/')
		path = compile_path(arena, dir, item);
	len = strlen(path);
	path = arena_strndup(arena, path, len - strlen(".pub"));
	if (access(path, R_OK) < 0 || realpath(path, absolute) == NULL)
		return NULL;
	return arena_strdup(arena, absolute);
}

/* Fedora CoreOS and Flatcar have the user "core"; a machine from a provider, root. */
static void settings_of_host(const struct machine *m, const struct compile *compile,
                             struct ssh_settings *ret)
{
	const char *os = compile->settings.machine.os.v; /* NULL: it is to be adopted */
	bool as_is = os == NULL || str_equal(os, "as-is");

	ret->name = m->to.host;
	ret->user = m->to.user;
	ret->usual_user = as_is ? "root" : "core";
	ret->port = m->to.port;
	ret->known_name = destination_known_name(m->arena, &m->to);
	ret->own_config = true;
}

int machine_write_ssh(struct machine *m, const struct compile *compile, const char *known_hosts,
                      bool learn)
{
	const struct value_list *keys = &compile->settings.machine.ssh_keys;
	const char *file = learn                     ? SSH_CONFIG ".learn"
	                   : m->kind == MACHINE_HOST ? NEW_SSH_CONFIG
	                                             : SSH_CONFIG;
	struct ssh_settings s = { .name = VM_NAME,
		                  .host_name = "127.0.0.1",
		                  .user = "core",
		                  .port = m->vm.ports.ssh,
		                  .known_name = VM_NAME,
		                  .known_hosts = known_hosts,
		                  .learn = learn,
		                  .only_identities = m->kind == MACHINE_VM };
	int code;

	if (m->kind == MACHINE_HOST) {
		s.host_name = NULL;
		settings_of_host(m, compile, &s);
	}
	for (size_t i = 0; i < keys->count; i++) {
		const char *identity = identity_of(m->arena, compile->dir, keys->items[i].v);

		if (identity != NULL)
			*list_add(m->arena, &s.identities) = identity;
	}
	code = machine_write(m, file, ssh_config_text(m->arena, &s));
	m->ssh = (struct ssh){ .config = in_dir(m, file), .name = s.name };
	if (code == CLI_OK && !learn && m->kind == MACHINE_HOST)
		share_connection(m, known_hosts);
	return code;
}

int machine_write(const struct machine *machine, const char *name, const char *text)
{
	int r = file_write_atomic(AT_FDCWD, in_dir(machine, name), 0600, text, strlen(text));

	return r == 0 ? CLI_OK
	              : fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", in_dir(machine, name),
	                     strerror(-r));
}

static int write_target(const struct machine *m)
{
	json_t *root = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:b}", "v", 1, "agent", m->agent,
	                         "web", m->web, "handle", m->handle, "issuer", m->issuer, "domain",
	                         m->domain, "sudo", (int)m->sudo);
	char *text = NULL;
	int code;

	if (root != NULL && m->kind == MACHINE_HOST)
		(void)json_object_set_new(root, "on",
		                          json_string(destination_text(m->arena, &m->to)));
	if (root != NULL && m->provider != NULL)
		(void)json_object_set_new(root, "provider", json_string(m->provider));
	if (root != NULL)
		text = json_dumps(root, JSON_INDENT(1));
	code = text == NULL ? fail(CLI_ENVIRONMENT, NULL, "cannot describe the machine")
	                    : machine_write(m, TARGET, text);
	json_decref(root);
	free(text);
	return code;
}

int machine_describe(struct machine *m, const struct compile *compile)
{
	const struct node *node = compile->node;
	struct arena *arena = m->arena;
	const char *key = node->machine.ssh_host_key_public.v;
	int code = CLI_OK;

	m->agent = host_agent_path(node);
	m->web = node->web.v;
	m->handle = arena_printf(arena, "@%s@%s", node->owner_name, node->domain.v);
	m->issuer = node->tls.issuer;
	m->domain = node->domain.v;
	if (m->kind == MACHINE_VM) {
		m->label = "the machine";
		m->sudo = true;
		if (key != NULL)
			code = machine_write(m, KNOWN_HOSTS,
			                     arena_printf(arena, VM_NAME " %.*s\n",
			                                  (int)strcspn(key, "\r\n"), key));
		if (code == CLI_OK)
			code = machine_write_ssh(m, compile, in_dir(m, KNOWN_HOSTS), false);
	}
	return code != CLI_OK || m->kind == MACHINE_HOST ? code : write_target(m);
}

/* Whether the new ssh_config says what the old one says. */
static bool same_config(const struct machine *m)
{
	char *old, *new;
	size_t old_len, new_len;

	return file_read(m->arena, AT_FDCWD, in_dir(m, SSH_CONFIG), TARGET_MAX, &old, &old_len) ==
	               0 &&
	       file_read(m->arena, AT_FDCWD, in_dir(m, NEW_SSH_CONFIG), TARGET_MAX, &new,
	                 &new_len) == 0 &&
	       old_len == new_len && memcmp(old, new, old_len) == 0;
}

int machine_keep(struct machine *m)
{
	if (m->kind == MACHINE_VM)
		return CLI_OK;
	/* In between there is no machine: better than one that is called by another's name. */
	if (!same_config(m))
		(void)unlink(in_dir(m, TARGET));
	if (rename(in_dir(m, NEW_SSH_CONFIG), in_dir(m, SSH_CONFIG)) < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", in_dir(m, SSH_CONFIG),
		            strerror(errno));
	m->ssh.config = in_dir(m, SSH_CONFIG);
	return write_target(m);
}

void machine_drop(const struct machine *m)
{
	if (m->kind == MACHINE_HOST && m->dir != NULL)
		(void)unlink(in_dir(m, NEW_SSH_CONFIG));
}

const char *machine_provider(struct arena *arena, const char *dir)
{
	struct machine m = { .arena = arena,
		             .kind = MACHINE_HOST,
		             .dir = machine_dir(arena, dir, MACHINE_HOST) };

	return read_target(&m) ? m.provider : NULL;
}
