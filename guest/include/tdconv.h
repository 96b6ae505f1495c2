/* SPDX-License-Identifier: MIT */
/*
 * libtdconv: memory of an Intel TDX guest, from private to shared and back.
 *
 * A page of a TD is private (the TDX module encrypts it and vouches for it) or shared (the VMM can read and write
 * it). To change that, a guest asks the VMM with TDG.VP.VMCALL<MapGPA>. The VMM may do a part and say RETRY, may make
 * no progress for a while, may refuse, and may lie. This library is the loop that survives all of it. It needs no
 * libc, no allocator, no globals and no floating point; everything it touches is an argument. This header is its
 * manual.
 *
 *	struct tdconv tdc;
 *	struct tdconv_result res;
 *
 *	if (tdconv_init(&tdc, NULL) != TDCONV_OK)
 *		panic("no TD");
 *	if (tdconv_convert(&tdc, gpa, bytes, TDCONV_SHARED, &res) != TDCONV_OK)
 *		leak(gpa, bytes);	// never back to the allocator: res says what is known about which part
 *
 * WHO IS BELIEVED
 *
 * MapGPA is answered by the VMM: its word is a *claim*. MEM.PAGE.ACCEPT and MEM.PAGE.RELEASE are answered by the TDX
 * module: their word is *proof*. So the two directions are not alike:
 *
 *	to private	every page is accepted, so success is proven page by page
 *	to shared	success is what the VMM claims; if it lies, no device data arrives, and nothing leaks
 *
 * The types keep them apart: struct tdconv_claimed and struct tdconv_proven do not mix. What a conversion never
 * preserves, in either direction, is the contents of the memory.
 *
 * UNITS AND OWNERSHIP
 *
 * A gpa is a guest physical address in bytes, page aligned, *without* the shared bit S; the library adds S where it
 * belongs. Sizes are in bytes, multiples of 4096, not 0. All storage is the caller's and is not kept after a call.
 * One struct tdconv belongs to one CPU, or to one lock: the library does not lock it. Different CPUs may convert
 * different ranges at the same time, each with its own struct tdconv; two conversions of one page at the same time
 * are a bug of the caller, and no 2 MiB unit should be worked on by two CPUs, because the module locks whole units
 * (tdconv_unit_end()).
 *
 * WHAT THE EMBEDDER SUPPLIES
 *
 * The functions tdconv_os_*() of tdconv_os.h, at link time; each takes the pointer that was given to tdconv_init().
 * The first four are enough for tdconv_convert(), tdconv_accept() and tdconv_undo(). tdconv_os_tdcall() comes with
 * the library (tdcall.S); supply your own to put something else in the place of the TDX module, as tests do.
 *
 * WHAT IS PROVED
 *
 * The comments that start with @ are contracts in ACSL. `make prove` discharges them with Frama-C for every VMM,
 * every answer of the module and every embedder that keeps to the contracts of tdconv_os_*(). A C compiler ignores
 * them.
 */
#ifndef TDCONV_H
#define TDCONV_H

#include "tdconv_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TDCONV_VERSION	"1.0"
#define TDCONV_PAGE	4096ull
#define TDCONV_2M	0x200000ull

/* The direction of a conversion. */
enum tdconv_to {
	TDCONV_PRIVATE,
	TDCONV_SHARED,
};

/*
 * Status. Every function that can fail returns one of these, and the result structure has it too, with the raw
 * registers. tdconv_strstatus() gives a short sentence, tdconv_class() says whose doing it is.
 */
enum tdconv_status {
	/* All of it was done: claimed by the VMM (to shared) or proven by the module (to private). */
	TDCONV_OK,

	/*
	 * The request is not one: no bytes, not page aligned, S or a bit beyond it set in the address, reaching S or
	 * wrapping around, an unknown direction, a policy whose chunk is not a multiple of 4096. Nothing was done.
	 */
	TDCONV_E_ARGUMENT,

	/* tdconv_init(): TDG.VP.INFO failed, or the GPA width makes no sense. tdc->td.rax is the module's status. */
	TDCONV_E_NO_TD,

	/* TDG.VP.VMCALL itself failed: the module did not ask the VMM. res.rax is its status. A bug in one of us. */
	TDCONV_E_MODULE,

	/*
	 * The VMM said no; res.r10 is its answer, unchanged. How much of the range it changed before that is unknown.
	 * INVALID: INVALID_OPERAND, also what many VMMs say to everything. INUSE: GPA_INUSE. ALIGN: ALIGN_ERROR.
	 * UNSUPPORTED: no MapGPA in this VMM, so no conversion will ever work. UNKNOWN: a code that GHCI does not
	 * have.
	 */
	TDCONV_E_VMM_INVALID,
	TDCONV_E_VMM_INUSE,
	TDCONV_E_VMM_ALIGN,
	TDCONV_E_VMM_UNSUPPORTED,
	TDCONV_E_VMM_UNKNOWN,

