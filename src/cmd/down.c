#include "cmd/commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "cmd/machine.h"

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

static int remove_all(struct cli *cli, const struct machine *machine)
{
	int r;

	if (terminal_can_ask() && !cli_flag(cli, "yes") &&
	    !terminal_confirm("Delete the machine's disk with all data of the node?", false))
		return fail(CLI_FINDINGS, NULL, "nothing was deleted");
	r = vm_remove(cli->arena, machine->dir);
	/* .stead itself, when nothing else is in it */
	(void)rmdir(compile_path(cli->arena, cli_text(cli, "dir"), STATE_DIR));
	return r < 0 ? fail(CLI_ENVIRONMENT, NULL, "cannot delete the machine: %s", strerror(-r))
	             : CLI_OK;
}

int cmd_down(struct cli *cli)
{
	struct machine machine;
	int code = machine_open(cli, false, &machine);

	if (code != CLI_OK)
		return code;
	if (machine.vm.pid == 0)
		(void)printf("the machine is not running\n");
	else
		code = stop(&machine, (unsigned)cli_count(cli, "deadline") * 1000,
		            terminal_color(stderr, cli_text(cli, "color")));
	if (code == CLI_OK && cli_flag(cli, "remove"))
		code = remove_all(cli, &machine);
	return code != CLI_OK ? code : flush_output(stdout);
}
