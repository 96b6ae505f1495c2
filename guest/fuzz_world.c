/* SPDX-License-Identifier: MIT */
/* What the fuzzed VMM, module and embedder answer, and what may be asked of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "guest/fuzz.h"

#define ANY_STATUS	0xff

struct fuzz fuzz;

_Noreturn void fuzz_broken(const char *promise, int line)
{
	fprintf(stderr, "fuzz: promise broken at line %d: %s\n", line, promise);
	abort();
}

uint8_t fuzz_byte(void)
{
	if (fuzz.left == 0)
		return 0;
	fuzz.left--;
	return *fuzz.data++;
}

uint64_t fuzz_word(unsigned int bytes)
{
	uint64_t word = 0;

	while (bytes-- > 0)
		word = word << 8 | fuzz_byte();
	return word;
}

void fuzz_op_starts(enum fuzz_op op, uint64_t gpa, uint64_t bytes)
{
	fuzz.op = op;
	fuzz.lo = fuzz.frontier = fuzz.cursor = gpa;
	fuzz.hi = gpa + bytes;
	fuzz.limit = op == OP_ACCEPT ? fuzz.hi : gpa;
	fuzz.budget = op == OP_UNDO ? fuzz.tdc.policy.undo : fuzz.tdc.policy.work;
	fuzz.map_over = op == OP_ACCEPT;
	fuzz.releasing = op == OP_SHARE && fuzz.tdc.td.can_release && !fuzz.tdc.policy.no_release;
	if (fuzz.releasing)
		fuzz.limit = fuzz.hi;
	fuzz.reaccepting = false;
	fuzz.expect = TDCONV_OK;
	memset(&fuzz.seen, 0, sizeof(fuzz.seen));
	fuzz.run = fuzz.module_run = fuzz.zero = fuzz.may_zero = 0;
	fuzz.never = false;
	fuzz.said = fuzz.pte_failed = false;
}

/* The operation must end, and say why. In an undo it is the request, or the page, that ends. */
static void ends(enum tdconv_status why)
{
	if (fuzz.op == OP_UNDO) {
		fuzz.run = 0;
		if (!fuzz.map_over)
			fuzz.map_over = true;
		else
			fuzz.cursor += 4096;
	} else if (fuzz.op != OP_SET) {
		fuzz.expect = why;
	}
}

static void set_pages(uint64_t from, uint64_t to, enum fuzz_page state)
{
	for (uint64_t gpa = from; gpa < to; gpa += 4096)
		fuzz.page[(gpa - FUZZ_BASE) / 4096] = state;
}

/* Of a conversion alone: each request starts where the last one ended, and none is made in vain. */
static void check_order(bool shared, uint64_t gpa, uint64_t end)
{
	PROMISE(fuzz.expect == TDCONV_OK, "nothing is asked after an answer that ends the conversion");
	PROMISE(shared == (fuzz.op == OP_SHARE), "the direction is the caller's");
	PROMISE(!fuzz.map_over && !fuzz.releasing, "MapGPA in its turn");
	PROMISE(gpa == fuzz.frontier && end <= fuzz.hi, "MapGPA goes on at the frontier and stays inside the range");
	PROMISE(fuzz.op != OP_UNSHARE || fuzz.cursor == fuzz.limit, "a chunk is accepted before more is asked for");
	if (fuzz.tdc.policy.chunk != 0)
		PROMISE(end - gpa <= fuzz.tdc.policy.chunk && (end == fuzz.hi || end % fuzz.tdc.policy.chunk == 0),
			"chunks end on multiples of the chunk size");
	else
		PROMISE(end == fuzz.hi, "the whole range is asked for");
	PROMISE(fuzz.seen.calls < fuzz.budget.calls_per_page * ((fuzz.hi - fuzz.lo) / 4096) + fuzz.budget.calls_extra,
		"calls stay within the budget");
}

static void advance(bool shared, uint64_t from, uint64_t to, uint64_t end)
{
	uint64_t pages = (to - from) / 4096;
	static const uint64_t limits[TDCONV_STEPS] = { 0, 1, 7, 63, 511, 512, 4096, UINT64_MAX };
	unsigned int step = 0;

	set_pages(from, to, shared ? PAGE_SHARED : PAGE_PRIVATE);
	while (pages > limits[step])
		step++;
	fuzz.total.steps[step]++;
	if (fuzz.op == OP_SET)
		return;
	fuzz.frontier = to;
	if (to == end && fuzz.op == OP_UNSHARE)
		fuzz.limit = to;
	if (to == fuzz.hi && (fuzz.op == OP_UNDO || fuzz.op == OP_SHARE))
		fuzz.map_over = true;
	if (fuzz.op == OP_UNDO)
		fuzz.limit = to;
	fuzz.said = to == fuzz.hi;
}

