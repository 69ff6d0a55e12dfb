/*
 * The command line of QEMU. Source: QEMU's invocation page; what each odd choice is for stands
 * beside it.
 */
#include "vm/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/process.h"
#include "base/text.h"

enum { VERSION_DEADLINE_MS = 10000, START_DEADLINE_MS = 30000, IMAGE_DEADLINE_MS = 60000 };

#define DATA_SIZE "64G" /* of the data's disk; its file holds what was written only */

#define NO_QEMU "install the package qemu-system-x86, or name the program in STEAD_QEMU"

/* PATH as execvp() searches it, made absolute and free of links. */
static char *resolve(struct arena *arena, const char *name)
{
	const char *path = getenv("PATH");
	char found[4096];

	if (strchr(name, '/') != NULL)
		return realpath(name, found) == NULL ? NULL : arena_strdup(arena, found);
	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*path != '\0') {
		size_t len = strcspn(path, ":");
		char *candidate = arena_printf(arena, "%.*s/%s", (int)len, path, name);

		if (len > 0 && access(candidate, X_OK) == 0 && realpath(candidate, found) != NULL)
			return arena_strdup(arena, found);
		path += len + (path[len] == ':');
	}
	return NULL;
}

/* The "N.N" of its answer: "QEMU emulator version 7.2.22 (Debian …)". */
static bool parse_version(const char *text, struct qemu *ret)
{
	static const char words[] = "QEMU emulator version ";
	char *end;

	if (!str_starts(text, words) || !isdigit((unsigned char)text[sizeof(words) - 1]))
		return false;
	ret->major = (unsigned)strtoul(text + sizeof(words) - 1, &end, 10);
	ret->minor = *end == '.' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
	return true;
}

int qemu_find(struct arena *arena, struct qemu *ret, const char **ret_error)
{
	const char *name = getenv("STEAD_QEMU");
	struct process_result result;
	int r;

	if (name == NULL || *name == '\0')
		name = "qemu-system-x86_64";
	ret->path = resolve(arena, name);
	if (ret->path == NULL) {
		*ret_error = arena_printf(arena, "cannot find '%s': %s", name, NO_QEMU);
		return -ENOENT;
	}
	struct process_run run = { .argv = (const char *const[]){ ret->path, "--version", NULL },
		                   .deadline_ms = VERSION_DEADLINE_MS };
	r = process_run(arena, &run, &result);
	if (r == 0 && (result.exit_code != 0 || !parse_version(result.out, ret)))
		r = -EINVAL;
	if (r < 0)
		*ret_error = arena_printf(arena, "'%s --version' does not answer as QEMU does",
		                          ret->path);
	return r;
}

/* QEMU's emulation before 8.0 corrupts the flags around cmpxchg16b: guests panic in every second
 * boot, so that the instruction is hidden. 57-bit paging only costs time. */
static const char *cpu_model(const struct qemu *qemu, const struct vm *vm)
{
	if (strcmp(vm->accel, "kvm") == 0)
		return "host";
	return qemu->major < 8 ? "max,-cx16" : "max,la57=off";
}

static void add(struct arena *arena, struct strings *argv, const char *name, const char *value)
{
	*list_add(arena, argv) = name;
	if (value != NULL)
		*list_add(arena, argv) = value;
}

/* QEMU's own TFTP server opens its file when it is asked, and a daemon is in the root folder then:
 * this path is absolute, with its commas doubled (QEMU's option syntax). */
static char *user_network(struct arena *arena, const struct vm *vm)
{
	struct text text;

	text_init(&text, arena);
	text_addf(&text,
	          "user,id=net,hostfwd=tcp:127.0.0.1:%u-:22,hostfwd=tcp:127.0.0.1:%u-:80,"
	          "hostfwd=tcp:127.0.0.1:%u-:443",
	          vm->ports.ssh, vm->ports.http, vm->ports.https);
	if (access(arena_printf(arena, "%s/%s", vm->dir, VM_FILE), R_OK) < 0)
		return text.data;
	text_add(&text, ",tftp=");
	for (const char *s = vm->dir; *s != '\0'; s++)
		text_add(&text, *s == ',' ? ",," : (char[]){ *s, '\0' });
	text_add(&text, "/" VM_TFTP);
	return text.data;
}

