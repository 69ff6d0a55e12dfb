#include "cmd/follow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/web.h"

enum {
	TICK_MS = 500,
	BANNER_MS = 2000,
	SILENCE_MS = 90000, /* a connection that says nothing for so long is made anew */
	FAILED_FOR_MS =
		60000, /* the node tries again by itself; after this long it is worth a word */
	OVERTAKEN_FOR_MS =
		30000, /* between its unit's start and its first word a slow machine takes long */
	STATUS_MAX = 1024 * 1024,
	RUN_DEADLINE_MS = 60000,
	STEPS_MAX = 200,
};

/* Whether to stop waiting, and with what result. */
static bool must_stop(struct follow *f, enum follow_result *ret)
{
	if (*f->interrupted)
		*ret = FOLLOW_INTERRUPTED;
	else if (f->machine->kind == MACHINE_VM && !vm_alive(&f->machine->vm))
		*ret = FOLLOW_DIED;
	else if (clock_ms() >= f->deadline)
		*ret = FOLLOW_TIMED_OUT;
	else
		return false;
	return true;
}

/* --- ssh --- */

/* QEMU accepts for the guest, so only the server's own words count (RFC 4253, section 4.2). */
static bool ssh_answers(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons((uint16_t)port),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char banner[4];

	return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	       poll(&ready, 1, BANNER_MS) == 1 &&
	       recv(fd, banner, sizeof(banner), 0) == (ssize_t)sizeof(banner) &&
	       memcmp(banner, "SSH-", 4) == 0;
}

enum follow_result follow_boot(struct follow *f)
{
	int step = progress_begin(f->progress, -1, "boot until ssh answers");
	enum follow_result result = FOLLOW_FAILED;
	struct process_result run;
	struct strings words = { 0 };

	f->why = "ssh does not answer";
	while (!must_stop(f, &result)) {
		if (ssh_answers(f->machine->vm.ports.ssh)) {
			int r;

			words.count = 0;
			machine_words(f->machine, &words, "true", NULL);
			r = machine_run(f->machine, &words, NULL, RUN_DEADLINE_MS, &run);

			if (r == 0 && run.exit_code == 0) {
				progress_end(f->progress, step, true, NULL);
				return FOLLOW_READY;
			}
			f->why = r < 0 ? arena_printf(f->arena, "cannot run ssh: %s", strerror(-r))
			               : arena_printf(f->arena, "ssh: %s",
			                              ssh_last_line(f->arena, run.err));
			progress_note(f->progress, step, f->why);
			if (r < 0) {
				result = FOLLOW_FAILED;
				break;
			}
		}
		progress_tick(f->progress);
		clock_sleep_ms(TICK_MS);
	}
	progress_end(f->progress, step, false, f->why);
	return result;
}

/* --- the node's own steps --- */

struct node_steps {
	struct follow *follow;
	int parent;
	const char *names[STEPS_MAX];
	int ids[STEPS_MAX];
	size_t count;
	int64_t failed_since, other_since; /* other: what is there is another change, and done */
	bool ready, decided;               /* decided: `result` stands, whatever comes */
	enum follow_result result;
};

static int step_id(struct node_steps *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->names[i], name) == 0)
			return s->ids[i];
	if (s->count == STEPS_MAX)
		return -1;
	s->names[s->count] = arena_strdup(s->follow->arena, name);
	s->ids[s->count] = progress_begin(s->follow->progress, s->parent, name);
	return s->ids[s->count++];
}

static void show_step(struct node_steps *s, json_t *step)
{
	struct progress *progress = s->follow->progress;
	const char *name = json_string_value(json_object_get(step, "name"));
	const char *state = json_string_value(json_object_get(step, "state"));
	const char *note = json_string_value(json_object_get(step, "note"));
	const json_t *time = json_object_get(step, "seconds");
	double seconds = json_is_number(time) ? json_number_value(time) : -1;
	int id;

	if (name == NULL || state == NULL || (id = step_id(s, name)) < 0)
		return;
	if (strcmp(state, "done") == 0) {
		progress_note(progress, id, NULL);
		progress_set(progress, id, PROGRESS_DONE, seconds);
	} else {
		/* A step that failed is tried again; what it says is why it is not done yet. */
		progress_set(progress, id, PROGRESS_RUNNING, seconds);
		progress_note(progress, id, note);
	}
}