/* RETRY: what a careful guest makes of R11. */
static void judge(bool shared, uint64_t r11, uint64_t from, uint64_t end)
{
	uint64_t address = r11 & ~fuzz.s;
	bool s_right = ((r11 & fuzz.s) != 0) == shared && r11 < 2 * fuzz.s;

	/* Bits above S are no address: with or without S, that lies beyond. */
	fuzz.seen.retries++;
	fuzz.total.retries++;
	if ((r11 >= fuzz.s) != shared)
		fuzz.seen.s_mismatches++, fuzz.total.s_mismatches++;
	if (r11 % 4096 != 0)
		ends(TDCONV_E_R11_UNALIGNED);
	else if (r11 < 2 * fuzz.s && address < from)
		ends(TDCONV_E_R11_BEHIND);
	else if (r11 >= 2 * fuzz.s || address >= end)
		ends(TDCONV_E_R11_BEYOND);
	else if (!s_right && !fuzz.tdc.policy.lenient_s)
		ends(TDCONV_E_R11_SHARED_BIT);
	else if (address > from)
		advance(shared, from, address, end), fuzz.run = 0;
	else {
		fuzz.total.steps[0]++;
		fuzz.run++;
		fuzz.seen.stalls++, fuzz.total.stalls++;
		if (fuzz.run > fuzz.seen.longest_stall)
			fuzz.seen.longest_stall = fuzz.run;
		if (fuzz.run > fuzz.total.longest_stall)
			fuzz.total.longest_stall = fuzz.run;
		if (fuzz.run > fuzz.budget.stalls)
			ends(TDCONV_E_STALLED);
	}
}

static void refuse(uint64_t r10)
{
	ends(r10 == TDVMCALL_INVALID_OPERAND ? TDCONV_E_VMM_INVALID : r10 == TDVMCALL_GPA_INUSE ? TDCONV_E_VMM_INUSE :
	     r10 == TDVMCALL_ALIGN_ERROR ? TDCONV_E_VMM_ALIGN :
	     r10 == TDVMCALL_SUBFUNC_UNSUPPORTED ? TDCONV_E_VMM_UNSUPPORTED : TDCONV_E_VMM_UNKNOWN);
}

/* The VMM's answer: R10, R11 and, rarely, a TDCALL that fails. */
static void answer_map(struct tdconv_regs *r)
{
	static const uint64_t codes[] = { TDVMCALL_INVALID_OPERAND, TDVMCALL_GPA_INUSE, TDVMCALL_ALIGN_ERROR,
					  TDVMCALL_SUBFUNC_UNSUPPORTED };
	uint64_t start = r->r12, bytes = r->r13;
	uint8_t kind = fuzz_byte();

	r->rax = 0;
	r->r10 = TDVMCALL_RETRY;
	switch (kind % 8) {
	case 0:
		r->r10 = TDVMCALL_SUCCESS;
		break;
	case 1:
		r->r11 = start + 4096 * (fuzz_word(2) % (bytes / 4096 + 2));
		break;
	case 2:
		r->r11 = start;
		break;
	case 3:
		r->r11 = (start + 4096 * (uint64_t)(int8_t)fuzz_byte() + (uint64_t)(int8_t)fuzz_byte()) ^
			 (kind & 0x80 ? fuzz.s : 0);
		break;
	case 4:
		r->r11 = kind & 0x80 ? fuzz_word(8) : start + bytes + 4096 * (uint64_t)(int8_t)fuzz_byte();
		break;
	case 5:
		r->r10 = codes[kind / 8 % 4];
		break;
	case 6:
		r->r10 = fuzz_word(8);
		r->r11 = start;
		break;
	default:
		r->rax = fuzz_word(8);
		r->r10 = fuzz_byte() % 2;
		r->r11 = start;
	}
}

