/* SPDX-License-Identifier: MIT */
/*
 * What the embedder of libtdconv supplies, resolved at link time: the functions tdconv_os_*(). Each takes the pointer
 * that was given to tdconv_init(). Their contracts are all that the proof assumes of embedder, VMM and module.
 *
 *	tdcall (comes with the library), pause, record, zero		everybody
 *	enter, leave, translate, set_pte, flush_tlb, flush_cache	users of tdconv_set_memory()
 *	next_shared, left_shared, and set_pte, flush_tlb, flush_cache	users of tdconv_unshare_all()
 */
#ifndef TDCONV_OS_H
#define TDCONV_OS_H

#include "tdconv_set.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The registers of a TDCALL. All others are 0 while the call lasts and are restored afterwards. Of a TDG.VP.VMCALL
 * the VMM sees R10 to R13 and nothing else (rcx = TDCONV_VMCALL_MASK).
 */
struct tdconv_regs {
	uint64_t rax, rcx, rdx, r8, r9, r10, r11, r12, r13;
};

#define TDCONV_VMCALL_MASK	0x3c00ull

/*
 * Ghosts: what the proof remembers of what was asked. They exist for Frama-C only.
 *
 * tdconv_s is what R12 of MapGPA adds to an address (S or 0), [.._lo, .._hi) the range that MapGPA may name,
 * .._frontier the first byte that the VMM has not claimed, and .._said the end of the last request that it called
 * SUCCESS. .._cursor is the only page that ACCEPT (RELEASE) may name next, below .._limit. It moves on when the
 * module says yes; if the page is accepted already (.._already bytes), only when the policy is to keep it (.._keep)
 * or when it has been zeroed. .._inside: between tdconv_os_enter() and _leave(). .._unchecked is set in linux.c and
 * nowhere else.
 */
/*@ ghost
  @ extern uint64_t tdconv_s, tdconv_lo, tdconv_hi, tdconv_frontier, tdconv_said;
  @ extern uint64_t tdconv_calls, tdconv_accepts, tdconv_releases;
  @ extern uint64_t tdconv_cursor, tdconv_limit, tdconv_already;
  @ extern int tdconv_keep, tdconv_inside, tdconv_unchecked;
  @*/

/*@ predicate tdconv_mapgpa_allowed(struct tdconv_regs r) =
  @	r.rcx == 0x3c00 && r.r10 == 0 && r.r11 == 0x10001 &&
  @	r.r12 == tdconv_s + tdconv_frontier && tdconv_lo <= tdconv_frontier &&
  @	0 < r.r13 && tdconv_frontier + r.r13 <= tdconv_hi &&
  @	tdconv_frontier % 4096 == 0 && r.r13 % 4096 == 0;
  @
  @ predicate tdconv_accept_allowed(struct tdconv_regs r) =
  @	(r.rcx == tdconv_cursor && tdconv_cursor % 4096 == 0 && tdconv_cursor + 4096 <= tdconv_limit) ||
  @	(r.rcx == tdconv_cursor + 1 && tdconv_cursor % 0x200000 == 0 && tdconv_cursor + 0x200000 <= tdconv_limit);
  @*/

/* Executes TDCALL with these registers, and gives back what it left in them. */
/*@ requires \valid(regs);
  @ requires tdconv_unchecked == 0 && regs->rax == 0 ==> tdconv_mapgpa_allowed(*regs);
  @ requires tdconv_unchecked == 0 && (regs->rax == 6 || regs->rax == 30) ==> tdconv_accept_allowed(*regs);
  @ requires regs->rax == 0 || regs->rax == 1 || regs->rax == 6 || regs->rax == 7 || regs->rax == 30;
  @ assigns *regs;
  @*/
void tdconv_os_tdcall(void *os, struct tdconv_regs *regs);

enum tdconv_wait {
	TDCONV_WAIT_VMM,	/* RETRY without progress */
	TDCONV_WAIT_MODULE,	/* the module is busy with this page */
};

