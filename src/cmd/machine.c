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

#define SSH_CONFIG "ssh_config"
#define KNOWN_HOSTS "known_hosts"
#define TARGET "target.json"
#define HOST "stead"

enum {
	TARGET_MAX = 64 * 1024,
	CALL_DEADLINE_MS = 60000,
	SSH_FAILED = 255, /* ssh(1), exit status */
};

const char *machine_dir(struct arena *arena, const char *dir)
{
	return compile_path(arena, dir, STATE_DIR "/vm");
}

static const char *in_dir(const struct machine *machine, const char *name)
{
	return arena_printf(machine->arena, "%s/%s", machine->dir, name);
}

static bool read_target(struct machine *machine)
{
	const char *agent, *web, *handle, *issuer;
	json_t *root;
	char *text;
	size_t len;
	bool ok;

	if (file_read(machine->arena, AT_FDCWD, in_dir(machine, TARGET), TARGET_MAX, &text, &len) <
	    0)
		return false;
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ok = root != NULL && json_unpack(root, "{s:s, s:s, s:s, s:s}", "agent", &agent, "web", &web,
	                                 "handle", &handle, "issuer", &issuer) == 0;
	if (ok) {
		machine->agent = arena_strdup(machine->arena, agent);
		machine->web = arena_strdup(machine->arena, web);
		machine->handle = arena_strdup(machine->arena, handle);
		machine->issuer = arena_strdup(machine->arena, issuer);
	}
	json_decref(root);
	return ok;
}

int machine_open(struct cli *cli, bool running, struct machine *ret)
{
	const char *dir = machine_dir(cli->arena, cli_text(cli, "dir"));
	char absolute[4096];
	int r = vm_read(cli->arena, dir, &ret->vm);

	ret->arena = cli->arena;
	ret->dir = dir;
	if (realpath(dir, absolute) != NULL)
		ret->dir = arena_strdup(cli->arena, absolute);
	if (r == -ENOENT)
		return fail(CLI_ENVIRONMENT, "'stead up --on vm --image FILE' makes it",
		            "there is no machine in '%s'", cli_text(cli, "dir"));
	if (r < 0)
		return fail(CLI_ENVIRONMENT, NULL, "cannot read the machine's state in '%s': %s",
		            dir, strerror(-r));
	if (running && ret->vm.pid == 0)
		return fail(CLI_ENVIRONMENT, "'stead up' starts it", "the machine is not running");
	if (running && !read_target(ret))
		return fail(CLI_ENVIRONMENT, "run 'stead up' again",
		            "the machine was not started to the end");
	return CLI_OK;
}

/* --- describing it --- */

/* Inside double quotes in ssh_config(5), where % begins a token. */
static const char *quoted(struct arena *arena, const char *path)
{
	struct text text;

	text_init(&text, arena);
	text_addc(&text, '"');
	for (; *path != '\0'; path++) {
		if (*path == '"' || *path == '\\')
			text_addc(&text, '\\');
		if (*path == '%')
			text_addc(&text, '%');
		text_addc(&text, *path);
	}
	text_addc(&text, '"');
	return text.data;
}

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

static char *ssh_config_text(const struct machine *machine, const struct compile *compile)
{
	const struct value_list *keys = &compile->settings.machine.ssh_keys;
	struct arena *arena = machine->arena;
	bool found = false;
	struct text text;

	text_init(&text, arena);
	text_addf(&text,
	          "# Made by 'stead up'. By hand: ssh -F THIS_FILE " HOST "\n"
	          "Host " HOST "\n"
	          "  HostName 127.0.0.1\n"
	          "  Port %u\n"
	          "  User core\n"
	          "  HostKeyAlias " HOST "\n"
	          "  UserKnownHostsFile %s\n"
	          "  GlobalKnownHostsFile /dev/null\n"
	          "  StrictHostKeyChecking yes\n"
	          "  BatchMode yes\n"
	          "  ConnectTimeout 15\n"
	          "  ServerAliveInterval 15\n"
	          "  ServerAliveCountMax 4\n"
	          "  LogLevel ERROR\n",
	          machine->vm.ports.ssh, quoted(arena, in_dir(machine, KNOWN_HOSTS)));
	for (size_t i = 0; i < keys->count; i++) {
		const char *identity = identity_of(arena, compile->dir, keys->items[i].v);

		if (identity == NULL)
			continue;
		text_addf(&text, "  IdentityFile %s\n", quoted(arena, identity));
		found = true;
	}
	/* Else what the user's agent offers, or ssh's usual files. */
	if (found)
		text_add(&text, "  IdentitiesOnly yes\n");
	return text.data;
}

