/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

static void tap_puts(const char *text)
{
	fputs(text, stdout);
}

#include "monitor/persona/cr.h"
#include "wire/tap.h"

#define NE_ET	0x30u
#define ECX	0x123456789abcdeffull	/* of which the upper half does not exist for the guest */

static uint64_t gpr[16];
static struct cr_regs r;

/* From the same state each time: CR0 0x3b, CR3 0x1000, CR4 0x640, ECX as above. */
static uint32_t execute(const char *code, size_t bytes, bool code16)
{
	memset(gpr, 0, sizeof(gpr));
	gpr[1] = ECX;
	r = (struct cr_regs){ .cr0 = NE_ET | 0xb, .cr3 = 0x1000, .cr4 = 0x640, .gpr = gpr, .code16 = code16 };
	return cr_execute((const uint8_t *)code, bytes, &r);
}

#define EXECUTE(code)	execute(code, sizeof(code) - 1, false)
#define EXECUTE16(code)	execute(code, sizeof(code) - 1, true)

/* In 64-bit code, with debug registers: DR0 0x1000, DR6 and DR7 as after a reset but for more. */
static uint64_t dr[8];

static uint32_t execute64(const char *code, size_t bytes, uint64_t dr7, uint64_t cr4)
{
	memset(gpr, 0, sizeof(gpr));
	gpr[1] = ECX;
	gpr[9] = 0xffff;
	memset(dr, 0, sizeof(dr));
	dr[0] = 0x1000;
	dr[6] = DR6_RESET;
	dr[7] = DR7_RESET | dr7;
	r = (struct cr_regs){ .cr0 = NE_ET | 0xb, .cr3 = 0x1000, .cr4 = cr4, .gpr = gpr, .dr = dr, .code64 = true,
				.cr4_bits = 0x7ff };
	return cr_execute((const uint8_t *)code, bytes, &r);
}

#define EXECUTE64(code)	execute64(code, sizeof(code) - 1, 0, 0x640)

static void test_64_bit(void)
{
	tap_ok(EXECUTE64("\x0f\x22\xd9") == 3 && r.cr3 == ECX, "mov cr3, rcx in 64-bit code");
	tap_ok(EXECUTE64("\x41\x0f\x22\xe1") == 4 && r.fault == CR_GP && r.cr4 == 0x640, "mov cr4, r9");
	tap_ok(EXECUTE64("\x44\x0f\x22\xc1") == 0, "mov cr8, rcx is not intercepted");
	tap_ok(EXECUTE("\x41\x0f\x22\xe1") == 0, "no REX prefix in 32-bit code");
	tap_ok(EXECUTE64("\x0f\x21\xc0") == 3 && gpr[0] == 0x1000, "mov rax, dr0");
	tap_ok(EXECUTE64("\x0f\x23\xc9") == 3 && dr[1] == ECX && r.fault == CR_NO_FAULT, "mov dr1, rcx");
	tap_ok(EXECUTE64("\x41\x0f\x23\xf9") == 4 && dr[7] == 0x27ff, "mov dr7, r9: reserved bits stay");
	tap_ok(EXECUTE64("\x41\x0f\x23\xf1") == 4 && dr[6] == 0xffffefff, "mov dr6, r9: reserved bits stay");
	tap_ok(EXECUTE64("\x0f\x23\xf9") == 3 && r.fault == CR_GP && dr[7] == DR7_RESET, "the upper half of DR7 is #GP");
	tap_ok(EXECUTE64("\x0f\x21\xe0") == 3 && gpr[0] == DR6_RESET, "DR4 is DR6");
	tap_ok(execute64("\x0f\x21\xe0", 3, 0, 8) == 3 && r.fault == CR_UD && gpr[0] == 0, "with CR4.DE it is not");
	tap_ok(EXECUTE64("\x44\x0f\x21\xc0") == 4 && r.fault == CR_UD, "there is no DR8");
	tap_ok(execute64("\x0f\x21\xc0", 3, DR7_GD, 0) == 3 && r.fault == CR_DB && gpr[0] == 0 && dr[7] == DR7_RESET &&
	       dr[6] == (DR6_RESET | 1u << 13), "with DR7.GD it is #DB, once");
	tap_ok(execute64("\x0f\x21", 2, 0, 0) == 0 && execute64("\x41", 1, 0, 0) == 0, "cut off");
}

