/* SPDX-License-Identifier: MIT */
/* TDCALL: dispatch, the register rules of VP.VMCALL, VP.INFO, VP.VEINFO.GET and MR.REPORT. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define INVALID_RAX	0xc000010000000000ull
#define INVALID_RCX	0xc000010000000001ull
#define INVALID_RDX	0xc000010000000002ull
#define INVALID_R8	0xc000010000000008ull
#define NO_VE_INFO	0xc000070400000000ull
#define LINUX_6_12	0xffccull	/* RDX RBX RSI RDI R8-R15 */
#define LINUX_6_1	0xfc00ull	/* R10-R15 */
#define R10_TO_R13	0x3c00ull

static struct td_regs pattern(void)
{
	struct td_regs regs = { .rip = 0x1000, .long_mode = true };

	for (unsigned int i = 0; i < TD_GPRS; i++)
		regs.gpr[i] = 0x1111111111111111ull * i + 7;
	return regs;
}

static bool same_but(const struct td_regs *a, const struct td_regs *b, uint64_t changed)
{
	for (unsigned int i = 0; i < TD_GPRS; i++)
		if (!(changed >> i & 1) && a->gpr[i] != b->gpr[i])
			return false;
	return a->rip == b->rip && a->cpl == b->cpl && a->long_mode == b->long_mode;
}

static void refused(uint64_t rax, const char *name)
{
	struct td_regs regs = pattern(), before;
	enum td_action action;

	regs.gpr[TD_RAX] = rax;
	before = regs;
	action = td_tdcall(fake.td, 0, &regs);
	tap_ok(action == TD_NEXT && regs.gpr[TD_RAX] == INVALID_RAX && same_but(&regs, &before, 1 << TD_RAX), name);
}

static void test_dispatch(void)
{
	static const uint64_t unknown[] = { 13, 14, 17, 19, 21, 28, 29, 64, 0xffff };
	struct td_config c = fake_config(16);
	struct td_regs regs = pattern(), before;
	char name[64];

	fake_start(&c);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		snprintf(name, sizeof(name), "leaf %llu is not there", (unsigned long long)unknown[i]);
		refused(unknown[i], name);
	}
	refused(1 << 24 | TDG_VP_INFO, "RAX bit 24 set");
	refused(1ull << 63 | TDG_VP_INFO, "RAX bit 63 set");
	refused(1 << 16 | TDG_VP_INFO, "version 1 of VP.INFO");
	refused(1 << 16 | TDG_VM_WR, "version 1 of VM.WR");
	tap_is(fake_last(TD_EV_TDCALL)->tdcall.status, INVALID_RAX, "... which the journal has");
	regs.gpr[TD_RAX] = TDG_VP_INFO;
	regs.cpl = 3;
	before = regs;
	tap_is(td_tdcall(fake.td, 0, &regs), TD_GP, "CPL 3: #GP");
	regs.cpl = 0;
	regs.long_mode = false;
	tap_is(td_tdcall(fake.td, 0, &regs), TD_GP, "not in 64-bit mode: #GP");
	tap_ok(memcmp(regs.gpr, before.gpr, sizeof(regs.gpr)) == 0, "... with no status");
	regs.long_mode = true;
	td_stop(fake.td, TD_STOP_ENGINE);
	tap_is(td_tdcall(fake.td, 0, &regs), TD_STOP, "after the end: nothing");
}

/* Frequent ones have records of their own, or none. */
static void test_journal(void)
{
	struct td_config c = fake_config(16);
	struct td_regs regs = pattern();

	fake_start(&c);
	fake_tdcall(0, 1 << 16 | TDG_VM_RD, 0, &regs);
	tap_is(fake_last(TD_EV_TDCALL)->tdcall.leaf, TDG_VM_RD, "the journal has the leaf, without its version");
	fake_tdcall(0, TDG_VP_VEINFO_GET, 0, &regs);
	fake_share(0, 1);
	fake_accept(FAKE_PAGE(1), TDX_LEVEL_4K);
	tap_is(fake_count(TD_EV_TDCALL), 1, "... but for VMCALL, VEINFO.GET and ACCEPT");
}