	/*
	 * The VMM said RETRY, and R11 (res.r11, raw) is not a place to go on from: inside a page, before the first
	 * byte that is not done yet, at or beyond the end of the request, or with S set (clear) when the request was
	 * to private (shared). That is an error of the VMM's, or an attack; it is never taken for success.
	 */
	TDCONV_E_R11_UNALIGNED,
	TDCONV_E_R11_BEHIND,
	TDCONV_E_R11_BEYOND,
	TDCONV_E_R11_SHARED_BIT,

	/* RETRY without progress, more often in a row than the budget allows. The VMM may be busy: try again later. */
	TDCONV_E_STALLED,

	/* The budget of MapGPA calls is used up although every RETRY made some progress: a slow VMM, or a mean one. */
	TDCONV_E_CALLS,

	/* tdconv_os_pause() said that it has waited long enough. */
	TDCONV_E_GIVEN_UP,

	/* ACCEPT was refused for a reason that no other status names; res.rax is the module's status. */
	TDCONV_E_ACCEPT,

	/* ACCEPT of 4 KiB: size mismatch. There is no smaller size; known from TDs that were migrated. */
	TDCONV_E_ACCEPT_SIZE,

	/* The module stayed busy longer than the budget allows. The page can be tried again later. */
	TDCONV_E_BUSY,

	/*
	 * The module says that the page is accepted already, and the policy makes that an error. In memory that
	 * nobody accepted before, the VMM lied about the memory map or put a page there before the TD was measured.
	 */
	TDCONV_E_ALREADY,

	/* The embedder's own record says that the page was accepted before. The module was not asked. */
	TDCONV_E_DOUBLE_ACCEPT,

	/*
	 * RELEASE failed (res.rax: no private page is there, EPT_ENTRY_FREE; one that was never accepted, or a device's,
	 * EPT_ENTRY_STATE_INCORRECT; a larger one, PAGE_SIZE_MISMATCH: 2 MiB are released whole, or shared with
	 * no_release), and what had been released was accepted again, zeroed: the range is as private as it was. Nothing
	 * was asked of the VMM.
	 */
	TDCONV_E_RELEASE,

	/* RELEASE failed, and so did accepting again: the range must be quarantined, tdconv_undo() may help. */
	TDCONV_E_RELEASE_LOST,

	/* tdconv_undo(): not everything could be proven private again. The quarantine list says what. */
	TDCONV_E_QUARANTINE,

	/* Conversions are stopped (kexec, crash): what a kernel calls -EBUSY. Nothing was done. */
	TDCONV_E_STOPPED,

	/* tdconv_os_translate() does not know the address, or said nonsense. Nothing was done. */
	TDCONV_E_TRANSLATE,

	/* The range has more extents than the caller's array has room for. Nothing was done; split the range. */
	TDCONV_E_EXTENTS,

	/*
	 * tdconv_os_set_pte() refused. To shared: nothing was converted. To private: all of the memory is private, and
	 * some may still be mapped shared; do not use it, the same call again may finish it.
	 */
	TDCONV_E_PTE,

	/* tdconv_unshare_all(): some extents could not be made private; they were reported one by one. */
	TDCONV_E_LEFT_SHARED,

	TDCONV_STATUSES
};

/* Whose doing a status is, and so what may help. */
enum tdconv_class {
	TDCONV_CLASS_OK,
	TDCONV_CLASS_CALLER,	/* a bug in the caller or the embedder */
	TDCONV_CLASS_SLOW,	/* the VMM makes progress, but not within the budget: give it more time */
	TDCONV_CLASS_REFUSED,	/* the VMM said no: ask for something else */
	TDCONV_CLASS_HOSTILE,	/* the VMM broke the protocol: do not go on with it */
	TDCONV_CLASS_MODULE,	/* the TDX module said no */
	TDCONV_CLASS_LOST,	/* memory had to be given up */
};

const char *tdconv_strstatus(enum tdconv_status status);
enum tdconv_class tdconv_class(enum tdconv_status status);

/* Bytes that the VMM says it has converted. Nobody else vouches for them. */
struct tdconv_claimed {
	uint64_t bytes;
};

/* Bytes of which the TDX module says that they are private and in use by this TD alone. */
struct tdconv_proven {
	uint64_t bytes;
};

/* What is known about a range. */
enum tdconv_state {
	TDCONV_STATE_UNTOUCHED,	/* as it was before the call */
	TDCONV_STATE_PRIVATE,	/* proven by the module */
	TDCONV_STATE_SHARED,	/* claimed by the VMM */
	TDCONV_STATE_UNKNOWN,	/* touch neither alias, give it to nobody: tdconv_undo() or quarantine */
};

