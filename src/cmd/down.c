#include "cmd/commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/terminal.h"
#include "cmd/machine.h"

enum { DESTROY_STOP_MS = 30000 };

static int stop(struct machine *machine, unsigned deadline_ms, bool color)
{
	struct progress *progress = progress_new(machine->arena, stderr, color);
	int step = progress_begin(progress, -1, "switch the machine off");
	int r = vm_stop(machine->arena, &machine->vm, deadline_ms);

	progress_end(progress, step, r >= 0,
	             r == 1 ? "it did not answer and was ended, as by a power cut" : NULL);
	progress_finish(progress);
	return r < 0 ? fail(CLI_ENVIRONMENT, NULL, "cannot stop the machine: %s", strerror(-r))
	             : CLI_OK;
}

static int remove_files(struct cli *cli, const struct machine *machine)
{
	int r;

	r = vm_remove(cli->arena, machine->dir, cli_flag(cli, "keep-data"));
	/* .stead itself, when nothing else is in it */
	(void)rmdir(compile_path(cli->arena, cli_text(cli, "dir"), STATE_DIR));
	return r < 0 ? fail(CLI_ENVIRONMENT, NULL, "cannot delete the machine: %s", strerror(-r))
	             : CLI_OK;
}

static int remove_all(struct cli *cli, const struct machine *machine)
{
	if (terminal_can_ask() && !cli_flag(cli, "yes") && !cli_flag(cli, "keep-data") &&
	    !terminal_confirm("Delete the machine's disk with all data of the node?", false))
		return fail(CLI_FINDINGS, NULL, "nothing was deleted");
	return remove_files(cli, machine);
}

static int down_vm(struct cli *cli, struct machine *machine)
{
	int code = CLI_OK;

	if (machine->vm.pid == 0)
		(void)printf("the machine is not running\n");
	else
		code = stop(machine, (unsigned)cli_count(cli, "deadline") * 1000,
		            terminal_color(stderr, cli_text(cli, "color")));
	if (code == CLI_OK && cli_flag(cli, "remove"))
		code = remove_all(cli, machine);
	return code != CLI_OK ? code : flush_output(stdout);
}

/* --- a host --- */

/* The site goes away for everybody: nobody shall do it by a slip of the hand. */
static int sure(const struct cli *cli, const char *question, const char *what)
{
	if (cli_flag(cli, "yes"))
		return CLI_OK;
	if (!terminal_can_ask())
		return fail(CLI_FINDINGS, "--yes does it without asking",
		            "nobody can be asked, so nothing was %s", what);
	return terminal_confirm(question, false) ? CLI_OK
	                                         : fail(CLI_FINDINGS, NULL, "nothing was %s", what);
}

/* As the user has to write it in another command. */
static const char *dir_words(const struct cli *cli)
{
	const char *dir = cli_text(cli, "dir");

	return strcmp(dir, ".") == 0
	               ? ""
	               : arena_printf(cli->arena, " --dir %s", cli_shell_quote(cli->arena, dir));
}

static int down_host(struct cli *cli, struct machine *m)
{
	struct strings words = { 0 };
	int code;

	if (cli_flag(cli, "remove"))
		return fail(CLI_USAGE, "'stead destroy' deletes a node with its data",
		            "a machine that ssh reaches cannot be removed, only a VM");
	code = sure(cli, arena_printf(m->arena, "Stop %s on %s?", m->domain, m->label), "stopped");
	if (code != CLI_OK)
		return code;
	machine_root(m, &words);
	machine_words(m, &words, m->agent, "stop", NULL);
	code = machine_call(m, &words);
	if (code == CLI_OK)
		(void)printf("%s is stopped, also after a restart; %s itself runs on\n"
		             "  start it: stead up%s\n",
		             m->domain, m->label, dir_words(cli));
	return code != CLI_OK ? code : flush_output(stdout);
}

int cmd_down(struct cli *cli)
{
	struct machine machine;
	int code = machine_open(cli, false, &machine);

	if (code == CLI_OK && cli_flag(cli, "keep-data") && !cli_flag(cli, "remove"))
		return fail(CLI_USAGE, "'stead down' alone deletes nothing",
		            "--keep-data says something of --remove only");
	if (code != CLI_OK)
		return code;
	return machine.kind == MACHINE_VM ? down_vm(cli, &machine) : down_host(cli, &machine);
}

/* --- for good --- */

/* The domain is typed, or said with --domain: then --yes is enough. */
static int domain_is_typed(const struct cli *cli, const struct machine *m)
{
	const char *given = cli_text(cli, "domain");
	char *typed = NULL;

	if (given == NULL && terminal_can_ask()) {
		(void)fprintf(
			stderr,
			cli_flag(cli, "keep-data")
				? "This takes %s off %s; accounts, posts and files stay there.\n"
				: "This deletes %s on %s: every account, every post, every "
				  "file, and the keys it signs with.\n"
				  "Without a backup nothing brings it back.\n",
			m->domain, m->label);
		if (terminal_ask(m->arena, "Type the domain to go on", NULL, &typed) == 0)
			given = typed;
	}
	if (given == NULL)
		return fail(CLI_FINDINGS, "--domain NAME --yes does it without asking",
		            "nobody can be asked, so nothing was deleted");
	if (strcmp(given, m->domain) != 0)
		return fail(CLI_FINDINGS, NULL, "the node is not '%s', so nothing was deleted",
		            given);
	return typed != NULL
	               ? CLI_OK
	               : sure(cli, arena_printf(m->arena, "Delete %s?", m->domain), "deleted");
}

static int destroy_host(struct cli *cli, struct machine *m)
{
	struct strings words = { 0 };
	int code;

	machine_root(m, &words);
	machine_words(m, &words, m->agent, "destroy", "--domain", m->domain,
	              cli_flag(cli, "keep-data") ? "--keep-data" : NULL, NULL);
	code = machine_call(m, &words);
	if (code == CLI_OK) {
		(void)unlink(arena_printf(m->arena, "%s/target.json", m->dir));
		(void)printf("%s is gone from %s; its settings stay in '%s'\n", m->domain, m->label,
		             cli_text(cli, "dir"));
	}
	return code != CLI_OK ? code : flush_output(stdout);
}

int cmd_destroy(struct cli *cli)
{
	struct machine machine;
	int code = machine_open(cli, false, &machine);

	if (code == CLI_OK && machine.domain == NULL)
		return fail(CLI_ENVIRONMENT,
		            "'stead down --remove' deletes a machine that was made halfway",
		            "the machine was not started to the end");
	if (code == CLI_OK && machine.kind == MACHINE_VM && cli_flag(cli, "keep-data"))
		return fail(CLI_USAGE, "'stead down' keeps them", "a VM's data go with its disk");
	if (code == CLI_OK)
		code = domain_is_typed(cli, &machine);
	if (code != CLI_OK)
		return code;
	if (machine.kind == MACHINE_HOST)
		return destroy_host(cli, &machine);
	if (machine.vm.pid != 0)
		code = stop(&machine, DESTROY_STOP_MS,
		            terminal_color(stderr, cli_text(cli, "color")));
	return code != CLI_OK ? code : remove_files(cli, &machine);
}
