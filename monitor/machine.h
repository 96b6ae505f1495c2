/* SPDX-License-Identifier: MIT */
/*
 * What the monitor and the command agree on: the machine's memory, the configuration that goes in and the status that
 * comes out. Both sides compile this and machine.c.
 *
 * QEMU's RAM is one file that the command holds too (a memfd), so the journal and td's storage are read straight from
 * it, also after QEMU has died. Three parts:
 *
 *   shared bank    machine address = GPA, so that QEMU's devices do DMA unaided
 *   private bank   the same pages again, at a fixed distance per RAM slot
 *   reserve        the monitor, its page tables, td's storage, the journal ring
 *
 * QEMU's q35 puts all RAM below 4 GiB if it is less than 2.75 GiB, else 2 GiB there and the rest from 4 GiB on
 * (qemu hw/i386/pc_q35.c, pc_q35_init). Up to 1.3 GiB of guest memory everything is contiguous; beyond, the guest has
 * a second slot at 4 GiB and both private banks lie behind it.
 *
 * A guest that starts with firmware has it always so: half of its memory is above 4 GiB, because TDVF accepts all that
 * lies below and leaves the rest to the kernel. The firmware's image, which ends at 4 GiB, has a private bank only.
 */
#ifndef MONITOR_MACHINE_H
#define MONITOR_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/tdvf.h"
#include "td/explore.h"
#include "td/td.h"

#define MACHINE_4G		0x100000000ull
#define MACHINE_RESERVE		(160ull << 20)	/* 2 MiB aligned in place */
#define MACHINE_STATUS_BYTES	4096ull
#define MACHINE_JOURNAL_BYTES	(64ull << 20)
#define MACHINE_MIN_GUEST	(128ull << 20)
#define MACHINE_MAX_GUEST	(8ull << 30)

/* A RAM slot of the guest and where its two banks are. */
struct machine_ram {
	uint64_t gpa;		/* also the machine address of the shared bank */
	uint64_t bytes;
	uint64_t bank;		/* machine address of the private bank */
};

struct machine {
	uint64_t ram_bytes;	/* of QEMU: -m */
	uint64_t low_bytes;	/* of those, below 4 GiB */
	uint64_t reserve;	/* machine address; MACHINE_RESERVE bytes; struct monitor_status, then the journal ring, then
				 * what the monitor likes. The topmost MiB below 4 GiB is left to SeaBIOS, behind the reserve. */
	struct machine_ram ram[2];
	uint32_t nram;		/* 1 or 2 */
	uint32_t pad;
	struct machine_ram image;	/* of firmware: bytes is 0 without */
	struct tdvf_image firmware;	/* its sections; nothing without */
};

/* False if guest_bytes is not a multiple of 2 MiB within MACHINE_MIN_GUEST .. MACHINE_MAX_GUEST. */
bool machine_layout(struct machine *machine, uint64_t guest_bytes);

/* The same for a guest that starts with this firmware. */
bool machine_layout_firmware(struct machine *machine, uint64_t guest_bytes, const struct tdvf_image *firmware);

/* Offset in the RAM file of a machine address that is RAM. */
uint64_t machine_file_offset(const struct machine *machine, uint64_t address);

/* fw_cfg files that the command adds to QEMU's. */
#define MACHINE_FILE_CONFIG	"opt/tdlab/config"
#define MACHINE_FILE_FIRMWARE	"opt/tdlab/firmware"
#define MACHINE_FILE_KERNEL	"opt/tdlab/kernel"
#define MACHINE_FILE_INITRD	"opt/tdlab/initrd"

/*
 * A second serial port that leads nowhere: what the guest writes there is in the journal (TD_EV_TEXT). COM4, because
 * firmware talks on COM1 and COM2 (OvmfPkg/Library/PlatformBootManagerLib), and because Linux looks for it by itself
 * (linux arch/x86/include/asm/serial.h).
 */
#define MACHINE_UART		0x2e8
#define MACHINE_UART_INDEX	3	/* from 0, as QEMU and Linux count: /dev/ttyS3 */

/*
 * Detail of a finding about what the guest told a virtio device to use: the function on PCI's bus 0, what it was to be,
 * the queue, and the descriptor that the available ring named. Never 0.
 */
enum { MACHINE_DMA_DESC, MACHINE_DMA_AVAIL, MACHINE_DMA_USED, MACHINE_DMA_INDIRECT, MACHINE_DMA_BUFFER,
       MACHINE_DMA_KINDS };
#define MACHINE_DMA(function, what, queue, descriptor)	(1ull << 63 | (uint64_t)(function) << 40 | \
							 (uint64_t)(what) << 32 | (uint64_t)(queue) << 16 | (descriptor))

/* Where the command puts the second user of the disk in a run that is to be repeated (monitor/settle.h). */
#define MACHINE_SETTLE_DEVICE	0x1e
#define MACHINE_SETTLE_FUNCTION	7

#define MONITOR_CONFIG_MAGIC	0x3167666362616c74ull	/* "tlabcfg1" */
#define MONITOR_STATUS_MAGIC	0x3174617462616c74ull	/* "tlabtat1" */
#define MONITOR_CMDLINE_BYTES	2048
#define MONITOR_MESSAGE_BYTES	256

enum {
	MONITOR_TRACE_EXITS = 1,	/* a TD_EV_EXIT for every exit */
	MONITOR_HIDE_CX16 = 2,		/* QEMU before 10 loses RFLAGS around cmpxchg16b */
	MONITOR_ALIAS_BANKS = 4,	/* test only: both aliases of a page are the same memory (tests/alias.bats) */
};