/* A budget: how much a conversion may cost before it gives up. All counts are exact. */
struct tdconv_budget {
	uint32_t stalls;	/* RETRYs in a row without progress that are survived; one more is TDCONV_E_STALLED */
	uint32_t calls_extra;	/* MapGPA calls allowed: calls_per_page for each page, plus this many */
	uint16_t calls_per_page;
	uint32_t busy;		/* answers "busy" of the module that are survived, over the whole request */
};

/* What to do when the module says PAGE_ALREADY_ACCEPTED: the page is private, but holds what it held before. */
enum tdconv_already {
	TDCONV_ALREADY_ZERO,	/* tdconv_os_zero() it, as ACCEPT would have done, and go on */
	TDCONV_ALREADY_KEEP,	/* go on; whoever gets the memory sees the old contents */
	TDCONV_ALREADY_ERROR,	/* TDCONV_E_ALREADY */
};

/*
 * The caller's choices. tdconv_init() fills in the defaults, which README and docs justify; change them before use.
 *
 * chunk: bytes per MapGPA at most, a multiple of 4096; 0 is the whole range in one call, the default. The caller who
 *	knows the hypervisor decides. Chunks end on multiples of the chunk size. KVM works in steps of 2 MiB, so a
 *	chunk of 2 MiB bounds the time without interrupts; a smaller one only costs calls. To private, each chunk is
 *	accepted before the next one is asked for.
 * lenient_s: take a RETRY whose R11 has the wrong S (counted in the statistics). The address in it must be right all
 *	the same, and S of the next request comes from the direction, never from R11. Intel's KVM of 2022 stripped S.
 * no_release: do not RELEASE pages before sharing them although the module can.
 * already: what to do with a page that is accepted already when it is converted to private. The VMM may have kept the
 *	old private page, which is legitimate.
 * already_boot: the same for memory that was never accepted. A page that is there already is a forged memory map,
 *	unless the embedder's record says that it never accepted it: then it is zeroed.
 */
struct tdconv_policy {
	struct tdconv_budget work;
	struct tdconv_budget undo;	/* of tdconv_undo() */
	uint64_t chunk;
	bool lenient_s;
	bool no_release;
	enum tdconv_already already;
	enum tdconv_already already_boot;
};

/* What the TDX module says about this TD. Constant. */
struct tdconv_td {
	uint64_t shared_bit;	/* S as a number: 1 << (gpaw - 1); also the end of GPA space as the guest uses it */
	uint64_t attributes;
	uint64_t rax;		/* of TDG.VP.INFO */
	uint32_t gpaw;
	bool can_release;	/* CONFIG_FLAGS bit 6: TDG.MEM.PAGE.RELEASE exists */
};

/*
 * What happened, and what is known afterwards. Filled in by every function that takes one, whatever it returns.
 *
 * The range falls into a head, [gpa, gpa + head), and the rest. After TDCONV_OK the head is everything. After a
 * failure to private the head is what was accepted, and the rest is UNKNOWN as a whole, not only from where the VMM
 * stopped: the VMM may have taken away any page of it. After a failure to shared everything is UNKNOWN. Quarantine
 * what is UNKNOWN, or call tdconv_undo() over it.
 */
struct tdconv_result {
	enum tdconv_status status;
	enum tdconv_to to;
	uint64_t gpa, bytes;		/* the request */

	uint64_t rax;			/* of the last TDCALL, raw */
	uint64_t r10, r11;		/* of the last MapGPA, raw; 0 if there was none */

	struct tdconv_claimed claimed;	/* length of the prefix that the VMM claims */
	struct tdconv_proven proven;	/* how much the module vouches for; but for tdconv_undo() it is a prefix */
	uint64_t lost;			/* tdconv_undo(): bytes in quarantine; proven + lost = bytes */

	uint64_t head;			/* bytes */
	enum tdconv_state head_state, rest_state;

	uint64_t calls;			/* MapGPA */
	uint64_t retries;		/* of those, answered RETRY */
	uint64_t stalls;		/* of those, without progress */
	uint64_t longest_stall;		/* most stalls in a row */
	uint64_t s_mismatches;		/* RETRYs whose R11 had the wrong S */
	uint64_t accepts;		/* ACCEPT, of any size, whatever the answer */
	uint64_t releases;		/* RELEASE, likewise */
	uint64_t busy;			/* of those, answered busy */
	uint64_t mismatches;		/* of those, 2 MiB refused because the page is mapped in smaller ones */
	uint64_t already;		/* bytes that were accepted already */
};

/*
 * Statistics: what happened through one struct tdconv since tdconv_init(). Counters stop at their maximum. To look at
 * a running system, sum up with tdconv_stats_add(): reading another CPU's counters is safe and at most one call
 * behind. The library prints nothing and calls nobody to print: every call returns all that is to be said, and only
 * the embedder knows how much of it a log should take from a VMM.
 *
 * Large and small ACCEPTs are not counted apart, because the sums say it: accepts - busy - mismatches of them accepted
 * accepted_pages, 512 or 1 each.
 */
