/* SPDX-License-Identifier: MIT */
/* What the command tells the monitor before a run: the fw_cfg file MACHINE_FILE_CONFIG. */
#ifndef WIRE_CONFIG_H
#define WIRE_CONFIG_H

#include "td/td.h"
#include "wire/explore.h"
#include "wire/machine.h"

#define MONITOR_CONFIG_MAGIC	0x3167666362616c74ull	/* "tlabcfg1" */
#define MONITOR_CMDLINE_BYTES	2048

enum {
	MONITOR_TRACE_EXITS = 1,	/* a TD_EV_EXIT for every exit */
	MONITOR_HIDE_CX16 = 2,		/* QEMU before 10 loses RFLAGS around cmpxchg16b */
	MONITOR_ALIAS_BANKS = 4,	/* test only: both aliases of a page are the same memory (tests/alias.bats) */
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

#endif