static bool untouched(void)
{
	return r.cr0 == (NE_ET | 0xb) && r.cr3 == 0x1000 && r.cr4 == 0x640 && gpr[0] == 0 && gpr[1] == ECX;
}

#define OTHER(code, name) tap_ok(EXECUTE(code) == 0 && untouched(), name)

#define PE	1ull
#define NE	(1ull << 5)
#define PG	(1ull << 31)
#define PAE	(1ull << 5)
#define MCE	(1ull << 6)
#define PCIDE	(1ull << 17)
#define LME	0x100ull
#define LONG	0x500ull		/* LMA and LME */
#define PAGED	(PG | NE_ET | PE)

#define WRITE_CR0	"\x0f\x22\xc1"	/* from RCX */
#define WRITE_CR4	"\x0f\x22\xe1"

/* The fault of such a write; UINT32_MAX if it changed something all the same. */
static uint32_t fault(const char *code, struct cr_regs from, uint64_t value)
{
	gpr[1] = value;
	r = from;
	r.cr4_bits = 0x7ff | PCIDE;
	r.gpr = gpr;
	if (cr_execute((const uint8_t *)code, 3, &r) != 3 ||
	    (r.fault != CR_NO_FAULT && (r.cr0 != from.cr0 || r.cr4 != from.cr4)))
		return UINT32_MAX;
	return r.fault;
}

static const struct cr_regs code64 = { .cr0 = PAGED, .cr4 = PAE | MCE, .efer = LONG, .code64 = true, .cs_long = true },
			    compatible = { .cr0 = PAGED, .cr4 = PAE | MCE, .efer = LONG },
			    unpaged = { .cr0 = NE_ET | PE, .cr4 = PAE | MCE, .efer = LME };

/* What the payload `conform` cannot come to: [mod:write_guest_cr0], and SDM 3A, 10.8.5, for modes other than 64-bit. */
static void test_modes(void)
{
	struct cr_regs without_pae = unpaged, long_segment = unpaged, reserved = unpaged;

	reserved.cr0 |= 1 << 17;
	without_pae.cr4 = MCE;
	long_segment.cs_long = true;
	tap_is(fault(WRITE_CR0, code64, PAGED & ~PG), CR_GP, "paging cannot be turned off in 64-bit code");
	tap_is(fault(WRITE_CR0, compatible, PAGED & ~PG), CR_NO_FAULT, "in 32-bit code it can");
	tap_is(r.cr0, PAGED & ~PG, "... and is off");
	tap_is(fault(WRITE_CR0, compatible, PAGED & ~(PG | PE)), CR_VE, "... not with protection");
	tap_is(fault(WRITE_CR0, compatible, PAGED & ~(PG | NE)), CR_GP, "... nor with NE");
	tap_is(fault(WRITE_CR0, compatible, (PAGED | 1ull << 40) & ~PG), CR_NO_FAULT, "32-bit code has no upper half");
	tap_is(fault(WRITE_CR0, unpaged, PAGED), CR_NO_FAULT, "it can be turned on");
	tap_is(fault(WRITE_CR0, without_pae, PAGED), CR_GP, "long mode needs PAE");
	tap_is(fault(WRITE_CR0, long_segment, PAGED), CR_GP, "... and a segment without L");
	without_pae.efer = 0;
	tap_is(fault(WRITE_CR0, without_pae, PAGED), CR_NO_FAULT, "paging of other modes does not need PAE");
	tap_is(fault(WRITE_CR4, unpaged, MCE), CR_NO_FAULT, "without paging PAE can be cleared");
	tap_is(fault(WRITE_CR4, compatible, MCE), CR_GP, "in 32-bit code of long mode it cannot");
	tap_is(fault(WRITE_CR4, unpaged, PAE), CR_VE, "MCE cannot be cleared without paging, either");
	tap_is(r.qualification, 4 | 1 << 8, "... and the #VE names CR4 and RCX");
	tap_is(fault(WRITE_CR4, unpaged, MCE | 1ull << 11), CR_GP, "a bit that this CPU does not have");
	tap_is(fault(WRITE_CR0, unpaged, NE_ET | PE | 0x1ffaffc0), CR_NO_FAULT, "reserved bits are no fault");
	tap_is(r.cr0, NE_ET | PE, "... and stay clear");
	tap_ok(fault(WRITE_CR0, reserved, NE_ET | PE) == CR_NO_FAULT && r.cr0 == reserved.cr0, "... or set");
	tap_is(fault(WRITE_CR0, unpaged, NE | PE), CR_NO_FAULT, "ET may be left out");
	tap_is(r.cr0, NE_ET | PE, "... and is set");
}

