/* SPDX-License-Identifier: MIT */
/*
 * td: the TDX module and the VMM as a guest sees them, in one freestanding core.
 *
 * The same .c files run in the monitor (bare metal), in a process, under fuzzers and in unit tests. An engine owns
 * the CPU and the memory: it brings every exit of the guest here as registers or as an access, and does what its
 * struct td_engine is asked for. td has no clock, no allocator, no global and no pointer in its storage, so an engine
 * may place that storage in memory shared with another process and finish the run from there; and there may be several
 * engines, and several TDs, in one program.
 *
 * td is not reentrant: an engine with several vCPUs holds one lock around every call.
 *
 * Units: a GPA is in bytes; "pages" are 4 KiB. S is the shared bit, 1 << (gpaw - 1).
 */
#ifndef TD_TD_H
#define TD_TD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/registers.h"
#include "td/behaviour.h"
#include "td/event.h"

#define TD_MAX_SLOTS	40
#define TD_MAX_VCPUS	16
#define TD_RTMRS	4
#define TD_MEASUREMENT	48	/* bytes of MRTD and of an RTMR: SHA-384 */

/* What stands behind a range of GPA space. Whatever lies in no slot is a hole. */
enum td_slot_kind {
	TD_SLOT_RAM,	/* has a state per page */
	TD_SLOT_ROM,	/* private and there from the start, never converted: option ROMs, a firmware's image */
	TD_SLOT_MMIO,	/* devices: shared accesses raise #VE, RequestMMIO reaches them, MapGPA succeeds without effect */
};

struct td_slot {
	uint64_t gpa;		/* page aligned, without S */
	uint64_t pages;		/* > 0; slots are sorted and do not overlap */
	uint32_t kind;		/* enum td_slot_kind */
	uint32_t pending;	/* RAM only: 0 added before the TD ran (MAPPED), 1 to be accepted first (PENDING) */
};

/* What a TD is created with, and by which module. Words and bits: abi/abi.def. */
struct td_platform {
	uint64_t attributes;		/* TDX_ATTR_* */
	uint64_t xfam;
	uint64_t config_flags;		/* TDX_CONFIG_*, apart from GPAW_52, which follows from gpaw */
	uint64_t td_ctls;		/* TDX_CTLS_* that this module lets a TD write */
	uint64_t features;		/* TDX_FEATURE_* */
	uint32_t gpaw;			/* 40 .. 52 */
	uint32_t topology;		/* 1: each vCPU was created with an x2APIC ID of its own, as ENUM_TOPOLOGY needs */
	uint32_t module[3];		/* its version: major, minor, update */
	uint32_t cores;			/* of each package; 0: there is one package. No padding: compared as bytes */
};

/* States that the TCG of any QEMU here has: x87, SSE, AVX, PKRU. */
#define TD_XFAM			0x207u
#define TD_XFAM_AVX		0x004u
#define TD_XFAM_PKRU		0x200u

/* All that module 1.5.01 sets ([mod:metadata_sys.c]). */
#define TD_FEATURES_1_5_01	0x000f0fbfull

/* What Linux with KVM and QEMU creates: platforms/kvm.platform, for engines that have no files. */
struct td_platform td_platform_kvm(void);

struct td_config {
	struct td_slot slots[TD_MAX_SLOTS];
	uint32_t nslots;
	uint32_t vcpus;			/* 1 .. TD_MAX_VCPUS */
	uint32_t undo_steps;		/* changes that td_rollback() can take back, a run of equal pages each; 0: none */
	struct td_platform platform;
	uint64_t tsc_hz;
	uint64_t seed;			/* of every chance that the behaviour takes */
	uint64_t runaway_calls;		/* consecutive MapGPA calls without a newly claimed page are more than enough;
					 * UINT64_MAX: never, and they are no part of the state */
	struct td_behaviour behaviour;
};

struct td_regs {
	uint64_t gpr[TD_GPRS];
	uint64_t rip;		/* of the instruction that exited */
	uint32_t cpl;
	bool long_mode;		/* 64-bit code segment */
};

