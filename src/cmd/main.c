/*
 * stead: the table of commands.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "cmd/commands.h"
#include "cmd/compile.h"
#include "cmd/fleet.h"
#include "cmd/machine.h"
#include "cmd/suggest.h"

static const char *const colors[] = { "auto", "always", "never", NULL };
static const char *const switches[] = { "on", "off", "status", NULL };
static const char *const shells[] = { "bash", "fish", "zsh", NULL };
static const char *const renderings[] = { "ignition", "tree", NULL };
static const char *const pictures[] = { "text", "dot", "svg", NULL };
static const char *const schemas[] = { "settings", "app", NULL };
static const char *const mail_verbs[] = { "test", NULL };
static const char *const manuals[] = { "commands", "settings", "app", "examples", NULL };

/* Rows and sentences are laid out by hand. */
/* clang-format off */
static const struct cli_option everywhere[] = {
	{ .name = "color", .type = CLI_WORD, .value = "WHEN", .fallback = "auto", .words = colors,
	  .doc = "colour on a terminal only, always or never; NO_COLOR is respected" },
	{ .name = "help", .letter = 'h', .type = CLI_FLAG, .doc = "show help and exit" },
	{ .name = "version", .type = CLI_FLAG, .doc = "show the version and exit" },
	{ .name = NULL },
};

static const struct cli_option init_options[] = {
	{ .name = "set", .type = CLI_LIST, .value = "KEY=VALUE", .suggest = suggest_settings,
	  .doc = "a setting, like mail.host=smtp.example.net; lists by commas or by repeating" },
	{ .name = "secret", .type = CLI_LIST, .value = "KEY=@FILE",
	  .doc = "a secret from a file, or KEY=- for stdin; never from the arguments" },
	{ .name = "yes", .type = CLI_FLAG, .doc = "do not ask whether the handle is right" },
	{ .name = NULL },
};

static const struct cli_option import_options[] = {
	{ .name = "env", .type = CLI_TEXT, .value = "FILE", .complete = CLI_COMPLETE_FILE,
	  .doc = "the old installation's variables, like .env.production" },
	{ .name = "dry-run", .type = CLI_FLAG,
	  .doc = "show what would be made of the variables, and make nothing" },
	{ .name = "database", .type = CLI_TEXT, .value = "DUMP", .complete = CLI_COMPLETE_FILE,
	  .doc = "the old database, as pg_dump wrote it: plain, custom, directory or tar" },
	{ .name = "media", .type = CLI_TEXT, .value = "TAR", .complete = CLI_COMPLETE_FILE,
	  .doc = "the old installation's files, as a tar archive or as their folder" },
	{ .name = "from-fork", .type = CLI_FLAG,
	  .doc = "the dump is a fork's, and so are the images of the settings" },
	{ .name = "finish", .type = CLI_FLAG,
	  .doc = "go on with an import that was cut short when all was there" },
	{ .name = "drop", .type = CLI_FLAG,
	  .doc = "forget an import that was cut short before it changed anything" },
	{ .name = NULL },
};

static const struct cli_option lock_options[] = {
	{ .name = "update", .type = CLI_FLAG,
	  .doc = "ask again also for what is locked already, and take what is newer, as far as "
	         "updates.app goes" },
	{ .name = "check", .type = CLI_FLAG,
	  .doc = "say what is newer or not locked, and write nothing; exit code 1 when something is" },
	{ .name = "deadline", .type = CLI_COUNT, .value = "SECONDS", .fallback = "30",
	  .doc = "how long each image may take" },
	{ .name = NULL },
};

static const struct cli_option render_options[] = {
	{ .name = "output", .letter = 'o', .type = CLI_TEXT, .value = "FILE",
	  .complete = CLI_COMPLETE_FILE,
	  .doc = "where the Ignition config goes, with mode 0600; stdout when not given; with --all "
	         "the folder of all that is written" },
	{ .name = "tree", .type = CLI_TEXT, .value = "DIR", .complete = CLI_COMPLETE_DIR,
	  .doc = "write the node's files below the new folder DIR" },
	{ .name = "agent-url", .type = CLI_TEXT, .value = "URL",
	  .doc = "the machine fetches the agent's program from there at its first boot, and takes no "
	         "other than this one: for providers that take little user data" },
	{ .name = "no-agent", .type = CLI_FLAG,
	  .doc = "leave the agent's program out; the machine must have it then" },
	{ .name = NULL },
};

