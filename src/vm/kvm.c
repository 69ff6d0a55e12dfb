/*
 * Does KVM work? A device node says little: in a container or a nested guest it may be there and
 * refuse, hang, or (kvm_pvm) interpret every instruction, a hundred times slower than QEMU's own
 * emulation. So a child makes the smallest guest there is: it counts down from ten million, which
 * takes a processor 10 ms and an interpreter many seconds, writes a byte to a port and halts.
 * Source of the calls: Linux Documentation/virt/kvm/api.rst.
 */
#include "vm/vm.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#if defined(__x86_64__)

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { GUEST_BYTES = 0x1000, GUEST_ADDRESS = 0x1000, PORT = 0x10, DEADLINE_MS = 1000 };

static const unsigned char program[] = {
	0x66, 0xb9, 0x80, 0x96, 0x98, 0x00, /* mov ecx, 10000000 */
	0x66, 0x49,                         /* again: dec ecx */
	0x75, 0xfc,                         /* jnz again */
	0xb0, 'K',                          /* mov al, 'K' */
	0xe6, PORT,                         /* out PORT, al */
	0xf4,                               /* hlt */
};

/* Real mode, flat from address 0. */
static bool set_registers(int vcpu)
{
	struct kvm_sregs special;
	struct kvm_regs regs = { .rip = GUEST_ADDRESS, .rflags = 2 };

	if (ioctl(vcpu, KVM_GET_SREGS, &special) < 0)
		return false;
	special.cs.base = 0;
	special.cs.selector = 0;
	return ioctl(vcpu, KVM_SET_SREGS, &special) >= 0 && ioctl(vcpu, KVM_SET_REGS, &regs) >= 0;
}

static bool run_guest(int vcpu, struct kvm_run *run)
{
	bool wrote = false;

	for (int i = 0; i < 100; i++) {
		if (ioctl(vcpu, KVM_RUN, 0UL) < 0)
			return false;
		if (run->exit_reason == KVM_EXIT_HLT)
			return wrote;
		if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT)
			return false;
		wrote = *((const char *)run + run->io.data_offset) == 'K';
	}
	return false;
}

static bool try_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, vcpu, size;
	struct kvm_userspace_memory_region region = { .guest_phys_addr = GUEST_ADDRESS,
		                                      .memory_size = GUEST_BYTES };
	struct kvm_run *run;
	void *memory;

	if (kvm < 0 || ioctl(kvm, KVM_GET_API_VERSION, 0UL) != KVM_API_VERSION)
		return false;
	vm = ioctl(kvm, KVM_CREATE_VM, 0UL);
	memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vm < 0 || memory == MAP_FAILED)
		return false;
	memcpy(memory, program, sizeof(program));
	region.userspace_addr = (unsigned long)memory;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return false;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0UL);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0UL);
	if (vcpu < 0 || size < (int)sizeof(*run))
		return false;
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	return run != MAP_FAILED && set_registers(vcpu) && run_guest(vcpu, run);
}

bool vm_kvm_works(void)
{
	struct pollfd answer = { .events = POLLIN };
	char works = 0;
	int ends[2];
	pid_t child;

	if (access("/dev/kvm", R_OK | W_OK) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0) {
		char result = try_kvm() ? 1 : 0;
		ssize_t n = write(ends[1], &result, 1);

		_exit(n == 1 ? 0 : 1);
	}
	(void)close(ends[1]);
	answer.fd = ends[0];
	if (child > 0 && poll(&answer, 1, DEADLINE_MS) == 1 && read(ends[0], &works, 1) != 1)
		works = 0;
	(void)close(ends[0]);
	if (child > 0) {
		(void)kill(child, SIGKILL);
		/* A child stuck in the kernel cannot be waited for: it is left to init. */
		for (int i = 0; i < 20 && waitpid(child, NULL, WNOHANG) == 0; i++)
			clock_sleep_ms(5);
	}
	return works == 1;
}

#else

bool vm_kvm_works(void)
{
	return false; /* only x86_64 guests are run, see qemu.c */
}

#endif
