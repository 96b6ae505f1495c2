/* SPDX-License-Identifier: MIT */
/* Who is made to leave the guest, and when the one that asked may go on. CPUs are played by what they are sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

/* The code under test is included, so that each case begins with nobody held. */
#include "monitor/shootdown.c"

#define VCPUS	4u
#define NOW	7u

struct monitor_config config = { .td = { .vcpus = VCPUS } };
struct vcpu *vcpus, *current;

static struct vcpu all[VCPUS];
static unsigned int nmis[VCPUS];
static uint32_t icr_high;

/* An NMI makes a CPU leave the guest; it looks at the tables again when it comes back. */
void host_lapic_write(uint32_t offset, uint32_t value)
{
	struct vcpu *to;

	if (offset == LAPIC_ICR_HIGH) {
		icr_high = value;
		return;
	}
	if (offset != LAPIC_ICR_LOW || value != ICR_ASSERT_NMI || icr_high >> 24 >= VCPUS)
		abort();
	to = &all[icr_high >> 24];
	nmis[to->index]++;
	to->in_guest = to->in_vmrun = 0;
}

/* All are in the guest, with tables of this age; the first one asks. */
static void begin(uint64_t generation)
{
	memset(all, 0, sizeof(all));
	memset(nmis, 0, sizeof(nmis));
	for (uint32_t i = 0; i < VCPUS; i++) {
		all[i].index = i;
		all[i].in_guest = all[i].in_vmrun = i != 0;
		all[i].generation = generation;
	}
	vcpus = current = all;
	shootdown_release_others();
}

static bool sent(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	return nmis[0] == a && nmis[1] == b && nmis[2] == c && nmis[3] == d;
}

int main(void)
{
	begin(NOW - 1);
	shootdown_flush_others(NOW);
	tap_ok(sent(0, 1, 1, 1), "every other CPU with older tables leaves the guest");
	tap_ok(!all[1].in_guest && !all[2].in_guest && !all[3].in_guest, "before the flush returns");
	begin(NOW);
	shootdown_flush_others(NOW);
	tap_ok(sent(0, 0, 0, 0), "one that has the new tables stays");
	begin(NOW - 1);
	all[2].in_guest = 0;
	all[3].generation = NOW;
	current = &all[1];
	all[0].in_guest = 1;
	shootdown_flush_others(NOW);
	tap_ok(sent(1, 0, 0, 0), "one that is in the monitor anyhow is left alone, and so is who asks");
	begin(NOW);
	all[2].in_guest = 0;	/* halted */
	shootdown_hold_others();
	tap_ok(sent(0, 1, 1, 1), "to be held, all leave, halted ones too");
	shootdown_release_others();
	begin(NOW);
	all[1].in_vmrun = 0;
	shootdown_vmrun_begin(&all[1]);
	tap_ok(all[1].in_vmrun, "who enters says so");
	shootdown_vmrun_end(&all[1]);
	tap_ok(!all[1].in_vmrun, "and who leaves");
	return tap_done();
}