static const struct cli_option graph_options[] = {
	{ .name = "format", .type = CLI_WORD, .value = "FORMAT", .fallback = "text", .words = pictures,
	  .doc = "a tree to read here, the language of graphviz, or a picture that graphviz makes" },
	{ .name = NULL },
};

static const struct cli_option up_options[] = {
	{ .name = "on", .type = CLI_TEXT, .value = "TARGET",
	  .doc = "where: vm, a virtual machine on this computer; host, the one of before; or "
	         "[USER@]HOST[:PORT], a machine that ssh reaches" },
	{ .name = "image", .type = CLI_TEXT, .value = "FILE", .complete = CLI_COMPLETE_FILE,
	  .doc = "disk image of an OS with Ignition, qcow2 or raw; needed the first time" },
	{ .name = "deadline", .type = CLI_COUNT, .value = "SECONDS", .fallback = "900",
	  .doc = "how long to wait for the node" },
	{ .name = "self-contained", .type = CLI_FLAG,
	  .doc = "put the agent into the configuration too, as for a machine elsewhere, instead of "
	         "beside it; an emulated machine takes half a minute longer to read it" },
	{ .name = "live", .type = CLI_FLAG,
	  .doc = "let a VM speak to the world; else no mail and no federation leave it" },
	{ .name = "dry-run", .type = CLI_FLAG,
	  .doc = "show what would change on a host, and change nothing but the agent; exit code 4 "
	         "when there is a difference" },
	{ .name = "host-key", .type = CLI_TEXT, .value = "FINGERPRINT",
	  .doc = "the host's key, SHA256:…, where nobody can be asked" },
	{ .name = "yes", .type = CLI_FLAG,
	  .doc = "do not ask before starting, installing or changing; a host key is asked for "
	         "nevertheless" },
	{ .name = NULL },
};

static const struct cli_option check_options[] = {
	{ .name = "for", .type = CLI_TEXT, .value = "PROVIDER", .suggest = suggest_providers,
	  .doc = "judge by the limits of this provider, and tell how large the first-boot config is" },
	{ .name = "memory", .type = CLI_FLAG,
	  .doc = "show what the processes may use of the machine's memory" },
	{ .name = "online", .type = CLI_FLAG,
	  .doc = "also ask name servers, mail server, registry and the others that the settings name" },
	{ .name = "resolver", .type = CLI_TEXT, .value = "ADDRESS",
	  .doc = "with --online, the name server to begin with, like 192.0.2.1 or 192.0.2.1:5353, "
	         "instead of those in /etc/resolv.conf" },
	{ .name = NULL },
};

static const struct cli_option diff_options[] = {
	{ .name = "on", .type = CLI_TEXT, .value = "TARGET",
	  .doc = "the machine to compare with: vm, host or [USER@]HOST[:PORT], as for 'stead up'" },
	{ .name = "host-key", .type = CLI_TEXT, .value = "FINGERPRINT",
	  .doc = "the host's key, SHA256:…, where nobody can be asked" },
	{ .name = "live", .type = CLI_FLAG, .doc = "the VM speaks to the world, as 'stead up --live' has it" },
	{ .name = NULL },
};

static const struct cli_option destroy_options[] = {
	{ .name = "domain", .type = CLI_TEXT, .value = "NAME",
	  .doc = "the node's domain, instead of typing it" },
	{ .name = "keep-data", .type = CLI_FLAG,
	  .doc = "leave accounts, posts and files on the host" },
	{ .name = "yes", .type = CLI_FLAG, .doc = "do not ask, when --domain is right" },
	{ .name = NULL },
};

static const struct cli_option down_options[] = {
	{ .name = "remove", .type = CLI_FLAG,
	  .doc = "delete a VM's disks, with all data of the node" },
	{ .name = "keep-data", .type = CLI_FLAG,
	  .doc = "with --remove: but keep the data's own disk, for the next VM (see machine.data)" },
	{ .name = "deadline", .type = CLI_COUNT, .value = "SECONDS", .fallback = "120",
	  .doc = "how long a VM may take to power off, before it is ended" },
	{ .name = "yes", .type = CLI_FLAG, .doc = "do not ask" },
	{ .name = NULL },
};

static const struct cli_option json_options[] = {
	{ .name = "json", .type = CLI_FLAG, .doc = "print the agent's JSON" },
	{ .name = NULL },
};

static const struct cli_option logs_options[] = {
	{ .name = "follow", .letter = 'f', .type = CLI_FLAG, .doc = "go on printing what comes" },
	{ .name = NULL },
};

static const struct cli_option open_options[] = {
	{ .name = "login", .type = CLI_FLAG, .doc = "also print the owner's name and password" },
	{ .name = NULL },
};