#define TDCONV_STEPS	8

struct tdconv_stats {
	uint64_t conversions, failed;
	uint64_t by_status[TDCONV_STATUSES];
	uint64_t calls, retries, stalls, longest_stall, s_mismatches;
	uint64_t steps[TDCONV_STEPS];	/* answers by pages claimed: 0, 1, <8, <64, <512, 512, <=4096, more */
	uint64_t accepts, releases, busy, mismatches;
	uint64_t already_pages, accepted_pages, quarantined_pages;
	uint64_t undone, undo_failed;
	uint64_t shared_pages;		/* claimed shared, ever */
	uint64_t unshared_pages;	/* taken back from shared, ever; shared now = the difference of the sums */
};

struct tdconv {
	void *os;			/* handed to every tdconv_os_*() */
	struct tdconv_td td;
	struct tdconv_policy policy;
	struct tdconv_stats stats;
	uint32_t small_units;		/* 2 MiB units to do in 4 KiB pages before 2 MiB is tried again */
	uint32_t backoff;		/* what small_units will be after the next mismatch */
};

/*
 * Asks the module what this TD is (TDG.VP.INFO, TDG.VM.RD), sets the default policy and clears the statistics. Cheap:
 * do it once per CPU, or copy the structure.
 */
enum tdconv_status tdconv_init(struct tdconv *tdc, void *os);

/*
 * Converts [gpa, gpa + bytes). To private: MapGPA, then ACCEPT of every page; the caller may map it private
 * afterwards, not before. To shared: RELEASE where the module can, then MapGPA; the caller has it mapped shared
 * before, and has flushed TLBs and caches. (tdconv_set_memory() does both.)
 *
 * At most calls_per_page * pages + calls_extra MapGPA calls, and 2 * pages + busy ACCEPTs. ACCEPT (RELEASE) starts at
 * 2 MiB and falls back to 4 KiB where the VMM has mapped no more. 1 GiB is not tried: the module has no ACCEPT of that
 * size (a level above 2 MiB is OPERAND_INVALID), and a try would cost a call per request.
 */
enum tdconv_status tdconv_convert(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, enum tdconv_to to,
				  struct tdconv_result *res);

/*
 * Accepts memory that was never accepted, as firmware lists it at boot. No MapGPA. To do it lazily or with several
 * CPUs, call it on pieces that end where tdconv_unit_end() says; after a failure the next piece starts at res.gpa +
 * res.proven.bytes.
 */
enum tdconv_status tdconv_accept(struct tdconv *tdc, uint64_t gpa, uint64_t bytes, struct tdconv_result *res);

/* End of the 2 MiB unit that gpa lies in, or end if that comes first. */
uint64_t tdconv_unit_end(uint64_t gpa, uint64_t end);

/* Memory that is lost until somebody proves otherwise. Not a range to give to an allocator: hence its own type. */
struct tdconv_lost {
	uint64_t lost_gpa;
	uint64_t lost_bytes;
};

/* The caller's array. Entries are appended, sorted by address and apart from each other within one undo. */
struct tdconv_quarantine {
	struct tdconv_lost *list;
	uint32_t room;		/* entries that there are */
	uint32_t count;		/* entries in use */
};

/*
 * After a failure in either direction that left memory UNKNOWN (failed->rest_state): makes the whole range of it
 * private again as far as the module confirms it. Asks for all of it (MapGPA, with the budget policy.undo), then
 * accepts page by page what the VMM claims to have given back. What is not accepted goes to the quarantine list. If
 * the list is full, its last entry grows, and pages in between that are well count as lost too. So res.proven +
 * res.lost = bytes, always, and every page is either accepted or listed. Contents are gone.
 *
 * The list needs room for one more entry at least. Returns TDCONV_OK if nothing is lost, else TDCONV_E_QUARANTINE,
 * whatever the cause was; the cause shows in r10, r11 and rax. To share a range again after a failure to private,
 * convert it to shared instead. TDCONV_E_ARGUMENT: there is nothing to undo, or no room.
 */
enum tdconv_status tdconv_undo(struct tdconv *tdc, const struct tdconv_result *failed, struct tdconv_quarantine *list,
			       struct tdconv_result *res);

void tdconv_stats_clear(struct tdconv_stats *stats);

/* Adds one to sum: clear sum first, add the structure of each CPU. Maxima are maxima, the rest are sums. */
void tdconv_stats_add(struct tdconv_stats *sum, const struct tdconv_stats *one);

/* Pages that are shared now, of the summed statistics. */
uint64_t tdconv_stats_shared_now(const struct tdconv_stats *sum);

#ifdef __cplusplus
}
#endif
#endif
