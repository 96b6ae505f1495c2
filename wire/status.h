/* SPDX-License-Identifier: MIT */
/* What the monitor tells the command during a run and after it: a page of the RAM file, in front of the journal. */
#ifndef WIRE_STATUS_H
#define WIRE_STATUS_H

#include <stdint.h>

#include "td/td.h"
#include "wire/explore.h"
#include "wire/machine.h"

#define MONITOR_STATUS_MAGIC	0x3174617462616c74ull	/* "tlabtat1" */
#define MONITOR_MESSAGE_BYTES	256

/* A #VE: its reason, as VEINFO has it, the GPA of an EPT violation and the RIP that it was raised at. */
struct monitor_ve {
	uint64_t reason, gpa, rip;
};

/* What a vCPU is at, for whoever has to say why a guest did not come to its end. */
enum monitor_doing {
	MONITOR_NOT_STARTED,
	MONITOR_RUNS,
	MONITOR_HALTED,		/* until an interrupt is pending */
	MONITOR_PARKED,		/* the same with interrupts blocked: only an NMI ends it */
};

struct monitor_question {
	uint64_t number;	/* 1, 2, 3 ...: of these pages of the shared bank, ... */
	uint64_t gpa, pages;
	uint64_t untouched;	/* ... the first so many are as they were left. By the command */
	uint64_t answered;	/* the number, by the command and last */
};

/* What the guest does to a device at this moment: QEMU may not survive it. */
enum monitor_access_kind {
	MONITOR_NO_ACCESS,
	MONITOR_PORT_READ,
	MONITOR_PORT_WRITE,
	MONITOR_MMIO_READ,
	MONITOR_MMIO_WRITE,
};

struct monitor_access {
	uint64_t address;
	uint32_t bytes;
	uint32_t kind;		/* enum monitor_access_kind */
};

#define MONITOR_IRR_WORDS	8	/* SDM volume 3A, "Interrupt Acceptance for Fixed Interrupts": 256 bits */

struct monitor_vcpu {
	uint64_t rip, cr3;	/* at its last exit */
	uint32_t doing;		/* enum monitor_doing */
	uint32_t ve_open;	/* no TDVMCALL has followed the last #VE */
	uint32_t ve_passed_over;	/* another #VE followed one without a TDVMCALL: the last such */
	uint32_t breakpoints;	/* of the guest's that are enabled, as DR7 has them: QEMU may not survive a hit */
	struct monitor_ve ve, passed_over;
	uint32_t pending[MONITOR_IRR_WORDS];	/* PARKED: requests that wait in its local APIC */
};

/* At machine.reserve. The monitor writes all but journal_tail, resume, order and the answer to a question. */
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
	struct monitor_question question;
	struct monitor_access access;
	struct monitor_vcpu vcpus[TD_MAX_VCPUS];
};
_Static_assert(sizeof(struct monitor_status) <= MACHINE_STATUS_BYTES, "status before the journal");

#endif
