/* SPDX-License-Identifier: MIT */
/* What is said of the vCPUs of a guest that did not come to its end. */
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "abi/tdx.h"
#include "cli/verdict/waiting.h"
#include "wire/tap.h"

static char text[240];

static bool waits(struct monitor_vcpu v, const char *want)
{
	waiting_text(&v, text, sizeof(text));
	return strcmp(text, want) == 0;
}

static bool ve(struct monitor_vcpu v, const char *want)
{
	waiting_ve_text(&v, text, sizeof(text));
	return strcmp(text, want) == 0;
}

int main(void)
{
	struct monitor_vcpu all[TD_MAX_VCPUS] = { { .doing = MONITOR_PARKED } };
	struct monitor_vcpu v = { .doing = MONITOR_PARKED, .rip = 0x1000 };

	tap_ok(waits((struct monitor_vcpu){ .doing = MONITOR_RUNS, .rip = 0x20 }, "running; last seen at RIP 0x20"),
	       "running");
	tap_ok(waits((struct monitor_vcpu){ 0 }, ""), "nothing of one that was never started");
	tap_ok(waits((struct monitor_vcpu){ .doing = MONITOR_HALTED, .rip = 0x20 },
		     "halted until an interrupt comes, at RIP 0x20"), "halted");
	tap_ok(waits(v, "halted with interrupts blocked, at RIP 0x1000"), "parked");
	v.pending[0] = 1;
	v.pending[1] = 1u << 4;
	v.pending[7] = 1u << 31;
	tap_ok(waits(v, "halted with interrupts blocked, at RIP 0x1000; pending: 0x0, 0x24, 0xff"),
	       "and what it does not take");
	memset(v.pending, 0xff, sizeof(v.pending));
	waiting_text(&v, text, sizeof(text));
	tap_is(strlen(text), strlen("halted with interrupts blocked, at RIP 0x1000") + 127,
	       "all of them at once are cut off");
	tap_ok(ve(v, ""), "no #VE");
	v.ve = (struct monitor_ve){ VE_EPT_VIOLATION, 0x8000fec00000, 0x2000 };
	v.ve_open = 1;
	tap_ok(ve(v, "#VE EPT_VIOLATION (48), GPA 0x8000fec00000 at RIP 0x2000: no TDVMCALL followed"), "an open one");
	v.passed_over = (struct monitor_ve){ VE_IO, 0, 0x3000 };
	v.ve_passed_over = 1;
	tap_ok(strstr((waiting_ve_text(&v, text, sizeof(text)), text), "0x2000") != NULL, "the open one is the last");
	v.ve_open = 0;
	tap_ok(ve(v, "#VE IO (30) at RIP 0x3000: no TDVMCALL followed"), "one that another followed");
	v.passed_over.reason = 12345;
	tap_ok(ve(v, "#VE unknown (12345) at RIP 0x3000: no TDVMCALL followed"), "an unknown one");
	tap_ok(waiting_all_parked(all), "one vCPU, parked");
	all[1].doing = MONITOR_HALTED;
	tap_ok(!waiting_all_parked(all), "not all are");
	tap_ok(waiting_matters(OUTCOME_IDLE) && waiting_matters(OUTCOME_TRIPLE_FAULT) && !waiting_matters(OUTCOME_ENDED) &&
	       !waiting_matters(OUTCOME_PAYLOAD_FAILED), "what matters, and what does not");
	return tap_done();
}
