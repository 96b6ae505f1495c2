/* SPDX-License-Identifier: MIT */
/*
 * The two questions that a conversion asks: the VMM's (MapGPA) and the module's (ACCEPT, RELEASE). The proof watches
 * here: what may be asked stands in the contract of tdconv_os_tdcall(), and what was answered goes to the ghosts.
 */
#include "abi/tdx.h"
#include "internal.h"

/*@ ghost
  @ uint64_t tdconv_s, tdconv_lo, tdconv_hi, tdconv_frontier, tdconv_said, tdconv_calls;
  @ uint64_t tdconv_cursor, tdconv_limit, tdconv_accepts, tdconv_releases, tdconv_already;
  @ int tdconv_keep;
  @*/

/* Registers for this leaf, all others 0. Field by field, so that no compiler makes a call of memset() of it. */
/*@ requires \valid(regs);
  @ assigns *regs;
  @ ensures regs->rax == leaf && regs->rcx == 0 && regs->rdx == 0 && regs->r8 == 0 && regs->r9 == 0;
  @ ensures regs->r10 == 0 && regs->r11 == 0 && regs->r12 == 0 && regs->r13 == 0;
  @*/
void tdconv_leaf(struct tdconv_regs *regs, uint64_t leaf)
{
	regs->rax = leaf;
	regs->rcx = 0;
	regs->rdx = 0;
	regs->r8 = 0;
	regs->r9 = 0;
	regs->r10 = 0;
	regs->r11 = 0;
	regs->r12 = 0;
	regs->r13 = 0;
}

/* Asks for [from, end). Only R10 to R13 are shown to the VMM, and S is added to the address, never or'ed to R11. */
/*@ requires \valid_read(tdc) && s_ok(tdc->td.shared_bit) && \valid(answer) && \separated(tdc, answer);
  @ requires tdconv_s == s_of(tdc->td.shared_bit, to) && tdc->td.shared_bit > 0;
  @ requires from == tdconv_frontier && tdconv_lo <= from < end <= tdconv_hi <= tdc->td.shared_bit;
  @ requires from % 4096 == 0 && end % 4096 == 0;
  @ requires tdconv_calls < TDCONV_U64_MAX;
  @ assigns *answer, tdconv_frontier, tdconv_said, tdconv_calls;
  @ ensures tdconv_calls == \old(tdconv_calls) + 1;
  @ ensures answer->rax == 0 && answer->r10 == 0 ==> tdconv_frontier == end && tdconv_said == end;
  @ ensures answer->rax == 0 && answer->r10 == 1 &&
  @	credible(tdc->td.shared_bit, tdc->policy.lenient_s != 0, to, answer->r11, from, end) ==>
  @	tdconv_frontier == address_of(tdc->td.shared_bit, answer->r11) && tdconv_said == \old(tdconv_said);
  @ ensures answer->rax != 0 || answer->r10 > 1 ||
  @	(answer->r10 == 1 && !credible(tdc->td.shared_bit, tdc->policy.lenient_s != 0, to, answer->r11, from, end)) ==>
  @	tdconv_frontier == from && tdconv_said == \old(tdconv_said);
  @*/
void tdconv_ask_vmm(const struct tdconv *tdc, enum tdconv_to to, uint64_t from, uint64_t end,
		    struct vmm_answer *answer)
{
	struct tdconv_regs regs;

	tdconv_leaf(&regs, TDG_VP_VMCALL);
	regs.rcx = TDCONV_VMCALL_MASK;
	regs.r11 = GHCI_MAP_GPA;
	regs.r12 = to == TDCONV_SHARED ? tdc->td.shared_bit + from : from;
	regs.r13 = end - from;
	tdconv_os_tdcall(tdc->os, &regs);
	answer->rax = regs.rax;
	answer->r10 = regs.r10;
	answer->r11 = regs.r11;
	/*@ ghost
	  tdconv_calls++;
	  if (answer->rax == 0 && answer->r10 == 0) {
		tdconv_frontier = end;
		tdconv_said = end;
	  } else if (answer->rax == 0 && answer->r10 == 1) {
		uint64_t place = answer->r11 >= tdc->td.shared_bit ? answer->r11 - tdc->td.shared_bit : answer->r11;
		if (place % 4096 == 0 && from <= place && place < end &&
		    (tdc->policy.lenient_s || (to == TDCONV_SHARED) == (answer->r11 >= tdc->td.shared_bit)))
			tdconv_frontier = place;
	  }
	*/
}

/* ACCEPT or RELEASE of one page, of 4 KiB or 2 MiB; the module's status. */
/*@ requires \valid_read(tdc);
  @ requires leaf == 6 || leaf == 30;
  @ requires size == 4096 || (size == 0x200000 && gpa % 0x200000 == 0);
  @ requires gpa == tdconv_cursor && gpa % 4096 == 0 && gpa + size <= tdconv_limit <= 0x8000000000000;
  @ requires (leaf == 6 ? tdconv_accepts : tdconv_releases) < TDCONV_U64_MAX;
  @ assigns tdconv_cursor, tdconv_accepts, tdconv_releases, tdconv_already;
  @ ensures tdconv_accepts == \old(tdconv_accepts) + (leaf == 6 ? 1 : 0);
  @ ensures tdconv_releases == \old(tdconv_releases) + (leaf == 6 ? 0 : 1);
  @ ensures code_of(\result) == 0 || (already_of(leaf, \result) && tdconv_keep != 0) ==>
  @	tdconv_cursor == gpa + size && tdconv_already == 0;
  @ ensures already_of(leaf, \result) && tdconv_keep == 0 ==> tdconv_cursor == gpa && tdconv_already == size;
  @ ensures code_of(\result) != 0 && !already_of(leaf, \result) ==> tdconv_cursor == gpa && tdconv_already == 0;
  @*/
uint64_t tdconv_ask_module(const struct tdconv *tdc, uint64_t leaf, uint64_t gpa, uint64_t size)
{
	struct tdconv_regs regs;

	tdconv_leaf(&regs, leaf);
	regs.rcx = gpa + (size == UNIT ? TDX_LEVEL_2M : TDX_LEVEL_4K);
	tdconv_os_tdcall(tdc->os, &regs);
	/*@ ghost
	  uint64_t code = regs.rax / 0x100000000;
	  if (leaf == 6)
		tdconv_accepts++;
	  else
		tdconv_releases++;
	  tdconv_already = 0;
	  if (code == 0 || (code == 0x0b0a && leaf == 6 && tdconv_keep))
		tdconv_cursor = gpa + size;
	  else if (code == 0x0b0a && leaf == 6)
		tdconv_already = size;
	*/
	return regs.rax;
}