/* All other paths are relative to the state folder: a path with a comma would need escaping, and
 * one of a socket may have 107 bytes only. */
static void add_devices(struct arena *arena, struct strings *argv, const struct vm *vm)
{
	/* writeback: what the guest flushed is on the disk, so a crash of this computer is no worse
	 * than a power cut. Ending QEMU loses nothing that was written under any cache mode. */
	add(arena, argv, "-drive",
	    "if=none,id=root,file=" VM_OVERLAY ",format=qcow2,cache=writeback,discard=unmap");
	add(arena, argv, "-device", "virtio-blk-pci,drive=root,serial=root,bootindex=1");
	/* Not there any more: the machine starts without it and says so itself. */
	if (access(arena_printf(arena, "%s/" VM_DATA, vm->dir), F_OK) == 0) {
		add(arena, argv, "-drive",
		    "if=none,id=data,file=" VM_DATA ",format=qcow2,cache=writeback,discard=unmap");
		add(arena, argv, "-device", "virtio-blk-pci,drive=data,serial=" VM_DATA_SERIAL);
	}
	add(arena, argv, "-netdev", user_network(arena, vm));
	add(arena, argv, "-device", "virtio-net-pci,netdev=net");
	add(arena, argv, "-device", "virtio-rng-pci");
	add(arena, argv, "-chardev", "file,id=console,path=" VM_CONSOLE ",append=on");
	add(arena, argv, "-serial", "chardev:console");
	add(arena, argv, "-qmp", "unix:" VM_QMP ",server=on,wait=off");
	/* Where Ignition's platform "qemu" looks (coreos/ignition docs/supported-platforms.md). It
	 * stays there for later boots: the first may be cut off before Ignition was through. */
	if (vm->ignition_sha256[0] != '\0')
		add(arena, argv, "-fw_cfg", "name=opt/com.coreos/config,file=" VM_CONFIG);
}

static void command_line(struct arena *arena, const struct qemu *qemu, const struct vm *vm,
                         const struct vm_start *start, struct strings *argv)
{
	add(arena, argv, "env", NULL);
	add(arena, argv, "-C", vm->dir);
	add(arena, argv, qemu->path, NULL);
	add(arena, argv, "-name", vm->mark);
	add(arena, argv, "-machine", "q35,usb=off,vmport=off,hpet=off");
	add(arena, argv, "-accel",
	    strcmp(vm->accel, "kvm") == 0 ? "kvm" : "tcg,thread=multi,tb-size=512");
	add(arena, argv, "-cpu", cpu_model(qemu, vm));
	add(arena, argv, "-smp", arena_printf(arena, "%u", start->cpus));
	add(arena, argv, "-m", arena_printf(arena, "%ld", start->memory_mib));
	add(arena, argv, "-nodefaults", NULL);
	add(arena, argv, "-no-user-config", NULL);
	add(arena, argv, "-display", "none");
	add_devices(arena, argv, vm);
	add(arena, argv, "-pidfile", VM_PID);
	add(arena, argv, "-daemonize", NULL);
	*list_add(arena, argv) = NULL;
}

/* QEMU's own words, one line of them. */
static const char *first_line(struct arena *arena, const char *text)
{
	const char *colon = strstr(text, ": ");

	if (colon != NULL && colon < text + strcspn(text, "\n"))
		text = colon + 2; /* without its program name */
	return arena_strndup(arena, text, strcspn(text, "\n"));
}