static const struct cli_option adopt_options[] = {
	{ .name = "host-key", .type = CLI_TEXT, .value = "FINGERPRINT",
	  .doc = "the machine's host key, SHA256:…, where nobody can be asked" },
	{ .name = NULL },
};

static const struct cli_option kit_options[] = {
	{ .name = "qr", .type = CLI_FLAG, .doc = "also as QR codes, for a camera" },
	{ .name = NULL },
};

static const struct cli_option mail_options[] = {
	{ .name = "to", .type = CLI_TEXT, .value = "ADDRESS",
	  .doc = "who gets the message; the admin when not given" },
	{ .name = "no-message", .type = CLI_FLAG, .doc = "connect and log in, and send nothing" },
	{ .name = "deadline", .type = CLI_COUNT, .value = "SECONDS", .fallback = "60",
	  .doc = "how long all of it may take" },
	{ .name = NULL },
};

static const struct cli_option apps_new_options[] = {
	{ .name = "apps", .type = CLI_TEXT, .value = "DIR", .fallback = "apps",
	  .complete = CLI_COMPLETE_DIR, .doc = "the folder of definitions it goes into" },
	{ .name = NULL },
};

static const struct cli_option providers_options[] = {
	{ .name = "format", .type = CLI_WORD, .value = "FORMAT", .fallback = "text",
	  .words = report_formats, .doc = "a table for people, or json" },
	{ .name = NULL },
};

#define OPTIONS(...) (const struct cli_option *const[]){ __VA_ARGS__, NULL }
#define EXAMPLES(...) (const struct cli_example[]){ __VA_ARGS__, { NULL, NULL } }