/* SDM 3A, "Process-Context Identifiers (PCIDs)". */
static void test_pcids(void)
{
	struct cr_regs with = compatible, other = compatible;

	with.cr4 |= PCIDE;
	other.cr3 = 0x1008;
	tap_is(fault(WRITE_CR4, compatible, PAE | MCE | PCIDE), CR_NO_FAULT, "PCIDs can be turned on in long mode");
	tap_is(fault(WRITE_CR4, unpaged, PAE | MCE | PCIDE), CR_GP, "... not without paging");
	tap_is(fault(WRITE_CR4, other, PAE | MCE | PCIDE), CR_GP, "... nor from another PCID than 0");
	tap_is(fault(WRITE_CR0, with, PAGED & ~PG), CR_NO_FAULT, "with PCIDs paging can be turned off: see paging_possible()");
	with.cr3 = 0x1008;
	tap_is(fault(WRITE_CR4, with, PAE | MCE | PCIDE), CR_NO_FAULT, "what is on may stay so");
	tap_is(fault(WRITE_CR4, with, PAE | MCE), CR_NO_FAULT, "... or be turned off");
}

int main(void)
{
	tap_ok(EXECUTE("\x0f\x20\xe0") == 3 && gpr[0] == 0x640, "mov eax, cr4");
	tap_ok(EXECUTE("\x0f\x22\xc1") == 3 && r.cr0 == ((uint32_t)ECX & ~0x1ffaffc0u), "mov cr0, ecx");
	tap_ok(EXECUTE("\x0f\x22\x19") == 3 && r.cr3 == (uint32_t)ECX, "mov cr3, ecx, whatever ModRM.mod is");
	tap_ok(EXECUTE16("\x66\x0f\x20\xd9") == 4 && gpr[1] == 0x1000, "mov ecx, cr3 with a prefix that it does not need");
	tap_ok(EXECUTE("\x0f\x06") == 2 && r.cr0 == (NE_ET | 3), "clts");
	tap_ok(EXECUTE("\x0f\x01\xf1") == 3 && r.cr0 == (NE_ET | 0xf), "lmsw cx: four bits");
	tap_ok(EXECUTE("\x0f\x01\xf0") == 3 && r.cr0 == (NE_ET | 1), "lmsw ax: PE stays");
	tap_ok(EXECUTE("\x0f\x01\xe1") == 3 && gpr[1] == (NE_ET | 0xb), "smsw ecx");
	tap_ok(EXECUTE("\x66\x0f\x01\xe1") == 4 && gpr[1] == ((ECX & ~0xffffull) | NE_ET | 0xb), "smsw cx");
	tap_ok(EXECUTE16("\x0f\x01\xe1") == 3 && gpr[1] == ((ECX & ~0xffffull) | NE_ET | 0xb), "smsw cx in 16-bit code");
	tap_ok(EXECUTE16("\x66\x0f\x01\xe1") == 4 && gpr[1] == (NE_ET | 0xb), "smsw ecx there");
	tap_ok((EXECUTE("\x0f\x06"), cr_load_msw(&r, 0x1234), r.cr0) == (NE_ET | 5),
	       "a word from memory: four bits, PE stays");
	OTHER("\x0f\x22\xd1", "mov cr2, ecx is not intercepted");
	OTHER("\x0f\x01\x31", "lmsw [ecx]");
	OTHER("\x0f\x01\x21", "smsw [ecx]");
	OTHER("\x0f\x01\xc1", "vmcall");
	OTHER("\xf0\x0f\x22\xc1", "with LOCK it is another");
	OTHER("\x0f\x21\xc1", "mov ecx, dr0, where nobody has debug registers");
	OTHER("\x90\x06", "nop");
	OTHER("\x0f\x22", "cut off");
	OTHER("\x66\x66\x66", "nothing but prefixes");
	tap_ok(execute("", 0, false) == 0 && untouched(), "nothing");
	test_64_bit();
	test_modes();
	test_pcids();
	return tap_done();
}
