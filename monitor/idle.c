/* SPDX-License-Identifier: MIT */
#include "monitor/idle.h"

#include "monitor/end.h"
#include "monitor/explore.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/state.h"
#include "monitor/vendor.h"

/* Local APIC registers and their fields: SDM volume 3A, "Advanced Programmable Interrupt Controller". */
#define LAPIC_IRR		0x200
#define LAPIC_LVT_TIMER		0x320
#define LAPIC_INITIAL_COUNT	0x380
#define LAPIC_CURRENT_COUNT	0x390
#define LAPIC_DIVIDE		0x3e0
#define LVT_NMI			0x400u
#define DIVIDE_BY_1		0xbu

/* The guest's console, as payloads and ttyS0 have it: [qemu:serial.c], a 16550A. */
#define COM1_IER		0x3f9
#define COM1_LCR		0x3fb
#define IER_RECEIVED		1u
#define LCR_DIVISOR		0x80u	/* other registers are there */

/* [qemu:apic_common.c]: the timer counts nanoseconds. */
#define ALARM_MAX_MS		2000
#define NS_PER_MS		1000000u

enum { HALTED_NOT, HALTED, HALTED_QUIET };

/*
 * A timer of the monitor's own: the guest's, while the guest does not use it, set to bring an NMI. No interrupt of the
 * guest's is taken or lost by that.
 */
static void alarm_set(uint32_t ns, uint32_t saved[2])
{
	saved[0] = host_lapic_read(LAPIC_LVT_TIMER);
	saved[1] = host_lapic_read(LAPIC_DIVIDE);
	host_lapic_write(LAPIC_LVT_TIMER, LVT_NMI);
	host_lapic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
	host_lapic_write(LAPIC_INITIAL_COUNT, ns);
}

static void alarm_clear(const uint32_t saved[2])
{
	host_lapic_write(LAPIC_INITIAL_COUNT, 0);
	host_lapic_write(LAPIC_LVT_TIMER, saved[0]);
	host_lapic_write(LAPIC_DIVIDE, saved[1]);
}

bool idle_wait(struct vcpu *vcpu, uint32_t ns)
{
	uint32_t saved[2];
	bool rang;

	alarm_set(ns, saved);
	rang = vendor_wait(vcpu) && host_lapic_read(LAPIC_CURRENT_COUNT) == 0;
	alarm_clear(saved);
	return rang;
}

/*
 * Nothing can happen any more: every vCPU is halted with no timer armed, and this one has waited for an alarm in vain.
 * Or nothing did, for as long as the user said.
 */
static bool all_idle(bool rang)
{
	uint64_t limit = config.idle_ms * (config.td.tsc_hz / 1000);
	bool quiet = rang, long_enough = true;

	for (uint32_t i = 0; i < config.td.vcpus; i++) {
		const struct vcpu *vcpu = &vcpus[i];

		if (vcpu->parked || !vcpu->started)
			continue;
		quiet = quiet && vcpu->halted == HALTED_QUIET;
		long_enough = long_enough && vcpu->halted != HALTED_NOT && vcpu->idle_ticks >= limit;
	}
	return config.idle_ms != 0 && (quiet || long_enough);
}

static void end_if_idle(struct vcpu *vcpu, bool rang)
{
	state_lock(vcpu);
	if (all_idle(rang) && !explore_idle(vcpu)) {
		journal_status()->console_input = !(in8(COM1_LCR) & LCR_DIVISOR) && (in8(COM1_IER) & IER_RECEIVED);
		end_run_mark(TD_MARK_IDLE, vcpu->idle_ticks / (config.td.tsc_hz / 1000));
	}
	state_unlock();
}

void idle_halt(struct vcpu *vcpu)
{
	uint64_t start = rdtsc();
	uint32_t ms = config.idle_ms < ALARM_MAX_MS ? (uint32_t)config.idle_ms : ALARM_MAX_MS;
	bool rang = false;

	if (vcpu->nmi)
		return;
	if (vcpu->activity_seen != activity) {
		vcpu->activity_seen = activity;
		vcpu->idle_ticks = 0;
	}
	journal_vcpu(vcpu->index)->doing = MONITOR_HALTED;
	if (ms == 0 || lapic_timer_armed(&vcpu->persona)) {
		vcpu->halted = HALTED;
		vendor_wait(vcpu);
	} else {
		vcpu->halted = HALTED_QUIET;
		rang = idle_wait(vcpu, ms * NS_PER_MS);
	}
	vcpu->idle_ticks += rdtsc() - start;
	if (rang || vcpu->idle_ticks / (config.td.tsc_hz / 1000) >= config.idle_ms)
		end_if_idle(vcpu, rang);
	vcpu->halted = HALTED_NOT;
	journal_vcpu(vcpu->index)->doing = MONITOR_RUNS;
}

static void note_pending(const struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < MONITOR_IRR_WORDS; i++)
		journal_vcpu(vcpu->index)->pending[i] = host_lapic_read(LAPIC_IRR + (i << 4));
}

/* Another vCPU's NMI ends it ([kvm:vt_nmi_allowed]). The last one to park leaves nobody who could wake another. */
void idle_park(struct vcpu *vcpu)
{
	vcpu->parked = 1;
	journal_vcpu(vcpu->index)->doing = MONITOR_PARKED;
	note_pending(vcpu);
	end_if_idle(vcpu, true);
	while (vcpu->parked && !vcpu->nmi) {
		vendor_wait(vcpu);
		note_pending(vcpu);
	}
	vcpu->parked = 0;
	journal_vcpu(vcpu->index)->doing = MONITOR_RUNS;
}
