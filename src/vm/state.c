/*
 * state.json: written before QEMU starts, so that a machine is never lost sight of, whenever stead
 * itself ends. What tells the process from any other is a random mark in its command line.
 */
#include "vm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { STATE_VERSION = 1, STATE_MAX = 64 * 1024, CMDLINE_MAX = 256 * 1024 };

int state_write(struct arena *arena, const struct vm *vm)
{
	const char *path = arena_printf(arena, "%s/%s", vm->dir, VM_STATE);
	json_t *root = json_pack("{s:i, s:s, s:s, s:{s:i, s:i, s:i}, s:s, s:s, s:s}", "v",
	                         STATE_VERSION, "mark", vm->mark, "program", vm->program, "ports",
	                         "ssh", (int)vm->ports.ssh, "http", (int)vm->ports.http, "https",
	                         (int)vm->ports.https, "image", vm->image, "accel", vm->accel,
	                         "ignition_sha256", vm->ignition_sha256);
	char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
	int r = text == NULL ? -EINVAL
	                     : file_write_atomic(AT_FDCWD, path, 0600, text, strlen(text));

	json_decref(root);
	free(text);
	return r;
}

static bool port_ok(int port)
{
	return port > 0 && port < 65536;
}

static int decode(struct arena *arena, json_t *root, struct vm *ret)
{
	const char *mark, *program, *image, *accel, *sha256;
	int version, ssh, http, https;

	if (json_unpack(root, "{s:i, s:s, s:s, s:{s:i, s:i, s:i}, s:s, s:s, s:s}", "v", &version,
	                "mark", &mark, "program", &program, "ports", "ssh", &ssh, "http", &http,
	                "https", &https, "image", &image, "accel", &accel, "ignition_sha256",
	                &sha256) < 0 ||
	    version != STATE_VERSION || strlen(mark) < 16 || !port_ok(ssh) || !port_ok(http) ||
	    !port_ok(https))
		return -EINVAL;
	ret->mark = arena_strdup(arena, mark);
	ret->program = arena_strdup(arena, program);
	ret->image = arena_strdup(arena, image);
	ret->accel = arena_strdup(arena, accel);
	ret->ignition_sha256 = arena_strdup(arena, sha256);
	ret->ports = (struct vm_ports){ (unsigned)ssh, (unsigned)http, (unsigned)https };
	return 0;
}

int state_read(struct arena *arena, const char *dir, struct vm *ret)
{
	const char *path = arena_printf(arena, "%s/%s", dir, VM_STATE);
	json_t *root;
	char *text;
	size_t len;
	int r = file_read(arena, AT_FDCWD, path, STATE_MAX, &text, &len);

	if (r < 0)
		return r;
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (root == NULL)
		return -EINVAL;
	*ret = (struct vm){ .dir = arena_strdup(arena, dir) };
	r = decode(arena, root, ret);
	json_decref(root);
	return r;
}

static bool carries_mark(const char *command_line, size_t len, const char *mark)
{
	return memmem(command_line, len, mark, strlen(mark)) != NULL;
}

static bool is_ours(struct arena *arena, const struct vm *vm, long pid)
{
	char program[4096], *command_line;
	size_t command_line_len;
	ssize_t len =
		readlink(arena_printf(arena, "/proc/%ld/exe", pid), program, sizeof(program) - 1);

	if (len < 0)
		return false;
	program[len] = '\0';
	/* An upgrade of QEMU while it runs: the kernel says so behind the name. */
	if (str_ends(program, " (deleted)"))
		program[(size_t)len - strlen(" (deleted)")] = '\0';
	if (strcmp(program, vm->program) != 0)
		return false;
	return file_read(arena, AT_FDCWD, arena_printf(arena, "/proc/%ld/cmdline", pid),
	                 CMDLINE_MAX, &command_line, &command_line_len) == 0 &&
	       carries_mark(command_line, command_line_len, vm->mark);
}

int state_process(struct arena *arena, const struct vm *vm)
{
	char *text;
	size_t len;
	long pid;

	if (file_read(arena, AT_FDCWD, arena_printf(arena, "%s/%s", vm->dir, VM_PID), 32, &text,
	              &len) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (!str_to_long(text, &pid) || pid <= 1 || pid > 0x7fffffff || !is_ours(arena, vm, pid))
		return 0;
	return (int)pid;
}

int vm_read(struct arena *arena, const char *dir, struct vm *ret_vm)
{
	int r = state_read(arena, dir, ret_vm);

	if (r < 0)
		return r;
	ret_vm->pid = state_process(arena, ret_vm);
	return 0;
}

bool vm_alive(const struct vm *vm)
{
	cleanup_arena struct arena *scratch = arena_new();

	return vm->pid != 0 && state_process(scratch, vm) == vm->pid;
}
