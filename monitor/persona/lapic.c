/* SPDX-License-Identifier: MIT */
/*
 * The guest's x2APIC on QEMU's xAPIC. Registers and rules: SDM volume 3A, "Advanced Programmable Interrupt Controller
 * (APIC)" and "Extended xAPIC (x2APIC)".
 */
#include "monitor/persona/persona.h"
#include "wire/apic.h"

enum {
	X2_ID = 0x802, X2_VERSION = 0x803, X2_TPR = 0x808, X2_PPR = 0x80a, X2_EOI = 0x80b, X2_LDR = 0x80d,
	X2_SVR = 0x80f, X2_ISR = 0x810, X2_IRR_LAST = 0x827, X2_ESR = 0x828, X2_ICR = 0x830, X2_LVT_TIMER = 0x832,
	X2_LVT_THERMAL = 0x833, X2_LVT_LINT0 = 0x835, X2_LVT_LINT1 = 0x836, X2_LVT_ERROR = 0x837,
	X2_INITIAL = 0x838, X2_CURRENT = 0x839, X2_DIVIDE = 0x83e,
	X2_SELF_IPI = 0x83f,
};

/* Offsets in the xAPIC's page. */
#define MMIO(msr)		(((msr) - 0x800u) << 4)
#define MMIO_DFR		0xe0u
#define MMIO_ICR_HIGH		0x310u
#define XAPIC_ID_SHIFT		24
#define DFR_FLAT		0xffffffffu

#define LVT_MASKED		(1u << 16)
#define LVT_MODE		(7u << 8)
#define LVT_MODE_FIXED		(0u << 8)
#define LVT_MODE_NMI		(4u << 8)
#define LVT_MODE_EXTINT		(7u << 8)
#define LVT_WRITABLE		0x107ffu
#define LINT_WRITABLE		0x1a7ffu
#define ERROR_WRITABLE		0x100ffu
#define TIMER_WRITABLE		0x700ffu
#define TIMER_MODE		(3u << 17)
#define TIMER_DEADLINE		(2u << 17)
#define SVR_WRITABLE		0x1ffu
#define SVR_RESET		0xffu

#define ICR_VECTOR		0xffu
#define ICR_MODE		(7u << 8)
#define ICR_FIXED		(0u << 8)
#define ICR_LOWEST		(1u << 8)
#define ICR_NMI			(4u << 8)
#define ICR_LOGICAL		(1u << 11)
#define ICR_SHORTHAND		(3u << 18)
#define ICR_SELF		(1u << 18)
#define ICR_ALL			(2u << 18)
#define ICR_OTHERS		(3u << 18)
#define ICR_WRITABLE		0xccfffu
#define ICR_RESERVED		0xfff32000u	/* [kvm:kvm_x2apic_icr_write]: not the delivery status */
#define FIRST_VECTOR		16u
#define EVERYBODY		0xffffffffu

/*
 * A TD's timer counts its crystal, 25 MHz ([qemu:kvm/tdx.h], TDX_APIC_BUS_CYCLES_NS); QEMU's counts
 * nanoseconds ([qemu:apic_common.c]).
 */
#define NS_PER_TICK		40u
#define NS_PER_S		1000000000ull
#define LONGEST_S		500u	/* fits in 32 bits at the largest divider; then the guest is woken early */

/* Divide configuration values of 1 << n. */
static const uint8_t divide_code[8] = { 0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa };

static unsigned int divide_shift(uint32_t code)
{
	unsigned int n;

	for (n = 0; n < 7 && divide_code[n] != (code & 0xb); n++)
		;
	return n;
}

void lapic_init(struct persona_vcpu *vcpu)
{
	uint32_t msr;

	vcpu->lapic = (struct lapic){ .lvt_timer = LVT_MASKED };
	for (msr = X2_LVT_TIMER; msr <= X2_LVT_ERROR; msr++)
		host_lapic_write(MMIO(msr), LVT_MASKED);
	host_lapic_write(MMIO(X2_INITIAL), 0);
	host_lapic_write(MMIO(X2_SVR), SVR_RESET);

	/*
	 * Last: an interrupt of the firmware's 8259 may wait behind the LINT0 that has just been masked, and QEMU looks
	 * again only at a write of the TPR; else the guest's first STI meets an interrupt without a vector
	 * ([qemu:apic_get_interrupt], and apic_update_irq() beside it).
	 */
	host_lapic_write(MMIO(X2_TPR), 0);

	/* The first cluster of an x2APIC and a flat xAPIC name CPUs by the same bits: 16 there, 8 here; others fall out. */
	host_lapic_write(MMIO_DFR, DFR_FLAT);
	host_lapic_write(MMIO(X2_LDR), 1u << vcpu->apic_id << XAPIC_ID_SHIFT);
}

