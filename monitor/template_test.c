/* SPDX-License-Identifier: MIT */
/* Where a guest is remembered: at which MapGPA of all, and at whose first request. */
#include <stdio.h>

#define tap_puts(text) fputs(text, stdout)
#include "image/bytes.h"
#include "wire/tap.h"

/* The code under test is included, so that each case begins as a boot does. */
#include "monitor/template.c"

#define ROM		0xffc00000ull
#define MEMORY		0x10000000ull	/* code and data of everybody else, a page each */
#define DRIVER		MEMORY
#define LINUX		(MEMORY + TDX_PAGE_SIZE)
#define SHIM		(MEMORY + 2 * TDX_PAGE_SIZE)
#define DIGEST		(MEMORY + 3 * TDX_PAGE_SIZE)
#define NOWHERE		(MEMORY + 0x200000)
#define KERNEL		0xffffffff81000000ull
#define S		(1ull << 47)

struct monitor_config config;
struct td *td;
static struct monitor_status status = { .resume = 1 };
static struct vcpu vcpu;
static uint8_t memory[4 * TDX_PAGE_SIZE];
static struct td_event told;
static unsigned int held;

struct monitor_status *journal_status(void)
{
	return &status;
}

void journal_put(struct td_event *event)
{
	told = *event;
}

void shootdown_hold_others(void)
{
	held++;
}

void shootdown_release_others(void)
{
	held--;
}

uint64_t td_shared_bit(const struct td *of)
{
	(void)of;
	return S;
}

const struct td_slot *td_slot_of(const struct td *of, uint64_t gpa)
{
	static const struct td_slot ram = { .kind = TD_SLOT_RAM }, mmio = { .kind = TD_SLOT_MMIO };

	(void)of;
	return (gpa & ~S) < ROM ? &ram : &mmio;
}

size_t vcpu_read(const struct vcpu *of, uint64_t gla, void *data, size_t bytes)
{
	(void)of;
	if (gla < MEMORY || gla - MEMORY + bytes > sizeof(memory))
		return 0;
	memcpy(data, memory + (gla - MEMORY), bytes);
	return bytes;
}

/* An EFI image of one page, with one section. */
static void image(uint64_t base, uint32_t linux_magic, const char *section)
{
	uint8_t *head = memory + (base - MEMORY), *coff = head + 0x84, *optional = coff + 20;

	memcpy(head, "MZ", 2);
	put32(head + 0x38, linux_magic);
	put32(head + 0x3c, 0x80);
	memcpy(head + 0x80, "PE\0\0", 4);
	put16(coff, 0x8664);
	put16(coff + 2, 1);
	put16(coff + 16, 240);
	put16(optional, 0x20b);
	put32(optional + 56, TDX_PAGE_SIZE);
	memcpy(optional + 240, section, strlen(section));
}

static void begin(uint64_t at, enum phase phase)
{
	config.template_at = at;
	config.template_phase = phase;
	mapgpas = 0;
	over = announced = false;
	status.waiting = 0;
}

static bool waited(void)
{
	bool did = status.waiting && !held;

	status.waiting = 0;
	return did;
}

static bool tdcall(uint64_t rip, uint64_t leaf, uint64_t rcx, uint64_t r11)
{
	vcpu.regs = (struct td_regs){ .rip = rip };
	vcpu.regs.gpr[TD_RAX] = leaf;
	vcpu.regs.gpr[TD_RCX] = rcx;
	vcpu.regs.gpr[TD_R11] = r11;
	template_exit(&vcpu, &(struct vm_exit){ .reason = EXIT_TDCALL, .insn = INSN_TDCALL });
	return waited();
}

static bool mapgpa(uint64_t rip)
{
	return tdcall(rip, TDG_VP_VMCALL, 0, GHCI_MAP_GPA);
}

static bool accept(uint64_t rip)
{
	return tdcall(rip, TDG_MEM_PAGE_ACCEPT, 0, 0);
}

static bool touch(uint64_t rip, uint64_t gpa)
{
	vcpu.regs.rip = rip;
	template_exit(&vcpu, &(struct vm_exit){ .reason = gpa & S ? EXIT_EPT_SHARED : EXIT_EPT_PRIVATE, .gpa = gpa });
	return waited();
}

