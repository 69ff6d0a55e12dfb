/*
 * `stead up` on a host: what is there, whether it will do, and what it lacks.
 */
#include "cmd/up.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "provider/provider.h"
#include "remote/judge.h"

enum { INSPECT_MS = 120000, INSTALL_MS = 1800000 };

static int ask_machine(struct up *up)
{
	struct process_result result;
	const char *error = NULL;
	int code = up_call(up, "look at what is there", NULL, INSPECT_MS, &result, "inspect", NULL);

	if (code == CLI_OK &&
	    inspect_read(up->arena, result.out, result.out_len, &up->inspect, &error) < 0)
		code = fail(CLI_ENVIRONMENT, NULL, "%s", error);
	return code;
}

static void know_provider(struct up *up)
{
	struct providers *providers = arena_alloc(up->arena, sizeof(*providers));
	const struct provider *provider;

	provider_builtin(up->arena, providers);
	provider = provider_by_dmi(providers, up->inspect.vendor, up->inspect.product);
	up->machine.provider = provider != NULL ? provider->name.v : NULL;
}

/* Findings are printed even when there are only warnings. */
static int judge_machine(struct up *up, struct judge_verdict *ret)
{
	const struct judge_wish wish = {
		.settings = &up->compile.settings,
		.lineage = up->compile.has_lock ? up->compile.lock.lineage : NULL,
		.machine = up->machine.label,
		.now_s = (int64_t)time(NULL),
		.ssh_port = up->ssh_port,
	};

	findings_init(&up->compile.findings, up->arena);
	judge(&up->inspect, &wish, &up->compile.findings, ret);
	progress_finish(up->progress);
	return compile_report(&up->compile, up->cli, stderr);
}

static bool lacks(const struct judge_verdict *verdict)
{
	return verdict->install || verdict->tools.count > 0 || verdict->start;
}

static const char *missing(const struct up *up, const struct judge_verdict *verdict)
{
	const struct strings *tools = &verdict->tools;
	struct text list;

	text_init(&list, up->arena);
	if (verdict->install || verdict->start)
		text_addf(&list, "%s%s%s", verdict->engine, verdict->version != NULL ? " " : "",
		          verdict->version != NULL ? verdict->version : "");
	for (size_t i = 0; i < tools->count; i++)
		text_addf(&list, "%s%s",
		          list.len == 0          ? ""
		          : i + 1 < tools->count ? ", "
		                                 : " and ",
		          tools->items[i]);
	return list.data;
}

static int install(struct up *up, const struct judge_verdict *verdict)
{
	const char *words[1 + JUDGE_TOOLS_MAX] = { 0 };
	size_t count = 0;
	const char *step;
	struct process_result result;

	if (verdict->install || verdict->start)
		words[count++] = verdict->engine;
	for (size_t i = 0; i < verdict->tools.count; i++)
		words[count++] = verdict->tools.items[i];
	step = arena_printf(up->arena, "%s %s", verdict->start ? "start" : "install", words[0]);
	return up_call(up, step, NULL, INSTALL_MS, &result, "install", words[0], words[1], words[2],
	               NULL);
}

static int propose(struct up *up, const struct judge_verdict *verdict)
{
	const char *what = missing(up, verdict), *verb = verdict->start ? "start" : "install";

	if (verdict->start)
		(void)fprintf(stderr, "%s has %s, but it does not answer\n", up->machine.label,
		              what);
	else
		(void)fprintf(stderr, "%s lacks %s; its distribution, %s, has it\n",
		              up->machine.label, what,
		              up->inspect.os_name != NULL ? up->inspect.os_name : "whatever it is");
	if (up->options.yes)
		return install(up, verdict);
	if (!terminal_can_ask())
		return fail(CLI_FINDINGS,
		            arena_printf(up->arena, "--yes %ss it without asking", verb),
		            "nobody can be asked whether to %s %s", verb, what);
	if (!terminal_confirm(arena_printf(up->arena, "%c%s %s?", toupper((unsigned char)*verb),
	                                   verb + 1, what),
	                      true))
		return fail(
			CLI_FINDINGS,
			arena_printf(up->arena, "%s it by hand, then run 'stead up' again", verb),
			"nothing was done");
	return install(up, verdict);
}

int up_inspect(struct up *up)
{
	struct judge_verdict verdict;
	int code = ask_machine(up);

	if (code == CLI_OK)
		know_provider(up);
	if (code == CLI_OK)
		code = judge_machine(up, &verdict);
	if (code != CLI_OK || !lacks(&verdict)) {
		up->engine = code == CLI_OK ? verdict.engine : NULL;
		return code;
	}
	if (up->options.dry_run) {
		(void)fprintf(str_equal(cli_text(up->cli, "format"), "json") ? stderr : stdout,
		              "would %s %s\n", verdict.start ? "start" : "install",
		              missing(up, &verdict));
		up->engine = verdict.engine;
		return CLI_OK;
	}
	code = propose(up, &verdict);
	if (code == CLI_OK)
		code = ask_machine(up);
	if (code == CLI_OK)
		code = judge_machine(up, &verdict);
	if (code == CLI_OK && lacks(&verdict))
		code = fail(CLI_ENVIRONMENT, "'stead ssh' to look what happened there",
		            "%s was %s on %s, but %s", missing(up, &verdict),
		            verdict.start ? "started" : "installed", up->machine.label,
		            verdict.start ? "does not answer" : "is not there");
	up->engine = code == CLI_OK ? verdict.engine : NULL;
	return code;
}
