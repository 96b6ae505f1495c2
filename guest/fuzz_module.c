/* SPDX-License-Identifier: MIT */
/* What the fuzzed module and the record of accepted pages answer, and what they may be asked. */
#include "abi/tdx.h"
#include "guest/fuzz.h"

#define ACCEPTED	0xff	/* bytes that make a record */
#define NEVER		0xfe

/* A byte stands for up to 31 pages that work and one that answers as its low bits say. */
static uint64_t answer_module(void)
{
	static const uint64_t statuses[] = {
		0, 0x0000000000000007ull, 0x00000b0a00000000ull, 0xc0000b0b00000001ull, 0x8000020000000081ull,
		0xc000010000000001ull, 0x00000b0a00000001ull,
	};
	uint8_t kind;

	if (fuzz.quiet > 0) {
		if (--fuzz.quiet > 0 || fuzz.next_answer == 0)
			return 0;
		kind = fuzz.next_answer;
		fuzz.next_answer = 0;
	} else {
		kind = fuzz_byte();
		if (kind / 8 > 0) {
			fuzz.quiet = kind / 8;
			fuzz.next_answer = kind % 8;
			return 0;
		}
	}
	if (kind % 8 < 7)
		return statuses[kind % 8];
	kind = fuzz_byte();
	return kind & 1 ? fuzz_word(8) : (uint64_t)(kind >> 6) << 62;	/* the first status of each class */
}

static void check_page_call(uint64_t leaf, uint64_t gpa, uint64_t bytes)
{
	enum fuzz_page wanted = fuzz.op == OP_ACCEPT ? PAGE_NEVER : fuzz.reaccepting ? PAGE_RELEASED : PAGE_PRIVATE;

	PROMISE(gpa % bytes == 0, "large pages are aligned");
	PROMISE(gpa >= fuzz.lo && gpa + bytes <= fuzz.hi, "page calls stay inside the range");
	PROMISE(fuzz.zero == 0, "what is accepted already is zeroed before the next page");
	if (fuzz.op == OP_SET) {
		for (uint64_t at = gpa; at < gpa + bytes; at += 4096)
			PROMISE(leaf == TDG_MEM_PAGE_RELEASE || fuzz.page[(at - FUZZ_BASE) / 4096] == PAGE_PRIVATE ||
				fuzz.page[(at - FUZZ_BASE) / 4096] == PAGE_RELEASED,
				"only what the VMM gave back, or was released, is accepted");
		return;
	}
	PROMISE(fuzz.expect == TDCONV_OK, "no page call after an answer that ends the conversion");
	PROMISE((leaf == TDG_MEM_PAGE_RELEASE) == fuzz.releasing, "ACCEPT and RELEASE in their turn");
	PROMISE(gpa == fuzz.cursor && gpa + bytes <= fuzz.limit, "every page once, in order, as far as it is claimed");
	for (uint64_t at = gpa; at < gpa + bytes; at += 4096)
		PROMISE(leaf == TDG_MEM_PAGE_RELEASE || fuzz.page[(at - FUZZ_BASE) / 4096] == wanted,
			"only what the VMM gave back is accepted");
}

/* The page at the cursor failed for good. */
void fuzz_page_ends(enum tdconv_status why)
{
	if (fuzz.op == OP_SHARE && fuzz.releasing) {
		fuzz.release_rax = fuzz.seen.rax;
		fuzz.releasing = false;
		fuzz.limit = fuzz.cursor;
		fuzz.cursor = fuzz.lo;
		fuzz.reaccepting = true;
		fuzz.budget.busy = (uint32_t)fuzz.seen.busy + fuzz.tdc.policy.undo.busy;
		fuzz.map_over = true;
		if (fuzz.limit == fuzz.lo)
			fuzz_ends(TDCONV_E_RELEASE);
	} else {
		fuzz_ends(fuzz.reaccepting ? TDCONV_E_RELEASE_LOST : why);
	}
}

static void page_done(uint64_t leaf, uint64_t gpa, uint64_t bytes)
{
	fuzz_set_pages(gpa, gpa + bytes, leaf == TDG_MEM_PAGE_RELEASE ? PAGE_RELEASED : PAGE_PROVEN);
	if (fuzz.op == OP_SET)
		return;
	fuzz.cursor = gpa + bytes;
	if (fuzz.op == OP_SHARE && fuzz.cursor == fuzz.hi)
		fuzz.releasing = false;
	if (fuzz.reaccepting && fuzz.cursor == fuzz.limit)
		fuzz_ends(TDCONV_E_RELEASE);
}

