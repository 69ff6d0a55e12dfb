/*
 * A local virtual machine (QEMU). Talks to the outside through 127.0.0.1 only. State lives in a
 * folder beside stead.yaml, `.stead/vm/` (0700): overlay disk, Ignition config, pid, ports, console.
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
	int pid;             /* 0: not running */
	struct vm_ports ports;
	const char *image;   /* base image, absolute */
	const char *accel;   /* kvm | tcg */
	const char *ignition_sha256; /* of the config it was made with */
};

struct vm_start {
	const char *dir;     /* state folder; made when missing */
	const char *image;   /* a bootable disk image with Ignition inside (FCOS's qemu image, the lab's) */
	const char *ignition; /* config text; NULL: boot what is there */
	size_t ignition_len;
	long memory_mib;
	unsigned cpus;
};

/* True when KVM really runs a guest: /dev/kvm may exist and hang, so a child runs three instructions
 * in a guest of its own, with a deadline. */
bool vm_kvm_works(void);

/* Starts the machine in the background; refuses (-EALREADY) when it runs. A new overlay is made when
 * there is none; an existing one is booted again. On failure *ret_error says why. */
int vm_start(struct arena *arena, const struct vm_start *start, struct vm *ret_vm,
             const char **ret_error);

/* What the state folder says, checked against the running process (pid and its start). -ENOENT: no
 * machine there. */
int vm_read(struct arena *arena, const char *dir, struct vm *ret_vm);

/* Asks the guest to power off, waits, then ends QEMU. 0 also when it was not running. */
int vm_stop(struct arena *arena, struct vm *vm, unsigned deadline_ms);

/* Removes overlay and state; the machine must be stopped. */
int vm_remove(const char *dir);

#endif