static void test_vp_info(void)
{
	struct td_config c = fake_config(16);
	struct td_regs regs = pattern(), before;

	c.vcpus = 5;
	fake_start(&c);
	regs.gpr[TD_RAX] = TDG_VP_INFO;
	before = regs;
	tap_is(td_tdcall(fake.td, 3, &regs), TD_NEXT, "VP.INFO");
	tap_is(fake_last(TD_EV_TDCALL)->vcpu, 3, "... by the vCPU that the journal says");
	tap_is(regs.gpr[TD_RAX], 0, "... succeeds");
	tap_is(regs.gpr[TD_RCX], 48, "RCX = GPAW");
	tap_is(regs.gpr[TD_RDX], TDX_ATTR_SEPT_VE_DISABLE, "RDX = attributes");
	tap_is(regs.gpr[TD_R8], 5ull << 32 | 5, "R8 = vCPUs, most vCPUs");
	tap_is(regs.gpr[TD_R9], 3, "R9 = index of this one");
	tap_is(regs.gpr[TD_R10], 1, "R10 = SYS.RD is there");
	tap_is(regs.gpr[TD_R11], 0, "R11 = 0");
	tap_ok(same_but(&regs, &before, 1 << TD_RAX | 1 << TD_RCX | 1 << TD_RDX | 0xf00), "others unchanged");
}

static void test_mask_refused(uint64_t mask, uint64_t flags, const char *name)
{
	struct td_config c = fake_config(16);
	struct td_regs regs = pattern(), before;

	c.platform.config_flags = flags;
	fake_start(&c);
	regs.gpr[TD_RAX] = TDG_VP_VMCALL;
	regs.gpr[TD_RCX] = mask;
	regs.gpr[TD_R10] = 0;
	regs.gpr[TD_R11] = GHCI_HLT;
	before = regs;
	tap_ok(td_tdcall(fake.td, 0, &regs) == TD_NEXT && regs.gpr[TD_RAX] == INVALID_RCX &&
	       same_but(&regs, &before, 1 << TD_RAX), name);
}

/* The VMM writes whatever it likes to all registers: CPUID changes R12-R15, RDMSR R11. */
static void test_mask(uint64_t mask, const char *name)
{
	struct td_config c = fake_config(16);
	struct td_regs regs = pattern(), before;

	fake_start(&c);
	regs.gpr[TD_RAX] = TDG_VP_VMCALL;
	regs.gpr[TD_RCX] = mask;
	regs.gpr[TD_R10] = 0;
	regs.gpr[TD_R11] = GHCI_CPUID;
	regs.gpr[TD_R12] = 0x40000000;
	regs.gpr[TD_R13] = 0;
	before = regs;
	tap_is(td_tdcall(fake.td, 0, &regs), TD_NEXT, name);
	tap_is(regs.gpr[TD_RAX], 0, "... RAX is 0");
	tap_ok(same_but(&regs, &before, 1 << TD_RAX | (0xfc00 & mask)), "... RCX and what is not in the mask unchanged");
	tap_is(regs.gpr[TD_R12], 0x40000000, "... R12 is the VMM's");
	tap_is(regs.gpr[TD_R14], mask >> 14 & 1 ? 0x40000002 : before.gpr[TD_R14], "... R14 only if selected");
}

static uint32_t refusals_after(uint64_t mask)
{
	struct td_regs regs = pattern();

	regs.gpr[TD_RAX] = TDG_VP_VMCALL;
	regs.gpr[TD_RCX] = mask;
	regs.gpr[TD_R10] = 0;
	regs.gpr[TD_R11] = GHCI_GET_TDVMCALL_INFO;
	regs.gpr[TD_R12] = 0;
	td_tdcall(fake.td, 0, &regs);
	return fake_count(TD_EV_REFUSED);
}

/* A guest that does not look at RAX asks on and on. */
static void test_refused_again(void)
{
	struct td_config c = fake_config(16);

	fake_start(&c);
	refusals_after(LINUX_6_12 | 1 << TD_RSP);
	tap_is(refusals_after(LINUX_6_12 | 1 << TD_RSP), 1, "a mask that is refused again is told once");
	tap_is(refusals_after(LINUX_6_12 | 1ull << 32), 2, "another one as well");
	tap_is(refusals_after(LINUX_6_12), 2, "... and none that is served");
	tap_is(refusals_after(LINUX_6_12 | 1ull << 32), 3, "... but after that it is told again");
}