static void page_busy(void)
{
	fuzz.module_run++;
	if (fuzz.op == OP_SET) {
		fuzz.maybe_busy++;
	} else if (fuzz.seen.busy >= fuzz.budget.busy) {
		fuzz_page_ends(TDCONV_E_BUSY);
		fuzz.module_run = 0;
	} else {
		fuzz.seen.busy++;
		fuzz.total.busy++;
	}
}

static void page_already(uint64_t gpa, uint64_t bytes)
{
	enum tdconv_already policy = fuzz.op == OP_ACCEPT ? fuzz.tdc.policy.already_boot : fuzz.tdc.policy.already;

	fuzz.seen.already += bytes;
	fuzz.total.already_pages += bytes / 4096;
	if (fuzz.reaccepting || (fuzz.op == OP_SET && fuzz.page[(gpa - FUZZ_BASE) / 4096] == PAGE_RELEASED))
		policy = TDCONV_ALREADY_KEEP;
	if (policy == TDCONV_ALREADY_ERROR && fuzz.op == OP_SET)
		fuzz.may_zero = bytes;
	else if (policy == TDCONV_ALREADY_ERROR && fuzz.never)
		fuzz.zero = bytes;
	else if (policy == TDCONV_ALREADY_ERROR)
		fuzz_page_ends(TDCONV_E_ALREADY);
	else if (policy == TDCONV_ALREADY_KEEP)
		page_done(TDG_MEM_PAGE_ACCEPT, gpa, bytes);
	else
		fuzz.zero = bytes;
}

void fuzz_page_call(struct tdconv_regs *r)
{
	uint64_t leaf = r->rax, gpa = r->rcx & ~0xfffull, bytes = r->rcx % 4096 == 0 ? 0x1000 : 0x200000;
	uint64_t code;

	PROMISE(r->rcx % 4096 < 2 && !r->rdx && !r->r8 && !r->r9 && !r->r10 && !r->r11 && !r->r12 && !r->r13,
		"a page call has an address and a level");
	check_page_call(leaf, gpa, bytes);
	fuzz.may_zero = 0;
	fuzz.map_over |= fuzz.op == OP_UNDO;
	*(leaf == TDG_MEM_PAGE_ACCEPT ? &fuzz.seen.accepts : &fuzz.seen.releases) += 1;
	*(leaf == TDG_MEM_PAGE_ACCEPT ? &fuzz.total.accepts : &fuzz.total.releases) += 1;
	r->rax = fuzz.seen.rax = answer_module();
	code = r->rax >> 32;
	if (code >> 30 != 2)
		fuzz.module_run = 0;
	if (code == 0)
		page_done(leaf, gpa, bytes);
	else if (code == TDX_PAGE_ALREADY_ACCEPTED && leaf == TDG_MEM_PAGE_ACCEPT)
		page_already(gpa, bytes);
	else if (code >> 30 == 2)
		page_busy();
	else if (code == TDX_PAGE_SIZE_MISMATCH && bytes == 0x200000)
		fuzz.seen.mismatches++, fuzz.total.mismatches++;
	else
		fuzz_page_ends(code == TDX_PAGE_SIZE_MISMATCH ? TDCONV_E_ACCEPT_SIZE : TDCONV_E_ACCEPT);
}

enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	uint8_t byte = fuzz_byte();

	(void)os;
	PROMISE((fuzz.op != OP_UNDO && !fuzz.reaccepting && !fuzz.releasing) || fuzz.op == OP_SET,
		"records are asked for before ACCEPT of a conversion or at boot");
	PROMISE(bytes > 0 && bytes <= 0x200000 && gpa / 0x200000 == (gpa + bytes - 1) / 0x200000,
		"records are asked for a unit at a time");
	PROMISE(fuzz.op == OP_SET || (gpa == fuzz.cursor && gpa + bytes <= fuzz.limit), "of what comes next");
	fuzz.never = byte == NEVER;
	if (byte != ACCEPTED)
		return fuzz.never ? TDCONV_RECORD_NEVER : TDCONV_RECORD_NONE;
	fuzz_ends(TDCONV_E_DOUBLE_ACCEPT);
	return TDCONV_RECORD_ACCEPTED;
}

void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	PROMISE((fuzz.zero == bytes || fuzz.may_zero == bytes) && bytes > 0 &&
		(fuzz.op == OP_SET || gpa == fuzz.cursor), "what is zeroed is the page that was accepted already");
	fuzz.zero = fuzz.may_zero = 0;
	page_done(TDG_MEM_PAGE_ACCEPT, gpa, bytes);
}