bool follow_is_under_way(const char *state)
{
	static const char *const states[] = { "pulling", "staging", "switching", "settling",
		                              "returning" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (str_equal(state, states[i]))
			return true;
	return false;
}

/* The agent tells of one change. When that is another one and nobody works at it, ours has been
 * refused or made before that one came, and will never be told of. */
static void take_other(struct node_steps *s, const json_t *apply, const char *state)
{
	struct follow *f = s->follow;
	const char *from = json_string_value(json_object_get(apply, "from"));

	if (state == NULL || str_equal(state, "none") || follow_is_under_way(state))
		s->other_since = 0;
	else if (s->other_since == 0)
		s->other_since = clock_ms();
	f->why = follow_is_under_way(state) ? "another change is under way"
	                                    : "the change has not begun yet";
	if (s->other_since == 0 || clock_ms() - s->other_since <= OVERTAKEN_FOR_MS)
		return;
	s->decided = true;
	s->result = FOLLOW_OVERTAKEN;
	f->why = arena_printf(f->arena, "another change came in between%s%s",
	                      from != NULL && *from != '\0' ? ", from " : "",
	                      from != NULL ? from : "");
}

/* What the agent says of the change that is followed. True when it is done, or none is. */
static bool take_change(struct node_steps *s, const json_t *apply)
{
	struct follow *f = s->follow;
	const char *state = json_string_value(json_object_get(apply, "state"));
	const char *id = json_string_value(json_object_get(apply, "id"));
	const char *why = json_string_value(json_object_get(apply, "why"));

	if (f->change == NULL)
		return true;
	if (state == NULL || !str_equal(id, f->change)) {
		take_other(s, apply, state);
		return false;
	}
	s->other_since = 0;
	if (follow_is_under_way(state)) {
		s->failed_since = 0;
		f->why = arena_printf(f->arena, "%s%s%s", state, why != NULL ? ": " : "",
		                      why != NULL ? why : "");
		return false;
	}
	if (str_equal(state, "returned") || str_equal(state, "refused")) {
		s->decided = true;
		s->result = str_equal(state, "returned") ? FOLLOW_RETURNED : FOLLOW_REFUSED;
		f->why = why != NULL ? arena_strdup(f->arena, why) : "the agent does not say why";
		return false;
	}
	return true;
}

static void take_status(struct node_steps *s, json_t *status)
{
	struct follow *f = s->follow;
	const char *state = json_string_value(json_object_get(status, "state"));
	const char *waiting = json_string_value(json_object_get(status, "waiting_for"));
	json_t *step;
	size_t i;
	bool changed;

	if (state == NULL)
		return;
	f->rests = json_is_true(json_object_get(status, "maintenance"));
	json_array_foreach(json_object_get(status, "steps"), i, step) show_step(s, step);
	if (waiting != NULL)
		f->why = arena_strdup(f->arena, waiting);
	if (strcmp(state, "failed") != 0 && strcmp(state, "stopped") != 0)
		s->failed_since = 0;
	else if (s->failed_since == 0)
		s->failed_since = clock_ms();
	changed = take_change(s, json_object_get(status, "apply"));
	/* In maintenance nothing that is open to the world starts: the change is all there is. */
	s->ready = changed && (f->rests || strcmp(state, "ready") == 0);
	progress_note(f->progress, s->parent,
	              s->ready          ? NULL
	              : !changed        ? f->why
	              : waiting != NULL ? arena_printf(f->arena, "%s: %s", state, waiting)
	                                : state);
}

/* Records are parted by an empty line; the last one may not be whole yet. */
static bool take_records(struct node_steps *s, struct text *text)
{
	const char *start = text->data, *end;
	bool any = false;

	while ((end = strstr(start, "\n\n")) != NULL) {
		json_t *status = json_loadb(start, (size_t)(end - start), 0, NULL);

		if (json_is_object(status)) {
			take_status(s, status);
			any = true;
		}
		json_decref(status);
		start = end + 2;
	}
	text->len -= (size_t)(start - text->data);
	memmove(text->data, start, text->len + 1);
	return any;
}

/* One connection for the whole time: a login costs a small machine a second of its processor. The
 * loop on the node ends when nobody reads any more, because then its echo fails. An empty line
 * parts the first record from what a shell's start-up file prints. */
static int open_status(struct follow *f, struct stream *ret)
{
	const char *line = arena_printf(
		f->arena, "echo; echo; while %s%s status --json; echo; do sleep 2; done",
		f->machine->sudo ? "sudo -n " : "", cli_shell_quote(f->arena, f->machine->agent));
	struct ssh quiet = f->machine->ssh;
	struct strings argv = { 0 };

	/* It has no terminal, and runs beside us. */
	quiet.ask = false;
	ssh_command(f->arena, &quiet, (const char *const[]){ "sh", "-c", line, NULL }, &argv);
	return stream_open(argv.items, ret);
}

static enum follow_result wait_for_node(struct follow *f)
{
	struct node_steps steps = { .follow = f };
	struct stream stream = { .fd = -1 };
	enum follow_result result = FOLLOW_READY;
	int64_t heard = 0;
	struct text text;

	steps.parent = progress_begin(
		f->progress, -1, f->change != NULL ? "the node follows" : "the node makes itself");
	f->why = "the agent does not answer";
	text_init(&text, f->arena);
	while (!steps.ready && !steps.decided && !must_stop(f, &result)) {
		if (stream.fd < 0) {
			text.len = 0;
			text.data[0] = '\0';
			if (open_status(f, &stream) < 0)
				clock_sleep_ms(TICK_MS);
			heard = clock_ms();
		} else if (!stream_read(&stream, &text, TICK_MS) || text.len > STATUS_MAX ||
		           clock_ms() - heard > SILENCE_MS) {
			stream_close(&stream);
			clock_sleep_ms(TICK_MS);
		} else if (take_records(&steps, &text)) {
			heard = clock_ms();
		}
		if (steps.failed_since != 0 && clock_ms() - steps.failed_since > FAILED_FOR_MS) {
			result = FOLLOW_FAILED;
			break;
		}
		progress_tick(f->progress);
	}
	stream_close(&stream);
	progress_end(f->progress, steps.parent, steps.ready, steps.ready ? NULL : f->why);
	return steps.ready ? FOLLOW_READY : steps.decided ? steps.result : result;
}

/* --- from outside --- */

static const char *fetch_ca(struct follow *f)
{
	const char *path = arena_printf(f->arena, "%s/" MACHINE_CA, f->machine->dir);
	struct strings words = { 0 };
	struct process_result run;
	int r;

	machine_root(f->machine, &words);
	machine_words(f->machine, &words, f->machine->agent, "ca", NULL);
	r = machine_run(f->machine, &words, NULL, RUN_DEADLINE_MS, &run);
	if (r == 0 && run.exit_code == 0 && str_starts(run.out, "-----BEGIN CERTIFICATE-----"))
		r = file_write_atomic(AT_FDCWD, path, 0644, run.out, run.out_len);
	else if (r == 0)
		r = -EPROTO;
	if (r < 0)
		f->why = r == -EPROTO
		                 ? arena_printf(f->arena, "the node gives no CA certificate: %s",
		                                ssh_last_line(f->arena, run.err))
		                 : strerror(-r);
	return r < 0 ? NULL : path;
}

static enum follow_result ask_site(struct follow *f)
{
	int step = progress_begin(f->progress, -1, "the site answers over HTTPS");
	enum follow_result result = FOLLOW_TIMED_OUT;
	bool own_ca = strcmp(f->machine->issuer, "internal") == 0;
	const char *ca = NULL;
	long status;

	while (!must_stop(f, &result)) {
		if (own_ca && ca == NULL)
			ca = fetch_ca(f);
		if ((!own_ca || ca != NULL) && web_get(f->arena, f->machine->web, f->address,
		                                       f->port, ca, &status, &f->why) == 0) {
			if (status < 500) {
				progress_end(f->progress, step, true,
				             arena_printf(f->arena,
				                          "status %ld, certificate verified",
				                          status));
				return FOLLOW_READY;
			}
			f->why = arena_printf(f->arena, "https://%s/ answers with status %ld",
			                      f->machine->web, status);
		}
		progress_note(f->progress, step, f->why);
		progress_tick(f->progress);
		clock_sleep_ms(2 * TICK_MS);
	}
	progress_end(f->progress, step, false, f->why);
	return result;
}

enum follow_result follow_machine(struct follow *f)
{
	enum follow_result result = FOLLOW_READY;

	if (f->machine->kind == MACHINE_VM && !f->booted)
		result = follow_boot(f);
	if (result == FOLLOW_READY)
		result = wait_for_node(f);
	if (result == FOLLOW_READY && f->address != NULL && !f->rests)
		result = ask_site(f);
	progress_finish(f->progress);
	return result;
}
