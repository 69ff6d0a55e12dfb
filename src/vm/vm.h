/*
 * A local virtual machine (QEMU). Talks to the outside through 127.0.0.1 only. State lives in a
 * folder beside stead.yaml, `.stead/vm/` (0700): overlay disk, Ignition config, pid, ports,
 * console.
 *
 * One machine per folder. Functions return 0 or a negative errno and, where they have a ret_error,
 * one sentence for people.
 */
#ifndef STEAD_VM_VM_H
#define STEAD_VM_VM_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct vm_ports {
	unsigned ssh, http, https; /* on 127.0.0.1 */
};

struct vm {
	const char *dir;
	int pid; /* 0: not running */
	struct vm_ports ports;
	const char *image;           /* base image, absolute */
	const char *accel;           /* kvm | tcg */
	const char *ignition_sha256; /* of the config it was made with; "" without one */
	const char *mark;            /* in the process's command line: how it is known again */
	const char *program;         /* /proc/PID/exe */
};

struct vm_start {
	const char *dir;      /* state folder; made when missing */
	const char *image;    /* a bootable disk image with Ignition inside (FCOS's qemu image, the
	                         lab's);    NULL: the one it was made with */
	const char *ignition; /* config text; NULL: the one it was made with */
	size_t ignition_len;
	/* One file that the guest can fetch as VM_FILE_URL; data NULL: none, or the one of before.
	 * For what would make the config too large: Linux reads it from QEMU in steps of 4 KiB, and
	 * begins at its start for each, so that the time grows with the square of the size
	 * (coreos/ignition issue 1259). 20 KB take no time, 1 MB takes half a minute. */
	const void *file_data;
	size_t file_len;
	long memory_mib;
	unsigned cpus;
	bool data_disk; /* a new machine gets a disk for the data, VM_DATA_DEVICE: the one that a
	                   removed machine left (see vm_remove), else an empty one */
};

#define VM_DATA_SERIAL "stead-data"
#define VM_DATA_DEVICE "/dev/disk/by-id/virtio-" VM_DATA_SERIAL

#define VM_FILE_URL "tftp://10.0.2.2/file"

/* True when KVM really runs a guest: /dev/kvm may exist and hang, so a child runs a few
 * instructions in a guest of its own, with a deadline. */
bool vm_kvm_works(void);

/* Starts the machine in the background; refuses (-EALREADY) when it runs. A new overlay is made
 * when there is none; an existing one is booted again: then `image` and `ignition` must be the same
 * or NULL (-EEXIST), because Ignition has already run on it; a new one needs an image
 * (-ENODATA). On failure *ret_error says why. */
int vm_start(struct arena *arena, const struct vm_start *start, struct vm *ret_vm,
             const char **ret_error);

/* What the state folder says, checked against the running process. -ENOENT: no machine there;
 * -EINVAL: the state file is broken. */
int vm_read(struct arena *arena, const char *dir, struct vm *ret_vm);

/* Whether its process still runs. */
bool vm_alive(const struct vm *vm);

/* Asks the guest to power off, waits, then ends QEMU. 0 also when it was not running; 1 when it had
 * to be ended. */
int vm_stop(struct arena *arena, struct vm *vm, unsigned deadline_ms);

/* Removes overlay and state; the machine must be stopped and no `up` at work (-EBUSY). Files it
 * does not know stay, and with KEEP_DATA the data's disk, for the next machine. */
int vm_remove(struct arena *arena, const char *dir, bool keep_data);

/* The last lines of this boot's console, control characters removed; "" when there are none. */
char *vm_console_tail(struct arena *arena, const char *dir, unsigned lines);

#endif