static void test_masks(void)
{
	struct td_config c = fake_config(16);
	struct td_regs regs = pattern();

	test_mask(LINUX_6_12, "the mask of Linux 6.12");
	test_mask(LINUX_6_1, "the mask of Linux 6.1");
	test_mask(R10_TO_R13, "the mask of OpenVMM and others");
	test_mask(LINUX_6_12 | 0xffff0000, "XMM registers too");
	test_mask(LINUX_6_12 | 1 << TD_RBP, "RBP too");
	test_mask_refused(LINUX_6_12 | 1 << TD_RAX, 0, "RAX in the mask");
	test_mask_refused(LINUX_6_12 | 1 << TD_RCX, 0, "RCX in the mask");
	test_mask_refused(LINUX_6_12 | 1 << TD_RSP, 0, "RSP in the mask");
	test_mask_refused(LINUX_6_12 | 1ull << 32, 0, "bit 32 in the mask");
	test_mask_refused(LINUX_6_12 | 1ull << 63, 0, "bit 63 in the mask");
	test_mask_refused(LINUX_6_12 | 1 << TD_RBP, TDX_CONFIG_NO_RBP_MOD, "RBP in the mask where that is forbidden");
	test_mask_refused(LINUX_6_12 | 1 << TD_RSP, TDX_CONFIG_NO_RBP_MOD, "... RSP there as well");
	fake_start(&c);
	regs.gpr[TD_RAX] = TDG_VP_VMCALL;
	regs.gpr[TD_RCX] = 0x1c00;	/* R10-R12 */
	regs.gpr[TD_R10] = 0;
	regs.gpr[TD_R11] = GHCI_MAP_GPA;
	regs.gpr[TD_R12] = FAKE_RAM | FAKE_S;
	regs.gpr[TD_R13] = TDX_PAGE_SIZE;
	td_tdcall(fake.td, 0, &regs);
	tap_is(regs.gpr[TD_R10], TDVMCALL_INVALID_OPERAND, "R13 not selected: the VMM sees a size of 0");
	regs.gpr[TD_RAX] = TDG_VP_VMCALL;
	regs.gpr[TD_RCX] = 0;
	regs.gpr[TD_R10] = 77;
	td_tdcall(fake.td, 0, &regs);
	tap_is(regs.gpr[TD_R10], 77, "no register selected: none changed");
}

static uint64_t veinfo(unsigned int vcpu, struct td_regs *regs)
{
	*regs = pattern();
	regs->gpr[TD_RAX] = TDG_VP_VEINFO_GET;
	td_tdcall(fake.td, vcpu, regs);
	return regs->gpr[TD_RAX];
}

static void test_veinfo(void)
{
	struct td_instruction io = { .reason = VE_IO, .length = 2, .qualification = 0x03f80008, .rip = 0x1000 };
	struct td_config c = fake_config(16);
	struct td_regs regs;
	uint64_t *r = regs.gpr;

	c.vcpus = 2;
	fake_start(&c);
	tap_is(veinfo(0, &regs), NO_VE_INFO, "VEINFO.GET with nothing there");
	tap_is(r[TD_RCX] | r[TD_RDX] | r[TD_R8] | r[TD_R9] | r[TD_R10], 0, "... all five registers 0");
	tap_is(r[TD_R11], pattern().gpr[TD_R11], "... no others");
	tap_is(td_instruction(fake.td, 0, &io), TD_VE, "IN is a #VE");
	tap_is(veinfo(1, &regs), NO_VE_INFO, "... not for the other vCPU");
	tap_is(td_instruction(fake.td, 0, &io), TD_DF, "a second one before it was read: #DF");
	tap_is(td_instruction(fake.td, 1, &io), TD_VE, "... not for the other vCPU");
	tap_is(veinfo(0, &regs), 0, "it is still there");
	tap_ok(r[TD_RCX] == VE_IO && r[TD_RDX] == 0x03f80008 && r[TD_R8] == 0 && r[TD_R9] == 0 && r[TD_R10] == 2,
	       "reason, qualification, no addresses, length");
	tap_is(veinfo(0, &regs), NO_VE_INFO, "... and read once");
	tap_is(td_instruction(fake.td, 0, &io), TD_VE, "after which the next may come");
}

