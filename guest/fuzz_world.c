/* SPDX-License-Identifier: MIT */
/* What the parts of the fuzzed world share: the input, the operation, the way it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "guest/fuzz.h"

#define GIVE_UP		0xff

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
	fuzz.shared = (int64_t)(fuzz.tdc.stats.shared_pages - fuzz.tdc.stats.unshared_pages);
}

/* The operation must end, and say why. In an undo it is the request, or the page, that ends. */
void fuzz_ends(enum tdconv_status why)
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

void fuzz_set_pages(uint64_t from, uint64_t to, enum fuzz_page state)
{
	for (uint64_t gpa = from; gpa < to; gpa += 4096)
		fuzz.page[(gpa - FUZZ_BASE) / 4096] = state;
}

void tdconv_os_tdcall(void *os, struct tdconv_regs *r)
{
	uint8_t gpaw;

	PROMISE(os == &fuzz, "the embedder gets its own pointer");
	if (r->rax == TDG_VP_VMCALL) {
		fuzz_map_gpa(r);
	} else if (r->rax == TDG_MEM_PAGE_ACCEPT || r->rax == TDG_MEM_PAGE_RELEASE) {
		fuzz_page_call(r);
	} else if (r->rax == TDG_VP_INFO) {
		PROMISE(!r->rcx && !r->rdx && !r->r8 && !r->r9 && !r->r10 && !r->r11 && !r->r12 && !r->r13, "no operands");
		gpaw = fuzz_byte();
		*r = (struct tdconv_regs){ .rcx = gpaw < 250 ? (gpaw % 2 ? 52 : 48) : gpaw };
		fuzz.s = r->rcx % 64 ? 1ull << (r->rcx % 64 - 1) : 0;
	} else {
		PROMISE(r->rax == TDG_VM_RD && r->rdx == TDX_FIELD_CONFIG_FLAGS && !r->rcx && !r->r8,
			"a leaf and a field that the library has use for");
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
	if (fuzz_byte() != GIVE_UP)
		return true;
	if (why == TDCONV_WAIT_MODULE) {
		fuzz.module_run = 0;
		fuzz_page_ends(TDCONV_E_GIVEN_UP);
	} else {
		fuzz_ends(TDCONV_E_GIVEN_UP);
	}
	return false;
}
