/* SPDX-License-Identifier: MIT */
/*
 * MRTD, RTMRs and where TDREPORT has them. The digests wanted here were computed with Python's hashlib from the
 * records as the module's source has them ([mod:tdh_mem_page_add], [mod:tdh_mr_extend],
 * [mod:tdg_mr_rtmr_extend]).
 */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define INVALID_RCX	0xc000010000000001ull
#define INVALID_RAX	0xc000010000000000ull
#define INVALID_RDX	0xc000010000000002ull
#define INVALID_MAC	0xc000100100000000ull

static const char after_one[] =
	"fe83f742d1cab5c709a0c424729831fbff9b5bb9748a618f0b6ea04fe1fde4d546f4040e7fc9587b2e6badada6c941b0";
static const char after_two[] =
	"64f798c39e3e1e0dd9b2dcdd47209d1202eb46a77199558935d3fea6bf4f94173b0930946bd6d77e1e5fed5112126851";
static const char two_pages[] =
	"ae6c1c39687c292f936ede770dd8f2279a5c2c206694eb373859a747f145297356394e3d4f892aec2940697ab2859990";
static const char info_hash[] =
	"5aec76f2b61f3c962c8d289f26100b919cab4028da8bd28df3f253089202aa64af2e1618613237d334d3715e20c79c0e";
static const char zeroes[] =
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