static void test_veinfo_of_access(void)
{
	static const struct { uint32_t flags; uint64_t qualification; const char *name; } rows[] = {
		{ 0, 0x181, "read" }, { TD_ACCESS_WRITE, 0x182, "write" }, { TD_ACCESS_FETCH, 0x184, "fetch" },
	};
	struct td_config c = fake_config(16);
	struct td_access blind = { .gpa = FAKE_MMIO | FAKE_S, .rip = 0x1000 };
	struct td_regs regs;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_start(&c);
		fake_touch((FAKE_MMIO + 0x34) | FAKE_S, rows[i].flags);
		veinfo(0, &regs);
		tap_ok(regs.gpr[TD_RCX] == VE_EPT_VIOLATION && regs.gpr[TD_RDX] == rows[i].qualification, rows[i].name);
		tap_is(regs.gpr[TD_R9], (FAKE_MMIO + 0x34) | FAKE_S, "... R9 = GPA with S and offset");
		tap_is(regs.gpr[TD_R8], 0xffff888000000000ull | FAKE_S | (FAKE_MMIO + 0x34), "... R8 = GLA");
	}
	td_access(fake.td, 0, &blind);
	veinfo(0, &regs);
	tap_is(regs.gpr[TD_RDX], 1, "without a linear address it is not called valid");
}

/* [mod:tdvps_ve_info_t]: what no CPU writes that converts an EPT violation; SDM 3C, "Instruction-Length Field". */
static void test_length_of_access(void)
{
	struct td_instruction io = { .reason = VE_IO, .length = 2, .rip = 0x1000 };
	struct td_config c = fake_config(16);
	struct td_regs regs;

	fake_start(&c);
	fake_touch(FAKE_MMIO | FAKE_S, 0);
	veinfo(0, &regs);
	tap_ok(regs.gpr[TD_R10] >= 1 && regs.gpr[TD_R10] <= 15, "the length of an EPT violation is that of an instruction");
	td_instruction(fake.td, 0, &io);
	veinfo(0, &regs);
	fake_touch(FAKE_MMIO | FAKE_S, 0);
	veinfo(0, &regs);
	tap_is(regs.gpr[TD_R10], 2, "... but that of the instruction before");
	tap_is(veinfo(0, &regs), NO_VE_INFO, "it does not stay for who asks too often");
	tap_is(regs.gpr[TD_R10], 0, "... who gets nothing");
}

static void test_ve_pending(void)
{
	struct td_instruction io = { .reason = VE_IO, .length = 2, .rip = 0x1000 };
	struct td_config c = fake_config(16);
	struct td_regs regs;

	c.vcpus = 2;
	fake_start(&c);
	tap_ok(!td_ve_pending(fake.td, 0), "no information waits at first");
	td_instruction(fake.td, 0, &io);
	tap_ok(td_ve_pending(fake.td, 0) && !td_ve_pending(fake.td, 1), "it waits after a #VE, of this vCPU");
	veinfo(0, &regs);
	tap_ok(!td_ve_pending(fake.td, 0), "... until it is read");
	fake_touch(FAKE_MMIO | FAKE_S, 0);
	tap_ok(td_ve_pending(fake.td, 0), "it waits after an access, too");
}

static enum td_action report(uint64_t out, uint64_t data, uint64_t subtype, struct td_regs *regs)
{
	*regs = pattern();
	regs->gpr[TD_RDX] = data;
	regs->gpr[TD_R8] = subtype;
	return fake_tdcall(0, TDG_MR_REPORT, out, regs);
}

