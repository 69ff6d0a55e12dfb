/*
 * Shared by the files of vm.
 */
#ifndef STEAD_VM_INTERNAL_H
#define STEAD_VM_INTERNAL_H

#include "vm/vm.h"

#define VM_STATE "state.json"
#define VM_OVERLAY "overlay.qcow2"
#define VM_DATA "data.qcow2"
#define VM_CONFIG "config.ign"
#define VM_CONSOLE "console.log"
#define VM_CONSOLE_MARK "\n=== switched on ===\n"
#define VM_PID "qemu.pid"
#define VM_QMP "qmp.sock"
#define VM_LOCK "lock"
#define VM_TFTP "tftp"
#define VM_FILE VM_TFTP "/file" /* see VM_FILE_URL */

struct qemu {
	const char *path; /* absolute, links resolved: what /proc/PID/exe says */
	unsigned major, minor;
};

/* The QEMU to use: $STEAD_QEMU or qemu-system-x86_64 from PATH. */
int qemu_find(struct arena *arena, struct qemu *ret, const char **ret_error);

/* Starts it as a daemon; returns when it runs, or says why not. */
int qemu_start(struct arena *arena, const struct qemu *qemu, const struct vm *vm,
               const struct vm_start *start, const char **ret_error);

/* Makes the overlay over IMAGE (absolute). */
int overlay_make(struct arena *arena, const char *dir, const char *image, const char **ret_error);

/* Makes the empty disk for the data. */
int data_disk_make(struct arena *arena, const char *dir, const char **ret_error);

/* Three ports of 127.0.0.1 that were free a moment ago; those in *ports are taken first. */
int ports_choose(struct vm_ports *ports);

int state_write(struct arena *arena, const struct vm *vm);
int state_read(struct arena *arena, const char *dir, struct vm *ret);

/* The process of a state: its number, or 0. Never a foreign one: the program must be the one that
 * was started, and its command line must carry the state's mark. */
int state_process(struct arena *arena, const struct vm *vm);

/* One QMP command without arguments. Source: QEMU docs/interop/qmp-spec. */
int qmp_command(const char *dir, const char *command, unsigned deadline_ms);

#endif