static bool is(const uint8_t *digest, const char *want)
{
	char hex[2 * TD_MEASUREMENT + 1];

	for (int i = 0; i < TD_MEASUREMENT; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return strcmp(hex, want) == 0;
}

static uint64_t extend(uint64_t buffer, uint64_t index, enum td_action *action)
{
	struct td_regs regs = { .rip = 0x1000 };

	regs.gpr[TD_RDX] = index;
	*action = fake_tdcall(0, TDG_MR_RTMR_EXTEND, buffer, &regs);
	return regs.gpr[TD_RAX];
}

static uint64_t extend_ok(uint64_t buffer, uint64_t index)
{
	enum td_action action;
	uint64_t status = extend(buffer, index, &action);

	return action == TD_NEXT ? status : ~0ull;
}

/* 0, 1, ... 47 in front, then 0xa5; the rest of the page is neither. */
static void two_digests(void)
{
	memset(fake.private_page, 0xee, sizeof(fake.private_page));
	for (int i = 0; i < TD_MEASUREMENT; i++)
		fake.private_page[i] = (uint8_t)i;
	memset(fake.private_page + 0xfc0, 0xa5, TD_MEASUREMENT);
}

static void test_extend(void)
{
	struct td_config c = fake_config(16);

	fake_start(&c);
	two_digests();
	tap_ok(is(td_rtmr(fake.td, 2), zeroes), "an RTMR begins as zeroes");
	tap_is(extend_ok(FAKE_RAM, 2), 0, "RTMR.EXTEND");
	tap_ok(is(td_rtmr(fake.td, 2), after_one), "... is SHA-384 of the old value and 48 bytes of the buffer");
	tap_is(extend_ok(FAKE_RAM + 0xfc0, 2), 0, "... at the end of a page");
	tap_ok(is(td_rtmr(fake.td, 2), after_two), "... on top of the first");
	tap_ok(is(td_rtmr(fake.td, 0), zeroes) && is(td_rtmr(fake.td, 1), zeroes) && is(td_rtmr(fake.td, 3), zeroes),
	       "the others are as they were");
	tap_ok(is(td_mrtd(fake.td), zeroes), "and MRTD of a TD that was not built is zero");
	for (uint64_t i = 0; i < TD_RTMRS; i++)
		extend_ok(FAKE_RAM, i);
	tap_ok(is(td_rtmr(fake.td, 0), after_one) && is(td_rtmr(fake.td, 3), after_one), "the first and the last");
}

/* EDK2's first event is extended from a buffer in its image. */
static void test_rom(void)
{
	struct td_config c = fake_config(16);

	c.slots[1] = (struct td_slot){ FAKE_PAGE(16), 4, TD_SLOT_ROM, 0 };
	fake_start(&c);
	two_digests();
	tap_ok(extend_ok(FAKE_PAGE(17), 1) == 0 && is(td_rtmr(fake.td, 1), after_one), "RTMR.EXTEND from a page of ROM");
}

/* Of its memory the first page is accepted; a PENDING one is a #VE. */
static struct td_config start_pending(void)
{
	struct td_config c = fake_config(16);

	c.slots[0].pending = 1;
	c.platform.attributes = 0;
	fake_start(&c);
	fake_accept(FAKE_RAM, TDX_LEVEL_4K);
	return c;
}

static void test_refused(void)
{
	enum td_action action;

	start_pending();
	two_digests();
	tap_is(extend_ok(FAKE_RAM + 32, 0), INVALID_RCX, "a buffer that is not aligned to 64");
	tap_is(extend_ok(FAKE_RAM | FAKE_S, 0), INVALID_RCX, "a shared buffer");
	tap_is(extend_ok(FAKE_RAM | FAKE_S << 1, 0), INVALID_RCX, "a buffer beyond GPAW");
	tap_is(extend_ok(FAKE_RAM, 4), INVALID_RDX, "index 4");
	tap_is(extend_ok(FAKE_RAM, 1ull << 32), INVALID_RDX, "... all 64 bits of it are looked at");
	tap_is(extend_ok(FAKE_RAM + 32, 4), INVALID_RCX, "both wrong: the buffer is first");
	extend(FAKE_PAGE(1), 4, &action);
	tap_is(action, TD_VE, "a PENDING buffer: #VE, before the index is looked at");
	for (unsigned int i = 0; i < TD_RTMRS; i++) {
		tap_case_number("RTMR", i);
		tap_ok(is(td_rtmr(fake.td, i), zeroes), "none of these changed it");
	}
	tap_case(NULL);
	extend(FAKE_MMIO, 0, &action);
	tap_is(action, TD_STOP, "where there is no memory: EPT violation, for good");
	td_finish(fake.td);
	tap_is(fake_violations(TD_V_PENDING_ACCESS), 1, "the PENDING buffer was never accepted");
}

static void test_rollback(void)
{
	struct td_config c = fake_config(16);

	c.undo_steps = 16;
	fake_start(&c);
	two_digests();
	extend_ok(FAKE_RAM, 2);
	td_mark(fake.td);
	extend_ok(FAKE_RAM + 0xfc0, 2);
	tap_ok(is(td_rtmr(fake.td, 2), after_two), "extended after a mark");
	td_rollback(fake.td);
	tap_ok(is(td_rtmr(fake.td, 2), after_one), "... and taken back");
}

static void build(uint8_t change)
{
	struct td_config c = fake_config(16);
	uint8_t page[4096];

	for (unsigned int i = 0; i < sizeof(page); i++)
		page[i] = (uint8_t)(i * 7 + (i >> 8));
	page[4095] ^= change;
	fake_start(&c);
	td_build_page(fake.td, FAKE_RAM, NULL);
	td_build_page(fake.td, FAKE_PAGE(1), page);
	td_build_finish(fake.td);
}

static uint64_t field(uint64_t first, uint64_t word)
{
	struct td_regs regs = { 0 };

	regs.gpr[TD_RDX] = first + word;
	fake_tdcall(0, TDG_VM_RD, 0, &regs);
	return regs.gpr[TD_RAX] == 0 ? regs.gpr[TD_R8] : ~0ull;
}

static uint64_t word(const uint8_t *digest, unsigned int n)
{
	uint64_t value;

	memcpy(&value, digest + 8 * n, 8);
	return value;
}

static void test_build(void)
{
	build(1);
	tap_ok(!is(td_mrtd(fake.td), two_pages), "one bit of a measured page is another MRTD");
	build(0);
	tap_ok(is(td_mrtd(fake.td), two_pages), "MRTD of a page that is added and one that is measured too");
	two_digests();
	extend_ok(FAKE_RAM, 2);
	extend_ok(FAKE_RAM + 0xfc0, 2);
	for (unsigned int i = 0; i < 6; i++) {
		tap_case_number("word", i);
		tap_is(field(TDX_FIELD_MRTD, i), word(td_mrtd(fake.td), i), "VM.RD of a word of MRTD");
		tap_is(field(TDX_FIELD_RTMR, 12 + i), word(td_rtmr(fake.td, 2), i), "... and of RTMR2");
	}
	tap_case(NULL);
	tap_is(field(TDX_FIELD_RTMR, 23), 0, "the last word of RTMR3");
	tap_is(field(TDX_FIELD_RTMR, 24), ~0ull, "no field is behind it");
	tap_is(field(TDX_FIELD_MRTD, 6), ~0ull, "nor behind MRTD");
}

/* Offsets: [edk2:IndustryStandard/Tdx.h]. */
static void test_report(void)
{
	const uint8_t *report = fake.private_page + 0x400;
	struct td_regs regs = { 0 };
	bool rest = true;

	memset(fake.private_page, 0x5a, sizeof(fake.private_page));
	regs.gpr[TD_RDX] = FAKE_RAM;
	tap_is(fake_tdcall(0, TDG_MR_REPORT, FAKE_RAM + 0x400, &regs), TD_NEXT, "MR.REPORT of the same TD");
	tap_ok(is(report + 512 + 16, two_pages), "MRTD at 16 of TDINFO");
	tap_ok(is(report + 512 + 208, zeroes) && is(report + 512 + 256, zeroes), "RTMR0 and RTMR1 from 208 on");
	tap_ok(is(report + 512 + 304, after_two), "... then RTMR2");
	tap_ok(is(report + 512 + 352, zeroes), "... and RTMR3");
	tap_ok(is(report + 80, info_hash), "TEE_INFO_HASH is of TDINFO");
	for (unsigned int i = 192; i < 512; i++)
		rest &= report[i] == 0;
	tap_ok(rest && is(report + 32, zeroes), "no MAC, and no TEE_TCB_INFO nor its hash");
}

/* [mod:tdg_mr_verifyreport] */
static uint64_t verify(uint64_t report, enum td_action *action)
{
	struct td_regs regs = { 0 };

	*action = fake_tdcall(0, TDG_MR_VERIFYREPORT, report, &regs);
	return regs.gpr[TD_RAX];
}

static void test_verify(void)
{
	struct td_config c = start_pending();
	enum td_action action;

	tap_ok(verify(FAKE_RAM + 0x100, &action) == INVALID_MAC && action == TD_NEXT, "MR.VERIFYREPORT: no MAC is right");
	tap_is(verify(FAKE_RAM + 0x80, &action), INVALID_RCX, "... a report that is not aligned to 256");
	tap_is(verify(FAKE_RAM | FAKE_S, &action), INVALID_RCX, "... a shared one");
	verify(FAKE_PAGE(1), &action);
	tap_is(action, TD_VE, "... a PENDING one is a #VE");
	c.platform.features &= ~(uint64_t)TDX_FEATURE_LOCAL_ATTESTATION;
	fake_start(&c);
	tap_is(verify(FAKE_RAM + 0x80, &action), INVALID_RAX, "no leaf without LOCAL_ATTESTATION, whatever it is given");
}

int main(void)
{
	test_extend();
	test_rom();
	test_refused();
	test_rollback();
	test_build();
	test_report();
	test_verify();
	return tap_done();
}
