/* SPDX-License-Identifier: MIT */
/* Leaves about nested TDs and service TDs, in a TD without them: [mod:tdg_vp_enter] and its like. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define INVALID_RCX	0xc000010000000001ull
#define INVALID_RDX	0xc000010000000002ull
#define INVALID_R8	0xc000010000000008ull
#define MISMATCH	0xc0000b0b00000000ull	/* | the level that was asked for */
#define PENDING		(1ull << 62)
#define BEYOND		(FAKE_S << 1)
#define ALL		UINT64_MAX
#define KEPT		0x5a5aull
#define K4		TDX_LEVEL_4K
#define M2		TDX_LEVEL_2M
#define G1		2ull

static struct td_regs regs;

static enum td_action call(uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	regs = (struct td_regs){ .gpr = { [TD_RDX] = rdx, [TD_R8] = r8 } };
	return fake_tdcall(0, leaf, rcx, &regs);
}

static void test_refused(void)
{
	static const struct { uint64_t leaf, rcx, rdx, r8, rax; const char *name; } rows[] = {
		{ TDG_VP_ENTER, 1ull << 52, FAKE_RAM, 0, INVALID_RCX, "VP.ENTER of a TD that is not there" },
		{ TDG_VP_ENTER, 1ull << 52, FAKE_RAM + 128, 0, INVALID_RDX, "... after its list, which is not aligned" },
		{ TDG_VP_ENTER, 1ull << 52, FAKE_S, 0, INVALID_RDX, "... or is shared" },
		{ TDG_VP_ENTER, 1ull << 52, FAKE_S - 256, 0, INVALID_RCX, "... which is looked at when there is a TD" },
		{ TDG_VP_INVEPT, 1, 0, 0, INVALID_RCX, "VP.INVEPT of the TD itself" },
		{ TDG_VP_INVEPT, 2, 0, 0, INVALID_RCX, "... of one that is not there" },
		{ TDG_VP_INVEPT, 0, 0, 0, 0, "... of none" },
		{ TDG_VP_INVGLA, 1ull << 52, 0, 0, INVALID_RCX, "VP.INVGLA" },
		{ TDG_SERVTD_RD, 0x1234, 0, 0, INVALID_RCX, "SERVTD.RD" },
		{ TDG_SERVTD_WR, 0x1234, 0, 0, INVALID_RCX, "SERVTD.WR" },
		{ TDG_MEM_PAGE_ATTR_RD, FAKE_S, 0, 0, INVALID_RCX, "ATTR.RD of shared memory" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_S, 0, 0, INVALID_RCX, "ATTR.WR of shared memory" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM + 3, 0, 0, INVALID_RCX, "... of a level that there is not" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM + 8, 0, 0, INVALID_RCX, "... with a reserved bit" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_PAGE(1) | M2, 0, 0, INVALID_RCX, "... of 2 MiB that are not aligned" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM | G1, 0, 0, INVALID_RCX, "... of 1 GiB that is not" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM | M2, 0, 0, MISMATCH | M2, "... of 2 MiB where there are pages" },
		{ TDG_MEM_PAGE_ATTR_WR, 0 | G1, 0, 0, MISMATCH | G1, "... of 1 GiB" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 1, 0, INVALID_RDX, "ATTR.WR of attributes of the TD itself" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 1ull << 63, 0, INVALID_RDX, "... of the last that could be" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 0, 1, INVALID_R8, "... with flags" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 0, 1ull << 48, INVALID_R8, "... with the last flag that could be" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 1, 1, INVALID_RDX, "... with both: attributes come first, ..." },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 1ull << 16, 1, INVALID_R8, "... TD by TD" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_S, 0, 1, INVALID_R8, "... before the page" },
	};
	struct td_config c = fake_config(16);

	fake_start(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool next = call(rows[i].leaf, rows[i].rcx, rows[i].rdx, rows[i].r8) == TD_NEXT;

		tap_is(next ? regs.gpr[TD_RAX] : ALL, rows[i].rax, rows[i].name);
	}
}