static int write_text(const struct machine *machine, const char *name, const char *text)
{
	int r = file_write_atomic(AT_FDCWD, in_dir(machine, name), 0600, text, strlen(text));

	return r == 0 ? CLI_OK
	              : fail(CLI_ENVIRONMENT, NULL, "cannot write '%s': %s", in_dir(machine, name),
	                     strerror(-r));
}

static int write_target(const struct machine *machine)
{
	json_t *root =
		json_pack("{s:i, s:s, s:s, s:s, s:s}", "v", 1, "agent", machine->agent, "web",
	                  machine->web, "handle", machine->handle, "issuer", machine->issuer);
	char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
	int code = text == NULL ? fail(CLI_ENVIRONMENT, NULL, "cannot describe the machine")
	                        : write_text(machine, TARGET, text);

	json_decref(root);
	free(text);
	return code;
}

int machine_describe(struct machine *machine, const struct compile *compile)
{
	const struct node *node = compile->node;
	struct arena *arena = machine->arena;
	const char *key = node->machine.ssh_host_key_public.v;
	int code = CLI_OK;

	machine->agent = host_agent_path(node);
	machine->web = node->web.v;
	machine->handle = arena_printf(arena, "@%s@%s", node->owner_name, node->domain.v);
	machine->issuer = node->tls.issuer;
	if (key != NULL)
		code = write_text(
			machine, KNOWN_HOSTS,
			arena_printf(arena, HOST " %.*s\n", (int)strcspn(key, "\r\n"), key));
	if (code == CLI_OK)
		code = write_text(machine, SSH_CONFIG, ssh_config_text(machine, compile));
	return code != CLI_OK ? code : write_target(machine);
}

/* --- ssh --- */

void machine_ssh(const struct machine *machine, const char *const *command, struct strings *ret)
{
	struct arena *arena = machine->arena;
	const char *const fixed[] = { "ssh", "-F", in_dir(machine, SSH_CONFIG), HOST };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		*list_add(arena, ret) = fixed[i];
	if (command != NULL && command[0] != NULL)
		*list_add(arena, ret) = "--";
	/* ssh joins words with blanks, and the node's shell parts them again. */
	for (; command != NULL && *command != NULL; command++)
		*list_add(arena, ret) = cli_shell_quote(arena, *command);
	*list_add(arena, ret) = NULL;
}

int machine_run(const struct machine *machine, const char *const *command, unsigned deadline_ms,
                struct process_result *ret)
{
	struct strings argv = { 0 };
	struct process_run run = { .deadline_ms = deadline_ms };

	machine_ssh(machine, command, &argv);
	run.argv = argv.items;
	return process_run(machine->arena, &run, ret);
}

int machine_call(const struct machine *machine, const char *const *command)
{
	struct strings argv = { 0 };
	struct process_run run = { .inherit_stdout = true,
		                   .inherit_stderr = true,
		                   .deadline_ms = CALL_DEADLINE_MS };
	struct process_result result;
	int r;

	machine_ssh(machine, command, &argv);
	run.argv = argv.items;
	(void)fflush(stdout);
	r = process_run(machine->arena, &run, &result);
	if (r < 0)
		return fail(CLI_ENVIRONMENT, "install the package openssh-client",
		            "cannot run ssh: %s", strerror(-r));
	if (result.timed_out || result.exit_code == SSH_FAILED)
		return fail(CLI_ENVIRONMENT, "'stead up' follows it until it does",
		            "the machine runs, but does not answer yet");
	return result.exit_code;
}

int machine_exec(const struct machine *machine, const char *const *command, bool tty)
{
	struct strings words = { 0 }, argv = { 0 };
	int r;

	machine_ssh(machine, command, &words);
	*list_add(machine->arena, &argv) = words.items[0];
	if (tty)
		*list_add(machine->arena, &argv) = "-t";
	for (size_t i = 1; i < words.count; i++)
		*list_add(machine->arena, &argv) = words.items[i];
	(void)fflush(stdout);
	r = process_exec(argv.items);
	return fail(CLI_ENVIRONMENT, "install the package openssh-client", "cannot run ssh: %s",
	            strerror(-r));
}