/* Many answers against one guest: monitor/explore.h. */
struct monitor_explore {
	uint32_t depth;		/* answers chosen per sequence, at most EXPLORE_MAX_DEPTH; 0: not explored */
	uint32_t to_shared;	/* the first MapGPA of this direction ... */
	uint64_t min_pages;	/* ... and at least this size is where it happens */
	uint64_t sequences;	/* stop after so many; 0: all of them */
	uint32_t shard, shards;	/* td_explore_shard(); shards 0: the whole */
	uint64_t seed, random;	/* so many sequences drawn; 0: all there are */

	/* A sequence that was run before: it is run once more, and then what comes after it. */
	uint32_t resumed, depth_then;
	uint8_t taken[TD_EXPLORE_DEPTH];
	uint64_t dealt, number;
	uint32_t ours;

	uint32_t ordered;	/* the first sequence is in order; 1: and each other when the command has written it */
	struct monitor_order {
		uint64_t number;	/* 1, 2, 3 ... */
		uint32_t count;		/* 0: no more */
		uint8_t answers[TD_EXPLORE_DEPTH];
	} order;
};

/*
 * TD_EV_SEQUENCE, at the end of each. a[0]: the choices taken, in EXPLORE_ANSWER_BITS each, the first lowest; a[3]: the
 * answers, in the same way. a[1]: enum explore_end, whether it is ours in bit 8, states of pages so far from bit 16 on.
 * a[2]: detail of the end. a[4]: how many answers, how many were cut from bit 8 on, dealt or number from bit 32 on.
 */
#define EXPLORE_ANSWER_BITS	5
#define EXPLORE_MAX_DEPTH	12

enum explore_end {
	EXPLORE_BEGIN,		/* no end: the guest was remembered; R12 and pages of the request in a[2] and a[3]. ours: 0 */
	EXPLORE_END_PORT,	/* port << 32 | value */
	EXPLORE_END_MAPGPA,	/* R12 of a request for other memory, not answered */
	EXPLORE_END_STOPPED,	/* enum td_stop; a triple fault is TD_RUNNING */
	EXPLORE_END_IDLE,	/* nothing could happen in it any more */
	EXPLORE_END_LIMIT,	/* it went on and on */
	EXPLORE_OVER,		/* no end: there are no more, the guest goes on by itself */
};

struct monitor_config {
	uint64_t magic;
	uint64_t bytes;			/* sizeof(struct monitor_config) */
	uint64_t flags;			/* MONITOR_* */
	uint64_t idle_ms;		/* guest time without an event after which the run ends; 0: never */
	struct machine machine;
	uint64_t template_at;		/* wait for orders at this MapGPA (monitor/template.h); 0: never */
	uint64_t template_phase;	/* ... of those made by code of this phase, enum phase, or of a later one */
	struct monitor_explore explore;
	struct td_config td;		/* slots filled in by the command with machine_slots() */
	char cmdline[MONITOR_CMDLINE_BYTES];
};

/* RAM, ROM and MMIO slots of the guest on this machine. */
void machine_slots(const struct machine *machine, struct td_config *td);	/* reads td->gpaw */

/* A #VE: its reason, as VEINFO has it, the GPA of an EPT violation and the RIP that it was raised at. */
struct monitor_ve {
	uint64_t reason, gpa, rip;
};

/* What a vCPU is at, for whoever has to say why a guest did not come to its end. */
enum monitor_doing {
	MONITOR_NOT_STARTED,
	MONITOR_RUNS,
	MONITOR_HALTED,		/* until an interrupt is pending */
	MONITOR_PARKED,		/* the same with interrupts blocked: for ever */
};

#define MONITOR_IRR_WORDS	8	/* SDM volume 3A, "Interrupt Acceptance for Fixed Interrupts": 256 bits */

struct monitor_vcpu {
	uint64_t rip;		/* at its last exit */
	uint32_t doing;		/* enum monitor_doing */
	uint32_t ve_open;	/* no TDVMCALL has followed the last #VE */
	uint32_t ve_passed_over;	/* another #VE followed one without a TDVMCALL: the last such */
	uint32_t reserved;
	struct monitor_ve ve, passed_over;
	uint32_t pending[MONITOR_IRR_WORDS];	/* PARKED: requests that wait in its local APIC */
};

/* At machine.reserve. The monitor writes all but journal_tail, resume and order. */
struct monitor_status {
	uint64_t magic;			/* written last: everything below is valid */
	uint64_t td;			/* machine address of td's storage */
	uint64_t td_bytes;
	uint64_t tsc_hz;
	uint64_t tsc_start;		/* TSC at the TD's first instruction */
	uint64_t journal;		/* machine address of the ring */
	uint64_t journal_bytes;
	uint64_t journal_head;		/* bytes ever written; the record ends at head modulo journal_bytes */
	uint64_t journal_tail;		/* bytes ever taken, by the command; the monitor waits when the ring is full */
	uint64_t exits;			/* of all vCPUs: one that no longer exits, not even for its timer, hangs */
	uint64_t journal_stalls;	/* how often it had to */
	uint64_t waiting;		/* 1: for orders, with every CPU outside VMRUN */
	uint64_t resume;		/* by the command, not 0: go on */
	struct monitor_order order;	/* by the command, number last: the next sequence of answers */
	char message[MONITOR_MESSAGE_BYTES];	/* TD_MARK_PANIC: why the monitor itself could not go on; TD_MARK_MISDEED */
	uint64_t console_input;	/* TD_MARK_IDLE: the guest's console interrupts when there is input */
	struct monitor_vcpu vcpus[TD_MAX_VCPUS];
};
_Static_assert(sizeof(struct monitor_status) <= MACHINE_STATUS_BYTES, "status before the journal");

#endif
