/* SPDX-License-Identifier: MIT */
/*
 * The policy of Linux 6.12, for comparison and as a reference model: its MapGPA loop and its ACCEPT, rule for rule
 * (linux arch/x86/coco/tdx/tdx.c, tdx_map_gpa() and tdx_enc_status_changed(); tdx-shared.c, try_accept_one() and
 * tdx_accept_memory()). Do not use it to convert memory: it takes what Linux takes.
 *
 *	R11 need not be page aligned: one byte is progress, so a gibibyte allows 2^30 calls
 *	three RETRYs in a row without progress end it, at once and without a pause
 *	every status but SUCCESS and RETRY is one and the same failure, and nothing says how far it got
 *	ACCEPT of 1 GiB is tried wherever it fits, though no module takes it; any status but 0 falls to the next size
 *	a page that is busy, or accepted already, ends it
 *	nothing is undone
 *
 * Proved: no run-time error, and at most 3 calls for each byte. Not held to the obligations of the library.
 */
#ifndef TDCONV_LINUX_H
#define TDCONV_LINUX_H

#include "tdconv_os.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What Linux counts as one too many. A model with another number must be found out. */
#define TDCONV_LINUX_STALLS	3

/* What happened. Linux itself has no more than the last line. */
struct tdconv_linux {
	uint64_t calls;		/* MapGPA */
	uint64_t accepts;	/* ACCEPT, of any size */
	uint64_t reached;	/* where the loop stood: an address without S */
	bool good;
};

/*
 * As tdconv_os_tdcall(), and usually calls it. Apart, because what Linux asks for would not pass that one's contract.
 */
/*@ requires \valid(regs);
  @ assigns *regs;
  @*/
void tdconv_linux_tdcall(void *os, struct tdconv_regs *regs);

/*
 * MapGPA for [gpa, gpa + bytes), page aligned, without S, below shared_bit; then, to private, ACCEPT. stalls is
 * TDCONV_LINUX_STALLS. The result is out->good.
 */
/*@ requires \valid(out) && \separated(out, (char *)os);
  @ requires 0 < bytes && gpa + bytes <= shared_bit && 0x200000 <= shared_bit <= 0x8000000000000 && 0 < stalls;
  @ requires gpa % 4096 == 0 && bytes % 4096 == 0;
  @ assigns *out;
  @ ensures out->calls <= stalls * bytes;
  @*/
bool tdconv_linux_convert(void *os, uint64_t shared_bit, uint64_t gpa, uint64_t bytes, enum tdconv_to to,
			  uint32_t stalls, struct tdconv_linux *out);

#ifdef __cplusplus
}
#endif
#endif