/* What else is written. */
static void test_outputs(void)
{
	struct td_config c = fake_config(16);

	fake_start(&c);
	call(TDG_SERVTD_RD, 0x1234, KEPT, KEPT);
	tap_ok(regs.gpr[TD_RDX] == ALL && regs.gpr[TD_R8] == 0, "SERVTD.RD: no next field, no value");
	call(TDG_SERVTD_WR, 0x1234, KEPT, KEPT);
	tap_ok(regs.gpr[TD_RDX] == KEPT && regs.gpr[TD_R8] == 0, "SERVTD.WR: RDX is not written");
	call(TDG_VP_INVGLA, 1ull << 52, KEPT, KEPT);
	tap_ok(regs.gpr[TD_RDX] == KEPT && regs.gpr[TD_R8] == KEPT, "VP.INVGLA: nor is anything else");
	call(TDG_MEM_PAGE_ATTR_RD, FAKE_S, KEPT, 0);
	tap_ok(regs.gpr[TD_RCX] == 0 && regs.gpr[TD_RDX] == 0, "ATTR.RD refused: no page, no attributes");
	call(TDG_MEM_PAGE_ATTR_WR, FAKE_S, 0, KEPT);
	tap_ok(regs.gpr[TD_RCX] == 0 && regs.gpr[TD_RDX] == 0, "ATTR.WR refused: the same");
	call(TDG_MEM_PAGE_ATTR_WR, FAKE_RAM | M2, 0, 0);
	tap_ok(regs.gpr[TD_RCX] == 0 && regs.gpr[TD_RDX] == 0, "... or of another size");
}

/* The page is told, and no attributes. */
static void attributes(uint64_t leaf, uint64_t rcx, uint64_t want, const char *name)
{
	bool done = call(leaf, rcx, leaf == TDG_MEM_PAGE_ATTR_WR ? 0 : KEPT, 0) == TD_NEXT && regs.gpr[TD_RAX] == 0;

	tap_is(done && regs.gpr[TD_RDX] == 0 ? regs.gpr[TD_RCX] : ALL, want, name);
}

/* Sizes and states of pages: the second 2 MiB are accepted as one leaf. */
static void test_pages(void)
{
	struct td_config c = fake_config(1536);

	c.slots[0].pending = 1;
	fake_start(&c);
	tap_is(fake_accept(FAKE_PAGE(0), K4), 0, "a page is accepted");
	tap_is(fake_accept(FAKE_PAGE(512), M2), 0, "... and 2 MiB");
	attributes(TDG_MEM_PAGE_ATTR_RD, FAKE_PAGE(0) + 0xfff, FAKE_PAGE(0), "ATTR.RD of a byte of a page");
	attributes(TDG_MEM_PAGE_ATTR_RD, FAKE_PAGE(1), FAKE_PAGE(1) | PENDING, "... of one that is PENDING");
	attributes(TDG_MEM_PAGE_ATTR_RD, FAKE_PAGE(1023) + 8, FAKE_PAGE(512) | M2, "... of 2 MiB");
	attributes(TDG_MEM_PAGE_ATTR_WR, FAKE_PAGE(0), FAKE_PAGE(0), "ATTR.WR of nothing");
	attributes(TDG_MEM_PAGE_ATTR_WR, FAKE_PAGE(1), FAKE_PAGE(1) | PENDING, "... where it is PENDING");
	attributes(TDG_MEM_PAGE_ATTR_WR, FAKE_PAGE(512) | M2, FAKE_PAGE(512) | M2, "... of 2 MiB");
	attributes(TDG_MEM_PAGE_ATTR_RD, FAKE_PAGE(513), FAKE_PAGE(512) | M2, "... which they stay");
	/* An EPT violation, at which the VMM is expected to demote the page ([mod:tdg_mem_page_attr_wr]). */
	attributes(TDG_MEM_PAGE_ATTR_WR, FAKE_PAGE(513), FAKE_PAGE(513), "... of a page of them");
	attributes(TDG_MEM_PAGE_ATTR_RD, FAKE_PAGE(512), FAKE_PAGE(512), "... which are pages from then on");
	tap_is(fake_all_violations(), 0, "no violation");
	tap_ok(fake_consistent(), "page tables and states agree");
}

static void test_unmapped(uint64_t leaf, const char *name)
{
	struct td_config c = fake_config(16);

	fake_start(&c);
	fake_share(3, 1);
	tap_is(call(leaf, FAKE_PAGE(3), 0, 0), TD_STOP, name);
	tap_is(td_stopped(fake.td), TD_STOP_PRIVATE_LOST, "... is an EPT violation, for good");
	fake_start(&c);
	tap_is(call(leaf, FAKE_MMIO, 0, 0), TD_STOP, "... so it is where there is no memory");
	tap_is(td_stopped(fake.td), TD_STOP_BAD_GPA, "... whose reason says so");
}

int main(void)
{
	test_refused();
	test_outputs();
	test_pages();
	test_unmapped(TDG_MEM_PAGE_ATTR_RD, "ATTR.RD of a page that is shared");
	test_unmapped(TDG_MEM_PAGE_ATTR_WR, "ATTR.WR of a page that is shared");
	return tap_done();
}
