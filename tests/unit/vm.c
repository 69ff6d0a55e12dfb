/*
 * What can be known of a machine without starting QEMU: above all that no foreign process is ever
 * taken for one.
 */
#include "vm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "tap.h"

static struct arena *arena;
static char dir[] = "/tmp/unit-vm.XXXXXX";

static const char *in_dir(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static void write_file(const char *name, const char *text)
{
	if (file_write_atomic(AT_FDCWD, in_dir(name), 0600, text, strlen(text)) < 0)
		abort();
}

/* A process with MARK in its command line; it sleeps. */
static pid_t start_process(const char *mark)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/bin/sleep", "sleep", "60", mark, (char *)NULL);
		_exit(127);
	}
	usleep(100 * 1000); /* until the exec */
	return pid;
}

static void test_state(void)
{
	struct vm vm = { .dir = dir,
		         .ports = { 22022, 22080, 22443 },
		         .image = "/x,y \"z\".qcow2",
		         .accel = "tcg",
		         .ignition_sha256 = "ab",
		         .program = "/bin/true",
		         .mark = "stead-0123456789abcdef" };
	struct vm back;

	is_int(vm_read(arena, dir, &back), -ENOENT, "no machine yet");
	is_int(state_write(arena, &vm), 0, "a state is written");
	is_int(vm_read(arena, dir, &back), 0, "and read");
	is_str(back.image, vm.image, "the image, with all its characters");
	is_int(back.ports.https, 22443, "the ports");
	is_int(back.pid, 0, "nothing runs");
	write_file(VM_STATE, "{\"v\":1");
	is_int(vm_read(arena, dir, &back), -EINVAL, "half a state");
	write_file(VM_STATE, "{\"v\":2}");
	is_int(vm_read(arena, dir, &back), -EINVAL, "a state of another version");
	write_file(VM_STATE, "");
	is_int(vm_read(arena, dir, &back), -EINVAL, "an empty state");
}

static void test_identity(void)
{
	struct vm vm = { .dir = dir,
		         .ports = { 1, 2, 3 },
		         .image = "i",
		         .accel = "tcg",
		         .ignition_sha256 = "" };
	char program[4096] = "";
	pid_t ours, other;
	struct vm back;

	/* sleep(1) stands for QEMU; where it really is, links resolved. */
	if (realpath("/bin/sleep", program) == NULL)
		abort();
	vm.program = program;
	/* sleep(1) takes only times, so the mark is one. */
	vm.mark = "0.00000000000000001";
	ours = start_process(vm.mark);
	other = start_process("0.5");
	if (state_write(arena, &vm) < 0)
		abort();
	write_file(VM_PID, arena_printf(arena, "%d\n", (int)ours));
	is_int(vm_read(arena, dir, &back), 0, "a state with a process");
	is_int(back.pid, ours, "the process is found");
	ok(vm_alive(&back), "it lives");
	is_int(vm_remove(arena, dir, false), -EBUSY, "a running machine is not removed");

	write_file(VM_PID, arena_printf(arena, "%d\n", (int)other));
	(void)vm_read(arena, dir, &back);
	is_int(back.pid, 0, "the same program without the mark is not ours");
	is_int(vm_stop(arena, &back, 100), 0, "stopping what does not run is fine");
	is_int(kill(other, 0), 0, "and the other one lives");

	write_file(VM_PID, arena_printf(arena, "%d\n", (int)ours));
	vm.program = "/bin/other";
	(void)state_write(arena, &vm);
	(void)vm_read(arena, dir, &back);
	is_int(back.pid, 0, "another program with the mark is not ours");
	for (size_t i = 0; i < 4; i++) {
		static const char *const texts[] = { "1\n", "-1\n", "x\n",
			                             "99999999999999999999\n" };

		write_file(VM_PID, texts[i]);
		is_int(state_process(arena, &vm), 0, "a pid file that says nothing good, %zu", i);
	}

	/* QMP does not answer here, so it is ended by signals. */
	vm.program = program;
	(void)state_write(arena, &vm);
	write_file(VM_PID, arena_printf(arena, "%d\n", (int)ours));
	(void)vm_read(arena, dir, &back);
	(void)signal(SIGCHLD, SIG_IGN); /* so that it does not stay as a zombie */
	is_int(vm_stop(arena, &back, 100), 1, "what does not answer is ended");
	for (unsigned i = 0; i < 500 && kill(ours, 0) == 0; i++)
		clock_sleep_ms(10); /* the kernel takes a moment to forget it */
	ok(kill(ours, 0) < 0 && errno == ESRCH, "it is gone");
	(void)kill(other, SIGKILL);
}

static void test_console(void)
{
	is_str(vm_console_tail(arena, dir, 3), "", "no console yet");
	write_file(VM_CONSOLE, "one\r\n\033[1;31mtwo\033[0m\nthree\nfour\x07\n\n");
	is_str(vm_console_tail(arena, dir, 2), "three\nfour", "the last lines, nothing that moves");
	is_str(vm_console_tail(arena, dir, 9), "one\ntwo\nthree\nfour", "fewer than wanted");
	write_file(VM_CONSOLE, "old\n" VM_CONSOLE_MARK "new\n");
	is_str(vm_console_tail(arena, dir, 9), "new", "nothing of the boot before");
	write_file(VM_CONSOLE, "old\n" VM_CONSOLE_MARK);
	is_str(vm_console_tail(arena, dir, 9), "", "also when this one said nothing yet");
}

static void test_start_refusals(void)
{
	struct vm_start start = { .dir = dir, .memory_mib = 64, .cpus = 1 };
	const char *error = NULL;
	struct vm vm;

	write_file(VM_OVERLAY, "somebody's data");
	(void)unlink(in_dir(VM_STATE));
	ok(vm_start(arena, &start, &vm, &error) < 0 && error != NULL,
	   "a disk without a state is not started");
	ok(access(in_dir(VM_OVERLAY), F_OK) == 0, "nor overwritten");
	(void)unlink(in_dir(VM_OVERLAY));
	start.image = "/nonexistent/image";
	is_int(vm_start(arena, &start, &vm, &error), -ENOENT, "an image that is not there");
	ok(strstr(error, "/nonexistent/image") != NULL, "is named");
}

static void test_ports(void)
{
	struct vm_ports ports = { 0 };

	is_int(ports_choose(&ports), 0, "ports are found");
	ok(ports.ssh != ports.http && ports.http != ports.https && ports.ssh != ports.https &&
	           ports.ssh >= 1024,
	   "three of them");
	struct vm_ports again = ports;
	is_int(ports_choose(&again), 0, "the same can be had again");
	is_int(again.ssh, ports.ssh, "so a machine keeps its ports");
}

int main(void)
{
	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	test_state();
	test_identity();
	test_console();
	test_start_refusals();
	test_ports();
	int lock = open(in_dir(VM_LOCK), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	is_int(flock(lock, LOCK_EX | LOCK_NB), 0, "another stead is starting it");
	is_int(vm_remove(arena, dir, false), -EBUSY, "so it is not removed");
	fd_cleanup(&lock);
	is_int(vm_remove(arena, dir, false), 0, "removed");
	ok(access(dir, F_OK) < 0, "and nothing is left");
	arena_free(arena);
	return tap_done();
}
