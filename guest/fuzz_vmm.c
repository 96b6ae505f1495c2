/* SPDX-License-Identifier: MIT */
/* What the fuzzed VMM answers, and what it may be asked. */
#include "abi/tdx.h"
#include "guest/fuzz.h"

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

	fuzz_set_pages(from, to, shared ? PAGE_SHARED : PAGE_PRIVATE);
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
		fuzz_ends(TDCONV_E_R11_UNALIGNED);
	else if (r11 < 2 * fuzz.s && address < from)
		fuzz_ends(TDCONV_E_R11_BEHIND);
	else if (r11 >= 2 * fuzz.s || address >= end)
		fuzz_ends(TDCONV_E_R11_BEYOND);
	else if (!s_right && !fuzz.tdc.policy.lenient_s)
		fuzz_ends(TDCONV_E_R11_SHARED_BIT);
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
			fuzz_ends(TDCONV_E_STALLED);
	}
}

static void refuse(uint64_t r10)
{
	fuzz_ends(r10 == TDVMCALL_INVALID_OPERAND ? TDCONV_E_VMM_INVALID : r10 == TDVMCALL_GPA_INUSE ? TDCONV_E_VMM_INUSE :
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
		r->r11 = kind & 0x80 ? fuzz_word(8) : kind & 0x40 ? fuzz.s * (kind >> 4 & 3) :
			 start + bytes + 4096 * (uint64_t)(int8_t)fuzz_byte();
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

void fuzz_map_gpa(struct tdconv_regs *r)
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
	fuzz_set_pages(gpa, end, shared ? PAGE_ASKED_SHARED : PAGE_ASKED_PRIVATE);
	fuzz.seen.calls++;
	fuzz.total.calls++;
	answer_map(r);
	fuzz.seen.rax = r->rax;
	fuzz.seen.r10 = r->r10;
	fuzz.seen.r11 = r->r11;
	if (r->rax != 0)
		fuzz_ends(TDCONV_E_MODULE);
	else if (r->r10 == TDVMCALL_SUCCESS)
		advance(shared, gpa, end, end), fuzz.run = 0;
	else if (r->r10 == TDVMCALL_RETRY)
		judge(shared, r->r11, gpa, end);
	else
		refuse(r->r10);
}