static const struct cli_command commands[] = {
	{
		.name = "init",
		.group = "settings",
		.args = "",
		.summary = "make stead.yaml, its secrets and its lock",
		.doc = "Makes stead.yaml, stead.secrets.yaml (0600: the node's ssh host key, what the "
		       "application needs, passwords) and stead.lock. Asks on a terminal for what --set "
		       "does not say. Needed are app, domain, admin.name, admin.email, mail (a host, or "
		       "none) and backup (a repository, or none); some applications also need the name of an "
		       "image.\n\n"
		       "Never overwrites; makes all three files or none. Inside a git work tree the "
		       "secrets are added to .gitignore first.",
		.options = OPTIONS(init_options, compile_options),
		.examples = EXAMPLES({ "stead init", "ask for everything" },
	                             { "stead init --dir node --set app=snac --set domain=example.org "
	                               "--set admin.name=alice --set admin.email=alice@example.net "
	                               "--set mail=none --set backup=none "
	                               "--set images.snac=registry.example.net/snac:2.75",
	                               "ask nothing" }),
		.run = cmd_init,
	},
	{
		.name = "import",
		.group = "settings",
		.args = "",
		.summary = "move an installation of before into a node",
		.doc = "With --env, in a folder without stead.yaml: reads the variables of the old "
		       "installation (.env.production), and makes stead.yaml, stead.secrets.yaml and "
		       "stead.lock of them, as init does; what the variables do not say is asked, or said "
		       "with --set, which wins. A line says what became of each variable: a setting, a "
		       "secret, a variable under 'env', left behind and why, or not understood. Secrets are "
		       "never shown. A missing secret without which the data could not be read is an "
		       "error.\n\n"
		       "In a folder with stead.yaml nothing is changed: the variables are compared with it, "
		       "and another permanent secret is an error.\n\n"
		       "With --database, and --media: moves the old database and files into the node, which "
		       "is up and which nobody has used yet. The dump is restored beside the present database, "
		       "compared (versions, signs of a fork, rows), and takes its place only when all was "
		       "well; then migrations run. Until then nothing of the node changes; cut short, it is as "
		       "before, or 'import --finish' goes on. Old accounts keep their passwords. The old "
		       "installation must be down from the dump on: two of one domain must never speak.\n\n"
		       "A value is taken as it is written: no variable inside it is replaced.",
		.options = OPTIONS(import_options, init_options, machine_options, compile_options),
		.examples = EXAMPLES({ "stead import --env .env.production --dir node --set admin.name=alice "
	                               "--set admin.email=alice@example.net --set backup=none",
	                               "a settings folder from the old variables" },
	                             { "stead import --env .env.production --dry-run", "only look" },
	                             { "stead import --database mastodon.dump --media system.tar",
	                               "into the node that 'stead up' made" }),
		.run = cmd_import,
	},
	{
		.name = "check",
		.group = "settings",
		.args = "",
		.summary = "find what is wrong, without touching a machine",
		.doc = "Reads settings, secrets, lock and application, builds the node and checks it. "
		       "Prints every problem with its place, and a line that counts them. Exit code 1 "
		       "when there are errors; warnings and notes do not count.\n\n"
		       "With --online it then looks from this computer at what the settings name, all at "
		       "once: who answers for the domain, and what these name servers themselves say of "
		       "addresses, CAA and MX; who is at the site's addresses now; the mail server, with "
		       "its login and without a message; the images at their registry, and newer ones; the place of the "
		       "backups; this computer's clock. A line says what was seen of each. Nothing is "
		       "changed, but for a folder made and removed again where backups go by sftp. Mail "
		       "and backups may look different from the node: 'stead up' and 'stead mail test' "
		       "ask from there. Exit code 3 when this computer is offline.\n\n"
		       "Registries and the place of the backups are looked up by the system, whatever "
		       "--resolver says. "
		       "SSL_CERT_FILE names other certificate authorities.\n\n"
		       "With --all every node of a fleet is checked, in the order of their folders' names, "
		       "and that no two have one domain, one site or one machine. A line says what each "
		       "has, the last one what there is in all. A folder without stead.yaml is a note.",
		.options = OPTIONS(check_options, fleet_options, compile_options),
		.examples = EXAMPLES({ "stead check", "for people" },
	                             { "stead check --online", "before a machine is paid for" },
	                             { "stead check --memory", "what the processes may use" },
	                             { "stead check --format=json", "for programs" },
	                             { "stead check --all fleet", "all nodes of a folder" }),
		.run = cmd_check,
	},
	{
		.name = "lock",
		.group = "settings",
		.args = "[PROCESS|IMAGE...]",
		.summary = "fix in stead.lock which images exactly",
		.doc = "Asks the registries what the tags of images stand for, and writes the digests, and "
		       "which machines the images are for, into stead.lock. From then on only that very "
		       "image is pulled, on every machine and every day, until --update takes another one. "
		       "What comes is compared with its digest; an image that is not for machine.arch is "
		       "refused; when one image cannot be had, nothing is written.\n\n"
		       "What is locked stays. 'stead up' locks what is not. --update takes the image that a tag "
		       "stands for today, and, as far as updates.app goes, a newer tag of the same form: 'patch' "
		       "keeps all but the last number (v4.7.1, v4.7.3), 'minor' the first. Never one for trials, "
		       "nor one that the application's definition is not for. Tags of one number, or of two of a "
		       "database or the like (17-bookworm, 7.4-bookworm), name a line and stay. What the "
		       "definition names with one version goes on together. The newer tag stands in stead.lock "
		       "and is the image from then on; another image in stead.yaml, or a newer one in the "
		       "definition, wins again, and the stead.lock of before, or one without its line under 'tags', "
		       "brings back what was. 'stead diff' "
		       "shows what it would change, 'stead up' does it. A node takes no newer version by "
		       "itself.\n\n"
		       "Registries are asked through "
		       "images.mirror, with the logins of 'podman login' and 'docker login'. SSL_CERT_FILE "
		       "names other certificate authorities to trust.",
		.options = OPTIONS(lock_options, compile_options),
		.examples = EXAMPLES({ "stead lock", "what is not locked yet" },
	                             { "stead lock --check", "is there anything newer?" },
	                             { "stead lock --update", "take it" },
	                             { "stead lock --update caddy", "the newest of one" }),
		.max_args = 100,
		.suggest = suggest_processes,
		.run = cmd_lock,
	},
	{
		.name = "render",
		.group = "settings",
		.args = "[ignition]",
		.summary = "write what a machine would get",
		.doc = "'render ignition' writes the Ignition config (spec 3.3.0) of a machine's first "
		       "boot. With 'delivery: inline' it makes the whole node; with 'delivery: ssh' it "
		       "holds name, keys and firewall, and the node comes with 'stead up'. Either holds "
		       "secrets. How large it is goes to stderr.\n\n"
		       "'render --tree DIR' writes all files of the node below the new folder DIR, for "
		       "people to look at, and prints a list with modes, owners and units. 'render tree "
		       "DIR' is the same.\n\n"
		       "'render --all DIR -o OUT' writes such a tree of each node of a fleet, OUT/NODE; "
		       "'render ignition --all DIR -o OUT' each one's config, OUT/NODE.ign. OUT is new or "
		       "empty for trees; configs of before are replaced. A node with errors is left out, "
		       "the others are not; the exit code is 1 then, as for one node.",
		.options = OPTIONS(render_options, fleet_options, compile_options),
		.examples = EXAMPLES({ "stead render ignition -o node.ign", "one config file" },
	                             { "stead render ignition --agent-url https://example.org/stead-node -o node.ign",
	                               "a small one: the program lies on a web server" },
	                             { "stead render --tree out --no-agent", "files to look at" },
	                             { "stead render --all fleet -o trees", "all nodes of a folder" }),
		.max_args = 2,
		.words = renderings,
		.complete = CLI_COMPLETE_DIR,
		.run = cmd_render,
	},
	{
		.name = "kit",
		.group = "settings",
		.args = "",
		.summary = "print the recovery kit",
		.doc = "What is needed to make the node again when this computer and the machine are "
		       "gone: its names and its lineage, the fingerprint of its host key, where backups "
		       "and secrets are, and the secrets that can never be made again. It goes to stdout "
		       "only; print it, and keep it on paper.\n\n"
		       "With --qr the same text follows as QR codes, one behind the other when it is long.",
		.options = OPTIONS(kit_options, compile_options),
		.examples = EXAMPLES({ "stead kit --qr", "text and codes" }),
		.run = cmd_kit,
	},
	{
		.name = "adopt",
		.group = "settings",
		.args = "[USER@]HOST",
		.summary = "rebuild the settings folder from a node",
		.doc = "Signs in to the node by ssh and brings stead.yaml, stead.secrets.yaml, stead.lock "
		       "back, with known_hosts beside them: all four or none, and nothing is overwritten. "
		       "The host key is shown and confirmed, as by 'stead up'. Then the settings are "
		       "checked: what they name and this computer does not have is said.",
		.options = OPTIONS(adopt_options, compile_options),
		.examples = EXAMPLES({ "stead adopt root@social.example.org --dir node",
	                               "into a new folder" }),
		.min_args = 1,
		.max_args = 1,
		.run = cmd_adopt,
	},
	{
		.name = "explain",
		.group = "settings",
		.args = "WHAT...",
		.summary = "say what something is, and where it comes from",
		.doc = "Each WHAT is a path on the node or a file's name, with :LINE for one line; a unit or a "
		       "process; a port, like 443 or tcp/443; a setting, like mail.port; an image; the "
		       "name of a secret; a network; a volume. What it means several times is answered "
		       "for each.\n\n"
		       "Lines and facts are shown with the setting, the line of the application's "
		       "definition or the rule of stead that they come from; settings and secrets with "
		       "the files, lines and units they reach. The value of a secret is never shown.",
		.options = OPTIONS(compile_options),
		.examples = EXAMPLES({ "stead explain firewall.nft:3", "one line" },
	                             { "stead explain mail.port", "a setting, and where it goes" },
	                             { "stead explain tcp/443 --format=json", "a port, for programs" }),
		.min_args = 1,
		.max_args = 10000,
		.suggest = suggest_subjects,
		.run = cmd_explain,
	},
	{
		.name = "graph",
		.group = "settings",
		.args = "",
		.summary = "show networks, processes, volumes, ports, order",
		.doc = "What of the node reaches what, what is kept where, and what starts after what: as "
		       "a tree, or as a picture. 'svg' needs the program dot of graphviz; 'dot' is what "
		       "it would be given.",
		.options = OPTIONS(graph_options, node_options),
		.examples = EXAMPLES({ "stead graph", "on the terminal" },
	                             { "stead graph --format=svg >node.svg", "as a picture" }),
		.run = cmd_graph,
	},
	{
		.name = "diff",
		.group = "settings",
		.args = "[OLD [NEW]]",
		.summary = "show what a change of the settings changes on the node",
		.doc = "Files with their changed lines, processes, images, and what happens to the units "
		       "in its order: what stops, what restarts and waits for what, what goes on "
		       "untouched. Secrets are masked. Exit code 0 when there is no difference, 4 when "
		       "there is one.\n\n"
		       "OLD and NEW are settings folders or settings files; NEW is --dir when only OLD is "
		       "named. Lock and secrets lie beside a file, or where there are none, in --dir. With "
		       "engine: auto both are taken to run podman.\n\n"
		       "Without an argument the node itself is compared with the settings, as 'stead up "
		       "--dry-run' does: nothing changes there but the agent.",
		.options = OPTIONS(diff_options, compile_options),
		.examples = EXAMPLES({ "stead diff", "the node with the settings" },
	                             { "stead diff before.yaml stead.yaml", "two files" },
	                             { "stead diff ../other . --format=json", "two folders, for programs" }),
		.max_args = 2,
		.complete = CLI_COMPLETE_FILE,
		.run = cmd_diff,
	},
	{
		.name = "up",
		.group = "machine",
		.args = "",
		.summary = "make the machine be what the settings say",
		.doc = "On a host: connects with ssh, looks whether the machine will do, installs podman or "
		       "docker from its distribution when it has neither, brings the agent, shows the "
		       "difference to what is there, asks, and applies it as a whole. Only what is "
		       "affected restarts. When the node does not become healthy again, the state "
		       "before comes back. Run again, it says that there is nothing to change. Ctrl-C "
		       "and a lost connection leave the change going on.\n\n"
		       "The host's key is shown and confirmed once, and kept in known_hosts beside "
		       "stead.yaml. Keys, jump hosts and aliases of ~/.ssh/config are used.\n\n"
		       "In a VM: renders the Ignition config, boots the image with it (QEMU, reachable "
		       "from this computer only), and follows the node until it is ready. With delivery: ssh the "
		       "config only makes the machine reachable, and the node comes as on any host; so do "
		       "later changes. A VM is for trials: it is quarantined (no mail, no federation), unless "
		       "--live is given.\n\n"
		       "Without --on it is the machine of before, the VM first, else machine.host of "
		       "the settings.",
		.options = OPTIONS(up_options, compile_options),
		.examples = EXAMPLES({ "stead up --on root@social.example.org", "a machine that ssh reaches" },
	                             { "stead up", "the same one again, after a change" },
	                             { "stead up --dry-run", "what would change" },
	                             { "stead up --on vm --image fedora-coreos-qemu.x86_64.qcow2",
	                               "a trial on this computer" }),
		.run = cmd_up,
	},
	{
		.name = "down",
		.group = "machine",
		.args = "",
		.summary = "stop the node, or switch the VM off",
		.doc = "On a host: stops all of the node, also for the next boot; data and firewall stay, "
		       "and 'stead up' starts it again. Asks before.\n\n"
		       "A VM is asked to power off, and ended when it does not. The disk with the "
		       "node's data stays, unless --remove is given.",
		.options = OPTIONS(down_options, machine_options, dir_options),
		.run = cmd_down,
	},
	{
		.name = "status",
		.group = "machine",
		.args = "",
		.summary = "what the node does and waits for",
		.doc = "Asks the agent on the node. Exit code 0 when the node is ready, 1 when it is "
		       "not, 3 when the machine does not run.",
		.options = OPTIONS(json_options, machine_options, dir_options),
		.run = cmd_status,
	},
	{
		.name = "space",
		.group = "machine",
		.args = "",
		.summary = "what takes the node's disk, when it is full, what can go",
		.doc = "Says what the file system of the node's data holds: volumes, images, the "
		       "journal. The node notes once a day how full it is; after a day of that it is "
		       "known when the disk will be full. Nothing is removed: 'what can go' names the "
		       "commands. A '>' says that not all could be looked at.",
		.options = OPTIONS(json_options, machine_options, dir_options),
		.run = cmd_space,
	},
	{
		.name = "logs",
		.group = "machine",
		.args = "[PROCESS]",
		.summary = "the journal of the node's units",
		.doc = "All units of stead, or those of one process.",
		.options = OPTIONS(logs_options, machine_options, dir_options),
		.max_args = 1,
		.suggest = suggest_processes,
		.run = cmd_logs,
	},
	{
		.name = "ssh",
		.group = "machine",
		.args = "[-- COMMAND...]",
		.summary = "log in to the machine, or run a command there",
		.doc = "One argument is a line for the "
		       "machine's shell, several are a program and its arguments. For scp and rsync: "
		       "ssh -F .stead/host/ssh_config stead, or .stead/vm/ssh_config.",
		.options = OPTIONS(machine_options, dir_options),
		.max_args = 10000,
		.flags = CLI_REST,
		.run = cmd_ssh,
	},
	{
		.name = "open",
		.group = "machine",
		.args = "",
		.summary = "where the site is, and the owner's login",
		.doc = "Prints the address, the ports on this computer and the CA certificate to trust. "
		       "With --login also the name and password that set-up made for the owner.",
		.options = OPTIONS(open_options, machine_options, dir_options),
		.run = cmd_open,
	},
	{
		.name = "mail",
		.group = "machine",
		.args = "test",
		.summary = "test whether mail gets out of the node",
		.doc = "Connects from the node to the mail server of the settings, by STARTTLS or TLS, "
		       "logs in and sends a message to the admin; the node makes the connection, and "
		       "the password does not leave this computer but inside it. Each thing that can "
		       "go wrong is said by name; where a port is blocked, with the provider's rule "
		       "when machine.provider, or the machine itself, says who it is.\n\n"
		       "'stead up' does the same once, and again when the mail settings have changed. "
		       "SSL_CERT_FILE names other certificate authorities to trust.",
		.options = OPTIONS(mail_options, machine_options, compile_options),
		.examples = EXAMPLES({ "stead mail test", "a message to the admin" },
	                             { "stead mail test --no-message", "no message" }),
		.min_args = 1,
		.max_args = 1,
		.words = mail_verbs,
		.run = cmd_mail,
	},
	{
		.name = "ca",
		.group = "machine",
		.args = "",
		.summary = "the certificate of the node's own CA",
		.doc = "Prints the root certificate, with tls: internal. Browsers and curl must trust it.",
		.options = OPTIONS(machine_options, dir_options),
		.run = cmd_ca,
	},
	{
		.name = "maintenance",
		.group = "machine",
		.args = "on [REASON]|off|status",
		.summary = "stop the application, or let it go on",
		.doc = "'on' stops the application's processes, also for the next boot; databases and "
		       "the firewall stay up. The reason is what 'status' says.",
		.options = OPTIONS(machine_options, dir_options),
		.examples = EXAMPLES({ "stead maintenance on 'back at noon'", "stop" },
	                             { "stead maintenance off", "go on" }),
		.min_args = 1,
		.max_args = 2,
		.words = switches,
		.run = cmd_maintenance,
	},
	{
		.name = "app",
		.group = "machine",
		.args = "[COMMAND [ARGS...]]",
		.summary = "run the application's own tools on the node",
		.doc = "Without a command lists those the application has. 'app list', 'app show', "
		       "'app new' and 'app check' are stead's own and work without a node.",
		.options = OPTIONS(machine_options, dir_options),
		.examples = EXAMPLES({ "stead app", "which there are" },
	                             { "stead app snac state", "run one" }),
		.max_args = 10000,
		.flags = CLI_REST,
		.suggest = suggest_tools,
		.run = cmd_app,
	},
	{
		.name = "app list",
		.group = "applications",
		.args = "",
		.summary = "which applications there are",
		.doc = "Name, version and a sentence of each, built in or in the folder --apps.",
		.options = OPTIONS(apps_options, report_options),
		.examples = EXAMPLES({ "stead app list", "the built-in ones" }),
		.run = cmd_app_list,
	},
	{
		.name = "app show",
		.group = "applications",
		.args = "NAME",
		.summary = "what an application is made of",
		.doc = "Its settings with their defaults, processes, routes, secrets, volumes, jobs and "
		       "commands, as the definition says them.",
		.options = OPTIONS(apps_options, report_options),
		.examples = EXAMPLES({ "stead app show snac", "one of them" }),
		.min_args = 1,
		.max_args = 1,
		.suggest = suggest_apps,
		.run = cmd_app_show,
	},
	{
		.name = "app new",
		.group = "applications",
		.args = "NAME",
		.summary = "begin a definition of an application",
		.doc = "Writes APPS/NAME/app.yaml, a commented skeleton without mistakes, and prints its "
		       "name. Never overwrites. stead-app.yaml(5) has all keys, docs/app-format.md in the "
		       "sources explains them.",
		.options = OPTIONS(apps_new_options),
		.examples = EXAMPLES({ "stead app new chat", "apps/chat/app.yaml" }),
		.min_args = 1,
		.max_args = 1,
		.run = cmd_app_new,
	},
	{
		.name = "app check",
		.group = "applications",
		.args = "FILE|DIR",
		.summary = "find what is wrong with a definition",
		.doc = "Of a file, of the app.yaml in a folder, or of all that stand one level below it. "
		       "No node is needed.",
		.options = OPTIONS(report_options),
		.examples = EXAMPLES({ "stead app check apps", "all of a folder" }),
		.min_args = 1,
		.max_args = 1,
		.complete = CLI_COMPLETE_FILE,
		.run = cmd_app_check,
	},
	{
		.name = "schema",
		.group = "applications",
		.args = "[settings|app]",
		.summary = "JSON Schema of stead.yaml or app.yaml",
		.doc = "For editors, which then complete keys and underline mistakes: write "
		       "'# yaml-language-server: $schema=FILE' at the top of the file. 'stead check' "
		       "finds more.",
		.options = OPTIONS(apps_options, report_options),
		.examples = EXAMPLES({ "stead schema >stead.schema.json", "of stead.yaml" },
	                             { "stead schema app >app.schema.json", "of app.yaml" }),
		.max_args = 1,
		.words = schemas,
		.run = cmd_schema,
	},
	{
		.name = "providers",
		.group = "settings",
		.args = "[NAME]",
		.summary = "what is known about those who run machines",
		.doc = "Outgoing ports that they block, how much user data they take, which systems they "
		       "offer. With NAME also the pages that say so, and the day they were read.",
		.options = OPTIONS(providers_options),
		.examples = EXAMPLES({ "stead providers", "all in a table" },
	                             { "stead providers hetzner", "one, with sources" }),
		.max_args = 1,
		.suggest = suggest_providers,
		.run = cmd_providers,
	},
	{
		.name = "destroy",
		.group = "machine",
		.args = "",
		.summary = "delete the node with all its data",
		.doc = "Wants the domain typed. On a host nothing of stead stays; the machine itself and "
		       "its packages do. A VM is removed. Settings, secrets and lock stay in the folder.",
		.options = OPTIONS(destroy_options, machine_options, dir_options),
		.examples = EXAMPLES({ "stead destroy", "asks for the domain" },
	                             { "stead destroy --domain example.org --yes", "asks nothing" }),
		.run = cmd_destroy,
	},
	{
		.name = "version",
		.group = "stead",
		.args = "",
		.summary = "show the version",
		.doc = "Prints the version.",
		.run = cmd_version,
	},
	{
		.name = "completion",
		.group = "stead",
		.args = "bash|fish|zsh",
		.summary = "print a completion script",
		.doc = "For the shell that is named.",
		.examples = EXAMPLES({ "source <(stead completion bash)", "for this shell" }),
		.min_args = 1,
		.max_args = 1,
		.words = shells,
		.run = cmd_completion,
	},
	{
		.name = "manual",
		.group = "stead",
		.args = "commands|settings|app|examples",
		.summary = "the parts of the manual that come from rows",
		.doc = "In scdoc's language; of the examples, a line each with the command's group.",
		.min_args = 1,
		.max_args = 1,
		.flags = CLI_HIDDEN,
		.words = manuals,
		.run = cmd_manual,
	},
	{
		.name = "parse",
		.group = "stead",
		.args = "-- COMMAND...",
		.summary = "find what is wrong with a command line",
		.doc = "Runs nothing; for the tests of the examples.",
		.min_args = 1,
		.max_args = 10000,
		.flags = CLI_HIDDEN | CLI_REST,
		.run = cmd_parse,
	},
	{ .name = NULL },
};
/* clang-format on */

