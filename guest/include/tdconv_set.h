/* SPDX-License-Identifier: MIT */
/*
 * libtdconv for virtual memory: what a kernel's set_memory_decrypted() and set_memory_encrypted() do, and what it
 * must do before a kexec. Built on tdconv.h; page tables, TLBs and locks are the embedder's (tdconv_os.h).
 */
#ifndef TDCONV_SET_H
#define TDCONV_SET_H

#include "tdconv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A piece of the range that is contiguous in both spaces. */
struct tdconv_extent {
	uint64_t va, gpa, bytes;
	enum tdconv_state state;	/* afterwards; UNKNOWN: the quarantine list has all of it or a part */
};

/* Storage of the caller's, and what happened. */
struct tdconv_set {
	struct tdconv_extent *extents;
	uint32_t room;			/* extents that there is room for */
	uint32_t count;			/* extents found */
	struct tdconv_quarantine lost;	/* room for as many entries as extents, at least */

	uint32_t failed;		/* the extent whose conversion failed, and its result; count if none did */
	struct tdconv_result cause;
};

enum {
	TDCONV_CRASH = 1,	/* nobody else runs, locks may be held for ever: do not wait at the gate */
	TDCONV_KEEP = 2,	/* to private: after a failure keep what is proven private, do not share it again */
};

/*
 * Converts [va, va + bytes), which need not be contiguous physically. All of it is translated before anything is
 * touched, neighbours are merged into one MapGPA, and the order is the one in which a shared mapping of a private
 * page may exist for a moment, which is recoverable, and a private mapping of a page that is not proven never does:
 *
 *	to shared	flush caches, page tables to shared, flush TLB, convert
 *	to private	flush caches, convert and accept, page tables to private, flush TLB
 *
 * After a failure the extents are taken back in reverse: to shared, with tdconv_undo(), and proven pages are mapped
 * private again; to private, by sharing them again (or see TDCONV_KEEP). What could not be taken back is in the
 * quarantine list and stays mapped shared. So is, as a whole, an extent whose page tables cannot be set back to
 * private: page tables that do not say what the memory is make it nobody's. On return each extent's state is set.
 */
enum tdconv_status tdconv_set_memory(struct tdconv *tdc, uint64_t va, uint64_t bytes, enum tdconv_to to,
				     unsigned int flags, struct tdconv_set *set);

/* What tdconv_unshare_all() did. */
struct tdconv_unshare {
	uint64_t extents, failed;	/* extents found shared; of those, not made private */
	uint64_t pages, failed_pages;
	uint64_t expected_pages;	/* what the caller's statistics said was shared */
	uint64_t still_mapped;		/* extents of which tdconv_os_set_pte() did not remove the mapping */
};

/*
 * Before a kexec, and in a crash: everything that is shared in [va, end) is made private, because the next kernel
 * dies of the first shared page that it takes for private. Per extent: page tables first (TDCONV_PTE_NONE, so that
 * nothing can touch it), then convert and accept. It waits for nobody, and goes on after a failure, which is reported
 * with tdconv_os_left_shared(). expected: tdconv_stats_shared_now() of all CPUs; compare it with pages. The caller
 * has closed its gate before (see tdconv_os_enter()), or did not get it and is alone; interrupts are off if their
 * handlers may use shared memory.
 *
 * An extent that tdconv_os_set_pte() does not unmap is made private all the same: memory that stays shared is a
 * certain loss, a mapping that nobody should use any more is a risk, namely that a stray access shares the page again.
 *
 * TDCONV_OK, or TDCONV_E_LEFT_SHARED if an extent failed, or else TDCONV_E_PTE if one is still mapped.
 * TDCONV_E_TRANSLATE: tdconv_os_next_shared() gave an extent that is empty, no whole pages or not in what is left of
 * [va, end). It is not touched, and the walk ends there, because it would not end otherwise: what lies behind may
 * still be shared.
 */
enum tdconv_status tdconv_unshare_all(struct tdconv *tdc, uint64_t va, uint64_t end, uint64_t expected,
				      struct tdconv_unshare *res);

#ifdef __cplusplus
}
#endif
#endif
