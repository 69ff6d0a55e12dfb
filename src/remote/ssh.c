#include "remote/ssh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/text.h"

enum { NAME_LEN = 20, TEMPORARY_SUFFIX = 18 /* ssh binds PATH.16 letters, then renames it */ };

/* --- ssh_config --- */

/* Inside double quotes in ssh_config(5), where % begins a token. */
const char *ssh_quoted(struct arena *arena, const char *path)
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

static void add_identities(struct text *text, const struct ssh_settings *s)
{
	for (size_t i = 0; i < s->identities.count; i++)
		text_addf(text, "  IdentityFile %s\n",
		          ssh_quoted(text->arena, s->identities.items[i]));
	/* Else what the user's agent offers, or ssh's usual files. */
	if (s->only_identities && s->identities.count > 0)
		text_add(text, "  IdentitiesOnly yes\n");
}

/* The first value counts in ssh_config(5), so what may not be overruled stands first. */
char *ssh_config_text(struct arena *arena, const struct ssh_settings *s)
{
	bool alias = strcmp(s->name, "stead") != 0;
	struct text text;

	text_init(&text, arena);
	text_addf(&text,
	          "# Made by 'stead up'. By hand: ssh -F THIS_FILE %s\n"
	          "Host stead%s%s\n",
	          s->name, alias ? " " : "", alias ? s->name : "");
	if (s->host_name != NULL)
		text_addf(&text, "  HostName %s\n", s->host_name);
	if (s->port != 0)
		text_addf(&text, "  Port %u\n", s->port);
	if (s->user != NULL)
		text_addf(&text, "  User %s\n", s->user);
	text_addf(&text,
	          "  HostKeyAlias %s\n"
	          "  UserKnownHostsFile %s\n"
	          "  GlobalKnownHostsFile /dev/null\n"
	          "  StrictHostKeyChecking %s\n"
	          "  HashKnownHosts no\n"
	          "  UpdateHostKeys no\n"
	          "  ConnectTimeout 15\n"
	          "  ServerAliveInterval 15\n"
	          "  ServerAliveCountMax 4\n"
	          "  LogLevel %s\n",
	          s->known_name, ssh_quoted(arena, s->known_hosts), s->learn ? "accept-new" : "yes",
	          s->learn ? "INFO" : "ERROR"); /* a key it does not have is only information */
	if (s->learn)
		text_add(&text, "  PreferredAuthentications none\n");
	add_identities(&text, s);
	if (!s->own_config)
		return text.data;
	/* What is meant for people at work there, not for us. */
	text_add(&text, "  ClearAllForwardings yes\n"
	                "  ForwardAgent no\n"
	                "  ForwardX11 no\n"
	                "  PermitLocalCommand no\n"
	                "  RemoteCommand none\n");
	if (alias)
		text_addf(&text, "Host stead\n  HostName %s\n", s->name);
	text_add(&text, "Match all\n"
	                "Include ~/.ssh/config\n"
	                "Include /etc/ssh/ssh_config\n");
	if (s->user == NULL && s->usual_user != NULL)
		text_addf(&text, "Host stead%s%s\n  User %s\n", alias ? " " : "",
		          alias ? s->name : "", s->usual_user);
	return text.data;
}

/* --- its command line --- */

static void add(struct arena *arena, struct strings *words, const char *word)
{
	*list_add(arena, words) = word;
}

static void add_options(struct arena *arena, const struct ssh *ssh, struct strings *ret)
{
	add(arena, ret, "ssh");
	add(arena, ret, "-F");
	add(arena, ret, ssh->config);
	add(arena, ret, "-o");
	add(arena, ret, ssh->ask ? "BatchMode=no" : "BatchMode=yes");
	if (ssh->control != NULL) {
		add(arena, ret, "-o");
		add(arena, ret, "ControlMaster=auto");
		add(arena, ret, "-o");
		add(arena, ret, "ControlPersist=30");
		add(arena, ret, "-o");
		add(arena, ret, arena_printf(arena, "ControlPath=%s", ssh->control));
	}
}

/* For a POSIX shell. */
static const char *shell_quoted(struct arena *arena, const char *s)
{
	struct text text;

	text_init(&text, arena);
	text_addc(&text, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			text_add(&text, "'\\''");
		else
			text_addc(&text, *s);
	}
	text_addc(&text, '\'');
	return text.data;
}

void ssh_command(struct arena *arena, const struct ssh *ssh, const char *const *command,
                 struct strings *ret)
{
	add_options(arena, ssh, ret);
	add(arena, ret, ssh->name);
	if (command != NULL && command[0] != NULL)
		add(arena, ret, "--");
	/* ssh joins words with blanks, and the machine's shell parts them again. */
	for (; command != NULL && *command != NULL; command++)
		add(arena, ret, shell_quoted(arena, *command));
	add(arena, ret, NULL);
}

void ssh_line(struct arena *arena, const struct ssh *ssh, const char *line, struct strings *ret)
{
	add_options(arena, ssh, ret);
	add(arena, ret, ssh->name);
	add(arena, ret, "--");
	add(arena, ret, line);
	add(arena, ret, NULL);
}

/* --- sharing a connection --- */

/* A directory nobody else may enter: who can put a socket there could answer for the machine. */
static bool make_private(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return false;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

const char *ssh_control_path(struct arena *arena, const char *const *parts)
{
	const char *run = getenv("XDG_RUNTIME_DIR"), *dir, *path;
	struct text all;
	char *name;

	text_init(&all, arena);
	for (; *parts != NULL; parts++)
		text_addf(&all, "%zu:%s", strlen(*parts), *parts);
	name = hash_sha256(arena, all.data, all.len);
	name[NAME_LEN] = '\0';
	for (int i = 0; i < 2; i++) {
		dir = i > 0 || run == NULL || *run != '/'
		              ? arena_printf(arena, "/tmp/stead-ssh-%u", (unsigned)geteuid())
		              : arena_printf(arena, "%s/stead-ssh", run);
		path = arena_printf(arena, "%s/%s", dir, name);
		if (strlen(path) + TEMPORARY_SUFFIX <
		            sizeof(((struct sockaddr_un *)NULL)->sun_path) &&
		    strpbrk(path, "% \"\\") == NULL && make_private(dir))
			return path;
	}
	return NULL;
}

const char *ssh_last_line(struct arena *arena, const char *err)
{
	size_t len = strlen(err), start;
	char *line;

	while (len > 0 && (err[len - 1] == '\n' || err[len - 1] == '\r'))
		len--;
	for (start = len; start > 0 && err[start - 1] != '\n'; start--)
		continue;
	line = arena_strndup(arena, err + start, len - start);
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	return line;
}