const struct cli_program stead_program = {
	.name = "stead",
	.version = STEAD_VERSION,
	.summary = "your own place in the fediverse, from one settings file",
	.commands = commands,
	.everywhere = everywhere,
};

int cmd_version(struct cli *cli)
{
	(void)printf("%s %s\n", cli->program->name, cli->program->version);
	return flush_output(stdout);
}

int cmd_completion(struct cli *cli)
{
	(void)fputs(cli_completion(cli->arena, cli->program, cli->args.items[0]), stdout);
	return flush_output(stdout);
}

int cmd_parse(struct cli *cli)
{
	struct strings words = { 0 };
	const char *error, *hint;
	struct cli other;

	*list_add(cli->arena, &words) = cli->program->name;
	for (size_t i = 0; i < cli->args.count; i++)
		*list_add(cli->arena, &words) = cli->args.items[i];
	if (cli_parse(cli->arena, cli->program, (int)words.count, words.items, &other, &error,
	              &hint) < 0)
		return fail(CLI_USAGE, hint, "%s", error);
	return CLI_OK;
}

/* Secrets pass through here: a crash must not leave them in a core file. */
static void forbid_core_dumps(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
	cleanup_arena struct arena *arena = arena_new();
	const char *error, *hint;
	struct cli cli;

	forbid_core_dumps();
	if (cli_parse(arena, &stead_program, argc, (const char *const *)argv, &cli, &error, &hint) <
	    0)
		return fail(CLI_USAGE, hint, "%s", error);
	if (cli_flag(&cli, "help")) {
		(void)fputs(cli_help(arena, &stead_program, cli.command), stdout);
		return flush_output(stdout);
	}
	if (cli_flag(&cli, "version"))
		return cmd_version(&cli);
	return cli.command->run(&cli);
}
