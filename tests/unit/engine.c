/* The engines' command lines, against a stand-in that notes what it is asked and answers by rule.
 * What the real ones do with them is tested in tests/systemd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/engine.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#include "tap.h"

/* answers: one file per "WORD WORD" of the beginning, with exit status, stdout and stderr in it. */
static const char stand_in[] = "#!/bin/sh\n"
			       "printf '%s' \"${0##*/}\" >>\"$ENGINE/calls\"\n"
			       "printf ' %s' \"$@\" >>\"$ENGINE/calls\"\n"
			       "echo >>\"$ENGINE/calls\"\n"
			       "for key in \"$1-$2\" \"$1\"; do\n"
			       "\t[ ! -e \"$ENGINE/answer-$key\" ] || . \"$ENGINE/answer-$key\"\n"
			       "done\n"
			       "exit 0\n";

struct fixture {
	struct arena *arena;
	char dir[64];
	struct plan plan;
	struct agent agent;
	struct plan_process process;
	struct strings run;
};

static const char *path_of(struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->dir, name);
}

static void write_text(struct fixture *f, const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(path_of(f, name), "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 ||
	    chmod(path_of(f, name), mode) < 0)
		abort();
}

/* What the stand-in does when its first words are KEY: a piece of shell. */
static void answer(struct fixture *f, const char *key, const char *shell)
{
	write_text(f, arena_printf(f->arena, "answer-%s", key), shell, 0600);
}