/* SHA-384 by coreutils' sha384sum of the 40 characters "Calling EFI Application from Boot Option". */
static const uint8_t calling[TD_SHA384_BYTES] = {
	0x77, 0xa0, 0xda, 0xb2, 0x31, 0x2b, 0x4e, 0x1e, 0x57, 0xa8, 0x4d, 0x86, 0x5a, 0x21, 0xe5, 0xb2,
	0xee, 0x8d, 0x67, 0x7a, 0x21, 0x01, 0x2a, 0xda, 0x81, 0x9d, 0x0a, 0x98, 0x98, 0x80, 0x78, 0xd3,
	0xd7, 0x40, 0xf6, 0x34, 0x6b, 0xfe, 0x0a, 0xba, 0xa9, 0x38, 0xca, 0x20, 0x43, 0x9a, 0x8d, 0x71,
};

static void test_numbers(void)
{
	begin(0, PHASE_FIRMWARE);
	tap_ok(!mapgpa(KERNEL) && !accept(KERNEL) && !touch(KERNEL, S), "not wanted: never");
	begin(1, PHASE_FIRMWARE);
	tap_ok(!tdcall(DRIVER, TDG_VP_INFO, 0, 0) && !touch(DRIVER, 0) && !touch(DRIVER, S | ROM), "nothing that is answered");
	tap_ok(mapgpa(DRIVER), "the first MapGPA");
	tap_ok(!mapgpa(DRIVER) && !accept(DRIVER) && !touch(DRIVER, S), "... and nothing after it");
	begin(1, PHASE_FIRMWARE);
	tap_ok(accept(ROM), "an ACCEPT before it");
	begin(1, PHASE_FIRMWARE);
	tap_ok(tdcall(DRIVER, TDG_MEM_PAGE_RELEASE, 0, 0), "a RELEASE before it");
	begin(1, PHASE_FIRMWARE);
	tap_ok(touch(DRIVER, S), "a shared touch of private memory before it");
	begin(3, PHASE_FIRMWARE);
	tap_ok(!accept(ROM) && !touch(ROM, S) && !mapgpa(ROM) && !mapgpa(DRIVER) && mapgpa(KERNEL), "the third, whoever asks");
}

static void test_kernel(void)
{
	begin(1, PHASE_KERNEL);
	tap_ok(!mapgpa(ROM + 0x10) && !accept(ROM) && !touch(ROM, S), "the kernel's: not what the firmware asks");
	tap_ok(!mapgpa(DRIVER + 0x300) && told.type == TD_EV_IMAGE && told.image.base == DRIVER,
	       "... nor its driver, told of");
	tap_ok(!mapgpa(SHIM) && !accept(NOWHERE), "... nor a boot loader, nor who is in no image");
	tap_ok(!tdcall(KERNEL, TDG_VP_INFO, 0, 0), "... nor the kernel that only asks what it is");
	tap_ok(mapgpa(KERNEL), "the kernel's first MapGPA");
	begin(1, PHASE_KERNEL);
	tap_ok(accept(LINUX + 0x20), "an ACCEPT of its own loader's");
	begin(1, PHASE_KERNEL);
	tap_ok(touch(KERNEL, S), "its shared touch of private memory");
}

static void test_loader(void)
{
	memcpy(memory + (DIGEST - MEMORY), calling, sizeof(calling));
	begin(1, PHASE_LOADER);
	tap_ok(!mapgpa(DRIVER) && mapgpa(SHIM), "a boot loader's own request");
	begin(1, PHASE_LOADER);
	tap_ok(accept(KERNEL), "or the kernel's, if there was none");
	begin(1, PHASE_LOADER);
	tap_ok(!tdcall(DRIVER, TDG_MR_RTMR_EXTEND, DRIVER, 0) && !mapgpa(DRIVER), "another measurement is nothing");
	tap_ok(!tdcall(DRIVER, TDG_MR_RTMR_EXTEND, NOWHERE, 0) && !mapgpa(DRIVER), "... nor is one that cannot be read");
	tap_ok(!tdcall(DRIVER, TDG_MR_RTMR_EXTEND, DIGEST, 1), "the firmware says that it starts a boot loader");
	tap_ok(mapgpa(DRIVER), "... and the next request is for that");
	begin(1, PHASE_KERNEL);
	tap_ok(!tdcall(DRIVER, TDG_MR_RTMR_EXTEND, DIGEST, 1) && !mapgpa(DRIVER), "which is not yet the kernel");
}

int main(void)
{
	config.machine.image = (struct machine_ram){ .gpa = ROM, .bytes = 0x400000 };
	image(DRIVER, 0, ".text");
	image(LINUX, 0x818223cd, ".text");
	image(SHIM, 0, ".sbat");
	test_numbers();
	test_kernel();
	test_loader();
	return tap_done();
}