/* What the engine must do next with the vCPU. */
enum td_action {
	TD_NEXT,	/* done: skip the instruction and go on */
	TD_AGAIN,	/* nothing was done to the registers: run the same instruction again */
	TD_NATIVE,	/* td_instruction() only: the engine emulates it as the module does, without the guest noticing */
	TD_VE,		/* inject #VE (vector 20, no error code); the details wait for TDG.VP.VEINFO.GET */
	TD_GP,		/* inject #GP(0) */
	TD_UD,		/* inject #UD */
	TD_DF,		/* inject #DF(0): a second #VE before the first was read */
	TD_HALT,	/* skip the instruction; wait until an interrupt is pending, even with RFLAGS.IF = 0 */
	TD_PARK,	/* skip the instruction; wait for an NMI, and for nothing else (HLT with interrupts blocked) */
	TD_STOP,	/* the TD is over: td_stopped() says why */
};

#define TD_STOPS(X) \
	X(RUNNING, "running", "it is not over") \
	X(STOP_FATAL_ERROR, "fatal-error", "the guest called ReportFatalError") \
	X(STOP_PRIVATE_LOST, "private-lost", \
	  "private access to memory that the TD no longer holds: EPT violation exit for good") \
	X(STOP_PENDING_ACCESS, "pending-access", "private access to a PENDING page with #VE on it disabled") \
	X(STOP_IMPLICIT, "implicit-conversion", \
	  "shared access to a page that the VMM had not shared, and it gives the TD up for that") \
	X(STOP_BAD_GPA, "bad-gpa", "access to a GPA that nothing stands behind") \
	X(STOP_NESTED_VE, "nested-ve", "an EPT violation while the last #VE had not been read: the exit has no answer") \
	X(STOP_RUNAWAY, "runaway", "MapGPA without end, see TD_V_RUNAWAY") \
	X(STOP_ENGINE, "engine", "the engine ended it: power-off, reset, idle, time")

#define TD_ENUM_STOP(id, name, meaning) TD_##id,
enum td_stop { TD_STOPS(TD_ENUM_STOP) TD_STOP_KINDS };

enum td_alias { TD_PRIVATE, TD_SHARED };
enum td_fill {
	TD_FILL_ZERO,		/* accepted: the module zeroes the page */
	TD_FILL_SCRAMBLE,	/* converted: neither the old contents nor zeroes, so that a stale read shows */
	TD_FILL_POISON,		/* shared twin of a page that has become private: a later change of it is DMA */
};

/*
 * The TD that every function here takes: the engine's functions, the engine's own pointer, which td does not touch, and
 * td's storage. The engine owns this, sets the first two, and calls td_init(); or it sets all three, to go on with the
 * storage that another engine has left. Whoever only reads a TD needs no functions.
 */
struct td {
	const struct td_engine *engine;
	void *own;
	struct td_storage *mem;
};

/*
 * What an engine supplies. gpa is always without S and within one slot. What is NULL has a default (td/engine.h): no
 * page tables, memory that keeps nothing and reads as zeroes, and a VMM that has no devices.
 *
 * map, unmap, fill: pages of one alias, at least one; poisoned, too, is asked for at least one.
 * poisoned: how many of so many private pages from gpa on, up to the first that is not, have a shared twin as
 *	TD_FILL_POISON, or the start of the run, left it.
 * private, shared: reads or writes bytes of private memory, or of shared memory, within one page.
 * port, mmio, msr, cpuid: the VMM's side of the instruction hypercalls; *value in and out. False: the VMM refuses
 *	(INVALID_OPERAND).
 * emit: one journal record; the engine fills in time and keeps it. td never reads it back.
 */
