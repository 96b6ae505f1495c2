/* SPDX-License-Identifier: MIT */
/*
 * A firmware that attacks: memory that only a TD with firmware has (its own image below 4 GiB, the TD HOB, RAM in the
 * first MiB) is converted, accepted and touched.
 */
#include "payloads/firmware/firmware.h"

#include <stdbool.h>
#include <stdint.h>

#include "abi/registers.h"
#include "payloads/lib/payload.h"
#include "payloads/lib/told_memory.h"

#define SHARED_ALIAS	0xffff800000000000ull	/* of the address 0, in its tables */
#define SHARED		(1ull << 47)
#define PAGE		4096ull

/* Hidden: clang would look its address up in a table that nobody fills. */
extern const char firmware_trap[] __attribute__((visibility("hidden")));

static uint64_t random_state;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t answer;		/* R11 of the last TDVMCALL */

/* TDVMCALL with the registers of the mask 0xfc00; R10. */
static uint64_t vmcall(uint64_t function, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = 0;
	register uint64_t r11 __asm__("r11") = function;
	register uint64_t r12 __asm__("r12") = a;
	register uint64_t r13 __asm__("r13") = b;
	register uint64_t r14 __asm__("r14") = c;
	register uint64_t r15 __asm__("r15") = d;
	uint64_t rax = TDG_VP_VMCALL, rcx = TDX_MASK_R10_R15;

	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc" : "+a"(rax), "+c"(rcx), "+r"(r10), "+r"(r11), "+r"(r12), "+r"(r13),
			 "+r"(r14), "+r"(r15) : : "memory");
	answer = r11;
	return r10;
}

static uint64_t accept(uint64_t gpa_and_level)
{
	uint64_t rax = TDG_MEM_PAGE_ACCEPT, rcx = gpa_and_level;

	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc" : "+a"(rax), "+c"(rcx) : : "rdx", "r8", "r9", "r10", "r11", "memory");
	return rax;
}

uint64_t vmcall_port(uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	uint64_t status = vmcall(GHCI_IO, size, write, port, *value);

	if (!write)
		*value = (uint32_t)answer;
	return status;
}

static void write_port(uint16_t port, unsigned int size, uint32_t value)
{
	vmcall_port(port, size, true, &value);
}

/* One access, whatever comes of it. */
static void touch(uint64_t address, bool write)
{
	volatile uint64_t *resume = (volatile uint64_t *)FIRMWARE_RESUME;

	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, (%0); mov %%rsp, 8(%0);"
			 "test %2, %2; jz 2f; movb $0x5a, (%1); jmp 1f; 2: movb (%1), %%al; 1:"
			 : : "r"(resume), "r"(address), "r"((uint32_t)write)
			 : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
}

/* SDM volume 3A, "64-Bit Mode IDT": present interrupt gates. */
static void set_traps(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { 32 * 16 - 1, FIRMWARE_IDT };
	volatile uint64_t *gate = (volatile uint64_t *)FIRMWARE_IDT;
	uint64_t to = (uint64_t)(uintptr_t)firmware_trap;

	for (unsigned int i = 0; i < 32; i++) {
		gate[2 * i] = (to & 0xffff) | 8ull << 16 | 0x8eull << 40 | (to >> 16 & 0xffff) << 48;
		gate[2 * i + 1] = to >> 32;
	}
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

#define DEVICES		0xfec00000ull	/* from here on nothing can be accepted */

enum { PLACES = 10, PLACE_PAGES = 16 };

/* The start of the RAM, the hole of old, what was ROM, the TD HOB, memory that nobody accepted, devices, the image. */
static uint64_t place(unsigned int n)
{
	static const uint64_t bases[PLACES] = { 0, 0xa0000, 0xf0000, 0x100000, 0x800000, 0x830000, 0xfec00000, 0xfee00000,
						0xff000000, 0xffff4000 };

	return bases[n / PLACE_PAGES] + n % PLACE_PAGES * PAGE;
}

/*
 * To accept a page that is not pending, or to touch one that is, ends the TD, and the attack: so that is not done. All
 * else is: requests for what is none of the guest's memory, both aliases of everything.
 */
static void random_attack(void)
{
	static uint8_t state[PLACES * PLACE_PAGES];	/* 0: unknown, or not private */
	enum { PENDING = 1, ACCEPTED };

	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int n = (unsigned int)(random64() % (PLACES * PLACE_PAGES));
		uint64_t gpa = place(n), to = random64() % 2 ? SHARED : 0;

		if (gpa >= FIRMWARE_BASE + FIRMWARE_BYTES / 2)		/* where this code is */
			continue;
		switch (random64() % 4) {
		case 0:
			if (state[n] == PENDING && to == 0)
				break;
			state[n] = vmcall(GHCI_MAP_GPA, gpa | to, PAGE, 0, 0) == 0 && to == 0 && gpa < DEVICES ? PENDING : 0;
			break;
		case 1:
			if (state[n] == PENDING)
				state[n] = accept(gpa) == 0 ? ACCEPTED : 0;
			break;
		default:
			if (to)		/* many a VMM takes it for a request */
				state[n] = 0;
			if (to || state[n] == ACCEPTED)
				touch(gpa + (to ? SHARED_ALIAS : 0), random64() % 2);
		}
	}
}

