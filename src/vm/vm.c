#include "vm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

enum { MARK_BYTES = 16, START_ATTEMPTS = 3, QMP_DEADLINE_MS = 5000, TERM_DEADLINE_MS = 10000 };

static char *new_mark(struct arena *arena)
{
	unsigned char bytes[MARK_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	return arena_printf(arena, "stead-%s", hash_hex(arena, bytes, sizeof(bytes)));
}

static const char *in_dir(struct arena *arena, const char *dir, const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

/* An existing overlay has been through Ignition: another config or image would only seem so. */
static int check_same(struct arena *arena, const struct vm *before, const char *image,
                      const char *sha256, const char **ret_error)
{
	if (image != NULL && strcmp(before->image, image) != 0) {
		*ret_error = arena_printf(arena, "the machine was made from another image, '%s'",
		                          before->image);
		return -EEXIST;
	}
	if (sha256 != NULL && strcmp(before->ignition_sha256, sha256) != 0) {
		*ret_error = "the machine was made with another configuration";
		return -EEXIST;
	}
	return 0;
}

static int absolute_image(struct arena *arena, const char *image, const char **ret_absolute,
                          const char **ret_error)
{
	char found[4096];

	if (realpath(image, found) == NULL || access(found, R_OK) < 0) {
		int r = -errno;

		*ret_error =
			arena_printf(arena, "cannot read the image '%s': %s", image, strerror(-r));
		return r;
	}
	*ret_absolute = arena_strdup(arena, found);
	return 0;
}

/* Config, state and overlay of a machine that does not exist yet. The overlay comes last: with it,
 * but not before, the machine exists, and everything about it is known. */
static int make_machine(struct arena *arena, const struct vm_start *start, struct vm *vm,
                        const char **ret_error)
{
	int r = 0;

	if (vm->image == NULL) {
		*ret_error = "there is no machine yet: it needs an image";
		return -ENODATA;
	}
	if (start->ignition != NULL)
		r = file_write_atomic(AT_FDCWD, in_dir(arena, vm->dir, VM_CONFIG), 0600,
		                      start->ignition, start->ignition_len);
	if (r == 0 && start->file_data != NULL)
		r = dir_make(AT_FDCWD, in_dir(arena, vm->dir, VM_TFTP), 0700);
	if (r == 0 && start->file_data != NULL)
		r = file_write_atomic(AT_FDCWD, in_dir(arena, vm->dir, VM_FILE), 0600,
		                      start->file_data, start->file_len);
	if (r == 0)
		r = ports_choose(&vm->ports);
	vm->mark = new_mark(arena);
	if (r == 0)
		r = state_write(arena, vm);
	if (r < 0) {
		*ret_error = arena_printf(arena, "cannot write to '%s': %s", vm->dir, strerror(-r));
		return r;
	}
	if (start->data_disk && access(in_dir(arena, vm->dir, VM_DATA), F_OK) < 0)
		r = data_disk_make(arena, vm->dir, ret_error);
	return r < 0 ? r : overlay_make(arena, vm->dir, vm->image, ret_error);
}

/* All boots are in one log; the tail of one must not be taken for the next one's. */
static void mark_console(struct arena *arena, const char *dir)
{
	cleanup_fd int fd = open(in_dir(arena, dir, VM_CONSOLE),
	                         O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? 0 : write(fd, VM_CONSOLE_MARK, strlen(VM_CONSOLE_MARK));

	(void)n; /* only for people */
}

/* Free ports may be taken by another between choosing and using them: then others are chosen. */
static int boot(struct arena *arena, const struct qemu *qemu, const struct vm_start *start,
                struct vm *vm, const char **ret_error)
{
	int r = -EADDRINUSE;

	mark_console(arena, vm->dir);
	for (int i = 0; i < START_ATTEMPTS && r == -EADDRINUSE; i++) {
		vm->mark = new_mark(arena);
		(void)unlink(in_dir(arena, vm->dir, VM_PID));
		(void)unlink(in_dir(arena, vm->dir, VM_QMP));
		r = ports_choose(&vm->ports);
		if (r == 0)
			r = state_write(arena, vm);
		if (r < 0) {
			*ret_error = arena_printf(arena, "cannot prepare '%s': %s", vm->dir,
			                          strerror(-r));
			return r;
		}
		r = qemu_start(arena, qemu, vm, start, ret_error);
	}
	if (r == 0)
		vm->pid = state_process(arena, vm);
	if (r == 0 && vm->pid == 0) {
		*ret_error = "QEMU ended at once";
		r = -EIO;
	}
	return r;
}

/* One `up` at a time. The lock goes with the descriptor; QEMU does not inherit it. */
static int lock_dir(struct arena *arena, const char *dir, int *ret_fd)
{
	int fd = open(in_dir(arena, dir, VM_LOCK), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)close(fd);
		return -EBUSY;
	}
	*ret_fd = fd;
	return 0;
}

static int open_dir(struct arena *arena, const char *wanted, const char **ret_dir, int *ret_lock,
                    const char **ret_error)
{
	char dir[4096];
	int r = dir_make(AT_FDCWD, wanted, 0700);

	if (r == 0 && realpath(wanted, dir) == NULL)
		r = -errno;
	if (r == 0)
		r = lock_dir(arena, dir, ret_lock);
	if (r == -EBUSY)
		*ret_error = "another stead is starting this machine";
	else if (r < 0)
		*ret_error = arena_printf(arena, "cannot use '%s': %s", wanted, strerror(-r));
	else
		*ret_dir = arena_strdup(arena, dir);
	return r;
}

/* The machine that is there already, if any. Its disk may hold a node's only data, so whatever is
 * odd about it is an error and not a reason to make a new one. */
static int find_machine(struct arena *arena, const char *dir, struct vm *ret_before,
                        bool *ret_exists, const char **ret_error)
{
	bool overlay = access(in_dir(arena, dir, VM_OVERLAY), F_OK) == 0;
	int r = vm_read(arena, dir, ret_before);

	*ret_exists = r == 0 && overlay;
	if (r == 0 && ret_before->pid != 0) {
		*ret_error = "the machine is running";
		return -EALREADY;
	}
	if (r == 0 || (r == -ENOENT && !overlay))
		return 0;
	*ret_error = arena_printf(arena,
	                          "there is a machine's disk in '%s', but its state cannot be "
	                          "read: %s",
	                          dir, strerror(-r));
	return r == -ENOENT ? -EINVAL : r;
}

int vm_start(struct arena *arena, const struct vm_start *start, struct vm *ret_vm,
             const char **ret_error)
{
	struct vm before = { 0 }, vm = { 0 };
	const char *sha256 = NULL, *image = NULL;
	cleanup_fd int lock = -1;
	struct qemu qemu;
	bool exists = false;
	int r;

	*ret_error = NULL;
	if ((r = open_dir(arena, start->dir, &vm.dir, &lock, ret_error)) < 0)
		return r;
	r = find_machine(arena, vm.dir, &before, &exists, ret_error);
	if (r == -EALREADY)
		*ret_vm = before;
	if (r < 0)
		return r;
	if (start->ignition != NULL)
		sha256 = hash_sha256(arena, start->ignition, start->ignition_len);
	if ((start->image != NULL &&
	     (r = absolute_image(arena, start->image, &image, ret_error)) < 0) ||
	    (exists && (r = check_same(arena, &before, image, sha256, ret_error)) < 0) ||
	    (r = qemu_find(arena, &qemu, ret_error)) < 0)
		return r;
	vm.accel = vm_kvm_works() ? "kvm" : "tcg";
	vm.program = qemu.path;
	vm.image = exists ? before.image : image;
	vm.ignition_sha256 = exists ? before.ignition_sha256 : sha256 == NULL ? "" : sha256;
	if (exists)
		vm.ports = before.ports;
	else if ((r = make_machine(arena, start, &vm, ret_error)) < 0)
		return r;
	r = boot(arena, &qemu, start, &vm, ret_error);
	if (r == 0)
		*ret_vm = vm;
	return r;
}

static bool ended_within(const struct vm *vm, unsigned ms)
{
	int64_t until = clock_ms() + ms;

	while (vm_alive(vm)) {
		if (clock_ms() >= until)
			return false;
		clock_sleep_ms(100);
	}
	return true;
}

/* The descriptor pins the process: its number cannot go to another before it is signalled. */
static void send_signal(const struct vm *vm, int signal_number)
{
	cleanup_fd int fd = (int)syscall(SYS_pidfd_open, vm->pid, 0);

	if (fd >= 0 && vm_alive(vm))
		(void)syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0);
	else if (fd < 0 && errno == ENOSYS && vm_alive(vm))
		(void)kill(vm->pid, signal_number);
}

int vm_stop(struct arena *arena, struct vm *vm, unsigned deadline_ms)
{
	int forced = 0;

	vm->pid = state_process(arena, vm);
	if (vm->pid == 0)
		return 0;
	if (qmp_command(vm->dir, "system_powerdown", QMP_DEADLINE_MS) < 0 ||
	    !ended_within(vm, deadline_ms)) {
		forced = 1;
		send_signal(vm, SIGTERM);
		if (!ended_within(vm, TERM_DEADLINE_MS))
			send_signal(vm, SIGKILL);
		if (!ended_within(vm, TERM_DEADLINE_MS))
			return -EBUSY;
	}
	vm->pid = 0;
	return forced;
}

int vm_remove(struct arena *arena, const char *dir, bool keep_data)
{
	/* The state goes last: until then the folder is still known as a machine's. */
	static const char *const names[] = {
		VM_OVERLAY,
		VM_OVERLAY ".new",
		VM_DATA ".new",
		VM_CONFIG,
		VM_CONSOLE,
		VM_QMP,
		VM_FILE,
		/* what cmd puts beside it */
		"known_hosts",
		"ssh_config",
		"target.json",
		"ca.crt",
		VM_PID,
		VM_LOCK,
		VM_STATE,
	};
	cleanup_fd int lock = -1;
	struct vm vm;
	int r = lock_dir(arena, dir, &lock);

	/* Another stead may be about to start it. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = vm_read(arena, dir, &vm);
	if (r == 0 && vm.pid != 0)
		return -EBUSY;
	if (!keep_data && unlink(in_dir(arena, dir, VM_DATA)) < 0 && errno != ENOENT)
		return -errno;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (unlink(in_dir(arena, dir, names[i])) < 0 && errno != ENOENT && errno != ENOTDIR)
			return -errno;
	(void)rmdir(in_dir(arena, dir, VM_TFTP));
	(void)rmdir(dir); /* what is not ours stays */
	return 0;
}

/* Bytes that only a terminal would care about are dropped, escape sequences (ECMA-48) whole. */
static char *printable(struct arena *arena, const char *data, size_t len)
{
	struct text text;

	text_init(&text, arena);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == 0x1b) {
			if (i + 1 < len && data[i + 1] == '[') {
				i += 2;
				while (i < len && ((unsigned char)data[i] < 0x40 ||
				                   (unsigned char)data[i] > 0x7e))
					i++;
			}
		} else if (c == '\n' || (c >= 0x20 && c != 0x7f)) {
			text_addc(&text, (char)c);
		}
	}
	return text.data;
}

enum { TAIL_BYTES = 16 * 1024 };

static char *this_boot(char *text)
{
	char *mark;

	while ((mark = strstr(text, VM_CONSOLE_MARK)) != NULL)
		text = mark + strlen(VM_CONSOLE_MARK);
	return text;
}

char *vm_console_tail(struct arena *arena, const char *dir, unsigned lines)
{
	cleanup_fd int fd = open(in_dir(arena, dir, VM_CONSOLE), O_RDONLY | O_CLOEXEC);
	char *data = arena_alloc(arena, TAIL_BYTES), *text;
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	ssize_t len;
	size_t at;

	if (size <= 0)
		return arena_strdup(arena, "");
	len = pread(fd, data, TAIL_BYTES, size > TAIL_BYTES ? size - TAIL_BYTES : 0);
	text = this_boot(printable(arena, data, len < 0 ? 0 : (size_t)len));
	at = strlen(text);
	while (at > 0 && text[at - 1] == '\n')
		text[--at] = '\0';
	for (; at > 0 && lines > 0; at--)
		if (text[at - 1] == '\n' && --lines == 0)
			break;
	return text + at;
}
