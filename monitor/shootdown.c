/* SPDX-License-Identifier: MIT */
#include "monitor/shootdown.h"
#include "monitor/state.h"

#include "monitor/io.h"
#include "wire/apic.h"

/* Local APIC registers and their fields: SDM volume 3A, "Advanced Programmable Interrupt Controller". */
#define LAPIC_ICR_LOW		0x300
#define LAPIC_ICR_HIGH		0x310
#define ICR_ASSERT_NMI		0x4400u

static volatile uint32_t held;

void shootdown_send(uint32_t index, uint32_t what)
{
	host_lapic_write(LAPIC_ICR_HIGH, apic_id(config.td.platform.cores, index) << 24);
	host_lapic_write(LAPIC_ICR_LOW, what);
}

void shootdown_kick(struct vcpu *vcpu)
{
	if (!__atomic_exchange_n(&vcpu->kicked, 1, __ATOMIC_SEQ_CST))
		shootdown_send(vcpu->index, ICR_ASSERT_NMI);
}

void shootdown_flush_others(uint64_t generation)
{
	for (uint32_t i = 0; i < config.td.vcpus; i++) {
		struct vcpu *vcpu = &vcpus[i];

		if (vcpu == current)
			continue;
		while (__atomic_load_n(&vcpu->in_guest, __ATOMIC_SEQ_CST) && vcpu->generation != generation) {
			shootdown_kick(vcpu);
			cpu_pause();
		}
	}
}

void shootdown_hold_others(void)
{
	__atomic_store_n(&held, 1, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < config.td.vcpus; i++) {
		while (&vcpus[i] != current && __atomic_load_n(&vcpus[i].in_vmrun, __ATOMIC_SEQ_CST)) {
			shootdown_kick(&vcpus[i]);
			cpu_pause();
		}
	}
}

void shootdown_release_others(void)
{
	held = 0;
}

/* First be seen, then look: whoever holds does it the other way round. */
void shootdown_vmrun_begin(struct vcpu *vcpu)
{
	for (;;) {
		__atomic_store_n(&vcpu->in_vmrun, 1, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&held, __ATOMIC_SEQ_CST))
			return;
		vcpu->in_vmrun = 0;
		while (held)
			cpu_pause();
	}
}

void shootdown_vmrun_end(struct vcpu *vcpu)
{
	vcpu->in_vmrun = 0;
}
