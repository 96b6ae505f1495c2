/* SPDX-License-Identifier: MIT */
/*
 * What the module knows of what runs in the TD: MRTD, built before it runs, the RTMRs that it extends itself, and the
 * report of both ([mod:tdg_mr_report]). Nothing here is attested: there is no key, so no MAC.
 */
#include "td/state.h"

#define EXTEND_BYTES	256	/* of a page that one TDH.MR.EXTEND takes in */

_Static_assert(TD_MEASUREMENT == TD_SHA384_BYTES, "MRTD and RTMRs are SHA-384");

static void put64(uint8_t *to, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> i * 8);
}

/* The block that names what was done to which page: the leaf in 16 bytes of ASCII, the GPA, zeroes. */
static void record(struct td *td, const char *leaf, uint64_t gpa)
{
	uint8_t block[TD_SHA384_BLOCK] = { 0 };

	for (unsigned int i = 0; leaf[i] != '\0'; i++)
		block[i] = (uint8_t)leaf[i];
	put64(block + 16, gpa);
	td_sha384_add(&td->mem->build, block, sizeof(block));
}

/*
 * The records are those of [mod:tdh_mem_page_add] and [mod:tdh_mr_extend]; their order, a page
 * and then its chunks, is KVM's ([kvm:tdx_gmem_post_populate]).
 */
void td_build_page(struct td *td, uint64_t gpa, const void *contents)
{
	const uint8_t *bytes = contents;

	record(td, "MEM.PAGE.ADD", gpa);
	for (uint64_t at = 0; bytes != NULL && at < TDX_PAGE_SIZE; at += EXTEND_BYTES) {
		record(td, "MR.EXTEND", gpa + at);
		td_sha384_add(&td->mem->build, bytes + at, EXTEND_BYTES);
	}
}

void td_build_finish(struct td *td)
{
	td_sha384_end(&td->mem->build, td->mem->mrtd);
}

const uint8_t *td_mrtd(const struct td *td)
{
	return td->mem->mrtd;
}

const uint8_t *td_rtmr(const struct td *td, unsigned int index)
{
	return td->mem->now.rtmr[index < TD_RTMRS ? index : 0];
}

enum td_action td_unmapped(struct td *td, uint64_t gpa, uint64_t rip, bool write)
{
	struct td_access access = { .gpa = gpa, .rip = rip, .flags = write ? TD_ACCESS_WRITE : 0 };

	return td_access(td, td->mem->now.vcpu, &access);
}

/*
 * TDG.MR.RTMR.EXTEND, with the checks in the module's order: the buffer before the index, so that a PENDING buffer is
 * an EPT violation whatever RDX says ([mod:tdg_mr_rtmr_extend]). A buffer of 48 bytes,
 * aligned to 64, lies in one page. The module's lock on the RTMRs is never contended here.
 */
enum td_action td_rtmr_extend(struct td *td, struct td_regs *regs)
{
	uint64_t buffer = regs->gpr[TD_RCX], index = regs->gpr[TD_RDX];
	uint8_t digest[TD_SHA384_BYTES];

	if (buffer % 64 != 0 || buffer >= td->mem->s) {
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RCX);
		return TD_NEXT;
	}
	if (!td_sept_private(td, buffer))
		return td_unmapped(td, buffer, regs->rip, false);
	if (index >= TD_RTMRS) {
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RDX);
		return TD_NEXT;
	}
	td_engine_private(td, buffer, digest, sizeof(digest), false);
	td_sha384_extend(td->mem->now.rtmr[index], digest);
	regs->gpr[TD_RAX] = 0;
	return TD_NEXT;
}

/*
 * TDREPORT_STRUCT ([mod:td_report_t], [edk2:IndustryStandard/Tdx.h]):
 * REPORTMACSTRUCT, TEE_TCB_INFO and TDINFO. What there is no value for (CPUSVN, the SEAM module's measurements, the
 * owner's fields, the MAC) is zero.
 */
