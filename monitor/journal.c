/* SPDX-License-Identifier: MIT */
#include "monitor/journal.h"

#include "image/bytes.h"
#include "monitor/io.h"
#include "monitor/mem.h"
#include "monitor/state.h"

static uint32_t sequence;

struct monitor_status *journal_status(void)
{
	return mem_machine(config.machine.reserve);
}

void journal_init(void)
{
	struct monitor_status *status = journal_status();

	memset(status, 0, sizeof(*status));
	status->journal = config.machine.reserve + MACHINE_STATUS_BYTES;
	status->journal_bytes = MACHINE_JOURNAL_BYTES;
}

/* The command may have a long pause while the guest talks a lot; records are never dropped. */
static void wait_for_room(volatile struct monitor_status *status)
{
	if (status->journal_head - status->journal_tail < status->journal_bytes)
		return;
	status->journal_stalls++;
	while (status->journal_head - status->journal_tail >= status->journal_bytes)
		cpu_pause();
}

void journal_put(struct td_event *event)
{
	volatile struct monitor_status *status = journal_status();

	event->time = status->tsc_start != 0 ? rdtsc() - status->tsc_start : 0;
	event->sequence = sequence++;
	wait_for_room(status);
	memcpy(mem_machine(status->journal + status->journal_head % status->journal_bytes), event, sizeof(*event));

	/* x86 keeps stores in order; the compiler must, too. */
	__asm__ volatile("" : : : "memory");
	status->journal_head += sizeof(*event);
}