int qemu_start(struct arena *arena, const struct qemu *qemu, const struct vm *vm,
               const struct vm_start *start, const char **ret_error)
{
	struct strings argv = { 0 };
	struct process_run run = { .deadline_ms = START_DEADLINE_MS };
	struct process_result result;
	int r;

	command_line(arena, qemu, vm, start, &argv);
	run.argv = argv.items;
	r = process_run(arena, &run, &result);
	if (r < 0) {
		*ret_error = arena_printf(arena, "cannot start QEMU: %s", strerror(-r));
		return r;
	}
	if (result.exit_code == 0)
		return 0;
	*ret_error = result.timed_out ? "QEMU does not come up"
	                              : arena_printf(arena, "QEMU ended at once: %s",
	                                             first_line(arena, result.err));
	return strstr(result.err, "host forwarding") != NULL ? -EADDRINUSE : -EIO;
}

/* --- the overlay --- */

/* The value of "format" in what `qemu-img info --output=json` prints. */
static const char *image_format(struct arena *arena, const char *image, const char **ret_error)
{
	struct process_run run = {
		.argv = (const char *const[]){ "qemu-img", "info", "--output=json", "--force-share",
		                               image, NULL },
		.deadline_ms = IMAGE_DEADLINE_MS,
	};
	struct process_result result;
	int r = process_run(arena, &run, &result);

	if (r < 0) {
		*ret_error = arena_printf(arena,
		                          "cannot run qemu-img: %s; install the package "
		                          "qemu-utils",
		                          strerror(-r));
		return NULL;
	}
	if (result.exit_code != 0) {
		*ret_error = arena_printf(arena, "'%s' is no image that can be read: %s", image,
		                          first_line(arena, result.err));
		return NULL;
	}
	if (strstr(result.out, "\"format\": \"qcow2\"") != NULL)
		return "qcow2";
	if (strstr(result.out, "\"format\": \"raw\"") != NULL)
		return "raw";
	*ret_error = arena_printf(arena, "'%s' is neither a qcow2 nor a raw disk image", image);
	return NULL;
}

/* A raw image may be anything: at least it must be a disk one could boot from. */
static bool looks_bootable(const char *image, const char *format)
{
	struct stat st;

	return strcmp(format, "raw") != 0 ||
	       (stat(image, &st) == 0 && st.st_size >= 64L * 1024 * 1024);
}

/* Runs qemu-img, which makes NAME.new in DIR, and renames that to NAME: half a disk is none. */
static int make_image(struct arena *arena, const char *dir, const char *name,
                      const char *const *argv, const char **ret_error)
{
	const char *temp = arena_printf(arena, "%s/%s.new", dir, name);
	struct process_run run = { .argv = argv, .deadline_ms = IMAGE_DEADLINE_MS };
	struct process_result result;
	int r = process_run(arena, &run, &result);

	if (r == 0 && result.exit_code != 0) {
		*ret_error = arena_printf(arena, "cannot make the disk: %s",
		                          first_line(arena, result.err));
		r = -EIO;
	}
	if (r == 0 && rename(temp, arena_printf(arena, "%s/%s", dir, name)) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temp);
		if (*ret_error == NULL)
			*ret_error = arena_printf(arena, "cannot make the disk: %s", strerror(-r));
	}
	return r;
}

int data_disk_make(struct arena *arena, const char *dir, const char **ret_error)
{
	static const char *const words[] = { "qemu-img", "create",       "-q",      "-f",
		                             "qcow2",    VM_DATA ".new", DATA_SIZE, NULL };
	const char *argv[3 + sizeof(words) / sizeof(words[0])] = { "env", "-C", dir };

	memcpy(argv + 3, words, sizeof(words));
	return make_image(arena, dir, VM_DATA, argv, ret_error);
}

int overlay_make(struct arena *arena, const char *dir, const char *image, const char **ret_error)
{
	const char *format = image_format(arena, image, ret_error);

	if (format == NULL)
		return -EINVAL;
	if (!looks_bootable(image, format)) {
		*ret_error = arena_printf(arena, "'%s' is too small to be a disk image", image);
		return -EINVAL;
	}
	return make_image(arena, dir, VM_OVERLAY,
	                  (const char *const[]){ "env", "-C", dir, "qemu-img", "create", "-q", "-f",
	                                         "qcow2", "-F", format, "-b", image,
	                                         VM_OVERLAY ".new", NULL },
	                  ret_error);
}