enum {
	REPORT_SIZE = 1024,
	REPORT_TYPE_TDX = 0x81,
	REPORT_MAC_SIZE = 256,
	REPORT_INFO_HASH = 80,
	REPORT_DATA = 128,
	REPORT_DATA_SIZE = 64,
	REPORT_TDINFO = 512,
	TDINFO_SIZE = 512,
	TDINFO_XFAM = 8,
	TDINFO_MRTD = 16,
	TDINFO_RTMR = 208,
};

static void copy(uint8_t *to, const uint8_t *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = from[i];
}

static void fill_report(const struct td *td, uint8_t report[REPORT_SIZE])
{
	uint8_t *info = report + REPORT_TDINFO;
	struct td_sha384 hash;

	for (unsigned int i = 0; i < REPORT_SIZE; i++)
		report[i] = 0;
	report[0] = REPORT_TYPE_TDX;
	put64(info, td->mem->config.platform.attributes);
	put64(info + TDINFO_XFAM, td->mem->config.platform.xfam);
	copy(info + TDINFO_MRTD, td->mem->mrtd, sizeof(td->mem->mrtd));
	copy(info + TDINFO_RTMR, td->mem->now.rtmr[0], sizeof(td->mem->now.rtmr));
	td_sha384_start(&hash);
	td_sha384_add(&hash, info, TDINFO_SIZE);
	td_sha384_end(&hash, report + REPORT_INFO_HASH);
}

/* A buffer of the guest's that may be shared. TD_NEXT: it is there to be used, perhaps since now. */
static enum td_action reach(struct td *td, uint64_t gpa, uint64_t rip, bool write)
{
	bool there = gpa & td->mem->s ? td_mapped(td, gpa) : td_sept_private(td, gpa);
	enum td_action action = there ? TD_NEXT : td_unmapped(td, gpa, rip, write);

	return action == TD_AGAIN ? TD_NEXT : action;
}

static void transfer(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	if (gpa & td->mem->s)
		td_engine_shared(td, gpa & ~td->mem->s, data, bytes, write);
	else
		td_engine_private(td, gpa, data, bytes, write);
}

/* Alignments first, then REPORTDATA, then the subtype; where the report goes comes last ([mod:tdg_mr_report]). */
enum td_action td_report_leaf(struct td *td, struct td_regs *regs)
{
	uint64_t out = regs->gpr[TD_RCX], data = regs->gpr[TD_RDX], end = td->mem->s << 1, operand = 0;
	enum td_action action = TD_NEXT;
	uint8_t report[REPORT_SIZE];

	if (out % REPORT_SIZE != 0)
		operand = TD_RCX;
	else if (data % REPORT_DATA_SIZE != 0 || data >= end)
		operand = TD_RDX;
	else if ((action = reach(td, data, regs->rip, false)) != TD_NEXT)
		return action;
	else if (regs->gpr[TD_R8] != 0)
		operand = TD_R8;
	else if (out >= end)
		operand = TD_RCX;
	else if ((action = reach(td, out, regs->rip, true)) != TD_NEXT)
		return action;
	if (operand != 0) {
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, operand);
		return TD_NEXT;
	}
	fill_report(td, report);
	transfer(td, data, report + REPORT_DATA, REPORT_DATA_SIZE, false);
	transfer(td, out, report, REPORT_SIZE, true);
	regs->gpr[TD_RAX] = 0;
	return TD_NEXT;
}

/*
 * RCX = a REPORTMACSTRUCT, private. There is no key, so none has a MAC that is right, not even our own
 * ([mod:tdg_mr_verifyreport]).
 */
enum td_action td_verify_leaf(struct td *td, struct td_regs *regs)
{
	uint64_t gpa = regs->gpr[TD_RCX];

	if (!(td->mem->config.platform.features & TDX_FEATURE_LOCAL_ATTESTATION))
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RAX);
	else if (gpa % REPORT_MAC_SIZE != 0 || gpa >= td->mem->s)
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RCX);
	else if (!td_sept_private(td, gpa))
		return td_unmapped(td, gpa, regs->rip, false);
	else
		regs->gpr[TD_RAX] = tdx_status(TDX_INVALID_REPORTMACSTRUCT, 0);
	return TD_NEXT;
}