static void forget(struct fixture *f)
{
	cleanup_arena struct arena *arena = arena_new();
	static const char *const keys[] = { "image-inspect",
		                            "image-exists",
		                            "image-rm",
		                            "container-inspect",
		                            "ps---all",
		                            "network-ls",
		                            "network-rm",
		                            "create",
		                            "start",
		                            "run",
		                            "rm",
		                            "--version",
		                            "pull",
		                            "network-connect" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		(void)unlink(path_of(f, arena_printf(arena, "answer-%s", keys[i])));
	(void)unlink(path_of(f, "calls"));
	f->agent.why[0] = '\0';
}

static const char *calls(struct fixture *f)
{
	static char text[8192];
	FILE *file = fopen(path_of(f, "calls"), "r");
	size_t len = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[len] = '\0';
	if (file != NULL)
		(void)fclose(file);
	(void)unlink(path_of(f, "calls"));
	return text;
}

static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->arena = arena_new();
	strcpy(f->dir, "/tmp/stead-engine.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		abort();
	write_text(f, "docker", stand_in, 0700);
	write_text(f, "podman", stand_in, 0700);
	setenv("ENGINE", f->dir, 1);
	setenv("PATH", arena_printf(f->arena, "%s:/usr/bin:/bin", f->dir), 1);
	f->agent = (struct agent){ .arena = f->arena, .root = "", .plan = &f->plan };
	f->process = (struct plan_process){ .name = "web", .image = "reg/web@sha256:1", .uid = 7 };
	f->process.gid = 8;
	*list_add(f->arena, &f->process.networks) = "stead-int";
	*list_add(f->arena, &f->process.networks) = "stead-ext";
	*list_add(f->arena, &f->process.tmpfs) = "/tmp";
	*list_add(f->arena, &f->process.mounts) = (struct plan_mount){ "/srv", "/data", true };
	*list_add(f->arena, &f->process.env_files) = "/etc/stead/secrets/web.env";
	*list_add(f->arena, &f->process.env) = (struct plan_pair){ "A", "b c" };
	*list_add(f->arena, &f->run) = "do";
	*list_add(f->arena, &f->run) = "it";
}

static void fixture_done(struct fixture *f)
{
	forget(f);
	(void)unlink(path_of(f, "docker"));
	(void)unlink(path_of(f, "podman"));
	(void)rmdir(f->dir);
	arena_free(f->arena);
}

static struct engine_job job_of(struct fixture *f)
{
	return (struct engine_job){
		.container = "stead-job-x", .process = &f->process, .run = &f->run, .deadline_s = 20
	};
}

static const char *joined(struct fixture *f, const struct strings *words)
{
	struct text text;

	text_init(&text, f->arena);
	for (size_t i = 0; i < words->count && words->items[i] != NULL; i++)
		text_addf(&text, "%s%s", i > 0 ? " " : "", words->items[i]);
	ok(words->count > 0 && words->items[words->count - 1] == NULL, "the argv is terminated");
	return text.data;
}

#define LIKE_WEB                                                                                   \
	"--user=7:8 --cap-drop=all --security-opt=no-new-privileges --read-only "                  \
	"--volume=/srv:/data:ro --env-file=/etc/stead/secrets/web.env --env=A=b c "

static void test_jobs(struct fixture *f)
{
	const struct engine_job job = job_of(f);
	struct process_result result;

	f->agent.engine = &engine_podman;
	answer(f, "run", "echo out; exit 3\n");
	is_int(engine_podman.run_job(&f->agent, f->arena, &job, &result), 0, "podman: a job runs");
	is_int(result.exit_code, 3, "and its exit status is the program's");
	is_str(calls(f),
	       "podman run --rm --replace --name=stead-job-x --pull=never --log-driver=none "
	       "--sdnotify=ignore --timeout=30 " LIKE_WEB
	       "--tmpfs=/tmp:mode=1777 --network=stead-int --network=stead-ext reg/web@sha256:1 do "
	       "it\n",
	       "podman: like the process, in one call");

	f->agent.engine = &engine_docker;
	answer(f, "start", "echo out; exit 3\n");
	answer(f, "container-inspect", "echo exited\n");
	is_int(engine_docker.run_job(&f->agent, f->arena, &job, &result), 0, "docker: a job runs");
	is_int(result.exit_code, 3, "and its exit status is the program's");
	is_str(result.out, "out\n", "and what it says");
	is_str(calls(f),
	       "docker rm --force --volumes stead-job-x\n"
	       "docker create --name=stead-job-x --pull=never --log-driver=none "
	       "--network=stead-int " LIKE_WEB
	       "--tmpfs=/tmp:mode=1777,uid=7,gid=8 --tmpfs=/run:mode=1777,exec "
	       "--tmpfs=/var/tmp:mode=1777,exec reg/web@sha256:1 do it\n"
	       "docker network connect stead-ext stead-job-x\n"
	       "docker start --attach stead-job-x\n"
	       "docker container inspect --format {{.State.Status}} stead-job-x\n"
	       "docker rm --force --volumes stead-job-x\n",
	       "docker: made, connected, started, removed");
	answer(f, "start", "echo 'no such file' >&2; exit 1\n");
	answer(f, "container-inspect", "echo created\n");
	is_int(engine_docker.run_job(&f->agent, f->arena, &job, &result), -EIO,
	       "docker: what never ran is no exit status");
	is_str(f->agent.why, "docker start: no such file", "and it says why");
	ok(strstr(calls(f), "docker rm --force --volumes stead-job-x\n") != NULL,
	   "and it is removed");
	forget(f);
	answer(f, "network-connect", "echo 'no network' >&2; exit 1\n");
	is_int(engine_docker.run_job(&f->agent, f->arena, &job, &result), -EIO,
	       "docker: a job without its networks does not run");
	ok(strstr(calls(f), "docker start") == NULL, "at all");
	forget(f);
}

static void test_argv(struct fixture *f)
{
	const struct engine_job job = job_of(f);

	for (size_t i = 0; engines[i] != NULL; i++) {
		const struct engine *engine = f->agent.engine = engines[i];
		struct strings argv = { 0 }, more = { 0 }, none = { 0 };

		answer(f, "container-inspect", "echo running\n");
		is_int(engine->exec_argv(&f->agent, f->arena, &f->process, &f->run, true, &argv), 0,
		       "%s: a running container is entered", engine->name);
		is_str(joined(f, &argv),
		       arena_printf(f->arena, "%s exec --interactive --tty stead-web do it",
		                    engine->name),
		       "%s: with a terminal", engine->name);
		answer(f, "container-inspect", "exit 1\n");
		is_int(engine->exec_argv(&f->agent, f->arena, &f->process, &f->run, true, &none),
		       -ENOENT, "%s: one that does not run is not", engine->name);
		(void)calls(f);
		is_int(engine->job_argv(&f->agent, f->arena, &job, false, &more), 0,
		       "%s: one of its own", engine->name);
		if (engine == &engine_docker)
			is_str(joined(f, &more), "docker start --attach --interactive stead-job-x",
			       "docker: started");
		else
			is_str(joined(f, &more),
			       "podman run --rm --replace --name=stead-job-x --pull=never "
			       "--log-driver=none --sdnotify=ignore --interactive " LIKE_WEB
			       "--tmpfs=/tmp:mode=1777 --network=stead-int --network=stead-ext "
			       "reg/web@sha256:1 do it",
			       "podman: run");
		forget(f);
	}
}

static void test_lists(struct fixture *f)
{
	for (size_t i = 0; engines[i] != NULL; i++) {
		const struct engine *engine = f->agent.engine = engines[i];
		struct strings names = { 0 };

		answer(f, "ps---all", "echo stead-a; echo other-stead-; echo stead-b\n");
		is_int(engine->list_containers(&f->agent, f->arena, "stead-", &names), 0,
		       "%s: containers are listed", engine->name);
		ok(names.count == 2 && str_equal(names.items[0], "stead-a") &&
		           str_equal(names.items[1], "stead-b"),
		   "%s: ours only", engine->name);
		f->agent.engine = engines[i == 0]; /* the other one: a change of engines has two */
		answer(f, "network-rm", "echo 'Error: unable to find it' >&2; exit 1\n");
		answer(f, "network-ls", "echo stead-ext2; echo bridge\n");
		is_int(engine->network_remove(&f->agent, f->arena, "stead-ext"), 0,
		       "%s: a network that is not there is removed", engine->name);
		answer(f, "network-rm", "echo 'it has endpoints' >&2; exit 1\n");
		answer(f, "network-ls", "echo stead-ext\n");
		is_int(engine->network_remove(&f->agent, f->arena, "stead-ext"), -EIO,
		       "%s: one in use is not", engine->name);
		is_str(f->agent.why,
		       arena_printf(f->arena, "%s network: it has endpoints", engine->name),
		       "%s: and says so", engine->name);
		f->agent.engine = engine;
		answer(f, "image-rm", "echo 'no' >&2; exit 1\n");
		answer(f, "image-exists", "exit 1\n");
		answer(f, "image-inspect", "echo 'Error: No such image: x' >&2; exit 1\n");
		is_int(engine->image_remove(&f->agent, f->arena, "x"), 0,
		       "%s: an image that is not there is removed", engine->name);
		answer(f, "image-exists", "exit 0\n");
		answer(f, "image-inspect", "exit 0\n");
		is_int(engine->image_remove(&f->agent, f->arena, "x"), -EIO,
		       "%s: one in use is not", engine->name);
		forget(f);
	}
}

static void test_version(struct fixture *f)
{
	const char *version = NULL;

	answer(f, "--version", "echo 'podman version 5.4.2'\n");
	is_int(engine_podman.version(&f->agent, f->arena, &version), 0, "podman has a version");
	is_str(version, "5.4.2", "this one");
	is_int(engine_docker.version(&f->agent, f->arena, &version), -ENOENT,
	       "podman by docker's name is not docker");
	answer(f, "--version", "echo 'Docker version 26.1.5+dfsg1, build a72d7cd'\n");
	is_int(engine_docker.version(&f->agent, f->arena, &version), 0, "docker has a version");
	is_str(version, "26.1.5+dfsg1", "this one");
	(void)unlink(path_of(f, "docker"));
	setenv("PATH", f->dir, 1);
	is_int(engine_docker.version(&f->agent, f->arena, &version), -ENOENT,
	       "what is not installed has none");
	setenv("PATH", arena_printf(f->arena, "%s:/usr/bin:/bin", f->dir), 1);
	write_text(f, "docker", stand_in, 0700);
	forget(f);
}

static void test_states(struct fixture *f)
{
	static const struct {
		const char *word;
		enum engine_state state;
		int address; /* what address_of says */
	} rows[] = {
		{ "running", ENGINE_RUNNING, 0 },           { "created", ENGINE_CREATED, -EAGAIN },
		{ "initialized", ENGINE_CREATED, -EAGAIN }, { "exited", ENGINE_ENDED, -ESRCH },
		{ "dead", ENGINE_ENDED, -ESRCH },
	};

	f->agent.engine = &engine_podman;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum engine_state state = ENGINE_ABSENT;
		const char *address;

		answer(f, "container-inspect",
		       arena_printf(f->arena, "echo '%s  10.0.0.2 '\n", rows[i].word));
		is_int(engine_podman.state_of(&f->agent, f->arena, &f->process, &state), 0,
		       "the state of one that is %s", rows[i].word);
		is_int(state, rows[i].state, "is what it says");
		is_int(engine_podman.address_of(&f->agent, f->arena, &f->process, &address),
		       rows[i].address, "and so is the address");
	}
	forget(f);
}