/* Starts the real timer, periodic or not as the LVT says, with the smallest divider that can count that far. */
static void start_timer(struct persona_vcpu *vcpu, uint64_t ns)
{
	unsigned int shift = 0;

	vcpu->lapic.timer_due = ns != 0;
	while (shift < 7 && ns >> shift > UINT32_MAX)
		shift++;
	host_lapic_write(MMIO(X2_DIVIDE), divide_code[shift]);
	host_lapic_write(MMIO(X2_INITIAL), ns >> shift > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns >> shift));
}

static uint64_t timer_left_ns(void)
{
	return (uint64_t)host_lapic_read(MMIO(X2_CURRENT)) << divide_shift(host_lapic_read(MMIO(X2_DIVIDE)));
}

static bool deadline_mode(const struct persona_vcpu *vcpu)
{
	return (vcpu->lapic.lvt_timer & TIMER_MODE) == TIMER_DEADLINE;
}

/* Never too early: an interrupt before its time costs the guest a second one. */
static uint64_t ticks_to_ns(const struct persona *persona, uint64_t ticks)
{
	uint64_t seconds = ticks / persona->tsc_hz;

	if (seconds >= LONGEST_S)
		return LONGEST_S * NS_PER_S;
	return seconds * NS_PER_S + ticks % persona->tsc_hz * NS_PER_S / persona->tsc_hz + 1;
}

void lapic_set_deadline(struct persona_vcpu *vcpu, uint64_t deadline)
{
	uint64_t now = host_tsc();

	if (!deadline_mode(vcpu))
		return;
	vcpu->lapic.deadline = deadline;
	if (deadline == 0)
		start_timer(vcpu, 0);
	else
		start_timer(vcpu, deadline > now ? ticks_to_ns(vcpu->persona, deadline - now) : 1);
}

void lapic_rearm(struct persona_vcpu *vcpu)
{
	if (deadline_mode(vcpu))
		lapic_set_deadline(vcpu, vcpu->lapic.deadline);
}

uint64_t lapic_deadline(struct persona_vcpu *vcpu)
{
	if (!deadline_mode(vcpu) || host_tsc() >= vcpu->lapic.deadline)
		vcpu->lapic.deadline = 0;
	return vcpu->lapic.deadline;
}

bool lapic_timer_armed(struct persona_vcpu *vcpu)
{
	return !(vcpu->lapic.lvt_timer & LVT_MASKED) &&
	       (vcpu->lapic.timer_due || host_lapic_read(MMIO(X2_CURRENT)) != 0);
}

/* Before an EOI: an interrupt of the timer's that is in service has been had, unless the handler has armed it again. */
static void note_timer(struct persona_vcpu *vcpu)
{
	uint32_t vector = vcpu->lapic.lvt_timer & ICR_VECTOR;

	if (vcpu->lapic.timer_due && (host_lapic_read(MMIO(X2_ISR + vector / 32)) >> vector % 32 & 1) &&
	    host_lapic_read(MMIO(X2_CURRENT)) == 0)
		vcpu->lapic.timer_due = false;
}

static bool write_lvt_timer(struct persona_vcpu *vcpu, uint32_t value)
{
	uint32_t old = vcpu->lapic.lvt_timer;

	if ((value & TIMER_MODE) == TIMER_MODE)
		return false;
	value &= TIMER_WRITABLE;
	vcpu->lapic.lvt_timer = value;
	if ((old ^ value) & TIMER_MODE & TIMER_DEADLINE) {	/* into or out of deadline mode: disarmed */
		start_timer(vcpu, 0);
		vcpu->lapic.deadline = 0;
		vcpu->lapic.initial_count = 0;
	}
	if ((old & LVT_MASKED) && host_lapic_read(MMIO(X2_CURRENT)) == 0)
		vcpu->lapic.timer_due = false;	/* went by while it was masked */
	host_lapic_write(MMIO(X2_LVT_TIMER), deadline_mode(vcpu) ? value & ~TIMER_MODE : value);
	return true;
}

static void write_initial_count(struct persona_vcpu *vcpu, uint32_t value)
{
	if (deadline_mode(vcpu))
		return;
	vcpu->lapic.initial_count = value;
	start_timer(vcpu, (uint64_t)value * NS_PER_TICK << divide_shift(vcpu->lapic.divide));
}

static uint32_t read_current_count(const struct persona_vcpu *vcpu)
{
	if (deadline_mode(vcpu))
		return 0;
	return (uint32_t)((timer_left_ns() >> divide_shift(vcpu->lapic.divide)) / NS_PER_TICK);
}

/*
 * [kvm:apic_lvt_mask], without what is read only. SMI and INIT would take the CPU away from the monitor: such an entry
 * stays masked.
 */
static void write_lvt(uint32_t msr, uint32_t value)
{
	uint32_t mode;

	value &= msr == X2_LVT_ERROR ? ERROR_WRITABLE :
		 msr == X2_LVT_LINT0 || msr == X2_LVT_LINT1 ? LINT_WRITABLE : LVT_WRITABLE;
	mode = value & LVT_MODE;
	if (mode != LVT_MODE_FIXED && mode != LVT_MODE_NMI && mode != LVT_MODE_EXTINT)
		value = LVT_MASKED;
	host_lapic_write(MMIO(msr), value);
}