/*
 * Called before a call is repeated that made no progress; run counts from 1 how often in a row. Wait a little, longer
 * as run grows: a VMM that answers RETRY at the frontier on purpose (KVM's user space may, since [kvm:3e2dec1ede0a])
 * needs time, nobody says how much. Return false to give up, for instance at a deadline.
 */
/*@ assigns \nothing; */
bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run);

enum tdconv_record {
	TDCONV_RECORD_NONE,	/* there is no record */
	TDCONV_RECORD_NEVER,	/* no page of it was ever accepted */
	TDCONV_RECORD_ACCEPTED,	/* some page of it was accepted, and not given away since */
};

/*
 * What the embedder's own bitmap of accepted pages says of [gpa, gpa + bytes), at most 2 MiB, before tdconv_accept()
 * or a conversion accepts it. Only such a record, not the module's answer, can tell a page that the VMM never removed
 * from one that it removed and gave back. Return TDCONV_RECORD_NONE if you keep none. The library asks and never
 * writes: res.proven tells what to record. tdconv_undo() does not ask.
 */
/*@ assigns \nothing; */
enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes);

/* Fill private memory with zeroes, through a private alias whatever the page tables say of it meanwhile. */
/*@ requires gpa == tdconv_cursor && bytes == tdconv_already && 0 < bytes;
  @ assigns tdconv_cursor, tdconv_already;
  @ ensures tdconv_cursor == gpa + bytes && tdconv_already == 0;
  @*/
void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes);

/*
 * The gate of tdconv_set_memory(): take the read side of a lock and return true, or return false if conversions are
 * stopped. kexec takes the write side, for good, before tdconv_unshare_all(). Not called with TDCONV_CRASH.
 */
/*@ requires tdconv_inside == 0;
  @ assigns tdconv_inside;
  @ ensures tdconv_inside == (\result ? 1 : 0);
  @*/
bool tdconv_os_enter(void *os);
/*@ requires tdconv_inside == 1;
  @ assigns tdconv_inside;
  @ ensures tdconv_inside == 0;
  @*/
void tdconv_os_leave(void *os);

/* A run of memory: where va is, and how far it goes on contiguously. */
struct tdconv_run {
	uint64_t gpa;		/* without S */
	uint64_t bytes;		/* may go beyond what was asked for */
};

/* Walks the page tables: fills in run for va, or returns false if nothing is mapped there. */
/*@ requires \valid(run);
  @ assigns *run;
  @*/
bool tdconv_os_translate(void *os, uint64_t va, struct tdconv_run *run);

enum tdconv_pte {
	TDCONV_PTE_PRIVATE,
	TDCONV_PTE_SHARED,
	TDCONV_PTE_NONE,	/* not present: tdconv_unshare_all() only */
};

/*
 * Changes S in every page table entry that maps [va, va + bytes), in each alias that the kernel may use, or removes
 * them. Returns false if it cannot, for instance without memory to split a large page. What it has changed by then is
 * set back by the library on the way to shared; on the way to private, where the memory is private already, it stays.
 */
/*@ assigns \nothing; */
bool tdconv_os_set_pte(void *os, uint64_t va, uint64_t bytes, enum tdconv_pte pte);

/* On every CPU that may have used the range. */
/*@ assigns \nothing; */
void tdconv_os_flush_tlb(void *os, uint64_t va, uint64_t bytes);
/*@ assigns \nothing; */
void tdconv_os_flush_cache(void *os, uint64_t va, uint64_t bytes);

/* The first extent that is mapped shared and lies in [va, end), or false if there is none. */
/*@ requires \valid(extent);
  @ assigns *extent;
  @*/
bool tdconv_os_next_shared(void *os, uint64_t va, uint64_t end, struct tdconv_extent *extent);

/* An extent that tdconv_unshare_all() could not make private. */
/*@ requires \valid_read(extent) && \valid_read(res);
  @ assigns \nothing;
  @*/
void tdconv_os_left_shared(void *os, const struct tdconv_extent *extent, const struct tdconv_result *res);

#ifdef __cplusplus
}
#endif
#endif