static void test_docker(struct fixture *f)
{
	static const char away[] = "echo 'Cannot connect to the Docker daemon at "
				   "unix:///var/run/docker.sock. Is the docker daemon running?' "
				   ">&2; exit 1\n";
	enum engine_state state = ENGINE_ABSENT;
	bool there = true;

	f->agent.engine = &engine_docker;
	answer(f, "image-inspect", "echo 'Error: No such image: x' >&2; exit 1\n");
	is_int(engine_docker.has_image(&f->agent, f->arena, "x", &there), 0, "an image is missing");
	ok(!there, "is what it says");
	answer(f, "image-inspect", away);
	is_int(engine_docker.has_image(&f->agent, f->arena, "x", &there), -ECONNREFUSED,
	       "without its daemon docker knows nothing");
	is_str(f->agent.why,
	       "docker's daemon does not answer (see systemctl status docker.service)",
	       "and that is what is said");
	answer(f, "container-inspect", away);
	is_int(engine_docker.state_of(&f->agent, f->arena, &f->process, &state), -ECONNREFUSED,
	       "a container is not absent because the daemon is");
	answer(f, "container-inspect", "echo 'No such container' >&2; exit 1\n");
	is_int(engine_docker.state_of(&f->agent, f->arena, &f->process, &state), 0, "it is");
	is_int(state, ENGINE_ABSENT, "when docker says so");
	answer(f, "rm", "echo 'Error: No such container: x' >&2; exit 1\n");
	is_int(engine_docker.remove(&f->agent, f->arena, "x"), 0, "removing what is not there");
	answer(f, "rm", away);
	is_int(engine_docker.remove(&f->agent, f->arena, "x"), -ECONNREFUSED, "is not that");
	forget(f);
}

int main(void)
{
	struct fixture f;

	fixture_init(&f);
	test_jobs(&f);
	test_argv(&f);
	test_lists(&f);
	test_version(&f);
	test_states(&f);
	test_docker(&f);
	fixture_done(&f);
	return tap_done();
}