static uint32_t logical_id(uint32_t id)
{
	return id / 16 << 16 | 1u << id % 16;
}

static bool is_named(uint32_t low, uint32_t target, uint32_t id)
{
	if (!(low & ICR_LOGICAL))
		return target == id;
	return target >> 16 == logical_id(id) >> 16 && (target & logical_id(id) & 0xffff);
}

static void send_nmi(const struct persona_vcpu *vcpu, uint32_t low, uint32_t target)
{
	uint32_t shorthand = low & ICR_SHORTHAND, i;

	for (i = 0; i < vcpu->persona->vcpus; i++) {
		bool hit = target == EVERYBODY || is_named(low, target, apic_id(vcpu->persona->cores, i));

		if (shorthand != 0)
			hit = shorthand == ICR_ALL || (shorthand == ICR_OTHERS) == (i != vcpu->index);
		if (hit)
			vcpu->persona->nmi(i);
	}
}

/*
 * Ids that an xAPIC has no way to name, or, of 0xff, means otherwise: each by its physical one; of lowest priority, the
 * first.
 */
static void send_each(const struct persona_vcpu *vcpu, uint32_t low, uint32_t target)
{
	for (uint32_t i = 0, id; i < vcpu->persona->vcpus; i++) {
		id = apic_id(vcpu->persona->cores, i);
		if (!is_named(low, target, id))
			continue;
		host_lapic_write(MMIO_ICR_HIGH, id << XAPIC_ID_SHIFT);
		host_lapic_write(MMIO(X2_ICR), low & ICR_VECTOR);
		if ((low & ICR_MODE) == ICR_LOWEST)
			return;
	}
}

/*
 * INIT, start-up and SMI are lost: a VMM cannot do them to a TD's vCPU, and here they would hit the monitor
 * ([kvm:vt_apic_init_signal_blocked]).
 */
static bool send(const struct persona_vcpu *vcpu, uint64_t value)
{
	uint32_t low = (uint32_t)value & ICR_WRITABLE, target = (uint32_t)(value >> 32), mode = low & ICR_MODE;

	if (mode == ICR_NMI) {
		send_nmi(vcpu, low, target);
		return true;
	}
	if ((mode != ICR_FIXED && mode != ICR_LOWEST) || (low & ICR_VECTOR) < FIRST_VECTOR)
		return true;
	if (target == EVERYBODY)
		low &= ~ICR_LOGICAL;	/* whom a flat xAPIC has no bit for would be left out */
	if ((low & ICR_SHORTHAND) == 0 && target != EVERYBODY && target >= 0xff) {
		send_each(vcpu, low, target);
		return true;
	}
	host_lapic_write(MMIO_ICR_HIGH, (target & 0xff) << XAPIC_ID_SHIFT);
	host_lapic_write(MMIO(X2_ICR), low);
	return true;
}

bool lapic_read(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case X2_ID: *value = vcpu->apic_id; return true;
	case X2_LDR: *value = logical_id(vcpu->apic_id); return true;
	case X2_ICR: *value = vcpu->lapic.icr; return true;
	case X2_LVT_TIMER: *value = vcpu->lapic.lvt_timer; return true;
	case X2_INITIAL: *value = vcpu->lapic.initial_count; return true;
	case X2_CURRENT: *value = read_current_count(vcpu); return true;
	case X2_DIVIDE: *value = vcpu->lapic.divide; return true;
	case X2_VERSION: case X2_TPR: case X2_PPR: case X2_SVR: case X2_ISR ... X2_ESR:
	case X2_LVT_THERMAL ... X2_LVT_ERROR:
		*value = host_lapic_read(MMIO(msr));
		return true;
	default: return false;
	}
}

bool lapic_write(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	if (msr == X2_ICR) {
		if (value & ICR_RESERVED)
			return false;
		vcpu->lapic.icr = value & ~(uint64_t)(uint32_t)~ICR_WRITABLE;
		return send(vcpu, value);
	}
	if (value >> 32 != 0 || ((msr == X2_TPR || msr == X2_SELF_IPI) && low > 0xff))
		return false;
	switch (msr) {
	case X2_EOI: case X2_ESR:
		if (low != 0)
			return false;
		if (msr == X2_EOI)
			note_timer(vcpu);
		host_lapic_write(MMIO(msr), 0);
		return true;
	case X2_TPR: host_lapic_write(MMIO(msr), low); return true;
	case X2_SVR: host_lapic_write(MMIO(msr), low & SVR_WRITABLE); return true;
	case X2_LVT_TIMER: return write_lvt_timer(vcpu, low);
	case X2_LVT_THERMAL ... X2_LVT_ERROR: write_lvt(msr, low); return true;
	case X2_INITIAL: write_initial_count(vcpu, low); return true;
	case X2_DIVIDE: vcpu->lapic.divide = low & 0xb; return true;
	case X2_SELF_IPI:
		vcpu->lapic.self_ipi = (uint8_t)low;
		return send(vcpu, low | ICR_SELF);
	default: return false;
	}
}