static void map_gpa(struct tdconv_regs *r)
{
	bool shared = (r->r12 & fuzz.s) != 0;
	uint64_t gpa = r->r12 & ~fuzz.s, end = gpa + r->r13;

	PROMISE(r->rcx == 0x3c00 && r->r10 == 0 && r->r11 == GHCI_MAP_GPA && !r->rdx && !r->r8 && !r->r9,
		"only R10 to R13 are shown");
	PROMISE(gpa % 4096 == 0 && r->r13 % 4096 == 0 && r->r13 > 0 && gpa < end, "requests are whole pages");
	PROMISE(gpa >= fuzz.lo && end <= fuzz.hi, "requests stay inside the range");
	PROMISE(fuzz.zero == 0, "what is accepted already is zeroed first");
	if (fuzz.op != OP_SET)
		check_order(shared, gpa, end);
	else
		fuzz_check_mapping(shared, gpa, end);
	set_pages(gpa, end, shared ? PAGE_ASKED_SHARED : PAGE_ASKED_PRIVATE);
	fuzz.seen.calls++;
	fuzz.total.calls++;
	answer_map(r);
	fuzz.seen.rax = r->rax;
	fuzz.seen.r10 = r->r10;
	fuzz.seen.r11 = r->r11;
	if (r->rax != 0)
		ends(TDCONV_E_MODULE);
	else if (r->r10 == TDVMCALL_SUCCESS)
		advance(shared, gpa, end, end), fuzz.run = 0;
	else if (r->r10 == TDVMCALL_RETRY)
		judge(shared, r->r11, gpa, end);
	else
		refuse(r->r10);
}

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
	return kind % 8 == 7 ? fuzz_word(8) : statuses[kind % 8];
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
static void page_ends(enum tdconv_status why)
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
			ends(TDCONV_E_RELEASE);
	} else {
		ends(fuzz.reaccepting ? TDCONV_E_RELEASE_LOST : why);
	}
}

static void page_done(uint64_t leaf, uint64_t gpa, uint64_t bytes)
{
	set_pages(gpa, gpa + bytes, leaf == TDG_MEM_PAGE_RELEASE ? PAGE_RELEASED : PAGE_PROVEN);
	if (fuzz.op == OP_SET)
		return;
	fuzz.cursor = gpa + bytes;
	if (fuzz.op == OP_SHARE && fuzz.cursor == fuzz.hi)
		fuzz.releasing = false;
	if (fuzz.reaccepting && fuzz.cursor == fuzz.limit)
		ends(TDCONV_E_RELEASE);
}

static void page_busy(void)
{
	fuzz.module_run++;
	if (fuzz.op == OP_SET) {
		fuzz.maybe_busy++;
	} else if (fuzz.seen.busy >= fuzz.budget.busy) {
		page_ends(TDCONV_E_BUSY);
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
		page_ends(TDCONV_E_ALREADY);
	else if (policy == TDCONV_ALREADY_KEEP)
		page_done(TDG_MEM_PAGE_ACCEPT, gpa, bytes);
	else
		fuzz.zero = bytes;
}

static void page_call(struct tdconv_regs *r)
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
		page_ends(code == TDX_PAGE_SIZE_MISMATCH ? TDCONV_E_ACCEPT_SIZE : TDCONV_E_ACCEPT);
}

void tdconv_os_tdcall(void *os, struct tdconv_regs *r)
{
	uint8_t gpaw;

	PROMISE(os == &fuzz, "the embedder gets its own pointer");
	if (r->rax == TDG_VP_VMCALL) {
		map_gpa(r);
	} else if (r->rax == TDG_MEM_PAGE_ACCEPT || r->rax == TDG_MEM_PAGE_RELEASE) {
		page_call(r);
	} else if (r->rax == TDG_VP_INFO) {
		gpaw = fuzz_byte();
		*r = (struct tdconv_regs){ .rcx = gpaw < 250 ? (gpaw % 2 ? 52 : 48) : gpaw };
		fuzz.s = r->rcx % 64 ? 1ull << (r->rcx % 64 - 1) : 0;
	} else {
		PROMISE(r->rax == TDG_VM_RD && r->rdx == TDX_FIELD_CONFIG_FLAGS, "a leaf that the library has use for");
		*r = (struct tdconv_regs){ .r8 = fuzz.config_flags };
	}
}

bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run)
{
	PROMISE(os == &fuzz, "the embedder gets its own pointer");
	PROMISE(run == (why == TDCONV_WAIT_VMM ? fuzz.run : fuzz.module_run) || fuzz.op == OP_SET,
		"pause is told how often in a row");
	PROMISE(why == TDCONV_WAIT_VMM ? run <= fuzz.budget.stalls || fuzz.op == OP_SET : run > 0,
		"no pause beyond the budget");
	if (fuzz_byte() != ANY_STATUS)
		return true;
	if (why == TDCONV_WAIT_MODULE) {
		fuzz.module_run = 0;
		page_ends(TDCONV_E_GIVEN_UP);
	} else {
		ends(TDCONV_E_GIVEN_UP);
	}
	return false;
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
	fuzz.never = byte == ANY_STATUS - 1;
	if (byte != ANY_STATUS)
		return fuzz.never ? TDCONV_RECORD_NEVER : TDCONV_RECORD_NONE;
	ends(TDCONV_E_DOUBLE_ACCEPT);
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