struct td_engine {
	void (*map)(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias);
	void (*unmap)(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias);
	void (*fill)(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what);
	uint64_t (*poisoned)(struct td *td, uint64_t gpa, uint64_t pages);
	void (*private)(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write);
	void (*shared)(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write);
	bool (*port)(struct td *td, uint16_t port, unsigned int size, bool write, uint32_t *value);
	bool (*mmio)(struct td *td, uint64_t gpa, unsigned int size, bool write, uint64_t *value);
	bool (*msr)(struct td *td, unsigned int vcpu, uint32_t msr, bool write, uint64_t *value);
	void (*cpuid)(struct td *td, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
	void (*emit)(struct td *td, struct td_event *event);
};

/*
 * Life.
 *
 * td_size(): bytes of storage that td_init() needs, 0 if the configuration cannot be used.
 * td_init(): builds a TD in mem, 16-byte aligned, bytes >= td_size(). Calls map() for every RAM slot that is not
 *	pending and for every ROM slot. False if the configuration cannot be used or the storage is too small.
 * td_finish(): ends the run: open conversions are judged, and every private page's shared twin is checked for DMA.
 *	May run in another process than the exits did. Idempotent.
 */
size_t td_size(const struct td_config *config);
bool td_init(struct td *td, void *mem, size_t bytes, const struct td_config *config);
void td_finish(struct td *td);

/*
 * Measurement.
 *
 * td_build_page(): between td_init() and the first exit, for each page that the VMM adds, in its order: the page at gpa
 *	enters MRTD as TDH.MEM.PAGE.ADD does, and its 4096 bytes too, as sixteen TDH.MR.EXTEND, unless contents is NULL.
 * td_build_finish(): TDH.MR.FINALIZE. A TD that was never built like this has an MRTD of zeroes.
 * td_mrtd(), td_rtmr(): TD_MEASUREMENT bytes.
 */
void td_build_page(struct td *td, uint64_t gpa, const void *contents);
void td_build_finish(struct td *td);
const uint8_t *td_mrtd(const struct td *td);
const uint8_t *td_rtmr(const struct td *td, unsigned int index);

/*
 * Exits.
 *
 * td_tdcall(): a TDCALL by vcpu; regs are the guest's and are changed as the module and the VMM would.
 * td_instruction(): an instruction that the module may reflect as #VE.
 * td_access(): an access through the EPT that found no mapping.
 */
enum td_action td_tdcall(struct td *td, unsigned int vcpu, struct td_regs *regs);

struct td_instruction {
	uint32_t reason;	/* enum ve_reason: CPUID, HLT, IO, RDMSR, WRMSR, INVD, WBINVD, VMCALL, CR_ACCESS ... */
	uint32_t length;	/* bytes */
	uint64_t qualification;	/* VMX format; IO: size-1 | in<<3 | string<<4 | rep<<5 | port<<16 */
	uint64_t rip;
	uint32_t index;		/* CPUID leaf, or MSR number */
	uint32_t subleaf;	/* CPUID only */
	uint32_t cpl;
};

/* The engine saw that a vCPU halts with the word that interrupts are blocked, where they are not: rip is where. */
void td_halt_mistaken(struct td *td, unsigned int vcpu, uint64_t rip);

/* Whether the TD has set TD_CTLS.REDUCE_VE: it has no MTRRs, no machine checks and no TSC deadline then. */
bool td_ve_reduced(const struct td *td);

enum td_action td_instruction(struct td *td, unsigned int vcpu, const struct td_instruction *in);

enum { TD_ACCESS_WRITE = 1, TD_ACCESS_FETCH = 2, TD_ACCESS_WALK = 4, TD_ACCESS_SPLIT = 8 };

struct td_access {
	uint64_t gpa;		/* with S, any offset */
	uint64_t gla;		/* linear address of the operand, 0 if the engine cannot tell */
	uint64_t rip;
	uint32_t flags;		/* TD_ACCESS_*; SPLIT: the operand began on the page before (load_unaligned_zeropad) */
};

/* A #VE of this vCPU's has information that was not read yet: the module lets no NMI in then ([mod:td_nmi_exit]). */
bool td_ve_pending(const struct td *td, unsigned int vcpu);

/* TD_AGAIN: the page is mapped now. TD_VE, TD_DF: reflected. TD_STOP: the module would end the TD. */
enum td_action td_access(struct td *td, unsigned int vcpu, const struct td_access *access);

/*
 * A device is about to use [gpa, gpa + bytes), because the guest has told it to; gpa as the device sees it, without S.
 * False: some of it is not shared, or not for all that the guest knows, and there is a record of that with this detail.
 */
bool td_device(struct td *td, unsigned int vcpu, uint64_t gpa, uint64_t bytes, uint64_t rip, uint64_t detail);

/*
 * The one GPA check of every engine: the slot that holds gpa (S ignored), or NULL for a hole. A machine address is
 * only ever computed from a slot that this returned.
 */
const struct td_slot *td_slot_of(const struct td *td, uint64_t gpa);

/* State of a page, for tests, reports and the end-of-run check. gpa without S; both are TD_*_NONE outside RAM. */
#define TD_REALS(X) \
	X(NONE, "none", "not RAM") \
	X(MAPPED, "mapped", "private, and mapped") \
	X(PENDING, "pending", "private, and not accepted") \
	X(SHARED, "shared", "not the module's") \
	X(REMOVED, "removed", "taken away by the VMM")
#define TD_KNOWNS(X) \
	X(NONE, "none", "not RAM") \
	X(PRIVATE, "private", "private since the start, or accepted") \
	X(CLAIMED_SHARED, "claimed-shared", "the VMM said that it is shared") \
	X(CLAIMED_PRIVATE, "claimed-private", "the VMM said that it is private; not accepted yet") \
	X(TO_SHARED, "to-shared", "asked for, not answered for this page yet") \
	X(TO_PRIVATE, "to-private", "the same, the other way") \
	X(UNKNOWN, "unknown", "asked for and refused: nobody may use it")

#define TD_ENUM_REAL(id, name, meaning) TD_REAL_##id,
#define TD_ENUM_KNOWN(id, name, meaning) TD_KNOWN_##id,
enum td_real { TD_REALS(TD_ENUM_REAL) TD_REAL_KINDS };
enum td_known { TD_KNOWNS(TD_ENUM_KNOWN) TD_KNOWN_KINDS };

enum td_real td_real(const struct td *td, uint64_t gpa);
enum td_known td_known(const struct td *td, uint64_t gpa);
enum td_stop td_stopped(const struct td *td);
uint64_t td_shared_bit(const struct td *td);

/*
 * Another VMM, and another seed for what it leaves to chance: for an engine that runs one guest under many, from before
 * it met any. False if td cannot run that behaviour; nothing has changed then.
 */
bool td_set_behaviour(struct td *td, const struct td_behaviour *behaviour, uint64_t seed);

/* Ends the TD from the engine's side: power-off, reset, idle. Exits after this return TD_STOP. */
void td_stop(struct td *td, enum td_stop why);

/*
 * Whether this is a TD, and every invariant of the page states holds: for fuzzers, tests, and a reader of storage that
 * others can write, who first compares the size with what the storage has. All that td does to a sane TD stays inside.
 */
bool td_sane(const struct td *td);
size_t td_bytes(const struct td *td);	/* of the storage, as the TD itself has it; 0: no TD */

/* Whether an access to this GPA (with S) finds a mapping. If not, it is td_access()'s. */
bool td_mapped(const struct td *td, uint64_t gpa);

/*
 * Says what td_finish() would say of a guest that leaves everything as it is now, and leaves it open all the same:
 * pages that were passed over, and uses that were not made good. For an engine that takes the guest back then.
 */
void td_moved_on(struct td *td);

/*
 * Going back. td_mark() remembers the present state; td_rollback() returns to it and asks the engine to map and unmap
 * accordingly, at a cost in pages touched. Contents are the engine's to restore. The mark stays. td_mark() fails
 * without undo_steps; td_rollback() fails when there were more changes than that, and then changes nothing.
 */
bool td_mark(struct td *td);
bool td_rollback(struct td *td);

/*
 * The state as a number: two TDs of one configuration with equal fingerprints behave alike from here on, whatever
 * comes, but for two chances in 2^64. What only the journal shows (numbers, counters) is not in it.
 */
uint64_t td_fingerprint(const struct td *td);

#endif
