/*
 * stead-node: the agent on the machine. One row per verb.
 */
#include "agent/agent.h"

#include <string.h>
#include <sys/stat.h>

#include "agent/notify.h"
#include "base/arena.h"
#include "base/text.h"

enum { ANY_NUMBER = 100000 };

struct verb {
	const char *name, *args, *doc;
	int min_args, max_args;
	int (*run)(struct agent *agent, char *const *args);
	bool without_plan; /* works on a machine that has no plan, or none that can be used */
};

static const struct verb verbs[] = {
	{ "prepare", "", "directories, whose data it is, images; needs the firewall", 0, 0,
	  agent_prepare },
	{ "setup", "", "the jobs of the set-up, journaled", 0, 0, agent_setup },
	{ "ready", "", "wait until all processes are healthy, then the jobs after it", 0, 0,
	  agent_ready },
	{ "wait", "[--before|--after] PROCESS",
	  "until it is healthy; until it may start; when it has ended", 1, 2, agent_wait },
	{ "status", "[--json]", "what the node does and waits for; exit 0 when it is ready", 0, 1,
	  agent_status, true },
	{ "space", "[--json|--note]", "what takes the disk, when it is full, what can go", 0, 1,
	  agent_space },
	{ "login", "[--json]", "the owner's account and password", 0, 1, agent_login },
	{ "page", "", "port 80 and the console until the node is ready", 0, 0, agent_page },
	{ "meet", "", "until the domain leads to this node", 0, 0, agent_meet },
	{ "ca", "", "the root certificate of the node's own CA", 0, 0, agent_ca },
	{ "receive", "", "keeps a bundle from stdin, and says as JSON what it would change", 0, 0,
	  agent_receive, true },
	{ "apply", "ID --base BASE", "makes the node follow it, in stead-apply.service", 1, 9,
	  agent_apply, true },
	{ "resume", "", "goes on with a change that was cut short", 0, 0, agent_resume, true },
	{ "inspect", "", "what this machine is and has, as JSON", 0, 0, agent_inspect, true },
	{ "install", "NAME...",
	  "podman, docker, nftables or qemu-guest-agent, from the distribution", 1, 4,
	  agent_install, true },
	{ "connect", "HOST PORT", "connect from here, and relay stdin and stdout", 2, 2,
	  agent_connect, true },
	{ "clean", "[--end] NAME", "a clean-up of the application, once; ends what is left of one",
	  1, 2, agent_clean },
	{ "app", "[NAME [ARG...]]", "the application's own tools", 0, ANY_NUMBER, agent_app },
	{ "import", "WHAT",
	  "a dump and files of another installation: begin, database, media, finish, drop, status",
	  1, 1, agent_import },
	{ "maintenance", "on [WHY]|off|status", "the application stops, also for the next boot", 1,
	  2, agent_maintenance },
	{ "stop", "", "all stops, also for the next boot; data and firewall stay", 0, 0,
	  agent_stop },
	{ "start", "", "what stop stopped", 0, 0, agent_start },
	{ "destroy", "--domain NAME [--keep-data]", "nothing of stead stays here", 0, 3,
	  agent_destroy, true },
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

static void print_help(void)
{
	(void)printf("usage: stead-node [--root DIR] [--plan FILE] VERB\n\n");
	for (size_t i = 0; i < VERB_COUNT; i++)
		(void)printf("  %-11s %-27s %s\n", verbs[i].name, verbs[i].args, verbs[i].doc);
	(void)printf(
		"\n"
		"  --root DIR    everything below DIR instead of /\n"
		"  --plan FILE   the plan, below the root; %s\n"
		"  --help, --version\n\n"
		"exit status: 0 done, 1 failed or not ready, 2 wrong usage, 3 no usable plan\n",
		AGENT_PLAN);
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (str_equal(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* The value of an option at *ARGV, which is moved on; NULL: it has none. */
static const char *option_value(char ***argv)
{
	return (*argv)[1] != NULL ? *++*argv : NULL;
}

/* Options before the verb. Returns the verb's place, or NULL after a usage error or when all is
 * said
 * (*ret_exit). */
static char **parse_options(char **argv, struct agent *agent, int *ret_exit)
{
	*ret_exit = AGENT_USAGE;
	for (argv++; *argv != NULL && **argv == '-'; argv++) {
		const char *option = *argv;

		if (str_equal(option, "--help") || str_equal(option, "--version")) {
			if (str_equal(option, "--help"))
				print_help();
			else
				(void)printf("stead-node %s\n", STEAD_VERSION);
			*ret_exit = AGENT_OK;
			return NULL;
		}
		if (str_equal(option, "--root"))
			agent->root = option_value(&argv);
		else if (str_equal(option, "--plan"))
			agent->plan_path = option_value(&argv);
		else {
			agent_log("what is '%.60s'? (--help)", option);
			return NULL;
		}
		if (agent->root == NULL || agent->plan_path == NULL ||
		    (*agent->root != '\0' && *agent->root != '/') || agent->plan_path[0] != '/') {
			agent_log("%s needs an absolute path", option);
			return NULL;
		}
	}
	return argv;
}

/* "/" and "/x/" would give "//etc". */
static const char *without_slashes(struct arena *arena, const char *path)
{
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		len--;
	return arena_strndup(arena, path, len);
}

int main(int argc, char **argv)
{
	cleanup_arena struct arena *arena = arena_new();
	struct agent agent = { .arena = arena, .root = "", .plan_path = AGENT_PLAN };
	const struct verb *verb;
	int status, count = 0;
	char **args;

	(void)argc;
	(void)umask(077);
	notify_init();
	args = parse_options(argv, &agent, &status);
	if (args == NULL)
		return status;
	verb = find_verb(*args);
	if (verb == NULL) {
		agent_log("no verb '%.60s' (--help)", *args != NULL ? *args : "");
		return AGENT_USAGE;
	}
	args++;
	while (args[count] != NULL)
		count++;
	if (count < verb->min_args || count > verb->max_args) {
		agent_log("usage: stead-node %s %s", verb->name, verb->args);
		return AGENT_USAGE;
	}
	agent.root = without_slashes(arena, agent.root);
	if (agent_open(&agent) < 0 || (agent_read_plan(&agent) < 0 && !verb->without_plan)) {
		agent_log("%s", agent.why);
		return AGENT_ENVIRONMENT;
	}
	status = verb->run(&agent, args);
	if (fflush(stdout) != 0 && status == AGENT_OK)
		status = AGENT_FAILED;
	return status;
}