/* Intel 3 Series datasheet, 5.1.19: PAM0 to PAM6 say "no RAM", and memory there is shared and used all the same. */
static void low_rom(void)
{
	write_port(0xcf8, 4, 0x80000090);
	write_port(0xcfc, 4, 0);
	write_port(0xcf8, 4, 0x80000094);
	write_port(0xcfc, 4, 0);
	for (uint64_t gpa = 0xc0000; gpa < 0x100000; gpa += PAGE) {
		accept(gpa);
		vmcall(GHCI_MAP_GPA, gpa | SHARED, PAGE, 0, 0);
		touch(gpa + SHARED_ALIAS, true);
		vmcall(GHCI_MAP_GPA, gpa, PAGE, 0, 0);
		accept(gpa);
		touch(gpa, true);
	}
}

/* What the TD HOB lists as memory, accepted or not: PI specification 1.8, volume 3, "Resource Descriptor HOB". */
static struct ram hob_ram(void)
{
	enum { RESOURCE = 3, SYSTEM = 0, UNACCEPTED = 7 };
	struct ram ram = { 0 };

	for (const uint8_t *hob = (const uint8_t *)FIRMWARE_HOB; *(const uint16_t *)hob != 0xffff;
	     hob += *(const uint16_t *)(hob + 2)) {
		uint32_t type = *(const uint32_t *)(hob + 24);

		if (*(const uint16_t *)hob == RESOURCE && (type == SYSTEM || type == UNACCEPTED))
			ram_add(&ram, *(const uint64_t *)(hob + 32), *(const uint64_t *)(hob + 40));
	}
	return ram;
}

/* All that tells a firmware of its memory tells the same. CMOS: in units of 64 KiB ([qemu:pc_cmos_init_late]). */
static bool memory_agrees(void)
{
	struct ram hob = hob_ram(), e820 = fw_cfg_e820(0);
	uint64_t all = hob.low + hob.high;

	return hob.high != 0 && hob.listed == all && e820.listed == all && e820.low == hob.low && e820.high == hob.high &&
	       fw_cfg_number(FW_CFG_RAM_SIZE) == all && cmos_number(0x34, 2) == (hob.low - (16 << 20)) >> 16 &&
	       cmos_number(0x5b, 3) == hob.high >> 16;
}

static void sound(void)
{
	accept(0x830000);
	vmcall(GHCI_MAP_GPA, 0x830000 | SHARED, PAGE, 0, 0);
	touch(0x830000 + SHARED_ALIAS, true);
	vmcall(GHCI_MAP_GPA, 0x830000, PAGE, 0, 0);
	accept(0x830000);
	touch(0x830000, true);
}

void firmware_main(uint32_t mode, uint64_t seed);
void firmware_main(uint32_t mode, uint64_t seed)
{
	static const char nowhere[10];
	uint64_t rax = TDG_VP_INFO;

	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc" : "+a"(rax) : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
	random_state = seed * 2 + 1;
	set_traps();
	if (mode == FIRMWARE_MODE_RANDOM)
		random_attack();
	else if (mode == FIRMWARE_MODE_LOW_ROM)
		low_rom();
	else if (mode == FIRMWARE_MODE_MEMORY && !memory_agrees())
		__asm__ volatile("lidt %0; ud2" : : "m"(nowhere));
	else
		sound();
	write_port(0x604, 2, 0x2000);	/* S5, as the endings of payloads/ending.c */
}