static void test_report(void)
{
	uint8_t want[1024] = { 0 };
	struct td_config c = fake_config(16);
	struct td_regs regs;

	fake_start(&c);
	memset(fake.private_page, 0x5a, sizeof(fake.private_page));
	tap_is(report(FAKE_RAM + 0x400, FAKE_PAGE(1) + 0x40, 0, &regs), TD_NEXT, "MR.REPORT");
	tap_is(regs.gpr[TD_RAX], 0, "... succeeds");
	want[0] = 0x81;			/* type TDX */
	memset(want + 128, 0x5a, 64);	/* REPORTDATA */
	want[512 + 3] = 0x10;		/* attributes: SEPT_VE_DISABLE */
	want[512 + 8] = 0x07;		/* XFAM: x87, SSE, AVX, ... */
	want[512 + 9] = 0x02;		/* ... PKRU */
	memcpy(want + 80, fake.private_page + 0x400 + 80, 48);	/* of TDINFO: measure_test.c */
	tap_ok(memcmp(fake.private_page + 0x400, want, sizeof(want)) == 0, "type, data, attributes, XFAM, and zeroes");
	tap_ok(fake.private_page[0x3ff] == 0x5a && fake.private_page[0x800] == 0x5a, "1024 bytes are written, no more");
	report(FAKE_RAM + 0x200, FAKE_RAM, 0, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_RCX, "report misaligned");
	report(FAKE_RAM, FAKE_RAM + 0x20, 0, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_RDX, "data misaligned");
	report(FAKE_RAM, FAKE_RAM, 1, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_R8, "subtype 1");
	report(FAKE_RAM | FAKE_S << 1, FAKE_RAM, 0, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_RCX, "report beyond GPAW");
	report(FAKE_RAM | FAKE_S << 1, FAKE_RAM, 1, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_R8, "... which is looked at after the subtype");
	report(FAKE_RAM + 0x200, FAKE_RAM | FAKE_S << 1, 0, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_RCX, "... but for its alignment, which comes first");
	report(FAKE_RAM, FAKE_RAM | FAKE_S << 1, 0, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_RDX, "data beyond GPAW");
	fake_share(2, 1);
	memset(fake.shared_page, 0x33, sizeof(fake.shared_page));
	report(FAKE_PAGE(2) | FAKE_S, FAKE_PAGE(2) | FAKE_S, 0, &regs);
	tap_ok(regs.gpr[TD_RAX] == 0 && fake.shared_page[0] == 0x81 && fake.shared_page[128] == 0x33 &&
	       fake.shared_page[1024] == 0x33, "both buffers may be shared");
	tap_is(report(FAKE_MMIO, FAKE_RAM, 0, &regs), TD_STOP, "where there is no memory: EPT violation, for good");
}

static void test_report_pending(void)
{
	struct td_config c = fake_config(16);
	struct td_regs regs, before;

	c.slots[0].pending = 1;
	c.platform.attributes = 0;
	fake_start(&c);
	fake_accept(FAKE_RAM, TDX_LEVEL_4K);
	before = pattern();
	tap_is(report(FAKE_RAM, FAKE_PAGE(1), 0, &regs), TD_VE, "data in a PENDING page: #VE");
	tap_is(veinfo(0, &regs), 0, "... which says so");
	tap_ok(regs.gpr[TD_RCX] == VE_EPT_VIOLATION && regs.gpr[TD_R9] == FAKE_PAGE(1), "... and where");
	tap_is(report(FAKE_RAM, FAKE_PAGE(1), 1, &regs), TD_VE, "... before the subtype is looked at");
	veinfo(0, &regs);
	tap_is(report(FAKE_PAGE(2), FAKE_RAM, 0, &regs), TD_VE, "report to a PENDING page: #VE");
	tap_is(regs.gpr[TD_RDI], before.gpr[TD_RDI], "... with nothing changed");
	tap_is(regs.gpr[TD_RAX], TDG_MR_REPORT, "... so that it can run again");
	veinfo(0, &regs);
	fake_accept(FAKE_PAGE(1), TDX_LEVEL_4K);
	tap_is(report(FAKE_RAM, FAKE_PAGE(1), 0, &regs), TD_NEXT, "accepted, and run again");
	tap_is(fake_touch(FAKE_PAGE(1), 0), TD_NEXT, "... which is the use that was refused");
	fake_power_off();
	tap_is(fake_violations(TD_V_PENDING_ACCESS), 1, "the other page is a violation");
}

int main(void)
{
	test_dispatch();
	test_journal();
	test_vp_info();
	test_masks();
	test_refused_again();
	test_veinfo();
	test_veinfo_of_access();
	test_length_of_access();
	test_ve_pending();
	test_report();
	test_report_pending();
	return tap_done();
}
