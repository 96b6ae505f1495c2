/* SPDX-License-Identifier: MIT */
#include "monitor/end.h"

#include "image/bytes.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/state.h"

/* [qemu:debugexit.c]: QEMU exits with status 2 * value + 1. */
#define PORT_DEBUG_EXIT	0xf4
#define STATUS_DONE	0
#define STATUS_PANIC	1

static void __attribute__((noreturn)) quit(uint8_t status)
{
	for (;;)
		out8(PORT_DEBUG_EXIT, status);
}

void end_mark(enum td_mark_kind mark, uint64_t value)
{
	struct td_event event = td_event_new(TD_EV_MARK, current->index, current->regs.rip);

	event.mark = (struct td_record_mark){ mark, value };
	journal_put(&event);
}

void end_run(void)
{
	struct td_event event = td_event_new(TD_EV_COUNT, 0, 0);

	for (unsigned int reason = 0; reason < EXIT_KINDS; reason++) {
		uint64_t count = 0;

		for (uint32_t i = 0; i < config.td.vcpus; i++)
			count += vcpus[i].exits[reason];
		event.count = (struct td_record_count){ reason, count };
		if (count != 0)
			journal_put(&event);
	}
	quit(STATUS_DONE);
}

void end_run_mark(enum td_mark_kind mark, uint64_t value)
{
	td_stop(td, TD_STOP_ENGINE);
	end_mark(mark, value);
	end_run();
}

static void leave_message(const char *message)
{
	struct monitor_status *status = journal_status();
	size_t bytes = strnlen(message, MONITOR_MESSAGE_BYTES - 1);

	memcpy(status->message, message, bytes);
	status->message[bytes] = '\0';
}

void end_blame(const char *message)
{
	leave_message(message);
	end_run_mark(TD_MARK_MISDEED, 0);
}

/* Before the configuration is known there is no place for the message: QEMU's exit status is all there is. */
void end_panic(const char *message)
{
	struct td_event event = td_event_new(TD_EV_MARK, 0, 0);

	if (config.machine.reserve == 0)
		quit(STATUS_PANIC);
	leave_message(message);
	event.mark.what = TD_MARK_PANIC;
	if (journal_status()->journal != 0)
		journal_put(&event);
	quit(STATUS_PANIC);
}
